//! Makes a report of its JSON.

use std::collections::BTreeMap;
use std::num::TryFromIntError;
use std::str::FromStr as _;

use planguard_plan::ChangeSummary;
use planguard_plan::input::Partition;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_rule::{self as severity, Category};
use serde::Deserialize;
use thiserror::Error;

use super::{
    Baseline, Benchmark, Changes, Counts, Coverage, Drift, DriftFate, Enforcement, Finding, FindingWaiver,
    Location, Output, OutputAction, Part, Plan, PolicyCommit, Problem, Report, Rule, RuleKind,
    SCHEMA_VERSION, Severity, Share, Source, Verdict, Waiver, WaiverState,
};
use crate::waivers::Use;
use crate::{enforcement, finding, report, verdict};

/// Why a text is not a report that can be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ReadError {
    /// It is not JSON, or not the JSON of a report.
    #[error("it is not a report of `planguard check --format json`: {reason}")]
    Shape {
        /// What is wrong, and where.
        reason: String,
    },
    /// Its format is another one.
    #[error("its format has the version {version}, and this planguard reads {SCHEMA_VERSION}")]
    Version {
        /// The version of its format.
        version: String,
    },
    /// A word is none of those that it can be.
    #[error("`{word}` is no {what}")]
    Unknown {
        /// What it should be.
        what: &'static str,
        /// The word.
        word: String,
    },
    /// Two parts of it cannot both be true.
    #[error("it contradicts itself: {what}")]
    Contradictory {
        /// What does not fit.
        what: String,
    },
}

impl ReadError {
    pub(in crate::render::check::json) fn unknown(what: &'static str, word: &str) -> Self {
        Self::Unknown { what, word: word.to_owned() }
    }

    fn contradictory(what: impl Into<String>) -> Self {
        Self::Contradictory { what: what.into() }
    }
}

/// A text of a report: planguard took what is sensitive out of it before it wrote it.
pub(in crate::render::check::json) fn safe(text: &str) -> SafeText {
    Redactor::default().text(text)
}

fn optional(text: Option<&String>) -> Option<SafeText> {
    text.map(|text| safe(text))
}

/// The version alone, which decides how the rest is read.
#[derive(Deserialize)]
struct Versioned {
    schema_version: String,
}

/// Reads a report.
///
/// # Errors
///
/// If it is none of this major version, or contradicts itself.
pub(in crate::render::check::json) fn read(text: &str) -> Result<report::Report, ReadError> {
    let shape = |error: serde_json::Error| ReadError::Shape { reason: error.to_string() };
    let Versioned { schema_version: version } = serde_json::from_str(text).map_err(shape)?;
    if parts(&version).is_none_or(|(major, minor)| {
        parts(SCHEMA_VERSION).is_none_or(|(known, newest)| major != known || minor > newest)
    }) {
        return Err(ReadError::Version { version });
    }
    serde_json::from_str::<Report>(text).map_err(shape)?.into_report()
}

