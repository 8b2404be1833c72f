//! Finds the resources of a type without looking at all of them each time.
//!
//! Authors do not call these functions; the front end makes calls of scans (see
//! `frontend/passes/typed_scan.rs`). What they leave out would have failed the test that follows in the policy, so
//! that they may keep too much but never too little.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::{Arc, Weak};

use regorus::Value;
use regorus::value::Array;

use super::arguments::Arguments;
use super::{Builtin, Outcome};

/// `__pg_of_type(collection, types)`: the elements whose `type` is one of `types`, in their order. Elements that
/// are no objects are kept, and everything is if `types` is no array or set of strings.
pub(in super::super) const OF_TYPE: &str = "__pg_of_type";

/// `__pg_of_type_by_key(collection, types)`: the same with the key of each element, an object in the place of an
/// array.
pub(in super::super) const OF_TYPE_BY_KEY: &str = "__pg_of_type_by_key";

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: OF_TYPE, arity: 2, run: of_type },
    Builtin { name: OF_TYPE_BY_KEY, arity: 2, run: of_type_by_key },
];

/// Looking through fewer elements takes less time than remembering them.
const SMALL: usize = 16;

/// How many collections a thread remembers. A plan has two or three that policies scan.
const REMEMBERED: usize = 8;

fn of_type(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (collection, types) = (arguments.value(0), arguments.value(1));
    let Some(wanted) = Wanted::new(types) else { return Ok(collection.clone()) };
    Ok(match collection {
        Value::Array(array) => {
            let of = |position: &usize| array.get(*position).cloned();
            wanted.positions(array).iter().filter_map(of).collect::<Vec<Value>>().into()
        }
        other => wanted.entries(other),
    })
}

fn of_type_by_key(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (collection, types) = (arguments.value(0), arguments.value(1));
    let Some(wanted) = Wanted::new(types) else { return Ok(collection.clone()) };
    Ok(match collection {
        Value::Array(array) => {
            let of = |position: &usize| Some((Value::from(*position), array.get(*position)?.clone()));
            wanted.positions(array).iter().filter_map(of).collect::<BTreeMap<_, _>>().into()
        }
        other => wanted.entries(other),
    })
}

/// The types that a policy asks for.
struct Wanted<'v> {
    types: Vec<&'v Arc<str>>,
    key: Value,
}

impl<'v> Wanted<'v> {
    fn new(types: &'v Value) -> Option<Self> {
        let types = match types {
            Value::Array(types) => types.iter().map(text).collect::<Option<Vec<_>>>(),
            Value::Set(types) => types.iter().map(text).collect(),
            Value::String(_)
            | Value::Object(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Undefined => None,
        };
        Some(Self { types: types?, key: Value::from("type") })
    }

    /// Whether an element can pass the policy's own test.
    fn keeps(&self, element: &Value) -> bool {
        let Value::Object(fields) = element else { return true };
        fields.get(&self.key).and_then(text).is_some_and(|own| self.types.contains(&own))
    }

    /// The entries to keep of what has no positions.
    fn entries(&self, collection: &Value) -> Value {
        match collection {
            Value::Set(elements) => {
                let kept = elements.iter().filter(|element| self.keeps(element)).cloned();
                kept.collect::<std::collections::BTreeSet<_>>().into()
            }
            Value::Object(fields) => {
                let kept = fields.iter().filter(|(_, element)| self.keeps(element));
                kept.map(|(key, element)| (key.clone(), element.clone())).collect::<BTreeMap<_, _>>().into()
            }
            other => other.clone(),
        }
    }

    /// The positions of the elements to keep, in ascending order.
    fn positions(&self, array: &Arc<Array>) -> Vec<usize> {
        if array.iter().len() < SMALL {
            let kept = array.iter().enumerate().filter(|(_, element)| self.keeps(element));
            return kept.map(|(position, _)| position).collect();
        }
        let index = Index::of(array, &self.key);
        let mut positions = index.others.clone();
        for wanted in &self.types {
            positions.extend(index.by_type.get(*wanted).into_iter().flatten());
        }
        positions.sort_unstable();
        positions.dedup();
        positions
    }
}

fn text(value: &Value) -> Option<&Arc<str>> {
    match value {
        Value::String(text) => Some(text),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Set(_)
        | Value::Object(_)
        | Value::Undefined => None,
    }
}

/// Where in an array the elements of each type are.
#[derive(Default)]
struct Index {
    by_type: HashMap<Arc<str>, Vec<usize>>,
    /// Those that are no objects.
    others: Vec<usize>,
}

impl Index {
    fn of(array: &Arc<Array>, key: &Value) -> Rc<Self> {
        KNOWN.with_borrow_mut(|known| {
            let is_known = |(of, _): &&(Weak<Array>, Rc<Self>)| of.as_ptr() == Arc::as_ptr(array);
            if let Some((_, index)) = known.iter().find(is_known) {
                return Rc::clone(index);
            }
            let index = Rc::new(Self::new(array, key));
            known.retain(|(of, _)| of.strong_count() > 0);
            if known.len() >= REMEMBERED {
                known.remove(0);
            }
            known.push((Arc::downgrade(array), Rc::clone(&index)));
            index
        })
    }

