//! How tests came out, as renderers get it.

use std::time::Duration;

use planguard_plan::problem::Problem;
use planguard_plan::redact::SafeText;

use super::coverage::{CoverageReport, Percentage};
use crate::cases::DiffLine;
use crate::verdict::Verdict;

/// The result of a test run.
#[derive(Clone, Debug, Default)]
pub struct TestReport {
    /// The tests in the order of their files and lines.
    pub tests: Vec<TestResult>,
    /// What kept planguard from running everything.
    pub problems: Vec<Problem>,
    /// How much of the policies the tests reach, if that was asked for.
    pub coverage: Option<CoverageReport>,
    /// The share of lines that has to be reached, if there is one.
    pub threshold: Option<Percentage>,
    /// Cases whose expectations were rewritten; they have been run again since.
    pub updated: Vec<UpdatedCase>,
    /// How many tests were not run because their names were not asked for.
    pub deselected: usize,
    /// Files beside the policies that were taken for plans, so that they are no data.
    pub plans_passed_over: Vec<SafeText>,
    /// Whether a skipped test fails the run.
    pub fail_on_skipped: bool,
    /// How long it took.
    pub duration: Duration,
}

/// A test and how it came out.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// What it is.
    pub kind: TestKind,
    /// The file that holds it.
    pub file: SafeText,
    /// The line, counted from 1.
    pub line: u64,
    /// The package that the name belongs to, `data.main`; empty for a case.
    pub package: SafeText,
    /// The name in it.
    pub name: SafeText,
    /// The answer.
    pub outcome: Outcome,
    /// How long it took.
    pub duration: Duration,
    /// Why it did not pass, a paragraph each; or why it passed in a way that a check would not accept.
    pub reasons: Vec<SafeText>,
    /// The statement that did not hold.
    pub stopped_at: Option<Statement>,
    /// Where what a case found differs from what it expects.
    pub diff: Vec<DiffLine>,
    /// What it printed, line by line.
    pub output: Vec<SafeText>,
    /// Its cases, if it is made of them.
    pub cases: Vec<CaseResult>,
}

/// What a test is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestKind {
    /// A rule of a policy.
    Rego,
    /// A plan with the findings that are expected on it.
    PlanCase,
    /// A case beside a guardrail.
    GuardrailCase,
}

/// How a test came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It is to be written later, and was not run.
    Skipped,
    /// It does not hold.
    Failed,
    /// There is no answer.
    Error,
}

/// A statement that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Where it starts.
    pub file: SafeText,
    /// The line, counted from 1.
    pub line: u64,
    /// As its author wrote it.
    pub text: SafeText,
}

/// A case of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// Its name.
    pub name: SafeText,
    /// Whether it holds.
    pub passed: bool,
}

/// A case whose expectations were rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdatedCase {
    /// The file that was written.
    pub file: SafeText,
    /// The line of the case before, counted from 1.
    pub line: usize,
    /// The case.
    pub name: SafeText,
    /// What is expected no more, and what is from now on.
    pub diff: Vec<DiffLine>,
}

/// How many tests came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// Those that hold.
    pub passed: usize,
    /// Those that were not run.
    pub skipped: usize,
    /// Those that do not hold.
    pub failed: usize,
    /// Those without an answer.
    pub errors: usize,
}

impl OutcomeCounts {
    /// Counts tests.
    pub fn of<'t>(tests: impl IntoIterator<Item = &'t TestResult>) -> Self {
        let mut counts = Self::default();
        for test in tests {
            *match test.outcome {
                Outcome::Passed => &mut counts.passed,
                Outcome::Skipped => &mut counts.skipped,
                Outcome::Failed => &mut counts.failed,
                Outcome::Error => &mut counts.errors,
            } += 1;
        }
        counts
    }

    /// All of them.
    pub const fn total(self) -> usize {
        self.passed + self.skipped + self.failed + self.errors
    }
}

impl TestResult {
    /// The whole name: `data.main.test_x`, or the name of a case.
    pub fn path(&self) -> SafeText {
        match self.kind {
            TestKind::Rego => SafeText::concat([&self.package, &SafeText::fixed("."), &self.name]),
            TestKind::PlanCase | TestKind::GuardrailCase => self.name.clone(),
        }
    }
}

impl TestReport {
    /// How many tests came out how.
    pub fn counts(&self) -> OutcomeCounts {
        OutcomeCounts::of(&self.tests)
    }

    /// Whether less was reached than has to be.
    pub fn misses_threshold(&self) -> bool {
        match (&self.coverage, self.threshold) {
            (Some(coverage), Some(threshold)) => coverage.percentage().is_none_or(|share| share < threshold),
            (_, None) | (None, Some(_)) => false,
        }
    }

    /// The verdict: undecided if anything could not be run, denied if a test failed or too little was reached.
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
