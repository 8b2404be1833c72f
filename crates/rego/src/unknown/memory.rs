//! Remembers answers about values that are asked for again, without comparing whole resources.

use std::collections::{BTreeMap, HashMap};
use std::ptr;
use std::rc::Rc;

use regorus::Value;

use super::machine::Values;
use super::marks::Marks;
use super::resolved::Document;

/// A value as one of the same evaluation: collections by where they are, anything else by what it is. Equal collections
/// at two places count as two, which costs time but no answer.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    Place(usize),
    Value(Value),
}

impl Identity {
    fn of(value: &Value) -> Self {
        place(value).map_or_else(|| Self::Value(value.clone()), Self::Place)
    }
}

/// Where a collection is.
fn place(value: &Value) -> Option<usize> {
    match value {
        Value::Array(elements) => Some(ptr::from_ref(elements.as_ref()).addr()),
        Value::Set(elements) => Some(ptr::from_ref(elements.as_ref()).addr()),
        Value::Object(members) => Some(ptr::from_ref(members.as_ref()).addr()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => None,
    }
}

/// What functions answered.
#[derive(Default)]
pub(super) struct Answers {
    known: BTreeMap<Call, Answer>,
}

/// Where a function is, and what it is given.
type Call = (usize, Vec<Identity>);

struct Answer {
    values: Rc<Values>,
    /// Kept so that no other value comes to their place.
    _arguments: Vec<Value>,
}

impl Answers {
    pub(super) fn get(&self, function: &Document, arguments: &[Value]) -> Option<Rc<Values>> {
        self.known.get(&Self::key(function, arguments)).map(|answer| Rc::clone(&answer.values))
    }

    pub(super) fn insert(&mut self, function: &Document, arguments: Vec<Value>, values: &Rc<Values>) {
        let call = Self::key(function, &arguments);
        self.known.insert(call, Answer { values: Rc::clone(values), _arguments: arguments });
    }

    fn key(function: &Document, arguments: &[Value]) -> Call {
        (ptr::from_ref(function).addr(), arguments.iter().map(Identity::of).collect())
    }
}

/// Which collections have an unknown part.
#[derive(Default)]
pub(super) struct Marked {
    known: HashMap<usize, (Value, bool)>,
}

impl Marked {
    pub(super) fn has(&mut self, value: &Value, marks: &Marks) -> bool {
        match place(value) {
            Some(place) => {
                self.known.entry(place).or_insert_with(|| (value.clone(), marks.is_marked(value))).1
            }
            None => marks.is_marked(value),
        }
    }
}
