//! Lists what `walk` finds, all of it or what is below a key, and says whether collections are read in OPA's order.
//!
//! Authors do not call these functions; the front end does where a list is built in the order in which things are found (see
//! `frontend/passes/ordered_list.rs`), and where a test of the key follows (see `walked_key.rs`).

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use regorus::Value;
use regorus::value::{Array, Object, Set};

use super::arguments::Arguments;
use super::operators::sorted;
use super::{Builtin, Failure, Outcome};

/// `__pg_walk_to(x, key)`: what `walk` finds in `x` below the key, in its order, each as a pair of path and value. What it
/// leaves out would have failed the test that follows in the policy.
pub(in super::super) const WALK_TO: &str = "__pg_walk_to";

/// `__pg_walked(x)`: what `walk` finds in `x`, in OPA's order, each as a pair of path and value.
pub(in super::super) const WALKED: &str = "__pg_walked";

/// `__pg_in_order(x, levels)`: the same collection, if the engine reads it in OPA's order, and what is in it.
pub(in super::super) const IN_ORDER: &str = "__pg_in_order";

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: WALK_TO, arity: 2, run: walk_to },
    Builtin { name: WALKED, arity: 1, run: walked },
    Builtin { name: IN_ORDER, arity: 2, run: in_order },
];

fn walk_to(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let mut walk = Walk { wanted: Some(arguments.value(1)), path: Vec::new(), found: Vec::new() };
    walk.inside(arguments.value(0))?;
    Ok(walk.found.into())
}

fn walked(arguments: &[Value]) -> Outcome {
    let value = Arguments(arguments).value(0);
    let mut walk = Walk { wanted: None, path: Vec::new(), found: Vec::new() };
    walk.find(value)?;
    walk.inside(value)?;
    Ok(walk.found.into())
}

/// A walk through a document, each part of which comes before what is inside of it.
struct Walk<'v> {
    /// The last key of what is found, if not everything is.
    wanted: Option<&'v Value>,
    path: Vec<Value>,
    found: Vec<Value>,
}

impl Walk<'_> {
    fn find(&mut self, value: &Value) -> Result<(), Failure> {
        regorus::check_global_memory_limit().map_err(|error| Failure::TooLarge(error.to_string()))?;
        self.found.push(vec![self.path.clone().into(), value.clone()].into());
        Ok(())
    }

    fn inside(&mut self, value: &Value) -> Result<(), Failure> {
        match value {
            Value::Array(elements) => elements
                .iter()
                .enumerate()
                .try_for_each(|(at, element)| self.enter(&Value::from(at), element)),
            Value::Set(elements) if has_composites(elements.last()) => {
                sorted(elements.iter()).try_for_each(|element| self.enter(element, element))
            }
            Value::Set(elements) => elements.iter().try_for_each(|element| self.enter(element, element)),
            Value::Object(fields) if fields.keys().any(is_composite) => {
                let mut keys = sorted(fields.keys());
                keys.try_for_each(|key| fields.get(key).map_or(Ok(()), |value| self.enter(key, value)))
            }
            Value::Object(fields) => fields.iter_sorted().try_for_each(|(key, value)| self.enter(key, value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => Ok(()),
        }
    }

    fn enter(&mut self, key: &Value, value: &Value) -> Result<(), Failure> {
        let is_wanted = self.wanted.is_none_or(|wanted| key == wanted);
        if !is_wanted && !is_composite(value) {
            return Ok(());
        }
        self.path.push(key.clone());
        if is_wanted {
            self.find(value)?;
        }
        self.inside(value)?;
        self.path.pop();
        Ok(())
    }
}

fn is_composite(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Set(_) | Value::Object(_))
}

/// Whether a collection has composites in it, by the last of its elements in the engine's order: they come last.
fn has_composites(last: Option<&Value>) -> bool {
    last.is_some_and(is_composite)
}

