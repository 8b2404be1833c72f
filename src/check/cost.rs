//! Reports a plan that costs more than the settings allow, or that adds what cannot be priced.

use planguard_cost::{Bound, Decimal};

use super::{Rules, plan_finding};
use crate::cost::{AboveLimit, AssumedRegion, CostLimits, CostReport, OnUnknownCost, difference, money};
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
    let is_base_guessed = cost.has_no_known_base() || !cost.assumed_regions.is_empty();
    let is_open = cost.may_be_more() || limits.max_percent.is_some() && is_base_guessed;
    let unknown = usual.filter(|_| is_limited && is_open).and_then(|usual| {
        let is_guessed = cost.missing == 0 && !cost.assumed_regions.is_empty();
        let remedy = if is_guessed {
            "See `planguard cost`; write the region into the block of the provider, as a constant or a variable."
        } else {
            "See `planguard cost`; add prices with a file that `prices` under [cost] names."
        };
        plan_finding::of(&COST_UNKNOWN, rules, usual, &unknown_words(cost), remedy)
    });
    increase.into_iter().chain(unknown).collect()
}

fn above_words(above: &AboveLimit, cost: &CostReport) -> String {
    let currency = cost.currency.unescaped();
    let bounded = |delta: &Decimal| {
        let delta = difference(*delta, currency);
        match cost.sum.bound {
            Bound::Exact => format!("{delta} a month"),
            Bound::AtLeast => format!("at least {delta} a month"),
            Bound::AtMost => format!("at most {delta} a month"),
            Bound::Open => format!("{delta} a month as far as known"),
        }
    };
    match above {
        AboveLimit::Delta { delta, limit } => {
            format!("the plan costs {}, above {} (max-delta)", bounded(delta), money(*limit, currency))
        }
        AboveLimit::Percent { delta, percent, limit } => format!(
            "the plan costs {}, which is +{} %, above {} % (max-percent)",
            bounded(delta),
            percent.normalize(),
            limit.normalize()
        ),
    }
}

fn most(cost: &CostReport) -> String {
    let named: Vec<String> = cost
        .most
        .iter()
        .map(|driver| {
            let delta = difference(driver.delta, cost.currency.unescaped());
            let instances = match driver.instances {
                0 | 1 => String::new(),
                number => format!(", {number} instances"),
            };
            format!("{} ({delta}{instances})", driver.address.unescaped())
        })
        .collect();
    if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) }
}

fn unknown_words(cost: &CostReport) -> String {
    let assumed: Vec<String> = cost.assumed_regions.iter().map(about_region).collect();
    if cost.missing == 0 && cost.sum.bound == Bound::Exact && cost.sum.before.is_some() && !assumed.is_empty()
    {
        return assumed.join("; ");
    }
    let mut words = vec![missing_words(cost)];
    words.extend(assumed);
    words.join("; ")
}

fn about_region(assumed: &AssumedRegion) -> String {
    let objects = if assumed.objects == 1 { "1 object" } else { &format!("{} objects", assumed.objects) };
    format!("the plan does not tell the region of {objects}, and {} is assumed", assumed.region.unescaped())
}

fn missing_words(cost: &CostReport) -> String {
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
