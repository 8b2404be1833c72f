//! Reports of `planguard check`.

mod json;
mod text;

use super::{Format, Formats};
use crate::report::Report;

/// The formats of the report.
pub static FORMATS: Formats<Report> = Formats::new(&[text::FORMAT, json::FORMAT]);

/// Whether reports in this format are for people, and show the problems of the run as people read them.
pub fn shows_problems(format: &Format<Report>) -> bool {
    format.name == text::FORMAT.name
}
