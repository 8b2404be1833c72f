//! Version 2 of the JSON report, documented in `docs/report.schema.json`.

use std::collections::BTreeMap;

use planguard_plan::ChangeSummary;
use planguard_plan::redact::SafeText;
use planguard_rule as severity;
use serde::Serialize;

use super::held::{Approvals, Environment, Risk};

use crate::render::check::rules::{self, ReportedRule};
use crate::waivers::Use;
use crate::{enforcement, finding, report, verdict};

/// The version of this format.
const SCHEMA_VERSION: &str = "2.2";

/// A run of planguard.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Report {
    /// The version of this format: a new minor version adds fields, a new major version is another document.
    schema_version: &'static str,
    /// The version of planguard.
    planguard_version: &'static str,
    /// The verdict.
    verdict: Verdict,
    /// The process's exit code.
    exit_code: u8,
    /// Whether everything was checked; false if and only if the verdict is `undecided`.
    complete: bool,
    /// Whether denials are only reported and the exit code stays 0.
    report_only: bool,
    /// The SHA-256 of the policies that were loaded.
    policies_sha256: Option<String>,
    /// The place that settings, policies, data and guardrails were taken from, as `--trusted` names it; null if they
    /// are the project's own.
    trusted: Option<String>,
    /// Settings in files of the project that let through what the defaults would deny. Empty with `--trusted`.
    weakenings: Vec<Weakening>,
    /// The environment whose settings count; null if none does.
    environment: Option<Environment>,
    /// Who approved the change; null if no setting asks for approval.
    approvals: Option<Approvals>,
    /// The SHA-256 of the settings that count, wherever they were set.
    settings_sha256: Option<String>,
    /// The waivers of the settings.
    waivers: Vec<Waiver>,
    /// The baseline; null if there is none.
    baseline: Option<Baseline>,
    /// The rules that have findings, by their ids.
    rules: BTreeMap<String, Rule>,
    /// The plans that were checked.
    plans: Vec<Plan>,
    /// Files in directories that were skipped.
    skipped: Vec<Skipped>,
    /// How many files were read.
    files: Files,
    /// Errors that kept planguard from checking everything.
    problems: Vec<Problem>,
    /// Notes that do not affect the verdict.
    notices: Vec<Notice>,
}

/// A setting that lets through what its default would deny.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Weakening {
    /// The setting as the file has it, such as `check.builtin = false`.
    setting: String,
    /// What it lets through.
    effect: String,
    file: String,
    /// Counted from 1; null if the file does not say it in one place.
    line: Option<usize>,
}

/// One plan.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Plan {
    /// Where the plan came from, as it was named.
    file: String,
    /// The SHA-256 of the bytes that were read.
    sha256: String,
    /// The plan's `format_version`.
    format_version: String,
    /// The version of Terraform or OpenTofu.
    terraform_version: Option<String>,
    /// The workspace, if the directory of the plan says so.
    workspace: Option<String>,
    /// The verdict for this plan alone.
    verdict: Verdict,
    /// What the plan does.
    changes: Changes,
    /// How much was checked.
    counts: Counts,
    /// How much of what the plan changes is of a type that a guardrail knows.
    coverage: Coverage,
    /// The risk score.
    risk: Risk,
    /// The findings, resource by resource, the most severe first.
    findings: Vec<Finding>,
    /// What was changed outside of Terraform and matters.
    drift: Vec<Drift>,
}

/// Something that was changed outside of Terraform and matters.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Drift {
    /// The address of the object.
    address: String,
    /// The attribute; left out for the whole object.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// What happened.
    message: String,
    /// What the plan does with it.
    became: DriftFate,
}

/// What a plan does with what was changed outside of Terraform.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum DriftFate {
    /// It stays; a finding reports it.
    Kept,
    /// The plan puts it back.
    PutBack,
}

/// How many managed objects the plan touches. A replacement counts in `add`, in `destroy` and in `replace`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Changes {
    add: usize,
    change: usize,
    destroy: usize,
    replace: usize,
    import: usize,
    r#move: usize,
    forget: usize,
    unchanged: usize,
    read: usize,
}

