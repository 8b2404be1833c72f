//! Runs the tests below paths.

use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use miette::Diagnostic;
use planguard_plan::problem::Problem;
use planguard_plan::redact::Redactor;
use planguard_rego::CoverageMode;
use planguard_rego::opa_bundle;
use planguard_rego::testing::{Measure, RegoTestOptions, RegoTests};
use regex::Regex;

use super::cases::{self, CasesOptions, OnFailedCases};
use super::coverage::{CoverageReport, Percentage};
use super::error::TestError;
use super::outcome::{OutcomeCounts, TestOutcome, TestReport};
use super::rego;
use crate::cases::RunOptions;

/// The tests to run, and how.
#[derive(Clone, Debug)]
pub struct TestOptions {
    /// The paths of the tests, and the time limit of one test.
    pub rego: RegoTestOptions,
    /// Run only tests whose full name matches.
    pub run: Option<Regex>,
    /// The number of tests that run in parallel.
    pub jobs: NonZeroUsize,
    /// The required share of covered lines.
    pub threshold: Option<Percentage>,
    /// What to do with failing cases.
    pub failed_cases: OnFailedCases,
    /// The effect of skipped tests.
    pub skipped: OnSkipped,
}

/// The effect of skipped tests on the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnSkipped {
    /// None; they are listed.
    #[default]
    Accept,
    /// They fail the run.
    Fail,
}

/// Runs tests. [`TestReport::problems`] contains everything that could not be loaded or run, including a run without
/// tests.
pub fn run(options: &TestOptions) -> TestReport {
    let start = Instant::now();
    let tests = RegoTests::load(&options.rego);
    let plain = Redactor::default();
    let mut report = TestReport {
        threshold: options.threshold,
        fail_on_skipped: options.skipped == OnSkipped::Fail,
        plans_passed_over: tests
            .ignored()
            .iter()
            .map(|document| plain.text(&document.file.to_string_lossy()))
            .collect(),
        ..TestReport::default()
    };
    for problem in tests.problems() {
        report.problems.push(Problem::new(problem, None, &plain));
    }
    let chosen: Vec<usize> = (0..tests.tests().len())
        .filter(|index| {
            let path = tests.tests()[*index].path();
            options.run.as_ref().is_none_or(|pattern| pattern.is_match(&path))
        })
        .collect();
    let (runs, mut hits) = tests.run(&chosen, options.jobs);
    report.tests = runs.iter().map(|run| rego::result(&tests.tests()[run.test], run)).collect();
    let cases = cases::run(
        &options.rego.paths,
        &options.rego.ignore,
        &CasesOptions {
            run: options.run.as_ref(),
            jobs: options.jobs,
            on_failed: options.failed_cases,
            options: RunOptions {
                coverage: match options.rego.measure {
                    Measure::Nothing => CoverageMode::Off,
                    Measure::Coverage => CoverageMode::Lines,
                },
            },
        },
    );
    report.deselected = tests.tests().len() - chosen.len() + cases.deselected;
    report.tests.extend(cases.tests);
    report.tests.sort_by(|left, right| (&left.file, left.line).cmp(&(&right.file, right.line)));
    report.problems.extend(cases.problems);
    report.updated = cases.updated;
    if options.rego.measure == Measure::Coverage {
        for coverage in &cases.coverage {
            tests.add_reached_by_plans(&mut hits, coverage);
        }
        report.coverage = Some(CoverageReport { files: tests.coverage(&hits) });
    }
    for file in options.rego.paths.iter().filter(|path| path.is_file() && !is_read(path)) {
        report.problems.push(Problem::new(&TestError::NotRead { file: file.clone() }, None, &plain));
    }
    report_nothing(&mut report, options);
    report.duration = start.elapsed();
    report
}

/// Returns whether a test run reads files of this name. Other files in a directory are ignored, but passing one is an
/// error.
fn is_read(file: &Path) -> bool {
    let extension = file.extension().and_then(OsStr::to_str);
    opa_bundle::is_bundle(file)
        || extension.is_some_and(|extension| matches!(extension, "rego" | "toml" | "json" | "yaml" | "yml"))
}

/// Reports a run without tests, which must not pass. Files that could not be loaded are already reported.
fn report_nothing(report: &mut TestReport, options: &TestOptions) {
    if !report.problems.is_empty() {
        return;
    }
    let mut say =
        |error: &dyn Diagnostic| report.problems.push(Problem::new(error, None, &Redactor::default()));
    let counts = OutcomeCounts::of(&report.tests);
    match (&options.run, counts.total(), report.deselected) {
        (_, 0, 0) => say(&TestError::NoTests { searched: searched(&options.rego.paths) }),
        (Some(pattern), 0, tests) => {
            say(&TestError::NoneMatches { pattern: pattern.as_str().to_owned(), tests });
        }
        (_, tests, _) if report.tests.iter().all(|test| test.outcome == TestOutcome::Skipped) => {
            say(&TestError::AllSkipped { tests });
        }
        _ => {}
    }
    let covers_nothing = report.coverage.as_ref().is_some_and(|coverage| coverage.percentage().is_none());
    if covers_nothing && report.problems.is_empty() {
        report.problems.push(Problem::new(&TestError::NothingToCover, None, &Redactor::default()));
    }
}

fn searched(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    if paths.is_empty() { "no path".to_owned() } else { paths.join(", ") }
}
