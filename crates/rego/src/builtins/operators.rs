//! The operators as functions: `plus(1, 2)` is `1 + 2`.

use std::cmp::Ordering;

use regorus::Value;
use regorus::value::Object;

use super::arguments::Arguments;
use super::extended::Extended;
use super::{Builtin, Failure, Outcome};
use crate::unshared::{MOST_VALUES, is_larger};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "plus", arity: 2, run: plus },
    Builtin { name: "minus", arity: 2, run: minus },
    Builtin { name: "mul", arity: 2, run: mul },
    Builtin { name: "div", arity: 2, run: div },
    Builtin { name: "rem", arity: 2, run: rem },
    Builtin { name: "and", arity: 2, run: and },
    Builtin { name: "or", arity: 2, run: or },
    Builtin { name: "eq", arity: 2, run: |arguments| compare(arguments, Ordering::is_eq) },
    Builtin { name: "equal", arity: 2, run: |arguments| compare(arguments, Ordering::is_eq) },
    Builtin { name: "neq", arity: 2, run: |arguments| compare(arguments, Ordering::is_ne) },
    Builtin { name: "lt", arity: 2, run: |arguments| compare(arguments, Ordering::is_lt) },
    Builtin { name: "lte", arity: 2, run: |arguments| compare(arguments, Ordering::is_le) },
    Builtin { name: "gt", arity: 2, run: |arguments| compare(arguments, Ordering::is_gt) },
    Builtin { name: "gte", arity: 2, run: |arguments| compare(arguments, Ordering::is_ge) },
    Builtin { name: "internal.written", arity: 1, run: written },
    Builtin { name: "internal.member_2", arity: 2, run: member_2 },
    Builtin { name: "internal.member_3", arity: 3, run: member_3 },
];

/// `internal.written(value)`: the value, if it is not too large to be written. The engine's own functions that write
/// values do not look.
fn written(arguments: &[Value]) -> Outcome {
    let value = Arguments(arguments).value(0);
    if is_larger(value, MOST_VALUES) {
        return Err(Failure::TooLarge(format!("a value with more than {MOST_VALUES} values in it")));
    }
    Ok(value.clone())
}

/// A number is computed from two, or the engine says why not.
macro_rules! arithmetic {
    ($arguments:expr, |$left:ident, $right:ident| $result:expr) => {
        match $arguments {
            [Value::Number($left), Value::Number($right)] => {
                let result = $result;
                result.map(Value::from).map_err(|error| Failure::unsuitable(error.to_string()))
            }
            arguments => Err(not_numbers(arguments)),
        }
    };
}

/// Two numbers, of which at least one is no integer. OPA computes with these in another way.
fn fractions(arguments: &[Value]) -> Option<(Extended, Extended)> {
    match arguments {
        [x @ Value::Number(left), y @ Value::Number(right)] if !(left.is_integer() && right.is_integer()) => {
            Some((Extended::of(x)?, Extended::of(y)?))
        }
        _ => None,
    }
}

fn not_numbers(arguments: &[Value]) -> Failure {
    let first_is_number = matches!(arguments.first(), Some(Value::Number(_)));
    Arguments(arguments).wrong(usize::from(first_is_number), "number")
}

/// `plus(x, y)`: the sum of two numbers.
fn plus(arguments: &[Value]) -> Outcome {
    if let Some(result) = fractions(arguments).and_then(|(x, y)| x.add(&y).value()) {
        return Ok(result);
    }
    arithmetic!(arguments, |x, y| x.add(y))
}

/// `minus(x, y)`: the difference of two numbers or of two sets.
fn minus(arguments: &[Value]) -> Outcome {
    if let [Value::Set(x), Value::Set(y)] = arguments {
        return Ok(x.difference(y).into());
    }
    if let Some(result) = fractions(arguments).and_then(|(x, y)| x.sub(&y).value()) {
        return Ok(result);
    }
    arithmetic!(arguments, |x, y| x.sub(y))
}

/// `mul(x, y)`: the product of two numbers.
fn mul(arguments: &[Value]) -> Outcome {
    if let Some(result) = fractions(arguments).and_then(|(x, y)| x.mul(&y).value()) {
        return Ok(result);
    }
    arithmetic!(arguments, |x, y| x.mul(y))
}

fn is_zero(arguments: &[Value], index: usize) -> bool {
    arguments.get(index) == Some(&Value::from(0u64))
}

