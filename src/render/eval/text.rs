//! For people: a lone value as indented JSON, several in a table.

use comfy_table::{ContentArrangement, Table, presets};
use planguard_plan::text::escape;
use planguard_rego::QueryResult;
use serde_json::Value;

use super::QueryReport;
use crate::render::{Format, Layout, RenderError, json};

pub(super) const FORMAT: Format<QueryReport> =
    Format { name: "text", former: Some("pretty"), help: "for people", extension: "txt", render };

fn render(report: &QueryReport, layout: Layout) -> Result<String, RenderError> {
    let results = report.results.as_slice();
    let first = match results {
        [] => return Ok("undefined\n".to_owned()),
        [first, ..] => first,
    };
    if let ([QueryResult { expressions, bindings }], true) = (results, first.expressions.len() == 1)
        && bindings.is_empty()
    {
        let values = expressions.iter().map(|expression| json::indented(&expression.value));
        return Ok(report.integers.restored(&values.collect::<Result<String, _>>()?));
    }
    // The value of an assignment is `true`; what it assigns is in the bindings.
    let is_shown = |index: usize| {
        first.bindings.is_empty()
            || results.iter().any(|result| {
                result.expressions.get(index).is_some_and(|expression| expression.value != Value::Bool(true))
            })
    };
    let columns: Vec<usize> = (0..first.expressions.len()).filter(|index| is_shown(*index)).collect();
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(layout.width.saturating_sub(2)).unwrap_or(u16::MAX));
    let names = first.bindings.keys().cloned();
    table.set_header(
        names.chain(columns.iter().map(|index| escape::for_terminal_line(&first.expressions[*index].text))),
    );
    for result in results {
        let shown = columns.iter().filter_map(|index| result.expressions.get(*index));
        let cells = result.bindings.values().chain(shown.map(|expression| &expression.value));
        let written = |value: &Value| json::compact(value).map(|text| report.integers.restored(&text));
        table.add_row(cells.map(written).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(format!("{table}\n"))
}
