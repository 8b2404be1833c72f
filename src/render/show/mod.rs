//! What `planguard show` prints.

#[cfg(test)]
mod cases;
mod json;
mod markdown;
mod modules;
mod text;
mod words;

use super::Formats;
use crate::show::PlanView;

pub(super) use words::{
    DESTROYS_IMPORT, ONLY_LINE_ENDS, VARIES, cut_alike, cut_lines, is_only_moved, marking, place, verb,
};

/// The formats of the picture of a plan.
pub static FORMATS: Formats<PlanView> = Formats::new(&[text::FORMAT, markdown::FORMAT, json::FORMAT]);
