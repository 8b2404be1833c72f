//! The operators as functions: `plus(1, 2)` is `1 + 2`.

use std::cmp::Ordering;

use regorus::Value;

use super::arguments::Arguments;
use super::decimal::Decimal;
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

/// Decimals are computed as they are written, so that `0.1 + 0.2` is 0.3. None if both are integers, or if they are
/// no numbers.
fn decimals(arguments: &[Value]) -> Option<(Decimal, Decimal)> {
    match arguments {
        [x @ Value::Number(left), y @ Value::Number(right)] if !(left.is_integer() && right.is_integer()) => {
            Some((Decimal::of(x)?, Decimal::of(y)?))
        }
        _ => None,
    }
}

/// The digits of a quotient that count.
const QUOTIENT_DIGITS: u32 = 25;

fn not_numbers(arguments: &[Value]) -> Failure {
    let first_is_number = matches!(arguments.first(), Some(Value::Number(_)));
    Arguments(arguments).wrong(usize::from(first_is_number), "number")
}

/// `plus(x, y)`: the sum of two numbers.
fn plus(arguments: &[Value]) -> Outcome {
    if let Some(result) = decimals(arguments).and_then(|(x, y)| x.add(&y).value()) {
        return Ok(result);
    }
    arithmetic!(arguments, |x, y| x.add(y))
}

/// `minus(x, y)`: the difference of two numbers or of two sets.
fn minus(arguments: &[Value]) -> Outcome {
    if let [Value::Set(x), Value::Set(y)] = arguments {
        return Ok(x.difference(y).into());
    }
    if let Some(result) = decimals(arguments).and_then(|(x, y)| x.sub(&y).value()) {
        return Ok(result);
    }
    arithmetic!(arguments, |x, y| x.sub(y))
}

/// `mul(x, y)`: the product of two numbers.
fn mul(arguments: &[Value]) -> Outcome {
    if let Some(result) = decimals(arguments).and_then(|(x, y)| x.mul(&y).value()) {
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
    if let Some(result) = decimals(arguments).and_then(|(x, y)| x.div(&y, QUOTIENT_DIGITS)?.value()) {
        return Ok(result);
    }
    arithmetic!(arguments, |x, y| x.clone().divide(y))
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
pub(super) fn order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Set(_), Value::Object(_)) => Ordering::Greater,
        (Value::Object(_), Value::Set(_)) => Ordering::Less,
        _ => left.cmp(right),
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
