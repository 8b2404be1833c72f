//! planguard reads Terraform and OpenTofu plans, checks them with guardrails and Rego policies, and
//! says whether they may be merged.

pub mod guardrails;
pub mod input;
pub mod plan;
pub mod rego;
pub mod rule;
mod severity;
mod wildcard;

pub use severity::{Severity, UnknownSeverity};
