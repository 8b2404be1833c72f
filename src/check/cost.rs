//! Reports a plan that costs more than the settings allow, or that adds what cannot be priced.

use super::{Rules, plan_finding};
use crate::cost::{AboveLimit, CostLimits, CostReport, OnUnknownCost, difference, money};
use crate::enforcement::Enforcement;
use crate::finding::Finding;
use crate::plan_rules::{COST_INCREASE, COST_UNKNOWN};

/// The findings about the cost of a plan. Their sentences hold amounts and addresses, and no other text of the plan.
pub(super) fn findings(cost: &CostReport, limits: &CostLimits, rules: &Rules) -> Vec<Finding> {
    let increase = cost.above(limits).and_then(|above| {
        let message = format!("{}{}", above_words(&above, cost), most(cost));
        let remedy = "Change less at a time, choose what costs less, or raise the limit under [cost].";
        plan_finding::of(&COST_INCREASE, rules, Enforcement::Deny, &message, remedy)
    });
    let is_limited = limits.max_delta.is_some() || limits.max_percent.is_some();
    let usual = match limits.on_unknown {
        OnUnknownCost::Ignore => None,
        OnUnknownCost::Warn => Some(Enforcement::Warn),
        OnUnknownCost::Fail => Some(Enforcement::Deny),
    };
    let is_open = cost.may_be_more() || limits.max_percent.is_some() && cost.has_no_known_base();
    let unknown = usual.filter(|_| is_limited && is_open).and_then(|usual| {
        let remedy = "See `planguard cost`; add prices with a file that `prices` under [cost] names.";
        plan_finding::of(&COST_UNKNOWN, rules, usual, &unknown_words(cost), remedy)
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
    match (cost.sum.before.filter(|_| !cost.has_no_known_base()), cost.missing) {
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
