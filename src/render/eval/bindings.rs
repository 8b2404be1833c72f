//! For each result a line: the JSON object of the variables.

use planguard_rego::QueryResult;

use super::QueryReport;
use crate::render::{Format, Layout, RenderError, json};

pub(super) const FORMAT: Format<QueryReport> = Format {
    name: "bindings",
    former: None,
    help: "the variables, a line for each result",
    extension: "jsonl",
    render,
};

fn render(report: &QueryReport, _: Layout) -> Result<String, RenderError> {
    let line =
        |result: &QueryResult| json::line(&result.bindings).map(|line| report.integers.restored(&line));
    Ok(report.results.iter().map(line).collect::<Result<String, _>>()?)
}
