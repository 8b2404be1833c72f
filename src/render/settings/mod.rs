//! The resolved settings of a run.

mod json;
mod text;

use super::Formats;
use crate::settings::Settings;

/// The formats of the report.
pub static FORMATS: Formats<Settings> = Formats::new(&[text::FORMAT, json::FORMAT]);