/// How much was checked.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Counts {
    /// Resource instances in the plan, unchanged ones included.
    resources: usize,
    /// Rules that were enabled.
    rules: usize,
    /// Of these, rules that do not apply to the plan.
    rules_matching_nothing: usize,
    /// Evaluations that passed.
    passed: usize,
    /// Evaluations that depend on values known after apply.
    undetermined: usize,
    /// Failures that the plan fixes or removes.
    fixed: usize,
    /// Policy results that an `exception` suppressed.
    exceptions: usize,
}

/// How many files were read.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Files {
    /// Files that were read as plans. A file with one plan per line counts once.
    plans: usize,
    /// Files in directories that do not look like plans.
    other: usize,
}

/// How much of what the plan changes is of a type that a guardrail knows.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Coverage {
    /// Managed resources that the plan does not leave unchanged.
    changed: usize,
    /// Of these, resources of a type that no guardrail knows.
    unknown: usize,
    /// The types that no guardrail knows, the most frequent first.
    unknown_types: Vec<UnknownType>,
}

/// A resource type that no guardrail knows.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct UnknownType {
    r#type: String,
    /// How many resources of the type the plan changes.
    changed: usize,
}

/// A finding of a rule. A member without a value is left out.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Finding {
    /// The id of the rule, which `rules` describes.
    rule: String,
    /// The severity.
    severity: Severity,
    /// What it does to the verdict.
    enforcement: Enforcement,
    /// Whether it depends on values known after apply; left out if it is certain.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    undetermined: bool,
    /// Whether the object fails the rule before the plan as well; left out if the plan introduces the failure.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pre_existing: bool,
    /// The address of the resource; left out if the finding is about the whole plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The key of a deposed object.
    #[serde(skip_serializing_if = "Option::is_none")]
    deposed: Option<String>,
    /// What the plan does with the resource: Terraform's actions, joined by `+`; left out if it is not in the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<String>,
    /// The attribute that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// Its value as Terraform writes it, if it is useful and not sensitive.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Its value before the change, if it was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// The resources whose attributes decide an undetermined outcome at apply.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    /// What is wrong.
    message: String,
    /// How to fix it, if it is another remedy than that of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<String>,
    /// The location that a policy gives for the finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    /// Where the configuration defines the resource or the attribute; left out if it is not at hand or does not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    /// Other keys that a policy gives for it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    /// The waiver that accepts it, or did until it expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiver: Option<FindingWaiver>,
    /// The people who approved it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    approved_by: Vec<String>,
    /// What each rule finds, if several find the same cause: `rule` and the other members are those of the strictest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shares: Vec<Share>,
}

/// What one of several rules finds.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Share {
    /// The id of the rule, which `rules` describes.
    rule: String,
    severity: Severity,
    enforcement: Enforcement,
    /// The address of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The attribute that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// What is wrong.
    message: String,
}

/// Where the configuration defines what a finding is about.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Source {
    file: String,
    /// Counted from 1.
    line: usize,
    /// The first character in the line and the one behind the last, counted from 1.
    columns: [usize; 2],
    /// Whether it is a block around the attribute; left out if it is the attribute.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    around: bool,
}

/// The waiver of a finding.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FindingWaiver {
    /// Whether it expired, and accepts the finding no longer.
    expired: bool,
    reason: String,
    owner: Option<String>,
    ticket: Option<String>,
    /// The last day on which it counts, in UTC, such as `2027-01-31`.
    expires: Option<String>,
    file: String,
    /// Counted from 1.
    line: usize,
}

/// A waiver, and what became of it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Waiver {
    /// The rules that it means, as it is written.
    rule: String,
    /// The resources that it means, as it is written; null for findings about the whole plan.
    address: Option<String>,
    /// The environment for which alone it counts; null if it counts everywhere.
    environment: Option<String>,
    reason: String,
    owner: Option<String>,
    ticket: Option<String>,
    /// The last day on which it counts, in UTC, such as `2027-01-31`.
    expires: Option<String>,
    file: String,
    /// Counted from 1.
    line: usize,
    /// What became of it.
    state: WaiverState,
    /// The findings that it accepts, or no longer accepts if it expired.
    findings: usize,
}

