//! The rules and options of a check.

use std::collections::BTreeSet;

use planguard_guardrail_format::Guardrail;
use planguard_guardrails::change::{ChangeOptions, GUARDS};
use planguard_guardrails::{builtins, embedded_sha256};
use planguard_plan::input::Partition;
use planguard_rego::Policies;
use sha2::{Digest as _, Sha256};

use super::benchmarks::Benchmarks;
use super::lints::PolicyLints;
use crate::approvals::Approvals;
use crate::baseline::Baseline;
use crate::cost::{CostRules, CostUse};
use crate::enforcement::EnforcementOptions;
use crate::overrides::Overrides;
use crate::risk::RiskOptions;
use crate::sources::Sources;
use crate::waivers::Waivers;

/// The rules of a check.
#[derive(Debug, Default)]
pub struct Rules {
    /// The enabled built-in guardrails.
    pub packs: Packs,
    /// The benchmarks whose controls are reported on.
    pub benchmarks: Benchmarks,
    /// The user's guardrails, in the format of the built-in ones.
    pub guardrails: Vec<Guardrail>,
    /// Rego policies.
    pub policies: Option<Policies>,
    /// What settings change about single rules.
    pub overrides: Overrides,
    /// The findings that somebody accepted.
    pub waivers: Waivers,
    /// The findings that the project had when it began.
    pub baseline: Option<Baseline>,
    /// Who approved the change; `None` if nothing can need approval.
    pub approvals: Option<Approvals>,
    /// How plans are priced.
    pub cost: CostRules,
    /// Where the configurations of plans are, for the lines of findings.
    pub sources: Sources,
    /// How the policies of the user are linted; `None` if there are none.
    pub lints: Option<PolicyLints>,
}

impl Rules {
    /// The SHA-256 of all that decides: the version, the built-in rules, the settings, whose digest this is, and what they
    /// name, and what a plan that ended with errors is worth. Approvals are part of a run and not of its rules.
    pub fn sha256(&self, settings: &str, errored: OnErroredPlan) -> String {
        let Self {
            packs: _,
            benchmarks: _,
            guardrails,
            policies,
            overrides: _,
            waivers: _,
            baseline,
            approvals: _,
            cost,
            sources: _,
            lints: _,
        } = self;
        let is_priced = cost.wanted == CostUse::Told || !cost.prices.is_empty();
        let prices = is_priced.then_some(&cost.prices);
        let policies = policies.as_ref().map(Policies::sha256).unwrap_or_default();
        let digest = Sha256::new()
            .chain_update(env!("CARGO_PKG_VERSION"))
            .chain_update(embedded_sha256())
            .chain_update(settings)
            .chain_update(policies)
            .chain_update(format!("{guardrails:?}{baseline:?}{errored:?}{prices:?}"));
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The enabled packs of built-in guardrails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packs(BTreeSet<String>);

impl Packs {
    /// The packs that are enabled by default.
    pub const ON_BY_DEFAULT: [&'static str; 2] = ["default", "monitoring"];

    /// The name that stands for every pack.
    pub const ALL: &'static str = "all";

    /// Returns no packs.
    pub const fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// Adds a pack, or every pack.
    #[must_use]
    pub fn with(mut self, pack: &str) -> Self {
        if pack == Self::ALL {
            self.0.extend(Self::names().into_iter().map(ToOwned::to_owned));
        } else {
            self.0.insert(pack.to_owned());
        }
        self
    }

    /// Returns whether a built-in rule belongs to a pack of this name, or the name stands for every pack.
    pub fn exists(pack: &str) -> bool {
        pack == Self::ALL
            || builtins().any(|builtin| builtin.pack() == pack)
            || GUARDS.iter().any(|guard| guard.info.pack == pack)
    }

    /// Returns what enables packs of built-in rules: their names, and the name of all of them.
    pub fn choices() -> BTreeSet<&'static str> {
        let mut choices = Self::names();
        choices.insert(Self::ALL);
        choices
    }

    /// Returns the packs of all built-in rules.
    pub fn names() -> BTreeSet<&'static str> {
        let change = GUARDS.iter().map(|guard| guard.info.pack.as_ref());
        builtins().map(|builtin| builtin.pack()).chain(change).collect()
    }

    /// Returns whether a pack is enabled.
    pub fn contains(&self, pack: &str) -> bool {
        self.0.contains(pack)
    }
}

impl Default for Packs {
    fn default() -> Self {
        Self::ON_BY_DEFAULT.into_iter().fold(Self::none(), Self::with)
    }
}

/// The options of a check.
#[derive(Clone, Debug, Default)]
pub struct CheckOptions {
    /// The effect of findings on the verdict.
    pub enforcement: EnforcementOptions,
    /// The budgets of change guards.
    pub change: ChangeOptions,
    /// What the risk score does.
    pub risk: RiskOptions,
    /// The treatment of plans that failed.
    pub errored: OnErroredPlan,
    /// The treatment of plans that cover only part of the configuration.
    pub incomplete: OnIncompletePlan,
    /// The treatment of plans that change resources of types that no guardrail knows.
    pub uncovered: OnUncovered,
    /// The treatment of what was changed outside of Terraform.
    pub drift: OnDrift,
    /// Whether anomalies of a document make the verdict incomplete.
    pub strict: bool,
    /// Whether denials are reported without affecting the exit code.
    pub report_only: bool,
    /// The part of the files that are checked; `None` for all of them.
    pub partition: Option<Partition>,
    /// Whether the report has what plans do object by object.
    pub details: Details,
}

/// Whether a report has what plans do object by object, which takes memory and time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Details {
    /// It has findings alone.
    #[default]
    LeftOut,
    /// It has.
    Wanted,
}

/// The treatment of plans that failed: resources are missing from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnErroredPlan {
    /// The verdict is incomplete.
    #[default]
    Undecided,
    /// The plan is checked as it is.
    Accept,
}

/// The treatment of plans that cover only part of the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnIncompletePlan {
    /// The plan is checked as it is, with a notice.
    #[default]
    Accept,
    /// The verdict is incomplete.
    Undecided,
}

/// What a plan is worth that changes resources of types that no guardrail knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUncovered {
    /// It is checked as it is; the report counts them.
    #[default]
    Accept,
    /// The verdict is undecided.
    Undecided,
}

/// The treatment of what was changed outside of Terraform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDrift {
    /// It is judged like everything else: what weakens the plan's resources is a finding.
    #[default]
    Judge,
    /// Whatever was changed denies, if the rule that reports it is on.
    Deny,
}
