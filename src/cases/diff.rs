//! How findings differ from what a case expects, line by line.

use planguard_plan::redact::SafeText;

/// The lines of a difference; none if there is none. What comes near to each other stands next to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// The lines in the order in which they are to be read.
    pub lines: Vec<DiffLine>,
}

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// What kind of line it is; a renderer may colour it by this.
    pub mark: DiffMark,
    /// The rule, the resource and what was said, in columns, or a problem.
    pub text: SafeText,
}

/// What kind of line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffMark {
    /// Expected and not found.
    Missing,
    /// Found and not expected.
    Unexpected,
    /// Something kept planguard from looking.
    Problem,
}

impl Diff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl DiffLine {
    /// The line with its sign and its word.
    pub fn text(&self) -> SafeText {
        let (sign, word) = match self.mark {
            DiffMark::Missing => ("- ", "missing     "),
            DiffMark::Unexpected => ("+ ", "unexpected  "),
            DiffMark::Problem => ("! ", "problem     "),
        };
        SafeText::concat([&SafeText::fixed(sign), &SafeText::fixed(word), &self.text])
    }
}
