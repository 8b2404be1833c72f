//! Finds elements by the value of a field, without looking at all of them each time in the engine.
//!
//! Authors do not call this function; the front end makes calls of joins (see `frontend/passes/joined_scan.rs`). What it
//! leaves out would have failed the test that follows in the policy, so that it may keep too much but never too little.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use regorus::Value;
use regorus::value::Array;

use super::arguments::Arguments;
use super::{Builtin, Outcome};

/// `__pg_of_value(collection, path, value)`: the elements of an array that have the value at the path, in their order.
pub(in super::super) const OF_VALUE: &str = "__pg_of_value";

pub(super) const FUNCTIONS: &[Builtin] = &[Builtin { name: OF_VALUE, arity: 3, run: of_value }];

/// Looking through fewer elements takes less time than remembering them.
const SMALL: usize = 16;

/// How many collections a thread remembers, each with one path.
const REMEMBERED: usize = 8;

fn of_value(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (collection, path, wanted) = (arguments.value(0), arguments.value(1), arguments.value(2));
    let (Value::Array(elements), Value::Array(path)) = (collection, path) else {
        return Ok(collection.clone());
    };
    let found: Vec<Value> = match wanted {
        Value::String(wanted) if elements.iter().len() >= SMALL => {
            let index = Index::of(elements, path);
            let positions = index.positions(wanted);
            positions.iter().filter_map(|position| elements.get(*position).cloned()).collect()
        }
        _ => {
            let may_have = |element: &&Value| match at(element, path) {
                Found::Value(own) => own == wanted,
                Found::Nothing => false,
                Found::Untold => true,
            };
            elements.iter().filter(may_have).cloned().collect()
        }
    };
    Ok(found.into())
}

/// What is at a path of an element.
enum Found<'v> {
    Value(&'v Value),
    Nothing,
    /// There is a list or set on the way.
    Untold,
}

fn at<'v>(element: &'v Value, path: &Array) -> Found<'v> {
    let mut value = element;
    for step in path.iter() {
        value = match value {
            Value::Object(fields) => match fields.get(step) {
                Some(value) => value,
                None => return Found::Nothing,
            },
            Value::Array(_) | Value::Set(_) => return Found::Untold,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => {
                return Found::Nothing;
            }
        };
    }
    Found::Value(value)
}

/// Where in an array the elements with each text are.
struct Index {
    path: Arc<Array>,
    by_text: HashMap<Arc<str>, Vec<usize>>,
    /// Those of which it cannot be told.
    untold: Vec<usize>,
}

impl Index {
    fn of(elements: &Arc<Array>, path: &Arc<Array>) -> Rc<Self> {
        KNOWN.with_borrow_mut(|known| {
            let is_known = |(of, index): &&(Weak<Array>, Rc<Self>)| {
                of.as_ptr() == Arc::as_ptr(elements) && index.path.iter().eq(path.iter())
            };
            if let Some((_, index)) = known.iter().find(is_known) {
                return Rc::clone(index);
            }
            let index = Rc::new(Self::new(elements, path));
            known.retain(|(of, _)| of.strong_count() > 0);
            if known.len() >= REMEMBERED {
                known.remove(0);
            }
            known.push((Arc::downgrade(elements), Rc::clone(&index)));
            index
        })
    }

    fn new(elements: &Array, path: &Arc<Array>) -> Self {
        let mut index = Self { path: Arc::clone(path), by_text: HashMap::new(), untold: Vec::new() };
        for (position, element) in elements.iter().enumerate() {
            match at(element, path) {
                Found::Value(Value::String(own)) => {
                    index.by_text.entry(Arc::clone(own)).or_default().push(position);
                }
                Found::Value(_) | Found::Nothing => {}
                Found::Untold => index.untold.push(position),
            }
        }
        index
    }

    /// The positions of elements that may have a text, in ascending order.
    fn positions(&self, wanted: &Arc<str>) -> Vec<usize> {
        let mut positions = self.by_text.get(wanted).cloned().unwrap_or_default();
        if !self.untold.is_empty() {
            positions.extend(&self.untold);
            positions.sort_unstable();
        }
        positions
    }
}

thread_local! {
    /// As in `of_type.rs`: only the place in memory is kept, and while somebody looks, nobody changes an array.
    static KNOWN: RefCell<Vec<(Weak<Array>, Rc<Index>)>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::from_json_str(json).unwrap()
    }

    fn elements(count: usize) -> Value {
        let odd = [
            "1",
            "\"k1\"",
            "null",
            "{}",
            r#"{"a": null}"#,
            r#"{"a": {"b": 1}}"#,
            r#"{"a": {"b": ["k1"]}}"#,
            r#"{"a": ["b"]}"#,
        ];
        let element = |n: usize| format!(r#"{{"n": {n}, "a": {{"b": "k{}"}}}}"#, n % 5);
        let all: Vec<String> = odd.into_iter().map(str::to_owned).chain((0..count).map(element)).collect();
        value(&format!("[{}]", all.join(",")))
    }

    #[test]
    fn elements_with_the_value_are_found_in_their_order() {
        let path = value(r#"["a", "b"]"#);
        for count in [3, 40] {
            let all = elements(count);
            for wanted in ["\"k1\"", "\"k4\"", "\"none\"", "1", "null", r#"["k1"]"#] {
                let wanted = value(wanted);
                let kept =
                    all.as_array().unwrap().iter().filter(|element| {
                        element["a"]["b"] == wanted || matches!(element["a"], Value::Array(_))
                    });
                let expected = Value::from(kept.cloned().collect::<Vec<_>>());
                for _ in 0..2 {
                    assert_eq!(of_value(&[all.clone(), path.clone(), wanted.clone()]).unwrap(), expected);
                }
            }
        }
    }

    #[test]
    fn each_path_has_its_own_index() {
        let all = elements(40);
        let of = |path: &str| of_value(&[all.clone(), value(path), Value::from("k1")]).unwrap();
        assert_eq!(of(r#"["a", "c"]"#).as_array().unwrap().iter().len(), 1);
        assert_eq!(of(r#"["a", "b"]"#).as_array().unwrap().iter().len(), 9);
        assert_eq!(of(r#"["a", "c"]"#).as_array().unwrap().iter().len(), 1);
    }
}
