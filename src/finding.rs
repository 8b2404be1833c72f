//! What rules found, ready to be told.

use planguard_plan::redact::{Redactor, SafeText};
use planguard_rule::{RuleInfo, Severity};

use crate::enforcement::Enforcement;

pub use planguard_guardrails::change::Certainty;
pub use planguard_rule::RuleKind;

/// Something that a rule has to say about a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: FindingRule,
    /// How bad it is.
    pub severity: Severity,
    /// What it does to the verdict.
    pub enforcement: Enforcement,
    /// Whether it is certain.
    pub certainty: Certainty,
    /// Whether this plan brings it.
    pub origin: Origin,
    /// The resource; `None` where it is about the plan.
    pub subject: Option<Subject>,
    /// The attribute that decided.
    pub attribute: Option<SafeText>,
    /// The attribute's value, where showing it helps.
    pub value: Option<SafeText>,
    /// The resources whose attributes decide an undetermined outcome at apply.
    pub depends_on: Vec<SafeText>,
    /// What is wrong.
    pub message: SafeText,
    /// How to put it right.
    pub remediation: Option<SafeText>,
    /// Where a policy says the finding comes from.
    pub location: Option<Location>,
    /// What else a policy says of it, as key and text.
    pub metadata: Vec<(SafeText, SafeText)>,
}

/// The rule of a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FindingRule {
    /// The id of a guardrail, or the path of a policy rule such as `data.main.deny`.
    pub id: SafeText,
    /// One line that says what it is about.
    pub title: Option<SafeText>,
    /// What kind of rule it is.
    pub kind: RuleKind,
}

impl FindingRule {
    /// A guardrail, as its description names it.
    pub(crate) fn new(info: &RuleInfo, kind: RuleKind) -> Self {
        Self { id: text_of_rule(&info.id), title: Some(text_of_rule(&info.title)), kind }
    }
}

/// A text from the description of a guardrail. It was read before any plan, so nothing in it can be sensitive.
pub(crate) fn text_of_rule(text: &planguard_rule::Text) -> SafeText {
    Redactor::default().text(text)
}

/// The object that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The resource's address.
    pub address: SafeText,
    /// The key of a deposed object.
    pub deposed: Option<SafeText>,
    /// What the plan does with it, for example `delete+create`; `None` where it is no resource of the plan.
    pub actions: Option<SafeText>,
}

/// Whether a plan brings what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// It does.
    Introduced,
    /// The object fails the rule as it is.
    AlreadyThere,
}

impl Origin {
    /// The words that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Introduced => "introduced",
            Self::AlreadyThere => "already-there",
        }
    }
}

/// A place in a source file that a policy names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The file.
    pub file: SafeText,
    /// The line, counted from 1.
    pub line: u64,
}

impl Finding {
    /// Orders findings for reports: resource by resource, the most severe first. Total, so that a report
    /// does not depend on the order of evaluation.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        fn key(finding: &Finding) -> impl Ord + '_ {
            (
                &finding.subject,
                std::cmp::Reverse(finding.severity),
                &finding.rule,
                &finding.attribute,
                &finding.message,
            )
        }
        key(self).cmp(&key(other))
    }
}
