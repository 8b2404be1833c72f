//! What `planguard show` prints.

mod json;
mod markdown;
mod text;
mod words;

use super::Formats;
use crate::show::PlanView;

pub(super) use words::{ONLY_LINE_ENDS, VARIES, cut_alike, marking, verb};

/// The formats of the picture of a plan.
pub static FORMATS: Formats<PlanView> = Formats::new(&[text::FORMAT, markdown::FORMAT, json::FORMAT]);
