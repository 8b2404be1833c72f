//! Reports of `planguard check`.

mod json;
mod listing;
mod markdown;
mod rules;
#[cfg(test)]
mod sample;
mod sarif;
mod summary_table;
mod text;
mod verdict_line;

use super::Formats;
use crate::report::Report;

/// The formats of the report.
pub static FORMATS: Formats<Report> =
    Formats::new(&[text::FORMAT, json::FORMAT, sarif::FORMAT, markdown::FORMAT]);
