//! The built-in guardrails and the engine that evaluates them.

mod builtin;
pub mod change;
pub mod definition;
mod engine;

pub use builtin::{Builtin, builtins};
pub use engine::{Evaluation, Evidence, Outcome, PlanIndex, evaluate};
