//! Reports a plan whose risk score is above what the settings allow, or needs approval.

use super::{CheckOptions, Rules, plan_finding};
use crate::enforcement::Enforcement;
use crate::finding::Finding;
use crate::plan_rules::PLAN_RISK;
use crate::risk::Risk;

/// The finding about the score of a plan, if the settings limit it. Its sentences hold numbers and no text of the plan.
pub(super) fn finding(risk: &Risk, rules: &Rules, options: &CheckOptions) -> Option<Finding> {
    let (score, limits) = (risk.score(), &options.risk);
    let above = limits.deny_above.filter(|limit| score > *limit);
    let from = limits.approve_from.filter(|limit| score >= *limit);
    let (usual, said, remedy) = match (above, from) {
        (Some(limit), _) => (
            Enforcement::Deny,
            format!("the risk score of the plan is {score}, above {limit}"),
            "Split the change into smaller ones, or raise `max-risk` for this run.",
        ),
        (None, Some(limit)) => (
            Enforcement::Approve,
            format!("the risk score of the plan is {score}, which needs approval from {limit} on"),
            "Have the change approved, or split it into smaller ones.",
        ),
        (None, None) => return None,
    };
    let words = risk.words();
    let message = if words.is_empty() { said } else { format!("{said}: {words}") };
    plan_finding::of(&PLAN_RISK, rules, usual, &message, remedy)
}
