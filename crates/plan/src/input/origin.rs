//! Where a document came from, and how it is written in messages and in commands.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::text::{escape, shell};

/// Where a document came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Standard input.
    Stdin,
    /// A file, by the path that was given or found.
    File(PathBuf),
    /// A line of a file with one plan per line, or of standard input.
    Line {
        /// The file, or standard input.
        within: Box<Self>,
        /// The line, counted from 1.
        line: usize,
    },
    /// Text from a user of the library, with a name of their choice.
    Memory(String),
}

impl Origin {
    /// The path, when the document is a file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Line { within, .. } => within.path(),
            Self::Stdin | Self::Memory(_) => None,
        }
    }

    /// The origin as one word of a shell command; `placeholder` if it has no path.
    pub(super) fn shell_word(&self, placeholder: &str) -> String {
        let Some(path) = self.path() else { return placeholder.to_owned() };
        let shown = path.to_string_lossy();
        let dashed = if shown.starts_with('-') { format!("./{shown}") } else { shown.into_owned() };
        shell::word(&escape::for_terminal_line(&dashed))
    }

    /// A file name for a redirection that is not the origin itself: a shell empties the target of a
    /// redirection before the command reads it.
    pub(super) fn redirect_target(&self) -> &'static str {
        let is_plan_json = self.path().and_then(Path::file_name).is_some_and(|name| name == "plan.json");
        if is_plan_json { "plan-shown.json" } else { "plan.json" }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("<stdin>"),
            Self::File(path) if path.as_os_str().is_empty() => f.write_str("\"\""),
            Self::File(path) => f.write_str(&path.to_string_lossy()),
            Self::Line { within, line } => write!(f, "{within}:{line}"),
            Self::Memory(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_quote_the_path_and_never_take_it_for_an_option() {
        let word = |path: &str| Origin::File(path.into()).shell_word("tfplan");
        assert_eq!(word("out/plan-1.json"), "out/plan-1.json");
        assert_eq!(word("my plan.json"), "'my plan.json'");
        assert_eq!(word("it's $(x)"), r"'it'\''s $(x)'");
        assert_eq!(word("a\u{1b}]0;b\u{7}.json"), "'a\\u{1b}]0;b\\u{7}.json'");
        assert_eq!(word("-out"), "./-out");
        assert_eq!(Origin::Stdin.shell_word("tfplan"), "tfplan");
    }

    #[test]
    fn a_suggested_redirection_never_empties_its_own_input() {
        assert_eq!(Origin::File("a/plan.json".into()).redirect_target(), "plan-shown.json");
        assert_eq!(Origin::File("tfplan".into()).redirect_target(), "plan.json");
    }
}
