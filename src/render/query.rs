//! The answers of a query, in the forms of `opa eval`.

use comfy_table::{ContentArrangement, Table, presets};
use planguard_plan::redact::JsonRedactor;
use planguard_rego::{Answers, ExpressionValue, QueryResult};
use serde_json::{Value, json};

/// How answers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryFormat {
    /// For people: a lone value as indented JSON, several in a table.
    #[default]
    Pretty,
    /// One JSON document with everything; `{}` if the query is undefined.
    Json,
    /// For each result a line: the JSON array of the expressions' values.
    Values,
    /// For each result a line: the JSON object of the variables.
    Bindings,
    /// For each result a line: the expressions' values, strings without quotes, separated by blanks.
    Raw,
}

/// Writes answers without what is sensitive. `width` is that of the table for people.
pub fn render(answers: &Answers, format: QueryFormat, redactor: &JsonRedactor, width: usize) -> String {
    let results: Vec<QueryResult> = answers.results.iter().map(|result| redacted(result, redactor)).collect();
    match format {
        QueryFormat::Pretty => pretty(&results, width),
        QueryFormat::Json if results.is_empty() => "{}\n".to_owned(),
        QueryFormat::Json => indented(&json!({ "result": results })),
        QueryFormat::Values => lines(&results, |result| Value::from_iter(values(result)).to_string()),
        QueryFormat::Bindings => lines(&results, |result| json!(result.bindings).to_string()),
        QueryFormat::Raw => lines(&results, |result| values(result).map(raw).collect::<Vec<_>>().join(" ")),
    }
}

fn redacted(result: &QueryResult, redactor: &JsonRedactor) -> QueryResult {
    QueryResult {
        expressions: result
            .expressions
            .iter()
            .map(|expression| ExpressionValue {
                value: redactor.value(&expression.value),
                text: redactor.texts().text(&expression.text).to_string(),
                location: expression.location,
            })
            .collect(),
        bindings: result.bindings.iter().map(|(name, value)| (name.clone(), redactor.value(value))).collect(),
    }
}

fn values(result: &QueryResult) -> impl Iterator<Item = Value> + '_ {
    result.expressions.iter().map(|expression| expression.value.clone())
}

fn raw(value: Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn lines(results: &[QueryResult], line: impl Fn(&QueryResult) -> String) -> String {
    results.iter().map(|result| line(result) + "\n").collect()
}

fn indented(value: &Value) -> String {
    format!("{value:#}\n")
}

fn pretty(results: &[QueryResult], width: usize) -> String {
    let first = match results {
        [] => return "undefined\n".to_owned(),
        [first, ..] => first,
    };
    if let ([QueryResult { expressions, bindings }], true) = (results, first.expressions.len() == 1)
        && bindings.is_empty()
    {
        return expressions.iter().map(|expression| indented(&expression.value)).collect();
    }
    // That an assignment holds is nothing to tell beside what it assigns.
    let told = |index: usize| {
        first.bindings.is_empty()
            || results.iter().any(|result| {
                result.expressions.get(index).is_some_and(|expression| expression.value != Value::Bool(true))
            })
    };
    let columns: Vec<usize> = (0..first.expressions.len()).filter(|index| told(*index)).collect();
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width.saturating_sub(2)).unwrap_or(u16::MAX));
    let names = first.bindings.keys().cloned();
    table.set_header(names.chain(columns.iter().map(|index| first.expressions[*index].text.clone())));
    for result in results {
        let bound = result.bindings.values().map(Value::to_string);
        let shown = columns.iter().filter_map(|index| result.expressions.get(*index));
        table.add_row(bound.chain(shown.map(|expression| expression.value.to_string())));
    }
    format!("{table}\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use planguard_rego::QueryLocation;

    use super::*;

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

    fn rendered(results: Vec<QueryResult>, format: QueryFormat) -> String {
        let redactor = JsonRedactor::new(["hunter2".to_owned()].into());
        render(&Answers { results, ..Answers::default() }, format, &redactor, 80)
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
        assert_eq!(rendered(two(), QueryFormat::Values), "[true,\"(sensitive value)!\"]\n[true,[1]]\n");
        assert_eq!(
            rendered(two(), QueryFormat::Bindings),
            "{\"i\":0,\"x\":\"(sensitive value)\"}\n{\"i\":1,\"x\":\"b\"}\n"
        );
        assert_eq!(rendered(two(), QueryFormat::Raw), "true (sensitive value)!\ntrue [1]\n");
        for format in [QueryFormat::Pretty, QueryFormat::Json] {
            assert!(!rendered(two(), format).contains("hunter2"), "{format:?}");
        }
    }

    #[test]
    fn a_lone_value_is_indented_and_several_are_a_table() {
        let lone = vec![result(&[("x", json!({"a": 1}))], json!({}))];
        assert_eq!(rendered(lone, QueryFormat::Pretty), "{\n  \"a\": 1\n}\n");
        let table = rendered(two(), QueryFormat::Pretty);
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
        assert_eq!(rendered(Vec::new(), QueryFormat::Pretty), "undefined\n");
        assert_eq!(rendered(Vec::new(), QueryFormat::Json), "{}\n");
        assert_eq!(rendered(Vec::new(), QueryFormat::Values), "");
    }
}
