//! Makes the JSON of a report.

use std::collections::BTreeMap;

use planguard_plan::ChangeSummary;
use planguard_plan::redact::SafeText;
use planguard_rule as severity;

use super::{
    Approvals, Baseline, Benchmark, Changes, Cost, Counts, Coverage, Directory, Drift, DriftFate,
    Enforcement, Environment, Files, Finding, FindingWaiver, Location, Notice, Output, OutputAction, Part,
    Plan, PolicyCommit, Problem, Report, Risk, Rule, RuleKind, SCHEMA_VERSION, Severity, Share, Skipped,
    Source, UnknownType, UnusedEntry, Verdict, Waiver, WaiverState, Weakening,
};
use crate::render::check::rules::{self, ReportedRule};
use crate::waivers::Use;
use crate::{enforcement, finding, report, verdict};

/// The rules that findings refer to.
type Rules<'r> = BTreeMap<&'r SafeText, ReportedRule<'r>>;

pub(in crate::render::check::json) fn text(text: &SafeText) -> String {
    text.unescaped().to_owned()
}

fn optional(value: Option<&SafeText>) -> Option<String> {
    value.map(text)
}

impl Report {
    pub(in crate::render::check::json) fn of(report: &report::Report) -> Self {
        let verdict = report.verdict();
        let rules = rules::of_report(report);
        Self {
            schema_version: SCHEMA_VERSION.to_owned(),
            planguard_version: env!("CARGO_PKG_VERSION").to_owned(),
            verdict: Verdict::of(verdict),
            exit_code: report.exit_code(),
            complete: report.problems.is_empty(),
            report_only: report.report_only,
            policies_sha256: optional(report.policies_sha256.as_ref()),
            policy_commits: report
                .policy_commits
                .iter()
                .map(|report::PolicyCommit { source, commit }| PolicyCommit {
                    source: text(source),
                    commit: text(commit),
                })
                .collect(),
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
            rules_sha256: optional(report.rules_sha256.as_ref()),
            part: report.part.as_ref().map(Part::of),
            waivers: report.waivers.iter().map(Waiver::of).collect(),
            baseline: report.baseline.as_ref().map(Baseline::of),
            plans: report.plans.iter().map(|plan| Plan::of(plan, &rules)).collect(),
            rules: rules.iter().map(|(id, rule)| (text(id), Rule::of(rule))).collect(),
            skipped: report
                .skipped
                .iter()
                .map(|skipped| Skipped { file: text(&skipped.file), reason: text(&skipped.reason) })
                .collect(),
            files: Files {
                plans: report.files.plans,
                other: report.files.other,
                directories: report.files.directories,
            },
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
                .map(|notice| Notice {
                    code: text(&notice.code),
                    message: text(&notice.message),
                    file: optional(notice.plan.as_ref()),
                })
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
            cost: plan.cost.as_ref().map(Cost::of),
            findings: plan.findings.iter().map(|finding| Finding::of(finding, rules, plan)).collect(),
            benchmarks: plan.benchmarks.iter().map(Benchmark::of).collect(),
            drift: plan.drift.iter().map(Drift::of).collect(),
            changed_outside: plan.changed_outside,
            outputs: plan.outputs.iter().map(Output::of).collect(),
            source_lines: if plan.position.is_some() { source_lines(plan) } else { BTreeMap::new() },
            position: plan.position,
        }
    }
}

impl Part {
    fn of(part: &report::PartReport) -> Self {
        Self {
            part: part.partition.part(),
            of: part.partition.of(),
            files: part.files,
            files_sha256: text(&part.files_sha256),
            directories: part
                .directories
                .iter()
                .map(|(directory, files)| Directory { directory: text(directory), files: *files })
                .collect(),
        }
    }
}

impl Source {
    /// A place in the configuration. A part tells all of it, because somebody else makes the report for people.
    fn of(place: &finding::SourcePlace, plan: &report::PlanReport) -> Self {
        let is_part = plan.position.is_some();
        Self {
            file: text(&place.at.file),
            line: place.at.line,
            columns: [place.column, place.end_column],
            around: place.precision == finding::SourcePrecision::Block,
            block: (is_part && place.block != place.at).then(|| location(&place.block)),
            from: if is_part { place.from.iter().map(location).collect() } else { Vec::new() },
        }
    }
}

/// The lines that findings of a plan point to. Many findings point to the same.
fn source_lines(plan: &report::PlanReport) -> BTreeMap<String, BTreeMap<usize, String>> {
    let mut lines: BTreeMap<String, BTreeMap<usize, String>> = BTreeMap::new();
    for place in plan.findings.iter().filter_map(|finding| finding.source.as_deref()) {
        for line in [&place.at, &place.block].into_iter().chain(&place.from) {
            lines.entry(text(&line.file)).or_default().entry(line.line).or_insert_with(|| text(&line.text));
        }
    }
    lines
}

fn location(line: &finding::SourceLine) -> Location {
    Location { file: text(&line.file), line: line.line as u64 }
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
            category: rule.category.map(|category| category.as_str().to_owned()),
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
    fn of(finding: &finding::Finding, rules: &Rules<'_>, plan: &report::PlanReport) -> Self {
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
            source: finding.source.as_deref().map(|place| Source::of(place, plan)),
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

impl Output {
    fn of(output: &report::OutputReport) -> Self {
        Self {
            name: text(&output.name),
            action: match output.action {
                report::OutputAction::Create => OutputAction::Create,
                report::OutputAction::Change => OutputAction::Change,
                report::OutputAction::Delete => OutputAction::Delete,
            },
            before: optional(output.before.as_ref()),
            after: optional(output.after.as_ref()),
            sensitive: output.is_sensitive,
            unknown: output.is_unknown,
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
                report::DriftFate::Unplanned => DriftFate::Unplanned,
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
        let nearest = match &waiver.became {
            Use::UnknownRule { nearest } => nearest.clone(),
            Use::Accepted(_) | Use::Expired(_) | Use::Shadowed | Use::Unused | Use::OtherEnvironment => None,
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
            nearest,
            findings,
        }
    }
}