    fn new(array: &Array, key: &Value) -> Self {
        let mut index = Self::default();
        for (position, element) in array.iter().enumerate() {
            match element {
                Value::Object(fields) => {
                    if let Some(own) = fields.get(key).and_then(text) {
                        index.by_type.entry(Arc::clone(own)).or_default().push(position);
                    }
                }
                _ => index.others.push(position),
            }
        }
        index
    }
}

thread_local! {
    /// Each evaluation has a thread of its own. That an array is not kept alive here, but only its place in memory,
    /// makes sure that no other array is taken for it; and while somebody looks, nobody changes it.
    static KNOWN: RefCell<Vec<(Weak<Array>, Rc<Index>)>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::from_json_str(json).unwrap()
    }

    fn many() -> Value {
        let types = ["a", "b", "c"];
        let element = |n: usize| format!("{{\"type\": \"{}\", \"n\": {n}}}", types[n % 3]);
        let mut elements: Vec<String> = (0..40).map(element).collect();
        elements.push("\"no object\"".to_owned());
        elements.push("{\"type\": 1}".to_owned());
        elements.push("{}".to_owned());
        value(&format!("[{}]", elements.join(",")))
    }

    fn numbers(found: &Value) -> Vec<Value> {
        found.as_array().unwrap().iter().map(|element| element["n"].clone()).collect()
    }

    #[test]
    fn elements_of_the_types_are_found_in_their_order() {
        let all = many();
        for _ in 0..2 {
            let found = of_type(&[all.clone(), value(r#"["c", "a", "c"]"#)]).unwrap();
            let kept = (0..40usize).filter(|n| n % 3 != 1).map(Value::from);
            assert_eq!(numbers(&found), kept.chain([Value::Undefined]).collect::<Vec<_>>());
        }
        let few = value(r#"[{"type": "b", "n": 1}, 5, {"type": "a", "n": 2}]"#);
        assert_eq!(
            of_type(&[few.clone(), value(r#"["a"]"#)]).unwrap(),
            value(r#"[5, {"type": "a", "n": 2}]"#)
        );
        assert_eq!(of_type(&[few, value(r#"["x"]"#)]).unwrap(), value("[5]"));
    }

    #[test]
    fn keys_are_kept() {
        let all = many();
        let found = of_type_by_key(&[all.clone(), value(r#"["b"]"#)]).unwrap();
        let keys: Vec<Value> = found.as_object().unwrap().iter_sorted().map(|(key, _)| key.clone()).collect();
        let expected = (0..40usize).filter(|n| n % 3 == 1).chain([40]).map(Value::from);
        assert_eq!(keys, expected.collect::<Vec<_>>());
        for key in keys {
            assert_eq!(found[&key], all[&key]);
        }
        let object = value(r#"{"x": {"type": "b"}, "y": {"type": "a"}}"#);
        let expected = value(r#"{"x": {"type": "b"}}"#);
        assert_eq!(of_type_by_key(&[object.clone(), value(r#"["b"]"#)]).unwrap(), expected);
        assert_eq!(of_type(&[object, value(r#"["b"]"#)]).unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_told_apart_is_kept() {
        let all = many();
        for types in ["\"a\"", "[1]", "[\"a\", null]", "{\"a\": \"a\"}", "null"] {
            assert_eq!(of_type(&[all.clone(), value(types)]).unwrap(), all, "{types}");
            assert_eq!(of_type_by_key(&[all.clone(), value(types)]).unwrap(), all, "{types}");
        }
        for other in ["1", "\"a\"", "null"] {
            assert_eq!(of_type(&[value(other), value("[\"a\"]")]).unwrap(), value(other));
        }
    }

    #[test]
    fn another_array_at_the_same_place_is_not_taken_for_it() {
        for n in 0..100usize {
            let elements =
                (0..SMALL + n).map(|m| format!("{{\"type\": \"{}\"}}", if m < n { "a" } else { "b" }));
            let all = value(&format!("[{}]", elements.collect::<Vec<_>>().join(",")));
            let found = of_type(&[all, value("[\"a\"]")]).unwrap();
            assert_eq!(found.as_array().unwrap().iter().len(), n);
        }
    }
}
