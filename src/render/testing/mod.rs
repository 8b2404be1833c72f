//! Test reports: one file a format.

pub mod coverage;
mod excerpt;
pub mod github;
pub mod json;
pub mod junit;
pub mod pretty;

use crate::testing::{Outcome, TestReport, TestResult};

/// Why a test did not pass, a line each.
fn explanation(test: &TestResult) -> Vec<String> {
    let mut lines: Vec<String> = test.reasons.iter().map(|reason| reason.to_string()).collect();
    lines.extend(test.diff.iter().map(ToString::to_string));
    if let Some(stop) = &test.stopped_at {
        lines.push(format!("{}:{}: {}", stop.file, stop.line, stop.text));
    }
    let failed = test.cases.iter().filter(|case| !case.passed);
    lines.extend(failed.map(|case| format!("case failed: {}", case.name)));
    lines.extend(test.output.iter().map(|line| format!("print: {line}")));
    lines
}

/// `4 tests, 3 passed, 1 skipped`.
fn summary(report: &TestReport) -> String {
    let counts = report.counts();
    let mut text = count(counts.total(), "test", "tests");
    for (number, words) in [
        (counts.passed, "passed"),
        (counts.failed, "failed"),
        (counts.errors, "without an answer"),
        (counts.skipped, "skipped"),
        (report.updated.len(), "updated"),
        (report.deselected, "not asked for"),
    ] {
        if number > 0 {
            text.push_str(&format!(", {number} {words}"));
        }
    }
    text
}

/// Too little coverage, in words, if it is too little.
fn too_little_coverage(report: &TestReport) -> Option<String> {
    let threshold = report.threshold.filter(|_| report.misses_threshold())?;
    let share = report.coverage.as_ref().and_then(|coverage| coverage.percentage());
    let share = share.map_or_else(|| "none".to_owned(), |share| format!("{share}%"));
    Some(format!("{share} of the lines were evaluated, and {threshold}% are asked for"))
}

const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Skipped => "skipped",
        Outcome::Failed => "failed",
        Outcome::Error => "error",
    }
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
pub(super) mod sample {
    use std::num::NonZeroUsize;

    use planguard_rego::testing::{Measure, RegoTestOptions};

    use crate::testing::{OnFailedCases, OnSkipped, TestOptions, TestReport, run};

    /// What comes of a fixture, without the time that it took.
    pub(in crate::render) fn report(directories: &[&str]) -> TestReport {
        let paths = directories.iter().map(|directory| format!("fixtures/{directory}").into()).collect();
        let rego = RegoTestOptions { paths, measure: Measure::Coverage, ..RegoTestOptions::default() };
        let mut report = run(&TestOptions {
            rego,
            run: None,
            jobs: NonZeroUsize::new(2).unwrap(),
            threshold: Some("90".parse().unwrap()),
            failed_cases: OnFailedCases::Report,
            skipped: OnSkipped::Accept,
        });
        report.duration = std::time::Duration::ZERO;
        report
    }
}
