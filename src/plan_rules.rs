//! The rules about a plan as a whole that are no guardrails: its risk score, and what it costs.

use planguard_rule::Severity;

/// A rule about a plan as a whole.
#[derive(Debug, PartialEq, Eq)]
pub struct PlanRule {
    /// The id, by which settings and waivers name it.
    pub id: &'static str,
    /// The title.
    pub title: &'static str,
    /// The severity, unless settings change it.
    pub severity: Severity,
    /// Why there is a finding.
    pub why: &'static str,
}

/// The rule about the risk score of a plan.
pub static PLAN_RISK: PlanRule = PlanRule {
    id: "plan-risk",
    title: "The risk score of the plan is high",
    severity: Severity::High,
    why: "The score is above `max-risk`, or needs approval from `risk` under [approve] on. docs/risk.md lists the points.",
};

/// The rule about what a month costs more.
pub static COST_INCREASE: PlanRule = PlanRule {
    id: "cost-increase",
    title: "The plan costs more than is allowed",
    severity: Severity::High,
    why: "A month costs more than before by more than `max-delta` or `max-percent` under [cost] allows. docs/cost.md says how plans are priced.",
};

/// The rule about what cannot be priced.
pub static COST_UNKNOWN: PlanRule = PlanRule {
    id: "cost-unknown",
    title: "The plan adds costs that are not known",
    severity: Severity::Medium,
    why: "The plan creates or changes something that cannot be priced, so that the limits under [cost] are held against a part of the cost only. `on-unknown` under [cost] says what that does; docs/cost.md says how a file of your own adds prices.",
};

impl PlanRule {
    /// Every such rule.
    pub fn all() -> [&'static Self; 3] {
        [&PLAN_RISK, &COST_INCREASE, &COST_UNKNOWN]
    }

    /// The rule with an id.
    pub fn find(id: &str) -> Option<&'static Self> {
        Self::all().into_iter().find(|rule| rule.id == id)
    }
}
