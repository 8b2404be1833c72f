//! For each result a line: the values of the expressions separated by blanks, strings without quotes.

use planguard_plan::text::escape;
use serde_json::Value;

use super::{QueryReport, values};
use crate::render::{Format, Layout, RenderError, json};

pub(super) const FORMAT: Format<QueryReport> = Format {
    name: "raw",
    former: None,
    help: "the values without quotes, for scripts",
    extension: "txt",
    render,
};

/// Strings are escaped as a terminal needs it; `values` has them exactly.
fn render(report: &QueryReport, _: Layout) -> Result<String, RenderError> {
    let mut text = String::new();
    for result in &report.results {
        let words = values(result).map(|value| match value {
            Value::String(string) => Ok(match report.integers.digits(string) {
                Some(digits) => digits.to_owned(),
                None => escape::for_terminal(string),
            }),
            other => json::compact(other).map(|text| report.integers.restored(&text)),
        });
        text.push_str(&words.collect::<Result<Vec<_>, _>>()?.join(" "));
        text.push('\n');
    }
    Ok(text)
}
