//! The plan that changes nothing: what exists before apply, written as a plan of its own.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};

type Members = BTreeMap<String, Box<RawValue>>;

/// A plan in which every resource stays as it is: each `after` is the `before`, nothing is unknown, and what the plan
/// creates is left out. A rule that fails on it has failed before this plan.
///
/// Each action becomes `no-op`, so that what is wrong with an action itself, such as a deletion, is not wrong here.
/// The configuration stays that of the plan: nothing in a plan shows the previous one.
///
/// # Errors
/// The text is not the JSON of a plan.
pub fn mirrored(plan: &str) -> serde_json::Result<String> {
    let mut sections: Members = serde_json::from_str(plan)?;
    if let Some(changes) = sections.get("resource_changes") {
        let changes: Vec<Members> = serde_json::from_str(changes.get())?;
        let mirrored = changes.into_iter().filter_map(|change| unchanged(change).transpose());
        let mirrored = mirrored.collect::<serde_json::Result<Vec<Members>>>()?;
        sections.insert("resource_changes".to_owned(), to_raw_value(&mirrored)?);
    }
    let prior = sections.get("prior_state").map(|state| serde_json::from_str::<Members>(state.get()));
    let values = prior.transpose()?.and_then(|mut state| state.remove("values"));
    let values = values.map_or_else(|| RawValue::from_string(r#"{"root_module":{}}"#.to_owned()), Ok)?;
    sections.insert("planned_values".to_owned(), values);
    serde_json::to_string(&sections)
}

/// A resource change that changes nothing; `None` if nothing exists before it.
fn unchanged(mut resource: Members) -> serde_json::Result<Option<Members>> {
    let Some(change) = resource.get("change") else { return Ok(None) };
    let mut change: Members = serde_json::from_str(change.get())?;
    let Some(before) = change.get("before").filter(|before| before.get() != "null").cloned() else {
        return Ok(None);
    };
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
        serde_json::from_str(&mirrored(&plan.to_string()).unwrap()).unwrap()
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
        assert!(super::mirrored("{").is_err());
    }
}
