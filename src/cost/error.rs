//! Why the costs of a plan cannot be told.

use std::path::PathBuf;

use miette::Diagnostic;
use planguard_cost::{HoldError, InfracostError, PricesError};
use thiserror::Error;

use crate::show::ShowError;

/// Why the costs of a plan cannot be told.
#[derive(Debug, Error, Diagnostic)]
pub enum CostError {
    /// The document is not a valid plan.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Plan(#[from] ShowError),
    /// The file of prices is not one.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Prices(#[from] PricesError),
    /// A report of Infracost cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    #[diagnostic(code("PG-CO-004"), help("check the path that {named_by} names, and its permissions"))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The flag, variable, or line of the settings that names it.
        named_by: String,
        /// The operating system's message.
        reason: String,
    },
    /// The file is no report of Infracost.
    #[error("{}: {source}", path.display())]
    #[diagnostic(
        code("PG-CO-003"),
        help("write it with: infracost breakdown --path plan.json --format json > costs.json")
    )]
    Infracost {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: InfracostError,
    },
    /// A report of Infracost says nothing about the plan.
    #[error("{}: {source}", path.display())]
    #[diagnostic(code("PG-CO-005"), help("{help}"))]
    Held {
        /// The file.
        path: PathBuf,
        /// Why.
        source: HoldError,
        /// What to do.
        help: String,
    },
}
