//! What a check is made with.

use std::collections::BTreeSet;

use planguard_guardrail_format::Guardrail;
use planguard_guardrails::builtins;
use planguard_guardrails::change::{ChangeOptions, GUARDS};
use planguard_rego::Policies;

use crate::enforcement::EnforcementOptions;

/// The rules of a check.
#[derive(Debug, Default)]
pub struct Rules {
    /// Which built-in guardrails are on.
    pub packs: Packs,
    /// Guardrails that the user brings, in the format of the built-in ones.
    pub guardrails: Vec<Guardrail>,
    /// Rego policies.
    pub policies: Option<Policies>,
}

/// The packs of built-in guardrails that are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packs(BTreeSet<String>);

impl Packs {
    /// The packs that are on without being asked for.
    pub const ON_BY_DEFAULT: [&'static str; 2] = ["default", "monitoring"];

    /// No built-in guardrail.
    pub const fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// One more pack.
    #[must_use]
    pub fn with(mut self, pack: &str) -> Self {
        self.0.insert(pack.to_owned());
        self
    }

    /// Whether a built-in rule belongs to a pack of this name.
    pub fn exists(pack: &str) -> bool {
        builtins().any(|builtin| builtin.pack() == pack) || GUARDS.iter().any(|guard| guard.info.pack == pack)
    }

    /// The packs of all built-in rules.
    pub fn names() -> BTreeSet<&'static str> {
        let change = GUARDS.iter().map(|guard| guard.info.pack.as_ref());
        builtins().map(|builtin| builtin.pack()).chain(change).collect()
    }

    /// Whether a pack is on.
    pub fn contains(&self, pack: &str) -> bool {
        self.0.contains(pack)
    }
}

impl Default for Packs {
    fn default() -> Self {
        Self::ON_BY_DEFAULT.into_iter().fold(Self::none(), Self::with)
    }
}

/// What a user may set about a check.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckOptions {
    /// What findings do to the verdict.
    pub enforcement: EnforcementOptions,
    /// The budgets of change guards.
    pub change: ChangeOptions,
    /// What a plan is worth that ended with errors.
    pub errored: OnErroredPlan,
    /// What a plan is worth that leaves out part of the configuration.
    pub incomplete: OnIncompletePlan,
    /// What a plan is worth that changes resources which no rule knows.
    pub uncovered: OnUncovered,
    /// Whether what is doubtful about a document leaves the verdict undecided.
    pub strict: bool,
    /// Whether denials are told and change nothing about the exit code.
    pub report_only: bool,
}

/// What a plan is worth that ended with errors: resources are missing from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnErroredPlan {
    /// The verdict is undecided.
    #[default]
    Undecided,
    /// It is checked as it is.
    Accept,
}

/// What a plan is worth that leaves out part of the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnIncompletePlan {
    /// It is checked as it is, with a notice.
    #[default]
    Accept,
    /// The verdict is undecided.
    Undecided,
}

/// What a plan is worth that changes resources of types which no rule knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUncovered {
    /// It is checked as it is; the report counts them.
    #[default]
    Accept,
    /// The verdict is undecided.
    Undecided,
}
