//! Reads plans from bytes into a model, and decides which of their texts may be printed.
//!
//! [`input`] turns files, directories and standard input into documents and rejects what is not a plan; the model,
//! [`Plan`], is what guardrails and reports see of a document; [`redact`] decides which of its texts may leave the
//! process; [`text`] has the helpers for text that every crate needs.
//!
//! This crate imports no other crate of the project.

// The input is untrusted, so nothing here may panic on it.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::string_slice))]

pub mod input;
mod model;
pub mod problem;
pub mod redact;
pub mod text;

pub use model::{
    ActionInvocation, ActionReason, Actions, Address, AddressError, Attribute, AttributePath, Change,
    ChangeSummary, Check, CheckStatus, ConfigModule, ConfigResource, Configuration, Contradiction,
    DeferredChange, Dependencies, Dependency, DependencyEnd, DuplicateKeys, Holds, Importing, InstanceKey,
    MAX_DEPTH, Mask, Mode, ModuleCall, ModuleStep, Number, Object, OutputChange, Owner, PathStep, Plan,
    PlanError, Provenance, ProviderConfig, RelevantAttribute, ReplaceOrder, Resolution, ResolvedReference,
    ResourceChange, ResourceState, RootVariable, Section, SetBy, ShapeError, Side, SideProblem, Translation,
    UnknownValue, Unseen, Value, Verb, View, Witness, mirrored, sensitive_values, written_key,
};
