//! What a plan costs a month: each object before and after its change, and the sums.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use planguard_plan::redact::SafeText;
use planguard_plan::{Address, Mode, Plan, ResourceChange, Side};
use rust_decimal::Decimal;

use crate::bill::{Bill, Component, State, Unit};
use crate::book::{Source, Table, sources_of};
use crate::facts::{Resource, World};
use crate::kinds::{Kind, OTHER, kind};
use crate::prices_file::{AppliedPrice, Prices};
use crate::region::{Cloud, Region, RegionOrigin, Regions};

/// The currency of the price book and of prices of the user's own.
pub const BOOK_CURRENCY: &str = "USD";

/// What a plan costs a month.
#[derive(Clone, Debug)]
pub struct PlanCost {
    /// The objects, in the order of their addresses; those that cost nothing too.
    pub resources: Vec<ResourceCost>,
    /// The sum of them.
    pub sum: Sum,
    /// How many deposed objects there are, which are not counted: see [`PlanCost::of`].
    pub deposed: usize,
    /// How many changes wait for a later plan.
    pub deferred: usize,
    /// How many objects a plan without resource changes has in its state, as one of `-refresh-only`: they are not priced.
    pub not_priced: usize,
    /// Whether the plan says that it does not cover all of the configuration, or planning failed.
    pub partial: bool,
    /// Where the prices come from that were used.
    pub sources: BTreeSet<Source>,
    /// The prices and discounts of a file of the user's own, in its order.
    pub own_prices: Vec<AppliedPrice>,
    /// The currency: `USD`, but for an imported report.
    pub currency: String,
    /// Whether the amounts are those of a report of Infracost.
    pub is_imported: bool,
    /// How many objects an imported report counts as unsupported and does not list.
    pub unsupported_elsewhere: usize,
    /// What the objects of a whole imported report cost together after the change, if that is not what its total says.
    pub listed: Option<Decimal>,
    /// What an imported report and the plan that it was held against do not share.
    pub held: Option<Held>,
}

/// What a report of Infracost and a plan do not share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The objects of the plan that may cost something and that the report does not have.
    pub not_in_report: Vec<SafeText>,
    /// The objects of the report that the plan does not have.
    pub not_in_plan: Vec<SafeText>,
    /// How many projects of the report are about other plans.
    pub other_projects: usize,
}

/// What an object costs a month.
#[derive(Clone, Debug)]
pub struct ResourceCost {
    /// Its address.
    pub address: SafeText,
    /// The address of its block in its module, without the key of the instance.
    pub block: SafeText,
    /// Its type.
    pub resource_type: String,
    /// What the plan does with it.
    pub action: CostAction,
    /// Before the change; `None` if it does not exist, or an imported report does not tell.
    pub before: Option<SideCost>,
    /// After the change; `None` if it does not exist.
    pub after: Option<SideCost>,
    /// The sums of both sides.
    pub sum: Sum,
}

/// What an object costs on one side of its change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideCost {
    /// Where it is, if prices depend on it.
    pub region: Option<Region>,
    /// The components.
    pub components: Vec<Component>,
}

/// What the plan does with an object, as far as its cost is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostAction {
    /// It is created.
    Create,
    /// It is destroyed.
    Delete,
    /// It is replaced, and costs as much as its successor once that is there.
    Replace,
    /// It is updated in-place.
    Update,
    /// It stays as it is.
    Keep,
    /// It is no longer managed, and costs the same as before.
    Forget,
}

impl CostAction {
    /// The name in documents for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Replace => "replace",
            Self::Update => "update",
            Self::Keep => "keep",
            Self::Forget => "forget",
        }
    }
}

/// Two sums, and what is missing in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Before the change, in whole cents; `None` if nobody tells.
    pub before: Option<Decimal>,
    /// After the change, in whole cents.
    pub after: Decimal,
    /// Whether something is missing in `before`, so that it is the least.
    pub before_is_least: bool,
    /// Whether something is missing in `after`.
    pub after_is_least: bool,
    /// Whether something that costs what is used of it is not in them.
    pub has_usage: bool,
    /// What the difference is.
    pub bound: Bound,
}

/// What a difference of two sums is if something is missing in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// All of it.
    Exact,
    /// The least: something is created whose cost is not known.
    AtLeast,
    /// The most: something is destroyed whose cost is not known.
    AtMost,
    /// Neither.
    Open,
}

