//! Test reports: one file a format.

mod excerpt;
pub mod pretty;