fn in_order(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (value, levels) = (arguments.value(0), arguments.value(1).as_u64().unwrap_or(1));
    if is_read_in_order(value, levels) {
        return Ok(value.clone());
    }
    let reason = "a list is made of a collection with both sets and objects in it, which OPA reads in another order; \
                  read `sort(x)` instead of `x`";
    Err(Failure::Unsupported(reason.to_owned()))
}

/// Whether the engine reads a collection in OPA's order, and those in it up to so many levels.
fn is_read_in_order(value: &Value, levels: u64) -> bool {
    let Some(below) = levels.checked_sub(1) else { return true };
    match value {
        Value::Set(elements) if has_composites(elements.last()) => Known::Set(Arc::downgrade(elements))
            .or_else(levels, || are_in_order(elements.iter()) && all_read_in_order(elements.iter(), below)),
        Value::Object(fields) => {
            let has_composites = fields.keys().any(is_composite);
            if !has_composites && below == 0 {
                return true;
            }
            Known::Object(Arc::downgrade(fields)).or_else(levels, || {
                (!has_composites || are_in_order(fields.keys_sorted()))
                    && all_read_in_order(fields.values(), below)
            })
        }
        Value::Array(elements) if below > 0 => Known::Array(Arc::downgrade(elements))
            .or_else(levels, || all_read_in_order(elements.iter(), below)),
        Value::Array(_)
        | Value::Set(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Undefined => true,
    }
}

fn all_read_in_order<'v>(mut values: impl Iterator<Item = &'v Value>, levels: u64) -> bool {
    levels == 0 || values.all(|value| is_read_in_order(value, levels))
}

/// Whether elements in the engine's order are in OPA's.
fn are_in_order<'v>(elements: impl Iterator<Item = &'v Value>) -> bool {
    let elements: Vec<&Value> = elements.collect();
    !elements.windows(2).any(|pair| is_another_order(pair[0], pair[1]))
}

/// Whether a set and an object are the first that differs in two values.
fn is_another_order(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Set(_), Value::Object(_)) | (Value::Object(_), Value::Set(_)) => true,
        (Value::Array(left), Value::Array(right)) => first(left.iter().zip(right.iter())),
        // What their elements are compared in is another order as well.
        (Value::Set(left), Value::Set(right)) => {
            !are_in_order(left.iter()) || !are_in_order(right.iter()) || first(left.iter().zip(right.iter()))
        }
        (Value::Object(left), Value::Object(right)) => {
            let are_texts = |fields: &Object| fields.keys().all(|key| !is_composite(key));
            if !(are_texts(left) && are_texts(right)) {
                return !are_in_order(left.keys_sorted()) || !are_in_order(right.keys_sorted());
            }
            let pairs = left.iter_sorted().zip(right.iter_sorted());
            first(pairs.flat_map(|(left, right)| [(left.0, right.0), (left.1, right.1)]))
        }
        _ => false,
    }
}

/// The same of the first pair that differs.
fn first<'v>(mut pairs: impl Iterator<Item = (&'v Value, &'v Value)>) -> bool {
    pairs.find(|(left, right)| left != right).is_some_and(|(left, right)| is_another_order(left, right))
}

/// A collection.
enum Known {
    Array(Weak<Array>),
    Set(Weak<Set>),
    Object(Weak<Object>),
}

/// Looking through fewer elements takes less time than remembering them.
const SMALL: usize = 16;

/// How many collections a thread remembers.
const REMEMBERED: usize = 8;

thread_local! {
    /// The collections that are in order up to so many levels. As in `of_type.rs`, only the place in memory is kept, and
    /// while somebody looks, nobody changes a collection.
    static KNOWN: RefCell<Vec<(Known, u64)>> = const { RefCell::new(Vec::new()) };
}

