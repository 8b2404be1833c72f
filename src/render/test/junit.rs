//! The test report as JUnit XML: a suite for each file, and one for what kept planguard from running everything.

use planguard_plan::redact::SafeText;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{explanation, too_little_coverage};
use crate::render::junit::{self, line};
use crate::render::{Format, Layout, RenderError};
use crate::testing::{TestKind, TestOutcome as Outcome, TestReport, TestResult};

pub(super) const FORMAT: Format<TestReport> =
    Format { name: "junit", former: None, help: "JUnit XML", extension: "xml", render };

/// Times are left out, so that two runs of the same tests give the same text. Characters that XML 1.0 cannot contain are
/// written as `\u{..}`.
fn render(report: &TestReport, _: Layout) -> Result<String, RenderError> {
    let mut all = Report::new("planguard");
    let mut suites: Vec<TestSuite> = Vec::new();
    for test in &report.tests {
        let name = line(&test.file);
        if suites.last().is_none_or(|suite| suite.name.as_str() != name) {
            suites.push(TestSuite::new(name));
        }
        if let Some(suite) = suites.last_mut() {
            suite.add_test_case(test_case(test));
        }
    }
    let mut own = TestSuite::new("planguard");
    for problem in &report.problems {
        own.add_test_case(junit::problem(problem));
    }
    if let Some(message) = too_little_coverage(report) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(message);
        own.add_test_case(TestCase::new("coverage", status));
    }
    if !own.test_cases.is_empty() {
        suites.push(own);
    }
    all.add_test_suites(suites);
    Ok(all.to_string()?)
}

fn test_case(test: &TestResult) -> TestCase {
    let kind = match test.outcome {
        Outcome::Passed => None,
        Outcome::Skipped => None,
        Outcome::Failed => Some(NonSuccessKind::Failure),
        Outcome::Error => Some(NonSuccessKind::Error),
    };
    let status = match (kind, test.outcome) {
        (Some(kind), _) => {
            let mut status = TestCaseStatus::non_success(kind);
            let lines: Vec<String> = explanation(test).iter().map(SafeText::for_document).collect();
            if let Some(first) = lines.first() {
                status.set_message(first);
            }
            status.set_description(lines.join("\n"));
            status
        }
        (None, Outcome::Skipped) => TestCaseStatus::skipped(),
        (None, Outcome::Passed | Outcome::Failed | Outcome::Error) => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(line(&test.name), status);
    case.set_classname(match test.kind {
        TestKind::Rego => line(&test.package),
        TestKind::PlanCase => "plan cases".to_owned(),
        TestKind::GuardrailCase => "guardrail cases".to_owned(),
    });
    case.extra.insert("file".into(), line(&test.file).into());
    case.extra.insert("line".into(), test.line.to_string().into());
    if !test.output.is_empty() {
        let output: Vec<String> = test.output.iter().map(SafeText::for_document).collect();
        case.set_system_out(output.join("\n"));
    }
    case
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::layout::sample::PLAIN;
    use crate::render::test::sample;

    #[test]
    fn a_report_is_read_back() {
        let mut report = sample::report(&["testing/coverage", "testing/failing"]);
        report.tests[1].name = SafeText::fixed("a <b> & \"c\" ]]> \u{1b}[1m");
        let text = render(&report, PLAIN).unwrap();
        let read = Report::deserialize_from_str(&text).unwrap();
        assert_eq!(read.tests, report.tests.len() + 1, "and one for coverage");
        assert_eq!((read.failures, read.errors), (4, 0));
        assert_eq!(read.test_suites[1].test_cases[0].name.as_str(), "a <b> & \"c\" ]]> \\u{1b}[1m");
        assert_eq!(text, render(&report, PLAIN).unwrap());
    }

    #[test]
    fn what_could_not_be_run_is_an_error() {
        let report = sample::report(&["testing/problems"]);
        let read = Report::deserialize_from_str(&render(&report, PLAIN).unwrap()).unwrap();
        assert!(read.errors > 0);
        assert_eq!(read.test_suites.last().unwrap().name.as_str(), "planguard");
    }
}
