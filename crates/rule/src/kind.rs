//! The kinds of rules.

/// What kind of rule a finding comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleKind {
    /// A guardrail that judges a resource's state.
    Guardrail,
    /// A guardrail that judges the change.
    Change,
    /// A Rego policy.
    Policy,
}

impl RuleKind {
    /// The word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guardrail => "guardrail",
            Self::Change => "change",
            Self::Policy => "policy",
        }
    }
}
