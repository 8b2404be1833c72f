//! Runs Rego tests and cases, and collects their results and the coverage of policies.

mod cases;
mod coverage;
mod error;
mod outcome;
mod rego;
mod run;

pub use cases::{OnFailedCases, TestedFiles, tested_files};
pub use coverage::{CoverageReport, Percentage};
pub use error::TestError;
pub use outcome::{
    CaseResult, OutcomeCounts, Statement, TestKind, TestOutcome, TestReport, TestResult, UpdatedCase,
};
pub use run::{OnSkipped, TestOptions, run};
