//! Every report of every command, as text. A module a command, with a table of its formats; one file a format.
//!
//! A renderer gets a finished report and decides nothing. Texts of a plan or a policy come as
//! [`SafeText`](planguard_plan::redact::SafeText), without what is sensitive; the renderer escapes them for its medium.

pub mod attestation;
pub mod audit;
pub mod baseline;
pub mod check;
mod colour;
pub mod cost;
pub mod coverage;
pub mod diagnostic;
pub mod eval;
pub mod fixture;
mod format;
pub mod graph;
pub mod hcl;
mod json;
mod junit;
mod layout;
pub mod lint;
mod markdown;
pub mod rules;
mod sarif;
pub mod settings;
pub mod show;
pub mod test;
pub mod waivers;
mod workflow_command;

pub use colour::Colour;
pub use format::{Format, Formats, RenderError};
pub use layout::{Detail, Layout};
