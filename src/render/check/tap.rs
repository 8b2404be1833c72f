//! The report in the Test Anything Protocol, version 14: a test point for each problem, plan and finding.
//!
//! <https://testanything.org/tap-version-14-specification.html> describes it.

use planguard_plan::redact::SafeText;
use serde::Serialize;

use super::listing::{Listed, approved_by, findings};
use crate::enforcement::Enforcement;
use crate::render::{Format, Layout, RenderError, json};
use crate::report::{PlanReport, Report};
use crate::verdict::Verdict;

pub(super) const FORMAT: Format<Report> = Format {
    name: "tap",
    former: None,
    help: "Test Anything Protocol, version 14",
    extension: "tap",
    render,
};

/// A test point, before it has a number.
struct Point {
    is_ok: bool,
    description: String,
    /// `TODO` or `SKIP` with a reason: the point does not fail the run.
    directive: Option<String>,
    diagnostic: Vec<(&'static str, String)>,
}

fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    let listed = findings(report);
    let mut points = Vec::new();
    for problem in &report.problems {
        points.push(Point {
            is_ok: false,
            description: description(&problem.code),
            directive: None,
            diagnostic: vec![("message", value(problem.message.unescaped())?)],
        });
    }
    for plan in &report.plans {
        points.push(Point {
            is_ok: plan.verdict() != Verdict::Undecided,
            description: format!("{} was checked", description(&plan.origin)),
            directive: None,
            diagnostic: of_plan(report, plan)?,
        });
        for listed in listed.iter().filter(|listed| std::ptr::eq(listed.plan, plan)) {
            points.push(of_finding(listed)?);
        }
    }
    let mut text = format!("TAP version 14\n1..{}\n", points.len());
    for (position, point) in points.iter().enumerate() {
        let result = if point.is_ok { "ok" } else { "not ok" };
        let directive =
            point.directive.as_ref().map(|directive| format!(" # {directive}")).unwrap_or_default();
        text.push_str(&format!("{result} {} - {}{directive}\n  ---\n", position + 1, point.description));
        for (key, value) in &point.diagnostic {
            text.push_str(&format!("  {key}: {value}\n"));
        }
        text.push_str("  ...\n");
    }
    Ok(text)
}

/// The verdict, and what it rests on beside findings.
fn of_plan(report: &Report, plan: &PlanReport) -> Result<Vec<(&'static str, String)>, RenderError> {
    let mut diagnostic =
        vec![("verdict", value(plan.verdict().as_str())?), ("risk", value(plan.risk.score())?)];
    if let Some(environment) = &report.environment {
        diagnostic.push(("environment", value(environment.name.unescaped())?));
    }
    if let Some(approvals) = &report.approvals {
        diagnostic.push(("approvals_missing", value(approvals.missing)?));
    }
    Ok(diagnostic)
}

fn of_finding(listed: &Listed<'_>) -> Result<Point, RenderError> {
    let finding = listed.finding;
    let directive = match (finding.enforcement, &finding.waiver) {
        (Enforcement::Deny | Enforcement::Approve, _) => None,
        (Enforcement::Approved, _) => Some(format!("TODO {}", description(&approved_by(finding)))),
        (Enforcement::Waived, Some(waiver)) => Some(format!("TODO waived: {}", description(&waiver.reason))),
        (Enforcement::Baseline, _) => Some("TODO in the baseline".to_owned()),
        (Enforcement::Warn | Enforcement::Waived | Enforcement::Off, _) => Some("TODO a warning".to_owned()),
    };
    let place = listed.place();
    let mut diagnostic = vec![
        ("message", value(finding.message.unescaped())?),
        ("severity", value(finding.severity.as_str())?),
        ("enforcement", value(finding.enforcement.as_str())?),
        ("origin", value(finding.origin.as_str())?),
        ("file", value(place.file.unescaped())?),
    ];
    if let Some(line) = place.line {
        diagnostic.push(("line", value(line)?));
    }
    let texts = [
        ("attribute", &finding.attribute),
        ("before", &finding.before),
        ("value", &finding.value),
        ("fix", &finding.remediation),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            diagnostic.push((key, value(text.unescaped())?));
        }
    }
    if let Some(others) = listed.others() {
        diagnostic.push(("also", value(others.unescaped())?));
    }
    let address = listed.address().map_or_else(|| "the whole plan".to_owned(), description);
    Ok(Point {
        is_ok: false,
        description: format!("{}: {address}", description(&finding.rule.id)),
        directive,
        diagnostic,
    })
}

/// A text of a description, in which `#` starts a directive.
fn description(text: &SafeText) -> String {
    text.for_terminal_line().replace('\\', "\\\\").replace('#', "\\#")
}

/// A value of the block of YAML: JSON is YAML.
fn value(value: impl Serialize) -> Result<String, RenderError> {
    Ok(json::compact(&value)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::check::sample;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn every_finding_is_a_point() {
        insta::assert_snapshot!(render(&sample::of_everything(), PLAIN).unwrap());
    }

    /// A harness must see exactly the denials as failures.
    #[test]
    fn no_text_is_a_directive_or_a_point() {
        let mut hostile = sample::finding("a # TODO x", "b\nok 3 - c # SKIP");
        hostile.message = sample::text("x\n...\nok 4\nBail out!");
        let text = render(&sample::report(vec![sample::plan("p # SKIP", vec![hostile])]), PLAIN).unwrap();
        let points: Vec<&str> = text.lines().filter(|line| !line.starts_with("  ")).collect();
        assert_eq!(points[1..3], ["1..2", "ok 1 - p \\# SKIP was checked"]);
        assert_eq!(points[3], "not ok 2 - a \\# TODO x: b\\\\nok 3 - c \\# SKIP");
        assert_eq!(points.len(), 4);
        assert_eq!(text.lines().filter(|line| line.trim() == "...").count(), 2);
    }
}
