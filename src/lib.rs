//! planguard reads Terraform and OpenTofu plans, checks them with guardrails and Rego policies, and
//! says whether they may be merged.

pub mod input;
pub mod rego;
mod severity;

pub use severity::{Severity, UnknownSeverity};
