//! Reads a cost report of Infracost, in the shape of 0.10 and in that of 2.0, into the same amounts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use miette::Diagnostic;
use planguard_plan::Side;
use planguard_plan::redact::Redactor;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use thiserror::Error;

use crate::amount::{parse_amount, rounded};
use crate::bill::{Component, Service, State, Unit};
use crate::plan_cost::{Bound, CostAction, PlanCost, ResourceCost, SideCost, Sum, sum, total};

/// What is wrong with a cost report.
#[derive(Clone, Debug, Error, Diagnostic)]
#[error("not a cost report of Infracost: {reason}")]
#[diagnostic(
    code("PG-CO-003"),
    help("write it with: infracost breakdown --path plan.json --format json > costs.json")
)]
pub struct InfracostError {
    /// What is missing or wrong.
    pub reason: String,
}

const NO_AMOUNT: &str = "the report of Infracost has no amount of it";

fn wrong(reason: impl Into<String>) -> InfracostError {
    InfracostError { reason: reason.into() }
}

/// A cost report of Infracost.
#[derive(Clone, Debug)]
pub struct InfracostReport {
    currency: String,
    before: Option<Decimal>,
    after: Decimal,
    /// How many objects it counts as unsupported and does not list.
    unsupported: u64,
    /// The types of objects that it counts as free.
    pub(crate) free_types: BTreeSet<String>,
    pub(crate) projects: Vec<Project>,
}

/// A part of a report: the objects of one plan or directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Project {
    pub(crate) name: String,
    /// The plan or directory that it was made of, as Infracost was told.
    pub(crate) path: String,
    /// Whether it says what the objects cost before.
    pub(crate) knows_past: bool,
    pub(crate) objects: BTreeMap<String, Object>,
    /// The objects that it lists as free.
    pub(crate) free: BTreeSet<String>,
    /// The objects that it lists as unsupported.
    pub(crate) unsupported: BTreeSet<String>,
}

/// What an object costs before and after.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    resource_type: String,
    pub(crate) before: Option<SideCost>,
    pub(crate) after: Option<SideCost>,
}

/// Reads the text of a report.
///
/// # Errors
/// It is not JSON, or has no total.
pub fn read_infracost(text: &str) -> Result<InfracostReport, InfracostError> {
    let report: Json = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if report.get("totalMonthlyCost").is_some() {
        return of_old(&report);
    }
    if report.get("summary").and_then(|summary| summary.get("total_monthly_cost")).is_some() {
        return of_new(&report);
    }
    Err(wrong("it has neither `totalMonthlyCost` nor `summary.total_monthly_cost`"))
}

/// An amount, which the report has as a text, a number or null.
fn amount(object: &Json, key: &str) -> Result<Option<Decimal>, InfracostError> {
    let text = match object.get(key) {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::Bool(_) | Json::Array(_) | Json::Object(_)) => {
            return Err(wrong(format!("`{key}` is not a number")));
        }
    };
    // More than anyone pays; sums of such amounts still fit.
    let most = Decimal::from(1_000_000_000_000_000_u64);
    let parsed = parse_amount(&text).filter(|number| number.abs() <= most);
    parsed.map(Some).ok_or_else(|| wrong(format!("`{key}` is not a number")))
}

fn text<'j>(object: &'j Json, key: &str) -> &'j str {
    object.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn elements<'j>(object: &'j Json, key: &str) -> &'j [Json] {
    object.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

impl Project {
    fn named(project: &Json, knows_past: bool) -> Self {
        let path = project.get("metadata").map(|metadata| text(metadata, "path")).unwrap_or_default();
        Self { name: text(project, "name").to_owned(), path: path.to_owned(), knows_past, ..Self::default() }
    }

    /// The side of an object that the report lists, which has no components yet.
    fn side(&mut self, name: &str, named_type: &str, side: Side) -> &mut SideCost {
        let object = self.objects.entry(name.to_owned()).or_insert_with(|| Object {
            resource_type: type_of(named_type, name),
            before: None,
            after: None,
        });
        let place = match side {
            Side::Before => &mut object.before,
            Side::After => &mut object.after,
        };
        place.get_or_insert_with(|| SideCost { region: None, components: Vec::new() })
    }
}

