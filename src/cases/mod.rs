//! Plan cases: plans or resource changes, with the findings that rules must report for them.

mod bless;
mod complete;
mod diff;
mod discover;
mod error;
mod expected;
mod file;
mod guardrail;
mod raw;
mod rules;
mod run;

pub use bless::Blessed;
pub(crate) use complete::plan_of_one;
pub use diff::{Diff, DiffLine, DiffMark};
pub use discover::discover;
pub use error::{CaseError, CaseProblem};
pub use file::CaseFile;
pub use guardrail::run_guardrail_file;
pub use planguard_guardrail_format::is_case_file;
pub use run::{CaseOutcome, CaseStatus, FileOutcome, RunOptions};
