//! Guardrails about the change itself, which no look at a resource's state can find. One module each.

mod stateful;
mod stateful_delete;

use crate::plan::{Address, AttributePath, Plan, ResourceChange};
use crate::rule::RuleInfo;

/// A guardrail written in Rust.
#[derive(Debug)]
pub struct ChangeGuard {
    /// What it says of itself.
    pub info: RuleInfo,
    /// A change that it finds and one that it lets pass, as `planguard rules` explains them.
    pub example: ChangeExample,
    /// Finds what is wrong with a plan.
    pub check: fn(&Plan<'_>, &ChangeOptions) -> Vec<ChangeFinding>,
}

/// A guard's examples: entries of `resource_changes` as plan JSON, one that fails and one that passes.
#[derive(Clone, Copy, Debug)]
pub struct ChangeExample {
    /// Found by the guard.
    pub failing: &'static str,
    /// Passed by the guard.
    pub passing: &'static str,
}

/// What a user may set about change guards.
#[derive(Clone, Copy, Debug)]
pub struct ChangeOptions {
    /// How many objects a plan may destroy before it is over budget.
    pub max_destroys: usize,
    /// Which part of the managed objects a plan may destroy before it is over budget, in percent. Counts
    /// only from [`ChangeOptions::MIN_OBJECTS_FOR_SHARE`] objects on.
    pub max_destroy_percent: u8,
}

impl ChangeOptions {
    /// Below this number of managed objects a share says nothing.
    pub const MIN_OBJECTS_FOR_SHARE: usize = 10;
}

impl Default for ChangeOptions {
    fn default() -> Self {
        Self { max_destroys: 20, max_destroy_percent: 30 }
    }
}

/// What a change guard found.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeFinding {
    /// The resource; `None` where the finding is about the plan as a whole.
    pub address: Option<Address>,
    /// The key of the deposed object, if the finding is about one.
    pub deposed: Option<String>,
    /// The attribute that it is about.
    pub attribute: Option<AttributePath>,
    /// Whether it is certain, or depends on a value known only after apply.
    pub certainty: Certainty,
    /// What is wrong, in one sentence that names the resource. Never holds an attribute's value, except
    /// network ranges, ports, numbers and booleans.
    pub message: String,
}

/// Whether a finding depends on what is known only after apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The plan says so.
    Certain,
    /// A value that decides is unknown.
    DependsOnUnknown,
}

impl ChangeFinding {
    /// A certain finding on a resource.
    fn on(resource: &ResourceChange<'_>, message: String) -> Self {
        Self {
            address: Some(resource.address.clone()),
            deposed: resource.deposed.as_deref().map(ToOwned::to_owned),
            attribute: None,
            certainty: Certainty::Certain,
            message,
        }
    }
}

/// All change guards, in the order of their ids.
pub const GUARDS: &[&ChangeGuard] = &[&stateful_delete::GUARD];
