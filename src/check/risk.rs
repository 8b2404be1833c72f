//! Reports a plan whose risk score is above what the settings allow, or needs approval.

use planguard_plan::redact::{Redactor, SafeText};

use super::{CheckOptions, Rules};
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, FindingRule, Origin, RuleKind};
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
    let set = rules.overrides.of(PLAN_RISK.id);
    let enforcement = set.and_then(|set| set.enforcement).map_or(usual, Enforcement::from);
    let plain = Redactor::default();
    let words = risk.words();
    let message = if words.is_empty() { said } else { format!("{said}: {words}") };
    (enforcement != Enforcement::Off).then(|| Finding {
        rule: FindingRule {
            id: SafeText::fixed(PLAN_RISK.id),
            title: Some(SafeText::fixed(PLAN_RISK.title)),
            kind: RuleKind::Change,
            category: None,
        },
        severity: set.and_then(|set| set.severity).unwrap_or(PLAN_RISK.severity),
        enforcement,
        certainty: Certainty::Certain,
        origin: Origin::Introduced,
        subject: None,
        attribute: None,
        value: None,
        before: None,
        depends_on: Vec::new(),
        message: plain.text(&message),
        remediation: Some(SafeText::fixed(remedy)),
        location: None,
        source: None,
        metadata: Vec::new(),
        waiver: None,
        approved_by: Vec::new(),
        cause: None,
        shares: Vec::new(),
    })
}