impl Bound {
    /// `may_be_more` if something unknown is added, `may_be_less` if something unknown is taken away.
    pub(crate) const fn of(may_be_more: bool, may_be_less: bool) -> Self {
        match (may_be_more, may_be_less) {
            (false, false) => Self::Exact,
            (true, false) => Self::AtLeast,
            (false, true) => Self::AtMost,
            (true, true) => Self::Open,
        }
    }

    const fn may_be_more(self) -> bool {
        matches!(self, Self::AtLeast | Self::Open)
    }

    const fn may_be_less(self) -> bool {
        matches!(self, Self::AtMost | Self::Open)
    }

    /// The bound of a sum of two differences.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self::of(self.may_be_more() || other.may_be_more(), self.may_be_less() || other.may_be_less())
    }

    /// The name in documents for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AtLeast => "at_least",
            Self::AtMost => "at_most",
            Self::Open => "open",
        }
    }
}

impl Sum {
    /// The sum of a plan that does not tell all that it changes, or of which objects that stay are not priced.
    pub(crate) fn of_part(self, lacks_changes: bool, lacks_objects: bool) -> Self {
        let lacks_some = lacks_changes || lacks_objects;
        Self {
            before_is_least: self.before_is_least || lacks_objects,
            after_is_least: self.after_is_least || lacks_some,
            bound: if lacks_some { self.bound.and(Bound::Open) } else { self.bound },
            ..self
        }
    }

    /// The difference; `None` if what was before is not known.
    pub fn delta(&self) -> Option<Decimal> {
        self.before.map(|before| self.after - before)
    }

    /// The difference in percent of what was before; `None` if that is nothing or not known.
    pub fn delta_percent(&self) -> Option<Decimal> {
        let before = self.before.filter(|before| !before.is_zero())?;
        let percent = self.delta()?.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(before)?;
        Some(percent.round_dp(1))
    }

    /// Whether there was no cost before, and there is some after, so that the difference is no percentage.
    pub fn is_from_nothing(&self) -> bool {
        let was_nothing = self.before.is_some_and(|before| before.is_zero()) && !self.before_is_least;
        was_nothing && !self.after.is_zero()
    }

    /// Whether nothing is missing in both sums.
    pub fn is_complete(&self) -> bool {
        self.before.is_some() && !self.before_is_least && !self.after_is_least
    }
}

/// How many objects have components in each state.
pub type Counts = BTreeMap<State, usize>;

impl PlanCost {
    /// Prices a plan.
    ///
    /// An object that stays as it is counts in both sums; one that is replaced counts once in each. What the plan forgets is
    /// not destroyed, so it costs the same after as before. Deposed objects are not counted: each is the remainder of
    /// an object that is counted already, and its deletion would hide what the plan itself adds. Data sources cost
    /// nothing.
    pub fn of(plan: &Plan<'_>, prices: &Prices) -> Self {
        let world = World::of(plan);
        let pricer = Pricer { regions: Regions::of(plan), world: &world, prices };
        let mut tables: BTreeSet<Table> = BTreeSet::new();
        let mut applied = prices.unused();
        let managed = || plan.resource_changes.iter().filter(|change| change.address.mode == Mode::Managed);
        let mut resources: Vec<(&Address, ResourceCost)> = managed()
            .filter(|change| change.deposed.is_none())
            .map(|change| (&change.address, pricer.resource(change, &mut tables, &mut applied)))
            .collect();
        resources.sort_by_key(|(address, _)| *address);
        let resources: Vec<ResourceCost> = resources.into_iter().map(|(_, resource)| resource).collect();
        Self { sources: sources_of(tables), own_prices: applied, ..Self::of_resources(plan, resources) }
    }

    /// The cost of a plan whose resources are priced, in the currency of the book and without what says where prices are from.
    pub(crate) fn of_resources(plan: &Plan<'_>, resources: Vec<ResourceCost>) -> Self {
        let is_deposed =
            |change: &&ResourceChange<'_>| change.address.mode == Mode::Managed && change.deposed.is_some();
        let deferred = plan.deferred_changes.len();
        let partial = plan.errored == Some(true) || plan.complete == Some(false);
        let not_priced = plan.objects_without_changes();
        Self {
            sum: total(&resources).of_part(deferred > 0 || partial, not_priced > 0),
            resources,
            deposed: plan.resource_changes.iter().filter(is_deposed).count(),
            deferred,
            not_priced,
            partial,
            sources: BTreeSet::new(),
            own_prices: Vec::new(),
            currency: BOOK_CURRENCY.to_owned(),
            is_imported: false,
            unsupported_elsewhere: 0,
            listed: None,
            held: None,
        }
    }

