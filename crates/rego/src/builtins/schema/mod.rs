//! JSON Schema, drafts 4, 6 and 7, as the library does it that OPA uses: its answers include its words.

mod compile;
mod format;
mod node;
mod reference;
mod validate;

use std::sync::Arc;

use regorus::Value;

use super::arguments::Arguments;
use super::cache::Cache;
use super::{Builtin, Failure, Outcome, json};
use crate::unshared::{MOST_VALUES, is_larger};
use compile::Problem;
use node::Schema;

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "json.verify_schema", arity: 1, run: verify },
    Builtin { name: "json.match_schema", arity: 2, run: match_schema },
];

static SCHEMAS: Cache<Schema> = Cache::new();

/// The document that an argument is: an object or array, or text that is JSON. Sets become arrays.
fn document(value: &Value) -> Result<Value, Problem> {
    match value {
        Value::String(text) => {
            Value::from_json_str(text).map_err(|_| Problem::invalid("invalid JSON string"))
        }
        Value::Object(_) | Value::Array(_) if is_larger(value, MOST_VALUES) => {
            let reason = format!("the document has more than {MOST_VALUES} values");
            Err(Problem::Failure(Failure::TooLarge(reason)))
        }
        Value::Object(_) | Value::Array(_) => plain(value).map_err(Problem::Failure),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Set(_) | Value::Undefined => {
            Err(Problem::invalid("wrong type, expected string or object"))
        }
    }
}

/// The value as JSON has it.
fn plain(value: &Value) -> Result<Value, Failure> {
    Ok(match value {
        Value::Array(elements) => elements.iter().map(plain).collect::<Result<Vec<_>, _>>()?.into(),
        Value::Set(elements) => elements.iter_sorted().map(plain).collect::<Result<Vec<_>, _>>()?.into(),
        Value::Object(object) => {
            let key = |key: &Value| match key {
                Value::String(_) => Ok(key.clone()),
                other => json::text(other).map(Value::from),
            };
            object
                .iter()
                .map(|(name, value)| Ok((key(name)?, plain(value)?)))
                .collect::<Result<std::collections::BTreeMap<_, _>, Failure>>()?
                .into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => {
            value.clone()
        }
    })
}

/// A policy checks many documents against one schema.
fn compiled(value: &Value) -> Result<Arc<Schema>, Problem> {
    let document = document(value)?;
    let mut problem = None;
    let schema = SCHEMAS.get(&json::text(&document).map_err(Problem::Failure)?, || {
        compile::compile(&document).map_err(|found| {
            let failure = found.clone().into_failure();
            problem = Some(found);
            failure
        })
    });
    schema.map_err(|failure| problem.unwrap_or(Problem::Failure(failure)))
}

/// `json.verify_schema(schema)`: whether it is a schema, and if not, why.
fn verify(arguments: &[Value]) -> Outcome {
    match compiled(Arguments(arguments).value(0)) {
        Ok(_) => Ok(vec![true.into(), Value::Null].into()),
        Err(Problem::Invalid(reason)) => {
            Ok(vec![false.into(), Value::from(format!("jsonschema: {reason}"))].into())
        }
        Err(Problem::Failure(failure)) => Err(failure),
    }
}

/// `json.match_schema(document, schema)`: whether the document has the form that the schema says, and where it has
/// not.
fn match_schema(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let document = document(arguments.value(0)).map_err(Problem::into_failure)?;
    let schema = compiled(arguments.value(1)).map_err(Problem::into_failure)?;
    let faults = validate::validate(&schema, &document)?;
    let is_match = faults.is_empty();
    let faults: Vec<Value> = faults.into_iter().map(Value::from).collect();
    Ok(vec![is_match.into(), faults.into()].into())
}

#[cfg(test)]
mod tests {
    use super::super::Failure;
    use super::*;

    fn matches(document: &str, schema: &str) -> Outcome {
        match_schema(&[document.into(), schema.into()])
    }

    #[test]
    fn endless_schemas_end() {
        for schema in [
            r##"{"$ref": "#"}"##,
            r##"{"allOf": [{"$ref": "#"}, {"$ref": "#"}]}"##,
            r##"{"anyOf": [{"$ref": "#/definitions/a"}], "definitions": {"a": {"not": {"$ref": "#"}}}}"##,
        ] {
            let outcome = matches("{}", schema);
            assert!(matches!(outcome, Err(Failure::TooLarge(_))), "{schema}: {outcome:?}");
        }
    }

    #[test]
    fn schemas_elsewhere_are_not_fetched() {
        let schema = r#"{"$ref": "https://example.com/schema.json"}"#;
        assert!(matches!(matches("{}", schema), Err(Failure::Unsupported(_))));
        assert!(matches!(verify(&[schema.into()]), Err(Failure::Unsupported(_))));
    }

    #[test]
    fn a_schema_is_compiled_once() {
        let schema = Value::from(r#"{"type": "array", "title": "once"}"#);
        let (first, second) = (compiled(&schema).unwrap(), compiled(&schema).unwrap());
        assert!(Arc::ptr_eq(&first, &second));
    }
}
