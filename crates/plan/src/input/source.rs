//! A source that the user names: a path or standard input.

use std::ffi::OsString;
use std::path::PathBuf;

/// One argument that names something to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Standard input, written `-`.
    Stdin,
    /// A file or a directory.
    Path(PathBuf),
}

impl From<OsString> for Source {
    fn from(argument: OsString) -> Self {
        if argument == "-" { Self::Stdin } else { Self::Path(argument.into()) }
    }
}

impl From<PathBuf> for Source {
    /// A path; here `-` is a file of that name.
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lone_hyphen_is_standard_input() {
        assert_eq!(Source::from(OsString::from("-")), Source::Stdin);
        assert_eq!(Source::from(OsString::from("./-")), Source::Path("./-".into()));
        assert_eq!(Source::from(PathBuf::from("-")), Source::Path("-".into()));
    }
}