/// `div(x, y)`: the quotient of two numbers.
fn div(arguments: &[Value]) -> Outcome {
    if is_zero(arguments, 1) {
        return Err(Failure::unsuitable("divide by zero"));
    }
    if let [x @ Value::Number(left), y @ Value::Number(right)] = arguments
        && !is_divisible(left.as_i64(), right.as_i64())
        && let (Some(x), Some(y)) = (Extended::of(x), Extended::of(y))
        && let Some(quotient) = x.div(&y)
    {
        let integer = if left.is_integer() && right.is_integer() { quotient.large_integer() } else { None };
        if let Some(quotient) = integer.or_else(|| quotient.value()) {
            return Ok(quotient);
        }
    }
    arithmetic!(arguments, |x, y| x.clone().divide(y))
}

/// Whether two integers of 64 bits have an integer as their quotient.
fn is_divisible(dividend: Option<i64>, divisor: Option<i64>) -> bool {
    match (dividend, divisor) {
        (Some(dividend), Some(divisor)) => dividend.checked_rem(divisor) == Some(0),
        (None, _) | (_, None) => false,
    }
}

/// `rem(x, y)`: the remainder of dividing two integers; it has the sign of the first.
fn rem(arguments: &[Value]) -> Outcome {
    if let [Value::Number(x), Value::Number(y)] = arguments
        && !(x.is_integer() && y.is_integer())
    {
        return Err(Failure::unsuitable("modulo on floating-point number"));
    }
    if is_zero(arguments, 1) {
        return Err(Failure::unsuitable("modulo by zero"));
    }
    arithmetic!(arguments, |x, y| x.clone().modulo(y))
}

/// `and(x, y)`: the intersection of two sets.
fn and(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    Ok(arguments.set(0)?.intersection(arguments.set(1)?).into())
}

/// `or(x, y)`: the union of two sets.
fn or(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    Ok(arguments.set(0)?.union(arguments.set(1)?).into())
}

/// OPA's order of values; the engine's differs in that sets come before objects.
pub(in super::super) fn order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Set(_), Value::Object(_)) => Ordering::Greater,
        (Value::Object(_), Value::Set(_)) => Ordering::Less,
        (Value::Array(left), Value::Array(right)) => order_all(left.iter(), right.iter()),
        (Value::Set(left), Value::Set(right)) => order_all(sorted(left.iter()), sorted(right.iter())),
        (Value::Object(left), Value::Object(right)) => {
            let entries = |object: &'_ Object| {
                let mut entries: Vec<(Value, Value)> =
                    object.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
                entries.sort_by(|left, right| order(&left.0, &right.0));
                entries
            };
            let (left, right) = (entries(left), entries(right));
            let pairs = left.iter().zip(&right);
            pairs
                .map(|(left, right)| order(&left.0, &right.0).then_with(|| order(&left.1, &right.1)))
                .find(|ordering| ordering.is_ne())
                .unwrap_or_else(|| left.len().cmp(&right.len()))
        }
        _ => left.cmp(right),
    }
}

/// The elements in OPA's order.
pub(super) fn sorted<'v>(elements: impl Iterator<Item = &'v Value>) -> std::vec::IntoIter<&'v Value> {
    let mut elements: Vec<&Value> = elements.collect();
    elements.sort_by(|left, right| order(left, right));
    elements.into_iter()
}

fn order_all<'v>(left: impl Iterator<Item = &'v Value>, right: impl Iterator<Item = &'v Value>) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        match (left.next(), right.next()) {
            (Some(left), Some(right)) => match order(left, right) {
                Ordering::Equal => {}
                ordering => return ordering,
            },
            (left, right) => return left.is_some().cmp(&right.is_some()),
        }
    }
}

/// `eq`, `equal`, `neq`, `lt`, `lte`, `gt` and `gte`: whether two values are in that order.
fn compare(arguments: &[Value], holds: fn(Ordering) -> bool) -> Outcome {
    let arguments = Arguments(arguments);
    Ok(holds(order(arguments.value(0), arguments.value(1))).into())
}

/// What `internal.member_2(x, collection)` is called as: whether `x in collection`.
fn member_2(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let wanted = arguments.value(0);
    let is_member = match arguments.value(1) {
        Value::Array(elements) => elements.contains(wanted),
        Value::Set(elements) => elements.contains(wanted),
        Value::Object(object) => object.values().any(|value| value == wanted),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => false,
    };
    Ok(is_member.into())
}

/// What `internal.member_3(key, x, collection)` is called as: whether `key, x in collection`.
fn member_3(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (key, wanted, collection) = (arguments.value(0), arguments.value(1), arguments.value(2));
    let is_member = match collection {
        Value::Set(elements) => key == wanted && elements.contains(wanted),
        Value::Array(_) | Value::Object(_) => &collection[key] == wanted,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => false,
    };
    Ok(is_member.into())
}
