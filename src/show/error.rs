//! Why a plan cannot be shown or drawn.

use std::path::PathBuf;

use miette::Diagnostic;
use planguard_plan::PlanError;
use thiserror::Error;

/// Why a plan cannot be shown or drawn.
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
    /// Nothing in the plan has the address that a picture is to be about.
    #[error("nothing in the plan has the address `{address}`")]
    #[diagnostic(code("PG-SH-003"), help("{help}"))]
    NoSuchAddress {
        /// The address.
        address: String,
        /// What to do.
        help: String,
    },
    /// The files of a configuration are not those that the plan was made of.
    #[error("{} has not the configuration that the plan was made of", directory.display())]
    #[diagnostic(
        code("PG-SH-004"),
        help(
            "name the directory of the root module, as it was when the plan was made; without --source the arrows are those that the plan tells"
        )
    )]
    OtherSource {
        /// The directory.
        directory: PathBuf,
    },
    /// More than one plan was named, or a directory has several.
    #[error("{count} plans were found, and one is shown at a time")]
    #[diagnostic(code("PG-SH-002"), help("name one plan file"))]
    Several {
        /// How many.
        count: usize,
    },
}
