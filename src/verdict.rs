//! The verdict: whether the plan may be merged.

use std::fmt;

/// The verdict. Worse variants come later: undecided takes precedence over denied, so that exit code 0 always means
/// pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The check was complete, without denials.
    Pass,
    /// A finding denies.
    Denied,
    /// The check was incomplete.
    Undecided,
}

impl Verdict {
    /// Returns the name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Denied => "denied",
            Self::Undecided => "undecided",
        }
    }

    /// Returns the exit code: 0, 1 or 2.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Denied => 1,
            Self::Undecided => 2,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
