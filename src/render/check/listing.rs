//! The findings of all plans in one list, with what formats for other programs need of each.

use std::cmp::Reverse;

use planguard_plan::redact::SafeText;

use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, Origin};
use crate::fingerprint::Fingerprints;
use crate::report::{OutputAction, OutputReport, PlanReport, Report};

/// The most outputs of an action that are named.
const MOST_OUTPUTS: usize = 8;

/// `2 to add (endpoint, zone), 1 to change (size)`, with each name as the medium needs it; `None` if no output changes.
pub(super) fn outputs_words(outputs: &[OutputReport], name: impl Fn(&SafeText) -> String) -> Option<String> {
    let of_action = |action: OutputAction| {
        let names: Vec<String> = outputs
            .iter()
            .filter(|output| output.action == action)
            .map(|output| name(&output.name))
            .collect();
        let named = names.iter().take(MOST_OUTPUTS).cloned().collect::<Vec<_>>().join(", ");
        let more = match names.len().saturating_sub(MOST_OUTPUTS) {
            0 => String::new(),
            more => format!(", {more} more"),
        };
        (!names.is_empty()).then(|| format!("{} {} ({named}{more})", names.len(), action.words()))
    };
    let actions: Vec<String> = OutputAction::ALL.into_iter().filter_map(of_action).collect();
    (!actions.is_empty()).then(|| actions.join(", "))
}

/// `3 → 5`: the values of an output, as far as they may be told.
pub(super) fn output_values(output: &OutputReport) -> SafeText {
    let long = SafeText::fixed("(a long value)");
    let value = |value: &Option<SafeText>| value.clone().unwrap_or_else(|| long.clone());
    match output.action {
        OutputAction::Create => value(&output.after),
        OutputAction::Delete => value(&output.before),
        OutputAction::Change => {
            SafeText::concat([&value(&output.before), &SafeText::fixed(" → "), &value(&output.after)])
        }
    }
}

/// A finding with its plan.
#[derive(Clone, Debug)]
pub(super) struct Listed<'r> {
    pub(super) plan: &'r PlanReport,
    pub(super) finding: &'r Finding,
    /// Identifies the finding from run to run, as hexadecimal.
    pub(super) fingerprint: String,
}

/// Where to show a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'r> {
    pub(super) file: &'r SafeText,
    /// The line, counted from 1; `None` for a plan file, whose lines say nothing.
    pub(super) line: Option<u64>,
    /// The first character in the line, and the one behind the last, counted from 1.
    pub(super) columns: Option<(usize, usize)>,
}

/// What the reader of a report does with a finding, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// The plan introduces it.
    New,
    /// It depends on values known after apply.
    Undetermined,
    /// The object fails the rule before the plan as well.
    PreExisting,
    /// Enough people approved it.
    Approved,
    /// A waiver accepts it.
    Waived,
    /// The baseline has it.
    Baseline,
}

/// The findings of all plans, in the order of the report.
pub(super) fn findings(report: &Report) -> Vec<Listed<'_>> {
    let mut fingerprints = Fingerprints::default();
    let all = report.plans.iter().flat_map(|plan| plan.findings.iter().map(move |finding| (plan, finding)));
    all.filter(|(_, finding)| finding.enforcement != Enforcement::Off)
        .map(|(plan, finding)| Listed { plan, finding, fingerprint: fingerprints.next(finding) })
        .collect()
}

/// The same, denials first, then what is new, then the most severe.
pub(super) fn worst_first(report: &Report) -> Vec<Listed<'_>> {
    let mut listed = findings(report);
    listed.sort_by_key(|listed| {
        let finding = listed.finding;
        (finding.enforcement, listed.group(), Reverse(finding.severity))
    });
    listed
}

/// `approved by alice, bob`.
pub(super) fn approved_by(finding: &Finding) -> SafeText {
    SafeText::concat([&SafeText::fixed("approved by "), &joined(&finding.approved_by, ", ")])
}

/// Texts behind each other.
pub(super) fn joined(texts: &[SafeText], separator: &'static str) -> SafeText {
    let separator = SafeText::fixed(separator);
    let parts = texts.iter().flat_map(|text| [&separator, text]).skip(1);
    SafeText::concat(parts.collect::<Vec<_>>())
}

