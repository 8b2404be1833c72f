//! One file a format: plain functions from a finished report to text.

mod colour;
pub mod hcl;
pub mod json;
pub mod lint;
pub mod packs;
pub mod query;
pub mod rules;
pub mod settings;
mod summary_table;
pub mod testing;
pub mod text;
mod workflow_command;

pub use colour::Colour;
pub(crate) use workflow_command::workflow_command;
