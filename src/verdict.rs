//! What planguard answers: may this plan be merged?

use std::fmt;

/// The answer. What is worse comes later: undecided wins over denied, so that whoever gates on 0 is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Everything was looked at, and nothing stands against it.
    Pass,
    /// Something was found that denies.
    Denied,
    /// Not everything could be looked at.
    Undecided,
}

impl Verdict {
    /// The word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Denied => "denied",
            Self::Undecided => "undecided",
        }
    }

    /// The process's exit code: 0, 1 or 2.
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
