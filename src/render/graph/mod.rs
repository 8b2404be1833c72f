//! What `planguard graph` prints.

mod dot;
mod json;
mod mermaid;
mod svg;
mod words;

use super::Formats;
use crate::graph::Graph;

pub(super) use svg::arrows_and_boxes;
pub(super) use words::notes;

/// The formats of the picture.
pub static FORMATS: Formats<Graph> = Formats::new(&[svg::FORMAT, dot::FORMAT, mermaid::FORMAT, json::FORMAT]);
