//! Finds what is wrong in policies before they pass silently.
//!
//! What the lints look for is in [`Lint`]; how they find it is in `rego/lint/`, beside the rest that knows Rego.

mod catalogue;
mod finding;
mod github;
mod ignore;
mod json;
mod options;
mod report;
mod run;
mod sarif;

pub use catalogue::{Level, Lint, LintInfo, UnknownLint};
pub use finding::LintFinding;
pub use github::render as render_github;
pub use json::render as render_json;
pub use options::{LintOptions, Strictness, Warnings};
pub use report::LintReport;
pub use run::lint;
pub use sarif::render as render_sarif;
