//! The severity of rules and their findings.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::word::Word;

/// The severity of a finding. It is a property of the rule; its effect on the verdict is configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For information; no action is needed.
    Info,
    /// Fix it with the next change of the code.
    Low,
    /// Fix it before the plan is applied.
    Medium,
    /// Exposes or destroys something under ordinary conditions.
    High,
    /// Exposes or destroys something immediately and irreversibly.
    Critical,
}

impl Severity {
    /// Every severity, lowest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Returns the name in files, flags and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Word for Severity {
    const KIND: &'static str = "a severity";
    const ALL: &'static [Self] = &Self::ALL;

    fn as_str(self) -> &'static str {
        self.as_str()
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An unknown severity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown severity `{0}`; use info, low, medium, high or critical")]
pub struct UnknownSeverity(pub String);

impl FromStr for Severity {
    type Err = UnknownSeverity;

    /// Parses a severity in any case, as policy annotations write it.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str().eq_ignore_ascii_case(word.trim()))
            .ok_or_else(|| UnknownSeverity(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_severity_parses_from_its_name() {
        for severity in Severity::ALL {
            assert_eq!(severity.as_str().to_uppercase().parse(), Ok(severity));
        }
    }

    #[test]
    fn severities_are_ordered_lowest_first() {
        assert!(Severity::ALL.is_sorted());
    }
}
