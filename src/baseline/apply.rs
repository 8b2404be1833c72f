//! What a baseline does on the findings of a plan, and what of it was used.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::redact::{Redactor, SafeText};

use super::{Baseline, Entry, plan_name};
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, RuleKind};
use crate::fingerprint::Fingerprints;
use crate::report::{BaselineReport, UnusedEntry};

/// What the plans of a run use of a baseline.
#[derive(Clone, Debug, Default)]
pub(crate) struct BaselineUse {
    /// The names of the plans that were looked at.
    plans: BTreeSet<String>,
    /// The positions of the entries that have a finding.
    met: BTreeSet<usize>,
    /// How many findings are accepted.
    accepted: usize,
}

impl BaselineUse {
    /// Adds what another plan uses.
    pub(crate) fn add(&mut self, other: Self) {
        self.plans.extend(other.plans);
        self.met.extend(other.met);
        self.accepted += other.accepted;
    }
}

impl Baseline {
    /// Accepts the findings of the plan of this name that the baseline has. Findings that a waiver accepts are left to
    /// it.
    pub(crate) fn apply(&self, findings: &mut [Finding], plan: &SafeText) -> BaselineUse {
        let name = plan_name(plan.unescaped());
        let mut entries: BTreeMap<&str, Vec<(usize, &Entry)>> = BTreeMap::new();
        for (position, entry) in self.entries.iter().enumerate() {
            if entry.plan.as_ref().is_none_or(|plan| *plan == name) {
                entries.entry(&entry.fingerprint).or_default().push((position, entry));
            }
        }
        let mut used = BaselineUse::default();
        let mut fingerprints = Fingerprints::default();
        for finding in findings.iter_mut().filter(|finding| finding.enforcement != Enforcement::Off) {
            let fingerprint = fingerprints.next(finding);
            let of_it = entries.get(fingerprint.as_str()).into_iter().flatten();
            // The fingerprint alone would do. But whoever reviews the file reads the other keys.
            let met: Vec<usize> =
                of_it.filter(|(_, entry)| entry.is_about(finding)).map(|(position, _)| *position).collect();
            if met.is_empty() {
                continue;
            }
            used.met.extend(met);
            if may_accept(finding) && !finding.enforcement.is_accepted() {
                finding.enforcement = Enforcement::Baseline;
                used.accepted += 1;
            }
        }
        used.plans.insert(name);
        used
    }

    /// What became of the baseline in a run.
    pub(crate) fn report(&self, used: &BaselineUse) -> BaselineReport {
        let plain = Redactor::default();
        let was_checked = |entry: &Entry| entry.plan.as_ref().is_none_or(|plan| used.plans.contains(plan));
        let unused = self.entries.iter().enumerate().filter(|(position, entry)| {
            !used.met.contains(position) && was_checked(entry) && !used.plans.is_empty()
        });
        let text = |text: &Option<String>| text.as_deref().map(|text| plain.text(text));
        BaselineReport {
            file: plain.text(&self.file.to_string_lossy()),
            accepted: used.accepted,
            unused: unused
                .map(|(_, entry)| UnusedEntry {
                    plan: text(&entry.plan),
                    rule: plain.text(&entry.rule),
                    address: text(&entry.address),
                    attribute: text(&entry.attribute),
                })
                .collect(),
        }
    }
}

impl Entry {
    fn is_about(&self, finding: &Finding) -> bool {
        let text = |text: Option<&SafeText>| text.map(|text| text.unescaped().to_owned());
        self.rule == finding.rule.id.unescaped()
            && self.address == text(finding.subject.as_ref().map(|subject| &subject.address))
            && self.attribute == text(finding.attribute.as_ref())
    }
}

/// Whether a finding may be in a baseline at all: it is certain, and about what the infrastructure is like and not about
/// this one change. A table that is replaced today is no reason to let it be replaced tomorrow.
pub(super) fn may_accept(finding: &Finding) -> bool {
    let subject = finding.subject.as_ref();
    let actions = subject.and_then(|subject| subject.actions.as_ref()).map(SafeText::unescaped);
    finding.certainty == Certainty::Certain
        && finding.rule.kind != RuleKind::Change
        && !matches!(actions, Some("delete" | "forget"))
}
