//! The plan that changes nothing: what exists before apply, written as a plan of its own.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};

type Members = BTreeMap<String, Box<RawValue>>;

/// A plan in which every resource stays as it is: each `after` is the `before`, nothing is unknown, and what the plan
/// creates is left out. A rule that fails on it has failed before this plan.
///
/// An attribute that somebody changed outside of Terraform, as `by_hand` tells of an address and an attribute, is as
/// Terraform last knew it: the plan that keeps the change is the first that brings it.
///
/// Each action becomes `no-op`, so that what is wrong with an action itself, such as a deletion, is not wrong here.
/// The configuration stays that of the plan: nothing in a plan shows the previous one.
///
/// # Errors
/// The text is not the JSON of a plan.
pub fn mirrored(plan: &str, by_hand: impl Fn(&str, &str) -> bool) -> serde_json::Result<String> {
    let mut sections: Members = serde_json::from_str(plan)?;
    let known = last_known(sections.get("resource_drift").map(AsRef::as_ref), by_hand)?;
    if let Some(changes) = sections.get("resource_changes") {
        let changes: Vec<Members> = serde_json::from_str(changes.get())?;
        let mirrored = changes.into_iter().filter_map(|change| unchanged(change, &known).transpose());
        let mirrored = mirrored.collect::<serde_json::Result<Vec<Members>>>()?;
        sections.insert("resource_changes".to_owned(), to_raw_value(&mirrored)?);
    }
    let prior = sections.get("prior_state").map(|state| serde_json::from_str::<Members>(state.get()));
    let values = prior.transpose()?.and_then(|mut state| state.remove("values"));
    let values = match values {
        Some(values) if !known.is_empty() => Some(state_as_known(&values, &known)?),
        values => values,
    };
    let values = values.map_or_else(|| RawValue::from_string(r#"{"root_module":{}}"#.to_owned()), Ok)?;
    sections.insert("planned_values".to_owned(), values);
    serde_json::to_string(&sections)
}

/// What Terraform last knew of the attributes that somebody changed, by the address of the object.
type LastKnown = BTreeMap<String, Members>;

fn last_known(
    drift: Option<&RawValue>,
    by_hand: impl Fn(&str, &str) -> bool,
) -> serde_json::Result<LastKnown> {
    #[derive(serde::Deserialize)]
    struct Drift {
        address: String,
        deposed: Option<String>,
        change: DriftChange,
    }
    #[derive(serde::Deserialize)]
    struct DriftChange {
        before: Option<Members>,
    }
    let drift: Vec<Drift> = drift.map_or(Ok(Vec::new()), |drift| serde_json::from_str(drift.get()))?;
    let objects = drift.into_iter().filter(|drift| drift.deposed.is_none()).filter_map(|drift| {
        let mut before = drift.change.before?;
        before.retain(|attribute, _| by_hand(&drift.address, attribute));
        (!before.is_empty()).then_some((drift.address, before))
    });
    Ok(objects.collect())
}

/// The values of a state, or of a module in it, with what Terraform last knew.
fn state_as_known(values: &RawValue, known: &LastKnown) -> serde_json::Result<Box<RawValue>> {
    let mut values: Members = serde_json::from_str(values.get())?;
    if let Some(root) = values.get("root_module") {
        let root = state_as_known(root, known)?;
        values.insert("root_module".to_owned(), root);
    }
    if let Some(modules) = values.get("child_modules") {
        let modules: Vec<Box<RawValue>> = serde_json::from_str(modules.get())?;
        let modules = modules.iter().map(|module| state_as_known(module, known));
        values.insert(
            "child_modules".to_owned(),
            to_raw_value(&modules.collect::<serde_json::Result<Vec<_>>>()?)?,
        );
    }
    if let Some(resources) = values.get("resources") {
        let mut resources: Vec<Members> = serde_json::from_str(resources.get())?;
        for resource in &mut resources {
            let Some(own) = text(resource, "address").and_then(|address| known.get(&address)) else {
                continue;
            };
            let Some(attributes) = resource.get("values").filter(|values| values.get() != "null") else {
                continue;
            };
            let attributes = with(attributes, own)?;
            resource.insert("values".to_owned(), attributes);
        }
        values.insert("resources".to_owned(), to_raw_value(&resources)?);
    }
    to_raw_value(&values)
}

/// An object with some of its attributes replaced.
fn with(object: &RawValue, attributes: &Members) -> serde_json::Result<Box<RawValue>> {
    let mut members: Members = serde_json::from_str(object.get())?;
    members.extend(attributes.iter().map(|(name, value)| (name.clone(), value.clone())));
    to_raw_value(&members)
}

/// The text of a member of an object.
fn text(object: &Members, name: &str) -> Option<String> {
    serde_json::from_str(object.get(name)?.get()).ok()
}

/// A resource change that changes nothing; `None` if nothing exists before it.
fn unchanged(mut resource: Members, known: &LastKnown) -> serde_json::Result<Option<Members>> {
    let Some(change) = resource.get("change") else { return Ok(None) };
    let mut change: Members = serde_json::from_str(change.get())?;
    let Some(before) = change.get("before").filter(|before| before.get() != "null").cloned() else {
        return Ok(None);
    };
    let own = ["address", "previous_address"]
        .iter()
        .find_map(|name| known.get(&text(&resource, name)?))
        .filter(|_| !resource.contains_key("deposed"));
    let before = match own {
        Some(own) => with(&before, own)?,
        None => before,
    };
    change.insert("before".to_owned(), before.clone());
    change.insert("after".to_owned(), before);
    if let Some(sensitive) = change.get("before_sensitive").cloned() {
        change.insert("after_sensitive".to_owned(), sensitive);
    }
    change.insert("after_unknown".to_owned(), RawValue::from_string("{}".to_owned())?);
    change.insert("actions".to_owned(), RawValue::from_string(r#"["no-op"]"#.to_owned())?);
    change.remove("replace_paths");
    change.remove("importing");
    resource.insert("change".to_owned(), to_raw_value(&change)?);
    resource.remove("action_reason");
    resource.remove("previous_address");
    Ok(Some(resource))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn mirror(plan: &Value) -> Value {
        serde_json::from_str(&mirrored(&plan.to_string(), |_, _| false).unwrap()).unwrap()
    }

    #[test]
    fn every_resource_stays_as_it_is_and_creations_are_left_out() {
        let change = |name: &str, actions: Value, before: Value, after: Value| {
            json!({"address": name, "change": {"actions": actions, "before": before, "after": after,
                "after_unknown": {"id": true}, "before_sensitive": {"p": true}, "after_sensitive": false}})
        };
        let plan = json!({
            "format_version": "1.2",
            "prior_state": {"values": {"root_module": {"resources": [1]}}},
            "planned_values": {"root_module": {"resources": [2]}},
            "resource_changes": [
                change("a.new", json!(["create"]), json!(null), json!({"x": 1})),
                change("a.updated", json!(["update"]), json!({"x": 1.10}), json!({"x": 2})),
                change("a.deleted", json!(["delete"]), json!({"x": 3}), json!(null)),
            ],
        });
        let mirrored = mirror(&plan);
        let changes = mirrored["resource_changes"].as_array().unwrap();
        assert_eq!(changes.len(), 2);
        for (change, before) in changes.iter().zip([json!({"x": 1.10}), json!({"x": 3})]) {
            assert_eq!(change["change"]["before"], before);
            assert_eq!(change["change"]["after"], before);
            assert_eq!(change["change"]["actions"], json!(["no-op"]));
            assert_eq!(change["change"]["after_unknown"], json!({}));
            assert_eq!(change["change"]["after_sensitive"], json!({"p": true}));
        }
        assert_eq!(mirrored["planned_values"], json!({"root_module": {"resources": [1]}}));
        assert_eq!(mirrored["format_version"], "1.2");
    }

    #[test]
    fn without_a_previous_state_nothing_is_planned() {
        let mirrored = mirror(&json!({"planned_values": {"root_module": {"resources": [2]}}}));
        assert_eq!(mirrored["planned_values"], json!({"root_module": {}}));
        assert!(super::mirrored("{", |_, _| false).is_err());
    }

    #[test]
    fn what_was_changed_by_hand_is_as_terraform_last_knew_it() {
        let group = |ports: Value, tags: Value| json!({"ports": ports, "tags": tags});
        let now = group(json!([22, 443]), json!({"a": "b"}));
        let plan = json!({
            "resource_drift": [{"address": "a.x", "change": {"actions": ["update"],
                "before": group(json!([443]), json!({})), "after": now}}],
            "resource_changes": [{"address": "a.x", "change": {"actions": ["no-op"], "before": now, "after": now}},
                {"address": "a.y", "change": {"actions": ["no-op"], "before": now, "after": now}}],
            "prior_state": {"values": {"root_module": {"child_modules": [{"resources":
                [{"address": "a.x", "values": now}, {"address": "a.y", "values": now}]}]}}},
        });
        let by_hand = |address: &str, attribute: &str| address == "a.x" && attribute == "ports";
        let mirrored: Value = serde_json::from_str(&mirrored(&plan.to_string(), by_hand).unwrap()).unwrap();
        let known = group(json!([443]), json!({"a": "b"}));
        for (position, expected) in [&known, &now].into_iter().enumerate() {
            let change = &mirrored["resource_changes"][position]["change"];
            assert_eq!((&change["before"], &change["after"]), (expected, expected));
            let module = &mirrored["planned_values"]["root_module"]["child_modules"][0];
            assert_eq!(&module["resources"][position]["values"], expected);
        }
    }
}
