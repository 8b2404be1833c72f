//! The report as SARIF 2.1.0: a rule for each rule that has findings, a result for each finding.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::redact::SafeText;
use planguard_rule::{RuleInfo, Severity};
use serde_json::{Map, Value, json};

use super::listing::{Listed, Place, approved_by, findings};
use super::rules::{self, ReportedRule};
use super::verdict_line;
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, WaiverState};
use crate::render::sarif::{self, Run, message, uri};
use crate::render::{Format, Layout, RenderError, markdown};
use crate::report::{BaselineReport, Drift, PlanReport, Report};

pub(super) const FORMAT: Format<Report> = Format {
    name: "sarif",
    former: None,
    help: "SARIF 2.1.0, for code scanning",
    extension: "sarif",
    render,
};

fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    let rules = rules::of_report(report);
    let built_in = rules::built_in(&rules);
    let positions: BTreeMap<&SafeText, usize> =
        rules.keys().enumerate().map(|(position, id)| (*id, position)).collect();
    let notices = report.notices.iter().map(|notice| {
        json!({
            "level": "note",
            "descriptor": { "id": notice.code.unescaped() },
            "message": message(notice.message.unescaped()),
        })
    });
    // Code scanning makes an alert of every result, of whatever kind. What the plan keeps is one already, as a finding.
    let drift =
        report.plans.iter().flat_map(|plan| plan.drift.iter().map(move |drift| self::drift(plan, drift)));
    // With what the verdict rests on: environment, approvals, risk.
    let verdict = json!({
        "level": "note",
        "descriptor": { "id": "verdict" },
        "message": message(&verdict_line::line(report)),
    });
    let run = Run {
        tool: "planguard",
        rules: rules.iter().map(|(id, rule)| self::rule(id, rule, built_in.get(id.unescaped()))).collect(),
        results: findings(report)
            .iter()
            .map(|listed| {
                result(listed, positions.get(&listed.finding.rule.id).copied(), report.baseline.as_ref())
            })
            .collect(),
        exit_code: report.exit_code(),
        notifications: report
            .problems
            .iter()
            .map(sarif::notification)
            .chain(notices)
            .chain(drift)
            .chain([verdict])
            .collect(),
        is_complete: report.problems.is_empty(),
    };
    Ok(sarif::log(&run)?)
}

/// What was changed outside of Terraform.
fn drift(plan: &PlanReport, drift: &Drift) -> Value {
    json!({
        "level": "note",
        "descriptor": { "id": "drift" },
        "message": message(&format!("{}: {}", drift.became.words(), drift.message.unescaped())),
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": uri(plan.origin.unescaped()) } },
            "logicalLocations": [{ "fullyQualifiedName": drift.address.unescaped(), "kind": "resource" }],
        }],
        "properties": {
            "became": drift.became.as_str(),
            "attribute": drift.attribute.as_ref().map(SafeText::unescaped),
        },
    })
}

/// The number by which code scanning sorts: above 9 is critical, from 7 high, from 4 medium, above 0 low.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}

const fn level_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

const fn level(enforcement: Enforcement) -> &'static str {
    match enforcement {
        Enforcement::Deny | Enforcement::Approve => "error",
        Enforcement::Warn => "warning",
        Enforcement::Approved | Enforcement::Waived | Enforcement::Baseline | Enforcement::Off => "note",
    }
}

fn rule(id: &SafeText, rule: &ReportedRule<'_>, info: Option<&RuleInfo>) -> Value {
    let title = rule.title.unwrap_or(id).unescaped();
    let why = info.map(|info| info.why.split_whitespace().collect::<Vec<_>>().join(" "));
    let why = why.as_deref();
    let fix = rule.remediation.map(|remedy| format!("Fix: {}", remedy.unescaped()));
    let plain: Vec<&str> = std::iter::once(title).chain(why).chain(fix.as_deref()).collect();
    let of_plan = |text: &SafeText| markdown::prose(&text.for_terminal_line());
    let mut formatted = vec![format!("**{}**", of_plan(rule.title.unwrap_or(id)))];
    formatted.extend(why.map(markdown::prose));
    formatted.extend(rule.remediation.map(|remedy| format!("Fix: {}", of_plan(remedy))));
    // The schema wants each once, and the change guards are a category of their own.
    let tags: BTreeSet<&str> =
        ["security", rule.kind.as_str()].into_iter().chain(info.map(|info| info.category.as_str())).collect();
    json!({
        "id": id.unescaped(),
        "shortDescription": message(title),
        "fullDescription": message(why.unwrap_or(title)),
        "help": {
            "text": message(&plain.join("\n\n"))["text"],
            "markdown": formatted.join("\n\n"),
        },
        "defaultConfiguration": { "level": level_of(rule.severity) },
        "properties": { "security-severity": security_severity(rule.severity), "tags": tags },
    })
}

