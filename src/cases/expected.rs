//! Compares the expected findings of a case with the actual ones.

use std::ops::Range;

use planguard_plan::redact::{Redactor, SafeText};
use planguard_rule::Severity;

use super::diff::{Diff, DiffLine, DiffMark};
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, RuleKind};

/// A finding that a case expects.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// The id of a guardrail, or the path of a policy rule without `data.`.
    pub(super) rule: String,
    /// The place of the rule's name.
    pub(super) span: Range<usize>,
    /// The resource; `None` for a finding about the whole plan.
    pub(super) address: Option<SafeText>,
    pub(super) certainty: Certainty,
    pub(super) message: Option<SafeText>,
    pub(super) severity: Option<Severity>,
    pub(super) enforcement: Option<Enforcement>,
}

/// An actual finding in the form of expectations.
#[derive(Clone, Debug)]
pub(super) struct ActualFinding {
    pub(super) rule: String,
    pub(super) address: Option<SafeText>,
    pub(super) certainty: Certainty,
    pub(super) message: SafeText,
    pub(super) severity: Severity,
    pub(super) enforcement: Enforcement,
}

impl ActualFinding {
    pub(super) fn new(finding: &Finding) -> Self {
        let id = finding.rule.id.unescaped();
        let rule = match finding.rule.kind {
            RuleKind::Policy => without_data(id),
            RuleKind::Guardrail | RuleKind::Change => id,
        };
        Self {
            rule: rule.to_owned(),
            address: finding.subject.as_ref().map(|subject| subject.address.clone()),
            certainty: finding.certainty,
            message: finding.message.clone(),
            severity: finding.severity,
            enforcement: finding.enforcement,
        }
    }
}

/// Returns the path of a policy rule as cases write it.
pub(super) fn without_data(path: &str) -> &str {
    path.strip_prefix("data.").unwrap_or(path)
}

impl Expected {
    fn is(&self, found: &ActualFinding) -> bool {
        self.is_near(found)
            && self.certainty == found.certainty
            && self.message.as_ref().is_none_or(|message| *message == found.message)
            && self.severity.is_none_or(|severity| severity == found.severity)
            && self.enforcement.is_none_or(|enforcement| enforcement == found.enforcement)
    }

    /// Returns whether rule and resource match, whatever else differs.
    fn is_near(&self, found: &ActualFinding) -> bool {
        self.rule == found.rule && self.address == found.address
    }
}

/// The result of a comparison.
pub(super) struct Comparison {
    /// The index of the expectation that each finding fulfils or resembles.
    pub(super) expectation: Vec<Option<usize>>,
    /// The differences.
    pub(super) diff: Diff,
}

/// Compares findings and expectations as multisets.
pub(super) fn compare(expected: &[Expected], found: &[ActualFinding]) -> Comparison {
    let mut fulfils = assign(expected, found);
    let mut missing: Vec<usize> =
        (0..expected.len()).filter(|position| !fulfils.contains(&Some(*position))).collect();
    let unexpected: Vec<usize> = (0..found.len()).filter(|position| fulfils[*position].is_none()).collect();
    // Pair the most similar ones first.
    let nearness: [fn(&Expected, &ActualFinding) -> bool; 3] = [
        Expected::is_near,
        |expected, found| expected.rule == found.rule,
        |expected, found| expected.address.is_some() && expected.address == found.address,
    ];
    let mut pairs: Vec<(Option<usize>, Option<usize>)> = Vec::new();
    for near in nearness {
        for position in &unexpected {
            if fulfils[*position].is_some() {
                continue;
            }
            let partner = missing.iter().position(|missing| near(&expected[*missing], &found[*position]));
            if let Some(partner) = partner {
                let partner = missing.remove(partner);
                fulfils[*position] = Some(partner);
                pairs.push((Some(partner), Some(*position)));
            }
        }
    }
    pairs.extend(missing.into_iter().map(|position| (Some(position), None)));
    let rest = unexpected.iter().filter(|position| fulfils[**position].is_none());
    pairs.extend(rest.map(|position| (None, Some(*position))));
    // In file order, with unexpected findings at the end.
    pairs.sort_by_key(|(expectation, finding)| (expectation.unwrap_or(usize::MAX), *finding));
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|(missing, unexpected)| {
            (missing.map(|position| &expected[position]), unexpected.map(|position| &found[position]))
        })
        .collect();
    Comparison { expectation: fulfils, diff: Diff { lines: lines(&pairs) } }
}

