//! Lines of a policy with their numbers.

use std::collections::BTreeSet;

use planguard_plan::text::escape;

/// A line with its number; the number is `None` where lines are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub number: Option<u32>,
    pub text: String,
}

/// The wanted lines of a text, at most `most`, without the indentation that they share. A line without a number marks
/// lines that are left out between them.
pub(super) fn lines(text: &str, wanted: &BTreeSet<u32>, most: usize) -> Vec<Line> {
    let mut excerpt: Vec<Line> = Vec::new();
    let mut last = None;
    for (number, line) in (1..).zip(text.lines()) {
        if !wanted.contains(&number) {
            continue;
        }
        if last.is_some_and(|last| last + 1 < number) {
            excerpt.push(Line { number: None, text: "...".to_owned() });
        }
        last = Some(number);
        let line = escape::for_terminal_line(&line.trim_end().replace('\t', "    "));
        excerpt.push(Line { number: Some(number), text: line });
        if excerpt.iter().filter(|line| line.number.is_some()).count() == most {
            break;
        }
    }
    let indent = |line: &Line| line.text.len() - line.text.trim_start().len();
    let least = excerpt.iter().filter(|line| line.number.is_some()).map(indent).min().unwrap_or(0);
    for line in excerpt.iter_mut().filter(|line| line.number.is_some()) {
        line.text = line.text.split_off(least);
    }
    excerpt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_shows() {
        let text = "a\n\tb {\n\t\tc\n\nd\n\te\n";
        let shown = |wanted: &[u32], most| -> Vec<String> {
            lines(text, &wanted.iter().copied().collect(), most).into_iter().map(|line| line.text).collect()
        };
        assert_eq!(shown(&[2, 3, 6], 9), ["b {", "    c", "...", "e"]);
        assert_eq!(shown(&[2, 3, 6], 2), ["b {", "    c"]);
        assert!(shown(&[], 9).is_empty());
    }
}
