//! Helpers for text that every crate needs: escapes, wildcards, and suggestions for a mistyped name.

pub mod escape;
pub mod suggest;
pub mod wildcard;