/// The major and the minor number of a version.
fn parts(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

impl Report {
    fn into_report(self) -> Result<report::Report, ReadError> {
        let (said, exit_code, complete) =
            (verdict::Verdict::from(&self.verdict), self.exit_code, self.complete);
        let rules = &self.rules;
        let plans = self.plans.iter().map(|plan| plan.read(rules)).collect::<Result<Vec<_>, _>>()?;
        let report = report::Report {
            skipped: self
                .skipped
                .iter()
                .map(|skipped| report::SkippedFile {
                    file: safe(&skipped.file),
                    reason: safe(&skipped.reason),
                })
                .collect(),
            files: report::Files {
                plans: self.files.plans,
                other: self.files.other,
                directories: self.files.directories,
            },
            problems: self.problems.iter().map(Problem::read).collect(),
            notices: self
                .notices
                .iter()
                .map(|notice| report::Notice {
                    code: safe(&notice.code),
                    message: safe(&notice.message),
                    plan: optional(notice.file.as_ref()),
                })
                .collect(),
            report_only: self.report_only,
            policies_sha256: optional(self.policies_sha256.as_ref()),
            policy_commits: self
                .policy_commits
                .iter()
                .map(|PolicyCommit { source, commit }| report::PolicyCommit {
                    source: safe(source),
                    commit: safe(commit),
                })
                .collect(),
            trust: report::Trust {
                place: optional(self.trusted.as_ref()),
                weakenings: self
                    .weakenings
                    .iter()
                    .map(|weakening| report::Weakening {
                        setting: safe(&weakening.setting),
                        effect: safe(&weakening.effect),
                        file: safe(&weakening.file),
                        line: weakening.line,
                    })
                    .collect(),
            },
            waivers: self.waivers.iter().map(Waiver::read).collect(),
            baseline: self.baseline.as_ref().map(Baseline::read),
            environment: self.environment.map(Into::into),
            approvals: self.approvals.map(TryInto::try_into).transpose()?,
            settings_sha256: optional(self.settings_sha256.as_ref()),
            rules_sha256: optional(self.rules_sha256.as_ref()),
            part: self.part.as_ref().map(Part::read).transpose()?,
            duration: None,
            plans,
        };
        for (plan, wire) in report.plans.iter().zip(&self.plans) {
            if plan.verdict() != verdict::Verdict::from(&wire.verdict) {
                let what = format!("the verdict on {} does not follow from its findings", wire.file);
                return Err(ReadError::contradictory(what));
            }
        }
        if report.verdict() != said
            || report.exit_code() != exit_code
            || report.problems.is_empty() != complete
        {
            return Err(ReadError::contradictory("the verdict does not follow from the plans and problems"));
        }
        if report.part.is_some() != report.plans.iter().all(|plan| plan.position.is_some())
            && !report.plans.is_empty()
        {
            return Err(ReadError::contradictory(
                "the places of plans are for parts, and for all of their plans",
            ));
        }
        Ok(report)
    }
}

impl From<&Verdict> for verdict::Verdict {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::Denied => Self::Denied,
            Verdict::Undecided => Self::Undecided,
        }
    }
}

impl Part {
    fn read(&self) -> Result<report::PartReport, ReadError> {
        let partition = Partition::new(self.part, self.of).ok_or_else(|| {
            ReadError::contradictory(format!("there is no part {} of {}", self.part, self.of))
        })?;
        Ok(report::PartReport {
            partition,
            files: self.files,
            files_sha256: safe(&self.files_sha256),
            directories: self.directories.iter().map(|read| (safe(&read.directory), read.files)).collect(),
        })
    }
}

/// The rules of a report, by their ids.
type Rules = BTreeMap<String, Rule>;

impl Plan {
    fn read(&self, rules: &Rules) -> Result<report::PlanReport, ReadError> {
        let findings = self.findings.iter().map(|finding| finding.read(rules, self));
        Ok(report::PlanReport {
            origin: safe(&self.file),
            sha256: safe(&self.sha256),
            // Only the run that reads a binary plan says what was shown of it.
            shown_sha256: None,
            format_version: safe(&self.format_version),
            terraform_version: optional(self.terraform_version.as_ref()),
            workspace: optional(self.workspace.as_ref()),
            summary: self.changes.read(),
            counts: self.counts.read(),
            coverage: self.coverage.read(),
            risk: self.risk.clone().try_into()?,
            cost: self.cost.clone().map(TryInto::try_into).transpose()?,
            findings: findings.collect::<Result<_, _>>()?,
            benchmarks: self.benchmarks.iter().map(Benchmark::read).collect(),
            drift: self.drift.iter().map(Drift::read).collect(),
            // An earlier version did not count them.
            changed_outside: self.changed_outside.max(
                self.drift
                    .iter()
                    .map(|drift| &drift.address)
                    .collect::<std::collections::BTreeSet<_>>()
                    .len(),
            ),
            outputs: self.outputs.iter().map(Output::read).collect(),
            complete: !matches!(self.verdict, Verdict::Undecided),
            position: self.position,
            details: None,
        })
    }

    /// A line of the configuration, with its text.
    fn line(&self, file: &str, line: usize) -> finding::SourceLine {
        let text = self.source_lines.get(file).and_then(|lines| lines.get(&line));
        finding::SourceLine { file: safe(file), line, text: optional(text).unwrap_or_default() }
    }
}

