//! Makes the statement about a finished report.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use planguard_plan::redact::SafeText;

use super::{
    ApprovalsMade, AttestationError, Binding, Digest, Effect, FindingCount, Lifetime, PREDICATE_TYPE,
    PolicyCommit, Predicate, STATEMENT_TYPE, Statement, Subject, SubjectDigest, SubjectName, Time, Verdict,
    WaiverUse,
};
use crate::enforcement::Enforcement;
use crate::finding::{Finding, WaiverState};
use crate::report::{PlanReport, Report};
use crate::verdict::Verdict as RunVerdict;

/// A binary plan beside the JSON that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// Its digest.
    pub sha256: Digest,
    /// What binds it to the JSON.
    pub binding: Binding,
}

/// How a statement is made.
#[derive(Clone, Debug)]
pub struct Made {
    /// When.
    pub at: Time,
    /// How long it may count.
    pub lifetime: Lifetime,
    /// The binary plan beside the JSON, if the pipeline names one.
    pub binary: Option<Binary>,
}

impl Statement {
    /// The statement about a run.
    ///
    /// # Errors
    ///
    /// If not exactly one plan was checked, or if the report lacks a digest.
    pub fn of(report: &Report, made: Made) -> Result<Self, AttestationError> {
        let plan = match report.plans.as_slice() {
            [plan] => plan,
            [] => return Err(AttestationError::NoPlan),
            plans => return Err(AttestationError::SeveralChecked { number: plans.len() }),
        };
        let Made { at, lifetime, binary } = made;
        let (json, binary) = files(plan, binary)?;
        let subject = |name, sha256| Subject { name, digest: SubjectDigest { sha256 } };
        let of_binary = binary.as_ref().map(|binary| subject(SubjectName::Binary, binary.sha256.clone()));
        let waivers = waivers(plan);
        let text = |text: &SafeText| text.unescaped().to_owned();
        let policies = report.policies_sha256.as_ref();
        Ok(Self {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject: [subject(SubjectName::Json, json)].into_iter().chain(of_binary).collect(),
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: Predicate {
                verdict: match report.verdict() {
                    RunVerdict::Pass => Verdict::Pass,
                    RunVerdict::Denied => Verdict::Denied,
                    RunVerdict::Undecided => Verdict::Undecided,
                },
                exit_code: report.exit_code(),
                report_only: report.report_only,
                planguard_version: env!("CARGO_PKG_VERSION").to_owned(),
                terraform_version: plan.terraform_version.as_ref().map(text),
                binary: binary.map(|binary| binary.binding),
                checked_at: at,
                expires_at: expiry(at, lifetime, &waivers),
                rules_sha256: Digest::of(report.rules_sha256.as_ref(), "digest of rules")?,
                settings_sha256: Digest::of(report.settings_sha256.as_ref(), "digest of settings")?,
                policies_sha256: policies
                    .map(|policies| Digest::of(Some(policies), "digest of policies"))
                    .transpose()?,
                policy_commits: report
                    .policy_commits
                    .iter()
                    .map(|of| PolicyCommit { source: text(&of.source), commit: text(&of.commit) })
                    .collect(),
                trusted: report.trust.place.as_ref().map(text),
                environment: report.environment.as_ref().map(|environment| text(&environment.name)),
                approvals: report.approvals.as_ref().map(|approvals| ApprovalsMade {
                    needed: approvals.needed,
                    by: approvals.counted.iter().map(text).collect(),
                }),
                waivers: waivers.into_iter().collect(),
                findings: counts(plan),
            },
        })
    }
}

impl Effect {
    const fn of(enforcement: Enforcement) -> Option<Self> {
        match enforcement {
            Enforcement::Deny => Some(Self::Deny),
            Enforcement::Approve => Some(Self::Approve),
            Enforcement::Warn => Some(Self::Warn),
            Enforcement::Approved => Some(Self::Approved),
            Enforcement::Waived => Some(Self::Waived),
            Enforcement::Baseline => Some(Self::Baseline),
            Enforcement::Off => None,
        }
    }
}

/// The digest of the JSON, and the binary plan.
fn files(plan: &PlanReport, beside: Option<Binary>) -> Result<(Digest, Option<Binary>), AttestationError> {
    let read = Digest::of(Some(&plan.sha256), "digest of the plan")?;
    match &plan.shown_sha256 {
        Some(shown) => {
            let shown = Digest::of(Some(shown), "digest of the plan's JSON")?;
            Ok((shown, Some(Binary { sha256: read, binding: Binding::Converted })))
        }
        None => Ok((read, beside)),
    }
}

/// The findings that waivers accept, each once.
fn waivers(plan: &PlanReport) -> BTreeSet<WaiverUse> {
    let text = |text: &SafeText| text.unescaped().to_owned();
    let accepted = |finding: &Finding| {
        let waiver = finding.waiver.as_ref().filter(|waiver| waiver.state == WaiverState::Active)?;
        (finding.enforcement == Enforcement::Waived).then(|| WaiverUse {
            rule: text(&finding.rule.id),
            address: finding.subject.as_ref().map(|subject| text(&subject.address)),
            owner: waiver.owner.as_ref().map(text),
            ticket: waiver.ticket.as_ref().map(text),
            expires: waiver.expires.as_ref().map(text),
        })
    };
    plan.findings.iter().flat_map(Finding::shares).filter_map(accepted).collect()
}

