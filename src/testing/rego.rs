//! Says in words how Rego tests came out.

use miette::Diagnostic as _;
use planguard_plan::redact::Redactor;
use planguard_rego::PolicyError;
use planguard_rego::testing::{FailedBecause, RegoOutcome, RegoTest, TestRun};

use super::outcome::{CaseResult, Outcome, Statement, TestKind, TestResult};

/// What a test run means for readers. The input of a Rego test is written by its author, so that nothing in it is
/// taken for sensitive.
pub(super) fn result(test: &RegoTest, run: &TestRun) -> TestResult {
    let redactor = Redactor::default();
    let text = |text: &str| redactor.text(text);
    let mut reasons = Vec::new();
    let outcome = match &run.outcome {
        RegoOutcome::Passed => Outcome::Passed,
        RegoOutcome::Skipped => Outcome::Skipped,
        RegoOutcome::Failed(because) => {
            reasons.push(text(&words(*because)));
            Outcome::Failed
        }
        RegoOutcome::Error(error) => {
            reasons.push(text(&told(error)));
            Outcome::Error
        }
    };
    if let Some(error) = &run.swallowed {
        // A test may pass because of it; where the same happens on a plan, the verdict is undecided.
        reasons.push(text(&format!("a builtin failed on the way: {}", failure(error))));
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

/// A statement with its later lines indented as little as they can be; the first starts where the statement does.
fn unindented(statement: &str) -> String {
    let statement = statement.replace('\t', "    ");
    let later = statement.lines().skip(1).filter(|line| !line.trim().is_empty());
    let least = later.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines = statement.lines().enumerate();
    let lines = lines.map(|(index, line)| if index == 0 { line } else { line.get(least..).unwrap_or("") });
    lines.collect::<Vec<_>>().join("\n")
}

fn words(because: FailedBecause) -> String {
    match because {
        FailedBecause::Undefined => "its body does not hold".to_owned(),
        FailedBecause::False => "its value is false".to_owned(),
        FailedBecause::NotABoolean(shape) => format!("its value is {shape}; a test has to be true"),
        FailedBecause::Cases => "not all of its cases hold".to_owned(),
        FailedBecause::NoCases => "it has no cases, so nothing was tested".to_owned(),
        FailedBecause::Function => {
            "it is a function, which nothing calls; a test takes no arguments".to_owned()
        }
    }
}

/// An error with its code, its place and its help.
fn told(error: &PolicyError) -> String {
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

/// `file:line` of what an error points at.
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
