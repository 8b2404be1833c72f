//! Leaves out the elements of a list that cannot fulfil what a policy demands of each.
//!
//! Authors do not call this function; the front end makes calls of scans (see `frontend/passes/filtered_scan.rs`). The
//! engine evaluates the same conditions again for what is kept. An element is left out only if it certainly fails a
//! condition; where the engine has an error to report, or finds something by another way, the element is kept.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use regorus::Value;
use serde::{Deserialize, Serialize};

use super::arguments::Arguments;
use super::{Builtin, Failure, Outcome};

/// `__pg_filtered(collection, conditions)`: the elements of an array that may fulfil the conditions, in their order.
pub(in super::super) const FILTERED: &str = "__pg_filtered";

pub(super) const FUNCTIONS: &[Builtin] = &[Builtin { name: FILTERED, arity: 2, run: filtered }];

/// What is demanded of an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) enum Condition {
    /// The term has a value other than `false`.
    Holds(Term),
    /// The term has a value.
    Defined(Term),
    Equal(Term, Term),
    Differs(Term, Term),
    /// The term is one of several.
    OneOf(Term, Vec<serde_json::Value>),
    Not(Box<Self>),
    All(Vec<Self>),
}

/// A value of an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) enum Term {
    Element,
    Constant(serde_json::Value),
    /// What is below keys.
    At(Box<Self>, Vec<String>),
    /// `object.get` with a constant key or path.
    Get(Box<Self>, Vec<String>, Box<Self>),
}

/// Conditions as they are evaluated.
enum Test {
    Holds(Source),
    Defined(Source),
    Equal(Source, Source),
    Differs(Source, Source),
    OneOf(Source, Vec<Value>),
    Not(Box<Self>),
    All(Vec<Self>),
}

enum Source {
    Element,
    Constant(Value),
    At(Box<Self>, Vec<Value>),
    Get(Box<Self>, Vec<Value>, Box<Self>),
}

/// Only the engine knows the answer.
struct Untold;

impl From<Condition> for Test {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Holds(term) => Self::Holds(term.into()),
            Condition::Defined(term) => Self::Defined(term.into()),
            Condition::Equal(left, right) => Self::Equal(left.into(), right.into()),
            Condition::Differs(left, right) => Self::Differs(left.into(), right.into()),
            Condition::OneOf(term, values) => {
                Self::OneOf(term.into(), values.into_iter().map(Value::from).collect())
            }
            Condition::Not(inner) => Self::Not(Box::new((*inner).into())),
            Condition::All(inner) => Self::All(inner.into_iter().map(Self::from).collect()),
        }
    }
}

impl From<Term> for Source {
    fn from(term: Term) -> Self {
        let keys = |keys: Vec<String>| keys.into_iter().map(Value::from).collect();
        match term {
            Term::Element => Self::Element,
            Term::Constant(value) => Self::Constant(value.into()),
            Term::At(base, path) => Self::At(Box::new((*base).into()), keys(path)),
            Term::Get(base, path, otherwise) => {
                Self::Get(Box::new((*base).into()), keys(path), Box::new((*otherwise).into()))
            }
        }
    }
}

impl Test {
    /// Returns whether an element fulfils the condition.
    fn holds(&self, element: &Value) -> Result<bool, Untold> {
        Ok(match self {
            Self::Holds(term) => !matches!(term.value(element)?, Value::Undefined | Value::Bool(false)),
            Self::Defined(term) => *term.value(element)? != Value::Undefined,
            Self::Equal(left, right) => match (left.value(element)?, right.value(element)?) {
                (Value::Undefined, _) | (_, Value::Undefined) => false,
                (left, right) => left == right,
            },
            Self::Differs(left, right) => match (left.value(element)?, right.value(element)?) {
                (Value::Undefined, _) | (_, Value::Undefined) => false,
                (left, right) => left != right,
            },
            Self::OneOf(term, values) => values.contains(term.value(element)?),
            Self::Not(inner) => !inner.holds(element)?,
            Self::All(inner) => {
                for test in inner {
                    if !test.holds(element)? {
                        return Ok(false);
                    }
                }
                true
            }
        })
    }
}

impl Source {
    fn value<'v>(&'v self, element: &'v Value) -> Result<&'v Value, Untold> {
        match self {
            Self::Element => Ok(element),
            Self::Constant(value) => Ok(value),
            Self::At(base, path) => below(base.value(element)?, path),
            Self::Get(base, path, otherwise) => {
                let otherwise = otherwise.value(element)?;
                match (base.value(element)?, otherwise) {
                    // An argument without a value leaves the call without one.
                    (Value::Undefined, _) | (_, Value::Undefined) => Ok(&Value::Undefined),
                    (base @ Value::Object(_), otherwise) => Ok(match below(base, path)? {
                        Value::Undefined => otherwise,
                        found => found,
                    }),
                    // The engine reports what is no object.
                    _ => Err(Untold),
                }
            }
        }
    }
}

fn below<'v>(base: &'v Value, path: &[Value]) -> Result<&'v Value, Untold> {
    let mut value = base;
    for key in path {
        value = match value {
            Value::Object(fields) => fields.get(key).unwrap_or(&Value::Undefined),
            Value::Array(_) | Value::Set(_) => return Err(Untold),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => {
                &Value::Undefined
            }
        };
    }
    Ok(value)
}

thread_local! {
    /// The conditions by their text. A policy set has as many as it has scans.
    static READ: RefCell<HashMap<Arc<str>, Rc<Test>>> = RefCell::new(HashMap::new());
}

fn test(text: &Arc<str>) -> Result<Rc<Test>, Failure> {
    READ.with_borrow_mut(|read| {
        if let Some(test) = read.get(text) {
            return Ok(Rc::clone(test));
        }
        let conditions: Vec<Condition> =
            serde_json::from_str(text).map_err(|error| Failure::Unsupported(error.to_string()))?;
        let test = Rc::new(Test::from(Condition::All(conditions)));
        read.insert(Arc::clone(text), Rc::clone(&test));
        Ok(test)
    })
}

fn filtered(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let collection = arguments.value(0);
    let (Value::Array(elements), Value::String(conditions)) = (collection, arguments.value(1)) else {
        return Ok(collection.clone());
    };
    let test = test(conditions)?;
    let kept = elements.iter().filter(|element| test.holds(element).unwrap_or(true));
    Ok(kept.cloned().collect::<Vec<Value>>().into())
}
