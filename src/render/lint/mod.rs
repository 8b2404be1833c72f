//! Prints what linting has found, one file a format.

pub mod github;
pub mod json;
pub mod sarif;
