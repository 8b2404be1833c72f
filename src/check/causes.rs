//! Joins the findings of several rules that have one cause, after waivers, the baseline and settings decided about each
//! of them: what is accepted stays apart, and what is left of the others is one finding.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use planguard_guardrails::change::SHIFT_GUARD;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{AttributePath, PathStep};

use crate::finding::{Cause, CauseKind, Certainty, Finding, PortsMessage, RuleKind};

/// The findings, those with one cause as one, in the order of reports.
pub(super) fn merged(findings: Vec<Finding>) -> Vec<Finding> {
    // What a change guard finds may be a part of what a guardrail finds, and not the other way round.
    let (of_changes, of_states): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|finding| finding.rule.kind == RuleKind::Change);
    let mut groups = Groups::default();
    for finding in of_states {
        groups.add(finding, |group, finding| group.first().is_some_and(|first| is_same(first, finding)));
    }
    for finding in of_changes {
        groups.add(finding, |group, finding| group.iter().any(|other| is_of_change(other, finding)));
    }
    let mut merged: Vec<Finding> = groups.all.into_iter().flat_map(one).collect();
    merged.sort_by(Finding::order);
    merged
}

/// Findings by their causes.
#[derive(Default)]
struct Groups {
    all: Vec<Vec<Finding>>,
    /// The positions of the groups about an address, or about a list whose objects change places.
    near: HashMap<SafeText, Vec<usize>>,
}

impl Groups {
    /// Adds a finding to the first group that it belongs to, or as one of its own.
    fn add(&mut self, finding: Finding, belongs: impl Fn(&[Finding], &Finding) -> bool) {
        let shift = shift_of(&finding).map(|block| Redactor::default().text(block));
        let Some(near) = shift.or_else(|| Some(finding.subject.as_ref()?.address.clone())) else {
            self.all.push(vec![finding]);
            return;
        };
        let near = self.near.entry(near).or_default();
        let found = near
            .iter()
            .copied()
            .find(|position| self.all.get(*position).is_some_and(|group| belongs(group, &finding)));
        match found.and_then(|position| self.all.get_mut(position)) {
            Some(group) => group.push(finding),
            None => {
                near.push(self.all.len());
                self.all.push(vec![finding]);
            }
        }
    }
}

/// What each rule finds.
pub(super) fn split(findings: Vec<Finding>) -> Vec<Finding> {
    let shares = |finding: Finding| if finding.shares.is_empty() { vec![finding] } else { finding.shares };
    findings.into_iter().flat_map(shares).collect()
}

/// The `count` list of a finding that its shift causes.
fn shift_of(finding: &Finding) -> Option<&str> {
    match &finding.cause.as_ref()?.kind {
        CauseKind::Shift(block) => Some(block),
        CauseKind::Declared(_) | CauseKind::Unknown { .. } | CauseKind::Attribute => None,
    }
}

/// Whether two findings can be one: about the same object, and to be acted on in the same way.
fn can_be_one(left: &Finding, right: &Finding) -> bool {
    let is_open = |finding: &Finding| !finding.enforcement.is_accepted() && finding.waiver.is_none();
    let is_shift = shift_of(left).is_some() && shift_of(left) == shift_of(right);
    left.subject.is_some()
        && (left.subject == right.subject || is_shift)
        && left.certainty == right.certainty
        && left.origin == right.origin
        && is_open(left)
        && is_open(right)
}

/// Whether two guardrails found the same cause.
fn is_same(left: &Finding, right: &Finding) -> bool {
    let (Some(one), Some(other)) = (&left.cause, &right.cause) else { return false };
    can_be_one(left, right)
        && one.place == other.place
        && match (&one.kind, &other.kind) {
            (CauseKind::Declared(one), CauseKind::Declared(other)) => one == other,
            (CauseKind::Unknown { unreadable: one }, CauseKind::Unknown { unreadable: other }) => {
                one == other
            }
            // Several things can be wrong about one attribute, unless guardrails say that it is one.
            (
                CauseKind::Declared(_)
                | CauseKind::Unknown { .. }
                | CauseKind::Attribute
                | CauseKind::Shift(_),
                _,
            ) => false,
        }
}

