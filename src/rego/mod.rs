//! The only user of the Rego engine: loads policies, evaluates them behind a safety shell, and
//! returns what they found.

mod checks;
mod convention;
mod data;
mod dialect;
mod error;
mod evaluate;
mod files;
mod finding;
mod glob;
mod input_paths;
mod metadata;
mod nesting;
mod options;
mod plan_value;
mod program;
mod rule;
mod select;
mod set;
mod shell;
mod source;
mod suggest;
mod syntax;

pub use error::{PolicyError, PolicyText};
pub use evaluate::{Evaluation, PolicyException, PolicyInput};
pub use finding::{PolicyFinding, PolicyLocation};
pub use metadata::RuleMetadata;
pub use options::{Namespaces, PolicyOptions, RegoVersion};
pub use rule::{PolicyRule, RuleKind};
pub use set::PolicySet;
