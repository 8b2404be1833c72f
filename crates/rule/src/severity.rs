//! How bad a finding is, as its rule says it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::word::Word;

/// How bad a finding is. It belongs to the rule; what it does to the verdict is configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nobody need act.
    Info,
    /// Worth mending when the code is next touched.
    Low,
    /// To be mended before the plan is applied.
    Medium,
    /// Exposes or destroys something under ordinary circumstances.
    High,
    /// Exposes or destroys something at once, beyond repair.
    Critical,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word that files, flags and reports use.
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

/// A word that names no severity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a severity; use info, low, medium, high or critical")]
pub struct UnknownSeverity(pub String);

impl FromStr for Severity {
    type Err = UnknownSeverity;

    /// Reads a severity in any case, as policy annotations spell them.
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
    fn every_severity_reads_back_from_its_own_word() {
        for severity in Severity::ALL {
            assert_eq!(severity.as_str().to_uppercase().parse(), Ok(severity));
        }
    }

    #[test]
    fn severities_are_ordered_mildest_first() {
        assert!(Severity::ALL.is_sorted());
    }
}
