//! What policies know of the cost of a plan: `input.planguard.cost`.
//!
//! `COST` in `crates/rego/src/plan_shape.rs` has the same keys, so that mistakes in policies are found.

use std::collections::BTreeMap;

use planguard_cost::{Decimal, PlanCost, ResourceCost, SideCost, Sum, amount};
use serde::Serialize;
use serde_json::value::RawValue;

/// The costs of a plan as a JSON object, in numbers of whole cents.
///
/// # Errors
/// A number of it cannot be written as one of JSON.
pub fn policy_input(cost: &PlanCost) -> Result<String, serde_json::Error> {
    let sum = &cost.sum;
    let resources =
        cost.resources.iter().map(|resource| (resource.address.unescaped(), Resource::of(resource)));
    let mut unknown: Vec<Unpriced<'_>> = cost.resources.iter().flat_map(unpriced).collect();
    if cost.unsupported_elsewhere > 0 {
        unknown.push(Unpriced {
            address: "",
            component: "",
            state: "unsupported",
            reason: "Infracost does not support it, and does not name it",
        });
    }
    if cost.deferred > 0 || cost.partial {
        unknown.push(Unpriced {
            address: "",
            component: "",
            state: "unknown_input",
            reason: "the plan does not tell all that it changes",
        });
    }
    serde_json::to_string(&Document {
        currency: &cost.currency,
        sums: Sums::of(sum)?,
        imported: cost.is_imported,
        unknown,
        resources: resources.map(|(address, resource)| Ok((address, resource?))).collect::<Result<_, _>>()?,
    })
}

#[derive(Serialize)]
struct Document<'c> {
    currency: &'c str,
    #[serde(flatten)]
    sums: Sums,
    imported: bool,
    unknown: Vec<Unpriced<'c>>,
    resources: BTreeMap<&'c str, Resource<'c>>,
}

/// Two sums; what is not known is null.
#[derive(Serialize)]
struct Sums {
    before: Option<Box<RawValue>>,
    after: Box<RawValue>,
    delta: Option<Box<RawValue>>,
    delta_percent: Option<Box<RawValue>>,
    delta_bound: &'static str,
    before_lower_bound: bool,
    after_lower_bound: bool,
    complete: bool,
    usage: bool,
}

#[derive(Serialize)]
struct Resource<'c> {
    r#type: &'c str,
    action: &'static str,
    region: Option<&'c str>,
    #[serde(flatten)]
    sums: Sums,
    unknown: Vec<Unpriced<'c>>,
}

/// A part of a cost that is missing in the sums.
#[derive(Serialize)]
struct Unpriced<'c> {
    address: &'c str,
    component: &'c str,
    state: &'static str,
    reason: &'c str,
}

impl Sums {
    fn of(sum: &Sum) -> Result<Self, serde_json::Error> {
        let cents = |number: Decimal| RawValue::from_string(amount(number));
        let plain = |number: Decimal| RawValue::from_string(number.normalize().to_string());
        Ok(Self {
            before: sum.before.map(cents).transpose()?,
            after: cents(sum.after)?,
            delta: sum.delta().map(cents).transpose()?,
            // Of what is only the least nothing is a percentage.
            delta_percent: sum.delta_percent().filter(|_| !sum.before_is_least).map(plain).transpose()?,
            delta_bound: sum.bound.name(),
            before_lower_bound: sum.before_is_least,
            after_lower_bound: sum.after_is_least,
            complete: sum.is_complete(),
            usage: sum.has_usage,
        })
    }
}

impl<'c> Resource<'c> {
    fn of(resource: &'c ResourceCost) -> Result<Self, serde_json::Error> {
        let region = resource.side().and_then(|side| side.region.as_ref());
        Ok(Self {
            r#type: &resource.resource_type,
            action: resource.action.name(),
            region: region.map(|region| region.name.as_str()),
            sums: Sums::of(&resource.sum)?,
            unknown: unpriced(resource).collect(),
        })
    }
}

/// The parts of an object without an amount, on the side that it ends on.
fn unpriced(resource: &ResourceCost) -> impl Iterator<Item = Unpriced<'_>> {
    let parts = resource.side().into_iter().flat_map(|side: &SideCost| &side.components);
    parts.filter(|part| part.state.is_open()).map(|part| Unpriced {
        address: resource.address.unescaped(),
        component: &part.name,
        state: part.state.name(),
        reason: part.note.as_deref().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use planguard_cost::Prices;
    use planguard_plan::Plan;
    use serde_json::{Value, json};

    use super::*;

    fn input(changes: &str) -> Value {
        let text = format!(r#"{{"format_version": "1.2", "resource_changes": [{changes}]}}"#);
        let cost = PlanCost::of(&Plan::parse(&text).unwrap(), &Prices::default());
        serde_json::from_str(&policy_input(&cost).unwrap()).unwrap()
    }

    const DATABASE: &str = r#"{"address": "aws_db_instance.a", "change": {"actions": ["create"], "before": null, "after_unknown": {},
        "after": {"instance_class": "db.t3.medium", "engine": "postgres", "allocated_storage": 100, "region": "us-east-1"}}}"#;

    #[test]
    fn amounts_are_numbers_and_what_is_unknown_is_named() {
        let found = input(DATABASE);
        assert_eq!(found["after"], json!(52.56));
        assert_eq!(
            (&found["before"], &found["delta"], &found["delta_percent"]),
            (&json!(0.0), &json!(52.56), &Value::Null)
        );
        assert_eq!((&found["delta_bound"], &found["complete"]), (&json!("at_least"), &json!(false)));
        assert_eq!(found["unknown"][0]["address"], "aws_db_instance.a");
        assert_eq!(found["unknown"][0]["component"], "Storage");
        assert_eq!(found["unknown"][0]["state"], "no_price");
        let of_one = &found["resources"]["aws_db_instance.a"];
        assert_eq!((&of_one["region"], &of_one["action"]), (&json!("us-east-1"), &json!("create")));
        assert_eq!(of_one["unknown"], found["unknown"]);
    }

    #[test]
    fn a_plan_without_changes_costs_nothing() {
        let nothing = input("");
        assert_eq!((&nothing["delta"], &nothing["complete"]), (&json!(0.0), &json!(true)));
        assert_eq!(nothing["resources"], json!({}));
    }

    /// The lint of policies knows the same keys.
    #[test]
    fn the_shape_of_the_input_has_every_key() {
        let sorted = |value: &Value| {
            let keys = value.as_object().unwrap().keys().cloned();
            keys.collect::<std::collections::BTreeSet<_>>()
        };
        let known = |node: &planguard_rego::plan_shape::Node| node.keys().map(str::to_owned).collect();
        let found = input(DATABASE);
        assert_eq!(sorted(&found), known(&planguard_rego::plan_shape::COST));
        let of_one = &found["resources"]["aws_db_instance.a"];
        assert_eq!(sorted(of_one), known(&planguard_rego::plan_shape::COST_OF_RESOURCE));
        assert_eq!(sorted(&of_one["unknown"][0]), known(&planguard_rego::plan_shape::UNPRICED));
    }
}
