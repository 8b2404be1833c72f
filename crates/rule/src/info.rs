//! The description of a rule.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::severity::Severity;
use crate::word::Word;

/// A text of a rule: part of the program for change guards, read for all others.
pub type Text = Cow<'static, str>;

/// What a rule is called, how bad its findings are, and what it tells people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleInfo {
    /// The id: kebab case, names the bad pattern, never reused.
    pub id: Text,
    /// One line that says what is wrong.
    pub title: Text,
    /// How bad it is.
    pub severity: Severity,
    /// What kind of harm it is about.
    pub category: Category,
    /// The pack by which it is switched on.
    pub pack: Text,
    /// Why it matters, in a few sentences.
    pub why: Text,
    /// How to put it right.
    pub remediation: Text,
    /// Former ids, which waivers may still name.
    pub aliases: Cow<'static, [Text]>,
    /// What other tools and benchmarks call it.
    pub also: Also,
}

/// The kind of harm that a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Reachable by whom it should not be.
    Exposure,
    /// Readable at rest or in transit.
    Encryption,
    /// Too many rights.
    Iam,
    /// Credentials in the open.
    Secrets,
    /// Nobody would notice.
    Monitoring,
    /// Cannot be restored.
    Resilience,
    /// The change itself is dangerous.
    Change,
    /// Containers with too much power.
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

    /// The word that files and reports use.
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

/// A word that names no category.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a category; use exposure, encryption, iam, secrets, monitoring, resilience, change or containers"
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

/// The same concern under other names.
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
    /// No other tool has it.
    pub const NONE: Self = Self {
        checkov: Cow::Borrowed(&[]),
        trivy: Cow::Borrowed(&[]),
        kics: Cow::Borrowed(&[]),
        terrascan: Cow::Borrowed(&[]),
        cis: Cow::Borrowed(&[]),
    };

    /// Each tool's name with its ids, tools without ids left out.
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
