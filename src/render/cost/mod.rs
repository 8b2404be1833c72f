//! What `planguard cost` prints.

mod json;
mod markdown;
mod text;
mod words;

use super::Formats;
use crate::cost::CostView;

pub(super) use markdown::amounts_as_code;
pub(super) use text::{is_free, part_lines};
pub(super) use words::{change, line, notes, sides};

/// The formats of the costs of a plan.
pub static FORMATS: Formats<CostView> = Formats::new(&[text::FORMAT, markdown::FORMAT, json::FORMAT]);
