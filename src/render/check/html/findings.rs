//! The findings of a page, in groups, the worst first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use planguard_page::Text;
use planguard_page::model::{Finding, FindingGroup, FindingMark, Level, RuleFindings};
use planguard_plan::redact::SafeText;
use planguard_rule::Severity;

use crate::enforcement::Enforcement;
use crate::finding::FindingWaiver;
use crate::render::check::listing::{Group, Listed, worst_first};
use crate::render::check::verdict_line::severities;
use crate::render::layout::count;
use crate::report::Report;

/// The findings of a report with what a page needs to know of each beside it.
pub(super) struct Findings<'r> {
    /// In the order of the page.
    all: Vec<Listed<'r>>,
    /// Where each group begins.
    groups: Vec<(Group, usize)>,
}

/// The group of a finding. What depends on values known after apply denies as others do: a page shows it among them.
fn group(listed: &Listed<'_>) -> Group {
    match listed.group() {
        Group::New | Group::Undetermined => Group::New,
        other @ (Group::PreExisting | Group::Approved | Group::Waived | Group::Baseline) => other,
    }
}

/// The findings about an address: positions and marks.
#[derive(Clone, Debug, Default)]
pub(super) struct AtAddress {
    pub(super) positions: Vec<usize>,
    pub(super) marks: Vec<FindingMark>,
    /// The worst severity of those that deny, if any does.
    pub(super) denied: Option<Severity>,
    /// The same of those that only warn.
    pub(super) warned: Option<Severity>,
}

impl<'r> Findings<'r> {
    pub(super) fn of(report: &'r Report) -> Self {
        let mut all = worst_first(report);
        // What denies comes first within each group.
        all.sort_by_key(|listed| {
            let finding = listed.finding;
            (group(listed), finding.enforcement, Reverse(finding.severity), listed.group())
        });
        let mut groups: Vec<(Group, usize)> = Vec::new();
        for (position, listed) in all.iter().enumerate() {
            if groups.last().is_none_or(|(last, _)| *last != group(listed)) {
                groups.push((group(listed), position));
            }
        }
        Self { all, groups }
    }

    /// The findings by the position of their plan and the address.
    pub(super) fn by_address(&self, report: &'r Report) -> BTreeMap<(usize, &'r str), AtAddress> {
        let mut by_address: BTreeMap<(usize, &str), AtAddress> = BTreeMap::new();
        for (position, listed) in self.all.iter().enumerate() {
            let (Some(plan), Some(address)) = (plan_of(report, listed), listed.address()) else { continue };
            let at = by_address.entry((plan, address.unescaped())).or_default();
            let finding = listed.finding;
            let (severity, level) = (finding.severity.as_str(), level(finding.enforcement));
            at.positions.push(position);
            match at.marks.iter_mut().find(|mark| mark.severity == severity && mark.level == level) {
                Some(mark) => mark.number += 1,
                None => at.marks.push(FindingMark { severity, level, number: 1 }),
            }
            if finding.enforcement.denies() {
                at.denied = at.denied.max(Some(finding.severity));
            } else if finding.enforcement == Enforcement::Warn {
                at.warned = at.warned.max(Some(finding.severity));
            }
        }
        by_address
    }

    /// How many there are of each level and severity.
    pub(super) fn levels(&self) -> Vec<Level> {
        let of = |wanted: fn(Enforcement) -> bool| {
            self.all.iter().filter(|listed| wanted(listed.finding.enforcement)).count()
        };
        let denies = of(Enforcement::denies);
        let warns = of(|enforcement| enforcement == Enforcement::Warn);
        let accepted = of(Enforcement::is_accepted);
        let by_level = [
            ("deny", denies, if denies == 1 { "denies" } else { "deny" }),
            ("warn", warns, if warns == 1 { "warns" } else { "warn" }),
            ("accepted", accepted, "accepted"),
        ];
        let by_severity = Severity::ALL.into_iter().rev().map(|severity| {
            let number = self.all.iter().filter(|listed| listed.finding.severity == severity).count();
            (severity.as_str(), number, severity.as_str())
        });
        by_level
            .into_iter()
            .chain(by_severity)
            .filter(|(_, number, _)| *number > 0)
            .map(|(name, number, words)| Level { name, words: Text::composed(format!("{number} {words}")) })
            .collect()
    }

    /// The groups of the page. `resource` finds the row of an address.
    pub(super) fn groups(
        &self,
        report: &Report,
        resource: &dyn Fn(usize, &str) -> Option<usize>,
    ) -> Vec<FindingGroup> {
        let ends = self.groups.iter().skip(1).map(|(_, start)| *start).chain([self.all.len()]);
        // What denies is not folded if nothing above denies: the reader looks for the reason.
        let mut is_explained = false;
        self.groups
            .iter()
            .zip(ends)
            .map(|((group, start), end)| {
                let listed = self.all.get(*start..end).unwrap_or_default();
                let denies = listed.iter().any(|listed| listed.finding.enforcement.denies());
                let is_open = *group == Group::New || denies && !is_explained;
                is_explained |= denies;
                let shown = |at: usize, listed: &Listed<'_>| shown(start + at, listed, report, resource);
                FindingGroup { title: title(*group, listed), is_open, rules: by_rule(listed, &shown) }
            })
            .collect()
    }
}

/// The position of the plan of a finding.
fn plan_of(report: &Report, listed: &Listed<'_>) -> Option<usize> {
    report.plans.iter().position(|plan| std::ptr::eq(plan, listed.plan))
}

