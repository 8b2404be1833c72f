//! The findings of policies.

use planguard_plan::AttributePath;
use planguard_rule::Severity;
use serde_json::Map;

use super::rule::RuleKind;

/// One result of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyFinding {
    /// The rule's path: `data.main.deny_public`.
    pub rule: String,
    /// The kind of the rule.
    pub kind: RuleKind,
    /// The rule's package, without `data`.
    pub package: String,
    /// The policy's message; it may contain any value of the plan.
    pub message: String,
    /// `address`, `resource_address` or `resource` of the result object.
    pub address: Option<String>,
    /// `severity` of the result object, or else of the rule's METADATA.
    pub severity: Option<Severity>,
    /// `title` of the result object, or else of the rule's METADATA.
    pub title: Option<String>,
    /// `remediation` of the result object, or else of the rule's METADATA.
    pub remediation: Option<String>,
    /// `docs` or `url` of the result object, or else the first related resource of the rule's METADATA.
    pub docs: Option<String>,
    /// Whether `undetermined` of the result object is true: whether the rule fails depends on what is known only after
    /// apply.
    pub undetermined: bool,
    /// The unknown values that decide whether the rule fails, where planguard found out itself.
    pub waits_for: Vec<WaitsFor>,
    /// `_loc` of the result object.
    pub location: Option<PolicyLocation>,
    /// The place of the first rule with that path.
    pub defined_at: PolicyLocation,
    /// The metadata that conftest reports: every key of the result object except `msg` and `_loc`, and `query` with
    /// the rule's path.
    pub metadata: Map<String, serde_json::Value>,
}

impl PolicyFinding {
    /// What tells a finding of a rule from the others: its message and its address.
    pub(super) fn text(&self) -> (&str, Option<&str>) {
        (&self.message, self.address.as_deref())
    }
}

/// A value known only after apply that decides whether a rule fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitsFor {
    /// The address of its resource.
    pub address: String,
    /// The path to the value.
    pub path: AttributePath,
    /// The attributes that its expression refers to, as the configuration names them.
    pub depends_on: Vec<String>,
    /// The line of the policy where it decides.
    pub read_at: Option<PolicyLocation>,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyLocation {
    /// The file's path.
    pub file: String,
    /// The line, counted from 1; 0 if only the file is known.
    pub line: u64,
}
