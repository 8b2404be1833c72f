//! Reads a cost report of Infracost, in the shape of 0.10 and in that of 2.0, into the same amounts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use miette::Diagnostic;
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

fn wrong(reason: impl Into<String>) -> InfracostError {
    InfracostError { reason: reason.into() }
}

/// Reads the text of a report.
///
/// # Errors
/// It is not JSON, or has no total.
pub fn read_infracost(text: &str) -> Result<PlanCost, InfracostError> {
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

/// The type of a resource, and what it costs before and after.
type Sides = (String, [Option<SideCost>; 2]);

/// The shape of `infracost breakdown` and `infracost diff` 0.10.
fn of_old(report: &Json) -> Result<PlanCost, InfracostError> {
    let mut sides: BTreeMap<(usize, &str), Sides> = BTreeMap::new();
    for (number, project) in elements(report, "projects").iter().enumerate() {
        for (side, breakdown) in ["pastBreakdown", "breakdown"].into_iter().enumerate() {
            let Some(breakdown) = project.get(breakdown) else { continue };
            for resource in elements(breakdown, "resources") {
                let name = text(resource, "name");
                let mut components = Vec::new();
                add_old(resource, &mut components)?;
                let entry = sides
                    .entry((number, name))
                    .or_insert_with(|| (type_of(text(resource, "resourceType"), name), [None, None]));
                if let Some(place) = entry.1.get_mut(side) {
                    *place = Some(SideCost { region: None, components });
                }
            }
        }
    }
    let resources = sides.into_iter().map(|((_, name), (resource_type, sides))| {
        let [before, after] = sides;
        resource(name, resource_type, before, after)
    });
    let past = amount(report, "pastTotalMonthlyCost")?;
    let after = amount(report, "totalMonthlyCost")?.ok_or_else(|| wrong("`totalMonthlyCost` is null"))?;
    // A report on a directory knows no past, or only the difference from another report.
    let difference = amount(report, "diffTotalMonthlyCost")?;
    let before = past.or_else(|| difference.map(|difference| after - difference));
    let unsupported = report
        .get("summary")
        .and_then(|summary| summary.get("totalUnsupportedResources"))
        .and_then(Json::as_u64)
        .unwrap_or_default();
    Ok(imported(report, resources.collect(), before, after, unsupported))
}

fn add_old(resource: &Json, components: &mut Vec<Component>) -> Result<(), InfracostError> {
    for component in elements(resource, "costComponents") {
        let flag = |key: &str| component.get(key).and_then(Json::as_bool) == Some(true);
        let monthly = amount(component, "monthlyCost")?;
        let state = match monthly {
            _ if flag("priceNotFound") => State::NoPrice,
            Some(_) => State::Priced,
            // Infracost prices all but what depends on usage.
            None => State::UsageBased,
        };
        components.push(Component {
            name: Cow::Owned(text(component, "name").to_owned()),
            detail: text(component, "unit").to_owned(),
            service: Service::Other,
            unit: Unit::Month,
            quantity: amount(component, "monthlyQuantity")?,
            price: amount(component, "price")?,
            monthly: monthly.filter(|_| state == State::Priced),
            state,
            note: None,
            is_own_price: false,
        });
    }
    for part in elements(resource, "subresources") {
        add_old(part, components)?;
    }
    Ok(())
}

/// The shape of `infracost scan --json` 2.0, which knows no past.
fn of_new(report: &Json) -> Result<PlanCost, InfracostError> {
    let mut resources = Vec::new();
    let mut unsupported = 0;
    for project in elements(report, "projects") {
        for found in elements(project, "resources") {
            let name = text(found, "name");
            let is = |key: &str| found.get(key).and_then(Json::as_bool);
            if is("is_supported") == Some(false) {
                unsupported += 1;
                continue;
            }
            let mut components = Vec::new();
            for component in elements(found, "cost_components") {
                let monthly = amount(component, "total_monthly_cost")?;
                components.push(Component {
                    name: Cow::Owned(text(component, "name").to_owned()),
                    detail: text(component, "unit").to_owned(),
                    service: Service::Other,
                    unit: Unit::Month,
                    quantity: amount(component, "quantity")?,
                    price: amount(component, "price")?,
                    monthly,
                    state: if monthly.is_some() { State::Priced } else { State::UsageBased },
                    note: None,
                    is_own_price: false,
                });
            }
            let after = SideCost { region: None, components };
            let mut resource = resource(name, type_of(text(found, "type"), name), None, Some(after));
            resource.sum.before = None;
            resource.action = CostAction::Keep;
            resources.push(resource);
        }
    }
    let summary = report.get("summary").unwrap_or(&Json::Null);
    let after = amount(summary, "total_monthly_cost")?
        .ok_or_else(|| wrong("`summary.total_monthly_cost` is null"))?;
    Ok(imported(report, resources, None, after, unsupported))
}

/// The type of an object, if need be as its address has it.
fn type_of(named: &str, address: &str) -> String {
    if !named.is_empty() {
        return named.to_owned();
    }
    let parsed = address.parse::<planguard_plan::Address>();
    parsed.map(|address| address.resource_type).unwrap_or_default()
}

fn resource(
    name: &str,
    resource_type: String,
    before: Option<SideCost>,
    after: Option<SideCost>,
) -> ResourceCost {
    let action = match (&before, &after) {
        (None, Some(_)) => CostAction::Create,
        (Some(_), None) => CostAction::Delete,
        (Some(before), Some(after)) if before == after => CostAction::Keep,
        (Some(_), Some(_)) | (None, None) => CostAction::Update,
    };
    // A report of another program is no plan.
    let address = Redactor::default().text(name);
    ResourceCost {
        block: address.clone(),
        address,
        resource_type,
        action,
        sum: sum(before.as_ref(), after.as_ref(), action),
        before,
        after,
    }
}

fn imported(
    report: &Json,
    resources: Vec<ResourceCost>,
    before: Option<Decimal>,
    after: Decimal,
    unsupported: u64,
) -> PlanCost {
    let parts = total(&resources);
    let is_least = unsupported > 0;
    let currency = match text(report, "currency") {
        "" => "USD",
        named => named,
    };
    PlanCost {
        sum: Sum {
            before: before.map(rounded),
            after: rounded(after),
            before_is_least: parts.before_is_least || is_least,
            after_is_least: parts.after_is_least || is_least,
            has_usage: parts.has_usage,
            bound: if is_least { parts.bound.and(Bound::Open) } else { parts.bound },
        },
        resources,
        deposed: 0,
        deferred: 0,
        partial: false,
        sources: BTreeSet::new(),
        own_prices: Vec::new(),
        currency: currency.to_owned(),
        is_imported: true,
        unsupported_elsewhere: usize::try_from(unsupported).unwrap_or(usize::MAX),
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
        let cost = read_infracost(OLD).unwrap();
        assert_eq!(amount(cost.sum.delta().unwrap()), "10.42");
        let [only] = cost.resources.as_slice() else { panic!("one resource") };
        assert_eq!((only.action, only.resource_type.as_str()), (CostAction::Update, "aws_instance"));
        assert_eq!(amount(only.sum.delta().unwrap()), "10.42");
        assert!(only.sum.has_usage && cost.sum.is_complete());
    }

    #[test]
    fn what_infracost_does_not_support_is_missing() {
        let cost = read_infracost(&OLD.replace(r#"Resources": 0"#, r#"Resources": 3"#)).unwrap();
        assert!(cost.sum.after_is_least);
        assert_eq!(cost.counts()[&State::Unsupported], 3);
    }

    #[test]
    fn the_new_shape_knows_no_past() {
        let report = r#"{"currency": "EUR", "summary": {"total_monthly_cost": "12.345"}, "projects": [{"resources": [
            {"name": "aws_instance.a", "type": "aws_instance", "is_supported": true, "cost_components": [
                {"name": "Instance", "price": "1", "quantity": "12", "total_monthly_cost": "12.345"}]},
            {"name": "aws_x.a", "type": "aws_x", "is_supported": false}]}]}"#;
        let cost = read_infracost(report).unwrap();
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
