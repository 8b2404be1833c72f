//! Functions that conftest adds to OPA's.

use regorus::Value;

use super::arguments::Arguments;
use super::{Builtin, Failure, Outcome};
use crate::rego::yaml;

pub(super) const FUNCTIONS: &[Builtin] = &[Builtin { name: "parse_config", arity: 2, run: parse_config }];

/// `parse_config(parser, text)`: what the text says, for the parsers `json` and `yaml`; conftest has more.
fn parse_config(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (parser, text) = (arguments.text(0)?, arguments.text(1)?);
    let parsed = match parser {
        "json" => Value::from_json_str(text).map_err(|error| error.to_string()),
        "yaml" => yaml::parse(text),
        _ => {
            return Err(Failure::unsuitable(format!(
                "the parser {parser:?} is not one of \"json\" and \"yaml\""
            )));
        }
    };
    parsed.map_err(Failure::unsuitable)
}
