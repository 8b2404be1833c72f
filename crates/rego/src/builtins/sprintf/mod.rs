//! `sprintf`: Go's `fmt.Sprintf`, which is what OPA calls.

mod directive;
mod float;
mod integer;
mod layout;
mod string;

use regorus::Value;

use super::arguments::Arguments;
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
    Text(String),
    /// A number that Go keeps as it was written, and takes for a text.
    Written(String),
}

impl Operand {
    fn of(value: &Value) -> Result<Self, Failure> {
        Ok(match value {
            Value::Number(number) => {
                if !number.is_integer() {
                    Self::Float(value.as_f64().unwrap_or(f64::NAN))
                } else if let Some(integer) = number.as_i64() {
                    Self::Integer(integer)
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
            Self::Integer(_) => "int64",
            Self::Large(_) => "*big.Int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Written(_) => "json.Number",
        }
    }
}
