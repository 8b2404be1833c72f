//! Waivers: findings that somebody accepted for a resource, with a reason and an end.
//!
//! A waiver never hides a finding. The finding stays in the report, is counted as waived, and denies nothing. `apply`
//! accepts the findings of a plan and counts what each waiver accepted; `write` adds a waiver to the settings file.

mod apply;
mod comment;
mod write;

use std::path::PathBuf;

use chrono::NaiveDate;

use crate::pattern::Pattern;

pub(crate) use apply::Applied;
pub use apply::{Use, Waivers};
pub use comment::Comments;
pub(crate) use comment::UsedComments;
pub use write::{Expiry, NewWaiver, WaiveError};

/// One accepted risk, as `planguard.toml` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The rules: an id, a former id, the id of another tool, or a pattern of ids.
    pub rule: Pattern,
    /// The resources; `None` for findings about the whole plan.
    pub address: Option<Pattern>,
    /// The environment for which alone it counts.
    pub environment: Option<String>,
    /// Why the finding is accepted.
    pub reason: String,
    /// Who accepted it.
    pub owner: Option<String>,
    /// Where the decision is recorded.
    pub ticket: Option<String>,
    /// The last day on which it counts, in UTC.
    pub expires: Option<NaiveDate>,
    /// The SHA-256 of the only plan document that it is for.
    pub plan: Option<String>,
    /// Where it is written.
    pub place: WaiverPlace,
}

/// Where a waiver is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaiverPlace {
    /// The file, as it is named in messages.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
}

impl Waiver {
    /// Whether its last day is past on this day.
    pub fn is_expired(&self, today: NaiveDate) -> bool {
        self.expires.is_some_and(|last| last < today)
    }
}
