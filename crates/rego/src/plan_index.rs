//! What planguard adds to the plan for policies that read it: resource changes by type and by action, and its cost.

use std::collections::BTreeMap;
use std::sync::Arc;

use planguard_plan::Actions;
use regorus::Value;
use regorus::value::Array;

use super::convention::plan_keys;
use super::plan_shape::{BY_ACTION_KEY, BY_TYPE_KEY, COST_KEY, INDEX_KEY, INDEX_SOURCE};

/// The input with the index in each plan. The index refers to the plan's own values, in their order; `cost` is in it, if
/// a policy reads that.
pub(super) fn added(input: &Value, cost: Option<&Value>) -> Value {
    let mut known = None;
    let mut input = input.clone();
    add(&mut input, cost, &mut known);
    for alias in plan_keys() {
        let mut plan = input[alias].clone();
        if add(&mut plan, cost, &mut known)
            && let Ok(input) = input.as_object_mut()
        {
            input.insert(Value::from(alias), plan);
        }
    }
    input
}

/// Adds the index to a plan. Returns whether the value is one.
fn add(plan: &mut Value, cost: Option<&Value>, known: &mut Option<(Arc<Array>, Value)>) -> bool {
    let changes = match (plan[INDEX_SOURCE].clone(), cost) {
        (Value::Array(changes), _) => changes,
        // A plan without changes costs something too: nothing.
        (Value::Undefined, Some(_)) => Arc::new(Array::default()),
        _ => return false,
    };
    let index = match known {
        Some((of, index)) if Arc::ptr_eq(of, &changes) => index.clone(),
        Some(_) | None => index(&changes, cost),
    };
    *known = Some((changes, index.clone()));
    plan.as_object_mut().map(|plan| plan.insert(Value::from(INDEX_KEY), index)).is_ok()
}

fn index(changes: &Array, cost: Option<&Value>) -> Value {
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
    let lists = [(Value::from(BY_TYPE_KEY), by_type), (Value::from(BY_ACTION_KEY), by_action)];
    let cost = cost.map(|cost| (Value::from(COST_KEY), cost.clone()));
    Value::from(lists.into_iter().chain(cost).collect::<BTreeMap<_, _>>())
}

/// The key of a change: `replace` in either order, a single verb, or all verbs joined as in `create+forget`.
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
    fn every_change_is_under_its_type_and_its_action() {
        let index = &added(&plan(), None)[INDEX_KEY];
        let numbered = |list: &[usize]| list.iter().copied().map(Value::from).collect::<Vec<_>>();
        assert_eq!(numbers(&index[BY_TYPE_KEY]["a"]), numbered(&[1, 3, 4, 5]));
        assert_eq!(numbers(&index[BY_TYPE_KEY]["b"]), numbered(&[0, 2]));
        assert_eq!(numbers(&index[BY_ACTION_KEY]["create"]), numbered(&[0]));
        assert_eq!(numbers(&index[BY_ACTION_KEY]["replace"]), numbered(&[1, 2]));
        assert_eq!(numbers(&index[BY_ACTION_KEY]["create+forget"]), numbered(&[3]));
        assert_eq!(index[BY_ACTION_KEY].as_object().unwrap().iter_sorted().count(), 3);
    }

    #[test]
    fn every_plan_in_the_input_has_the_index_and_nothing_is_copied() {
        let plan = plan();
        let input = Value::from(BTreeMap::from([(Value::from("tfplan"), plan.clone())]));
        let input = added(&input, None);
        assert_eq!(input[INDEX_KEY], Value::Undefined);
        let (Value::Object(own), Value::Object(listed)) =
            (&plan[INDEX_SOURCE][0], &input["tfplan"][INDEX_KEY][BY_TYPE_KEY]["b"][0])
        else {
            panic!("both are objects");
        };
        assert!(Arc::ptr_eq(own, listed));
    }

    #[test]
    fn a_value_that_is_not_a_plan_is_unchanged() {
        for json in ["{}", "{\"resource_changes\": null}", "{\"plan\": 1}", "[]", "1"] {
            assert_eq!(added(&value(json), None), value(json));
        }
    }

    #[test]
    fn the_cost_is_in_every_plan_also_without_changes() {
        let cost = value(r#"{"delta": 12.5}"#);
        let of = |json: &str| added(&value(json), Some(&cost));
        assert_eq!(added(&plan(), Some(&cost))[INDEX_KEY][COST_KEY], cost);
        assert_eq!(added(&plan(), None)[INDEX_KEY][COST_KEY], Value::Undefined);
        assert_eq!(of("{}")[INDEX_KEY][COST_KEY], cost);
        assert_eq!(of(r#"{"plan": {}}"#)["plan"][INDEX_KEY][COST_KEY], cost);
        assert_eq!(of("[]"), value("[]"));
    }
}
