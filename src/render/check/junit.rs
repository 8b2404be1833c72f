//! The report as JUnit XML: a suite for each plan, a test case for each finding and one for the plan's verdict.

use planguard_plan::redact::SafeText;
use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::listing::{Listed, approved_by, findings};
use super::verdict_line::approval_words;
use crate::enforcement::Enforcement;
use crate::render::junit::{self, line};
use crate::render::{Format, Layout, RenderError};
use crate::report::{PlanReport, Report};
use crate::verdict::Verdict;

pub(super) const FORMAT: Format<Report> =
    Format { name: "junit", former: None, help: "JUnit XML", extension: "xml", render };

/// Findings that deny are failures; those that warn passed, and say so in their output; accepted ones are skipped.
fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    let listed = findings(report);
    let mut document = Document::new("planguard");
    for plan in &report.plans {
        let mut suite = TestSuite::new(line(&plan.origin));
        let of_plan = listed.iter().filter(|listed| std::ptr::eq(listed.plan, plan));
        suite.add_test_cases(of_plan.map(case));
        // A suite without cases would look as if nothing was checked.
        suite.add_test_case(verdict(report, plan));
        document.add_test_suite(suite);
    }
    if !report.problems.is_empty() {
        let mut own = TestSuite::new("planguard");
        own.add_test_cases(report.problems.iter().map(junit::problem));
        document.add_test_suite(own);
    }
    Ok(document.to_string()?)
}

fn verdict(report: &Report, plan: &PlanReport) -> TestCase {
    let verdict = plan.verdict();
    let status = match verdict {
        // The findings are the failures; one more would be counted twice.
        Verdict::Pass | Verdict::Denied => TestCaseStatus::success(),
        Verdict::Undecided => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message("not everything could be checked");
            status
        }
    };
    let mut case = TestCase::new("checked", status);
    let mut said = vec![format!("verdict of this plan: {verdict}")];
    if plan.risk.score() > 0 {
        said.push(format!("risk score: {} ({})", plan.risk.score(), plan.risk.words()));
    }
    said.extend(report.environment.as_ref().map(|environment| {
        format!("environment: {} ({})", environment.name.for_document(), environment.why.for_document())
    }));
    said.extend(approval_words(report));
    if !plan.drift.is_empty() {
        said.push("drift: changed outside of Terraform".to_owned());
        let drift = plan.drift.iter();
        said.extend(
            drift.map(|drift| format!("  {}: {}", drift.became.words(), drift.message.for_document())),
        );
    }
    case.set_system_out(said.join("\n"));
    case
}

fn case(listed: &Listed<'_>) -> TestCase {
    let finding = listed.finding;
    let lines: Vec<String> = listed.lines().iter().map(SafeText::for_document).collect();
    let text = lines.join("\n");
    let status = match finding.enforcement {
        Enforcement::Deny | Enforcement::Approve => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(finding.message.for_document()).set_type(finding.severity.as_str());
            status.set_description(&text);
            status
        }
        Enforcement::Approved => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(approved_by(finding).for_document());
            status
        }
        Enforcement::Waived => {
            let mut status = TestCaseStatus::skipped();
            let reason = finding.waiver.as_ref().map(|waiver| waiver.reason.for_document());
            status.set_message(format!("waived: {}", reason.unwrap_or_default()));
            status
        }
        Enforcement::Baseline => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("in the baseline");
            status
        }
        Enforcement::Warn | Enforcement::Off => TestCaseStatus::success(),
    };
    let address = listed.address().map_or_else(|| "the whole plan".to_owned(), line);
    let mut case = TestCase::new(format!("{}: {address}", line(&finding.rule.id)), status);
    case.set_classname(line(&finding.rule.id));
    let place = listed.place();
    case.extra.insert("file".into(), line(place.file).into());
    if let Some(number) = place.line {
        case.extra.insert("line".into(), number.to_string().into());
    }
    if finding.enforcement == Enforcement::Warn {
        case.set_system_out(format!("warning ({}): {text}", finding.severity));
    }
    case
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::check::sample;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn a_report_is_read_back() {
        let mut report = sample::of_everything();
        report.plans[0].findings[0].message = sample::text("a <b> & \"c\" ]]> \u{1b}[1m\nd");
        let read = Document::deserialize_from_str(&render(&report, PLAIN).unwrap()).unwrap();
        // Seven findings, two verdicts and a problem.
        assert_eq!((read.tests, read.failures, read.errors), (10, 4, 1));
        let skipped: usize = read.test_suites.iter().map(|suite| suite.disabled).sum();
        assert_eq!(skipped, 2, "a waived one, and one in the baseline");
        let TestCaseStatus::NonSuccess { message, .. } = &read.test_suites[0].test_cases[0].status else {
            panic!("{read:?}")
        };
        assert!(message.as_ref().unwrap().starts_with("a <b> & \"c\" ]]> \\u{1b}[1m"), "{message:?}");
    }

    #[test]
    fn drift_is_told_and_fails_nothing() {
        let mut plan = sample::plan("p", Vec::new());
        plan.drift = sample::drift();
        let text = render(&sample::report(vec![plan]), PLAIN).unwrap();
        let read = Document::deserialize_from_str(&text).unwrap();
        assert_eq!((read.tests, read.failures, read.errors), (1, 0, 0));
        let said = read.test_suites[0].test_cases[0].system_out.as_ref().unwrap();
        assert!(
            said.ends_with(
                "drift: changed outside of Terraform\n  kept by this plan: aws_x.a was changed: `ingress`\n  \
                 put back by this plan: aws_x.b allows port 22 (SSH)"
            ),
            "{said:?}"
        );
    }

    #[test]
    fn a_pass_has_a_case() {
        let report = sample::report(vec![sample::plan("p", Vec::new())]);
        let read = Document::deserialize_from_str(&render(&report, PLAIN).unwrap()).unwrap();
        assert_eq!((read.tests, read.failures, read.errors), (1, 0, 0));
    }
}
