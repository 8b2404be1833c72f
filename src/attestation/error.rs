//! Why an attestation is not written, and why one is not accepted.

use std::path::PathBuf;

use chrono::Duration;
use miette::Diagnostic;
use thiserror::Error;

use super::{KeyId, Lifetime, PREDICATE_TYPE, STATEMENT_TYPE, SubjectName, Time, Verdict};

/// What keeps planguard from signing, or from telling whether an attestation may be accepted.
#[derive(Debug, Error, Diagnostic)]
pub enum AttestationError {
    /// There is no key to sign with.
    #[error("there is no key to sign the attestation with")]
    #[diagnostic(
        code("PG-AT-001"),
        help(
            "name the file of a private key with --key, or put the key into PLANGUARD_SIGNING_KEY; `openssl genpkey \
             -algorithm ed25519 -out signing.pem` makes one"
        )
    )]
    NoSigningKey,
    /// There is no key to verify with.
    #[error("there is no key to verify the attestation with")]
    #[diagnostic(
        code("PG-AT-001"),
        help(
            "name the file of the public key with --key, or put the key into PLANGUARD_PUBLIC_KEY; `openssl pkey -in \
             signing.pem -pubout -out public.pem` writes it"
        )
    )]
    NoPublicKey,
    /// A key cannot be read.
    #[error("cannot read the key in {from}: {reason}")]
    #[diagnostic(code("PG-AT-002"), help("check the path and its permissions"))]
    UnreadableKey {
        /// Where it should be.
        from: String,
        /// What the system says.
        reason: String,
    },
    /// A key is not what is expected.
    #[error("the key in {from} cannot be used: {reason}")]
    #[diagnostic(code("PG-AT-003"), help("{help}"))]
    InvalidKey {
        /// Where it is.
        from: String,
        /// What is wrong.
        reason: String,
        /// How to put it right.
        help: &'static str,
    },
    /// A private key is where a public one belongs.
    #[error("the key in {from} is a private key, and the public key verifies")]
    #[diagnostic(
        code("PG-AT-004"),
        help(
            "whoever can read a private key can sign for the check: keep it where plans are checked, and write the public \
             key for this job with `openssl pkey -in signing.pem -pubout -out public.pem`"
        )
    )]
    PrivateForPublic {
        /// Where it is.
        from: String,
    },
    /// A flag is of no use without the attestation.
    #[error("{flag} is for attestations, and none is asked for")]
    #[diagnostic(code("PG-AT-005"), help("name the file for the attestation with --attest FILE"))]
    NotAsked {
        /// The flag.
        flag: &'static str,
    },
    /// No plan was checked.
    #[error("no attestation is written: no plan could be checked")]
    #[diagnostic(code("PG-AT-006"), help("fix what is reported above"))]
    NoPlan,
    /// An attestation is about one plan.
    #[error("no attestation is written: it is about one plan, and {number} were checked")]
    #[diagnostic(code("PG-AT-007"), help("check each plan that is to be applied in a run of its own"))]
    SeveralChecked {
        /// How many.
        number: usize,
    },
    /// The binary plan is given twice.
    #[error("no attestation is written: {} is given with --binary, and the plan that was checked is a binary one", binary.display())]
    #[diagnostic(code("PG-AT-008"), help("leave out --binary"))]
    BinaryTwice {
        /// The file.
        binary: PathBuf,
    },
    /// A binary plan cannot be read.
    #[error("cannot read {}: {reason}", file.display())]
    #[diagnostic(code("PG-AT-009"), help("name the file that `terraform apply` will get"))]
    UnreadablePlan {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The binary plan and its JSON do not belong together.
    #[error("no attestation is written: the JSON that was checked is not what `terraform show -json` prints for {}", binary.display())]
    #[diagnostic(
        code("PG-AT-010"),
        help(
            "write the JSON with `terraform show -json tfplan > tfplan.json` and nothing else, or check the binary plan \
             itself with --terraform"
        )
    )]
    OtherBinary {
        /// The binary plan.
        binary: PathBuf,
    },
    /// The attestation cannot be written.
    #[error("cannot write the attestation {}: {reason}", file.display())]
    #[diagnostic(
        code("PG-AT-011"),
        help("name another file with --attest; without it the plan must not be applied")
    )]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A report lacks what every report has.
    #[error("the report has no {what}")]
    #[diagnostic(code("PG-AT-012"), help("this is a defect of planguard; please report it"))]
    Incomplete {
        /// What is missing.
        what: &'static str,
    },
    /// The attestation cannot be read.
    #[error("cannot read the attestation {}: {reason}", file.display())]
    #[diagnostic(
        code("PG-AT-013"),
        help("name the file that `planguard check --attest FILE` wrote with --attestation")
    )]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// It is no DSSE envelope as planguard writes it.
    #[error("the attestation is not an envelope that planguard reads: {reason}")]
    #[diagnostic(
        code("PG-AT-014"),
        help("write it anew with `planguard check --attest FILE`; it is not meant to be edited")
    )]
    NoEnvelope {
        /// What is wrong.
        reason: String,
    },
    /// The envelope is of another kind.
    #[error(
        "the envelope has the payload type `{found}`, and planguard reads `{}`",
        super::envelope::PAYLOAD_TYPE
    )]
    #[diagnostic(code("PG-AT-015"), help("name the file that `planguard check --attest FILE` wrote"))]
    PayloadType {
        /// Its type.
        found: String,
    },
    /// The statement is of another kind or version.
    #[error("the attestation has the {what} `{found}`, and this planguard reads `{expected}`", expected = self.expected())]
    #[diagnostic(
        code("PG-AT-016"),
        help("verify it with the planguard that wrote it, or check the plan again with this one")
    )]
    UnknownVersion {
        /// Which type it is.
        what: TypeOf,
        /// The type.
        found: String,
    },
    /// The statement contradicts itself or the format.
    #[error("the attestation is signed, but is not what planguard writes: {reason}")]
    #[diagnostic(
        code("PG-AT-017"),
        help("something else signs with this key: find out what, and replace the key")
    )]
    InvalidStatement {
        /// What is wrong.
        reason: String,
    },
}

