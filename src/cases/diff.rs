//! How findings differ from what a case expects, line by line.

use std::fmt;

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

impl DiffMark {
    /// The sign in front of the line.
    pub const fn sign(self) -> char {
        match self {
            Self::Missing => '-',
            Self::Unexpected => '+',
            Self::Problem => '!',
        }
    }

    /// The word behind the sign.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unexpected => "unexpected",
            Self::Problem => "problem",
        }
    }
}

impl Diff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl fmt::Display for DiffLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:10}  {}", self.mark.sign(), self.mark.as_str(), self.text.one_line())
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
