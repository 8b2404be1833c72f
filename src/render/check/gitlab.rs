//! The report for GitLab's widget of code quality.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format> describes it.

use planguard_plan::redact::SafeText;
use planguard_rule::Severity;
use serde::Serialize;

use super::listing::{Listed, worst_first};
use crate::render::{Format, Layout, RenderError, json};
use crate::report::Report;

pub(super) const FORMAT: Format<Report> = Format {
    name: "gitlab",
    former: None,
    help: "code quality of GitLab: artifacts:reports:codequality",
    extension: "json",
    render,
};

#[derive(Serialize)]
struct Entry<'r> {
    description: String,
    check_name: &'r str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'r>,
}

#[derive(Serialize)]
struct Location<'r> {
    path: &'r str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u64,
}

/// What denies or warns, and what kept planguard from looking at everything.
fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    let problems = report.problems.iter().enumerate().map(|(position, problem)| Entry {
        description: problem.message.unescaped().to_owned(),
        check_name: problem.code.unescaped(),
        fingerprint: format!("{}-{position}", problem.code.unescaped()),
        severity: "blocker",
        location: location(problem.plan.as_ref().map_or("planguard", SafeText::unescaped), None),
    });
    let listed = worst_first(report);
    let findings = listed.iter().filter(|listed| !listed.finding.enforcement.is_accepted()).map(entry);
    Ok(json::indented(&problems.chain(findings).collect::<Vec<_>>())?)
}

fn entry<'r>(listed: &Listed<'r>) -> Entry<'r> {
    let finding = listed.finding;
    let place = listed.place();
    let approval = listed.approval();
    let others = listed.others();
    let further = approval.iter().chain(&others).map(SafeText::unescaped);
    let notes = listed.notes().into_iter().chain(further);
    let notes: Vec<String> = notes.map(|note| format!(" ({note})")).collect();
    Entry {
        description: format!("{}{}", finding.message.unescaped(), notes.concat()),
        check_name: finding.rule.id.unescaped(),
        fingerprint: listed.fingerprint.clone(),
        severity: severity(finding.severity),
        location: location(place.file.unescaped(), place.line),
    }
}

/// GitLab wants a path from the root of the repository, and a line.
fn location(path: &str, line: Option<u64>) -> Location<'_> {
    Location { path: path.trim_start_matches("./"), lines: Lines { begin: line.unwrap_or(1).max(1) } }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Info => "info",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::render::check::sample;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn an_entry_has_what_gitlab_needs() {
        let value: Value = serde_json::from_str(&render(&sample::of_everything(), PLAIN).unwrap()).unwrap();
        let entries = value.as_array().unwrap();
        assert_eq!(entries.len(), 6, "a problem and five findings that are not waived");
        assert_eq!(entries[0]["check_name"], "PG-IN-001");
        let located = entries.iter().find(|entry| entry["location"]["lines"]["begin"] == 12).unwrap();
        assert_eq!(located["location"], json!({"path": "modules/a b/main.tf", "lines": {"begin": 12}}));
        assert_eq!((&located["severity"], &located["check_name"]), (&"critical".into(), &"b".into()));
        let mut fingerprints: Vec<&str> =
            entries.iter().map(|entry| entry["fingerprint"].as_str().unwrap()).collect();
        fingerprints.sort_unstable();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), entries.len());
    }

    #[test]
    fn a_pass_is_an_empty_array() {
        let report = sample::report(vec![sample::plan("p", Vec::new())]);
        assert_eq!(render(&report, PLAIN).unwrap(), "[]\n");
    }
}
