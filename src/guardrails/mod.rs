//! The built-in guardrails and the engine that evaluates them.

pub mod change;
pub mod definition;
