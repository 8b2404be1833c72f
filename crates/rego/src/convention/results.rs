//! Reads the values of rules as findings.

use regorus::Value;
use serde_json::Map;

use super::{Reading, conftest};
use crate::finding::PolicyFinding;
use crate::rule::PolicyRule;

/// A result that conftest would count as passed or reject, or that is an error on the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// A value that is not a result, with what it is.
    Shape(&'static str),
    /// An object whose `msg` is not a string.
    NoMessage,
    /// A value that is not an array, where the platform needs one; with what it is.
    NoArray(&'static str),
}

/// The findings of a rule's value.
pub(crate) fn results(rule: &PolicyRule, value: &Value) -> Vec<Result<PolicyFinding, Unusable>> {
    match rule.reading {
        Reading::Messages => conftest::results(rule, value),
        Reading::Array => match value {
            Value::Undefined | Value::Bool(_) => vec![Err(Unusable::NoArray(kind(value)))],
            Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Set(_)
            | Value::Object(_) => conftest::results(rule, value),
        },
        Reading::Approval => {
            let mut reasons = conftest::results(rule, value);
            if reasons.is_empty() {
                let message = format!("not allowed: {} has no result", rule.path);
                return vec![Ok(conftest::finding(rule, message, Map::new()))];
            }
            reasons.retain(Result::is_err);
            reasons
        }
        Reading::Query => match value {
            Value::Array(elements) => elements.iter().map(|element| Ok(any(rule, element))).collect(),
            Value::Set(elements) => elements.iter_sorted().map(|element| Ok(any(rule, element))).collect(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)
            | Value::Undefined => vec![Err(Unusable::NoArray(kind(value)))],
        },
    }
}

/// The finding of an array's element, whatever its type is. One without a message is shown as JSON.
fn any(rule: &PolicyRule, element: &Value) -> PolicyFinding {
    conftest::result(rule, element).unwrap_or_else(|_| {
        let json = serde_json::to_value(element).unwrap_or_default();
        let text = json.get("message").and_then(serde_json::Value::as_str).map(str::to_owned);
        conftest::finding(rule, text.unwrap_or_else(|| json.to_string()), Map::new())
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Set(_) => "a set",
        Value::Object(_) => "an object",
        Value::Undefined => "nothing (it is undefined)",
    }
}
