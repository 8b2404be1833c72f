//! Differences between the findings of a case and its expectations, line by line.

use planguard_plan::redact::SafeText;

/// The lines of a difference; empty if there is none. Similar findings are adjacent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// The lines in order.
    pub lines: Vec<DiffLine>,
}

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// The kind of line, for example for colours.
    pub mark: DiffMark,
    /// The rule, the resource and the message in columns, or a problem.
    pub text: SafeText,
}

/// The kind of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffMark {
    /// Expected but not reported.
    Missing,
    /// Reported but not expected.
    Unexpected,
    /// An error that prevented a complete check.
    Problem,
}

impl Diff {
    /// Returns whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl DiffLine {
    /// Returns the line with its sign and word.
    pub fn text(&self) -> SafeText {
        let (sign, word) = match self.mark {
            DiffMark::Missing => ("- ", "missing     "),
            DiffMark::Unexpected => ("+ ", "unexpected  "),
            DiffMark::Problem => ("! ", "problem     "),
        };
        SafeText::concat([&SafeText::fixed(sign), &SafeText::fixed(word), &self.text])
    }
}
