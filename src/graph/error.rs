//! Why a plan cannot be drawn.

use miette::Diagnostic;
use planguard_plan::PlanError;
use thiserror::Error;

/// Why a plan cannot be drawn.
#[derive(Debug, Error, Diagnostic)]
pub enum GraphError {
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
    /// Nothing in the plan has the address.
    #[error("nothing in the plan has the address `{address}`")]
    #[diagnostic(code("PG-SH-003"), help("{help}"))]
    NoSuchAddress {
        /// The address.
        address: String,
        /// What to do.
        help: String,
    },
}
