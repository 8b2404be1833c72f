//! Tests what policy authors write: runs Rego tests and cases, and says how they came out and how much of the policies
//! they reach.

mod cases;
mod coverage;
mod error;
mod outcome;
mod rego;
mod run;

pub use cases::OnFailedCases;
pub use coverage::{CoverageReport, Percentage};
pub use error::TestError;
pub use outcome::{
    CaseResult, Outcome, OutcomeCounts, Statement, TestKind, TestReport, TestResult, UpdatedCase,
};
pub use run::{OnSkipped, TestOptions, run};
