//! What every rule says of itself, be it data, Rust or Rego: its id, its severity, what it tells people.
//!
//! This crate imports no other crate of the project.

mod info;
mod kind;
mod severity;
mod word;

pub use info::{Also, Category, RuleInfo, Text, UnknownCategory};
pub use kind::RuleKind;
pub use severity::{Severity, UnknownSeverity};
pub use word::{UnknownWord, Word};
