//! The costs of a plan for programs; `docs/cost.schema.json` describes them.

use std::collections::BTreeMap;

use planguard_cost::{Bound, CostAction, Decimal, Held, RegionOrigin, State, Sum, amount};
use planguard_plan::redact::SafeText;
use serde::Serialize;

use crate::cost::{CostView, ObjectCost, PartCost};
use crate::render::{Format, Layout, RenderError, json};

pub(super) const FORMAT: Format<CostView> =
    Format { name: "json", former: None, help: "for programs", extension: "json", render };

/// The version of the document. A new minor version adds members; a new major one changes or removes some.
const VERSION: &str = "1.2";

fn render(view: &CostView, _: Layout) -> Result<String, RenderError> {
    Ok(json::indented(&Document::of(view))?)
}

/// What a plan costs a month. Amounts are decimals in texts, so that no reader rounds them.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Document<'v> {
    /// The version of this document: major and minor.
    version: &'static str,
    /// Where the plan comes from.
    origin: &'v str,
    /// The currency.
    currency: &'v str,
    /// The sums of all objects.
    total: Sums,
    /// How many objects have parts in each state: `priced`, `estimated`, `usage_based`, `unknown_input`, `no_price`,
    /// `unsupported`, `free`.
    objects: BTreeMap<&'static str, usize>,
    /// Every object of the plan, ordered by address.
    resources: Vec<Resource<'v>>,
    /// The regions that were assumed because nothing tells them, with the number of objects.
    assumed_regions: BTreeMap<&'v str, usize>,
    /// How many deposed objects there are, which are not counted.
    deposed: usize,
    /// How many changes wait for a later plan.
    deferred: usize,
    /// How many objects of the state are not priced, because the plan has no resource changes.
    #[serde(skip_serializing_if = "is_zero")]
    not_priced: usize,
    /// Whether planning failed, or the plan does not cover all of the configuration.
    partial: bool,
    /// Prices and discounts of the user's own, and how many objects each is for.
    own_prices: Vec<OwnPrice<'v>>,
    /// Where the prices come from.
    sources: Vec<PriceSource>,
    /// Whether the amounts are those of a report of Infracost.
    imported: bool,
    /// The objects of the plan that may cost something and that the report of Infracost does not have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_in_report: Vec<&'v str>,
    /// The objects of the report of Infracost that the plan does not have; they do not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_in_plan: Vec<&'v str>,
}

const fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Two sums.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Sums {
    /// A month before the change, if that is known.
    before: Option<String>,
    /// A month after the change.
    after: String,
    /// The difference, if what was before is known.
    delta: Option<String>,
    /// The difference in percent of what was before, unless that is nothing.
    delta_percent: Option<String>,
    /// What the difference is if something is missing in it.
    delta_bound: BoundName,
    /// Whether `before` is the least, because something is missing in it.
    before_lower_bound: bool,
    /// Whether `after` is the least.
    after_lower_bound: bool,
    /// Whether something costs what is used of it, which is not in the sums.
    usage: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum BoundName {
    Exact,
    AtLeast,
    AtMost,
    Open,
}

/// An object.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Resource<'v> {
    /// Its address.
    address: &'v str,
    /// Its type.
    #[serde(rename = "type")]
    resource_type: &'v str,
    /// What is done with it.
    action: ActionName,
    /// Where it is, if prices depend on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<RegionOf<'v>>,
    /// Its sums.
    #[serde(flatten)]
    sums: Sums,
    /// The parts of its cost before the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    components_before: Option<Vec<Part<'v>>>,
    /// The parts of its cost after the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    components_after: Option<Vec<Part<'v>>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum ActionName {
    Create,
    Delete,
    Replace,
    Update,
    Keep,
    Forget,
}

/// A region.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RegionOf<'v> {
    /// Its name.
    name: &'v str,
    /// How it is known.
    known_from: KnownFrom,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum KnownFrom {
    /// The object itself.
    Object,
    /// The block of its provider.
    Provider,
    /// Another object of the same provider block.
    Sibling,
    /// Nothing.
    Assumed,
}

/// A part of a cost.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Part<'v> {
    /// What it is; absent for an object of whose cost its type tells all that is known.
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'v str,
    /// Of what kind, such as `m5.large`.
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'v str,
    /// The service, as files of prices name it.
    service: &'static str,
    /// What is known of it.
    state: &'static str,
    /// What the price is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
    /// How many of the unit a month has.
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<String>,
    /// The price of the unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    /// What it costs a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly: Option<String>,
    /// Assumptions, or what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'v str>,
    /// Whether the price is the user's own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    own_price: bool,
}

/// A price or discount of the user's own.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OwnPrice<'v> {
    /// What it says.
    text: &'v str,
    /// Its note.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'v str>,
    /// How many objects it is for.
    objects: usize,
}

/// A source of prices.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PriceSource {
    /// The public compilation.
    name: &'static str,
    /// Its licence.
    licence: &'static str,
    /// When the prices were valid.
    date: &'static str,
}