/// The end of the lifetime, or of the last day of a waiver that was used, whatever comes first.
fn expiry(at: Time, lifetime: Lifetime, waivers: &BTreeSet<WaiverUse>) -> Time {
    let end = at.get().checked_add_signed(lifetime.duration()).map_or(at, Time::new);
    let last_days = waivers.iter().filter_map(|waiver| {
        // A day that cannot be read lets the attestation count for no time.
        let last: Option<NaiveDate> = waiver.expires.as_ref()?.parse().ok();
        Some(last.map_or(at, |last| Time::behind(last).unwrap_or(end)))
    });
    // A waiver whose last day ended during the check lets the attestation count for no time.
    last_days.fold(end, Time::min).max(at)
}

fn counts(plan: &PlanReport) -> Vec<FindingCount> {
    let mut counts = BTreeMap::new();
    for finding in &plan.findings {
        if let Some(effect) = Effect::of(finding.enforcement) {
            *counts.entry((std::cmp::Reverse(finding.severity), effect)).or_insert(0) += 1;
        }
    }
    let count = |((severity, effect), count): ((std::cmp::Reverse<_>, _), _)| FindingCount {
        severity: severity.0,
        effect,
        count,
    };
    counts.into_iter().map(count).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::render::check::sample;
    use crate::report::ApprovalsReport;

    fn time(text: &str) -> Time {
        Time::try_from(text.to_owned()).unwrap()
    }

    pub(in crate::attestation) fn digest(digit: char) -> Digest {
        Digest::try_from(digit.to_string().repeat(64)).unwrap()
    }

    fn report(findings: Vec<Finding>) -> Report {
        let mut plan = sample::plan("a.json", findings);
        plan.sha256 = sample::text(digest('a').as_str());
        Report {
            rules_sha256: Some(sample::text(digest('c').as_str())),
            settings_sha256: Some(sample::text(digest('d').as_str())),
            ..sample::report(vec![plan])
        }
    }

    fn made() -> Made {
        let binary = Binary { sha256: digest('b'), binding: Binding::Stated };
        Made { at: time("2026-11-30T10:00:00Z"), lifetime: Lifetime::DEFAULT, binary: Some(binary) }
    }

    /// A plan that passes, with a binary plan.
    pub(in crate::attestation) fn statement() -> Statement {
        Statement::of(&report(Vec::new()), made()).unwrap()
    }

    #[test]
    fn a_statement_says_what_was_decided_with_what_and_when() {
        let mut report = report(vec![sample::waived("a", "aws_s3_bucket.w"), sample::finding("b", "x.y")]);
        report.approvals = Some(ApprovalsReport {
            needed: 1,
            missing: 0,
            from: Vec::new(),
            counted: vec![sample::text("bob")],
            not_counted: Vec::new(),
        });
        let statement = Statement::of(&report, made()).unwrap();
        let mut written = serde_json::to_value(&statement).unwrap();
        written["predicate"]["planguard_version"] = "[version]".into();
        insta::assert_json_snapshot!("statement", written);
        let read = Statement::read(&statement.to_json().unwrap()).unwrap();
        assert_eq!(read, statement);
    }

    #[test]
    fn a_statement_is_about_one_plan() {
        let mut two = report(Vec::new());
        two.plans.push(two.plans[0].clone());
        assert!(matches!(Statement::of(&two, made()), Err(AttestationError::SeveralChecked { number: 2 })));
        assert!(matches!(Statement::of(&Report::default(), made()), Err(AttestationError::NoPlan)));
    }

    #[test]
    fn a_converted_plan_has_both_digests() {
        let mut report = report(Vec::new());
        report.plans[0].shown_sha256 = Some(sample::text(digest('e').as_str()));
        let statement = Statement::of(&report, Made { binary: None, ..made() }).unwrap();
        let subjects: Vec<_> =
            statement.subject.iter().map(|subject| (subject.name, subject.digest.sha256.clone())).collect();
        assert_eq!(subjects, [(SubjectName::Json, digest('e')), (SubjectName::Binary, digest('a'))]);
        assert_eq!(statement.predicate.binary, Some(Binding::Converted));
    }

    #[test]
    fn no_statement_counts_longer_than_a_waiver_that_was_used() {
        for (expires, wanted) in [
            (None, "2026-12-01T10:00:00Z"),
            (Some("2026-11-29"), "2026-11-30T10:00:00Z"),
            (Some("2026-11-30"), "2026-12-01T00:00:00Z"),
            (Some("2026-12-01"), "2026-12-01T10:00:00Z"),
            (Some("never"), "2026-11-30T10:00:00Z"),
        ] {
            let mut waived = sample::waived("a", "x.y");
            waived.waiver.as_mut().unwrap().expires = expires.map(sample::text);
            let statement = Statement::of(&report(vec![waived]), made()).unwrap();
            assert_eq!(statement.predicate.expires_at, time(wanted), "{expires:?}");
        }
        // A waiver that another share of the finding needs counts as well.
        let mut share = sample::waived("a", "x.y");
        share.waiver.as_mut().unwrap().expires = Some(sample::text("2026-11-30"));
        let mut merged = sample::waived("b", "x.y");
        merged.waiver.as_mut().unwrap().expires = None;
        merged.shares = vec![merged.clone(), share];
        let statement = Statement::of(&report(vec![merged]), made()).unwrap();
        assert_eq!(statement.predicate.expires_at, time("2026-12-01T00:00:00Z"));
        assert_eq!(statement.predicate.waivers.len(), 2);
    }
}
