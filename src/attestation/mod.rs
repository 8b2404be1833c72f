//! Attestations: signed statements of what `check` decided about a plan, so that only what was checked is applied.
//!
//! A [`Statement`] is an in-toto statement about the bytes of a plan; `envelope` signs it (DSSE, ed25519) and opens it;
//! `verify` compares it with what is to be applied. An attestation is read strictly: what no version of planguard writes
//! is refused, not skipped.

mod digest;
mod envelope;
mod error;
mod key;
mod lifetime;
mod of_report;
mod statement;
mod strict;
mod time;
mod verify;

pub use digest::Digest;
pub use envelope::{open, seal};
pub use error::{AttestationError, NotAccepted, Refusal};
pub use key::{KeyId, KeySource, PUBLIC_KEY, PublicKey, SIGNING_KEY, Signer, exposed};
pub use lifetime::Lifetime;
pub use of_report::{Binary, Made};
pub use statement::{
    ApprovalsMade, Binding, Effect, FindingCount, PolicyCommit, Predicate, Statement, Subject, SubjectDigest,
    SubjectName, Verdict, WaiverUse,
};
pub use time::Time;
pub use verify::{Expected, PlanFile};

/// The usual name of the file.
pub const FILE_NAME: &str = "planguard-attestation.json";

/// The type of the statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The type of what is stated. Another version has other fields, or means something else by them.
pub const PREDICATE_TYPE: &str = "urn:planguard:attestation:check:v1";

#[cfg(test)]
pub(crate) mod sample {
    //! Attestations for tests elsewhere.

    use super::{ApprovalsMade, Binding, Statement, WaiverUse};

    pub(crate) use super::key::tests::public;

    /// A statement whose texts are all this one.
    pub(crate) fn hostile(text: &str) -> Statement {
        let mut statement = super::of_report::tests::statement();
        let some = || Some(text.to_owned());
        let predicate = &mut statement.predicate;
        predicate.planguard_version = text.to_owned();
        predicate.binary = Some(Binding::Stated);
        (predicate.environment, predicate.trusted) = (some(), some());
        predicate.approvals = Some(ApprovalsMade { needed: 1, by: vec![text.to_owned()] });
        predicate.waivers = vec![WaiverUse {
            rule: text.to_owned(),
            address: some(),
            owner: some(),
            ticket: some(),
            expires: some(),
        }];
        statement
    }
}