/// The shape of `infracost breakdown` and `infracost diff` 0.10.
fn of_old(report: &Json) -> Result<InfracostReport, InfracostError> {
    let mut projects = Vec::new();
    for found in elements(report, "projects") {
        let knows_past = found.get("pastBreakdown").is_some_and(|past| !past.is_null());
        let mut project = Project::named(found, knows_past);
        for (side, breakdown) in [(Side::Before, "pastBreakdown"), (Side::After, "breakdown")] {
            let Some(breakdown) = found.get(breakdown) else { continue };
            for resource in elements(breakdown, "resources") {
                let mut components = Vec::new();
                add_old(resource, &mut components)?;
                // Without its parts, its sum is what is known of it.
                if let ([], Some(monthly)) = (components.as_slice(), amount(resource, "monthlyCost")?) {
                    components.push(component("", "", State::Priced, Some(monthly)));
                }
                let nothing = components.is_empty().then(no_amount);
                let place = project.side(text(resource, "name"), text(resource, "resourceType"), side);
                // A name that is there twice costs both.
                place.components.extend(components.into_iter().chain(nothing));
            }
            let free = elements(breakdown, "freeResources").iter();
            project.free.extend(free.map(|resource| text(resource, "name").to_owned()));
        }
        projects.push(project);
    }
    let past = amount(report, "pastTotalMonthlyCost")?;
    let after = amount(report, "totalMonthlyCost")?.ok_or_else(|| wrong("`totalMonthlyCost` is null"))?;
    // A report on a directory knows no past, or only the difference from another report.
    let difference = amount(report, "diffTotalMonthlyCost")?;
    let summary = report.get("summary").unwrap_or(&Json::Null);
    let free_types = summary.get("noPriceResourceCounts").and_then(Json::as_object);
    Ok(InfracostReport {
        currency: text(report, "currency").to_owned(),
        before: past.or_else(|| difference.map(|difference| after - difference)),
        after,
        unsupported: summary.get("totalUnsupportedResources").and_then(Json::as_u64).unwrap_or_default(),
        free_types: free_types.into_iter().flat_map(|types| types.keys().cloned()).collect(),
        projects,
    })
}

/// What an object has of which the report lists no amount, and does not say that it is free.
fn no_amount() -> Component {
    let note = Some(NO_AMOUNT.to_owned());
    Component { note, ..component("", "", State::Unsupported, None) }
}

/// Whether the report lists the object without any amount.
pub(crate) fn is_without_amount(side: &SideCost) -> bool {
    side.components.iter().all(|part| part.state == State::Unsupported)
}

/// A component of which the report tells nothing more.
fn component(name: &str, detail: &str, state: State, monthly: Option<Decimal>) -> Component {
    Component {
        name: Cow::Owned(name.to_owned()),
        detail: detail.to_owned(),
        service: Service::Other,
        unit: Unit::Month,
        quantity: None,
        price: None,
        monthly,
        state,
        note: None,
        is_own_price: false,
    }
}

fn add_old(resource: &Json, components: &mut Vec<Component>) -> Result<(), InfracostError> {
    for found in elements(resource, "costComponents") {
        let flag = |key: &str| found.get(key).and_then(Json::as_bool) == Some(true);
        let monthly = amount(found, "monthlyCost")?;
        let state = match monthly {
            _ if flag("priceNotFound") => State::NoPrice,
            Some(_) => State::Priced,
            // Infracost prices all but what depends on usage, of which it does not know how much there is.
            None if is_usage(found) => State::UsageBased,
            None => State::NoPrice,
        };
        let note = (state == State::NoPrice).then(|| NO_AMOUNT.to_owned());
        let monthly = monthly.filter(|_| state == State::Priced);
        components.push(Component {
            quantity: amount(found, "monthlyQuantity")?,
            price: amount(found, "price")?,
            note,
            ..component(text(found, "name"), text(found, "unit"), state, monthly)
        });
    }
    for part in elements(resource, "subresources") {
        add_old(part, components)?;
    }
    Ok(())
}

