//! What an attestation states: an in-toto statement about the bytes of a plan, and what planguard decided about them.
//!
//! The types are the format. It has a version, [`PREDICATE_TYPE`]: whatever is added, changed or removed makes another one.
//! `docs/attestation.schema.json` describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::NaiveDate;
use planguard_plan::input::Sha256Digest;
use planguard_plan::redact::SafeText;
use planguard_plan::text::escape;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::TypeOf;
use super::{AttestationError, Lifetime, PREDICATE_TYPE, STATEMENT_TYPE, Time, strict};
use crate::enforcement::Enforcement;
use crate::finding::{Finding, WaiverState};
use crate::report::{PlanReport, Report};
use crate::verdict::Verdict as RunVerdict;

/// An in-toto statement about a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Statement {
    /// The type of the statement: `https://in-toto.io/Statement/v1`.
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// The files of the plan.
    pub subject: Vec<Subject>,
    /// The type of what is stated: `urn:planguard:attestation:check:v1`.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is stated.
    pub predicate: Predicate,
}

/// What every version has, read before anything else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Versioned<'t> {
    #[serde(rename = "_type")]
    statement_type: String,
    #[serde(borrow, rename = "subject")]
    _subject: &'t RawValue,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(borrow, rename = "predicate")]
    _predicate: &'t RawValue,
}

/// A file of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Subject {
    /// Which file it is.
    pub name: SubjectName,
    /// The digest of its bytes.
    pub digest: SubjectDigest,
}

/// Which file of a plan a subject is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum SubjectName {
    /// The JSON of `terraform show -json`.
    #[serde(rename = "plan.json")]
    Json,
    /// The binary plan of `terraform plan -out`, which `terraform apply` reads.
    #[serde(rename = "tfplan")]
    Binary,
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "plan.json",
            Self::Binary => "tfplan",
        })
    }
}

/// The digests of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SubjectDigest {
    /// The SHA-256.
    pub sha256: Digest,
}

/// A SHA-256 as 64 hexadecimal digits in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct Digest(String);

impl Digest {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(text: Option<&SafeText>, what: &'static str) -> Result<Self, AttestationError> {
        let digest = text.and_then(|text| Self::try_from(text.unescaped().to_owned()).ok());
        digest.ok_or(AttestationError::Incomplete { what })
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_digest =
            text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_digest {
            Ok(Self(text))
        } else {
            Err("a digest is not 64 hexadecimal digits in lower case".to_owned())
        }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl From<Sha256Digest> for Digest {
    fn from(digest: Sha256Digest) -> Self {
        Self(digest.to_string())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What planguard decided, with what, and when. A member without a value is null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Predicate {
    /// Whether the plan may be applied.
    pub verdict: Verdict,
    /// The exit code of the run.
    pub exit_code: u8,
    /// Whether denials were only reported.
    pub report_only: bool,
    /// The version of planguard.
    pub planguard_version: String,
    /// The version of Terraform or OpenTofu, as the plan says it.
    pub terraform_version: Option<String>,
    /// What binds the binary plan to the JSON that was checked; null if there is none.
    pub binary: Option<Binding>,
    /// When the check ended, in UTC.
    #[cfg_attr(test, schemars(with = "String"))]
    pub checked_at: Time,
    /// From when on the attestation no longer counts, in UTC.
    #[cfg_attr(test, schemars(with = "String"))]
    pub expires_at: Time,
    /// The SHA-256 of all that decided: the version, the built-in rules, the settings, policies and guardrails.
    pub rules_sha256: Digest,
    /// The SHA-256 of the settings that counted, wherever they were set.
    pub settings_sha256: Digest,
    /// The SHA-256 of the policies that were loaded.
    pub policies_sha256: Option<Digest>,
    /// The place that settings and policies were taken from, as `--trusted` names it.
    pub trusted: Option<String>,
    /// The environment whose settings counted.
    pub environment: Option<String>,
    /// The approvals, if something needed any.
    pub approvals: Option<ApprovalsMade>,
    /// The findings that waivers accept.
    pub waivers: Vec<WaiverUse>,
    /// How many findings there are of each severity and effect.
    pub findings: Vec<FindingCount>,
}

/// Whether the plan may be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Verdict {
    /// Everything was checked, without denials.
    Pass,
    /// At least one finding denies.
    Denied,
    /// Not everything could be checked.
    Undecided,
}

/// What binds a binary plan to the JSON that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Binding {
    /// planguard read the binary plan, and had Terraform convert it.
    Converted,
    /// planguard had Terraform convert it, and the result is the JSON.
    Compared,
    /// The pipeline said so.
    Stated,
}

/// The approvals of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ApprovalsMade {
    /// How many are needed.
    pub needed: usize,
    /// The people whose approval counts.
    pub by: Vec<String>,
}

/// A finding that a waiver accepts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WaiverUse {
    /// The rule of the finding.
    pub rule: String,
    /// The resource; null if the finding is about the whole plan.
    pub address: Option<String>,
    /// Who accepted it.
    pub owner: Option<String>,
    /// Where the decision is recorded.
    pub ticket: Option<String>,
    /// The last day on which the waiver counts, in UTC.
    pub expires: Option<String>,
}

