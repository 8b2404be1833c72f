//! Helpers for text that every crate needs: the formats of credentials, escapes, words of shell commands, wildcards, and suggestions for a mistyped name.

pub mod credential;
pub mod escape;
pub mod shell;
pub mod suggest;
pub mod wildcard;
