//! The built-in guardrails, the change guards, and the engine that evaluates guardrails in three values.
//!
//! This crate imports the plan model, the format of guardrails and the description of rules; it does not know
//! Rego, findings or reports.

mod benchmarks;
mod builtin;
mod catalogue;
pub mod change;
mod concerns;
#[cfg(test)]
mod duplicates;
pub mod effective;
mod engine;
#[cfg(test)]
mod growth;
mod iam;
mod judge;
mod made_of;
mod mapped;
mod names;
mod special_ranges;
mod truths;
mod unreadable;
mod user;
mod yaml;

pub use planguard_guardrail_format as definition;

pub use benchmarks::{benchmarks, is_about};
pub use builtin::{Builtin, builtins, decoded_on_this_thread, embedded_sha256};
pub use catalogue::{CatalogueEntry, Example, catalogue};
pub use concerns::{Concern, ConcernAnswer, LeftOut, concerns};
pub use engine::{
    Drafts, Element, Evaluation, Evidence, LocalValues, OpenPorts, Outcome, PlanIndex, PolicyDraft,
    StatementPlace, Variable, evaluate, judged_state,
};
pub use engine::{credentials, decoded, is_named_credential};
pub use iam::{OF_OBJECT, UNKNOWN};
pub use judge::{Judgement, judge};
pub use mapped::{Mapped, mapped, mappings};
pub use unreadable::Unreadable;
pub use user::{GuardrailError, load_guardrails, read_guardrail_file, remedy};
