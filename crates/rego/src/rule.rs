//! Rules that decide.

use std::collections::BTreeMap;
use std::fmt;

use super::convention::Reading;
use super::metadata::RuleMetadata;

/// The kind of a rule and of its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleKind {
    /// A failure.
    Deny,
    /// A failure by the older name, which Gatekeeper uses.
    Violation,
    /// A warning.
    Warn,
}

impl RuleKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Deny, Self::Violation, Self::Warn];

    /// Returns the start of the names of these rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Violation => "violation",
            Self::Warn => "warn",
        }
    }
}

impl fmt::Display for RuleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// All rules with the same package and name; Rego merges their results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRule {
    /// `data.main.deny_public`.
    pub path: String,
    /// `deny_public`.
    pub name: String,
    /// The kind of the results.
    pub kind: RuleKind,
    /// `main`.
    pub package: String,
    /// The file of the first rule.
    pub file: String,
    /// The line of the first rule, counted from 1.
    pub line: u32,
    /// The METADATA of the rules, or else of their package.
    pub metadata: RuleMetadata,
    /// Data from the platform's configuration, such as the enforcement level. Every finding contains it as metadata.
    pub notes: BTreeMap<String, String>,
    pub(super) reading: Reading,
}