/// Whether a change guard found the change of what another rule found.
fn is_of_change(other: &Finding, change: &Finding) -> bool {
    let (Some(of_other), Some(of_change)) = (&other.cause, &change.cause) else { return false };
    let starts_with = |path: &AttributePath, start: &AttributePath| path.0.starts_with(&start.0);
    let is_near = |place: &AttributePath| {
        !place.is_empty() && (starts_with(place, &of_change.place) || starts_with(&of_change.place, place))
    };
    // Settings of one block that guardrails call one cause, such as the switch of an endpoint and its ranges.
    let block = |path: &AttributePath| match path.0.as_slice() {
        [block @ .., PathStep::Index(_)] => block.split_last().map(|(_, block)| block.to_vec()),
        [block @ .., PathStep::Key(_)] => Some(block.to_vec()),
        [] => None,
    };
    let is_beside = |attribute: &AttributePath| {
        let block_of_change = block(&of_change.place).filter(|block| !block.is_empty());
        matches!(of_other.kind, CauseKind::Declared(_))
            && block_of_change.is_some()
            && block_of_change == block(attribute)
    };
    let attribute = of_other.attribute.as_ref();
    can_be_one(other, change)
        && (shift_of(other).is_some()
            || is_near(&of_other.place)
            || attribute.is_some_and(|attribute| is_near(attribute) || is_beside(attribute)))
}

/// Makes one finding of those with one cause.
fn one(mut group: Vec<Finding>) -> Vec<Finding> {
    let is_change = |finding: &Finding| finding.rule.kind == RuleKind::Change && finding.attribute.is_some();
    // One change guard tells all the settings in a sentence, where guardrails tell one each.
    let several_change = group.iter().filter(|finding| is_change(finding)).count() > 1;
    group.sort_by(|left, right| {
        let rank = |finding: &Finding| {
            let is_later = !(several_change && is_change(finding));
            (finding.enforcement, Reverse(finding.severity), is_later, finding.rule.kind)
        };
        rank(left).cmp(&rank(right)).then_with(|| left.order(right))
    });
    let Some(strictest) = group.first().filter(|_| group.len() > 1) else { return group };
    let (enforcement, severity) = (strictest.enforcement, strictest.severity);
    let first = match shift_of(strictest) {
        None => strictest,
        Some(_) => match group.iter().find(|share| share.rule.id.unescaped() == SHIFT_GUARD) {
            Some(shift) => shift,
            // Somebody accepted it, or its rule is off.
            None => return group,
        },
    };
    let depends_on: BTreeSet<&SafeText> = group.iter().flat_map(|share| &share.depends_on).collect();
    let finding = Finding {
        enforcement,
        severity,
        message: message(first, &group),
        depends_on: depends_on.into_iter().cloned().collect(),
        shares: group.clone(),
        ..first.clone()
    };
    vec![finding]
}

/// What the shift of a list does, with what other rules find about its objects: their titles, and how often.
fn of_shift(first: &Finding, group: &[Finding]) -> SafeText {
    let mut text = first.message.clone();
    for rule in first.other_rules_of(group) {
        let number = group.iter().filter(|share| share.rule.id == rule.id).count();
        let title = rule.title.as_ref().map_or_else(|| rule.id.unescaped(), SafeText::unescaped);
        let mut letters = title.chars();
        let title: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
        let objects = if number == 1 { "object" } else { "objects" };
        let part = Redactor::default().text(&format!("; {title} ({number} {objects})"));
        text = SafeText::concat([&text, &part]);
    }
    text
}

/// Whether a finding says of a setting what the change of the setting says. Where several settings change, one clause each
/// is enough.
fn is_told_by_change(share: &Finding, group: &[Finding]) -> bool {
    let is_change = |other: &&Finding| other.rule.kind == RuleKind::Change && other.attribute.is_some();
    share.rule.kind == RuleKind::Guardrail
        && group.iter().filter(is_change).count() > 1
        && group.iter().filter(is_change).any(|change| change.attribute == share.attribute)
}

/// Whether two rules are about one change of one setting: what it is now and what it was stand in the line of values.
fn is_of_the_same_setting(first: &Finding, share: &Finding) -> bool {
    let kinds = (first.rule.kind, share.rule.kind);
    let is_other = match kinds {
        (RuleKind::Guardrail, RuleKind::Change) | (RuleKind::Change, RuleKind::Guardrail) => true,
        (RuleKind::Change, RuleKind::Change) => first.rule.id != share.rule.id,
        _ => false,
    };
    is_other
        && first.attribute.is_some()
        && first.attribute == share.attribute
        && (first.before.is_some() || share.before.is_some())
        && [first, share].iter().any(|finding| {
            finding.rule.kind == RuleKind::Change && finding.message.unescaped().contains("` changes from `")
        })
}

