//! The properties of every rule, whether written in TOML, Rust or Rego: its id, severity and texts.
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
