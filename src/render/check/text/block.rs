//! The findings of one rule with one cause: what they have in common once, and the instances below it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use planguard_guardrails::builtins;
use planguard_guardrails::change::GUARDS;
use planguard_plan::redact::SafeText;
use planguard_plan::text::escape;

use super::page::{Page, Piece};
use super::remedy::untold;
use super::{excerpt, natural, waiver_words};
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, Origin, RuleKind, SourceLine, WaiverState};
use crate::plan_rules::PlanRule;
use crate::render::colour::Style;

/// Findings of one rule that deny or warn alike, for the same reason.
pub(super) struct Block<'r> {
    /// At least one, in the order of their addresses.
    findings: Vec<&'r Finding>,
}

/// How much of a block is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// The most instances.
    pub(super) instances: usize,
    /// The configuration.
    pub(super) source: Source,
    /// The remedy.
    pub(super) remedy: Remedy,
}

/// How the configuration is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The place, and its lines.
    Excerpt,
    /// The place.
    Place,
}

/// Whether a block says how to fix it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// And those of the other guardrails that found the same.
    WithOthers,
    Shown,
    /// Another block of the rule has it.
    ShownAbove,
}

/// What several instances have in common, beside the cause.
#[derive(PartialEq, Eq)]
struct Instance {
    place: Option<String>,
    action: Option<String>,
    change: Option<String>,
    sources: Vec<String>,
    depends_on: Vec<String>,
    cause: Option<String>,
    expired: Option<String>,
}

impl<'r> Block<'r> {
    /// The findings as blocks: what denies first, the most severe first, what is certain before what is not.
    pub(super) fn of(findings: impl Iterator<Item = &'r Finding>) -> Vec<Self> {
        let mut groups: BTreeMap<_, Vec<&'r Finding>> = BTreeMap::new();
        for finding in findings {
            let others: Vec<&SafeText> = finding.other_rules().map(|rule| &rule.id).collect();
            // The result of a policy says what no other result of its rule says; a guardrail has a title for all.
            let own = (finding.rule.kind == RuleKind::Policy)
                .then(|| (cause(finding), finding.remediation.as_ref()));
            let key = (
                // Approved and waived ones are in no block.
                finding.enforcement,
                Reverse(finding.severity),
                finding.certainty == Certainty::DependsOnUnknown,
                &finding.rule.id,
                others,
                own,
            );
            groups.entry(key).or_default().push(finding);
        }
        let mut blocks: Vec<Self> = groups.into_values().map(|findings| Self { findings }).collect();
        for block in &mut blocks {
            block.findings.sort_by(|left, right| natural::compare(address(left), address(right)));
        }
        blocks
    }

    pub(super) fn denies(&self) -> bool {
        self.findings.first().is_some_and(|first| first.enforcement.denies())
    }

    pub(super) fn len(&self) -> usize {
        self.findings.len()
    }

    /// The rule with its remedy, of which one block shows it.
    pub(super) fn remedy(&self) -> Option<(&'r SafeText, &'r SafeText)> {
        let first = self.findings.first()?;
        Some((&first.rule.id, first.remediation.as_ref()?))
    }

    /// The line of the configuration that an excerpt would show.
    pub(super) fn line(&self) -> Option<(&'r SafeText, usize)> {
        let place = self.findings.first()?.source.as_deref()?;
        Some((&place.at.file, place.at.line))
    }

    /// `high[aws-instance-public-ip]`
    fn label(&self, page: &Page) -> String {
        let Some(first) = self.findings.first() else { return String::new() };
        let label = format!("{}[{}]", first.severity, first.rule.id.for_terminal_line());
        page.paint(Style::Severity(first.severity), &label)
    }

    /// What the label does not say: `(warning, undetermined)`.
    fn notes(&self) -> Option<String> {
        let first = self.findings.first()?;
        let notes: Vec<&str> = [
            (first.enforcement == Enforcement::Warn, "warning"),
            (first.enforcement == Enforcement::Approve, "needs approval"),
            (first.certainty == Certainty::DependsOnUnknown, "undetermined"),
        ]
        .into_iter()
        .filter_map(|(applies, note)| applies.then_some(note))
        .collect();
        (!notes.is_empty()).then(|| notes.join(", "))
    }

    fn addresses(&self) -> BTreeSet<(&'r str, Option<&'r SafeText>)> {
        let subjects = self.findings.iter().filter_map(|finding| finding.subject.as_ref());
        subjects.map(|subject| (subject.address.unescaped(), subject.deposed.as_ref())).collect()
    }

