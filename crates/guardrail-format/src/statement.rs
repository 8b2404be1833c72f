//! What a guardrail asks of a statement in an IAM policy document.

use serde::{Deserialize, Serialize};

/// A condition on one statement; all parts that are given must hold for the same statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementTest {
    /// Whether it allows or denies.
    pub effect: Effect,
    /// It applies to anyone: `*`, or any AWS principal.
    pub anyone: bool,
    /// It covers at least one of these actions. `*` is covered by `*` alone, `s3:*` by that and by `*`.
    pub actions: Vec<String>,
    /// It covers at least one of these resources.
    pub resources: Vec<String>,
    /// It has no condition.
    pub unconditional: bool,
}

/// What a statement does with what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
}
