//! Findings of rules, ready for renderers.

use planguard_guardrails::OpenPorts;
use planguard_plan::AttributePath;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_rule::{Category, RuleInfo, Severity};

use crate::enforcement::Enforcement;

pub use planguard_guardrails::change::Certainty;
pub use planguard_rule::RuleKind;

/// A finding of a rule on a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: FindingRule,
    /// The severity.
    pub severity: Severity,
    /// The effect on the verdict.
    pub enforcement: Enforcement,
    /// Whether it is certain.
    pub certainty: Certainty,
    /// Whether the finding is new or pre-existing.
    pub origin: Origin,
    /// The resource; `None` for a finding about the whole plan.
    pub subject: Option<Subject>,
    /// The attribute that caused the finding.
    pub attribute: Option<SafeText>,
    /// The attribute's value, if it helps.
    pub value: Option<SafeText>,
    /// The attribute's value before the change, if it was another.
    pub before: Option<SafeText>,
    /// The resources whose attributes decide an undetermined outcome at apply.
    pub depends_on: Vec<SafeText>,
    /// The message.
    pub message: SafeText,
    /// The remedy.
    pub remediation: Option<SafeText>,
    /// The source location that a policy gives.
    pub location: Option<Location>,
    /// Where the configuration defines the resource or the attribute, if it is at hand.
    pub source: Option<Box<SourcePlace>>,
    /// Further metadata of a policy, as key and text.
    pub metadata: Vec<(SafeText, SafeText)>,
    /// The waiver that accepts it, or did until it expired.
    pub waiver: Option<FindingWaiver>,
    /// The people who approved it, if it needs approval and has it.
    pub approved_by: Vec<SafeText>,
    /// What causes it, if other rules may find the same.
    pub cause: Option<Cause>,
    /// What each rule finds, the strictest first, if several find the same cause; otherwise empty.
    pub shares: Vec<Self>,
}

/// What causes a finding. Findings with the same cause are reported as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What is the same if causes are the same, beside the resource.
    pub kind: CauseKind,
    /// Where in the resource it is; never printed.
    pub place: AttributePath,
    /// The attribute that decided.
    pub attribute: Option<AttributePath>,
    /// The open ports, and the message around their words.
    pub ports: Option<PortsMessage>,
}

/// The kinds of causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CauseKind {
    /// The kind that a guardrail names as its `cause`.
    Declared(String),
    /// A value that is known only after apply, or cannot be read.
    Unknown {
        /// Why it cannot be read, in words that follow its name.
        unreadable: Option<String>,
    },
    /// An attribute that a change guard may report as well.
    Attribute,
    /// The objects of this `count` list change places.
    Shift(String),
}

/// A message that names open ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortsMessage {
    /// The message in front of the ports.
    pub before: String,
    /// The ports.
    pub ports: OpenPorts,
    /// The message behind them.
    pub after: String,
}

impl PortsMessage {
    /// The message.
    pub fn words(&self) -> String {
        format!("{}{}{}", self.before, self.ports.words(), self.after)
    }
}

/// Where the configuration defines a resource or an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePlace {
    /// The line.
    pub at: SourceLine,
    /// The first character of the place in it, counted from 1.
    pub column: usize,
    /// The character behind its last one.
    pub end_column: usize,
    /// Whether it is the attribute.
    pub precision: SourcePrecision,
    /// The line with the head of the resource's block.
    pub block: SourceLine,
    /// Where the value comes from, if it is a copy: local values, arguments of modules and variables, the nearest first.
    pub from: Vec<SourceLine>,
}

/// A line of a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine {
    /// The file.
    pub file: SafeText,
    /// Its number, counted from 1.
    pub line: usize,
    /// Its text.
    pub text: SafeText,
}

/// How much a place says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourcePrecision {
    /// It is the attribute.
    Attribute,
    /// It is a block around it: the configuration does not set the attribute, or not certainly on one line.
    Block,
}

/// A waiver that means a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingWaiver {
    /// Whether it accepts the finding.
    pub state: WaiverState,
    /// Why the finding is accepted.
    pub reason: SafeText,
    /// Who accepted it.
    pub owner: Option<SafeText>,
    /// Where the decision is recorded.
    pub ticket: Option<SafeText>,
    /// The last day on which it counts, such as `2027-01-31`.
    pub expires: Option<SafeText>,
    /// The file that contains it.
    pub file: SafeText,
    /// The line, counted from 1.
    pub line: usize,
}

/// Whether a waiver still accepts what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaiverState {
    /// It does.
    Active,
    /// Its last day is past.
    Expired,
}

/// The rule of a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FindingRule {
    /// The id of a guardrail, or the path of a policy rule such as `data.main.deny`.
    pub id: SafeText,
    /// The title.
    pub title: Option<SafeText>,
    /// The kind of rule.
    pub kind: RuleKind,
    /// The category of harm, if the rule names one.
    pub category: Option<Category>,
}

impl FindingRule {
    /// Returns the rule of a guardrail.
    pub(crate) fn new(info: &RuleInfo, kind: RuleKind) -> Self {
        Self {
            id: text_of_rule(&info.id),
            title: Some(text_of_rule(&info.title)),
            kind,
            category: Some(info.category),
        }
    }
}

/// Converts a text of a guardrail. It was read before any plan, so it is never sensitive.
pub(crate) fn text_of_rule(text: &planguard_rule::Text) -> SafeText {
    Redactor::default().text(text)
}

/// The object of a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The resource's address.
    pub address: SafeText,
    /// The key of a deposed object.
    pub deposed: Option<SafeText>,
    /// The planned actions, for example `delete+create`; `None` if it is not a resource of the plan.
    pub actions: Option<SafeText>,
}

/// Whether a finding is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// This plan introduces it.
    Introduced,
    /// The object fails the rule before the change as well.
    AlreadyThere,
}

impl Origin {
    /// Returns the name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Introduced => "introduced",
            Self::AlreadyThere => "already-there",
        }
    }
}

/// A place in a source file that a policy gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The file.
    pub file: SafeText,
    /// The line, counted from 1.
    pub line: u64,
}

impl Finding {
    /// Whether what it depends on cannot be read, and apply will not tell either. A guardrail says behind its message which
    /// text that is.
    pub fn is_about_unreadable(&self) -> bool {
        let is_unreadable = |cause: &Cause| matches!(cause.kind, CauseKind::Unknown { unreadable: Some(_) });
        let is_said = |attribute: &SafeText| {
            self.message.unescaped().contains(&format!(": `{}` ", attribute.unescaped()))
        };
        self.certainty == Certainty::DependsOnUnknown
            && (self.cause.as_ref().is_some_and(is_unreadable)
                || self.attribute.as_ref().is_some_and(is_said))
    }

    /// What each of its rules finds.
    pub fn shares(&self) -> &[Self] {
        if self.shares.is_empty() { std::slice::from_ref(self) } else { &self.shares }
    }

    /// The rules that find the same as its own.
    pub fn other_rules(&self) -> impl Iterator<Item = &FindingRule> {
        self.other_rules_of(&self.shares)
    }

    /// The rules of these findings beside its own.
    pub(crate) fn other_rules_of<'f>(&'f self, shares: &'f [Self]) -> impl Iterator<Item = &'f FindingRule> {
        let mut seen = std::collections::BTreeSet::from([&self.rule.id]);
        shares.iter().map(|share| &share.rule).filter(move |rule| seen.insert(&rule.id))
    }

    /// Orders findings for reports: by resource, the most severe first. The order is total, so that a report does not
    /// depend on the order of evaluation.
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
