//! The report as the result of a run task of HCP Terraform: the body with which its callback is patched.
//!
//! <https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run-tasks/run-tasks-integration> describes it.

use std::collections::BTreeMap;

use planguard_plan::problem::Problem;
use planguard_rule::Severity;
use serde::Serialize;

use super::listing::{Listed, worst_first};
use super::verdict_line;
use crate::enforcement::Enforcement;
use crate::render::layout::count;
use crate::render::markdown::{code, sentence};
use crate::render::{RenderError, json};
use crate::report::Report;
use crate::runtask::Outcomes;
use crate::verdict::Verdict;

/// HCP advises against larger bodies. All of a report's have this together, the most urgent ones first.
const MOST: usize = 1_000_000;

/// What the line needs that says how much is left out.
const RESERVE: usize = 100;

/// The most characters of an address or a value, and of a sentence.
const MOST_OF_CODE: usize = 300;
const MOST_OF_SENTENCE: usize = 1_000;

#[derive(Serialize)]
struct Document {
    data: TaskResult,
}

#[derive(Serialize)]
struct TaskResult {
    r#type: &'static str,
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationships: Option<Relationships>,
}

#[derive(Serialize)]
struct Attributes {
    status: &'static str,
    message: String,
}

#[derive(Serialize)]
struct Relationships {
    outcomes: OutcomeList,
}

#[derive(Serialize)]
struct OutcomeList {
    data: Vec<Outcome>,
}

