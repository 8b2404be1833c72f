//! The line of the configuration that a finding points to, with the head of its block and a caret.

use planguard_plan::redact::PLACEHOLDER;
use planguard_plan::text::escape;
use textwrap::core::display_width;

use crate::finding::{SourcePlace, SourcePrecision};

/// The lines of the excerpt, with `label` at the caret. `None` if it would not be narrow enough, or shows no more than
/// the place itself.
pub(super) fn lines(place: &SourcePlace, label: &str, width: usize) -> Option<Vec<String>> {
    let text = place.at.text.unescaped();
    // The columns are those of the exact line.
    if place.precision != SourcePrecision::Attribute || text.trim().is_empty() || text.contains(PLACEHOLDER) {
        return None;
    }
    let characters = text.chars().count();
    let (start, end) = (place.column.saturating_sub(1), place.end_column.saturating_sub(1));
    if start >= characters {
        return None;
    }
    let columns = |from: usize, to: usize| {
        let part: String = text.chars().skip(from).take(to.saturating_sub(from)).collect();
        display_width(&escape::for_terminal_line(&part))
    };
    let digits = place.at.line.to_string().len().max(place.block.line.to_string().len());
    let numbered = |line: usize, text: &str| {
        format!("    {line:>digits$} │ {}", escape::for_terminal_line(text)).trim_end().to_owned()
    };
    let carets = "^".repeat(columns(start, end.clamp(start + 1, characters)).max(1));
    let margin = format!("    {:>digits$} │ ", "");
    let caret = format!("{margin}{}{carets}", " ".repeat(columns(0, start)));
    let mut lines = Vec::new();
    if place.block.file == place.at.file && place.block.line != place.at.line {
        lines.push(numbered(place.block.line, place.block.text.unescaped()));
    }
    lines.push(numbered(place.at.line, text));
    let labelled = format!("{caret} {label}");
    if display_width(&labelled) <= width {
        lines.push(labelled);
    } else {
        lines.push(caret);
        lines.push(format!("{margin}{label}"));
    }
    lines.iter().all(|line| display_width(line) <= width).then_some(lines)
}

#[cfg(test)]
mod tests {
    use planguard_plan::redact::SafeText;

    use super::*;
    use crate::finding::SourceLine;

    fn place(text: &'static str, column: usize, end_column: usize) -> SourcePlace {
        let line =
            |line, text| SourceLine { file: SafeText::fixed("main.tf"), line, text: SafeText::fixed(text) };
        SourcePlace {
            at: line(10, text),
            column,
            end_column,
            precision: SourcePrecision::Attribute,
            block: line(8, "resource \"aws_db_instance\" \"a\" {"),
            from: Vec::new(),
        }
    }

    #[test]
    fn the_caret_is_under_the_attribute() {
        let lines = lines(&place("  publicly_accessible = true", 25, 29), "false → true", 60).unwrap();
        assert_eq!(
            lines,
            [
                "     8 │ resource \"aws_db_instance\" \"a\" {",
                "    10 │   publicly_accessible = true",
                "       │                         ^^^^ false → true",
            ]
        );
    }

    #[test]
    fn a_label_without_room_is_on_its_own_line() {
        let lines = lines(&place("  publicly_accessible = true", 25, 29), "was false, is true", 44).unwrap();
        assert_eq!(lines.last().unwrap(), "       │ was false, is true");
    }

    #[test]
    fn what_is_wide_or_has_lost_its_columns_is_left_out() {
        assert_eq!(lines(&place("  publicly_accessible = true", 25, 29), "false", 30), None);
        assert_eq!(lines(&place("  password = (sensitive value) # x", 14, 20), "x", 80), None);
        assert_eq!(lines(&place("", 3, 4), "x", 80), None);
        assert_eq!(lines(&place("ab", 9, 12), "x", 80), None);
    }
}
