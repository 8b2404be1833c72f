//! Reports of `planguard check`.

mod json;
mod summary_table;
mod text;

use super::Formats;
use crate::report::Report;

/// The formats of the report.
pub static FORMATS: Formats<Report> = Formats::new(&[text::FORMAT, json::FORMAT]);
