//! A rule that decides.

use std::collections::BTreeMap;
use std::fmt;

use super::convention::Reading;
use super::metadata::RuleMetadata;

/// What a result of a rule is.
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

    /// The word that rule names start with.
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

/// All rules of one package and one name; Rego merges their results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRule {
    /// `data.main.deny_public`.
    pub path: String,
    /// `deny_public`.
    pub name: String,
    /// What a result is.
    pub kind: RuleKind,
    /// `main`.
    pub package: String,
    /// The file that holds the first of the rules.
    pub file: String,
    /// Its line there, counted from 1.
    pub line: u32,
    /// What the rules' METADATA say, or else that of their package.
    pub metadata: RuleMetadata,
    /// What a platform's configuration says of the rule, such as its enforcement level. Every finding carries it
    /// as metadata.
    pub notes: BTreeMap<String, String>,
    pub(super) reading: Reading,
}