    /// What the objects cost as they are before the plan, if nothing is done with them.
    #[must_use]
    pub fn without_changes(&self) -> Self {
        let kept = self.resources.iter().filter_map(|resource| {
            let side = resource.before.clone()?;
            Some(ResourceCost {
                action: CostAction::Keep,
                sum: sum(Some(&side), Some(&side), CostAction::Keep),
                before: Some(side.clone()),
                after: Some(side),
                ..resource.clone()
            })
        });
        let resources: Vec<ResourceCost> = kept.collect();
        Self { sum: total(&resources), resources, deferred: 0, partial: false, ..self.clone() }
    }

    /// How many objects have components in each state, on the side that they end on.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::new();
        for resource in &self.resources {
            for state in resource.states() {
                *counts.entry(state).or_default() += 1;
            }
        }
        if self.unsupported_elsewhere > 0 {
            *counts.entry(State::Unsupported).or_default() += self.unsupported_elsewhere;
        }
        counts
    }

    /// The regions that were assumed because nothing tells them, with the number of objects.
    pub fn assumed_regions(&self) -> BTreeMap<&str, usize> {
        let mut assumed = BTreeMap::new();
        for region in self.resources.iter().filter_map(ResourceCost::assumed_region) {
            *assumed.entry(region).or_default() += 1;
        }
        assumed
    }
}

impl ResourceCost {
    /// The side that it ends on.
    pub fn side(&self) -> Option<&SideCost> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// The region that was assumed for it, if an amount depends on that.
    pub fn assumed_region(&self) -> Option<&str> {
        [&self.after, &self.before].into_iter().flatten().find_map(|side| {
            let region = side.region.as_ref().filter(|region| region.origin == RegionOrigin::Assumed)?;
            side.components.iter().any(|part| part.monthly.is_some()).then_some(region.name.as_str())
        })
    }

    /// The states of its components, each once.
    pub fn states(&self) -> BTreeSet<State> {
        self.side().into_iter().flat_map(|side| &side.components).map(|component| component.state).collect()
    }
}

/// The sum of all objects. Nothing is rounded before it is printed: a cent of each of a thousand objects is ten dollars.
pub(crate) fn total(resources: &[ResourceCost]) -> Sum {
    let none = Sum {
        before: Some(Decimal::ZERO),
        after: Decimal::ZERO,
        before_is_least: false,
        after_is_least: false,
        has_usage: false,
        bound: Bound::Exact,
    };
    resources.iter().map(|resource| resource.sum).fold(none, |all, one| Sum {
        before: all.before.zip(one.before).map(|(all, one)| all + one),
        after: all.after + one.after,
        before_is_least: all.before_is_least || one.before_is_least,
        after_is_least: all.after_is_least || one.after_is_least,
        has_usage: all.has_usage || one.has_usage,
        bound: all.bound.and(one.bound),
    })
}

impl SideCost {
    /// What is known of it.
    pub fn monthly(&self) -> Decimal {
        self.components.iter().filter_map(|component| component.monthly).sum()
    }

    fn open(&self) -> Vec<&Component> {
        self.components.iter().filter(|component| component.state.is_open()).collect()
    }
}

/// The sum of an object. Missing parts that are equal on both sides leave the difference as it is.
pub(crate) fn sum(before: Option<&SideCost>, after: Option<&SideCost>, action: CostAction) -> Sum {
    let open = |side: Option<&SideCost>| -> Vec<Component> {
        side.map(SideCost::open).into_iter().flatten().cloned().collect()
    };
    let (open_before, open_after) = (open(before), open(after));
    let stays = matches!(action, CostAction::Keep | CostAction::Forget);
    let is_beyond = |component: &Component, other: &[Component]| {
        let is_measured = component.state == State::NoPrice && component.quantity.is_some();
        !(stays || is_measured && other.contains(component))
    };
    let may_be_more = open_after.iter().any(|component| is_beyond(component, &open_before));
    let may_be_less = open_before.iter().any(|component| is_beyond(component, &open_after));
    let monthly = |side: Option<&SideCost>| side.map_or(Decimal::ZERO, SideCost::monthly);
    let components = [before, after].into_iter().flatten().flat_map(|side| &side.components);
    Sum {
        before: Some(monthly(before)),
        after: monthly(after),
        before_is_least: !open_before.is_empty(),
        after_is_least: !open_after.is_empty(),
        has_usage: components.clone().any(|component| component.state == State::UsageBased),
        bound: Bound::of(may_be_more, may_be_less),
    }
}