    /// The whole block.
    pub(super) fn full(&self, page: &mut Page, extent: Extent) {
        let Some(first) = self.findings.first() else { return };
        let causes: BTreeSet<&str> = self.findings.iter().map(|finding| cause(finding)).collect();
        let is_of_all = causes.len() == 1;
        let said = match &first.rule.title {
            Some(title) if !is_of_all => title.unescaped(),
            _ => cause(first),
        };
        let origin = (first.origin == Origin::AlreadyThere).then(|| "pre-existing".to_owned());
        let notes: Vec<String> = origin.into_iter().chain(self.notes()).collect();
        let said = if notes.is_empty() { said.to_owned() } else { format!("({}) {said}", notes.join(", ")) };
        let label = format!("{} ", self.label(page));
        let resources = self.addresses().len();
        let number = (resources > 1).then(|| format!("({resources} resources)"));
        page.prose(&label, 2, &said, number.as_deref());
        self.instances(page, extent, is_of_all);
        let others: Vec<String> = first.other_rules().map(|rule| rule.id.for_terminal_line()).collect();
        if !others.is_empty() {
            page.prose("  also: ", 8, &others.join(", "), None);
        }
        match extent.remedy {
            Remedy::WithOthers => {
                self.fix(page, first);
                self.other_remedies(page, first);
            }
            Remedy::Shown => self.fix(page, first),
            Remedy::ShownAbove => {}
        }
    }

    fn instances(&self, page: &mut Page, extent: Extent, is_of_all: bool) {
        let mut merged: Vec<(Instance, Vec<&Finding>)> = Vec::new();
        for finding in &self.findings {
            let instance = Instance::of(finding, is_of_all);
            match merged.iter_mut().find(|(other, _)| *other == instance) {
                Some((_, findings)) => findings.push(finding),
                None => merged.push((instance, vec![finding])),
            }
        }
        let mut left = extent.instances;
        let mut shown = 0;
        for (position, (instance, findings)) in merged.iter().enumerate() {
            if left == 0 {
                break;
            }
            let of_it = findings.get(..left.min(findings.len())).unwrap_or_default();
            let source = if position == 0 { extent.source } else { Source::Place };
            instance.render(page, of_it, source);
            left -= of_it.len();
            shown += of_it.len();
        }
        if shown < self.findings.len() {
            page.line(format!("      and {} more (--show all)", self.findings.len() - shown));
        }
    }

    fn fix(&self, page: &mut Page, first: &Finding) {
        let more =
            is_builtin(first).then(|| format!("planguard rules {}", first.rule.id.for_terminal_line()));
        match (self.own_remedies(), more) {
            (Some(remedy), Some(command)) => {
                let tail = format!("More: {command}");
                // On a line with its command, if one has room for both.
                if page.fits(&format!("{}| {tail}", " ".repeat(7))) {
                    page.prose("  fix: ", 7, &remedy, Some(&tail));
                } else {
                    page.prose("  fix: ", 7, &format!("{remedy} More:"), Some(&command));
                }
            }
            (Some(remedy), None) => page.prose("  fix: ", 7, &remedy, None),
            (None, Some(command)) => page.line(format!("  more: {command}")),
            (None, None) => {}
        }
    }

    /// The remedies of the other guardrails that found the same, each with its rule. What has no room is where its command
    /// shows it.
    fn other_remedies(&self, page: &mut Page, first: &Finding) {
        const MOST: usize = 3;
        let mut told: Vec<&str> = first.remediation.iter().map(SafeText::unescaped).collect();
        let others = first
            .shares
            .iter()
            .filter(|share| share.rule.kind == RuleKind::Guardrail && share.rule.id != first.rule.id);
        let mut left = MOST;
        for share in others {
            let Some(remedy) = share.remediation.as_ref().map(SafeText::unescaped) else { continue };
            let Some(untold) = untold(remedy, &told) else { continue };
            told.push(remedy);
            let rule = share.rule.id.for_terminal_line();
            let label = format!("  fix of {rule}: ");
            if left == 0 {
                page.line(format!("{label}planguard rules {rule}"));
            } else {
                left -= 1;
                page.prose(&label, 7, &untold, None);
            }
        }
    }

