//! Checks the plans of cases and compares what is found with what is expected.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use planguard_plan::input::{Batch, Document, ReadOptions, Source};
use planguard_plan::problem::Problem;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_rego::{Coverage, CoverageMode, Policies};

use super::diff::{Diff, DiffLine, DiffMark};
use super::error::CaseError;
use super::expected::{Found, compare};
use super::file::{CaseFile, PlanCase, PlanSource};
use super::rules::KnownRules;
use crate::check::{CheckOptions, Rules, check, run};
use crate::report::Report;

/// How cases are run.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// Whether to note which lines of the policies the cases reach.
    pub coverage: CoverageMode,
}

/// What came of the cases of a file.
#[derive(Debug)]
pub struct FileOutcome {
    /// The cases in the order of the file.
    pub cases: Vec<CaseOutcome>,
    /// The lines of the policies that the cases reached, if that was asked for and there are policies.
    pub coverage: Option<Coverage>,
}

/// What came of a case.
#[derive(Debug)]
pub struct CaseOutcome {
    /// The case's name.
    pub name: SafeText,
    /// The file that it stands in.
    pub file: PathBuf,
    /// The line there, counted from 1.
    pub line: usize,
    /// Whether the case holds.
    pub status: CaseStatus,
    /// Where what was found differs from what is expected.
    pub diff: Diff,
    /// What kept planguard from looking and was not expected, for the reader who wants to see the place.
    pub problems: Vec<Problem>,
    /// The codes of problems that were expected and did not come.
    pub missing_problems: Vec<SafeText>,
    /// What policies printed.
    pub prints: Vec<SafeText>,
    /// How long it took.
    pub took: Duration,
    /// What was found, with the position of the expectation that it should take the place of.
    pub(super) found: Vec<(Found, Option<usize>)>,
}

/// Whether a case holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseStatus {
    /// What was found is what is expected.
    Passed,
    /// It is not.
    Failed,
    /// Something kept planguard from looking, so that the case shows nothing; it counts as a failure.
    Undecided,
}

impl CaseFile {
    /// Loads the rules once and runs every case.
    ///
    /// # Errors
    /// Guardrails that cannot be loaded, and expectations of rules that do not exist or are not switched on.
    /// Policies that cannot be loaded are a problem of every case.
    pub fn run(&self, options: RunOptions) -> Result<FileOutcome, Vec<CaseError>> {
        let rules = self.header.load(&self.text, options.coverage)?;
        let known = KnownRules::new(&rules);
        let expected = self.cases.iter().flat_map(|case| &case.expected);
        let mistakes: Vec<CaseError> = expected
            .filter_map(|expected| Some(self.text.error(expected.span.clone(), known.check(expected)?)))
            .collect();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let cases = self.cases.iter().map(|case| self.run_case(case, &rules)).collect();
        let coverage = rules.policies.as_ref().and_then(Policies::coverage);
        Ok(FileOutcome { cases, coverage })
    }

    fn run_case(&self, case: &PlanCase, rules: &Rules) -> CaseOutcome {
        let start = Instant::now();
        let mut report = look(case, rules);
        let problems = std::mem::take(&mut report.problems);
        let codes: BTreeSet<&str> = problems.iter().map(|problem| problem.code.unescaped()).collect();
        let missing = case.problems.iter().filter(|code| !codes.contains(code.as_str()));
        let author = Redactor::default();
        let missing_problems: Vec<SafeText> = missing.map(|code| author.text(code)).collect();
        let mut lines: Vec<DiffLine> = missing_problems
            .iter()
            .map(|code| DiffLine {
                mark: DiffMark::Missing,
                text: SafeText::concat([&SafeText::fixed("problem "), code]),
            })
            .collect();
        let (_, unexpected): (Vec<Problem>, Vec<Problem>) =
            problems.into_iter().partition(|problem| case.problems.contains(problem.code.unescaped()));
        lines.extend(
            unexpected.iter().map(|problem| DiffLine { mark: DiffMark::Problem, text: problem.line() }),
        );
        let found: Vec<Found> = report.plans.iter().flat_map(|plan| &plan.findings).map(Found::new).collect();
        let comparison = compare(&case.expected, &found);
        lines.extend(comparison.diff.lines);
        let status = match (unexpected.is_empty(), lines.is_empty()) {
            (false, _) => CaseStatus::Undecided,
            (true, false) => CaseStatus::Failed,
            (true, true) => CaseStatus::Passed,
        };
        let prints = report.notices.into_iter().filter(|notice| notice.code.unescaped() == "print");
        CaseOutcome {
            name: author.text(&case.name),
            file: self.text.file.clone(),
            line: case.line,
            status,
            diff: Diff { lines },
            problems: unexpected,
            missing_problems,
            prints: prints.map(|notice| notice.message).collect(),
            took: start.elapsed(),
            found: found.into_iter().zip(comparison.expectation).collect(),
        }
    }
}

/// The report on a case's plan.
fn look(case: &PlanCase, rules: &Rules) -> Report {
    let options = CheckOptions::default();
    match &case.plan {
        PlanSource::File(path) => {
            run(&[Source::Path(path.clone())], &ReadOptions::default(), rules, &options, &|_| {})
        }
        PlanSource::Completed(plan) => {
            let mut batch = Batch::default();
            match Document::from_text(&case.name, plan.as_str()) {
                Ok(document) => batch.documents.push(document),
                Err(error) => batch.errors.push(error),
            }
            check(&batch, rules, &options, &|_| {})
        }
    }
}