struct Pricer<'w, 'p> {
    regions: Regions<'p>,
    world: &'w World<'p>,
    prices: &'w Prices,
}

impl<'p> Pricer<'_, 'p> {
    fn resource(
        &self,
        change: &'p ResourceChange<'p>,
        tables: &mut BTreeSet<Table>,
        applied: &mut [AppliedPrice],
    ) -> ResourceCost {
        let action = action(change);
        let mut used = BTreeSet::new();
        let mut side = |side| self.side(change, side, tables, &mut used);
        let before = side(Side::Before);
        let is_same = match (&change.change.before, &change.change.after) {
            (Some(before), Some(after)) => Arc::ptr_eq(before, after),
            (None, _) | (_, None) => false,
        };
        let after = match action {
            CostAction::Forget => before.clone(),
            CostAction::Keep if is_same => before.clone(),
            CostAction::Keep
            | CostAction::Update
            | CostAction::Create
            | CostAction::Replace
            | CostAction::Delete => side(Side::After),
        };
        for position in used {
            if let Some(entry) = applied.get_mut(position) {
                entry.resources += 1;
            }
        }
        ResourceCost {
            block: SafeText::address(&Address { key: None, ..change.address.clone() }),
            address: SafeText::address(&change.address),
            resource_type: change.address.resource_type.clone(),
            action,
            sum: sum(before.as_ref(), after.as_ref(), action),
            before,
            after,
        }
    }

    fn side(
        &self,
        change: &'p ResourceChange<'p>,
        side: Side,
        tables: &mut BTreeSet<Table>,
        used: &mut BTreeSet<usize>,
    ) -> Option<SideCost> {
        let resource = Resource::new(self.world, change, side)?;
        let cloud = Cloud::of(resource.resource_type());
        let region = || cloud.map(|cloud| self.region(cloud, &resource));
        let (region, mut components) = match kind(resource.resource_type()) {
            Kind::Rule(rule) => {
                let region = region();
                let nowhere = Region { name: String::new(), origin: RegionOrigin::Assumed };
                let mut bill = Bill::new(region.as_ref().unwrap_or(&nowhere));
                rule(&resource, &mut bill);
                if bill.components.is_empty() {
                    bill.free("Nothing by itself", None);
                }
                tables.extend(&bill.tables);
                let components = bill.components;
                (region, components)
            }
            Kind::All(state, why) => {
                let region = if self.prices.are_about(resource.resource_type()) { region() } else { None };
                (region, vec![of_type(state, why)])
            }
        };
        self.prices.apply(&resource, region.as_ref(), &mut components, used);
        Some(SideCost { region, components })
    }

    /// The region of an object. A pool of AKS is where its cluster is.
    fn region(&self, cloud: Cloud, resource: &Resource<'_, 'p>) -> Region {
        let region = self.regions.region(cloud, &resource.state);
        if region.origin == RegionOrigin::Object {
            return region;
        }
        let parents: &[(&str, &[&str], &str)] = &[
            ("kubernetes_cluster_id", &["azurerm_kubernetes_cluster"], "cluster"),
            ("cluster", &["google_container_cluster"], "cluster"),
        ];
        let root = resource.root();
        let parent = parents
            .iter()
            .find_map(|(attribute, types, what)| resource.named_by(&root.get(attribute), types, what).ok());
        match parent.map(|parent| self.regions.region(cloud, &parent.state)) {
            Some(of_parent) if of_parent.origin == RegionOrigin::Object => of_parent,
            Some(_) | None => region,
        }
    }
}

/// The one component of an object of whose cost its type tells all that is known.
pub(crate) fn of_type(state: State, why: &'static str) -> Component {
    Component {
        name: Cow::Borrowed(""),
        detail: String::new(),
        service: OTHER,
        unit: Unit::Month,
        quantity: None,
        price: None,
        monthly: None,
        state,
        note: (!why.is_empty()).then(|| why.to_owned()),
        is_own_price: false,
    }
}

pub(crate) fn action(change: &ResourceChange<'_>) -> CostAction {
    let actions = &change.change.actions;
    if actions.forgets() && !actions.creates() {
        CostAction::Forget
    } else if actions.replaces().is_some() || (actions.forgets() && actions.creates()) {
        CostAction::Replace
    } else if actions.creates() {
        CostAction::Create
    } else if actions.deletes() {
        CostAction::Delete
    } else if actions.is_no_op() {
        CostAction::Keep
    } else {
        CostAction::Update
    }
}
