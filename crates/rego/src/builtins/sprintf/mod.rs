//! `sprintf`: Go's `fmt.Sprintf`, which is what OPA calls.

mod directive;
mod float;
mod integer;
mod layout;
mod string;

pub(super) use float::shortest_float;

use regorus::Value;

use super::arguments::Arguments;
use super::extended;
use super::text::value_text;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[Builtin { name: "sprintf", arity: 2, run: sprintf }];

/// `sprintf(format, values)`: the format with its directives replaced by the values.
///
/// OPA hands Go strings, integers and floats as what they are and anything else as its text in Rego, so that
/// `%t` of a boolean is the error `%!t(string=true)`.
fn sprintf(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let format = arguments.text(0)?;
    let values: Vec<Operand> = arguments.array(1)?.iter().map(Operand::of).collect::<Result<_, _>>()?;
    Ok(directive::print(format, &values)?.into())
}

/// `fmt.Sprintf`.
///
/// # Errors
///
/// If the result would be too long.
pub(super) fn print(format: &str, operands: &[Operand]) -> Result<String, Failure> {
    directive::print(format, operands)
}

/// What Go gets to see of a value.
pub(super) enum Operand {
    Integer(i64),
    /// The decimal digits of an integer beyond 64 bits, perhaps with a sign, and the same as a number.
    Large(Value),
    Float(f64),
    /// An integer that is written with a point, such as `101.00`. OPA 1.19 takes it for a float and OPA 1.20 for an
    /// integer; here it is what a verb asks for, so that both `%.2f` and `%d` print it.
    Pointed(i64),
    Text(String),
    /// A number that Go keeps as it was written, and takes for a text.
    Written(String),
}

impl Operand {
    fn of(value: &Value) -> Result<Self, Failure> {
        Ok(match value {
            Value::Number(number) => {
                if !number.is_integer() {
                    Self::Float(value.as_f64().map_or(f64::NAN, extended::as_written))
                } else if let Some(integer) = number.as_i64() {
                    if is_float(value) { Self::Pointed(integer) } else { Self::Integer(integer) }
                } else {
                    Self::Large(value.clone())
                }
            }
            Value::String(text) => Self::Text(text.to_string()),
            Value::Null
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Set(_)
            | Value::Object(_)
            | Value::Undefined => Self::Text(value_text(value)?),
        })
    }

    /// The name of the operand's type in Go.
    fn type_name(&self) -> &'static str {
        match self {
            Self::Integer(_) | Self::Pointed(_) => "int64",
            Self::Large(_) => "*big.Int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Written(_) => "json.Number",
        }
    }
}

/// Whether the engine has a number as a float, which it never makes of an integer.
fn is_float(value: &Value) -> bool {
    match (value, Value::from(0.5)) {
        (Value::Number(number), Value::Number(float)) => {
            std::mem::discriminant(number) == std::mem::discriminant(&float)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(format: &str, number: &str) -> String {
        let values = Value::from(vec![Value::from_json_str(number).unwrap()]);
        sprintf(&[format.into(), values]).unwrap().as_string().unwrap().to_string()
    }

    #[test]
    fn an_amount_in_full_units_keeps_its_decimals() {
        assert_eq!(printed("$%.2f", "101.00"), "$101.00");
        assert_eq!(printed("%d", "101.00"), "101");
        assert_eq!(printed("%v", "101.00"), "101");
        assert_eq!(printed("$%.2f", "101"), "$%!f(int64=101)");
    }
}
