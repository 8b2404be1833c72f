//! Marks in values: what is known only after apply, and what may or may not be a member.
//!
//! Values stay the engine's own, so that its functions can be called with them. A mark is a string that no plan
//! contains.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use regorus::Value;

/// How a mark reads in a message.
pub(super) const AFTER_APPLY: &str = "(known after apply)";

/// The unknown values that something depends on, by their position; none if it is certain.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Doubt(Option<Rc<BTreeSet<usize>>>);

impl Doubt {
    pub(super) const NONE: Self = Self(None);

    pub(super) fn about(unknown: usize) -> Self {
        Self(Some(Rc::new(BTreeSet::from([unknown]))))
    }

    pub(super) const fn is_none(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn unknowns(&self) -> impl Iterator<Item = usize> {
        self.0.iter().flat_map(|unknowns| unknowns.iter().copied())
    }

    #[must_use]
    pub(super) fn and(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (None, _) => other.clone(),
            (_, None) => self.clone(),
            (Some(left), Some(right)) if Rc::ptr_eq(left, right) || right.is_subset(left) => self.clone(),
            (Some(left), Some(right)) => Self(Some(Rc::new(left.union(right).copied().collect()))),
        }
    }
}

/// The marks of one evaluation.
pub(super) struct Marks {
    unknown_start: String,
    maybe_start: String,
    /// What each mark depends on and stands for.
    table: RefCell<Vec<(Doubt, Stands)>>,
    numbers: RefCell<BTreeMap<(Doubt, Stands), usize>>,
}

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stands {
    /// Any value; what is computed of an unknown one, such as the document in an unknown text.
    Anything,
    /// A value of the plan that may have members.
    Members,
    /// A text, a number or a boolean.
    Scalar,
    /// A whole number of at least and at most so much.
    Count(usize, usize),
}

/// Private-use characters, which no configuration has a reason to contain.
const OPEN: char = '\u{F5A7A}';
const CLOSE: char = '\u{F5A7B}';

/// Whether a text has the character of a mark. Nearly all texts of a plan are ASCII, which is seen faster than that a character is not there.
fn may_be_marked(text: &str) -> bool {
    !text.is_ascii() && text.contains(OPEN)
}

impl Marks {
    /// Marks that no string of a plan with this text can be taken for.
    pub(super) fn apart_from(text: &str) -> Self {
        let escaped = || {
            text.match_indices("\\u").any(|(at, _)| {
                text.get(at + 2..at + 6).is_some_and(|digits| digits.eq_ignore_ascii_case("db96"))
            })
        };
        // A plan that has the character cannot have this number after it.
        let number = if text.contains(OPEN) || escaped() {
            let longest = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
            "1".repeat(longest.unwrap_or(0) + 1)
        } else {
            "0".to_owned()
        };
        Self {
            unknown_start: format!("{OPEN}{number}u"),
            maybe_start: format!("{OPEN}{number}m"),
            table: RefCell::new(Vec::new()),
            numbers: RefCell::new(BTreeMap::new()),
        }
    }

    /// A value that is unknown for these reasons.
    pub(super) fn unknown(&self, doubt: &Doubt) -> Value {
        self.unknown_as(doubt, Stands::Anything)
    }

    /// A value of which something is known.
    pub(super) fn unknown_as(&self, doubt: &Doubt, stands: Stands) -> Value {
        Value::from(format!("{}{}{CLOSE}", self.unknown_start, self.number(doubt, stands)))
    }

    fn number(&self, doubt: &Doubt, stands: Stands) -> usize {
        *self.numbers.borrow_mut().entry((doubt.clone(), stands)).or_insert_with(|| {
            let mut table = self.table.borrow_mut();
            table.push((doubt.clone(), stands));
            table.len() - 1
        })
    }

    /// What is known of an unknown value.
    pub(super) fn stands_for(&self, value: &Value) -> Stands {
        let Value::String(text) = value else { return Stands::Anything };
        let number = text.strip_prefix(&self.unknown_start).and_then(|rest| rest.strip_suffix(CLOSE));
        let number = number.and_then(|number| number.parse::<usize>().ok());
        let table = self.table.borrow();
        number.and_then(|number| table.get(number)).map_or(Stands::Anything, |(_, stands)| *stands)
    }

    /// Whether an unknown value may be a collection.
    pub(super) fn may_have_members(&self, value: &Value) -> bool {
        match self.stands_for(value) {
            Stands::Anything | Stands::Members => true,
            Stands::Scalar | Stands::Count(..) => false,
        }
    }

