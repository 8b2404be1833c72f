//! What a plan costs a month, for people and programs: everything in it may be printed.

mod error;
mod imported;
mod limits;
mod money;
mod policy_input;

use std::collections::{BTreeMap, BTreeSet};

use planguard_cost::{
    Component, CostAction, Counts, Decimal, PlanCost, Prices, RegionOrigin, ResourceCost, Service, SideCost,
    Source, State, Sum, Unit,
};
use planguard_plan::input::Document;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_rule::words;

pub use error::CostError;
pub use imported::ImportedCosts;
pub(crate) use imported::not_shared;
pub use limits::{AboveLimit, AssumedRegion, CostDriver, CostLimits, CostReport, CostRules, CostUse};
pub(crate) use money::{difference, money};
pub use policy_input::policy_input;

use crate::show::{origin, read};

words! {
    /// What a check does if it cannot tell all of what a plan changes of the cost.
    #[derive(Default)]
    pub enum OnUnknownCost is "a choice" {
        /// What is known counts.
        Ignore = "ignore": "nothing: what is known counts",
        /// A finding that warns.
        #[default]
        Warn = "warn": "warn, and hold what is known against the limits",
        /// A finding that denies.
        Fail = "fail": "deny",
    }
}

/// What a plan costs a month.
#[derive(Clone, Debug)]
pub struct CostView {
    /// The origin of the plan, or of the report with its costs.
    pub origin: SafeText,
    /// The objects, in the order of their addresses.
    pub objects: Vec<ObjectCost>,
    /// The sums of them.
    pub sum: Sum,
    /// How many objects have components in each state.
    pub counts: Counts,
    /// The regions that were assumed, with the number of objects.
    pub assumed_regions: Vec<(SafeText, usize)>,
    /// How many deposed objects there are, which are not counted.
    pub deposed: usize,
    /// How many changes wait for a later plan.
    pub deferred: usize,
    /// How many objects of the state are not priced, because the plan has no resource changes.
    pub not_priced: usize,
    /// Whether planning failed, or the plan does not cover all of the configuration.
    pub partial: bool,
    /// Where the prices come from.
    pub sources: BTreeSet<Source>,
    /// The prices and discounts of the user's own.
    pub own_prices: Vec<OwnPriceUse>,
    /// The currency.
    pub currency: SafeText,
    /// Whether the amounts are those of a report of Infracost.
    pub is_imported: bool,
    /// What the objects of that report cost together, if its total says something else.
    pub listed: Option<Decimal>,
    /// What that report and the plan that it was held against do not share.
    pub held: Option<planguard_cost::Held>,
}

/// A price or discount of the user's own.
#[derive(Clone, Debug)]
pub struct OwnPriceUse {
    /// What it says.
    pub text: SafeText,
    /// Its note.
    pub note: Option<SafeText>,
    /// How many objects have it.
    pub objects: usize,
}

/// What an object costs a month.
#[derive(Clone, Debug)]
pub struct ObjectCost {
    /// Its address.
    pub address: SafeText,
    /// The address of its block, without the key of the instance.
    pub block: SafeText,
    /// Its type.
    pub resource_type: SafeText,
    /// What is done with it.
    pub action: CostAction,
    /// Where it is, and how that is known.
    pub region: Option<(SafeText, RegionOrigin)>,
    /// The parts of its cost before the change, if it exists then.
    pub before: Option<Vec<PartCost>>,
    /// The parts of its cost after the change, if it exists then.
    pub after: Option<Vec<PartCost>>,
    /// The sums.
    pub sum: Sum,
}

/// A part of what an object costs.
#[derive(Clone, Debug, PartialEq)]
pub struct PartCost {
    /// What it is; empty for an object of whose cost its type tells all that is known.
    pub name: SafeText,
    /// Of what kind.
    pub detail: SafeText,
    /// The service.
    pub service: Service,
    /// What the price is for.
    pub unit: Unit,
    /// How many of the unit a month has.
    pub quantity: Option<Decimal>,
    /// The price of the unit.
    pub price: Option<Decimal>,
    /// What it costs a month.
    pub monthly: Option<Decimal>,
    /// What is known of it.
    pub state: State,
    /// Assumptions, or what is missing.
    pub note: Option<SafeText>,
    /// Whether a file of prices gave the price.
    pub is_own_price: bool,
}

