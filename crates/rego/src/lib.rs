//! The only user of the Rego engine: loads policies, evaluates them behind a safety shell, and
//! returns what they found.
//!
//! A file becomes text in `source`, and from there goes through `nesting` and `frontend`, which rewrites it so that
//! the engine takes it as OPA does, into the engine's parser in `dialect`. `program` reads the engine's syntax
//! trees as a graph of rules, which `checks`, `input_paths` and `select` look at before anything is evaluated.
//! `evaluate` asks the engine for one rule at a time, inside `shell`; `unknown` then finds what depends on values that
//! are known only after apply. What rule names and results mean is in `convention` alone.
//!
//! This crate imports the plan model, the syntax of Rego and what rules say of themselves; it does not know guardrails,
//! findings or reports. No other crate imports regorus.

pub mod beside;
pub mod builtins;
pub mod bundle;
mod chance;
mod checks;
#[cfg(test)]
mod conformance;
mod context;
pub mod convention;
mod coverage;
mod cpu_time;
pub mod data;
pub mod data_paths;
mod dialect;
mod division;
pub mod error;
mod evaluate;
mod explain;
mod files;
mod finding;
mod frontend;
pub mod git_source;
pub mod glob;
mod input_paths;
mod large_integers;
pub mod memory;
pub mod metadata;
pub mod nesting;
pub mod opa_bundle;
pub mod options;
mod plan_index;
pub mod plan_shape;
mod plan_value;
mod policies;
pub mod program;
mod query;
mod rule;
mod select;
pub mod set;
mod shell;
pub mod source;
mod syntax;
pub mod testing;
mod together;
mod unknown;
mod unshared;
mod worker;
mod workspace;
mod yaml;

pub use bundle::{
    BundledFile, Outline, OutlinedRule, PackError, RegoPack, RegoPacks, library, outline, rego_packs,
    rule_id, toml_parameters,
};
pub use context::{ContextOptions, RunFacts, context_variables, run_facts};
pub use convention::Convention;
pub use coverage::{Coverage, CoverageMode, FileCoverage};
pub use error::{ConventionError, PolicyError, PolicyText, ReadingError};
pub use evaluate::{Evaluation, PolicyException, PolicyInput};
pub use explain::{BodyOutcome, Explanation, RedactedExplanation, Subject};
pub use finding::{PolicyFinding, PolicyLocation, WaitsFor};
pub use frontend::comments;
pub use large_integers::IntegerMark;
pub use metadata::RuleMetadata;
pub use options::{Namespaces, PolicyOptions, RegoVersion};
pub use policies::{Policies, ReadPolicies, SkippedPolicy};
pub use query::{
    Answers, BuiltinErrors, ExpressionValue, QueryError, QueryInput, QueryLocation, QueryResult,
    builtin_names,
};
pub use rule::{PolicyRule, RuleKind};
pub use set::{Evaluated, PolicySet};
pub use workspace::{Workspace, WorkspaceOptions};
