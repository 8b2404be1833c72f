//! Reports of `planguard check`.

mod azure;
mod csv;
mod github;
mod gitlab;
mod gitlab_terraform;
mod html;
mod json;
mod junit;
mod lines;
mod listing;
mod markdown;
mod openmetrics;
mod rules;
mod run_task;
#[cfg(test)]
pub(crate) mod sample;
mod sarif;
mod tap;
mod text;
mod verdict_line;

pub use json::{ReadError, read};
pub use run_task::{callback, callback_without_report};

use super::{Format, Formats, Layout, RenderError};
use crate::report::Report;

/// The formats of the report.
pub static FORMATS: Formats<Report> = Formats::new(&[
    text::FORMAT,
    json::FORMAT,
    sarif::FORMAT,
    markdown::FORMAT,
    html::FORMAT,
    junit::FORMAT,
    github::FORMAT,
    gitlab::FORMAT,
    gitlab_terraform::FORMAT,
    azure::FORMAT,
    tap::FORMAT,
    lines::FORMAT,
    csv::FORMAT,
    openmetrics::FORMAT,
]);

/// The format of the summary that GitHub shows for a step.
pub static STEP_SUMMARY: Format<Report> = markdown::FORMAT;

/// The format whose commands GitHub takes from a step's log.
pub static GITHUB: Format<Report> = github::FORMAT;

/// The format that has all of a report, also what was decided with: the digest of the settings.
pub static WHOLE: Format<Report> = json::FORMAT;

/// The format that shows what plans do object by object: the check has to keep that.
pub static PAGE: Format<Report> = html::FORMAT;

/// The workflow commands of that format, without its line for people.
///
/// # Errors
///
/// Those of the format.
pub fn annotations(report: &Report, layout: Layout) -> Result<String, RenderError> {
    github::annotations(report, layout)
}

/// Whether reports in this format are for people, and show the problems of the run as people read them.
pub fn shows_problems(format: &Format<Report>) -> bool {
    format.name == text::FORMAT.name
}
