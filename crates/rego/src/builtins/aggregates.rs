//! Functions for the elements of collections taken together.

use std::cmp::Ordering;

use regorus::Value;

use super::arguments::Arguments;
use super::extended::Extended;
use super::operators::{order, sorted};
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "count", arity: 1, run: count },
    Builtin { name: "sum", arity: 1, run: sum },
    Builtin { name: "product", arity: 1, run: product },
    Builtin { name: "sort", arity: 1, run: sort },
    Builtin { name: "min", arity: 1, run: min },
    Builtin { name: "max", arity: 1, run: max },
];

fn elements(arguments: &[Value]) -> Result<Vec<Value>, Failure> {
    let arguments = Arguments(arguments);
    match arguments.value(0) {
        Value::Array(elements) => Ok(elements.to_vec()),
        Value::Set(elements) => Ok(sorted(elements.iter()).cloned().collect()),
        _ => Err(arguments.wrong(0, "one of {set, array}")),
    }
}

/// `count(collection)`: how many elements, or characters.
fn count(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let count = match arguments.value(0) {
        Value::Array(elements) => elements.len(),
        Value::Set(elements) => elements.len(),
        Value::Object(object) => object.len(),
        Value::String(text) => text.chars().count(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => {
            return Err(arguments.wrong(0, "one of {array, object, set, string}"));
        }
    };
    Ok(count.into())
}

/// `sum(collection)`: the sum of the numbers.
fn sum(arguments: &[Value]) -> Outcome {
    let elements = elements(arguments)?;
    let too_large = || Failure::TooLarge("the sum is out of range".to_owned());
    let mut total = Value::from(0u64);
    if is_integral(&elements)? {
        for element in &elements {
            if let (Value::Number(so_far), Value::Number(number)) = (&total, element) {
                total = so_far.add(number).map_err(|error| Failure::unsuitable(error.to_string()))?.into();
            }
        }
        return Ok(total);
    }
    let mut sum = Extended::of(&total).ok_or_else(too_large)?;
    for element in &elements {
        sum = sum.add(&Extended::of(element).ok_or_else(too_large)?);
    }
    sum.value().ok_or_else(too_large)
}

/// `product(collection)`: the product of the numbers. OPA keeps 53 bits of it between two factors, and more of a
/// factor.
fn product(arguments: &[Value]) -> Outcome {
    let elements = elements(arguments)?;
    let too_large = || Failure::TooLarge("the product is out of range".to_owned());
    let mut product = Value::from(1u64);
    if is_integral(&elements)? {
        for element in &elements {
            if let (Value::Number(so_far), Value::Number(factor)) = (&product, element) {
                product = so_far.mul(factor).map_err(|error| Failure::unsuitable(error.to_string()))?.into();
            }
        }
        return Ok(product);
    }
    let mut product = Extended::of(&product).ok_or_else(too_large)?;
    for element in &elements {
        product = product.mul_short(&Extended::of(element).ok_or_else(too_large)?);
    }
    product.float_value().ok_or_else(too_large)
}

/// Whether elements are integers; they must be numbers.
fn is_integral(elements: &[Value]) -> Result<bool, Failure> {
    let mut is_integral = true;
    for element in elements {
        let Value::Number(number) = element else {
            return Err(Failure::unsuitable("operand 1 must be one of {set, array} of numbers"));
        };
        is_integral &= number.is_integer();
    }
    Ok(is_integral)
}

/// `sort(collection)`: the elements in their order.
fn sort(arguments: &[Value]) -> Outcome {
    let mut elements = elements(arguments)?;
    elements.sort_by(order);
    Ok(elements.into())
}

/// The first of the elements by the order, which need not be there.
fn first(arguments: &[Value], by: impl Fn(&Value, &Value) -> Ordering) -> Outcome {
    Ok(elements(arguments)?.into_iter().min_by(|left, right| by(left, right)).unwrap_or(Value::Undefined))
}

/// `min(collection)`: the least element.
fn min(arguments: &[Value]) -> Outcome {
    first(arguments, order)
}

/// `max(collection)`: the greatest element.
fn max(arguments: &[Value]) -> Outcome {
    first(arguments, |left, right| order(right, left))
}