/// What became of a waiver.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum WaiverState {
    /// It accepts findings.
    Used,
    /// Its last day is past.
    Expired,
    /// Earlier waivers accept all findings that it means.
    Shadowed,
    /// No finding is like that.
    Unused,
    /// It is for another environment.
    OtherEnvironment,
    /// No rule has such an id.
    UnknownRule,
}

/// The findings that the project had when it began with planguard.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Baseline {
    file: String,
    /// The findings that it accepts.
    findings: usize,
    /// Its entries for which the checked plans have no finding.
    unused: Vec<UnusedEntry>,
}

/// An entry of a baseline that is not used.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct UnusedEntry {
    /// The plan that it is for; null if it is for any.
    plan: Option<String>,
    rule: String,
    /// The address of the resource; null for a finding about the whole plan.
    address: Option<String>,
    attribute: Option<String>,
}

/// A rule that has findings.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Rule {
    /// A one-line description.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// What kind of rule it is.
    kind: RuleKind,
    /// How to fix its findings, unless a finding has a remedy of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<String>,
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
    /// Not everything could be checked.
    Undecided,
}

/// The severity of a finding.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

/// What a finding does to the verdict.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Enforcement {
    Deny,
    /// It needs approval that it does not have, and denies until then.
    Approve,
    Warn,
    /// Enough people approved it.
    Approved,
    /// A waiver accepts it.
    Waived,
    /// The baseline has it.
    Baseline,
    Off,
}

/// What kind of rule a finding comes from.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum RuleKind {
    /// A guardrail about a resource's state.
    Guardrail,
    /// A guardrail about the change.
    Change,
    /// A Rego policy.
    Policy,
}

/// A place in a source file.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Location {
    file: String,
    /// Counted from 1.
    line: u64,
}

/// A file that was skipped.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Skipped {
    file: String,
    reason: String,
}

/// An error that kept planguard from checking everything.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Problem {
    /// A stable code, for example `PG-IN-003`.
    code: String,
    message: String,
    /// How to fix it.
    help: Option<String>,
    /// The plan that it concerns.
    file: Option<String>,
}

/// A note that does not affect the verdict.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Notice {
    /// A stable code; `print` for what a policy printed.
    code: String,
    message: String,
}

/// The rules that findings refer to.
type Rules<'r> = BTreeMap<&'r SafeText, ReportedRule<'r>>;

pub(super) fn text(text: &SafeText) -> String {
    text.unescaped().to_owned()
}

fn optional(value: Option<&SafeText>) -> Option<String> {
    value.map(text)
}

impl Report {
    pub(super) fn of(report: &report::Report) -> Self {
        let verdict = report.verdict();
        let rules = rules::of_report(report);
        Self {
            schema_version: SCHEMA_VERSION,
            planguard_version: env!("CARGO_PKG_VERSION"),
            verdict: Verdict::of(verdict),
            exit_code: report.exit_code(),
            complete: report.problems.is_empty(),
            report_only: report.report_only,
            policies_sha256: optional(report.policies_sha256.as_ref()),
            trusted: optional(report.trust.place.as_ref()),
            weakenings: report
                .trust
                .weakenings
                .iter()
                .map(|weakening| Weakening {
                    setting: text(&weakening.setting),
                    effect: text(&weakening.effect),
                    file: text(&weakening.file),
                    line: weakening.line,
                })
                .collect(),
            environment: report.environment.as_ref().map(Environment::of),
            approvals: report.approvals.as_ref().map(Approvals::of),
            settings_sha256: optional(report.settings_sha256.as_ref()),
            waivers: report.waivers.iter().map(Waiver::of).collect(),
            baseline: report.baseline.as_ref().map(Baseline::of),
            plans: report.plans.iter().map(|plan| Plan::of(plan, &rules)).collect(),
            rules: rules.iter().map(|(id, rule)| (text(id), Rule::of(rule))).collect(),
            skipped: report
                .skipped
                .iter()
                .map(|skipped| Skipped { file: text(&skipped.file), reason: text(&skipped.reason) })
                .collect(),
            files: Files { plans: report.files.plans, other: report.files.other },
            problems: report
                .problems
                .iter()
                .map(|problem| Problem {
                    code: text(&problem.code),
                    message: text(&problem.message),
                    help: optional(problem.help.as_ref()),
                    file: optional(problem.plan.as_ref()),
                })
                .collect(),
            notices: report
                .notices
                .iter()
                .map(|notice| Notice { code: text(&notice.code), message: text(&notice.message) })
                .collect(),
        }
    }
}

