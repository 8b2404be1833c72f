//! What a user may decide about policies: where they are, which packages count, and how much they may use.

use std::path::PathBuf;
use std::time::Duration;

use super::bundle::RegoPacks;
use super::context::ContextOptions;
use super::convention::Convention;
use super::coverage::CoverageMode;

/// Where policies are and under what limits they run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyOptions {
    /// Files and directories that hold `.rego` files; directories are read recursively.
    pub paths: Vec<PathBuf>,
    /// The bundled packs that are on.
    pub packs: RegoPacks,
    /// The platform that the policies are for; `None` to tell by their look.
    pub convention: Option<Convention>,
    /// What policies may know of the run besides its plan.
    pub context: ContextOptions,
    /// The packages whose decision rules are evaluated, where the convention is conftest's.
    pub namespaces: Namespaces,
    /// Files and directories of `.json`, `.yaml` and `.yml` documents for `data`. As conftest does
    /// (`policy/engine.go`), every document is merged at the root of `data`, wherever its file lies.
    pub data: Vec<PathBuf>,
    /// The dialect of the policies; without it, each file is v1 if it can be read as that, and v0 otherwise.
    pub version: Option<RegoVersion>,
    /// How long one rule may take on one plan. All rules together get [`PolicyOptions::PLAN_FACTOR`] times
    /// as much, so that many slow rules cannot hold up a pipeline.
    pub time_limit: Duration,
    /// How many bytes one evaluation may allocate beyond what the process holds when it starts; without it,
    /// eight times the plan's text plus 512 MiB. The engine can only count for the whole process, so
    /// evaluations that run at the same time share the sum of their limits.
    pub memory_limit: Option<u64>,
    /// Whether evaluations note which lines they reach; [`Policies::coverage`](super::Policies::coverage) tells.
    pub coverage: CoverageMode,
}

impl PolicyOptions {
    /// How many times [`PolicyOptions::time_limit`] all the rules of one evaluation may take together.
    pub const PLAN_FACTOR: u32 = 6;
}

impl Default for PolicyOptions {
    /// No paths, conventions by look, no context, the package `main`, each file's own dialect and ten seconds for a rule.
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            packs: RegoPacks::default(),
            convention: None,
            context: ContextOptions::default(),
            namespaces: Namespaces::default(),
            data: Vec::new(),
            version: None,
            time_limit: Duration::from_secs(10),
            memory_limit: None,
            coverage: CoverageMode::Off,
        }
    }
}

/// The packages whose decision rules are evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespaces {
    /// Those that match one of these names. `*` stands for any characters, dots included, `?` for one, and
    /// `[a-z]` for one of a class.
    Named(Vec<String>),
    /// Every package that has decision rules.
    All,
}

impl Default for Namespaces {
    /// `main`, as conftest has it.
    fn default() -> Self {
        Self::Named(vec!["main".to_owned()])
    }
}

planguard_rule::words! {
    /// The version of Rego that policies are written in.
    #[derive(Default)]
    pub enum RegoVersion is "a version of Rego" {
        /// Rego since OPA 1.0: `if` and `contains` are keywords that rules must use.
        #[default]
        V1 = "v1": "Rego since OPA 1.0",
        /// Rego before OPA 1.0. A file that uses v1's keywords without importing them is read as v1 all the same.
        V0 = "v0": "Rego before OPA 1.0",
    }
}