impl<'r> Listed<'r> {
    /// Where to show it: in the configuration if its place is known, in the file that a policy names, or in the plan.
    pub(super) fn place(&self) -> Place<'r> {
        let Self { plan, finding, .. } = self;
        if let Some(source) = &finding.source {
            return Place {
                file: &source.at.file,
                line: Some(source.at.line as u64),
                columns: Some((source.column, source.end_column)),
            };
        }
        match &finding.location {
            Some(location) => Place { file: &location.file, line: Some(location.line), columns: None },
            None => Place { file: &plan.origin, line: None, columns: None },
        }
    }

    /// The address; `None` for a finding about the whole plan.
    pub(super) fn address(&self) -> Option<&'r SafeText> {
        self.finding.subject.as_ref().map(|subject| &subject.address)
    }

    /// In which group it belongs.
    pub(super) fn group(&self) -> Group {
        let finding = self.finding;
        match (finding.enforcement, finding.certainty, finding.origin) {
            (Enforcement::Waived, _, _) => Group::Waived,
            (Enforcement::Approved, _, _) => Group::Approved,
            (Enforcement::Baseline, _, _) => Group::Baseline,
            (_, _, Origin::AlreadyThere) => Group::PreExisting,
            (_, Certainty::DependsOnUnknown, Origin::Introduced) => Group::Undetermined,
            (_, Certainty::Certain, Origin::Introduced) => Group::New,
        }
    }

    /// `undetermined`, `pre-existing`: what qualifies it.
    pub(super) fn notes(&self) -> Vec<&'static str> {
        let mut notes = Vec::new();
        if self.finding.certainty == Certainty::DependsOnUnknown {
            let is_unreadable = self.finding.is_about_unreadable();
            notes.push(if is_unreadable {
                "undetermined: unreadable"
            } else {
                "undetermined: known after apply"
            });
        }
        if self.finding.origin == Origin::AlreadyThere {
            notes.push("pre-existing");
        }
        notes
    }

    /// `before → after`, or the value alone; `None` if there is no value.
    pub(super) fn value(&self) -> Option<SafeText> {
        let arrow = SafeText::fixed(" → ");
        match (&self.finding.before, &self.finding.value) {
            (Some(before), Some(after)) => Some(SafeText::concat([before, &arrow, after])),
            (None, Some(after)) => Some(after.clone()),
            (Some(before), None) => Some(SafeText::concat([before, &arrow])),
            (None, None) => None,
        }
    }

    /// `approved by alice, bob`, or that it needs approval; `None` if it needs none.
    pub(super) fn approval(&self) -> Option<SafeText> {
        match self.finding.enforcement {
            Enforcement::Approve => Some(SafeText::fixed("needs approval")),
            Enforcement::Approved => Some(approved_by(self.finding)),
            Enforcement::Deny
            | Enforcement::Warn
            | Enforcement::Waived
            | Enforcement::Baseline
            | Enforcement::Off => None,
        }
    }

    /// `also violates a, b`: the other rules that find the same.
    pub(super) fn others(&self) -> Option<SafeText> {
        let others: Vec<SafeText> = self.finding.other_rules().map(|rule| rule.id.clone()).collect();
        let words = SafeText::fixed("also violates ");
        (!others.is_empty()).then(|| SafeText::concat([&words, &joined(&others, ", ")]))
    }

    /// The message, `attribute: before → after` and the remedy: lines for a reader who sees nothing else.
    pub(super) fn lines(&self) -> Vec<SafeText> {
        let finding = self.finding;
        let mut lines = vec![finding.message.clone()];
        if let Some(attribute) = &finding.attribute {
            let value = self.value().map(|value| SafeText::concat([&SafeText::fixed(": "), &value]));
            lines.push(SafeText::concat([attribute, &value.unwrap_or_default()]));
        }
        if let Some(waiver) = &finding.waiver {
            lines.push(SafeText::concat([&SafeText::fixed("waiver: "), &waiver.reason]));
        }
        lines.extend(self.others());
        lines.extend(self.approval());
        if let Some(remediation) = &finding.remediation {
            lines.push(SafeText::concat([&SafeText::fixed("fix: "), remediation]));
        }
        lines
    }
}
