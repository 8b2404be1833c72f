//! Runs the cases in guardrail files.

use std::path::Path;
use std::time::Instant;

use planguard_guardrail_format::{Case, Definition, Guardrail};
use planguard_guardrails::{GuardrailError, Judgement, judge, read_guardrail_file};
use planguard_plan::problem::Problem;
use planguard_plan::redact::Redactor;

use super::diff::{Diff, DiffLine, DiffMark};
use super::run::{CaseOutcome, CaseStatus};
use crate::check::CheckError;

/// Runs every case of a guardrail file.
///
/// # Errors
/// Every error of the file.
pub fn run_guardrail_file(path: &Path) -> Result<Vec<CaseOutcome>, Vec<GuardrailError>> {
    let read = read_guardrail_file(path)?;
    let cases = read
        .iter()
        .flat_map(|Definition { guardrail, cases, .. }| cases.iter().map(move |case| (guardrail, case)));
    Ok(cases.map(|(guardrail, case)| run(path, guardrail, case)).collect())
}

fn run(path: &Path, guardrail: &Guardrail, case: &Case) -> CaseOutcome {
    let start = Instant::now();
    let author = Redactor::default();
    let (mut status, mut lines, mut problems) = (CaseStatus::Passed, Vec::new(), Vec::new());
    let line = |mark, expectation: Judgement| DiffLine {
        mark,
        text: author.text(&format!("{}  {}  {expectation}", guardrail.info.id, case.address)),
    };
    match judge(guardrail, case) {
        Ok(outcome) if outcome == Judgement::expected(case) => {}
        Ok(outcome) => {
            status = CaseStatus::Failed;
            lines.extend([
                line(DiffMark::Missing, Judgement::expected(case)),
                line(DiffMark::Unexpected, outcome),
            ]);
        }
        Err(source) => {
            let error = CheckError::Plan { plan: case.name.clone(), source };
            let problem = Problem::new(&error, None, &author);
            status = CaseStatus::Undecided;
            lines.push(DiffLine { mark: DiffMark::Problem, text: problem.line() });
            problems.push(problem);
        }
    }
    CaseOutcome {
        name: author.text(&format!("{}: {}", guardrail.info.id, case.name)),
        file: path.to_owned(),
        line: case.line,
        status,
        diff: Diff { lines },
        problems,
        missing_problems: Vec::new(),
        prints: Vec::new(),
        took: start.elapsed(),
        found: Vec::new(),
    }
}
