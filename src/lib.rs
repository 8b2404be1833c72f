#![doc = include_str!("../README.md")]

pub mod cases;
pub mod check;
pub mod config;
pub mod enforcement;
pub mod finding;
pub mod fixture;
pub mod guardrails;
pub mod input;
pub mod lint;
pub mod plan;
pub mod problem;
pub mod redact;
pub mod rego;
pub mod render;
pub mod report;
pub mod rule;
pub mod scaffold;
pub mod schemas;
mod severity;
pub mod testing;
pub mod verdict;
mod wildcard;

pub use severity::{Severity, UnknownSeverity};