/// How many findings are of a severity and have an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FindingCount {
    /// The severity.
    #[cfg_attr(test, schemars(with = "String"))]
    pub severity: planguard_rule::Severity,
    /// What they do.
    pub effect: Effect,
    /// How many there are.
    pub count: usize,
}

/// What a finding does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Effect {
    /// It denies.
    Deny,
    /// It lacks approval, and denies.
    Approve,
    /// It warns.
    Warn,
    /// People approved it.
    Approved,
    /// A waiver accepts it.
    Waived,
    /// The baseline has it.
    Baseline,
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

    /// The statement of a payload.
    ///
    /// # Errors
    ///
    /// If it is of another version, or is not what this version writes.
    pub(super) fn read(payload: &str) -> Result<Self, AttestationError> {
        let invalid = |reason: String| AttestationError::InvalidStatement { reason };
        let versioned: Versioned<'_> =
            serde_json::from_str(payload).map_err(|error| invalid(error.to_string()))?;
        for (what, found, known) in [
            (TypeOf::Statement, versioned.statement_type, STATEMENT_TYPE),
            (TypeOf::Predicate, versioned.predicate_type, PREDICATE_TYPE),
        ] {
            if found != known {
                return Err(AttestationError::UnknownVersion { what, found });
            }
        }
        let statement: Self = strict::read(payload).map_err(invalid)?;
        statement.contradiction().map_or(Ok(statement), |reason| Err(invalid(reason.to_owned())))
    }

    /// What no run states.
    fn contradiction(&self) -> Option<&'static str> {
        let Predicate { verdict, exit_code, report_only, checked_at, expires_at, .. } = &self.predicate;
        let code = match verdict {
            Verdict::Pass => 0,
            Verdict::Denied if *report_only => 0,
            Verdict::Denied => 1,
            Verdict::Undecided => 2,
        };
        if *exit_code != code {
            Some("its verdict and its exit code contradict each other")
        } else if self.subject.is_empty() {
            Some("it has no subject")
        } else if expires_at < checked_at {
            Some("it expires before it was made")
        } else {
            None
        }
    }

    /// The statement as JSON on one line.
    ///
    /// # Errors
    ///
    /// None so far.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(escape::json(&serde_json::to_string(self)?))
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
    last_days.fold(end, Time::min)
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
    use std::path::Path;

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
            (Some("2026-11-29"), "2026-11-30T00:00:00Z"),
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

    #[test]
    fn the_schema_is_published() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/attestation.schema.json");
        let schema = schemars::generate::SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<Statement>();
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let on_disk = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(on_disk == text, "docs/attestation.schema.json is out of date: run UPDATE=1 cargo test");
        let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
        let statement = serde_json::to_value(statement()).unwrap();
        assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&statement), "{statement}");
    }
}
