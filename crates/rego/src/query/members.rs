//! Lists the keys below a path of the input, for completion.

use std::collections::BTreeSet;

use regorus::Value;

use super::QueryInput;
use crate::builtins;
use regorus::unstable::BUILTINS;

/// The maximum number of values that are visited.
const LOOKED_AT: usize = 10_000;

impl QueryInput {
    /// Returns the keys of the values at a path such as `input.resource_changes[_].change`. An index other than a
    /// string means every element. Only keys that may follow a dot are returned.
    pub fn members(&self, path: &str) -> BTreeSet<String> {
        let mut values = vec![&self.value];
        for step in steps(path) {
            values = values.into_iter().flat_map(|value| below(value, &step)).take(LOOKED_AT).collect();
        }
        let objects = values.into_iter().filter_map(|value| value.as_object().ok());
        let keys = objects.flat_map(|object| object.iter().map(|(key, _)| key));
        keys.filter_map(|key| match key {
            Value::String(name) if is_name(name) => Some(name.to_string()),
            _ => None,
        })
        .collect()
    }
}

/// Returns the names of all functions that policies can call, in order.
pub fn builtin_names() -> BTreeSet<String> {
    BUILTINS
        .keys()
        .map(|name| (*name).to_owned())
        .chain(builtins::all().map(|own| own.name.to_owned()))
        .collect()
}

enum Step {
    Key(String),
    Every,
}

fn steps(path: &str) -> Vec<Step> {
    let rest = path.trim().strip_prefix("input").unwrap_or("");
    let mut steps = Vec::new();
    for part in rest.split(['.', '[']).filter(|part| !part.is_empty()) {
        steps.push(match part.strip_suffix(']') {
            None => Step::Key(part.to_owned()),
            Some(index) => serde_json::from_str(index).map_or(Step::Every, Step::Key),
        });
    }
    steps
}

fn below<'v>(value: &'v Value, step: &Step) -> Vec<&'v Value> {
    match (value, step) {
        (Value::Object(object), Step::Key(key)) => {
            object.get(&Value::from(key.as_str())).into_iter().collect()
        }
        (Value::Object(object), Step::Every) => object.iter().map(|(_, value)| value).collect(),
        (Value::Array(elements), Step::Every) => elements.iter().collect(),
        _ => Vec::new(),
    }
}

fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}
