//! The file of a baseline, and what `planguard baseline` says.

use serde::Serialize;

use super::{RenderError, json};
use crate::baseline::{Baseline, Entry, Selection, VERSION, Written};
use crate::render::layout::count;

#[derive(Serialize)]
struct Document<'b> {
    version: u64,
    findings: Vec<Line<'b>>,
}

#[derive(Serialize)]
struct Line<'b> {
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<&'b str>,
    rule: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<&'b str>,
    fingerprint: &'b str,
}

/// The file's text: a line for each finding, so that a change of the file is read line by line.
///
/// # Errors
/// None so far.
pub(crate) fn document(baseline: &Baseline) -> Result<String, RenderError> {
    let document = Document { version: VERSION, findings: baseline.entries.iter().map(Line::of).collect() };
    Ok(json::shallow(&document, 2)?)
}

impl<'b> Line<'b> {
    fn of(entry: &'b Entry) -> Self {
        Self {
            plan: entry.plan.as_deref(),
            rule: &entry.rule,
            address: entry.address.as_deref(),
            attribute: entry.attribute.as_deref(),
            fingerprint: &entry.fingerprint,
        }
    }
}

/// What was written, and what the baseline does not have.
pub fn summary(baseline: &Baseline, written: Written, selection: Selection) -> String {
    let file = baseline.file.display();
    let mut text = format!("wrote {file}: {}", count(written.findings, "finding", "findings"));
    if written.replaced {
        text.push_str(&format!(" ({} added, {} removed)", written.added, written.removed));
    }
    text.push('\n');
    if selection.introduced > 0 {
        let findings = count(selection.introduced, "of them is new", "of them are new");
        text.push_str(&format!("{findings}: the plan introduces what the baseline accepts\n"));
    }
    for (number, one, many, why) in [
        (
            selection.undetermined,
            "undetermined finding",
            "undetermined findings",
            "nobody knows yet what they are",
        ),
        (
            selection.change,
            "finding about the change itself",
            "findings about the change itself",
            "the next change is another one; `planguard waive` accepts one",
        ),
        (selection.waived, "waived finding", "waived findings", "a waiver accepts them already"),
    ] {
        if number > 0 {
            text.push_str(&format!("left out: {} ({why})\n", count(number, one, many)));
        }
    }
    text
}
