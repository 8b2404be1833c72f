//! Helpers for text that every room needs: wildcards, and the name that somebody probably meant.

pub mod suggest;
pub mod wildcard;
