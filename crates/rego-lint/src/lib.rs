//! Lints Rego policies for mistakes that would let a plan pass.
//!
//! The catalogue is [`Lint`]; the implementations are in `lints/`, one file for each family.
//!
//! This crate imports the Rego crates and the provider schemas, but neither guardrails nor renderers.

mod catalogue;
mod finding;
mod ignore;
mod lints;
mod options;
mod report;
mod run;

pub use catalogue::{Level, Lint, LintInfo, UnknownLint};
pub use finding::LintFinding;
pub use options::{LintOptions, Strictness, Warnings};
pub use report::LintReport;
pub use run::{lint, lint_evaluated};
