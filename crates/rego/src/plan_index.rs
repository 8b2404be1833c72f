//! What planguard adds to the plan for policies that ask for it: resource changes by type and by action.

use std::collections::BTreeMap;
use std::sync::Arc;

use planguard_plan::Actions;
use regorus::Value;
use regorus::value::Array;

use super::convention::PLAN_ALIASES;

/// The key of the index, beside the plan's own.
pub(super) const KEY: &str = "planguard";

/// The keys in it.
pub(super) const KEYS: [&str; 2] = [BY_TYPE, BY_ACTION];

/// Resource changes by their `type`.
pub(super) const BY_TYPE: &str = "by_type";

/// Resource changes by what the plan does with them; each stands under one key.
pub(super) const BY_ACTION: &str = "by_action";

/// The keys of [`BY_ACTION`] that plans of today lead to, except for rare combinations.
pub(super) const ACTIONS: [&str; 8] =
    ["create", "delete", "forget", "no-op", "open", "read", "replace", "update"];

/// The section that the index is made of.
pub(super) const SOURCE: &str = "resource_changes";

/// An input with the index wherever a plan is in it. The index refers to the plan's own values, in their order.
pub(super) fn added(input: &Value) -> Value {
    let mut known = None;
    let mut input = input.clone();
    add(&mut input, &mut known);
    for alias in PLAN_ALIASES {
        let mut plan = input[alias].clone();
        if add(&mut plan, &mut known)
            && let Ok(input) = input.as_object_mut()
        {
            input.insert(Value::from(alias), plan);
        }
    }
    input
}

/// Adds the index to a plan, unless the value is none.
fn add(plan: &mut Value, known: &mut Option<(Arc<Array>, Value)>) -> bool {
    let Value::Array(changes) = plan[SOURCE].clone() else { return false };
    let index = match known {
        Some((of, index)) if Arc::ptr_eq(of, &changes) => index.clone(),
        Some(_) | None => index(&changes),
    };
    *known = Some((changes, index.clone()));
    plan.as_object_mut().map(|plan| plan.insert(Value::from(KEY), index)).is_ok()
}

fn index(changes: &Array) -> Value {
    let mut by_type: BTreeMap<Value, Vec<Value>> = BTreeMap::new();
    let mut by_action: BTreeMap<Value, Vec<Value>> = BTreeMap::new();
    for change in changes.iter() {
        if let of @ Value::String(_) = &change["type"] {
            by_type.entry(of.clone()).or_default().push(change.clone());
        }
        if let Some(action) = action(&change["change"]["actions"]) {
            by_action.entry(Value::from(action)).or_default().push(change.clone());
        }
    }
    let lists = |lists: BTreeMap<Value, Vec<Value>>| {
        let lists = lists.into_iter().map(|(key, list)| (key, Value::from(list)));
        Value::from(lists.collect::<BTreeMap<_, _>>())
    };
    let (by_type, by_action) = (lists(by_type), lists(by_action));
    Value::from(BTreeMap::from([(Value::from(BY_TYPE), by_type), (Value::from(BY_ACTION), by_action)]))
}

/// `replace` in either order, the verb of what has one, and else all of them: `create+forget`.
fn action(verbs: &Value) -> Option<String> {
    let Value::Array(verbs) = verbs else { return None };
    let words: Option<Vec<&str>> =
        verbs.iter().map(|verb| verb.as_string().ok().map(AsRef::as_ref)).collect();
    let words = words.filter(|words| !words.is_empty())?;
    let actions = Actions::from_words(words);
    Some(if actions.replaces().is_some() { "replace".to_owned() } else { actions.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::from_json_str(json).unwrap()
    }

    fn plan() -> Value {
        let change = |of: &str, number: usize, actions: &str| {
            format!(r#"{{"type": "{of}", "n": {number}, "change": {{"actions": {actions}}}}}"#)
        };
        let changes = [
            change("b", 0, r#"["create"]"#),
            change("a", 1, r#"["delete", "create"]"#),
            change("b", 2, r#"["create", "delete"]"#),
            change("a", 3, r#"["create", "forget"]"#),
            change("a", 4, "[]"),
            change("a", 5, "null"),
            r#"{"n": 6}"#.to_owned(),
            "7".to_owned(),
        ];
        value(&format!("{{\"resource_changes\": [{}]}}", changes.join(",")))
    }

    fn numbers(list: &Value) -> Vec<Value> {
        list.as_array().unwrap().iter().map(|change| change["n"].clone()).collect()
    }

    #[test]
    fn every_change_stands_under_its_type_and_its_action() {
        let index = &added(&plan())[KEY];
        let numbered = |list: &[usize]| list.iter().copied().map(Value::from).collect::<Vec<_>>();
        assert_eq!(numbers(&index[BY_TYPE]["a"]), numbered(&[1, 3, 4, 5]));
        assert_eq!(numbers(&index[BY_TYPE]["b"]), numbered(&[0, 2]));
        assert_eq!(numbers(&index[BY_ACTION]["create"]), numbered(&[0]));
        assert_eq!(numbers(&index[BY_ACTION]["replace"]), numbered(&[1, 2]));
        assert_eq!(numbers(&index[BY_ACTION]["create+forget"]), numbered(&[3]));
        assert_eq!(index[BY_ACTION].as_object().unwrap().iter_sorted().count(), 3);
    }

    #[test]
    fn aliases_of_the_plan_have_it_too_and_nothing_is_copied() {
        let plan = plan();
        let input = Value::from(BTreeMap::from([(Value::from("tfplan"), plan.clone())]));
        let input = added(&input);
        assert_eq!(input[KEY], Value::Undefined);
        let (Value::Object(own), Value::Object(listed)) =
            (&plan[SOURCE][0], &input["tfplan"][KEY][BY_TYPE]["b"][0])
        else {
            panic!("both are objects");
        };
        assert!(Arc::ptr_eq(own, listed));
    }

    #[test]
    fn what_is_no_plan_stays_as_it_is() {
        for json in ["{}", "{\"resource_changes\": null}", "{\"plan\": 1}", "[]", "1"] {
            assert_eq!(added(&value(json)), value(json));
        }
    }
}
