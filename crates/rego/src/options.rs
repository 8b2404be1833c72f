//! The options for policies: their paths, the evaluated packages, and limits on time and memory.

use std::path::PathBuf;
use std::time::Duration;

use super::bundle::RegoPacks;
use super::context::ContextOptions;
use super::convention::Convention;
use super::coverage::CoverageMode;
use super::glob;

/// The paths of policies, and the limits for their evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyOptions {
    /// Files and directories with `.rego` files; directories are read recursively.
    pub paths: Vec<PathBuf>,
    /// The enabled bundled packs.
    pub packs: RegoPacks,
    /// The platform that the policies are for; `None` to infer it from the files.
    pub convention: Option<Convention>,
    /// The context of the run, besides its plan.
    pub context: ContextOptions,
    /// The packages whose deciding rules are evaluated, under conftest's convention.
    pub namespaces: Namespaces,
    /// Files and directories of `.json`, `.yaml` and `.yml` documents for `data`. As conftest does
    /// (`policy/engine.go`), every document is merged at the root of `data`, wherever its file lies. The documents of a
    /// bundle below `paths` are read as well, and stand below the paths of their directories.
    pub data: Vec<PathBuf>,
    /// Directories whose data documents are read although only policy files in them are named.
    pub beside: Vec<PathBuf>,
    /// The dialect of the policies; without it, each file is v1 if it can be read as that, and v0 otherwise.
    pub version: Option<RegoVersion>,
    /// The limit on the CPU time of one rule on one plan. All rules together have [`PolicyOptions::PLAN_FACTOR`] times as much,
    /// so that many slow rules cannot block a pipeline.
    pub time_limit: Duration,
    /// The number of bytes that one evaluation may allocate beyond those allocated when it starts; if `None`, eight
    /// times the plan's text plus 512 MiB. The engine counts for the whole process, so parallel evaluations share the
    /// sum of their limits.
    pub memory_limit: Option<u64>,
    /// Whether evaluations record the lines that they reach, for [`Policies::coverage`](super::Policies::coverage).
    pub coverage: CoverageMode,
}

impl PolicyOptions {
    /// The time limit of all rules of one evaluation, as a multiple of [`PolicyOptions::time_limit`].
    pub const PLAN_FACTOR: u32 = 6;
}

impl Default for PolicyOptions {
    /// Returns options without paths and context, with inferred conventions, the package `main`, each file's own
    /// dialect and ten seconds for a rule.
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            packs: RegoPacks::default(),
            convention: None,
            context: ContextOptions::default(),
            namespaces: Namespaces::default(),
            data: Vec::new(),
            beside: Vec::new(),
            version: None,
            time_limit: Duration::from_secs(10),
            memory_limit: None,
            coverage: CoverageMode::Off,
        }
    }
}

/// The packages whose deciding rules are evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespaces {
    /// Packages that match one of these names. `*` matches any characters including dots, `?` one character, and
    /// `[a-z]` one of a class.
    Named(Vec<String>),
    /// Every package with rules that decide.
    All,
}

impl Namespaces {
    /// The package that is evaluated by default, as conftest does.
    pub const DEFAULT: &'static str = "main";
}

/// Returns whether a package has the name that a namespace gives, or matches it.
pub fn selects(namespace: &str, package: &str) -> bool {
    namespace == package || glob::matches(namespace, package)
}

impl Default for Namespaces {
    /// Returns [`Namespaces::DEFAULT`].
    fn default() -> Self {
        Self::Named(vec![Self::DEFAULT.to_owned()])
    }
}

planguard_rule::words! {
    /// The version of Rego that policies are written in.
    #[derive(Default)]
    pub enum RegoVersion is "a version of Rego" {
        /// Rego since OPA 1.0: `if` and `contains` are keywords that rules must use.
        #[default]
        V1 = "v1": "Rego since OPA 1.0",
        /// Rego before OPA 1.0. A file that uses keywords of v1 without importing them is
        /// still parsed as v1.
        V0 = "v0": "Rego before OPA 1.0",
    }
}
