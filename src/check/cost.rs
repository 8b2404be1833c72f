//! Reports a plan that costs more than the settings allow, or that adds what cannot be priced.

use planguard_plan::redact::{Redactor, SafeText};

use super::Rules;
use crate::cost::{AboveLimit, CostLimits, CostReport, OnUnknownCost, difference, money};
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, FindingRule, Origin, RuleKind};
use crate::plan_rules::{COST_INCREASE, COST_UNKNOWN, PlanRule};

/// The findings about the cost of a plan. Their sentences hold amounts and addresses, and no other text of the plan.
pub(super) fn findings(cost: &CostReport, limits: &CostLimits, rules: &Rules) -> Vec<Finding> {
    let increase = cost.above(limits).and_then(|above| {
        let message = format!("{}{}", above_words(&above, cost), most(cost));
        let remedy = "Change less at a time, choose what costs less, or raise the limit under [cost].";
        finding(&COST_INCREASE, rules, Enforcement::Deny, &message, remedy)
    });
    let is_limited = limits.max_delta.is_some() || limits.max_percent.is_some();
    let usual = match limits.on_unknown {
        OnUnknownCost::Ignore => None,
        OnUnknownCost::Warn => Some(Enforcement::Warn),
        OnUnknownCost::Fail => Some(Enforcement::Deny),
    };
    let unknown = usual.filter(|_| is_limited && cost.may_be_more()).and_then(|usual| {
        let remedy = "See `planguard cost`; add prices with a file that `prices` under [cost] names.";
        finding(&COST_UNKNOWN, rules, usual, &unknown_words(cost), remedy)
    });
    increase.into_iter().chain(unknown).collect()
}

fn above_words(above: &AboveLimit, cost: &CostReport) -> String {
    let currency = cost.currency.unescaped();
    match above {
        AboveLimit::Delta { delta, limit } => format!(
            "the plan costs {} a month, above {} (max-delta)",
            difference(*delta, currency),
            money(*limit, currency)
        ),
        AboveLimit::Percent { delta, percent, limit } => format!(
            "the plan costs {} a month, which is +{} %, above {} % (max-percent)",
            difference(*delta, currency),
            percent.normalize(),
            limit.normalize()
        ),
    }
}

fn most(cost: &CostReport) -> String {
    let named: Vec<String> = cost
        .most
        .iter()
        .map(|(address, delta)| {
            format!("{} ({})", address.unescaped(), difference(*delta, cost.currency.unescaped()))
        })
        .collect();
    if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) }
}

fn unknown_words(cost: &CostReport) -> String {
    match (cost.sum.before, cost.missing) {
        (None, _) => {
            "what a month cost before the plan is not known, so that no limit can be held".to_owned()
        }
        (Some(_), 0) => {
            "the plan does not tell all that it changes, so that its cost is not known".to_owned()
        }
        (Some(_), 1) => "1 object has a part that cannot be priced".to_owned(),
        (Some(_), number) => format!("{number} objects have parts that cannot be priced"),
    }
}

fn finding(
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
