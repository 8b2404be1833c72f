//! The audit log of `check`: a line of JSON for each verdict, and for each finding that a waiver or approvals accept.
//!
//! The types are frozen like those of the JSON report: fields are added, never changed or removed.
//! `docs/audit.schema.json` describes a line.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use planguard_plan::redact::SafeText;
use serde::Serialize;

use super::{RenderError, json};
use crate::enforcement::Enforcement;
use crate::finding::{Finding, WaiverState};
use crate::report::{PlanReport, Report};
use crate::verdict::Verdict as RunVerdict;

/// A line of the audit log. A member without a value is null.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Line {
    /// The version of this format.
    schema_version: &'static str,
    /// What the line is about.
    kind: Kind,
    /// When the run ended, in UTC, as RFC 3339.
    time: String,
    /// The version of planguard.
    planguard_version: &'static str,
    /// The environment whose settings counted.
    environment: Option<String>,
    /// Where the plan came from, as it was named; null if no plan was found.
    plan: Option<String>,
    /// The SHA-256 of the bytes of the plan; null if it could not be read.
    plan_sha256: Option<String>,
    /// The SHA-256 of the policies that were loaded.
    policies_sha256: Option<String>,
    /// The SHA-256 of the settings that counted, wherever they were set.
    settings_sha256: Option<String>,
    /// The place that settings and policies were taken from, as `--trusted` names it.
    trusted: Option<String>,
    /// Of a verdict: whether the plan may be merged.
    verdict: Option<Verdict>,
    /// Of a verdict: the exit code of the run.
    exit_code: Option<u8>,
    /// Of a verdict: the risk score of the plan.
    risk: Option<usize>,
    /// Of a verdict: how many findings deny.
    denials: Option<usize>,
    /// Of a waiver or approval: the rule of the finding.
    rule: Option<String>,
    /// Of a waiver or approval: the resource; null if the finding is about the whole plan.
    address: Option<String>,
    /// Of a waiver or approval: the severity of the finding.
    severity: Option<&'static str>,
    /// Of a waiver or approval: who accepted the finding.
    who: Vec<String>,
    /// Of a waiver: why. Of an undecided verdict: the first error.
    reason: Option<String>,
    /// Of a waiver: where the decision is recorded.
    ticket: Option<String>,
    /// Of a waiver: the last day on which it counts, in UTC.
    expires: Option<String>,
    /// Of a waiver: the file that contains it.
    file: Option<String>,
    /// Of a waiver: the line, counted from 1.
    line: Option<usize>,
}

/// What a line is about.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Kind {
    /// The verdict on a plan.
    Verdict,
    /// A finding that a waiver accepts.
    Waiver,
    /// A finding that people approved.
    Approval,
}

/// May the plan be merged?
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Verdict {
    /// Everything was checked, without denials.
    Pass,
    /// At least one finding denies.
    Denied,
    /// Not everything could be checked, of this plan or of another one of the run.
    Undecided,
}

fn text(text: &SafeText) -> String {
    text.unescaped().to_owned()
}

fn optional(value: Option<&SafeText>) -> Option<String> {
    value.map(text)
}

/// The lines of a run that ended at this time.
///
/// # Errors
///
/// None so far.
pub fn lines(report: &Report, time: DateTime<Utc>) -> Result<Vec<String>, RenderError> {
    let mut lines = Vec::new();
    let base = || base(report, time);
    for plan in &report.plans {
        let of_plan =
            || Line { plan: Some(text(&plan.origin)), plan_sha256: Some(text(&plan.sha256)), ..base() };
        for finding in &plan.findings {
            lines.extend(accepted(finding, of_plan()));
        }
        lines.push(verdict(report, Some(plan), of_plan()));
    }
    let known: BTreeSet<&SafeText> = report.plans.iter().map(|plan| &plan.origin).collect();
    let unread: BTreeSet<&SafeText> =
        report.problems.iter().filter_map(|problem| problem.plan.as_ref()).collect();
    for origin in unread.difference(&known) {
        lines.push(verdict(report, None, Line { plan: Some(text(origin)), ..base() }));
    }
    if lines.is_empty() {
        lines.push(verdict(report, None, base()));
    }
    Ok(lines.iter().map(json::compact).collect::<Result<_, _>>()?)
}

fn base(report: &Report, time: DateTime<Utc>) -> Line {
    Line {
        schema_version: "1.0",
        kind: Kind::Verdict,
        time: time.to_rfc3339_opts(SecondsFormat::Secs, true),
        planguard_version: env!("CARGO_PKG_VERSION"),
        environment: report.environment.as_ref().map(|environment| text(&environment.name)),
        plan: None,
        plan_sha256: None,
        policies_sha256: optional(report.policies_sha256.as_ref()),
        settings_sha256: optional(report.settings_sha256.as_ref()),
        trusted: optional(report.trust.place.as_ref()),
        verdict: None,
        exit_code: None,
        risk: None,
        denials: None,
        rule: None,
        address: None,
        severity: None,
        who: Vec::new(),
        reason: None,
        ticket: None,
        expires: None,
        file: None,
        line: None,
    }
}