impl Verdict {
    const fn of(verdict: verdict::Verdict) -> Self {
        match verdict {
            verdict::Verdict::Pass => Self::Pass,
            verdict::Verdict::Denied => Self::Denied,
            verdict::Verdict::Undecided => Self::Undecided,
        }
    }
}

impl Plan {
    fn of(plan: &report::PlanReport, rules: &Rules<'_>) -> Self {
        Self {
            file: text(&plan.origin),
            sha256: text(&plan.sha256),
            format_version: text(&plan.format_version),
            terraform_version: optional(plan.terraform_version.as_ref()),
            workspace: optional(plan.workspace.as_ref()),
            verdict: Verdict::of(plan.verdict()),
            changes: Changes::of(plan.summary),
            counts: Counts::of(plan.counts),
            coverage: Coverage::of(&plan.coverage),
            risk: Risk::of(&plan.risk),
            findings: plan.findings.iter().map(|finding| Finding::of(finding, rules)).collect(),
            drift: plan.drift.iter().map(Drift::of).collect(),
        }
    }
}

impl Rule {
    fn of(rule: &ReportedRule<'_>) -> Self {
        Self {
            title: optional(rule.title),
            kind: match rule.kind {
                finding::RuleKind::Guardrail => RuleKind::Guardrail,
                finding::RuleKind::Change => RuleKind::Change,
                finding::RuleKind::Policy => RuleKind::Policy,
            },
            remediation: optional(rule.remediation),
        }
    }
}

