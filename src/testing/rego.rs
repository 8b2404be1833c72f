//! Converts the results of Rego tests for renderers.

use miette::Diagnostic as _;
use planguard_plan::redact::Redactor;
use planguard_rego::PolicyError;
use planguard_rego::testing::{FailedBecause, RegoOutcome, RegoTest, Stop, TestRun};

use super::outcome::{CaseResult, Statement, TestKind, TestOutcome, TestResult};

/// Converts the result of a test. The author of a test writes its input, so nothing in it is treated as sensitive.
pub(super) fn result(test: &RegoTest, run: &TestRun) -> TestResult {
    let redactor = Redactor::default();
    let text = |text: &str| redactor.text(text);
    let mut reasons = Vec::new();
    let outcome = match &run.outcome {
        RegoOutcome::Passed => TestOutcome::Passed,
        RegoOutcome::Skipped => TestOutcome::Skipped,
        RegoOutcome::Failed(because) => {
            reasons.push(text(&words(*because, run.stopped_at.as_ref())));
            TestOutcome::Failed
        }
        RegoOutcome::Error(error) => {
            reasons.push(text(&error_text(error)));
            TestOutcome::Error
        }
    };
    if let Some(error) = &run.swallowed {
        // A test may pass because of this; on a plan, the verdict would be incomplete.
        reasons.push(text(&format!("a builtin failed: {}", failure(error))));
    }
    TestResult {
        kind: TestKind::Rego,
        file: text(&test.location.file),
        line: test.location.line,
        package: text(&test.package),
        name: text(&test.name),
        outcome,
        duration: run.duration,
        reasons,
        stopped_at: run.stopped_at.as_ref().map(|stop| Statement {
            file: text(&stop.location.file),
            line: stop.location.line,
            text: text(&unindented(&stop.statement)),
            parts: stop.parts.iter().map(|part| text(part)).collect(),
        }),
        diff: Vec::new(),
        output: run.prints.iter().map(|line| text(line)).collect(),
        cases: run
            .cases
            .iter()
            .map(|case| CaseResult { name: text(&case.name.join(" / ")), passed: case.passed })
            .collect(),
    }
}

/// Removes the common indentation of a statement's later lines; the first line starts at the statement.
fn unindented(statement: &str) -> String {
    let statement = statement.replace('\t', "    ");
    let later = statement.lines().skip(1).filter(|line| !line.trim().is_empty());
    let least = later.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines = statement.lines().enumerate();
    let lines = lines.map(|(index, line)| if index == 0 { line } else { line.get(least..).unwrap_or("") });
    lines.collect::<Vec<_>>().join("\n")
}

fn words(because: FailedBecause, stop: Option<&Stop>) -> String {
    match because {
        FailedBecause::Undefined => match stop {
            Some(stop) => format!("assertion failed at line {}", stop.location.line),
            None => "the test is undefined".to_owned(),
        },
        FailedBecause::False => "the value is `false`".to_owned(),
        FailedBecause::NotABoolean(shape) => format!("the value is {shape}, not `true`"),
        FailedBecause::Cases => "cases failed".to_owned(),
        FailedBecause::NoCases => "the test has no cases".to_owned(),
        FailedBecause::Function => {
            "the test is a function, which is never called; remove its arguments".to_owned()
        }
    }
}

/// Returns an error with its code, place and help.
fn error_text(error: &PolicyError) -> String {
    let code = error.code().map(|code| format!(" ({code})")).unwrap_or_default();
    let place = place(error).map(|place| format!("{place}: ")).unwrap_or_default();
    let help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{place}{error}{code}{help}")
}

fn failure(error: &PolicyError) -> String {
    let place = place(error).map(|place| format!("{place}: ")).unwrap_or_default();
    match error {
        PolicyError::SwallowedError { reason, .. } => format!("{place}{reason}"),
        error => format!("{place}{error}"),
    }
}

/// Returns `file:line` of an error's label.
fn place(error: &PolicyError) -> Option<String> {
    let label = error.labels()?.next()?;
    let contents = error.source_code()?.read_span(label.inner(), 0, 0).ok()?;
    Some(format!("{}:{}", contents.name()?, contents.line() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_keep_their_shape() {
        assert_eq!(unindented("x == {\n\t\t1,\n\n\t}"), "x == {\n    1,\n\n}");
        assert_eq!(unindented("x"), "x");
    }
}
