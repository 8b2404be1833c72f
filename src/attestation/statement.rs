//! What an attestation states: an in-toto statement about the bytes of a plan, and what planguard decided about them.
//!
//! The types are the format. It has a version, [`PREDICATE_TYPE`]: whatever is added, changed or removed makes another one.
//! `docs/attestation.schema.json` describes it.

use std::fmt;

use planguard_plan::text::escape;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::TypeOf;
use super::{AttestationError, Digest, PREDICATE_TYPE, STATEMENT_TYPE, Time, strict};

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
    /// The commits of git that policies and data were of; left out if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy_commits: Vec<PolicyCommit>,
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

/// A commit that policies were of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PolicyCommit {
    /// The source, as `--policy` names it.
    pub source: String,
    /// The id of its commit.
    pub commit: String,
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

impl Statement {
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::of_report::tests::statement;
    use super::*;

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
