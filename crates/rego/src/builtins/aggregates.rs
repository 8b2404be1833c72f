//! Functions for the elements of collections taken together.

use std::cmp::Ordering;

use regorus::Value;

use super::arguments::Arguments;
use super::decimal::Decimal;
use super::operators::order;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
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
        Value::Set(elements) => Ok(elements.iter_sorted().cloned().collect()),
        _ => Err(arguments.wrong(0, "one of {set, array}")),
    }
}

/// `sum(collection)`: the sum of the numbers. Decimals are added as they are written, so that nothing is lost in
/// between.
fn sum(arguments: &[Value]) -> Outcome {
    let mut total = Value::from(0u64);
    let mut decimal: Option<Decimal> = None;
    for element in elements(arguments)? {
        let Value::Number(number) = &element else {
            return Err(Failure::unsuitable("operand 1 must be one of {set, array} of numbers"));
        };
        let too_large = || Failure::TooLarge("the sum is out of range".to_owned());
        if decimal.is_none() && !number.is_integer() {
            decimal = Some(Decimal::of(&total).ok_or_else(too_large)?);
        }
        match (&mut decimal, &total) {
            (Some(sum), _) => *sum = sum.add(&Decimal::of(&element).ok_or_else(too_large)?),
            (None, Value::Number(so_far)) => {
                total = so_far.add(number).map_err(|error| Failure::unsuitable(error.to_string()))?.into();
            }
            (None, _) => {}
        }
    }
    match decimal {
        Some(sum) => sum.value().ok_or_else(|| Failure::TooLarge("the sum is out of range".to_owned())),
        None => Ok(total),
    }
}

/// `product(collection)`: the product of the numbers. OPA keeps 53 bits of it between two factors, and more of a
/// factor.
fn product(arguments: &[Value]) -> Outcome {
    let mut product = Value::from(1u64);
    for element in elements(arguments)? {
        let (Value::Number(so_far), Value::Number(factor)) = (&product, &element) else {
            return Err(Failure::unsuitable("operand 1 must be one of {set, array} of numbers"));
        };
        let too_large = || Failure::TooLarge("the product is out of range".to_owned());
        product = if so_far.is_integer() && factor.is_integer() {
            so_far.mul(factor).map_err(|error| Failure::unsuitable(error.to_string()))?.into()
        } else {
            let so_far = so_far.as_f64().and_then(Decimal::of_float).ok_or_else(too_large)?;
            let factor = Decimal::of(&element).ok_or_else(too_large)?;
            so_far.mul(&factor).value().ok_or_else(too_large)?
        };
    }
    Ok(product)
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