#[derive(Serialize)]
struct Outcome {
    r#type: &'static str,
    attributes: OutcomeAttributes,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct OutcomeAttributes {
    outcome_id: String,
    description: String,
    body: String,
    tags: BTreeMap<&'static str, [Tag; 1]>,
}

#[derive(Serialize)]
struct Tag {
    label: &'static str,
    level: &'static str,
}

/// The body. The run goes on if the exit code of the check would let it.
///
/// # Errors
///
/// Those of writing JSON.
pub fn callback(report: &Report, outcomes: Outcomes) -> Result<String, RenderError> {
    let status = if report.exit_code() == 0 { "passed" } else { "failed" };
    let relationships = match outcomes {
        Outcomes::Shown => Some(Relationships { outcomes: OutcomeList { data: outcomes_of(report) } }),
        Outcomes::NotShown => None,
    };
    let attributes = Attributes { status, message: verdict_line::line(report) };
    let data = TaskResult { r#type: "task-results", attributes, relationships };
    Ok(json::indented(&Document { data })?)
}

/// The body if there is no report: the run does not go on.
///
/// # Errors
///
/// Those of writing JSON.
pub fn callback_without_report(problem: &Problem) -> Result<String, RenderError> {
    let message = format!(
        "{}: {} ({})",
        verdict_line::name(Verdict::Undecided),
        problem.message.for_terminal_line(),
        problem.code.for_terminal_line()
    );
    let attributes = Attributes { status: "failed", message };
    let data = TaskResult { r#type: "task-results", attributes, relationships: None };
    Ok(json::indented(&Document { data })?)
}

/// An outcome for what could not be checked, and one for each rule and effect, the most urgent first.
fn outcomes_of(report: &Report) -> Vec<Outcome> {
    let mut room = MOST;
    let mut outcomes = Vec::new();
    if !report.problems.is_empty() {
        let lines = report.problems.iter().map(|problem| {
            let help = problem.help.as_ref().map(|help| format!("; {}", sentence(help, MOST_OF_SENTENCE)));
            let message = sentence(&problem.message, MOST_OF_SENTENCE);
            format!("- {}: {message}{}\n", code(&problem.code, MOST_OF_CODE), help.unwrap_or_default())
        });
        let errors = count(report.problems.len(), "error", "errors");
        outcomes.push(outcome(
            "errors".to_owned(),
            format!("{errors}: not everything could be checked"),
            body("", lines.collect(), &mut room),
            [("Status", Tag { label: "Incomplete", level: "error" })],
        ));
    }
    let listed = worst_first(report);
    let mut groups: Vec<Vec<&Listed<'_>>> = Vec::new();
    let mut known: BTreeMap<(&str, Enforcement, Severity), usize> = BTreeMap::new();
    for listed in &listed {
        let finding = listed.finding;
        let key = (finding.rule.id.unescaped(), finding.enforcement, finding.severity);
        let at = *known.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(listed),
            None => groups.push(vec![listed]),
        }
    }
    outcomes.extend(groups.iter().filter_map(|group| of_rule(group, &mut room)));
    outcomes
}

/// The findings of a rule that have the same effect.
fn of_rule(group: &[&Listed<'_>], room: &mut usize) -> Option<Outcome> {
    let first = group.first()?.finding;
    let (label, level) = status(first.enforcement);
    let id = first.rule.id.for_terminal_line();
    let title = first.rule.title.as_ref().unwrap_or(&first.message).for_terminal_line();
    let fix = first.remediation.as_ref().map(|fix| format!("Fix: {}\n\n", sentence(fix, MOST_OF_SENTENCE)));
    let lines = group.iter().map(|listed| line(listed)).collect();
    let severity = Tag {
        label: severity_label(first.severity),
        level: if first.severity >= Severity::High { "error" } else { "warning" },
    };
    let description = match group.len() {
        1 => title,
        number => format!("{title} ({number} findings)"),
    };
    Some(outcome(
        format!("{id}:{}:{}", first.enforcement, first.severity),
        description,
        body(&fix.unwrap_or_default(), lines, room),
        [("Status", Tag { label, level }), ("Severity", severity)],
    ))
}

fn outcome<const N: usize>(
    outcome_id: String,
    description: String,
    body: String,
    tags: [(&'static str, Tag); N],
) -> Outcome {
    let tags = tags.into_iter().map(|(name, tag)| (name, [tag])).collect();
    let attributes = OutcomeAttributes { outcome_id, description, body, tags };
    Outcome { r#type: "task-result-outcomes", attributes }
}

/// As many lines as there is room for; the last one says how many are left out.
fn body(start: &str, lines: Vec<String>, room: &mut usize) -> String {
    let mut body = String::new();
    let all = lines.len();
    let mut taken = 0;
    for line in lines {
        let start = if taken == 0 { start } else { "" };
        if start.len() + line.len() + RESERVE > *room {
            break;
        }
        body.push_str(start);
        body.push_str(&line);
        *room -= start.len() + line.len();
        taken += 1;
    }
    if taken < all {
        let more = count(all - taken, "more has no room here", "more have no room here");
        body.push_str(&format!("\n{more}; the log of planguard has them\n"));
    }
    body
}

fn line(listed: &Listed<'_>) -> String {
    let finding = listed.finding;
    let mut parts = Vec::new();
    let address =
        listed.address().filter(|address| !finding.message.unescaped().contains(address.unescaped()));
    parts.extend(address.map(|address| code(address, MOST_OF_CODE)));
    parts.push(sentence(&finding.message, MOST_OF_SENTENCE));
    if let Some(attribute) = &finding.attribute {
        let value = listed.value().map(|value| format!(" = {}", code(&value, MOST_OF_CODE)));
        parts.push(format!("{}{}", code(attribute, MOST_OF_CODE), value.unwrap_or_default()));
    }
    parts.extend(listed.notes().into_iter().map(str::to_owned));
    parts.extend(
        listed.others().iter().chain(&listed.approval()).map(|text| sentence(text, MOST_OF_SENTENCE)),
    );
    if let Some(waiver) = &finding.waiver {
        parts.push(format!("waiver: {}", sentence(&waiver.reason, MOST_OF_SENTENCE)));
    }
    format!("- {}\n", parts.join("; "))
}

const fn status(enforcement: Enforcement) -> (&'static str, &'static str) {
    match enforcement {
        Enforcement::Deny => ("Denied", "error"),
        Enforcement::Approve => ("Needs approval", "error"),
        Enforcement::Warn => ("Warning", "warning"),
        Enforcement::Approved => ("Approved", "none"),
        Enforcement::Waived => ("Waived", "none"),
        Enforcement::Baseline => ("In the baseline", "none"),
        Enforcement::Off => ("Off", "none"),
    }
}

const fn severity_label(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Info => "Info",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::render::check::sample;

    #[test]
    fn what_denies_comes_first() {
        insta::assert_snapshot!(callback(&sample::of_everything(), Outcomes::Shown).unwrap());
    }

    #[test]
    fn a_run_goes_on_as_the_exit_code_says() {
        let status = |report: &Report| {
            let text = callback(report, Outcomes::NotShown).unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value.pointer("/data/relationships"), None);
            value["data"]["attributes"]["status"].as_str().unwrap().to_owned()
        };
        assert_eq!(status(&sample::report(vec![sample::plan("p", Vec::new())])), "passed");
        let denied = sample::report(vec![sample::plan("p", vec![sample::finding("a", "x.y")])]);
        assert_eq!(status(&denied), "failed");
        assert_eq!(status(&Report { report_only: true, ..denied }), "passed");
        let undecided = Report { plans: Vec::new(), ..sample::of_everything() };
        assert_eq!(status(&undecided), "failed");
    }

    #[test]
    fn bodies_end_with_a_whole_finding_and_say_what_is_missing() {
        let findings = (0..9_000).map(|number| {
            let rule = format!("rule-{}", number / 4_000);
            sample::finding(&rule, &format!("aws_s3_bucket.b{number}[\"{}\"]", "x".repeat(200)))
        });
        let report = sample::report(vec![sample::plan("p", findings.collect())]);
        let value: Value = serde_json::from_str(&callback(&report, Outcomes::Shown).unwrap()).unwrap();
        let outcomes = value["data"]["relationships"]["outcomes"]["data"].as_array().unwrap();
        let bodies: Vec<&str> =
            outcomes.iter().map(|outcome| outcome["attributes"]["body"].as_str().unwrap()).collect();
        assert_eq!(bodies.len(), 3);
        assert!(bodies.iter().map(|body| body.len()).sum::<usize>() <= MOST);
        let mut shown = 0;
        for body in &bodies {
            let lines = || body.lines().filter(|line| line.starts_with("- "));
            assert!(lines().all(|line| line.ends_with("`\"private\" → \"public-read\"`")));
            shown += lines().count();
        }
        let left_out: usize = bodies
            .iter()
            .filter_map(|body| body.lines().last()?.split_once(" more ha")?.0.parse::<usize>().ok())
            .sum();
        assert!(shown > 1_000 && left_out > 1_000);
        assert_eq!(shown + left_out, 9_000);
    }
}