fn physical(place: Place<'_>) -> Value {
    // Code scanning shows nothing without a line.
    let mut region = json!({ "startLine": place.line.unwrap_or(1).max(1) });
    if let Some((start, end)) = place.columns {
        region["startColumn"] = json!(start.max(1));
        region["endColumn"] = json!(end.max(start).max(1));
    }
    json!({ "artifactLocation": { "uri": uri(place.file.unescaped()) }, "region": region })
}

fn result(listed: &Listed<'_>, position: Option<usize>, baseline: Option<&BaselineReport>) -> Value {
    let finding = listed.finding;
    let text: Vec<String> = listed.lines().iter().map(|line| line.unescaped().to_owned()).collect();
    let mut location = json!({ "physicalLocation": physical(listed.place()) });
    if let Some(address) = listed.address() {
        location["logicalLocations"] =
            json!([{ "fullyQualifiedName": address.unescaped(), "kind": "resource" }]);
    }
    let mut result = json!({
        "ruleId": finding.rule.id.unescaped(),
        "level": level(finding.enforcement),
        "message": message(&text.join("\n")),
        "locations": [location],
        "partialFingerprints": { "planguard/v1": listed.fingerprint },
        "properties": properties(listed),
    });
    if let Some(position) = position {
        result["ruleIndex"] = json!(position);
    }
    let from: Vec<Value> = finding
        .source
        .iter()
        .flat_map(|place| &place.from)
        .map(|line| {
            let place = Place { file: &line.file, line: Some(line.line as u64), columns: None };
            json!({ "physicalLocation": physical(place), "message": { "text": "the value comes from here" } })
        })
        .collect();
    if !from.is_empty() {
        result["relatedLocations"] = Value::Array(from);
    }
    if let Some(waiver) = finding.waiver.as_ref().filter(|waiver| waiver.state == WaiverState::Active) {
        let place = Place { file: &waiver.file, line: Some(waiver.line as u64), columns: None };
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": waiver.reason.unescaped(),
            "location": { "physicalLocation": physical(place) },
        }]);
    }
    if let (Enforcement::Baseline, Some(baseline)) = (finding.enforcement, baseline) {
        let place = Place { file: &baseline.file, line: None, columns: None };
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": "in the baseline",
            "location": { "physicalLocation": physical(place) },
        }]);
    }
    if finding.enforcement == Enforcement::Approved {
        let justification = approved_by(finding);
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": justification.unescaped(),
        }]);
    }
    result
}

