//! The report for programs. The types of a version are frozen: fields are added, never changed or removed.

mod v1;

use crate::report::Report;

/// The report as JSON, indented, with a line feed at the end.
///
/// # Errors
/// Never in practice: all keys are texts.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&v1::Report::of(report))?;
    text.push('\n');
    Ok(text)
}