    /// The remedies of the rule: the same for all objects, unless it names what each of them had.
    fn own_remedies(&self) -> Option<String> {
        /// The others are in the line of values of their objects.
        const MOST: usize = 3;
        let mut remedies: Vec<&str> = Vec::new();
        for remedy in self.findings.iter().filter_map(|finding| finding.remediation.as_ref()) {
            if !remedies.contains(&remedy.unescaped()) {
                remedies.push(remedy.unescaped());
            }
        }
        remedies.truncate(MOST);
        let parts = remedies.iter().enumerate();
        let parts =
            parts.filter_map(|(place, remedy)| untold(remedy, remedies.get(..place).unwrap_or_default()));
        let parts: Vec<String> = parts.collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// The block as a line: `high[aws-instance-public-ip] aws_instance.a, aws_instance.b and 3 more`.
    pub(super) fn folded(&self, page: &mut Page) {
        let mut pieces = vec![Piece::word(self.label(page))];
        let notes = self.notes().map(|notes| page.paint(Style::Faint, &format!("({notes})")));
        pieces.extend(notes.map(Piece::word));
        let addresses = self.addresses();
        let mut addresses: Vec<&str> = addresses.into_iter().map(|(address, _)| address).collect();
        addresses.sort_by(|left, right| natural::compare(left, right));
        let mut line: String = pieces.iter().flat_map(|piece| [" ", &piece.text]).collect();
        if addresses.is_empty() {
            let words = self.findings.first().map(|first| cause(first)).unwrap_or_default();
            page.prose(&format!(" {line} "), 4, &words.replace('\n', " "), None);
            return;
        }
        for (position, address) in addresses.iter().enumerate() {
            let address = escape::for_terminal_line(address);
            let rest = addresses.len() - position;
            line.push_str(&format!("  {address}"));
            // What follows needs room too: " and 12 more".
            if position > 0 && !page.fits(&format!("{line} and {rest} more")) {
                pieces.push(Piece::word(format!("and {rest} more")));
                break;
            }
            pieces.push(if position == 0 { Piece::word(address) } else { Piece::element(address) });
        }
        page.pieces("  ", 4, &pieces);
        let expired = self.findings.iter().filter_map(|finding| expired(finding));
        for note in expired.collect::<BTreeSet<_>>() {
            page.prose("    note: ", 4, &note, None);
        }
    }
}

impl Instance {
    fn of(finding: &Finding, is_of_all: bool) -> Self {
        let source = finding.source.as_deref();
        let line = |line: &SourceLine| format!("{}:{}", line.file.for_terminal_line(), line.line);
        let place = match (source, &finding.location) {
            (Some(place), _) => Some(format!("{}:{}", line(&place.at), place.column)),
            (None, Some(place)) => Some(format!("{}:{}", place.file.for_terminal_line(), place.line)),
            (None, None) => None,
        };
        let actions = finding.subject.as_ref().and_then(|subject| subject.actions.as_ref());
        let mut sources: Vec<String> =
            source.map(|place| place.from.iter().map(line).collect()).unwrap_or_default();
        if let (Some(_), Some(place)) = (source, &finding.location) {
            sources.push(format!("{}:{}", place.file.for_terminal_line(), place.line));
        }
        Self {
            place,
            // The message of a change guard says it itself.
            action: actions
                .map(action_words)
                .filter(|action| !cause(finding).starts_with(&format!("is {action}"))),
            change: change_words(finding),
            sources,
            depends_on: finding.depends_on.iter().map(SafeText::for_terminal_line).collect(),
            cause: (!is_of_all).then(|| cause(finding).to_owned()),
            expired: expired(finding),
        }
    }