impl Changes {
    const fn of(summary: ChangeSummary) -> Self {
        let ChangeSummary { add, change, destroy, replace, import, moved, forget, unchanged, read } = summary;
        Self { add, change, destroy, replace, import, r#move: moved, forget, unchanged, read }
    }
}

impl Counts {
    const fn of(counts: report::Counts) -> Self {
        let report::Counts {
            resources,
            rules,
            rules_matching_nothing,
            passed,
            undetermined,
            fixed,
            exceptions,
        } = counts;
        Self { resources, rules, rules_matching_nothing, passed, undetermined, fixed, exceptions }
    }
}

impl Coverage {
    fn of(coverage: &report::Coverage) -> Self {
        Self {
            changed: coverage.changed,
            unknown: coverage.unknown(),
            unknown_types: coverage
                .unknown_types
                .iter()
                .map(|(name, number)| UnknownType { r#type: text(name), changed: *number })
                .collect(),
        }
    }
}

impl Finding {
    fn of(finding: &finding::Finding, rules: &Rules<'_>) -> Self {
        let subject = finding.subject.as_ref();
        let other = |rule: &ReportedRule<'_>| optional(rule.other_remediation(finding));
        Self {
            rule: text(&finding.rule.id),
            severity: finding.severity.into(),
            enforcement: finding.enforcement.into(),
            undetermined: finding.certainty == finding::Certainty::DependsOnUnknown,
            pre_existing: finding.origin == finding::Origin::AlreadyThere,
            address: subject.map(|subject| text(&subject.address)),
            deposed: optional(subject.and_then(|subject| subject.deposed.as_ref())),
            actions: optional(subject.and_then(|subject| subject.actions.as_ref())),
            attribute: optional(finding.attribute.as_ref()),
            value: optional(finding.value.as_ref()),
            before: optional(finding.before.as_ref()),
            depends_on: finding.depends_on.iter().map(text).collect(),
            message: text(&finding.message),
            remediation: rules.get(&finding.rule.id).and_then(other),
            location: finding
                .location
                .as_ref()
                .map(|location| Location { file: text(&location.file), line: location.line }),
            source: finding.source.as_deref().map(|place| Source {
                file: text(&place.at.file),
                line: place.at.line,
                columns: [place.column, place.end_column],
                around: place.precision == finding::SourcePrecision::Block,
            }),
            metadata: finding.metadata.iter().map(|(key, value)| (text(key), text(value))).collect(),
            waiver: finding.waiver.as_ref().map(|waiver| FindingWaiver {
                expired: waiver.state == finding::WaiverState::Expired,
                reason: text(&waiver.reason),
                owner: optional(waiver.owner.as_ref()),
                ticket: optional(waiver.ticket.as_ref()),
                expires: optional(waiver.expires.as_ref()),
                file: text(&waiver.file),
                line: waiver.line,
            }),
            approved_by: finding.approved_by.iter().map(text).collect(),
            shares: finding.shares.iter().map(Share::of).collect(),
        }
    }
}

impl Drift {
    fn of(drift: &report::Drift) -> Self {
        Self {
            address: text(&drift.address),
            attribute: optional(drift.attribute.as_ref()),
            message: text(&drift.message),
            became: match drift.became {
                report::DriftFate::Kept => DriftFate::Kept,
                report::DriftFate::PutBack => DriftFate::PutBack,
            },
        }
    }
}

impl Share {
    fn of(share: &finding::Finding) -> Self {
        Self {
            rule: text(&share.rule.id),
            severity: share.severity.into(),
            enforcement: share.enforcement.into(),
            address: optional(share.subject.as_ref().map(|subject| &subject.address)),
            attribute: optional(share.attribute.as_ref()),
            message: text(&share.message),
        }
    }
}

impl From<severity::Severity> for Severity {
    fn from(severity: severity::Severity) -> Self {
        match severity {
            severity::Severity::Info => Self::Info,
            severity::Severity::Low => Self::Low,
            severity::Severity::Medium => Self::Medium,
            severity::Severity::High => Self::High,
            severity::Severity::Critical => Self::Critical,
        }
    }
}

impl From<enforcement::Enforcement> for Enforcement {
    fn from(enforcement: enforcement::Enforcement) -> Self {
        match enforcement {
            enforcement::Enforcement::Deny => Self::Deny,
            enforcement::Enforcement::Approve => Self::Approve,
            enforcement::Enforcement::Approved => Self::Approved,
            enforcement::Enforcement::Warn => Self::Warn,
            enforcement::Enforcement::Waived => Self::Waived,
            enforcement::Enforcement::Baseline => Self::Baseline,
            enforcement::Enforcement::Off => Self::Off,
        }
    }
}

impl Baseline {
    fn of(baseline: &report::BaselineReport) -> Self {
        let unused = baseline.unused.iter().map(|entry| UnusedEntry {
            plan: optional(entry.plan.as_ref()),
            rule: text(&entry.rule),
            address: optional(entry.address.as_ref()),
            attribute: optional(entry.attribute.as_ref()),
        });
        Self { file: text(&baseline.file), findings: baseline.accepted, unused: unused.collect() }
    }
}

impl Waiver {
    fn of(waiver: &report::WaiverReport) -> Self {
        let (state, findings) = match waiver.became {
            Use::Accepted(findings) => (WaiverState::Used, findings),
            Use::Expired(findings) => (WaiverState::Expired, findings),
            Use::Shadowed => (WaiverState::Shadowed, 0),
            Use::Unused => (WaiverState::Unused, 0),
            Use::OtherEnvironment => (WaiverState::OtherEnvironment, 0),
            Use::UnknownRule { .. } => (WaiverState::UnknownRule, 0),
        };
        Self {
            rule: text(&waiver.rule),
            address: optional(waiver.address.as_ref()),
            environment: optional(waiver.environment.as_ref()),
            reason: text(&waiver.reason),
            owner: optional(waiver.owner.as_ref()),
            ticket: optional(waiver.ticket.as_ref()),
            expires: optional(waiver.expires.as_ref()),
            file: text(&waiver.file),
            line: waiver.line,
            state,
            findings,
        }
    }
}