/// What filters and colours distinguish.
const fn level(enforcement: Enforcement) -> &'static str {
    match enforcement {
        Enforcement::Deny | Enforcement::Approve => "deny",
        Enforcement::Warn => "warn",
        Enforcement::Approved | Enforcement::Waived | Enforcement::Baseline | Enforcement::Off => "accepted",
    }
}

const fn effect(enforcement: Enforcement) -> &'static str {
    match enforcement {
        Enforcement::Deny => "denies",
        Enforcement::Approve => "needs approval",
        Enforcement::Warn => "warns",
        Enforcement::Approved => "approved",
        Enforcement::Waived => "waived",
        Enforcement::Baseline => "in the baseline",
        Enforcement::Off => "off",
    }
}

/// `3 new findings (1 critical, 2 high)`.
fn title(group: Group, listed: &[Listed<'_>]) -> Text {
    let number = listed.len();
    let words = match group {
        Group::New | Group::Undetermined => count(number, "new finding", "new findings"),
        Group::PreExisting => count(number, "pre-existing finding", "pre-existing findings"),
        Group::Approved => count(number, "approved finding", "approved findings"),
        Group::Waived => count(number, "waived finding", "waived findings"),
        Group::Baseline => format!("{} in the baseline", count(number, "finding", "findings")),
    };
    Text::composed(format!("{words} ({})", severities(listed.iter().map(|listed| listed.finding))))
}

/// Findings by rule, severity and effect, in the order of the first of each.
fn by_rule(all: &[Listed<'_>], shown: &dyn Fn(usize, &Listed<'_>) -> Finding) -> Vec<RuleFindings> {
    let mut rules: Vec<RuleFindings> = Vec::new();
    let mut known: HashMap<(&SafeText, Severity, Enforcement), usize> = HashMap::new();
    for (at, listed) in all.iter().enumerate() {
        let finding = listed.finding;
        let key = (&finding.rule.id, finding.severity, finding.enforcement);
        let place = *known.entry(key).or_insert_with(|| {
            rules.push(RuleFindings {
                rule: Text::from(&finding.rule.id),
                title: finding.rule.title.as_ref().map(Text::from),
                severity: finding.severity.as_str(),
                effect: effect(finding.enforcement),
                level: level(finding.enforcement),
                remedy: None,
                findings: Vec::new(),
            });
            rules.len() - 1
        });
        if let Some(rule) = rules.get_mut(place) {
            rule.findings.push(shown(at, listed));
        }
    }
    for rule in &mut rules {
        let first = rule.findings.first().and_then(|finding| finding.remedy.clone());
        if rule.findings.iter().all(|finding| finding.remedy == first) {
            rule.findings.iter_mut().for_each(|finding| finding.remedy = None);
            rule.remedy = first;
        }
    }
    rules
}

fn shown(
    position: usize,
    listed: &Listed<'_>,
    report: &Report,
    resource: &dyn Fn(usize, &str) -> Option<usize>,
) -> Finding {
    let finding = listed.finding;
    let plan = plan_of(report, listed);
    let address = listed.address();
    let text = |text: &Option<SafeText>| text.as_ref().map(Text::from);
    let place = listed.place();
    // A message that begins with the address goes on behind its link.
    let behind = address.and_then(|address| {
        let with_colon = SafeText::concat([address, &SafeText::fixed(":")]);
        finding.message.after(address).or_else(|| finding.message.after(&with_colon))
    });
    Finding {
        position,
        notes: listed.notes().into_iter().map(Text::from).collect(),
        follows_address: behind.is_some(),
        message: behind.as_ref().map_or_else(|| Text::from(&finding.message), Text::from),
        others: other_rules(listed),
        plan: (report.plans.len() > 1).then(|| Text::from(&listed.plan.origin)),
        resource: address.zip(plan).and_then(|(address, plan)| resource(plan, address.unescaped())),
        address: address.map(Text::from),
        attribute: text(&finding.attribute),
        before: text(&finding.before),
        value: text(&finding.value),
        place: place.line.map(|line| Text::composed(format!("{}:{line}", place.file.for_document()))),
        remedy: text(&finding.remediation),
        waiver: finding.waiver.as_ref().map(waiver),
        approval: listed.approval().as_ref().map(Text::from),
    }
}

/// `Other rules that find it: a, b`; `None` if there are none.
fn other_rules(listed: &Listed<'_>) -> Option<Text> {
    let ids: Vec<String> = listed.finding.other_rules().map(|rule| rule.id.for_document()).collect();
    let rules = if ids.len() == 1 { "Another rule that finds it" } else { "Other rules that find it" };
    (!ids.is_empty()).then(|| Text::composed(format!("{rules}: {}", ids.join(", "))))
}

/// `the shop is public (until 2027-01-31, by alice)`.
fn waiver(waiver: &FindingWaiver) -> Text {
    let parts = [("until ", &waiver.expires), ("by ", &waiver.owner), ("", &waiver.ticket)];
    let about: Vec<String> = parts
        .into_iter()
        .filter_map(|(words, text)| text.as_ref().map(|text| format!("{words}{}", text.for_document())))
        .collect();
    let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
    let place = format!("{}:{}", waiver.file.for_document(), waiver.line);
    Text::composed(format!("{}{about}, {place}", waiver.reason.for_document()))
}