    /// How many members a collection has at least and at most.
    pub(super) fn count(&self, collection: &Value) -> Option<(usize, usize)> {
        let certain = |value: &Value| self.doubt_in(value).is_none();
        let exists = |value: &Value| self.member(value).1.is_none();
        match collection {
            Value::Array(elements) => {
                Some((elements.iter().filter(|value| exists(value)).count(), elements.iter().count()))
            }
            // An unknown element may be one of the others.
            Value::Set(elements) => {
                let known = elements.iter().filter(|value| certain(value)).count();
                let any = usize::from(elements.iter().any(exists));
                Some((known.max(any), elements.iter().count()))
            }
            Value::Object(members) => {
                let known = members.iter().filter(|(key, value)| certain(key) && exists(value)).count();
                Some((known, members.iter().count()))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => None,
        }
    }

    /// Why a value is unknown as a whole; `None` if it is known, at least in part.
    pub(super) fn why_unknown(&self, value: &Value) -> Option<Doubt> {
        let Value::String(text) = value else { return None };
        if !may_be_marked(text) {
            return None;
        }
        let mut all = Doubt::NONE;
        for piece in text.split(&self.unknown_start).skip(1) {
            let number = piece.split(CLOSE).next()?.parse::<usize>().ok()?;
            all = all.and(&self.table.borrow().get(number)?.0);
        }
        (!all.is_none()).then_some(all)
    }

    /// What an element or entry is that exists only perhaps.
    pub(super) fn maybe(&self, value: Value, doubt: &Doubt) -> Value {
        if doubt.is_none() {
            return value;
        }
        let number = self.number(doubt, Stands::Anything);
        let mark = format!("{}{number}{CLOSE}", self.maybe_start);
        Value::from(vec![Value::from(mark), value])
    }

    /// The value of an element or entry, and why it exists only perhaps.
    pub(super) fn member(&self, value: &Value) -> (Value, Doubt) {
        self.perhaps(value).unwrap_or_else(|| (value.clone(), Doubt::NONE))
    }

    fn perhaps(&self, value: &Value) -> Option<(Value, Doubt)> {
        let Value::Array(pair) = value else { return None };
        let (Some(Value::String(mark)), Some(value)) = (pair.get(0), pair.get(1)) else { return None };
        let number = mark.strip_prefix(&self.maybe_start)?.strip_suffix(CLOSE)?.parse::<usize>().ok()?;
        Some((value.clone(), self.table.borrow().get(number)?.0.clone()))
    }

    /// What a value depends on, at any depth: unknown parts, and members that exist only perhaps.
    pub(super) fn doubt_in(&self, value: &Value) -> Doubt {
        match value {
            Value::String(_) => self.why_unknown(value).unwrap_or_default(),
            Value::Array(elements) => {
                let perhaps = self.perhaps(value).map(|(_, doubt)| doubt).unwrap_or_default();
                elements.iter().fold(perhaps, |all, element| all.and(&self.doubt_in(element)))
            }
            Value::Set(elements) => {
                elements.iter().fold(Doubt::NONE, |all, element| all.and(&self.doubt_in(element)))
            }
            Value::Object(members) => members.iter().fold(Doubt::NONE, |all, (key, member)| {
                all.and(&self.doubt_in(key)).and(&self.doubt_in(member))
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => Doubt::NONE,
        }
    }

    /// Whether a value has an unknown part, or a member that exists only perhaps.
    pub(super) fn is_marked(&self, value: &Value) -> bool {
        match value {
            Value::String(_) => self.why_unknown(value).is_some(),
            Value::Array(elements) => {
                self.perhaps(value).is_some() || elements.iter().any(|element| self.is_marked(element))
            }
            Value::Set(elements) => elements.iter().any(|element| self.is_marked(element)),
            Value::Object(members) => {
                members.iter().any(|(key, member)| self.is_marked(key) || self.is_marked(member))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => false,
        }
    }

    /// Why the number of members of a collection is uncertain.
    pub(super) fn doubt_of_size(&self, value: &Value) -> Doubt {
        match value {
            // Two unknown elements of a set may be one.
            Value::Set(_) => self.doubt_in(value),
            Value::Array(elements) => {
                elements.iter().fold(Doubt::NONE, |all, element| all.and(&self.member(element).1))
            }
            Value::Object(members) => members.iter().fold(Doubt::NONE, |all, (key, member)| {
                all.and(&self.doubt_in(key)).and(&self.member(member).1)
            }),
            Value::String(_) => self.why_unknown(value).unwrap_or_default(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => Doubt::NONE,
        }
    }

    /// The value as people read it: without marks.
    pub(super) fn readable(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if may_be_marked(text) => {
                let mut pieces = text.split(&self.unknown_start);
                let mut readable = pieces.next().unwrap_or_default().to_owned();
                for piece in pieces {
                    readable.push_str(AFTER_APPLY);
                    readable.push_str(piece.split_once(CLOSE).map_or(piece, |(_, rest)| rest));
                }
                Value::from(readable)
            }
            Value::Array(elements) => match self.perhaps(value) {
                Some((value, _)) => self.readable(&value),
                None => {
                    Value::from(elements.iter().map(|element| self.readable(element)).collect::<Vec<_>>())
                }
            },
            Value::Set(elements) => {
                Value::from(elements.iter().map(|element| self.readable(element)).collect::<BTreeSet<_>>())
            }
            Value::Object(members) => Value::from(
                members
                    .iter()
                    .map(|(key, member)| (self.readable(key), self.readable(member)))
                    .collect::<BTreeMap<_, _>>(),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => {
                value.clone()
            }
        }
    }
}
