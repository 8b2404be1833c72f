//! Compares values of which parts are known only after apply.

use std::collections::BTreeSet;

use regorus::Value;

use super::marks::{Doubt, Marks, Stands};

/// An answer in three values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    No,
    Yes,
    /// It depends on unknown values.
    Depends(Doubt),
}

impl Answer {
    /// Both.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, answer) | (answer, Self::Yes) => answer,
            (Self::Depends(left), Self::Depends(right)) => Self::Depends(left.and(&right)),
        }
    }

    /// One of them.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, answer) | (answer, Self::No) => answer,
            (Self::Depends(left), Self::Depends(right)) => Self::Depends(left.and(&right)),
        }
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Yes => Self::No,
            Self::Depends(doubt) => Self::Depends(doubt),
        }
    }
}

/// Whether two values are equal.
pub(super) fn equal(left: &Value, right: &Value, marks: &Marks) -> Answer {
    let unknown = |value: &Value| marks.why_unknown(value);
    match (unknown(left), unknown(right)) {
        (None, None) => {}
        // The same unknown value is equal to itself.
        (Some(_), Some(_)) if left == right => return Answer::Yes,
        (Some(one), other) | (other, Some(one)) => {
            if is_impossible(left, right, marks) {
                return Answer::No;
            }
            return Answer::Depends(other.map_or_else(|| one.clone(), |other| one.and(&other)));
        }
    }
    match (left, right) {
        (Value::Array(ours), Value::Array(theirs)) => {
            let size = marks.doubt_of_size(left).and(&marks.doubt_of_size(right));
            if !size.is_none() {
                return Answer::Depends(size);
            }
            if ours.iter().count() != theirs.iter().count() {
                return Answer::No;
            }
            ours.iter()
                .zip(theirs.iter())
                .fold(Answer::Yes, |all, (left, right)| all.and(equal(left, right, marks)))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            let size = marks.doubt_of_size(left).and(&marks.doubt_of_size(right));
            if !size.is_none() {
                return Answer::Depends(size);
            }
            if ours.iter().count() != theirs.iter().count() {
                return Answer::No;
            }
            ours.iter().fold(Answer::Yes, |all, (key, member)| match &right[key] {
                Value::Undefined => Answer::No,
                other => all.and(equal(member, other, marks)),
            })
        }
        (Value::Set(_), Value::Set(_)) => {
            let doubt = marks.doubt_in(left).and(&marks.doubt_in(right));
            if doubt.is_none() {
                return known(left == right);
            }
            let (Some(ours), Some(theirs)) = (marks.count(left), marks.count(right)) else {
                return Answer::Depends(doubt);
            };
            let lacks = |set: &Value, other: &Value| {
                members(set).iter().any(|(_, element)| {
                    marks.doubt_in(element).is_none() && is_in(None, element, other, marks) == Answer::No
                })
            };
            if ours.0 > theirs.1 || theirs.0 > ours.1 || lacks(left, right) || lacks(right, left) {
                return Answer::No;
            }
            Answer::Depends(doubt)
        }
        _ => known(left == right),
    }
}

/// Whether what is known of unknown values keeps them from being equal.
fn is_impossible(left: &Value, right: &Value, marks: &Marks) -> bool {
    let excludes = |unknown: &Value, other: &Value| match marks.stands_for(unknown) {
        Stands::Anything | Stands::Members => false,
        Stands::Scalar => matches!(other, Value::Array(_) | Value::Set(_) | Value::Object(_)),
        Stands::Count(least, most) => match other {
            Value::Number(_) => *other < Value::from(least) || *other > Value::from(most),
            Value::String(_) => marks.why_unknown(other).is_none(),
            _ => true,
        },
    };
    excludes(left, right) || excludes(right, left)
}

/// Whether a value is a member of a collection, under a key if one is given.
pub(super) fn is_in(key: Option<&Value>, value: &Value, collection: &Value, marks: &Marks) -> Answer {
    if let Some(doubt) = marks.why_unknown(collection) {
        return Answer::Depends(doubt);
    }
    let mut answer = Answer::No;
    for (its_key, member) in members(collection) {
        let (member, doubt) = marks.member(&member);
        let mut is_it = equal(value, &member, marks);
        if let Some(key) = key {
            is_it = is_it.and(equal(key, &its_key, marks));
        }
        if !doubt.is_none() && is_it != Answer::No {
            is_it = is_it.and(Answer::Depends(doubt));
        }
        answer = answer.or(is_it);
        if answer == Answer::Yes {
            break;
        }
    }
    answer
}

/// The elements of a set that another one lacks, or that both have.
pub(super) fn filtered(set: &Value, other: &Value, keep: Keep, marks: &Marks) -> Value {
    let mut kept = BTreeSet::new();
    for (_, element) in members(set) {
        let (element, exists) = marks.member(&element);
        let is_in = is_in(None, &element, other, marks);
        let stays = match keep {
            Keep::Common => is_in,
            Keep::Other => is_in.negated(),
        };
        match stays {
            Answer::No => {}
            Answer::Yes => {
                kept.insert(marks.maybe(element, &exists));
            }
            Answer::Depends(why) => {
                kept.insert(marks.maybe(element, &exists.and(&why)));
            }
        }
    }
    Value::from(kept)
}

/// Which elements of a set stay.
#[derive(Clone, Copy)]
pub(super) enum Keep {
    /// Those that the other set has as well.
    Common,
    /// Those that the other set does not have.
    Other,
}

/// Whether an object, a set or an array contains all of another one, as `object.subset` says.
pub(super) fn contains_all(whole: &Value, part: &Value, marks: &Marks) -> Answer {
    match (whole, part) {
        (Value::Object(_), Value::Object(_)) => {
            members(part).iter().fold(Answer::Yes, |all, (key, member)| {
                let its = match &whole[key] {
                    Value::Undefined => Answer::No,
                    its @ Value::Object(_) => contains_all(its, member, marks),
                    its => {
                        let (its, why) = marks.member(its);
                        let is_equal = equal(&its, member, marks);
                        if why.is_none() { is_equal } else { is_equal.and(Answer::Depends(why)) }
                    }
                };
                all.and(its)
            })
        }
        (Value::Set(_) | Value::Array(_), Value::Set(_)) => members(part)
            .iter()
            .fold(Answer::Yes, |all, (_, element)| all.and(is_in(None, element, whole, marks))),
        _ => {
            let doubt = marks.doubt_in(whole).and(&marks.doubt_in(part));
            if doubt.is_none() { equal(whole, part, marks) } else { Answer::Depends(doubt) }
        }
    }
}

/// The keys and values of a collection.
pub(super) fn members(collection: &Value) -> Vec<(Value, Value)> {
    match collection {
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(index, value)| (Value::from(index), value.clone())).collect()
        }
        Value::Set(elements) => elements.iter_sorted().map(|value| (value.clone(), value.clone())).collect(),
        Value::Object(members) => {
            members.iter_sorted().map(|(key, value)| (key.clone(), value.clone())).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => Vec::new(),
    }
}

pub(super) const fn known(holds: bool) -> Answer {
    if holds { Answer::Yes } else { Answer::No }
}
