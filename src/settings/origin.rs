//! Where a setting was set.

use std::fmt;
use std::path::PathBuf;

/// A value and where it was set.
#[derive(Clone, Debug, PartialEq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it was set.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// The value if somebody set it; `None` if it is the default.
    pub fn set(&self) -> Option<&T> {
        (self.origin != Origin::Default).then_some(&self.value)
    }
}

/// Where a value was set, the weakest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere.
    Default,
    /// In `planguard.toml`, `conftest.toml` or a file of parameters.
    File {
        /// The file, as it is named in messages.
        path: PathBuf,
        /// The line, counted from 1, where the format tells it.
        line: Option<usize>,
    },
    /// In an environment variable.
    Variable(&'static str),
    /// By a flag or a positional argument.
    Flag(&'static str),
    /// In one place, with elements added in another.
    Added {
        /// Where the list was set.
        to: Box<Self>,
        /// Where elements were added.
        by: Box<Self>,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
            Self::Added { to, by } => write!(f, "{to} and {by}"),
        }
    }
}