/// Assigns to each finding an expectation that it fulfils, as many as possible (by augmenting paths): an expectation
/// without a message must not take the only finding for one with a message.
fn assign(expected: &[Expected], found: &[ActualFinding]) -> Vec<Option<usize>> {
    fn augment(
        position: usize,
        expected: &[Expected],
        found: &[ActualFinding],
        tried: &mut [bool],
        fulfils: &mut [Option<usize>],
    ) -> bool {
        for candidate in 0..found.len() {
            if tried[candidate] || !expected[position].is(&found[candidate]) {
                continue;
            }
            tried[candidate] = true;
            let free = match fulfils[candidate] {
                None => true,
                Some(other) => augment(other, expected, found, tried, fulfils),
            };
            if free {
                fulfils[candidate] = Some(position);
                return true;
            }
        }
        false
    }
    let mut fulfils = vec![None; found.len()];
    for position in 0..expected.len() {
        augment(position, expected, found, &mut vec![false; found.len()], &mut fulfils);
    }
    fulfils
}

/// Returns a line for each side of each pair, in columns.
fn lines(pairs: &[(Option<&Expected>, Option<&ActualFinding>)]) -> Vec<DiffLine> {
    let place = |address: Option<&SafeText>| address.cloned().unwrap_or(SafeText::fixed("(plan)"));
    let author = Redactor::default();
    let mut rows: Vec<(DiffMark, [SafeText; 3])> = Vec::new();
    for (expected, found) in pairs {
        if let Some(expected) = expected {
            let severity = expected.severity.map(Severity::as_str);
            let enforcement = expected.enforcement.map(Enforcement::as_str);
            let reported = reported(severity, enforcement, expected.certainty, expected.message.as_ref());
            let address = place(expected.address.as_ref());
            rows.push((DiffMark::Missing, [author.text(&expected.rule), address, reported]));
        }
        if let Some(found) = found {
            // Show only properties that the expectation has.
            let severity = expected.and_then(|expected| expected.severity).map(|_| found.severity.as_str());
            let enforcement =
                expected.and_then(|expected| expected.enforcement).map(|_| found.enforcement.as_str());
            let reported = reported(severity, enforcement, found.certainty, Some(&found.message));
            let address = place(found.address.as_ref());
            rows.push((DiffMark::Unexpected, [author.text(&found.rule), address, reported]));
        }
    }
    let width = |column: fn(&[SafeText; 3]) -> &SafeText| {
        rows.iter().map(|(_, row)| column(row).unescaped().chars().count()).max().unwrap_or(0)
    };
    let (rule_width, address_width) = (width(|[rule, ..]| rule), width(|[_, address, _]| address));
    let gap = SafeText::fixed("  ");
    rows.iter()
        .map(|(mark, [rule, address, reported])| {
            let rule = rule.padded(rule_width);
            let text = match reported.unescaped().is_empty() {
                true => SafeText::concat([&rule, &gap, address]),
                false => SafeText::concat([&rule, &gap, &address.padded(address_width), &gap, reported]),
            };
            DiffLine { mark: *mark, text }
        })
        .collect()
}

fn reported(
    severity: Option<&'static str>,
    enforcement: Option<&'static str>,
    certainty: Certainty,
    message: Option<&SafeText>,
) -> SafeText {
    let certainty = match certainty {
        Certainty::Certain => None,
        Certainty::DependsOnUnknown => Some("undetermined"),
    };
    let mut reported = Vec::new();
    for word in [severity, enforcement, certainty].into_iter().flatten() {
        reported.push(SafeText::fixed(if reported.is_empty() { "[" } else { ", " }));
        reported.push(SafeText::fixed(word));
    }
    if !reported.is_empty() {
        reported.push(SafeText::fixed(if message.is_some() { "] " } else { "]" }));
    }
    reported.extend(message.cloned());
    SafeText::concat(&reported)
}