impl<'v> Document<'v> {
    fn of(view: &'v CostView) -> Self {
        let addresses = |which: fn(&Held) -> &Vec<SafeText>| -> Vec<&'v str> {
            view.held.iter().flat_map(which).map(SafeText::unescaped).collect()
        };
        Self {
            version: VERSION,
            origin: view.origin.unescaped(),
            currency: view.currency.unescaped(),
            total: sums(&view.sum),
            objects: State::ALL
                .into_iter()
                .map(|state| (state.name(), view.counts.get(&state).copied().unwrap_or_default()))
                .collect(),
            resources: view.objects.iter().map(resource).collect(),
            assumed_regions: view
                .assumed_regions
                .iter()
                .map(|(name, number)| (name.unescaped(), *number))
                .collect(),
            deposed: view.deposed,
            deferred: view.deferred,
            not_priced: view.not_priced,
            partial: view.partial,
            own_prices: view
                .own_prices
                .iter()
                .map(|entry| OwnPrice {
                    text: entry.text.unescaped(),
                    note: entry.note.as_ref().map(SafeText::unescaped),
                    objects: entry.objects,
                })
                .collect(),
            sources: view
                .sources
                .iter()
                .map(|source| PriceSource { name: source.name, licence: source.licence, date: source.date })
                .collect(),
            imported: view.is_imported,
            not_in_report: addresses(|held| &held.not_in_report),
            not_in_plan: addresses(|held| &held.not_in_plan),
        }
    }
}

fn sums(sum: &Sum) -> Sums {
    Sums {
        before: sum.before.map(amount),
        after: amount(sum.after),
        delta: sum.delta().map(amount),
        delta_percent: sum.delta_percent().map(|percent| percent.normalize().to_string()),
        delta_bound: match sum.bound {
            Bound::Exact => BoundName::Exact,
            Bound::AtLeast => BoundName::AtLeast,
            Bound::AtMost => BoundName::AtMost,
            Bound::Open => BoundName::Open,
        },
        before_lower_bound: sum.before_is_least,
        after_lower_bound: sum.after_is_least,
        usage: sum.has_usage,
    }
}

fn resource(object: &ObjectCost) -> Resource<'_> {
    Resource {
        address: object.address.unescaped(),
        resource_type: object.resource_type.unescaped(),
        action: match object.action {
            CostAction::Create => ActionName::Create,
            CostAction::Delete => ActionName::Delete,
            CostAction::Replace => ActionName::Replace,
            CostAction::Update => ActionName::Update,
            CostAction::Keep => ActionName::Keep,
            CostAction::Forget => ActionName::Forget,
        },
        region: object.region.as_ref().map(|(name, origin)| RegionOf {
            name: name.unescaped(),
            known_from: match origin {
                RegionOrigin::Object => KnownFrom::Object,
                RegionOrigin::Provider => KnownFrom::Provider,
                RegionOrigin::Sibling => KnownFrom::Sibling,
                RegionOrigin::Assumed => KnownFrom::Assumed,
            },
        }),
        sums: sums(&object.sum),
        components_before: object.before.as_deref().map(components),
        components_after: object.after.as_deref().map(components),
    }
}

fn components(parts: &[PartCost]) -> Vec<Part<'_>> {
    let exact = |number: Decimal| number.normalize().to_string();
    parts
        .iter()
        .map(|part| Part {
            name: part.name.unescaped(),
            detail: part.detail.unescaped(),
            service: part.service.name(),
            state: part.state.name(),
            unit: (part.price.is_some() || part.quantity.is_some()).then(|| part.unit.name()),
            quantity: part.quantity.map(exact),
            price: part.price.map(exact),
            monthly: part.monthly.map(amount),
            note: part.note.as_ref().map(SafeText::unescaped),
            own_price: part.is_own_price,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use planguard_cost::Prices;
    use planguard_plan::input::Document as Input;

    use super::*;
    use crate::render::json::published;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn the_schema_is_published() {
        let validator = published::schema::<Document<'_>>("cost.schema.json");
        let plan = r#"{"format_version": "1.2", "planned_values": {}, "resource_changes": [
            {"address": "aws_db_instance.a", "change": {"actions": ["create"], "before": null,
                "after": {"instance_class": "db.t3.medium", "engine": "postgres", "allocated_storage": 100}, "after_unknown": {}}},
            {"address": "x_a.b", "change": {"actions": ["no-op"], "before": {}, "after": {}, "after_unknown": {}}}]}"#;
        let view = CostView::of(&Input::from_text("plan.json", plan).unwrap(), &Prices::default()).unwrap();
        let shown = published::validates(&validator, &render(&view, PLAIN).unwrap());
        assert_eq!(shown["total"]["delta"], "52.56");
        assert_eq!(shown["total"]["delta_bound"], "at_least");
        assert_eq!(shown["resources"][0]["components_after"][1]["state"], "no_price");
        assert_eq!(shown["objects"]["unsupported"], 1);
    }
}
