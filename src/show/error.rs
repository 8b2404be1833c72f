//! Why a plan cannot be shown.

use miette::Diagnostic;
use planguard_plan::PlanError;
use thiserror::Error;

/// Why a plan cannot be shown.
#[derive(Debug, Error, Diagnostic)]
pub enum ShowError {
    /// The document is not a valid plan.
    #[error("{plan}: {source}")]
    #[diagnostic(
        code("PG-SH-001"),
        help("regenerate the plan: terraform plan -out=tfplan && terraform show -json tfplan > plan.json")
    )]
    Plan {
        /// The plan.
        plan: String,
        /// What is wrong with it.
        source: PlanError,
    },
    /// More than one plan was named, or a directory has several.
    #[error("{count} plans were found, and one is shown at a time")]
    #[diagnostic(code("PG-SH-002"), help("name one plan file"))]
    Several {
        /// How many.
        count: usize,
    },
}
