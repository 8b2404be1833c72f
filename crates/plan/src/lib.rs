//! From bytes to the plan model, and what of a plan may be printed.
//!
//! [`input`] turns files, directories and standard input into documents and refuses what is not a plan; the model,
//! [`Plan`], is what guardrails and reports see of a document; [`redact`] decides which of its texts may leave the
//! process; [`text`] has the helpers for text that every room needs.
//!
//! This crate imports no other crate of the project.

// What is read here is written by others: no input may end in a panic.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::string_slice))]

pub mod input;
mod model;
pub mod problem;
pub mod redact;
pub mod text;

pub use model::{
    ActionInvocation, ActionReason, Actions, Address, AddressError, Attribute, AttributePath, Change,
    ChangeSummary, Check, CheckStatus, ConfigModule, ConfigResource, Configuration, Contradiction,
    DeferredChange, DuplicateKeys, Importing, InstanceKey, MAX_DEPTH, Mode, ModuleCall, ModuleStep, Object,
    OutputChange, PathStep, Plan, PlanError, ProviderConfig, RelevantAttribute, ReplaceOrder, Resolution,
    ResolvedReference, ResourceChange, ResourceState, RootVariable, Section, Side, SideProblem, Value, Verb,
    View, sensitive_values,
};
