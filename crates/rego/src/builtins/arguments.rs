//! Reads the arguments of a call, with OPA's words for those of a wrong type.

use regorus::Value;
use regorus::value::{Array, Set};

use super::Failure;

/// OPA's name of a value's type.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Set(_) => "set",
        Value::Object(_) => "object",
        Value::Undefined => "undefined",
    }
}

/// The arguments of one call. Functions are called with as many as they declare.
pub(super) struct Arguments<'v>(pub &'v [Value]);

impl<'v> Arguments<'v> {
    /// The argument at `index`, counted from zero.
    pub(super) fn value(&self, index: usize) -> &'v Value {
        self.0.get(index).unwrap_or(&Value::Undefined)
    }

    /// An error that says what was expected.
    pub(super) fn wrong(&self, index: usize, expected: &str) -> Failure {
        let got = type_name(self.value(index));
        Failure::Unsuitable(format!("operand {} must be {expected} but got {got}", index + 1))
    }

    pub(super) fn text(&self, index: usize) -> Result<&'v str, Failure> {
        match self.value(index) {
            Value::String(text) => Ok(text),
            _ => Err(self.wrong(index, "string")),
        }
    }

    pub(super) fn array(&self, index: usize) -> Result<&'v Array, Failure> {
        match self.value(index) {
            Value::Array(elements) => Ok(elements),
            _ => Err(self.wrong(index, "array")),
        }
    }

    pub(super) fn set(&self, index: usize) -> Result<&'v Set, Failure> {
        match self.value(index) {
            Value::Set(elements) => Ok(elements),
            _ => Err(self.wrong(index, "set")),
        }
    }

    /// The argument, which is a number. The engine does not let the type of numbers be named.
    pub(super) fn number(&self, index: usize) -> Result<&'v Value, Failure> {
        match self.value(index) {
            number @ Value::Number(_) => Ok(number),
            _ => Err(self.wrong(index, "number")),
        }
    }

    /// The argument, which is an integer of 64 bits.
    pub(super) fn integer(&self, index: usize) -> Result<i64, Failure> {
        match self.number(index)? {
            Value::Number(number) if number.is_integer() => {
                number.as_i64().ok_or_else(|| self.wrong(index, "integer"))
            }
            _ => {
                let place = index + 1;
                let reason = format!("operand {place} must be integer number but got floating-point number");
                Err(Failure::unsuitable(reason))
            }
        }
    }
}
