//! The test report as workflow commands of GitHub Actions, which it shows beside the lines.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions> describes the commands; how values
//! are escaped is in `packages/core/src/command.ts` of actions/toolkit.

use super::{explanation, outcome_word, summary, too_little_coverage};
use crate::render::workflow_command;
use crate::testing::{Outcome, TestReport, TestResult};

/// A command for each test that did not pass and each problem, and a last line for people.
pub fn render(report: &TestReport) -> String {
    let mut text = String::new();
    for problem in &report.problems {
        let help = problem.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
        let message = format!("{}{help}", problem.message);
        text.push_str(&workflow_command("error", &[("title", problem.code.to_string())], &message));
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
    text
}

fn of_test(level: &str, test: &TestResult) -> String {
    let mut lines = explanation(test);
    if lines.is_empty() {
        lines.push(outcome_word(test.outcome).to_owned());
    }
    let title = format!("{}: {}", test.path(), outcome_word(test.outcome));
    let properties = [("file", test.file.one_line()), ("line", test.line.to_string()), ("title", title)];
    workflow_command(level, &properties, &lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use planguard_plan::redact::SafeText;

    use super::*;
    use crate::render::testing::sample;

    #[test]
    fn values_end_no_command() {
        let mut report = sample::report(&["testing/failing"]);
        let test = &mut report.tests[1];
        test.file = SafeText::fixed("a:b,c%d\n::error::e");
        test.name = SafeText::fixed("x::y\nz");
        test.reasons = vec![SafeText::fixed("100%\nno, really: x")];
        let text = render(&report);
        let line = text.lines().next().unwrap();
        assert!(
            line.starts_with("::error file=a%3Ab%2Cc%25d\\n\\u{3a}%3Aerror%3A%3Ae,line=10,title="),
            "{line}"
        );
        assert!(line.contains("::100%25%0Ano, really: x%0A"), "{line}");
        assert_eq!(text.lines().filter(|line| !line.starts_with("::")).count(), 1);
        assert_eq!(text.lines().last(), Some("denied: 6 tests, 2 passed, 3 failed, 1 skipped"));
    }
}