/// Whether a component without an amount costs what is used of it: it is marked so, or nothing says how much there is.
fn is_usage(found: &Json) -> bool {
    let quantity = found.get("monthlyQuantity").or_else(|| found.get("quantity"));
    match found.get("usageBased").and_then(Json::as_bool) {
        Some(is_marked) => is_marked,
        None => quantity.is_none_or(Json::is_null),
    }
}

/// The shape of `infracost scan --json` 2.0, which knows no past.
fn of_new(report: &Json) -> Result<InfracostReport, InfracostError> {
    let mut projects = Vec::new();
    for found in elements(report, "projects") {
        let mut project = Project::named(found, false);
        for resource in elements(found, "resources") {
            let name = text(resource, "name");
            if resource.get("is_supported").and_then(Json::as_bool) == Some(false) {
                project.unsupported.insert(name.to_owned());
                continue;
            }
            let listed = elements(resource, "cost_components");
            if listed.is_empty() && resource.get("is_free").and_then(Json::as_bool) == Some(true) {
                project.free.insert(name.to_owned());
                continue;
            }
            let mut components = Vec::new();
            for found in listed {
                let monthly = amount(found, "total_monthly_cost")?;
                let state = match monthly {
                    Some(_) => State::Priced,
                    None if is_usage(found) => State::UsageBased,
                    None => State::NoPrice,
                };
                components.push(Component {
                    quantity: amount(found, "quantity")?,
                    price: amount(found, "price")?,
                    note: (state == State::NoPrice).then(|| NO_AMOUNT.to_owned()),
                    ..component(text(found, "name"), text(found, "unit"), state, monthly)
                });
            }
            let nothing = components.is_empty().then(no_amount);
            components.extend(nothing);
            project.side(name, text(resource, "type"), Side::After).components.extend(components);
        }
        projects.push(project);
    }
    let summary = report.get("summary").unwrap_or(&Json::Null);
    let after = amount(summary, "total_monthly_cost")?
        .ok_or_else(|| wrong("`summary.total_monthly_cost` is null"))?;
    let unsupported = projects.iter().map(|project| project.unsupported.len()).sum::<usize>();
    Ok(InfracostReport {
        currency: text(report, "currency").to_owned(),
        before: None,
        after,
        unsupported: u64::try_from(unsupported).unwrap_or(u64::MAX),
        free_types: BTreeSet::new(),
        projects,
    })
}

/// The type of an object, if need be as its address has it.
fn type_of(named: &str, address: &str) -> String {
    if !named.is_empty() {
        return named.to_owned();
    }
    let parsed = address.parse::<planguard_plan::Address>();
    parsed.map(|address| address.resource_type).unwrap_or_default()
}

impl InfracostReport {
    /// The currency of all amounts.
    pub(crate) fn currency(&self) -> &str {
        if self.currency.is_empty() { "USD" } else { &self.currency }
    }

    /// Whether it says that anything costs something.
    pub(crate) fn has_costs(&self) -> bool {
        !self.after.is_zero() || self.before.is_some_and(|before| !before.is_zero())
    }

