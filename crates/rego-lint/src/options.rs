//! The options of `planguard lint`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use planguard_rego::{Convention, Namespaces, RegoVersion};

use super::catalogue::{Level, Lint};

/// The policies to lint, and the lints that count.
#[derive(Clone, Debug, Default)]
pub struct LintOptions {
    /// Files and directories with `.rego` files; directories are read recursively.
    pub paths: Vec<PathBuf>,
    /// Files and directories with documents for `data`.
    pub data: Vec<PathBuf>,
    /// The platform that the policies are for; `None` to infer it from the files.
    pub convention: Option<Convention>,
    /// The packages that conftest would evaluate; `None` if the user selected none.
    pub namespaces: Option<Namespaces>,
    /// The dialect; if `None`, each file is parsed as v1 and, if that fails, as v0.
    pub version: Option<RegoVersion>,
    /// The levels of lints that do not have that of the catalogue.
    pub levels: BTreeMap<Lint, Level>,
    /// Disabled lints.
    pub disabled: BTreeSet<Lint>,
    /// Whether pedantic lints count.
    pub strictness: Strictness,
    /// Whether warnings affect the exit code.
    pub warnings: Warnings,
}

impl LintOptions {
    /// The level of a lint's findings.
    pub fn level(&self, lint: Lint) -> Level {
        self.levels.get(&lint).copied().unwrap_or(lint.info().level)
    }
}

/// Which lints count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// All but the pedantic ones.
    #[default]
    Usual,
    /// All.
    Pedantic,
}

/// The effect of warnings on the exit code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Warnings {
    /// They do not affect it.
    #[default]
    Tell,
    /// They count as errors.
    Deny,
}
