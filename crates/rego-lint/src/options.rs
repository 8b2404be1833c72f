//! What a user may decide about linting.

use std::collections::BTreeSet;
use std::path::PathBuf;

use planguard_rego::{Convention, Namespaces, RegoVersion};

use super::catalogue::Lint;

/// What is linted, and which lints count.
#[derive(Clone, Debug, Default)]
pub struct LintOptions {
    /// Files and directories that hold `.rego` files; directories are read recursively.
    pub paths: Vec<PathBuf>,
    /// Files and directories of documents for `data`.
    pub data: Vec<PathBuf>,
    /// The platform that the policies are for; `None` to tell by their look.
    pub convention: Option<Convention>,
    /// The packages whose rules conftest would evaluate; `None` if nobody has said.
    pub namespaces: Option<Namespaces>,
    /// The dialect; without it, each file is v1 if it can be read as that, and v0 otherwise.
    pub version: Option<RegoVersion>,
    /// Lints that report nothing.
    pub disabled: BTreeSet<Lint>,
    /// Whether lints count that are matters of taste or doubt.
    pub strictness: Strictness,
    /// What warnings do to the exit code.
    pub warnings: Warnings,
}

/// Which lints count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Those that are hardly ever wrong.
    #[default]
    Usual,
    /// All.
    Pedantic,
}

/// What warnings do to the exit code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Warnings {
    /// Nothing.
    #[default]
    Tell,
    /// What errors do.
    Deny,
}