    /// The whole report, with the sums that it has itself.
    pub fn whole(&self) -> PlanCost {
        let resources: Vec<ResourceCost> = self.projects.iter().flat_map(Project::resources).collect();
        let parts = total(&resources);
        // Each object may be rounded to a cent of its own.
        let rounding = Decimal::new(1, 2).saturating_mul(Decimal::from(resources.len() + 1));
        let listed = Some(parts.after).filter(|listed| (*listed - self.after).abs() > rounding);
        let is_least = self.unsupported > 0 || listed.is_some();
        PlanCost {
            sum: Sum {
                before: self.before.map(rounded),
                after: rounded(self.after),
                before_is_least: parts.before_is_least || is_least,
                after_is_least: parts.after_is_least || is_least,
                has_usage: parts.has_usage,
                bound: if is_least { parts.bound.and(Bound::Open) } else { parts.bound },
            },
            resources,
            deposed: 0,
            deferred: 0,
            not_priced: 0,
            partial: false,
            sources: BTreeSet::new(),
            own_prices: Vec::new(),
            currency: self.currency().to_owned(),
            is_imported: true,
            unsupported_elsewhere: usize::try_from(self.unsupported).unwrap_or(usize::MAX),
            listed: listed.map(rounded),
            held: None,
        }
    }
}