fn verdict(report: &Report, plan: Option<&PlanReport>, base: Line) -> Line {
    // The exit code is that of the run: no plan of an undecided run may be merged.
    let is_decided = report.problems.is_empty();
    let verdict = match plan.filter(|_| is_decided).map(PlanReport::verdict) {
        Some(RunVerdict::Pass) => Verdict::Pass,
        Some(RunVerdict::Denied) => Verdict::Denied,
        Some(RunVerdict::Undecided) | None => Verdict::Undecided,
    };
    let denials =
        |plan: &PlanReport| plan.findings.iter().filter(|finding| finding.enforcement.denies()).count();
    Line {
        kind: Kind::Verdict,
        verdict: Some(verdict),
        exit_code: Some(report.exit_code()),
        risk: plan.map(|plan| plan.risk.score()),
        denials: plan.map(denials),
        reason: report.problems.first().map(|problem| text(&problem.line())),
        ..base
    }
}

/// The line of a finding that somebody accepted.
fn accepted(finding: &Finding, base: Line) -> Option<Line> {
    let base = Line {
        rule: Some(text(&finding.rule.id)),
        address: finding.subject.as_ref().map(|subject| text(&subject.address)),
        severity: Some(finding.severity.as_str()),
        ..base
    };
    match (finding.enforcement, &finding.waiver) {
        (Enforcement::Approved, _) => {
            Some(Line { kind: Kind::Approval, who: finding.approved_by.iter().map(text).collect(), ..base })
        }
        (Enforcement::Waived, Some(waiver)) if waiver.state == WaiverState::Active => Some(Line {
            kind: Kind::Waiver,
            who: waiver.owner.iter().map(text).collect(),
            reason: Some(text(&waiver.reason)),
            ticket: optional(waiver.ticket.as_ref()),
            expires: optional(waiver.expires.as_ref()),
            file: Some(text(&waiver.file)),
            line: Some(waiver.line),
            ..base
        }),
        (
            Enforcement::Deny
            | Enforcement::Approve
            | Enforcement::Warn
            | Enforcement::Waived
            | Enforcement::Baseline
            | Enforcement::Off,
            _,
        ) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;
    use crate::render::check::sample;

    fn published() -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit.schema.json");
        let schema = schemars::generate::SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<Line>();
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let on_disk = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(on_disk == text, "docs/audit.schema.json is out of date: run UPDATE=1 cargo test");
        serde_json::from_str(&text).unwrap()
    }

    fn values(report: &Report) -> Vec<Value> {
        let time = DateTime::parse_from_rfc3339("2026-11-29T10:00:00+01:00").unwrap().to_utc();
        let lines = lines(report, time).unwrap();
        assert!(lines.iter().all(|line| !line.contains('\n')));
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn verdicts_waivers_and_approvals_have_a_line_each() {
        let mut approved = sample::finding("c", "x.y");
        approved.enforcement = Enforcement::Approved;
        approved.approved_by = vec![sample::text("alice"), sample::text("bob")];
        let plans = vec![
            sample::plan("a.json", vec![approved, sample::waived("a", "aws_s3_bucket.w")]),
            sample::plan("b.json", vec![sample::finding("b", "x.z")]),
        ];
        let values = values(&sample::report(plans));
        let schema = jsonschema::validator_for(&published()).unwrap();
        for value in &values {
            assert!(schema.is_valid(value), "{value}");
            assert_eq!(value["time"], "2026-11-29T09:00:00Z");
        }
        let brief: Vec<String> = values
            .iter()
            .map(|value| {
                format!("{} {} {} {}", value["kind"], value["plan"], value["rule"], value["verdict"])
            })
            .collect();
        let wanted = [
            r#""approval" "a.json" "c" null"#,
            r#""waiver" "a.json" "a" null"#,
            r#""verdict" "a.json" null "pass""#,
            r#""verdict" "b.json" null "denied""#,
        ];
        assert_eq!(brief, wanted);
        assert_eq!(values[0]["who"], serde_json::json!(["alice", "bob"]));
        assert_eq!(values[1]["reason"], "the shop is public");
        assert_eq!((&values[2]["exit_code"], &values[3]["denials"]), (&1.into(), &1.into()));
    }

    /// A log must not say that a plan passed in a run that ended with 2.
    #[test]
    fn no_plan_of_an_undecided_run_passes() {
        let values = values(&sample::of_everything());
        let verdicts: Vec<&Value> = values.iter().filter(|value| value["kind"] == "verdict").collect();
        assert_eq!(verdicts.len(), 3, "two plans and a file that could not be read");
        assert!(verdicts.iter().all(|value| value["verdict"] == "undecided" && value["exit_code"] == 2));
        assert_eq!(verdicts[2]["plan"], "c.json");
        let nothing = self::values(&Report::default());
        assert_eq!((nothing.len(), &nothing[0]["plan"]), (1, &Value::Null));
    }
}
