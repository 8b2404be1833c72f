//! The kinds of rules.

/// The kind of the rule of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleKind {
    /// A guardrail on the state of a resource.
    Guardrail,
    /// A guardrail on the change.
    Change,
    /// A Rego policy.
    Policy,
}

impl RuleKind {
    /// Returns the name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guardrail => "guardrail",
            Self::Change => "change",
            Self::Policy => "policy",
        }
    }
}
