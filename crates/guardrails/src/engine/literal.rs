//! Compares values in plans with values in guardrails.

use planguard_guardrail_format::{Literal, Quantity};
use planguard_plan::Value;

/// Whether a value equals a literal. In maps of strings `"true"` and `"7"` equal the boolean and the number.
pub(super) fn equals(value: &Value<'_>, literal: &Literal) -> bool {
    match (value, literal) {
        (Value::Bool(value), Literal::Bool(literal)) => value == literal,
        (Value::String(text), Literal::Bool(literal)) => text.as_ref() == literal.to_string(),
        (Value::Bool(value), Literal::Text(literal)) => value.to_string() == *literal,
        (Value::Number(number), Literal::Number(literal)) => number.as_f64() == Some(*literal),
        (Value::String(text), Literal::Number(literal)) => text.parse::<f64>().ok() == Some(*literal),
        (Value::Number(number), Literal::Text(literal)) => number.to_string() == *literal,
        (Value::String(text), Literal::Text(literal)) => text == literal,
        (Value::Bool(_), Literal::Number(_))
        | (Value::Number(_), Literal::Bool(_))
        | (Value::Null | Value::Array(_) | Value::Object(_), _) => false,
    }
}

/// The quantity that a value is, as a number or as text.
pub(crate) fn quantity(value: &Value<'_>) -> Option<Quantity> {
    match value {
        Value::Number(number) => number.as_f64().map(Quantity::Number),
        Value::String(text) => Quantity::parse(text),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a value counts as not set: providers write null, an empty text or an empty list for it.
pub(crate) fn is_empty(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(object) => object.members().is_empty(),
    }
}
