//! The results of tests, for renderers.

use std::time::Duration;

use planguard_plan::problem::Problem;
use planguard_plan::redact::SafeText;

use super::coverage::{CoverageReport, Percentage};
use crate::cases::DiffLine;
use crate::verdict::Verdict;

/// The result of a test run.
#[derive(Clone, Debug, Default)]
pub struct TestReport {
    /// The tests in the order of files and lines.
    pub tests: Vec<TestResult>,
    /// The problems that prevented a complete run.
    pub problems: Vec<Problem>,
    /// The coverage of policies, if requested.
    pub coverage: Option<CoverageReport>,
    /// The required share of covered lines, if any.
    pub threshold: Option<Percentage>,
    /// The updated cases, which have been run again.
    pub updated: Vec<UpdatedCase>,
    /// The number of tests not selected by name.
    pub deselected: usize,
    /// The files beside the policies that are plans and were not loaded as data.
    pub plans_passed_over: Vec<SafeText>,
    /// Whether a skipped test fails the run.
    pub fail_on_skipped: bool,
    /// The duration.
    pub duration: Duration,
}

/// The result of a test.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// The kind of test.
    pub kind: TestKind,
    /// The file.
    pub file: SafeText,
    /// The line, counted from 1.
    pub line: u64,
    /// The package of a rule, such as `data.main`; empty for a case.
    pub package: SafeText,
    /// The name of the rule or case.
    pub name: SafeText,
    /// The outcome.
    pub outcome: TestOutcome,
    /// The duration.
    pub duration: Duration,
    /// The reasons why it did not pass, or problems that would make a check incomplete, one paragraph each.
    pub reasons: Vec<SafeText>,
    /// The unsatisfied statement.
    pub stopped_at: Option<Statement>,
    /// The differences between actual and expected findings of a case.
    pub diff: Vec<DiffLine>,
    /// The printed lines.
    pub output: Vec<SafeText>,
    /// The cases of the test.
    pub cases: Vec<CaseResult>,
}

/// The kind of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestKind {
    /// A Rego rule.
    Rego,
    /// A plan case.
    PlanCase,
    /// A case in a guardrail file.
    GuardrailCase,
}

/// The outcome of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TestOutcome {
    /// It passed.
    Passed,
    /// It was skipped.
    Skipped,
    /// It failed.
    Failed,
    /// It could not be evaluated.
    Error,
}

/// An unsatisfied statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The file.
    pub file: SafeText,
    /// The line of its start, counted from 1.
    pub line: u64,
    /// The source text.
    pub text: SafeText,
    /// What its parts are, one sentence each: "`count(deny)` is 1".
    pub parts: Vec<SafeText>,
}

/// A case of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// The name.
    pub name: SafeText,
    /// Whether it passed.
    pub passed: bool,
}

/// An updated case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdatedCase {
    /// The file.
    pub file: SafeText,
    /// The line of the case before the update, counted from 1.
    pub line: usize,
    /// The name.
    pub name: SafeText,
    /// The removed and added expectations.
    pub diff: Vec<DiffLine>,
}

/// The number of tests with each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// Passed tests.
    pub passed: usize,
    /// Skipped tests.
    pub skipped: usize,
    /// Failed tests.
    pub failed: usize,
    /// Tests that could not be evaluated.
    pub errors: usize,
}

impl OutcomeCounts {
    /// Counts tests.
    pub fn of<'t>(tests: impl IntoIterator<Item = &'t TestResult>) -> Self {
        let mut counts = Self::default();
        for test in tests {
            *match test.outcome {
                TestOutcome::Passed => &mut counts.passed,
                TestOutcome::Skipped => &mut counts.skipped,
                TestOutcome::Failed => &mut counts.failed,
                TestOutcome::Error => &mut counts.errors,
            } += 1;
        }
        counts
    }

    /// Returns the number of all tests.
    pub const fn total(self) -> usize {
        self.passed + self.skipped + self.failed + self.errors
    }
}

impl TestResult {
    /// Returns the full name: `data.main.test_x`, or the name of a case.
    pub fn path(&self) -> SafeText {
        match self.kind {
            TestKind::Rego => SafeText::concat([&self.package, &SafeText::fixed("."), &self.name]),
            TestKind::PlanCase | TestKind::GuardrailCase => self.name.clone(),
        }
    }
}

impl TestReport {
    /// Returns the number of tests with each outcome.
    pub fn counts(&self) -> OutcomeCounts {
        OutcomeCounts::of(&self.tests)
    }

    /// Returns whether the coverage is below the required one.
    pub fn misses_threshold(&self) -> bool {
        match (&self.coverage, self.threshold) {
            (Some(coverage), Some(threshold)) => coverage.percentage().is_none_or(|share| share < threshold),
            (_, None) | (None, Some(_)) => false,
        }
    }

    /// Returns the verdict: undecided if anything could not be run, denied if a test failed or the coverage is too
    /// low.
    pub fn verdict(&self) -> Verdict {
        let counts = self.counts();
        if !self.problems.is_empty() || counts.errors > 0 {
            Verdict::Undecided
        } else if counts.failed > 0 || (self.fail_on_skipped && counts.skipped > 0) || self.misses_threshold()
        {
            Verdict::Denied
        } else {
            Verdict::Pass
        }
    }
}