impl ObjectCost {
    /// The parts on the side that it ends on.
    pub fn parts(&self) -> &[PartCost] {
        self.after.as_deref().or(self.before.as_deref()).unwrap_or_default()
    }

    /// Whether the plan changes what it costs, as far as anybody can tell.
    pub fn changes(&self) -> bool {
        self.sum.bound != planguard_cost::Bound::Exact
            || self.sum.delta().is_some_and(|delta| !delta.is_zero())
    }

    /// Whether another instance of the same block costs the same in the same way.
    pub fn is_like(&self, other: &Self) -> bool {
        self.block == other.block
            && self.action == other.action
            && self.sum == other.sum
            && self.before == other.before
            && self.after == other.after
    }
}

impl CostView {
    /// Prices the plan in a document.
    ///
    /// # Errors
    /// The document is not a plan, or its parts contradict each other.
    pub fn of(document: &Document, prices: &Prices) -> Result<Self, CostError> {
        let origin = origin(document);
        let (plan, redactor) = read(document, &origin)?;
        Ok(Self::told(origin, &PlanCost::of(&plan, prices), &redactor))
    }

    /// What the plan in a document costs by a report of Infracost.
    ///
    /// # Errors
    /// The document is not a plan, or the report is about another one.
    pub fn held(document: &Document, imported: &ImportedCosts) -> Result<Self, CostError> {
        let origin = origin(document);
        let (plan, redactor) = read(document, &origin)?;
        Ok(Self::told(origin, &imported.held(&plan, document.origin().path())?, &redactor))
    }

    /// All of a report of Infracost, whatever plan it is about.
    pub fn imported(imported: &ImportedCosts) -> Self {
        let plain = Redactor::default();
        Self::told(plain.text(&imported.path().to_string_lossy()), &imported.whole(), &plain)
    }

    /// What may be told of the costs of a plan.
    pub(crate) fn told(origin: SafeText, cost: &PlanCost, redactor: &Redactor) -> Self {
        let plain = Redactor::default();
        let assumed: BTreeMap<&str, usize> = cost.assumed_regions();
        Self {
            origin,
            objects: cost.resources.iter().map(|resource| object(resource, redactor)).collect(),
            sum: cost.sum,
            counts: cost.counts(),
            assumed_regions: assumed
                .into_iter()
                .map(|(region, number)| (redactor.text(region), number))
                .collect(),
            deposed: cost.deposed,
            deferred: cost.deferred,
            not_priced: cost.not_priced,
            partial: cost.partial,
            sources: cost.sources.clone(),
            own_prices: cost
                .own_prices
                .iter()
                .map(|entry| OwnPriceUse {
                    text: plain.text(&entry.text),
                    note: entry.note.as_deref().map(|note| plain.text(note)),
                    objects: entry.resources,
                })
                .collect(),
            currency: plain.text(&cost.currency),
            is_imported: cost.is_imported,
            listed: cost.listed,
            held: cost.held.clone(),
        }
    }
}

fn object(resource: &ResourceCost, redactor: &Redactor) -> ObjectCost {
    let parts = |side: &Option<SideCost>| {
        side.as_ref().map(|side| side.components.iter().map(|component| part(component, redactor)).collect())
    };
    let region = resource.side().and_then(|side| side.region.as_ref());
    ObjectCost {
        address: resource.address.clone(),
        block: resource.block.clone(),
        resource_type: redactor.key(&resource.resource_type),
        action: resource.action,
        region: region.map(|region| (redactor.text(&region.name), region.origin)),
        before: parts(&resource.before),
        after: parts(&resource.after),
        sum: resource.sum,
    }
}

fn part(component: &Component, redactor: &Redactor) -> PartCost {
    PartCost {
        name: redactor.key(&component.name),
        detail: redactor.text(&component.detail),
        service: component.service,
        unit: component.unit,
        quantity: component.quantity,
        price: component.price,
        monthly: component.monthly,
        state: component.state,
        note: component.note.as_deref().map(|note| redactor.sentence(note)),
        is_own_price: component.is_own_price,
    }
}
