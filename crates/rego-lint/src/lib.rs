//! Finds what is wrong in policies before they pass silently.
//!
//! What the lints look for is in [`Lint`]; how they find it is in `lints/`, one file a family.
//!
//! This crate imports the Rego layer, the syntax of Rego and the provider schemas; it does not know guardrails or how a
//! report is printed.

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
pub use run::lint;
