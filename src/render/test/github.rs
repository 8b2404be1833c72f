//! The test report as workflow commands of GitHub Actions, which it shows beside the lines.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions> describes the commands; how values
//! are escaped is in `packages/core/src/command.ts` of actions/toolkit.

use planguard_plan::redact::SafeText;

use super::{explanation, outcome_word, summary, too_little_coverage};
use crate::render::workflow_command::workflow_command;
use crate::render::{Format, Layout, RenderError};
use crate::testing::{TestOutcome as Outcome, TestReport, TestResult};

pub(super) const FORMAT: Format<TestReport> = Format {
    name: "github",
    former: None,
    help: "workflow commands of GitHub Actions",
    extension: "txt",
    render,
};

/// A command for each test that did not pass and each problem, and a last line for people.
fn render(report: &TestReport, _: Layout) -> Result<String, RenderError> {
    let mut text = String::new();
    for problem in &report.problems {
        let help = problem.help.as_ref().map(|help| format!("\n{}", help.unescaped())).unwrap_or_default();
        let message = format!("{}{help}", problem.message.unescaped());
        text.push_str(&workflow_command(
            "error",
            &[("title", problem.code.unescaped().to_owned())],
            &message,
        ));
    }
    for test in &report.tests {
        let level = match test.outcome {
            Outcome::Passed => continue,
            Outcome::Skipped if report.fail_on_skipped => "error",
            Outcome::Skipped => "notice",
            Outcome::Failed | Outcome::Error => "error",
        };
        text.push_str(&of_test(level, test));
    }
    if let Some(message) = too_little_coverage(report) {
        text.push_str(&workflow_command("error", &[("title", "coverage".to_owned())], &message));
    }
    text.push_str(&format!("{}: {}\n", report.verdict(), summary(report)));
    Ok(text)
}

fn of_test(level: &str, test: &TestResult) -> String {
    let mut lines = explanation(test);
    if lines.is_empty() {
        lines.push(SafeText::fixed(outcome_word(test.outcome)));
    }
    let title = format!("{}: {}", test.path().unescaped(), outcome_word(test.outcome));
    let file = test.file.unescaped().to_owned();
    let properties = [("file", file), ("line", test.line.to_string()), ("title", title)];
    let lines: Vec<&str> = lines.iter().map(SafeText::unescaped).collect();
    workflow_command(level, &properties, &lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::layout::sample::PLAIN;
    use crate::render::test::sample;

    #[test]
    fn values_end_no_command() {
        let mut report = sample::report(&["testing/failing"]);
        let test = &mut report.tests[1];
        test.file = SafeText::fixed("a:b,c%d\n::error::e");
        test.name = SafeText::fixed("x::y\nz");
        test.reasons = vec![SafeText::fixed("100%\nno, really: x")];
        let text = render(&report, PLAIN).unwrap();
        let line = text.lines().next().unwrap();
        assert!(
            line.starts_with("::error file=a%3Ab%2Cc%25d%0A\\u{3a}%3Aerror%3A%3Ae,line=10,title="),
            "{line}"
        );
        assert!(line.contains("::100%25%0Ano, really: x%0A"), "{line}");
        assert_eq!(text.lines().filter(|line| !line.starts_with("::")).count(), 1);
        assert_eq!(text.lines().last(), Some("denied: 6 tests, 2 passed, 3 failed, 1 skipped"));
    }
}
