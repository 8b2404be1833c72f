//! The targets, for the programs of cargo-fuzz.

pub mod targets;
