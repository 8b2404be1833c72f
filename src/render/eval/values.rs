//! For each result a line: the JSON array of the values of the expressions.

use super::{QueryReport, values};
use crate::render::{Format, Layout, RenderError, json};

pub(super) const FORMAT: Format<QueryReport> = Format {
    name: "values",
    former: None,
    help: "the values of the expressions, a line for each result",
    extension: "jsonl",
    render,
};

fn render(report: &QueryReport, _: Layout) -> Result<String, RenderError> {
    let line =
        |result| json::line(&values(result).collect::<Vec<_>>()).map(|line| report.integers.restored(&line));
    Ok(report.results.iter().map(line).collect::<Result<String, _>>()?)
}