impl Changes {
    const fn read(&self) -> ChangeSummary {
        let Self { add, change, destroy, replace, import, r#move: moved, forget, unchanged, read } = *self;
        ChangeSummary { add, change, destroy, replace, import, moved, forget, unchanged, read }
    }
}

impl Counts {
    const fn read(&self) -> report::Counts {
        let Self { resources, rules, rules_matching_nothing, passed, undetermined, fixed, exceptions } =
            *self;
        report::Counts { resources, rules, rules_matching_nothing, passed, undetermined, fixed, exceptions }
    }
}

impl Coverage {
    fn read(&self) -> report::Coverage {
        let types = self.unknown_types.iter().map(|unknown| (safe(&unknown.r#type), unknown.changed));
        report::Coverage { changed: self.changed, unknown_types: types.collect() }
    }
}

impl Rule {
    fn read(&self, id: &str) -> Result<finding::FindingRule, ReadError> {
        let category = self.category.as_deref().map(Category::from_str).transpose();
        Ok(finding::FindingRule {
            id: safe(id),
            title: optional(self.title.as_ref()),
            kind: match self.kind {
                RuleKind::Guardrail => finding::RuleKind::Guardrail,
                RuleKind::Change => finding::RuleKind::Change,
                RuleKind::Policy => finding::RuleKind::Policy,
            },
            category: category.map_err(|error| ReadError::unknown("category", &error.0))?,
        })
    }
}

/// The rule of a finding.
fn rule<'r>(rules: &'r Rules, id: &str) -> Result<&'r Rule, ReadError> {
    rules
        .get(id)
        .ok_or_else(|| ReadError::contradictory(format!("a finding has the rule {id}, which is not there")))
}

fn line(number: u64) -> Result<usize, ReadError> {
    usize::try_from(number).map_err(|error: TryFromIntError| ReadError::contradictory(error.to_string()))
}

impl Finding {
    fn read(&self, rules: &Rules, plan: &Plan) -> Result<finding::Finding, ReadError> {
        let of_rule = rule(rules, &self.rule)?;
        let subject = self.address.as_ref().map(|address| finding::Subject {
            address: safe(address),
            deposed: optional(self.deposed.as_ref()),
            actions: optional(self.actions.as_ref()),
        });
        let certainty = match self.undetermined {
            true => finding::Certainty::DependsOnUnknown,
            false => finding::Certainty::Certain,
        };
        let origin = match self.pre_existing {
            true => finding::Origin::AlreadyThere,
            false => finding::Origin::Introduced,
        };
        let read = finding::Finding {
            rule: of_rule.read(&self.rule)?,
            severity: (&self.severity).into(),
            enforcement: (&self.enforcement).into(),
            certainty,
            origin,
            subject,
            attribute: optional(self.attribute.as_ref()),
            value: optional(self.value.as_ref()),
            before: optional(self.before.as_ref()),
            depends_on: self.depends_on.iter().map(|text| safe(text)).collect(),
            message: safe(&self.message),
            remediation: optional(self.remediation.as_ref().or(of_rule.remediation.as_ref())),
            location: self.location.as_ref().map(Location::read),
            source: self.source.as_ref().map(|source| source.read(plan)).transpose()?.map(Box::new),
            metadata: self.metadata.iter().map(|(key, value)| (safe(key), safe(value))).collect(),
            waiver: self.waiver.as_ref().map(FindingWaiver::read),
            approved_by: self.approved_by.iter().map(|person| safe(person)).collect(),
            cause: None,
            shares: Vec::new(),
        };
        let shares = self.shares.iter().map(|share| share.read(rules, &read)).collect::<Result<_, _>>()?;
        Ok(finding::Finding { shares, ..read })
    }
}

impl Share {
    /// What one rule finds. What the format does not tell of it is that of the whole finding.
    fn read(&self, rules: &Rules, whole: &finding::Finding) -> Result<finding::Finding, ReadError> {
        let of_rule = rule(rules, &self.rule)?;
        let subject = self.address.as_ref().map(|address| finding::Subject {
            address: safe(address),
            deposed: whole.subject.as_ref().and_then(|subject| subject.deposed.clone()),
            actions: whole.subject.as_ref().and_then(|subject| subject.actions.clone()),
        });
        Ok(finding::Finding {
            rule: of_rule.read(&self.rule)?,
            severity: (&self.severity).into(),
            enforcement: (&self.enforcement).into(),
            subject,
            attribute: optional(self.attribute.as_ref()),
            message: safe(&self.message),
            remediation: optional(of_rule.remediation.as_ref()),
            ..whole.clone()
        })
    }
}

impl Location {
    fn read(&self) -> finding::Location {
        finding::Location { file: safe(&self.file), line: self.line }
    }
}

impl Source {
    fn read(&self, plan: &Plan) -> Result<finding::SourcePlace, ReadError> {
        let at = plan.line(&self.file, self.line);
        let of = |location: &Location| Ok(plan.line(&location.file, line(location.line)?));
        let block = self.block.as_ref().map(of).transpose()?;
        Ok(finding::SourcePlace {
            block: block.unwrap_or_else(|| at.clone()),
            at,
            column: self.columns[0],
            end_column: self.columns[1],
            precision: match self.around {
                true => finding::SourcePrecision::Block,
                false => finding::SourcePrecision::Attribute,
            },
            from: self.from.iter().map(of).collect::<Result<_, ReadError>>()?,
        })
    }
}

impl FindingWaiver {
    fn read(&self) -> finding::FindingWaiver {
        finding::FindingWaiver {
            state: match self.expired {
                true => finding::WaiverState::Expired,
                false => finding::WaiverState::Active,
            },
            reason: safe(&self.reason),
            owner: optional(self.owner.as_ref()),
            ticket: optional(self.ticket.as_ref()),
            expires: optional(self.expires.as_ref()),
            file: safe(&self.file),
            line: self.line,
        }
    }
}

impl Output {
    fn read(&self) -> report::OutputReport {
        report::OutputReport {
            name: safe(&self.name),
            action: match self.action {
                OutputAction::Create => report::OutputAction::Create,
                OutputAction::Change => report::OutputAction::Change,
                OutputAction::Delete => report::OutputAction::Delete,
            },
            before: optional(self.before.as_ref()),
            after: optional(self.after.as_ref()),
            is_sensitive: self.sensitive,
            is_unknown: self.unknown,
        }
    }
}

impl Drift {
    fn read(&self) -> report::Drift {
        report::Drift {
            address: safe(&self.address),
            attribute: optional(self.attribute.as_ref()),
            message: safe(&self.message),
            became: match self.became {
                DriftFate::Kept => report::DriftFate::Kept,
                DriftFate::PutBack => report::DriftFate::PutBack,
                DriftFate::Unplanned => report::DriftFate::Unplanned,
            },
        }
    }
}

impl Waiver {
    fn read(&self) -> report::WaiverReport {
        report::WaiverReport {
            rule: safe(&self.rule),
            address: optional(self.address.as_ref()),
            environment: optional(self.environment.as_ref()),
            reason: safe(&self.reason),
            owner: optional(self.owner.as_ref()),
            ticket: optional(self.ticket.as_ref()),
            expires: optional(self.expires.as_ref()),
            file: safe(&self.file),
            line: self.line,
            became: match self.state {
                WaiverState::Used => Use::Accepted(self.findings),
                WaiverState::Expired => Use::Expired(self.findings),
                WaiverState::Shadowed => Use::Shadowed,
                WaiverState::Unused => Use::Unused,
                WaiverState::OtherEnvironment => Use::OtherEnvironment,
                WaiverState::UnknownRule => Use::UnknownRule { nearest: self.nearest.clone() },
            },
        }
    }
}

impl Baseline {
    fn read(&self) -> report::BaselineReport {
        let unused = self.unused.iter().map(|entry| report::UnusedEntry {
            plan: optional(entry.plan.as_ref()),
            rule: safe(&entry.rule),
            address: optional(entry.address.as_ref()),
            attribute: optional(entry.attribute.as_ref()),
        });
        report::BaselineReport { file: safe(&self.file), accepted: self.findings, unused: unused.collect() }
    }
}

impl Problem {
    fn read(&self) -> planguard_plan::problem::Problem {
        planguard_plan::problem::Problem::told(
            safe(&self.code),
            safe(&self.message),
            optional(self.help.as_ref()),
            optional(self.file.as_ref()),
        )
    }
}

impl From<&Severity> for severity::Severity {
    fn from(severity: &Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::Critical => Self::Critical,
        }
    }
}

impl From<&Enforcement> for enforcement::Enforcement {
    fn from(enforcement: &Enforcement) -> Self {
        match enforcement {
            Enforcement::Deny => Self::Deny,
            Enforcement::Approve => Self::Approve,
            Enforcement::Approved => Self::Approved,
            Enforcement::Warn => Self::Warn,
            Enforcement::Waived => Self::Waived,
            Enforcement::Baseline => Self::Baseline,
            Enforcement::Off => Self::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding as Found;
    use crate::render::check::{FORMATS, json, sample};
    use crate::render::layout::sample::PLAIN;
    use crate::report::PartReport;

    /// A report of a part with all that a report can have.
    fn part() -> report::Report {
        let mut report = sample::of_everything();
        report.part = Some(PartReport {
            partition: Partition::new(2, 3).unwrap(),
            files: 7,
            files_sha256: safe("ab"),
            directories: vec![(safe("plans"), 2)],
        });
        report.rules_sha256 = Some(safe("cd"));
        report.report_only = true;
        report.plans[0].findings[0].rule.category = Some(Category::Exposure);
        for (position, plan) in report.plans.iter_mut().enumerate() {
            plan.position = Some(3 * position + 1);
            let other = Found { severity: severity::Severity::Low, ..sample::finding("c", "d.e") };
            let shares = vec![plan.findings[0].clone(), other];
            plan.findings[0].shares = shares;
        }
        report
    }

    #[test]
    fn a_part_is_read_as_it_was() {
        let whole = part();
        let written = json::render(&whole, PLAIN).unwrap();
        let mut read = read(&written).unwrap();
        assert_eq!(json::render(&read, PLAIN).unwrap(), written);
        // The digest of a plan and the place of a part count for every format.
        assert_eq!(read.part, whole.part);
        for format in FORMATS.all() {
            let rendered = |report: &report::Report| (format.render)(report, PLAIN).unwrap();
            assert_eq!(rendered(&read), rendered(&whole), "{}", format.name);
        }
        read.plans.clear();
        assert_ne!(json::render(&read, PLAIN).unwrap(), written);
    }

    #[test]
    fn what_is_no_report_is_named() {
        let written = json::render(&part(), PLAIN).unwrap();
        let version = format!("\"schema_version\": \"{SCHEMA_VERSION}\"");
        for (text, wanted) in [
            ("", "EOF while parsing"),
            ("[]", "invalid length 0"),
            (r#"{"format_version": "1.2"}"#, "missing field `schema_version`"),
            (&written.replace(&version, r#""schema_version": "3.0""#), "version 3.0"),
            (&written.replace(&version, r#""schema_version": "2.999""#), "version 2.999"),
            (&written.replace(&version, r#""schema_version": "two""#), "version two"),
            (&written.replace("\"part\": 2", "\"part\": 4"), "there is no part 4 of 3"),
            (&written.replace("\"category\": \"exposure\"", "\"category\": \"x\""), "`x` is no category"),
            (&written[..written.len() / 2], "EOF while parsing"),
        ] {
            assert_ne!(text, written, "{wanted}");
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{wanted}: {error}");
        }
    }

    /// Whoever takes a denial out of a report has to change its verdict as well, at all places.
    #[test]
    fn a_verdict_that_does_not_follow_is_refused() {
        let mut report = part();
        report.problems.clear();
        let written = json::render(&report, PLAIN).unwrap();
        assert!(read(&written).is_ok());
        for (from, to) in [
            ("\"verdict\": \"denied\"", "\"verdict\": \"pass\""),
            ("\"complete\": true", "\"complete\": false"),
            ("\"exit_code\": 0", "\"exit_code\": 1"),
            ("\"enforcement\":\"deny\"", "\"enforcement\":\"warn\""),
            ("\"position\": 4", "\"position\": null"),
        ] {
            assert!(written.contains(from), "{from}\n{written}");
            let error = read(&written.replace(from, to)).unwrap_err();
            assert!(matches!(error, ReadError::Contradictory { .. }), "{from}: {error}");
        }
    }
}
