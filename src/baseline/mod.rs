//! Baselines: the findings that a project had when it began with planguard, in a file beside its settings.
//!
//! A finding in the baseline stays in the report, is counted as such, and denies nothing. `read` reads the file,
//! `apply` accepts the findings of a plan, and `write` makes a baseline of a report.

mod apply;
mod error;
mod read;
mod write;

use std::path::PathBuf;

pub(crate) use apply::BaselineUse;
pub use error::BaselineError;
pub use write::{Selection, Written};

/// The usual name of the file.
pub const FILE_NAME: &str = "planguard-baseline.json";

/// The version of the file's format.
pub(crate) const VERSION: u64 = 1;

/// The findings that a project had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The file, as it is named in messages.
    pub file: PathBuf,
    /// The findings, in the order of the file.
    pub entries: Vec<Entry>,
}

/// A finding of a baseline. It has no value, so that the file may be committed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The plan that it is for, as it was named; `None` if the baseline was made of one plan, and is for any.
    pub plan: Option<String>,
    /// The rule.
    pub rule: String,
    /// The resource; `None` for a finding about the whole plan.
    pub address: Option<String>,
    /// The attribute.
    pub attribute: Option<String>,
    /// What recognizes the finding.
    pub fingerprint: String,
}

/// The name of a plan in a baseline: the same on every system, and with or without `./` in front.
fn plan_name(origin: &str) -> String {
    let name = origin.replace('\\', "/");
    name.trim_start_matches("./").to_owned()
}
