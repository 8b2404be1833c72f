//! Leaves out the elements of a list that cannot fulfil what a policy demands of each.
//!
//! Authors do not call this function; the front end makes calls of scans (see `frontend/passes/filtered_scan.rs`). The
//! engine evaluates the same conditions again for what is kept. An element is left out only if it certainly fails a
//! condition; where the engine has an error to report, or finds something by another way, the element is kept.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use regorus::Value;
use serde::{Deserialize, Serialize};

use super::arguments::Arguments;
use super::{Builtin, Failure, Outcome, of_library};

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
    /// A value of a collection fulfils all conditions, in which it is [`Term::Member`].
    Any(Term, Vec<Self>),
}

/// A value of an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) enum Term {
    Element,
    /// The value of the collection of the [`Condition::Any`] around it. None is within another.
    Member,
    Constant(serde_json::Value),
    /// What is below keys.
    At(Box<Self>, Vec<String>),
    /// `object.get` with a constant key or path.
    Get(Box<Self>, Vec<String>, Box<Self>),
    /// What a function that stands for one of the library answers.
    Answer(String, Vec<Self>),
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
    Any(Source, Vec<Self>),
}

enum Source {
    Element,
    Member,
    Constant(Value),
    At(Box<Self>, Vec<Value>),
    Get(Box<Self>, Vec<Value>, Box<Self>),
    /// `None` is no function here.
    Answer(Option<fn(&[Value]) -> Outcome>, Vec<Self>),
}

/// What the terms of a condition stand for.
#[derive(Clone, Copy)]
struct Subject<'v> {
    element: &'v Value,
    /// Undefined outside of [`Test::Any`].
    member: &'v Value,
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
            Condition::Any(of, inner) => Self::Any(of.into(), inner.into_iter().map(Self::from).collect()),
        }
    }
}

impl From<Term> for Source {
    fn from(term: Term) -> Self {
        let keys = |keys: Vec<String>| keys.into_iter().map(Value::from).collect();
        match term {
            Term::Element => Self::Element,
            Term::Member => Self::Member,
            Term::Constant(value) => Self::Constant(value.into()),
            Term::At(base, path) => Self::At(Box::new((*base).into()), keys(path)),
            Term::Get(base, path, otherwise) => {
                Self::Get(Box::new((*base).into()), keys(path), Box::new((*otherwise).into()))
            }
            Term::Answer(function, arguments) => {
                let found = of_library::FUNCTIONS.iter().find(|builtin| builtin.name == function);
                Self::Answer(
                    found.map(|builtin| builtin.run),
                    arguments.into_iter().map(Self::from).collect(),
                )
            }
        }
    }
}

impl Test {
    /// Returns whether an element fulfils the condition.
    fn holds(&self, subject: Subject<'_>) -> Result<bool, Untold> {
        Ok(match self {
            Self::Holds(term) => !matches!(*term.value(subject)?, Value::Undefined | Value::Bool(false)),
            Self::Defined(term) => *term.value(subject)? != Value::Undefined,
            Self::Equal(left, right) => holds_for_both(left, right, subject, |left, right| left == right)?,
            Self::Differs(left, right) => holds_for_both(left, right, subject, |left, right| left != right)?,
            Self::OneOf(term, values) => values.contains(&*term.value(subject)?),
            Self::Not(inner) => !inner.holds(subject)?,
            Self::All(inner) => all_hold(inner, subject)?,
            Self::Any(of, inner) => match &*of.value(subject)? {
                Value::Array(members) => any_holds(members.iter(), inner, subject)?,
                Value::Set(members) => any_holds(members.iter(), inner, subject)?,
                Value::Object(members) => {
                    any_holds(members.iter().map(|(_, member)| member), inner, subject)?
                }
                Value::Undefined => false,
                // The engine reports what has no members.
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(Untold),
            },
        })
    }
}

/// Whether both have a value, and a relation holds between them.
fn holds_for_both(
    left: &Source,
    right: &Source,
    subject: Subject<'_>,
    holds: fn(&Value, &Value) -> bool,
) -> Result<bool, Untold> {
    let (left, right) = (left.value(subject)?, right.value(subject)?);
    Ok(*left != Value::Undefined && *right != Value::Undefined && holds(&left, &right))
}

fn all_hold(tests: &[Test], subject: Subject<'_>) -> Result<bool, Untold> {
    for test in tests {
        if !test.holds(subject)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a member is found by the conditions; what only the engine knows about one may be an error, whatever holds for
/// the others.
fn any_holds<'v>(
    members: impl Iterator<Item = &'v Value>,
    tests: &[Test],
    subject: Subject<'v>,
) -> Result<bool, Untold> {
    let mut found = false;
    for member in members {
        found |= all_hold(tests, Subject { member, ..subject })?;
    }
    Ok(found)
}

impl Source {
    /// The value; every part of it that has none leaves it without one.
    fn value<'v>(&'v self, subject: Subject<'v>) -> Result<Cow<'v, Value>, Untold> {
        match self {
            Self::Element => Ok(Cow::Borrowed(subject.element)),
            Self::Member => Ok(Cow::Borrowed(subject.member)),
            Self::Constant(value) => Ok(Cow::Borrowed(value)),
            Self::At(base, path) => match base.value(subject)? {
                Cow::Borrowed(base) => below(base, path).map(Cow::Borrowed),
                Cow::Owned(base) => below(&base, path).map(|found| Cow::Owned(found.clone())),
            },
            Self::Get(base, path, otherwise) => {
                let (base, otherwise) = (base.value(subject)?, otherwise.value(subject)?);
                if *base == Value::Undefined || *otherwise == Value::Undefined {
                    return Ok(Cow::Owned(Value::Undefined));
                }
                // The engine reports what is no object.
                if !matches!(*base, Value::Object(_)) {
                    return Err(Untold);
                }
                let found = match base {
                    Cow::Borrowed(base) => Cow::Borrowed(below(base, path)?),
                    Cow::Owned(base) => Cow::Owned(below(&base, path)?.clone()),
                };
                Ok(if *found == Value::Undefined { otherwise } else { found })
            }
            Self::Answer(function, arguments) => {
                let mut given = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    let value = argument.value(subject)?.into_owned();
                    if value == Value::Undefined {
                        return Ok(Cow::Owned(Value::Undefined));
                    }
                    given.push(value);
                }
                let answer = function.map(|run| run(&given));
                answer.and_then(Result::ok).map(Cow::Owned).ok_or(Untold)
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
    let may_hold =
        |element: &&Value| test.holds(Subject { element, member: &Value::Undefined }).unwrap_or(true);
    Ok(elements.iter().filter(may_hold).cloned().collect::<Vec<Value>>().into())
}
