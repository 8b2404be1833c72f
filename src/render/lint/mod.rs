//! Reports of `planguard lint`.

mod explanation;
mod github;
mod json;
mod sarif;
mod text;

use planguard_rego_lint::LintReport;

use super::Formats;

pub use explanation::explain;

/// The formats of the report.
pub static FORMATS: Formats<LintReport> =
    Formats::new(&[text::FORMAT, json::FORMAT, sarif::FORMAT, github::FORMAT]);
