#![doc = include_str!("../README.md")]

pub mod approvals;
pub mod attestation;
pub mod audit;
pub mod baseline;
pub mod cases;
pub mod check;
pub mod enforcement;
pub mod environments;
pub mod finding;
mod fingerprint;
pub mod fixture;
pub mod known_rules;
pub mod merge;
pub mod overrides;
pub mod pattern;
pub mod render;
pub mod report;
pub mod risk;
pub mod run;
pub mod runtask;
pub mod scaffold;
pub mod settings;
pub mod show;
pub mod sources;
pub mod testing;
pub mod verdict;
pub mod waivers;
pub mod whole_file;

pub use planguard_guardrails as guardrails;
pub use planguard_plan as plan;
pub use planguard_plan::{input, problem, redact};
pub use planguard_rego as rego;
pub use planguard_rego_lint as lint;
pub use planguard_rule as rule;
pub use planguard_rule::{Severity, UnknownSeverity};
pub use planguard_schemas as schemas;
