//! Errors in documents that have the keys of a plan but not its shape.

use miette::Diagnostic;
use thiserror::Error;

use super::address::AddressError;
use super::contradiction::Contradiction;
use super::shape_error::ShapeError;

/// A document that has a plan's keys but not its shape. Positions count from 0, as in the document.
#[derive(Debug, Error, Diagnostic)]
pub enum PlanError {
    /// A field does not have the type of the plan format.
    #[error("the plan does not have the shape of its format: {0}")]
    #[diagnostic(
        code("PG-PL-001"),
        help("make the plan again: terraform plan -out=tfplan && terraform show -json tfplan > plan.json")
    )]
    Json(ShapeError),

    /// A resource change lacks a required field.
    #[error("{section}[{position}] has no `{field}`")]
    #[diagnostic(
        code("PG-PL-002"),
        help("the plan was cut or edited; make it again with terraform show -json")
    )]
    MissingField {
        /// The section of the plan.
        section: &'static str,
        /// The entry in that section.
        position: usize,
        /// The field that is missing.
        field: &'static str,
    },

    /// An address is invalid.
    #[error("{section}[{position}]: {source}")]
    #[diagnostic(
        code("PG-PL-003"),
        help("the plan was cut or edited, or is written by a newer Terraform; please report the address")
    )]
    Address {
        /// The section of the plan.
        section: &'static str,
        /// The entry in that section.
        position: usize,
        /// What is wrong with the address.
        source: AddressError,
    },

    /// A part of the plan does not have the type of the plan format.
    #[error("the plan does not have the shape of its format: `{place}` is not {expected}")]
    #[diagnostic(
        code("PG-PL-005"),
        help("the plan was cut or edited; make it again with terraform show -json")
    )]
    Shape {
        /// Where it is.
        place: String,
        /// What it should be.
        expected: &'static str,
    },

    /// The plan says two things that cannot both be true.
    #[error("the plan contradicts itself: {}", listed(.0))]
    #[diagnostic(
        code("PG-PL-004"),
        help(
            "the plan was cut, edited or merged; make it again: terraform plan -out=tfplan && terraform show -json tfplan > plan.json"
        )
    )]
    Contradictory(Vec<Contradiction>),
}

impl From<serde_json::Error> for PlanError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error.into())
    }
}

/// How many contradictions a message names.
const LISTED: usize = 5;

fn listed(contradictions: &[Contradiction]) -> String {
    if let [one] = contradictions {
        return one.to_string();
    }
    // One below the other they can be compared.
    let mut text: String = contradictions.iter().take(LISTED).map(|one| format!("\n- {one}")).collect();
    if contradictions.len() > LISTED {
        text.push_str(&format!("\nand {} more", contradictions.len() - LISTED));
    }
    text
}
