//! The built-in guardrails and the engine that evaluates them.

mod builtin;
mod catalogue;
pub mod change;
pub mod definition;
mod engine;
mod judge;
mod user;

pub use builtin::{Builtin, builtins};
pub use catalogue::{CatalogueEntry, Example, catalogue};
pub use engine::{Evaluation, Evidence, Outcome, PlanIndex, evaluate};
pub(crate) use engine::{credentials, decoded, is_named_credential};
pub use judge::judge;
pub use user::{GuardrailError, load_guardrails};
