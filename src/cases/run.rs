//! Checks the plans of cases and compares the findings with the expected ones.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use planguard_plan::input::{Batch, Document, ReadOptions, Source};
use planguard_plan::problem::Problem;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_rego::{Coverage, CoverageMode, Policies};

use super::diff::{Diff, DiffLine, DiffMark};
use super::error::CaseError;
use super::expected::{ActualFinding, compare};
use super::file::{CaseFile, PlanCase, PlanSource};
use super::rules::KnownRules;
use crate::check::{CheckOptions, Rules, check, run};
use crate::finding::Finding;
use crate::report::Report;

/// The options for running cases.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// Whether to record the lines of policies that the cases reach.
    pub coverage: CoverageMode,
}

/// The results of a file's cases.
#[derive(Debug)]
pub struct FileOutcome {
    /// The cases in file order.
    pub cases: Vec<CaseOutcome>,
    /// The lines of policies that the cases reached; `None` if not requested or without policies.
    pub coverage: Option<Coverage>,
}

/// The result of a case.
#[derive(Debug)]
pub struct CaseOutcome {
    /// The name.
    pub name: SafeText,
    /// The file.
    pub file: PathBuf,
    /// The line in the file, counted from 1.
    pub line: usize,
    /// Whether the case passes.
    pub status: CaseStatus,
    /// The differences between actual and expected findings.
    pub diff: Diff,
    /// The unexpected problems, with their places.
    pub problems: Vec<Problem>,
    /// The codes of expected problems that did not occur.
    pub missing_problems: Vec<SafeText>,
    /// The lines printed by policies.
    pub prints: Vec<SafeText>,
    /// The duration.
    pub took: Duration,
    /// The findings, each with the index of the expectation that it should replace.
    pub(super) found: Vec<(ActualFinding, Option<usize>)>,
}

/// Whether a case passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseStatus {
    /// The findings are the expected ones.
    Passed,
    /// They are not.
    Failed,
    /// A problem prevented a complete check, so the case proves nothing; it counts as a failure.
    Undecided,
}

impl CaseFile {
    /// Loads the rules once and runs every case.
    ///
    /// # Errors
    /// Guardrails that cannot be loaded, and expectations of unknown or disabled rules. Policies that cannot be
    /// loaded are a problem of every case.
    pub fn run(&self, options: RunOptions) -> Result<FileOutcome, Vec<CaseError>> {
        let rules = self.header.load(&self.text, options.coverage)?;
        let known = KnownRules::new(&rules);
        let expected = self.cases.iter().flat_map(|case| &case.expected);
        let errors: Vec<CaseError> = expected
            .filter_map(|expected| Some(self.text.error(expected.span.clone(), known.check(expected)?)))
            .collect();
        if !errors.is_empty() {
            return Err(errors);
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
        let findings = report.plans.iter().flat_map(|plan| &plan.findings);
        let found: Vec<ActualFinding> = findings.flat_map(Finding::shares).map(ActualFinding::new).collect();
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

/// Returns the report on a case's plan.
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