/// What a finding of the same change guard says of another setting, without the words before the colon that both have.
fn same_lead(first: &Finding, share: &Finding) -> Option<SafeText> {
    if first.rule.kind != RuleKind::Change || first.rule.id != share.rule.id {
        return None;
    }
    let (lead, _) = first.message.unescaped().split_once(": ")?;
    let rest = share.message.unescaped().strip_prefix(lead)?.strip_prefix(": ")?;
    // It was escaped when the whole was.
    Some(Redactor::default().text(rest))
}

/// Whether the ports that a change opens are among those that a message names, as `22` or `8000-9000`.
fn names_no_other_port(change: &Finding, told: Option<&SafeText>) -> bool {
    let words = change.message.unescaped();
    let traffic = words.rsplit_once(" on ").map_or(words, |(_, traffic)| traffic);
    let told = told.map(SafeText::unescaped).unwrap_or_default();
    let ports = |text: &'_ str| -> BTreeSet<String> {
        let parts = text.split(|one: char| !one.is_ascii_digit() && one != '-');
        parts
            .filter(|part| part.starts_with(|one: char| one.is_ascii_digit()))
            .map(ToOwned::to_owned)
            .collect()
    };
    told.contains("all ports") || ports(traffic).is_subset(&ports(told))
}

/// What a message says of its object, without the address in front: `ADDRESS is ...`, or `ADDRESS: ...`.
fn of_object(message: &SafeText, address: &SafeText) -> SafeText {
    let rest = message.unescaped().strip_prefix(address.unescaped());
    match rest.and_then(|rest| rest.strip_prefix(": ")) {
        // It was escaped when the whole was.
        Some(rest) => Redactor::default().text(rest),
        None => message.after(address).unwrap_or_else(|| message.clone()),
    }
}

/// What several findings say together.
fn message(first: &Finding, group: &[Finding]) -> SafeText {
    let plain = Redactor::default();
    let address = first.subject.as_ref().map(|subject| subject.address.clone()).unwrap_or_default();
    if let (Certainty::DependsOnUnknown, Some(attribute)) = (first.certainty, &first.attribute) {
        let unreadable = first.cause.as_ref().and_then(|cause| match &cause.kind {
            CauseKind::Unknown { unreadable } => unreadable.clone(),
            CauseKind::Declared(_) | CauseKind::Attribute | CauseKind::Shift(_) => None,
        });
        let more = match group.len() - 1 {
            1 => "1 more rule".to_owned(),
            more => format!("{more} more rules"),
        };
        return match unreadable {
            // The words of the first rule end with the reason as well.
            Some(reason) => SafeText::concat([
                &address,
                &plain.text(&format!(" may violate {} rules: `", group.len())),
                attribute,
                &plain.text(&format!("` {reason}")),
            ]),
            None => SafeText::concat([
                &first.message,
                &plain.text(&format!(", and violate {more}, depending on `")),
                attribute,
                &SafeText::fixed("`"),
            ]),
        };
    }
    if shift_of(first).is_some() {
        return of_shift(first, group);
    }
    let ports = |finding: &Finding| finding.cause.as_ref().and_then(|cause: &Cause| cause.ports.clone());
    let (start, told_by_ports) = match ports(first) {
        Some(of_first) => {
            let all = group.iter().filter_map(ports).fold(of_first.ports, |all, next| all.and(&next.ports));
            (plain.text(&PortsMessage { ports: all, ..of_first }.words()), true)
        }
        None => (first.message.clone(), false),
    };
    let mut parts = vec![start];
    for share in group.iter().skip(1) {
        // The ports are in the message, and how they changed is in the values.
        let is_told = || match share.rule.kind {
            RuleKind::Change => names_no_other_port(share, parts.first()),
            RuleKind::Guardrail | RuleKind::Policy => ports(share).is_some(),
        };
        if told_by_ports && is_told() {
            continue;
        }
        if is_told_by_change(share, group) {
            continue;
        }
        // The change says the same, and of which setting.
        if let Some(rest) = share.message.unescaped().strip_prefix(first.message.unescaped())
            && rest.starts_with(": ")
        {
            parts.push(plain.text(rest));
            continue;
        }
        if is_of_the_same_setting(first, share) {
            continue;
        }
        if let Some(next) = same_lead(first, share) {
            parts.push(SafeText::concat([&SafeText::fixed(", "), &next]));
            continue;
        }
        let words = share.message.unescaped();
        let is_said = parts.iter().any(|part| part.unescaped().ends_with(words));
        if !is_said {
            let rest = of_object(&share.message, &address);
            parts.push(SafeText::concat([&SafeText::fixed("; "), &rest]));
        }
    }
    SafeText::concat(parts.iter().collect::<Vec<_>>())
}
