//! What a check does with the cost of a plan: the limits, and what is told of it.

use std::collections::BTreeMap;
use std::path::Path;

use planguard_cost::{Bound, Decimal, PlanCost, Prices, Sum};
use planguard_plan::Plan;
use planguard_plan::redact::{Redactor, SafeText};

use super::{CostError, ImportedCosts, OnUnknownCost};

/// How plans are priced, and what they may cost.
#[derive(Clone, Debug, Default)]
pub struct CostRules {
    /// Prices and discounts of the user's own.
    pub prices: Prices,
    /// A report of Infracost, whose amounts count instead of the book's.
    pub imported: Option<ImportedCosts>,
    /// The limits.
    pub limits: CostLimits,
    /// Which plans are priced.
    pub wanted: CostUse,
}

/// Which plans are priced. To unpack the tables of prices takes as long as to check a small plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CostUse {
    /// Those of which something else needs the cost: a policy, or a gate on the risk score.
    #[default]
    IfNeeded,
    /// All: the report has their cost, and limits hold.
    Told,
}

/// By how much more a month may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CostLimits {
    /// In money.
    pub max_delta: Option<Decimal>,
    /// In percent of what it cost before. Nothing is a percentage of nothing, so that it does not limit a plan before which
    /// there was no cost.
    pub max_percent: Option<Decimal>,
    /// What happens if not all of the difference is known.
    pub on_unknown: OnUnknownCost,
}

/// What a report of a check tells of the cost of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostReport {
    /// The currency.
    pub currency: SafeText,
    /// The sums.
    pub sum: Sum,
    /// How many objects have a part that cannot be priced.
    pub missing: usize,
    /// What costs most more, the first most.
    pub most: Vec<CostDriver>,
    /// The regions that were assumed because the plan does not tell them.
    pub assumed_regions: Vec<AssumedRegion>,
}

/// The instances of a block that cost more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostDriver {
    /// The address of the object, or that of the block of several.
    pub address: SafeText,
    /// How many there are.
    pub instances: usize,
    /// By how much more all of them cost.
    pub delta: Decimal,
}

/// A region that was assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedRegion {
    /// Its name.
    pub region: SafeText,
    /// For how many objects.
    pub objects: usize,
    /// Of how many of them the plan changes the cost.
    pub changing: usize,
}

/// The most objects that are named.
const MOST: usize = 3;

impl CostRules {
    /// What a plan costs. `file` is the plan, if it is a file.
    ///
    /// # Errors
    /// The report of Infracost is about another plan.
    pub fn cost(&self, plan: &Plan<'_>, file: Option<&Path>) -> Result<PlanCost, CostError> {
        match &self.imported {
            Some(imported) => imported.held(plan, file),
            None => Ok(PlanCost::of(plan, &self.prices)),
        }
    }
}

impl CostReport {
    /// What is told of these costs. Nothing of a plan is in it but addresses and names of regions.
    pub fn of(cost: &PlanCost, redactor: &Redactor) -> Self {
        let missing = cost.resources.iter().filter(|resource| {
            resource.side().is_some_and(|side| side.components.iter().any(|part| part.state.is_open()))
        });
        Self {
            currency: Redactor::default().text(&cost.currency),
            sum: cost.sum,
            missing: missing.count() + cost.unsupported_elsewhere + cost.not_priced,
            most: drivers(cost),
            assumed_regions: assumed_regions(cost, redactor),
        }
    }

    /// Whether the difference may be more than what is known of it. Elsewhere an object has another price, so that an assumed
    /// region is as good as a part without a price.
    pub fn may_be_more(&self) -> bool {
        let is_guessed = self.assumed_regions.iter().any(|assumed| assumed.changing > 0);
        self.sum.before.is_none() || is_guessed || matches!(self.sum.bound, Bound::AtLeast | Bound::Open)
    }

    /// Whether nothing is known of what a month cost before, though something did cost: a share of it says nothing.
    pub fn has_no_known_base(&self) -> bool {
        self.sum.before.is_none_or(|before| before.is_zero() && self.sum.before_is_least)
    }

    /// The limit that the difference is above, in words; `None` if it is above none.
    pub fn above(&self, limits: &CostLimits) -> Option<AboveLimit> {
        let delta = self.sum.delta()?;
        if let Some(limit) = limits.max_delta.filter(|limit| delta > *limit) {
            return Some(AboveLimit::Delta { delta, limit });
        }
        let percent = self.sum.delta_percent()?;
        let limit = limits.max_percent.filter(|limit| {
            // Compared without rounding.
            let (before, hundred) = (self.sum.before.unwrap_or_default(), Decimal::ONE_HUNDRED);
            match (delta.checked_mul(hundred), before.checked_mul(*limit)) {
                (Some(delta), Some(allowed)) => delta > allowed,
                (None, _) | (_, None) => true,
            }
        })?;
        Some(AboveLimit::Percent { delta, percent, limit })
    }
}