    fn render(&self, page: &mut Page, findings: &[&Finding], source: Source) {
        let mut pieces = Vec::new();
        pieces.extend(self.place.as_deref().map(Piece::fact));
        let mut seen = BTreeSet::new();
        let addresses: Vec<String> = findings
            .iter()
            .filter_map(|finding| finding.subject.as_ref())
            .map(|subject| {
                let address = subject.address.for_terminal_line();
                match &subject.deposed {
                    Some(key) => format!("{address} (deposed object {})", key.for_terminal_line()),
                    None => address,
                }
            })
            .filter(|address| seen.insert(address.clone()))
            .collect();
        for (position, address) in addresses.iter().enumerate() {
            let address = page.paint(Style::Heading, address);
            pieces.push(if position == 0 { Piece::fact(address) } else { Piece::element(address) });
        }
        pieces.extend(self.action.as_deref().map(|action| Piece::fact(page.paint(Style::Faint, action))));
        let label = self.change.as_deref().unwrap_or_default();
        let excerpt = findings
            .first()
            .filter(|_| source == Source::Excerpt)
            .and_then(|finding| excerpt::lines(finding.source.as_deref()?, label, page.layout.width));
        if excerpt.is_none() {
            pieces.extend(self.change.as_deref().map(Piece::fact));
        }
        for (position, source) in self.sources.iter().enumerate() {
            pieces.push(if position == 0 {
                Piece::fact(format!("from {source}"))
            } else {
                Piece::element(source)
            });
        }
        for (position, on) in self.depends_on.iter().enumerate() {
            let known = if position + 1 == self.depends_on.len() { " (known after apply)" } else { "" };
            pieces.push(if position == 0 {
                Piece::fact(format!("depends on {on}{known}"))
            } else {
                Piece::element(format!("{on}{known}"))
            });
        }
        if !pieces.is_empty() {
            page.pieces("  --> ", 6, &pieces);
        }
        if let Some(cause) = &self.cause {
            page.prose("      | ", 6, cause, None);
        }
        excerpt.into_iter().flatten().for_each(|line| page.line(line));
        if let Some(expired) = &self.expired {
            page.prose("      note: ", 6, expired, None);
        }
    }
}

/// Whether `planguard rules` explains the rule.
fn is_builtin(finding: &Finding) -> bool {
    let id = finding.rule.id.unescaped();
    match finding.rule.kind {
        RuleKind::Guardrail => builtins().any(|builtin| builtin.id() == id),
        RuleKind::Change => GUARDS.iter().any(|guard| guard.info.id == id) || PlanRule::find(id).is_some(),
        RuleKind::Policy => false,
    }
}

/// What became of the waiver that no longer accepts the finding.
fn expired(finding: &Finding) -> Option<String> {
    let waiver = finding.waiver.as_ref().filter(|waiver| waiver.state == WaiverState::Expired);
    waiver.map(waiver_words)
}

fn address(finding: &Finding) -> &str {
    finding.subject.as_ref().map(|subject| subject.address.unescaped()).unwrap_or_default()
}

/// The message without the address in front, which the instance has.
fn cause(finding: &Finding) -> &str {
    let message = finding.message.unescaped();
    let address = address(finding);
    let rest = message
        .strip_prefix(address)
        .and_then(|rest| rest.strip_prefix(": ").or_else(|| rest.strip_prefix(' ')));
    rest.filter(|rest| !address.is_empty() && !rest.trim().is_empty()).unwrap_or(message)
}

/// `encrypted: true → false`, `encrypted = false` or `policy`.
fn change_words(finding: &Finding) -> Option<String> {
    let attribute = finding.attribute.as_ref()?.for_terminal_line();
    let value = finding.value.as_ref().map(shortened);
    let before = finding.before.as_ref().map(shortened);
    Some(match (before, value) {
        (Some(before), Some(value)) => format!("{attribute}: {before} → {value}"),
        (None, Some(value)) => format!("{attribute} = {value}"),
        (Some(before), None) => format!("{attribute} (was {before})"),
        (None, None) if is_known_after_apply(finding) => format!("{attribute} (known after apply)"),
        (None, None) => attribute,
    })
}

/// Whether an attribute decides at apply that is read from no other resource: its provider computes it.
fn is_known_after_apply(finding: &Finding) -> bool {
    finding.attribute.is_some()
        && finding.certainty == Certainty::DependsOnUnknown
        && finding.rule.kind == RuleKind::Guardrail
        && finding.depends_on.is_empty()
        && !finding.is_about_unreadable()
}

/// A value on one line; the start of a long one.
fn shortened(value: &SafeText) -> String {
    const LONGEST: usize = 80;
    let text = value.for_terminal_line();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Terraform's words for a list of actions.
fn action_words(actions: &SafeText) -> String {
    let words = match actions.unescaped() {
        "no-op" => "unchanged",
        "create" => "created",
        "update" => "updated in-place",
        "delete" => "destroyed",
        "delete+create" => "replaced (destroy, then create)",
        "create+delete" => "replaced (create, then destroy)",
        "read" => "read",
        "forget" => "forgotten",
        "forget+create" => "replaced (forget, then create)",
        "create+forget" => "replaced (create, then forget)",
        _ => return actions.for_terminal_line(),
    };
    words.to_owned()
}
