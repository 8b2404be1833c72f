//! The page that the report is written on: lines no wider than the terminal, in which no command, id, address or path
//! is broken.
//!
//! A line that continues another starts with a mark, so that no text of a plan or a policy is at the start of a line,
//! where a CI system takes `::` for a command.

use planguard_plan::text::escape;
use textwrap::core::display_width;

use crate::render::Layout;
use crate::render::colour::Style;

/// Stands for a space at which no line is broken, while text is wrapped.
pub(super) const UNBROKEN: char = '\u{a0}';

/// The longest code in backticks that is kept on one line.
const LONGEST_CODE: usize = 48;

/// What precedes a piece of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    /// Another fact: ` · `.
    Fact,
    /// Another element of a list: `, `.
    Element,
    /// A further word.
    Word,
}

/// A part of a line that is never broken.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) joint: Joint,
    pub(super) text: String,
}

impl Piece {
    pub(super) fn fact(text: impl Into<String>) -> Self {
        Self { joint: Joint::Fact, text: text.into() }
    }

    pub(super) fn element(text: impl Into<String>) -> Self {
        Self { joint: Joint::Element, text: text.into() }
    }

    pub(super) fn word(text: impl Into<String>) -> Self {
        Self { joint: Joint::Word, text: text.into() }
    }
}

/// Lines of text.
pub(super) struct Page {
    pub(super) lines: Vec<String>,
    pub(super) layout: Layout,
}

impl Page {
    pub(super) const fn new(layout: Layout) -> Self {
        Self { lines: Vec::new(), layout }
    }

    pub(super) fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    pub(super) fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// An empty line, unless there is one, or nothing, above it.
    pub(super) fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    pub(super) fn paint(&self, style: Style, text: &str) -> String {
        self.layout.colour.paint(style, text)
    }

    pub(super) fn fits(&self, line: &str) -> bool {
        display_width(line) <= self.layout.width
    }

    /// Prose behind `label`, wrapped; further lines are indented by `indent`. `tail` is a command or an id behind it.
    pub(super) fn prose(&mut self, label: &str, indent: usize, text: &str, tail: Option<&str>) {
        let mut text = with_unbroken_code(&escape::for_terminal(text));
        if let Some(tail) = tail {
            text.push(' ');
            text.push_str(&tail.replace(' ', &UNBROKEN.to_string()));
        }
        let next = format!("{}| ", " ".repeat(indent));
        let first_word = text.split([' ', '\n']).next().unwrap_or_default();
        let label = if display_width(label) + display_width(first_word) > self.layout.width {
            self.lines.push(label.trim_end().to_owned());
            &next
        } else {
            label
        };
        // Most sentences fit, and to look for the places of breaks takes longer than the rest of the report.
        let is_one_line = !text.contains('\n') && !text.starts_with(' ');
        if is_one_line && display_width(label) + display_width(&text) <= self.layout.width {
            let line = format!("{label}{}", text.replace(UNBROKEN, " "));
            let line = line.trim_end();
            if !line.trim_start().is_empty() {
                self.lines.push(line.to_owned());
            }
            return;
        }
        let options = textwrap::Options::new(self.layout.width)
            .initial_indent(label)
            .subsequent_indent(&next)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
            .break_words(false);
        let lines: Vec<String> = textwrap::wrap(&text, options)
            .into_iter()
            .map(|line| line.trim_end().replace(UNBROKEN, " "))
            .filter(|line| !line.trim().is_empty())
            .collect();
        self.lines.extend(lines);
    }

    /// Pieces one after the other, on as many lines as they need; further lines are indented by `indent`.
    pub(super) fn pieces(&mut self, label: &str, indent: usize, pieces: &[Piece]) {
        let mut line = label.to_owned();
        let mut is_first = true;
        for piece in pieces {
            let joint = match piece.joint {
                _ if is_first => "",
                Joint::Fact => " · ",
                Joint::Element => ", ",
                Joint::Word => " ",
            };
            let longer = format!("{line}{joint}{}", piece.text);
            // A comma may follow.
            let room = self.layout.width.saturating_sub(1);
            if is_first || display_width(&longer) <= room {
                line = longer;
            } else {
                let (end, mark) = match piece.joint {
                    Joint::Fact => ("", "· "),
                    Joint::Element => (",", "| "),
                    Joint::Word => ("", "| "),
                };
                self.lines.push(format!("{line}{end}"));
                line = format!("{}{mark}{}", " ".repeat(indent), piece.text);
            }
            is_first = false;
        }
        self.lines.push(line.trim_end().to_owned());
    }
}

/// Short code in backticks is kept together: people copy it.
fn with_unbroken_code(text: &str) -> String {
    let mut parts = text.split('`').peekable();
    let mut kept = String::with_capacity(text.len());
    let mut is_code = false;
    while let Some(part) = parts.next() {
        // Without its second backtick it is none.
        let is_kept = is_code && parts.peek().is_some() && part.chars().count() <= LONGEST_CODE;
        if is_kept && !part.contains('\n') {
            kept.push_str(&part.replace(' ', &UNBROKEN.to_string()));
        } else {
            kept.push_str(part);
        }
        if parts.peek().is_some() {
            kept.push('`');
        }
        is_code = !is_code;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::layout::sample::PLAIN;

    fn page(width: usize) -> Page {
        Page::new(Layout { width, ..PLAIN })
    }

    #[test]
    fn prose_is_wrapped_between_words_and_never_within_code() {
        let mut page = page(40);
        let text = "Set `encrypted = true` on the volume, or remove it: half-finished work";
        page.prose("  fix: ", 7, text, Some("planguard rules aws-ebs-volume-unencrypted"));
        assert_eq!(
            page.lines,
            [
                "  fix: Set `encrypted = true` on the",
                "       | volume, or remove it:",
                "       | half-finished work",
                "       | planguard rules aws-ebs-volume-unencrypted",
            ]
        );
    }

    #[test]
    fn a_label_without_room_behind_it_has_its_own_line() {
        let mut page = page(40);
        page.prose("medium[aws-db-instance-no-enhanced-monitoring] ", 2, "has no monitoring", None);
        assert_eq!(page.lines, ["medium[aws-db-instance-no-enhanced-monitoring]", "  | has no monitoring"]);
    }

    #[test]
    fn a_backtick_without_a_second_one_is_a_character() {
        assert_eq!(with_unbroken_code("a `b c` d ` e f"), "a `b\u{a0}c` d ` e f");
    }

    #[test]
    fn pieces_are_never_broken_and_their_lines_start_with_a_mark() {
        let mut page = page(40);
        let pieces = [
            Piece::fact("module.a.aws_instance.web[\"a b\"]"),
            Piece::element("::error::x"),
            Piece::fact("updated in-place"),
        ];
        page.pieces("  --> ", 6, &pieces);
        assert_eq!(
            page.lines,
            ["  --> module.a.aws_instance.web[\"a b\"],", "      | ::error::x · updated in-place"]
        );
    }
}