/// What costs most more: instances of a block are one.
fn drivers(cost: &PlanCost) -> Vec<CostDriver> {
    let mut groups: BTreeMap<&str, CostDriver> = BTreeMap::new();
    for resource in &cost.resources {
        let Some(delta) = resource.sum.delta().filter(|delta| *delta > Decimal::ZERO) else { continue };
        let one = || CostDriver { address: resource.address.clone(), instances: 0, delta: Decimal::ZERO };
        let group = groups.entry(resource.block.unescaped()).or_insert_with(one);
        if group.instances > 0 {
            group.address = resource.block.clone();
        }
        group.instances += 1;
        group.delta = group.delta.saturating_add(delta);
    }
    let mut more: Vec<CostDriver> = groups.into_values().collect();
    more.sort_by_key(|driver| std::cmp::Reverse(driver.delta));
    more.truncate(MOST);
    more
}

fn assumed_regions(cost: &PlanCost, redactor: &Redactor) -> Vec<AssumedRegion> {
    let mut regions: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for resource in &cost.resources {
        let Some(region) = resource.assumed_region() else { continue };
        let is_changing = resource.sum.delta().is_none_or(|delta| !delta.is_zero());
        let (objects, changing) = regions.entry(region).or_default();
        *objects += 1;
        *changing += usize::from(is_changing);
    }
    let told = regions.into_iter().map(|(region, (objects, changing))| AssumedRegion {
        region: redactor.text(region),
        objects,
        changing,
    });
    told.collect()
}

/// The limit that a plan is above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AboveLimit {
    /// `max-delta`.
    Delta {
        /// The difference.
        delta: Decimal,
        /// The limit.
        limit: Decimal,
    },
    /// `max-percent`.
    Percent {
        /// The difference.
        delta: Decimal,
        /// The same in percent.
        percent: Decimal,
        /// The limit.
        limit: Decimal,
    },
}

#[cfg(test)]
mod tests {
    use planguard_cost::parse_amount;

    use super::*;

    fn report(before: Option<&str>, after: &str, bound: Bound) -> CostReport {
        let amount = |text: &str| parse_amount(text).unwrap();
        let sum = Sum {
            before: before.map(amount),
            after: amount(after),
            before_is_least: false,
            after_is_least: false,
            has_usage: false,
            bound,
        };
        CostReport {
            currency: SafeText::fixed("USD"),
            sum,
            missing: 0,
            most: Vec::new(),
            assumed_regions: Vec::new(),
        }
    }

    fn limits(delta: Option<i64>, percent: Option<i64>) -> CostLimits {
        CostLimits {
            max_delta: delta.map(Decimal::from),
            max_percent: percent.map(Decimal::from),
            on_unknown: OnUnknownCost::Warn,
        }
    }

    #[test]
    fn a_limit_is_what_is_still_allowed() {
        let doubled = report(Some("50.00"), "100.00", Bound::Exact);
        for (delta, percent, is_above) in [
            (Some(50), None, false),
            (Some(49), None, true),
            (None, Some(100), false),
            (None, Some(99), true),
            (Some(1000), Some(10), true),
            (None, None, false),
        ] {
            assert_eq!(doubled.above(&limits(delta, percent)).is_some(), is_above, "{delta:?} {percent:?}");
        }
        let cheaper = report(Some("100.00"), "50.00", Bound::Exact);
        assert_eq!(cheaper.above(&limits(Some(0), Some(0))), None);
    }

    #[test]
    fn nothing_is_no_percentage_of_nothing() {
        let first = report(Some("0"), "100.00", Bound::Exact);
        assert_eq!(first.above(&limits(None, Some(10))), None);
        assert!(first.above(&limits(Some(10), Some(10))).is_some());
    }

    #[test]
    fn a_share_of_what_is_not_known_is_none() {
        let mut unpriced = report(Some("0"), "100.00", Bound::Exact);
        assert!(!unpriced.has_no_known_base());
        unpriced.sum.before_is_least = true;
        assert!(unpriced.has_no_known_base());
    }

    #[test]
    fn what_is_taken_away_makes_nothing_more() {
        assert!(!report(Some("5"), "5", Bound::AtMost).may_be_more());
        assert!(report(Some("5"), "5", Bound::AtLeast).may_be_more());
        assert!(report(None, "5", Bound::Exact).may_be_more());
    }
}