impl AttestationError {
    /// The type that this version reads.
    const fn expected(&self) -> &'static str {
        match self {
            Self::UnknownVersion { what: TypeOf::Statement, .. } => STATEMENT_TYPE,
            _ => PREDICATE_TYPE,
        }
    }
}

/// The types that an attestation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeOf {
    /// That of the statement.
    Statement,
    /// That of what is stated.
    Predicate,
}

impl std::fmt::Display for TypeOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Statement => "statement type",
            Self::Predicate => "predicate type",
        })
    }
}

/// What an attestation proves against applying the plan.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum Refusal {
    /// Another key signed.
    #[error("the attestation is not signed by the key {key}")]
    #[diagnostic(
        code("PG-AT-021"),
        help("verify with the public key that belongs to the private key of the check")
    )]
    OtherKey {
        /// The key that should have.
        key: KeyId,
    },
    /// The signature names the key, and is not its signature of this payload.
    #[error("the attestation was changed after the key {key} signed it")]
    #[diagnostic(code("PG-AT-022"), help("do not apply; find out who can write the attestation"))]
    Changed {
        /// The key that is named.
        key: KeyId,
    },
    /// The file is not the plan that was checked.
    #[error("{file} is not the plan that was checked: its SHA-256 is {found}")]
    #[diagnostic(
        code("PG-AT-023"),
        help("check this plan, and apply it with the attestation that this check writes")
    )]
    OtherPlan {
        /// The file.
        file: String,
        /// Its digest.
        found: String,
    },
    /// The plan was denied.
    #[error("the check denied this plan")]
    #[diagnostic(code("PG-AT-024"), help("fix the findings of the check, and check the new plan"))]
    Denied,
    /// Not everything could be checked.
    #[error("the check left this plan undecided")]
    #[diagnostic(code("PG-AT-025"), help("fix the errors of the check, and check the plan again"))]
    Undecided,
    /// Denials did not count.
    #[error("the check only reported: with --report-only nothing is decided")]
    #[diagnostic(code("PG-AT-026"), help("check the plan without --report-only"))]
    ReportOnly,
    /// It no longer counts.
    #[error("the attestation expired at {expired}")]
    #[diagnostic(
        code("PG-AT-027"),
        help("check the plan again, with a waiver that has not expired if it has any")
    )]
    Expired {
        /// When.
        expired: Time,
    },
    /// The clock of the check, or of this machine, is wrong.
    #[error("the attestation was made in the future, at {made}; it is {now} here")]
    #[diagnostic(code("PG-AT-028"), help("set the clocks of both machines"))]
    Future {
        /// When it says that it was made.
        made: Time,
        /// The time here.
        now: Time,
    },
    /// It is older than this run accepts.
    #[error("the plan was checked at {made}, which is more than {limit} ago")]
    #[diagnostic(code("PG-AT-029"), help("check the plan again, or accept more with --max-age"))]
    TooOld {
        /// When it was made.
        made: Time,
        /// How old it may be.
        limit: Lifetime,
    },
    /// Other rules decided.
    #[error("the plan was checked with other rules: their SHA-256 is {found}, and {expected} is expected")]
    #[diagnostic(
        code("PG-AT-030"),
        help("check the plan with the present rules, or give `verify` the flags that the check had")
    )]
    OtherRules {
        /// The digest of the rules that decided.
        found: String,
        /// The digest that is expected.
        expected: String,
    },
    /// It is about several plans.
    #[error("the attestation is about several plans: it names {name} {number} times")]
    #[diagnostic(code("PG-AT-031"), help("check each plan in a run of its own"))]
    SeveralPlans {
        /// What is named more than once.
        name: SubjectName,
        /// How often.
        number: usize,
    },
}

impl Refusal {
    /// The refusal that a verdict is, unless it is a pass.
    pub(crate) const fn of(verdict: Verdict) -> Option<Self> {
        match verdict {
            Verdict::Pass => None,
            Verdict::Denied => Some(Self::Denied),
            Verdict::Undecided => Some(Self::Undecided),
        }
    }
}

/// How far the clocks of two machines may differ.
pub(super) const CLOCKS: Duration = Duration::minutes(5);

/// Why an attestation is not accepted.
#[derive(Debug, Error, Diagnostic)]
pub enum NotAccepted {
    /// It proves that the plan must not be applied.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Refused(#[from] Refusal),
    /// Nothing can be told.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Undecided(#[from] AttestationError),
}
