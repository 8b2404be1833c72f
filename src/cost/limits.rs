//! What a check does with the cost of a plan: the limits, and what is told of it.

use std::path::Path;

use planguard_cost::{Bound, Decimal, PlanCost, Prices, Sum};
use planguard_plan::Plan;
use planguard_plan::redact::SafeText;

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
    /// The objects that cost most more, the first most.
    pub most: Vec<(SafeText, Decimal)>,
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
    /// What is told of these costs. Nothing of a plan is in it but addresses.
    pub fn of(cost: &PlanCost) -> Self {
        let missing = cost.resources.iter().filter(|resource| {
            resource.side().is_some_and(|side| side.components.iter().any(|part| part.state.is_open()))
        });
        let mut more: Vec<(SafeText, Decimal)> = cost
            .resources
            .iter()
            .filter_map(|resource| Some((resource.address.clone(), resource.sum.delta()?)))
            .filter(|(_, delta)| *delta > Decimal::ZERO)
            .collect();
        more.sort_by_key(|(_, delta)| std::cmp::Reverse(*delta));
        more.truncate(MOST);
        Self {
            currency: planguard_plan::redact::Redactor::default().text(&cost.currency),
            sum: cost.sum,
            missing: missing.count() + cost.unsupported_elsewhere,
            most: more,
        }
    }

    /// Whether the difference may be more than what is known of it.
    pub const fn may_be_more(&self) -> bool {
        self.sum.before.is_none() || matches!(self.sum.bound, Bound::AtLeast | Bound::Open)
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
        CostReport { currency: SafeText::fixed("USD"), sum, missing: 0, most: Vec::new() }
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
