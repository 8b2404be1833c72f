//! Rego as text: tokens, syntax tree, parser, and what the names of a policy mean.
//!
//! This crate imports no other crate of the project.

pub mod parse;
pub mod scope;
pub mod token;
pub mod tree;
