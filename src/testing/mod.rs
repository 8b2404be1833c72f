//! Tests what policy authors write: runs Rego tests, and says how they came out and how much of the policies they reach.

mod coverage;
mod error;
mod outcome;
mod rego;
mod run;

pub use coverage::{CoverageReport, Percentage};
pub use error::TestError;
pub use outcome::{CaseResult, Outcome, OutcomeCounts, Statement, TestKind, TestReport, TestResult};
pub use run::{OnSkipped, TestOptions, run};
