//! One JSON document with everything, as `opa eval --format json` writes it.

use serde_json::json;

use super::QueryReport;
use crate::render::{Format, Layout, RenderError, json};

pub(super) const FORMAT: Format<QueryReport> =
    Format { name: "json", former: None, help: "as `opa eval --format json`", extension: "json", render };

/// `{}` if the query is undefined.
fn render(report: &QueryReport, _: Layout) -> Result<String, RenderError> {
    if report.results.is_empty() {
        return Ok("{}\n".to_owned());
    }
    Ok(report.integers.restored(&json::indented(&json!({ "result": report.results }))?))
}
