//! The syntax of Rego: tokens, syntax tree, parser, visitor, the resolution of names, and METADATA comments.
//!
//! This crate imports no other crate of the project.

pub mod annotation;
pub mod parse;
pub mod resolve;
pub mod scope;
pub mod token;
pub mod tree;
pub mod walk;