impl Known {
    /// Whether it is known to be in order, or found to be now.
    fn or_else(self, levels: u64, is_in_order: impl FnOnce() -> bool) -> bool {
        if self.size() < SMALL {
            return is_in_order();
        }
        let is_same = |(other, known): &(Self, u64)| {
            *known == levels
                && match (&self, other) {
                    (Self::Array(own), Self::Array(other)) => own.ptr_eq(other),
                    (Self::Set(own), Self::Set(other)) => own.ptr_eq(other),
                    (Self::Object(own), Self::Object(other)) => own.ptr_eq(other),
                    (Self::Array(_) | Self::Set(_) | Self::Object(_), _) => false,
                }
        };
        if KNOWN.with_borrow(|known| known.iter().any(is_same)) {
            return true;
        }
        let found = is_in_order();
        if found {
            KNOWN.with_borrow_mut(|known| {
                if known.len() >= REMEMBERED {
                    known.remove(0);
                }
                known.push((self, levels));
            });
        }
        found
    }

    fn size(&self) -> usize {
        match self {
            Self::Array(elements) => elements.upgrade().map_or(0, |elements| elements.len()),
            Self::Set(elements) => elements.upgrade().map_or(0, |elements| elements.len()),
            Self::Object(fields) => fields.upgrade().map_or(0, |fields| fields.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::from_json_str(json).unwrap()
    }

    fn answer(query: &str) -> Result<Value, String> {
        let mut engine = crate::dialect::new_engine();
        let results = engine.eval_query(format!("x := {query}"), false).map_err(|error| error.to_string())?;
        Ok(results.result[0].bindings["x"].clone())
    }

    #[test]
    fn a_collection_with_sets_and_objects_is_told() {
        for collection in [
            "{{1}, {}}",
            "{[{1}], [{}]}",
            "{[1, {\"a\": {2}}], [1, {\"a\": {\"b\": 2}}]}",
            "{{\"a\": {1}}, {\"a\": {}}}",
            "{{{1}, {}}, {2}}",
            "{{1}: 1, {}: 2}",
        ] {
            let error = answer(&format!("{IN_ORDER}({collection}, 1)")).unwrap_err();
            assert!(error.contains("`sort(x)`"), "{error}");
        }
    }

    #[test]
    fn other_collections_stay_as_they_are() {
        for collection in [
            "[{1}, {}]",
            "{1, \"a\", [1], {1}}",
            "{1, \"a\", [1], {}}",
            "{{\"a\": {1}}, {\"b\": {}}}",
            "{{\"a\": 1, \"b\": {1}}, {\"a\": 2, \"b\": {}}}",
            "{[1, {1}], [2, {}]}",
            "{\"a\": {1}, \"b\": {}}",
            "\"a\"",
        ] {
            for _ in 0..2 {
                assert_eq!(answer(&format!("{IN_ORDER}({collection}, 1)")), answer(collection));
            }
        }
        assert!(answer(&format!("{IN_ORDER}([1, {{\"a\": {{{{1}}, {{}}}}}}], 2)")).is_ok());
        assert!(answer(&format!("{IN_ORDER}([1, {{\"a\": {{{{1}}, {{}}}}}}], 3)")).is_err());
    }

    #[test]
    fn walk_finds_what_is_below_the_key_in_its_order() {
        let mut engine = crate::dialect::new_engine();
        let policy = "package p\nx := [[p, v] | walk(input, [p, v]); p[count(p) - 1] == \"k\"]\n\
                      y := __pg_walk_to(input, \"k\")";
        engine.add_policy("p.rego".to_owned(), policy.to_owned()).unwrap();
        for input in [
            r#"{"k": {"k": 1, "j": {"k": [2]}}, "a": [{"k": null}, [{"k": "k"}]], "b": {"c": "k"}}"#,
            "[]",
            "1",
            r#"["k", {"k": {}}]"#,
        ] {
            engine.set_input(value(input));
            let [x, y] = ["x", "y"].map(|name| engine.eval_rule(format!("data.p.{name}")).unwrap());
            assert_eq!(x, y, "{input}");
        }
    }
}
