//! The description of a rule.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::severity::Severity;
use crate::word::Word;

/// A text of a rule: static for change guards, read from a file for all others.
pub type Text = Cow<'static, str>;

/// The id, severity and texts of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleInfo {
    /// The id: kebab case, names the defect, never reused.
    pub id: Text,
    /// The title: one line that names the defect.
    pub title: Text,
    /// The severity of its findings.
    pub severity: Severity,
    /// The category of harm.
    pub category: Category,
    /// The pack that enables it.
    pub pack: Text,
    /// The rationale, in a few sentences.
    pub why: Text,
    /// The remedy.
    pub remediation: Text,
    /// Former ids, which waivers may still use.
    pub aliases: Cow<'static, [Text]>,
    /// The corresponding rules of other tools and benchmarks.
    pub also: Also,
}

/// The category of harm that a rule prevents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Public or unintended access.
    Exposure,
    /// Unencrypted data, at rest or in transit.
    Encryption,
    /// Excessive permissions.
    Iam,
    /// Exposed credentials.
    Secrets,
    /// Missing logs or alerts.
    Monitoring,
    /// Missing backups or protection from loss.
    Resilience,
    /// A dangerous change.
    Change,
    /// Containers with excessive privileges.
    Containers,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 8] = [
        Self::Exposure,
        Self::Encryption,
        Self::Iam,
        Self::Secrets,
        Self::Monitoring,
        Self::Resilience,
        Self::Change,
        Self::Containers,
    ];

    /// Returns the name in files and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exposure => "exposure",
            Self::Encryption => "encryption",
            Self::Iam => "iam",
            Self::Secrets => "secrets",
            Self::Monitoring => "monitoring",
            Self::Resilience => "resilience",
            Self::Change => "change",
            Self::Containers => "containers",
        }
    }
}

impl Word for Category {
    const KIND: &'static str = "a category";
    const ALL: &'static [Self] = &Self::ALL;

    fn as_str(self) -> &'static str {
        self.as_str()
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An unknown category.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown category `{0}`; use exposure, encryption, iam, secrets, monitoring, resilience, change or containers"
)]
pub struct UnknownCategory(pub String);

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|category| category.as_str() == word)
            .ok_or_else(|| UnknownCategory(word.to_owned()))
    }
}

/// The corresponding rules of other tools and benchmarks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Also {
    /// Checkov ids.
    pub checkov: Cow<'static, [Text]>,
    /// Trivy ids.
    pub trivy: Cow<'static, [Text]>,
    /// KICS ids.
    pub kics: Cow<'static, [Text]>,
    /// Terrascan ids.
    pub terrascan: Cow<'static, [Text]>,
    /// Controls of the CIS benchmarks, with benchmark and version.
    pub cis: Cow<'static, [Text]>,
}

impl Also {
    /// Without a corresponding rule.
    pub const NONE: Self = Self {
        checkov: Cow::Borrowed(&[]),
        trivy: Cow::Borrowed(&[]),
        kics: Cow::Borrowed(&[]),
        terrascan: Cow::Borrowed(&[]),
        cis: Cow::Borrowed(&[]),
    };

    /// Returns each tool's name with its ids, without tools that have none.
    pub fn by_tool(&self) -> impl Iterator<Item = (&'static str, &[Text])> {
        [
            ("Checkov", &self.checkov),
            ("Trivy", &self.trivy),
            ("KICS", &self.kics),
            ("Terrascan", &self.terrascan),
            ("CIS", &self.cis),
        ]
        .into_iter()
        .filter(|(_, ids)| !ids.is_empty())
        .map(|(tool, ids)| (tool, ids.as_ref()))
    }
}
