//! Puts marks into a plan where its values are known only after apply.

use std::collections::BTreeMap;

use planguard_plan::{AttributePath, Holds, Owner, PathStep, Plan, UnknownValue};
use regorus::Value;

use super::marks::{Doubt, Marks, Stands};

/// The plan with a mark for each unknown value, in `resource_changes` and in `planned_values`.
pub(super) fn plan(
    value: &Value,
    plan: &Plan<'_>,
    unknown: &[(usize, &UnknownValue)],
    marks: &Marks,
) -> Value {
    let mut value = value.clone();
    let mut of_changes: BTreeMap<usize, Vec<(&AttributePath, Value)>> = BTreeMap::new();
    let mut of_outputs: BTreeMap<&str, Vec<(&AttributePath, Value)>> = BTreeMap::new();
    for (index, unknown) in unknown {
        let stands = match unknown.holds {
            Holds::Scalar => Stands::Scalar,
            Holds::Members | Holds::Anything => Stands::Members,
        };
        let mark = marks.unknown_as(&Doubt::about(*index), stands);
        match &unknown.owner {
            Owner::Change(change) => of_changes.entry(*change).or_default().push((&unknown.path, mark)),
            Owner::Output(name) => of_outputs.entry(name).or_default().push((&unknown.path, mark)),
        }
    }
    for (name, places) in &of_outputs {
        for path in [["output_changes", name].as_slice(), ["planned_values", "outputs", name].as_slice()] {
            let output = path.iter().fold(&value, |value, key| &value[*key]);
            if output.as_object().is_ok() {
                let member = if path.len() == 2 { "after" } else { "value" };
                value = within(&value, &[path, &[member]].concat(), &mut |value| with(&value, places));
            }
        }
    }
    let mut of_addresses: BTreeMap<String, &Vec<(&AttributePath, Value)>> = BTreeMap::new();
    for (position, places) in &of_changes {
        if let Some(change) = plan.resource_changes.get(*position)
            && change.deposed.is_none()
        {
            of_addresses.insert(change.address.to_string(), places);
        }
    }
    if let Value::Array(changes) = &value["resource_changes"] {
        let changes = changes.iter().enumerate().map(|(position, change)| match of_changes.get(&position) {
            Some(places) => within(change, &["change", "after"], &mut |after| with(&after, places)),
            None => change.clone(),
        });
        let changes = Value::from(changes.collect::<Vec<_>>());
        set(&mut value, "resource_changes", changes);
    }
    if let Value::Object(_) = &value["planned_values"] {
        let root = within(&value, &["planned_values", "root_module"], &mut |module| {
            module_with(&module, &of_addresses)
        });
        value = root;
    }
    value
}

type Places<'u> = Vec<(&'u AttributePath, Value)>;

fn module_with(module: &Value, of_addresses: &BTreeMap<String, &Places<'_>>) -> Value {
    let mut module = module.clone();
    if let Value::Array(resources) = &module["resources"] {
        let resources = resources.iter().map(|resource| {
            let address = match &resource["address"] {
                Value::String(address) => of_addresses.get(address.as_ref()),
                _ => None,
            };
            match address {
                Some(places) => within(resource, &["values"], &mut |values| with(&values, places)),
                None => resource.clone(),
            }
        });
        let resources = Value::from(resources.collect::<Vec<_>>());
        set(&mut module, "resources", resources);
    }
    if let Value::Array(children) = &module["child_modules"] {
        let children = children.iter().map(|child| module_with(child, of_addresses));
        let children = Value::from(children.collect::<Vec<_>>());
        set(&mut module, "child_modules", children);
    }
    module
}

fn with(value: &Value, places: &Places<'_>) -> Value {
    places.iter().fold(value.clone(), |value, (path, mark)| put(value, &path.0, mark))
}

fn put(value: Value, path: &[PathStep], mark: &Value) -> Value {
    let mut value = value;
    match path.split_first() {
        None => mark.clone(),
        Some((PathStep::Key(key), rest)) => {
            let key_value = Value::from(key.as_str());
            let inner = put(value[&key_value].clone(), rest, mark);
            if value.as_object().is_err() {
                value = Value::new_object();
            }
            set(&mut value, key, inner);
            value
        }
        Some((PathStep::Index(index), rest)) => {
            let mut elements: Vec<Value> = match &value {
                Value::Array(elements) => elements.iter().cloned().collect(),
                _ => Vec::new(),
            };
            while elements.len() <= *index && elements.len() < MOST_ELEMENTS {
                elements.push(Value::Null);
            }
            if let Some(element) = elements.get_mut(*index) {
                *element = put(element.clone(), rest, mark);
            }
            Value::from(elements)
        }
    }
}

/// A mask is as long as its list, so that a longer one is hostile.
const MOST_ELEMENTS: usize = 100_000;

fn within(value: &Value, path: &[&str], change: &mut dyn FnMut(Value) -> Value) -> Value {
    let Some((key, rest)) = path.split_first() else { return change(value.clone()) };
    let inner = &value[*key];
    let inner = within(inner, rest, change);
    let mut value = value.clone();
    set(&mut value, key, inner);
    value
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Ok(object) = object.as_object_mut() {
        object.insert(Value::from(key), value);
    }
}
