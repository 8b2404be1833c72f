//! Reports of `planguard eval`, in the forms of `opa eval`.

mod bindings;
mod explanation;
mod json;
mod raw;
mod text;
mod values;

use planguard_plan::redact::JsonRedactor;
use planguard_rego::{Answers, ExpressionValue, IntegerMark, QueryResult};
use serde_json::Value;

use super::Formats;

pub use explanation::explain;

/// The answers of a query without what is sensitive.
#[derive(Clone, Debug, Default)]
pub struct QueryReport {
    results: Vec<QueryResult>,
    /// What stands for integers beyond 64 bits in the results, which each format writes in their places.
    integers: IntegerMark,
}

/// The formats of the report.
pub static FORMATS: Formats<QueryReport> =
    Formats::new(&[text::FORMAT, json::FORMAT, values::FORMAT, bindings::FORMAT, raw::FORMAT]);

impl QueryReport {
    /// The answers with the values that `redactor` knows replaced.
    pub fn new(answers: &Answers, redactor: &JsonRedactor) -> Self {
        Self {
            results: answers.results.iter().map(|result| redacted(result, redactor)).collect(),
            integers: answers.integers.clone(),
        }
    }
}

fn redacted(result: &QueryResult, redactor: &JsonRedactor) -> QueryResult {
    QueryResult {
        expressions: result
            .expressions
            .iter()
            .map(|expression| ExpressionValue {
                value: redactor.value(&expression.value),
                text: redactor.texts().text(&expression.text).unescaped().to_owned(),
                location: expression.location,
            })
            .collect(),
        bindings: result.bindings.iter().map(|(name, value)| (name.clone(), redactor.value(value))).collect(),
    }
}

fn values(result: &QueryResult) -> impl Iterator<Item = &Value> + '_ {
    result.expressions.iter().map(|expression| &expression.value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use planguard_rego::QueryLocation;
    use serde_json::json;

    use super::*;
    use crate::render::layout::sample::PLAIN;

    fn result(values: &[(&str, Value)], bindings: Value) -> QueryResult {
        let location = QueryLocation { row: 1, col: 1 };
        let expressions = values.iter().map(|(text, value)| ExpressionValue {
            value: value.clone(),
            text: (*text).to_owned(),
            location,
        });
        let bindings: BTreeMap<String, Value> = serde_json::from_value(bindings).unwrap();
        QueryResult { expressions: expressions.collect(), bindings }
    }

    #[test]
    fn integers_beyond_64_bits_are_exact() {
        let large = "integer:-123456789012345678901234567890";
        let lone = || vec![result(&[("x", json!({"a": [large]}))], json!({}))];
        assert_eq!(rendered(lone(), "text"), "{\n  \"a\": [\n    -123456789012345678901234567890\n  ]\n}\n");
        assert_eq!(rendered(lone(), "values"), "[{\"a\":[-123456789012345678901234567890]}]\n");
        assert!(rendered(lone(), "json").contains("  -123456789012345678901234567890\n"));
        let bound = || vec![result(&[("x", json!(large))], json!({"y": large}))];
        assert_eq!(rendered(bound(), "raw"), "-123456789012345678901234567890\n");
        assert_eq!(rendered(bound(), "bindings"), "{\"y\":-123456789012345678901234567890}\n");
        assert!(rendered(bound(), "text").contains("│ -123456789012345678901234567890 ┆ -1234"));
        let sensitive = vec![result(&[("x", json!("integer:hunter2"))], json!({}))];
        assert_eq!(rendered(sensitive, "values"), "[\"(sensitive value)\"]\n");
    }

    fn rendered(results: Vec<QueryResult>, format: &str) -> String {
        let redactor = JsonRedactor::new(["hunter2".to_owned()].into());
        let report = QueryReport::new(&Answers { results, ..Answers::default() }, &redactor);
        (FORMATS.find(format).unwrap().render)(&report, PLAIN).unwrap()
    }

    fn two() -> Vec<QueryResult> {
        vec![
            result(
                &[("x = xs[i]", true.into()), ("f(x)", json!("hunter2!"))],
                json!({"i": 0, "x": "hunter2"}),
            ),
            result(&[("x = xs[i]", true.into()), ("f(x)", json!([1]))], json!({"i": 1, "x": "b"})),
        ]
    }

    #[test]
    fn each_format_redacts() {
        assert_eq!(rendered(two(), "values"), "[true,\"(sensitive value)!\"]\n[true,[1]]\n");
        assert_eq!(
            rendered(two(), "bindings"),
            "{\"i\":0,\"x\":\"(sensitive value)\"}\n{\"i\":1,\"x\":\"b\"}\n"
        );
        assert_eq!(rendered(two(), "raw"), "true (sensitive value)!\ntrue [1]\n");
        for format in ["text", "json"] {
            assert!(!rendered(two(), format).contains("hunter2"), "{format}");
        }
    }

    #[test]
    fn a_lone_value_is_indented_and_several_are_a_table() {
        let lone = vec![result(&[("x", json!({"a": 1}))], json!({}))];
        assert_eq!(rendered(lone, "text"), "{\n  \"a\": 1\n}\n");
        let table = rendered(two(), "text");
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(
            rows,
            [
                "┌───┬─────────────────────┬──────────────────────┐",
                "│ i ┆ x                   ┆ f(x)                 │",
                "╞═══╪═════════════════════╪══════════════════════╡",
                "│ 0 ┆ \"(sensitive value)\" ┆ \"(sensitive value)!\" │",
                "│ 1 ┆ \"b\"                 ┆ [1]                  │",
                "└───┴─────────────────────┴──────────────────────┘",
            ]
        );
    }

    #[test]
    fn undefined_is_said() {
        assert_eq!(rendered(Vec::new(), "text"), "undefined\n");
        assert_eq!(rendered(Vec::new(), "json"), "{}\n");
        assert_eq!(rendered(Vec::new(), "values"), "");
    }
}
