//! Reports of `planguard test`.

mod excerpt;
mod github;
mod json;
mod junit;
mod text;

use planguard_plan::redact::SafeText;

use super::Formats;
use super::layout::count;
use crate::cases::DiffLine;
use crate::testing::{TestOutcome as Outcome, TestReport, TestResult};

/// The formats of the report.
pub static FORMATS: Formats<TestReport> =
    Formats::new(&[text::FORMAT, json::FORMAT, junit::FORMAT, github::FORMAT]);

/// Why a test did not pass, one text for each reason.
fn explanation(test: &TestResult) -> Vec<SafeText> {
    let labelled = |label, text| SafeText::concat([&SafeText::fixed(label), text]);
    let mut lines = test.reasons.clone();
    lines.extend(test.diff.iter().map(DiffLine::text));
    if let Some(stop) = &test.stopped_at {
        let colon = SafeText::fixed(":");
        let line = SafeText::from(usize::try_from(stop.line).unwrap_or(usize::MAX));
        lines.push(SafeText::concat([&stop.file, &colon, &line, &SafeText::fixed(": "), &stop.text]));
        lines.extend(stop.parts.iter().cloned());
    }
    let failed = test.cases.iter().filter(|case| !case.passed);
    lines.extend(failed.map(|case| labelled("case failed: ", &case.name)));
    lines.extend(test.output.iter().map(|line| labelled("print: ", line)));
    lines
}

/// `4 tests, 3 passed, 1 skipped`.
fn summary(report: &TestReport) -> String {
    let counts = report.counts();
    let mut text = count(counts.total(), "test", "tests");
    for (number, words) in [
        (counts.passed, "passed"),
        (counts.failed, "failed"),
        (counts.errors, "not run"),
        (counts.skipped, "skipped"),
        (report.updated.len(), "updated"),
        (report.deselected, "filtered out"),
    ] {
        if number > 0 {
            text.push_str(&format!(", {number} {words}"));
        }
    }
    text
}

/// The message that coverage is below the threshold, if it is.
fn too_little_coverage(report: &TestReport) -> Option<String> {
    let threshold = report.threshold.filter(|_| report.misses_threshold())?;
    let share = report.coverage.as_ref().and_then(|coverage| coverage.percentage());
    let share = share.map_or_else(|| "none".to_owned(), |share| format!("{share}%"));
    Some(format!("{share} of the lines were evaluated, below the threshold of {threshold}%"))
}

const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Skipped => "skipped",
        Outcome::Failed => "failed",
        Outcome::Error => "error",
    }
}

#[cfg(test)]
pub(super) mod sample {
    use std::num::NonZeroUsize;

    use planguard_rego::testing::{Measure, RegoTestOptions};

    use crate::testing::{OnFailedCases, OnSkipped, TestOptions, TestReport, run};

    /// The report on a fixture, without the time that it took.
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
