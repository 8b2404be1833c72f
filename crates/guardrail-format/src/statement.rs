//! What a guardrail asks of a statement in an IAM policy document.

use serde::{Deserialize, Serialize};

use super::pattern::Pattern;

/// A condition on one statement; all parts that are given must hold for the same statement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StatementTest {
    /// Whether it allows or denies.
    pub effect: Effect,
    /// To whom it applies.
    pub principals: Option<PrincipalTest>,
    /// How it names its actions.
    pub action_form: Option<ActionForm>,
    /// It covers at least one of these actions. `*` is covered by `*` alone, `s3:*` by that and by `*`.
    pub actions: Vec<String>,
    /// It covers at least one of these resources.
    pub resources: Vec<String>,
    /// One of its resources, as it is written, matches this, or it applies to all resources but some.
    pub resources_match: Option<Pattern>,
    /// What holds of its conditions.
    pub conditions: Option<ConditionsTest>,
}

/// To whom a statement applies.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum PrincipalTest {
    /// To anyone: `*`, any AWS principal, or everyone but a few.
    Anyone,
    /// To nobody that it names: it has neither `Principal` nor `NotPrincipal`.
    Nobody,
    /// To a principal of a kind.
    OfKind {
        /// The kind's word in the document: `AWS`, `Service`, `Federated`, `CanonicalUser`.
        kind: String,
        /// What its identifier matches.
        matches: Option<Pattern>,
    },
}

/// How a statement names its actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActionForm {
    /// `NotAction`: all but some.
    AllBut,
}

/// What holds of the conditions of a statement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ConditionsTest {
    /// There is none.
    None,
    /// None of them, and no denial of the policy, leaves only requests with fixed values: what the provider calls
    /// public.
    Open,
    /// One of them is such a condition.
    Some(ConditionTest),
    /// None of them leaves only requests whose key has one of certain values.
    Unless(Vec<ConditionTest>),
}

/// What is asked of a condition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConditionTest {
    /// What the key, in lower case, matches; any key without it, also one that is known only after apply.
    pub key: Option<Pattern>,
    /// The operator, whatever its qualifiers; any without it.
    pub operator: Option<String>,
    /// What the values match: one of them in `some`, all of them in `unless`.
    pub values: Option<Pattern>,
}

/// What a statement does with what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
}