impl Project {
    fn resources(&self) -> impl Iterator<Item = ResourceCost> {
        self.objects.iter().map(|(name, object)| {
            let (before, after) = (object.before.clone(), object.after.clone());
            let action = match (&before, &after) {
                _ if !self.knows_past => CostAction::Keep,
                (None, Some(_)) => CostAction::Create,
                (Some(_), None) => CostAction::Delete,
                (Some(before), Some(after)) if before == after => CostAction::Keep,
                (Some(_), Some(_)) | (None, None) => CostAction::Update,
            };
            let mut sum = sum(before.as_ref(), after.as_ref(), action);
            if !self.knows_past {
                sum.before = None;
            }
            // A report of another program is no plan.
            let address = Redactor::default().text(name);
            let resource_type = object.resource_type.clone();
            ResourceCost { block: address.clone(), address, resource_type, action, sum, before, after }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount;

    const OLD: &str = r#"{"version": "0.2", "currency": "USD", "totalMonthlyCost": "80.5", "pastTotalMonthlyCost": "70.08",
        "diffTotalMonthlyCost": "10.42", "summary": {"totalUnsupportedResources": 0}, "projects": [{"name": "p",
        "pastBreakdown": {"resources": [{"name": "aws_instance.a", "resourceType": "aws_instance", "monthlyCost": "70.08",
            "costComponents": [{"name": "Instance", "unit": "hours", "monthlyQuantity": "730", "price": "0.096", "monthlyCost": "70.08"}]}]},
        "breakdown": {"resources": [{"name": "aws_instance.a", "resourceType": "aws_instance", "monthlyCost": "80.5",
            "costComponents": [{"name": "Instance", "unit": "hours", "monthlyQuantity": "730", "price": "0.096", "monthlyCost": "70.08"},
                {"name": "Requests", "unit": "1M", "monthlyQuantity": null, "price": "0.2", "monthlyCost": null, "usageBased": true}],
            "subresources": [{"name": "root_block_device", "costComponents": [
                {"name": "Storage", "unit": "GB", "monthlyQuantity": "100", "price": "0.1042", "monthlyCost": "10.42"}]}]}]}}]}"#;

    #[test]
    fn the_old_shape_has_both_sides() {
        let cost = read_infracost(OLD).unwrap().whole();
        assert_eq!(amount(cost.sum.delta().unwrap()), "10.42");
        let [only] = cost.resources.as_slice() else { panic!("one resource") };
        assert_eq!((only.action, only.resource_type.as_str()), (CostAction::Update, "aws_instance"));
        assert_eq!(amount(only.sum.delta().unwrap()), "10.42");
        assert!(only.sum.has_usage && cost.sum.is_complete());
    }

    #[test]
    fn what_infracost_does_not_support_is_missing() {
        let cost = read_infracost(&OLD.replace(r#"Resources": 0"#, r#"Resources": 3"#)).unwrap().whole();
        assert!(cost.sum.after_is_least);
        assert_eq!(cost.counts()[&State::Unsupported], 3);
    }

    #[test]
    fn a_total_that_is_not_that_of_its_objects_is_told() {
        assert_eq!(read_infracost(OLD).unwrap().whole().listed, None);
        let other = read_infracost(&OLD.replacen(r#""80.5""#, r#""9999""#, 1)).unwrap().whole();
        assert_eq!(other.listed.map(amount).as_deref(), Some("80.50"));
        assert_eq!(other.sum.bound, Bound::Open);
    }

    #[test]
    fn an_object_without_an_amount_is_not_free() {
        let old = |object: &str| {
            format!(
                r#"{{"totalMonthlyCost": "0", "pastTotalMonthlyCost": "0", "projects": [{{"pastBreakdown": {{"resources": []}},
                "breakdown": {{"resources": [{{"name": "aws_instance.a"{object}}}]}}}}]}}"#
            )
        };
        let new = |object: &str| {
            format!(
                r#"{{"summary": {{"total_monthly_cost": "0"}}, "projects": [{{"resources": [
                {{"name": "aws_instance.a", "is_supported": true{object}}}]}}]}}"#
            )
        };
        for (report, state) in [
            (old(""), State::Unsupported),
            (old(r#", "monthlyCost": null"#), State::Unsupported),
            (old(r#", "monthlyCost": null, "costComponents": [], "subresources": []"#), State::Unsupported),
            (
                old(r#", "subresources": [{"name": "root_block_device", "monthlyCost": null}]"#),
                State::Unsupported,
            ),
            (
                old(
                    r#", "costComponents": [{"name": "Hours", "monthlyQuantity": "730", "monthlyCost": null}]"#,
                ),
                State::NoPrice,
            ),
            (new(r#", "is_free": false"#), State::Unsupported),
            (new(r#", "is_free": false, "cost_components": []"#), State::Unsupported),
            (new(r#", "cost_components": [{"name": "Hours", "quantity": "730"}]"#), State::NoPrice),
        ] {
            let cost = read_infracost(&report).unwrap().whole();
            assert_eq!(cost.counts().keys().copied().collect::<Vec<_>>(), [state], "{report}");
            assert!(cost.sum.after_is_least, "{report}");
            assert!(report.contains("summary") || cost.sum.bound == Bound::AtLeast, "{report}");
        }
        let usage =
            r#", "costComponents": [{"name": "Requests", "monthlyQuantity": null, "monthlyCost": null}]"#;
        assert!(read_infracost(&old(usage)).unwrap().whole().sum.is_complete());
        let free = read_infracost(&new(r#", "is_free": true, "cost_components": []"#)).unwrap().whole();
        assert!(!free.sum.after_is_least);
    }

    #[test]
    fn the_new_shape_knows_no_past() {
        let report = r#"{"currency": "EUR", "summary": {"total_monthly_cost": "12.345"}, "projects": [{"resources": [
            {"name": "aws_instance.a", "type": "aws_instance", "is_supported": true, "cost_components": [
                {"name": "Instance", "price": "1", "quantity": "12", "total_monthly_cost": "12.345"}]},
            {"name": "aws_x.a", "type": "aws_x", "is_supported": false}]}]}"#;
        let cost = read_infracost(report).unwrap().whole();
        assert_eq!((amount(cost.sum.after).as_str(), cost.currency.as_str()), ("12.35", "EUR"));
        assert_eq!((cost.sum.before, cost.sum.delta(), cost.sum.delta_percent()), (None, None, None));
        assert!(!cost.sum.is_complete());
    }

    #[test]
    fn other_documents_are_refused() {
        for text in [
            "{",
            "[]",
            "{}",
            r#"{"totalMonthlyCost": "NaN"}"#,
            r#"{"totalMonthlyCost": null}"#,
            r#"{"totalMonthlyCost": {}}"#,
            r#"{"totalMonthlyCost": "1e25"}"#,
            r#"{"summary": {"total_monthly_cost": null}}"#,
            r#"{"totalMonthlyCost": "1", "projects": [{"breakdown": {"resources": [{"costComponents": [{"price": []}]}]}}]}"#,
        ] {
            assert!(read_infracost(text).is_err(), "{text}");
        }
        assert!(read_infracost(r#"{"totalMonthlyCost": "1"}"#).is_ok());
    }
}