fn properties(listed: &Listed<'_>) -> Value {
    let finding = listed.finding;
    let mut properties = Map::new();
    let mut set = |name: &str, value: Option<&str>| {
        properties.extend(value.map(|value| (name.to_owned(), Value::from(value))));
    };
    let text = |text: &'_ Option<SafeText>| text.as_ref().map(|text| text.unescaped().to_owned());
    set("plan", Some(listed.plan.origin.unescaped()));
    set("severity", Some(finding.severity.as_str()));
    set("enforcement", Some(finding.enforcement.as_str()));
    set("origin", Some(finding.origin.as_str()));
    set(
        "outcome",
        Some(match finding.certainty {
            Certainty::Certain => "fail",
            Certainty::DependsOnUnknown => "undetermined",
        }),
    );
    let actions = finding.subject.as_ref().and_then(|subject| text(&subject.actions));
    set("actions", actions.as_deref());
    set("attribute", text(&finding.attribute).as_deref());
    set("before", text(&finding.before).as_deref());
    set("value", text(&finding.value).as_deref());
    let others: Vec<Value> = finding.other_rules().map(|rule| Value::from(rule.id.unescaped())).collect();
    if !others.is_empty() {
        properties.insert("otherRules".to_owned(), Value::from(others));
    }
    Value::Object(properties)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::check::sample;
    use crate::render::layout::sample::PLAIN;

    fn run(report: &Report) -> Value {
        let log: Value = serde_json::from_str(&render(report, PLAIN).unwrap()).unwrap();
        assert_eq!(log["version"], "2.1.0");
        log["runs"][0].clone()
    }

    fn result<'v>(run: &'v Value, address: &str) -> &'v Value {
        let name =
            |result: &&Value| result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == address;
        run["results"].as_array().unwrap().iter().find(name).unwrap()
    }

    #[test]
    fn a_result_has_what_code_scanning_needs() {
        let run = run(&sample::of_everything());
        let located = result(&run, "aws_s3_bucket.b");
        let physical = &located["locations"][0]["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uri"], "modules/a%20b/main.tf");
        assert_eq!(physical["region"], json!({"startLine": 12, "startColumn": 3, "endColumn": 8}));
        assert_eq!(located["relatedLocations"][0]["physicalLocation"]["region"]["startLine"], 13);
        assert_eq!(located["level"], "error");
        let index = usize::try_from(located["ruleIndex"].as_u64().unwrap()).unwrap();
        let rule = &run["tool"]["driver"]["rules"][index];
        assert_eq!((&rule["id"], &located["ruleId"]), (&"b".into(), &"b".into()));
        assert_eq!(rule["properties"]["security-severity"], "8.0");
        assert_eq!(rule["help"]["markdown"], "**A title**\n\nFix: Set `acl = \"private\"`.");
        let elsewhere = &result(&run, "aws_s3_bucket.a")["locations"][0]["physicalLocation"];
        assert_eq!(elsewhere["artifactLocation"]["uri"], "a/tfplan.json");
        assert_eq!(result(&run, "aws_s3_bucket.open")["level"], "warning");
        let waived = result(&run, "aws_s3_bucket.w");
        assert_eq!(waived["suppressions"][0]["justification"], "the shop is public");
        assert_eq!(waived["suppressions"][0]["status"], "accepted");
        let old = &result(&run, "aws_s3_bucket.old")["suppressions"][0];
        assert_eq!((&old["kind"], &old["justification"]), (&"external".into(), &"in the baseline".into()));
        let invocation = &run["invocations"][0];
        assert_eq!((&invocation["executionSuccessful"], &invocation["exitCode"]), (&false.into(), &2.into()));
        assert_eq!(invocation["toolExecutionNotifications"][0]["descriptor"]["id"], "PG-IN-001");
        assert_eq!(run["results"].as_array().unwrap().len(), 7);
    }

    #[test]
    fn drift_is_told_and_is_no_alert() {
        let mut plan = sample::plan("p.json", Vec::new());
        plan.drift = sample::drift();
        let run = run(&sample::report(vec![plan]));
        assert_eq!(run["results"], json!([]));
        let told = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
        let told: Vec<&Value> = told.iter().filter(|one| one["descriptor"]["id"] == "drift").collect();
        assert_eq!(told[0]["message"]["text"], "kept by this plan: aws_x.a was changed: `ingress`");
        assert_eq!(told[1]["message"]["text"], "put back by this plan: aws_x.b allows port 22 (SSH)");
        assert_eq!(told[1]["level"], "note");
        assert_eq!(told[1]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "aws_x.b");
        assert_eq!(told[1]["properties"], json!({ "became": "put-back", "attribute": null }));
    }

    #[test]
    fn a_built_in_rule_is_described() {
        let mut finding = sample::finding("aws-security-group-open-ssh", "aws_security_group.a");
        finding.rule.title = Some(sample::text("Security group allows SSH from the internet"));
        let run = run(&sample::report(vec![sample::plan("p", vec![finding])]));
        let rule = &run["tool"]["driver"]["rules"][0];
        assert_ne!(rule["fullDescription"], rule["shortDescription"]);
        assert_eq!(rule["properties"]["tags"], json!(["exposure", "guardrail", "security"]));
    }

    /// A finding is the same when its lines or its plan's file move, and each of several has a name of its own.
    #[test]
    fn fingerprints_are_stable_and_unique() {
        let of = |origin: &str, line: usize| -> Vec<String> {
            let mut first = sample::finding("a", "x.y");
            first.source = sample::source("main.tf", line);
            let findings =
                vec![first.clone(), first, sample::finding("a", "x.z"), sample::finding("b", "x.y")];
            let run = run(&sample::report(vec![sample::plan(origin, findings)]));
            let results = run["results"].as_array().unwrap().iter();
            results.map(|result| result["partialFingerprints"]["planguard/v1"].to_string()).collect()
        };
        assert_eq!(of("a.json", 3), of("/tmp/b.json", 90));
        let unique: std::collections::BTreeSet<String> = of("a", 1).into_iter().collect();
        assert_eq!(unique.len(), 4);
    }
}
