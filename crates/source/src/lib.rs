//! Finds the lines of a Terraform or OpenTofu configuration that define a resource and its attributes.
//!
//! [`Configuration::read`] reads a directory and the modules that it calls; [`Configuration::locate`] maps an address
//! and an attribute path of a plan to a [`Place`]. What the files do not decide is never guessed: the answer is then the
//! block around it, or nothing.

// The files are untrusted, so nothing here may panic on them.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::string_slice))]

mod body;
mod compare;
mod configuration;
mod directory;
mod draft;
mod hcl;
mod json;
mod locate;
mod manifest;
mod merge;
mod module;
mod origin;
mod place;
mod problem;
mod repeated;
mod tf_json;

pub use configuration::{Configuration, Sought};
pub use directory::{Tool, holds_configuration};
pub use draft::{Draft, Marks, referred_block};
pub use place::{Place, Position, Precision, SourceFile, Spot};
pub use problem::SourceError;
