//! Findings of rules about a plan as a whole.

use planguard_plan::redact::{Redactor, SafeText};

use super::Rules;
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, FindingRule, Origin, RuleKind};
use crate::plan_rules::PlanRule;

/// The finding of a rule, if no setting switches the rule off. `usual` is what it does unless settings say so, `message` holds
/// amounts, numbers and addresses, and no other text of the plan.
pub(super) fn of(
    rule: &'static PlanRule,
    rules: &Rules,
    usual: Enforcement,
    message: &str,
    remedy: &'static str,
) -> Option<Finding> {
    let set = rules.overrides.of(rule.id);
    let enforcement = set.and_then(|set| set.enforcement).map_or(usual, Enforcement::from);
    (enforcement != Enforcement::Off).then(|| Finding {
        rule: FindingRule {
            id: SafeText::fixed(rule.id),
            title: Some(SafeText::fixed(rule.title)),
            kind: RuleKind::Change,
            category: None,
        },
        severity: set.and_then(|set| set.severity).unwrap_or(rule.severity),
        enforcement,
        certainty: Certainty::Certain,
        origin: Origin::Introduced,
        subject: None,
        attribute: None,
        value: None,
        before: None,
        depends_on: Vec::new(),
        message: Redactor::default().text(message),
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
