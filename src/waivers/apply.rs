//! What waivers do on the findings of a plan, and how they were used.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use planguard_plan::redact::Redactor;

use super::{Comments, Waiver};
use crate::check::Rules;
use crate::enforcement::Enforcement;
use crate::finding::{Finding, FindingWaiver, WaiverState};
use crate::known_rules::KnownRules;
use crate::pattern::block_of;
use crate::report::WaiverReport;

/// The waivers of a run.
#[derive(Debug, Default)]
pub struct Waivers {
    list: Vec<Prepared>,
    /// The environment of the run.
    environment: Option<String>,
    /// What comments of the configuration do.
    pub(crate) comments: Comments,
    pub(crate) today: NaiveDate,
}

#[derive(Debug)]
struct Prepared {
    waiver: Waiver,
    /// The ids of the rules that it means.
    rules: BTreeSet<String>,
    /// The id that was probably meant, if no rule has the one that is written.
    nearest: Option<String>,
}

/// What became of a waiver in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// It accepted so many findings.
    Accepted(usize),
    /// Its last day is past; so many findings are no longer accepted.
    Expired(usize),
    /// Earlier waivers accept all findings that it means.
    Shadowed,
    /// No finding is like that.
    Unused,
    /// It is for another environment.
    OtherEnvironment,
    /// No rule has such an id.
    UnknownRule {
        /// The id that was probably meant.
        nearest: Option<String>,
    },
}

/// How often waivers applied on one plan, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Applied(Vec<Count>);

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// The findings that it means.
    meant: usize,
    /// Those that it accepts.
    accepted: usize,
}

impl Applied {
    /// Adds the counts of another plan.
    pub(crate) fn add(&mut self, other: Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), Count::default());
        }
        for (all, one) in self.0.iter_mut().zip(other.0) {
            all.meant += one.meant;
            all.accepted += one.accepted;
        }
    }
}

impl Waivers {
    /// The waivers of a run with these rules on this day, in UTC.
    pub fn new(waivers: Vec<Waiver>, rules: &Rules, today: NaiveDate) -> Self {
        if waivers.is_empty() {
            return Self { today, ..Self::default() };
        }
        let known = KnownRules::of(rules);
        let prepared = waivers.into_iter().map(|waiver| {
            let rules = known.meant_by(&waiver.rule);
            let nearest = if rules.is_empty() { known.nearest(waiver.rule.as_str()) } else { None };
            Prepared { rules, nearest: nearest.map(ToOwned::to_owned), waiver }
        });
        Self { list: prepared.collect(), today, ..Self::default() }
    }

    /// The same waivers, in a run in this environment.
    #[must_use]
    pub fn with_environment(self, environment: Option<String>) -> Self {
        Self { environment, ..self }
    }

    /// Whether a waiver is for the environment of the run.
    fn is_here(&self, waiver: &Waiver) -> bool {
        waiver.environment.is_none() || waiver.environment == self.environment
    }

    /// The same waivers, with what comments of the configuration do.
    #[must_use]
    pub fn with_comments(self, comments: Comments) -> Self {
        Self { comments, ..self }
    }

    /// Accepts the findings of a plan document with this SHA-256 that waivers mean.
    pub(crate) fn apply(&self, findings: &mut [Finding], sha256: &str) -> Applied {
        let mut counts = vec![Count::default(); self.list.len()];
        let by_address = ByAddress::of(&self.list);
        for finding in findings {
            let mut found: Option<FindingWaiver> = None;
            for position in by_address.perhaps_about(finding) {
                planguard_work::steps(1);
                let (Some(prepared), Some(count)) = (self.list.get(position), counts.get_mut(position))
                else {
                    continue;
                };
                if !self.is_here(&prepared.waiver) || !prepared.means(finding, sha256) {
                    continue;
                }
                count.meant += 1;
                let is_accepted = found.as_ref().is_some_and(|waiver| waiver.state == WaiverState::Active);
                match (prepared.waiver.is_expired(self.today), is_accepted) {
                    (false, false) => {
                        count.accepted += 1;
                        found = Some(noted(&prepared.waiver, WaiverState::Active));
                    }
                    (true, false) if found.is_none() => {
                        found = Some(noted(&prepared.waiver, WaiverState::Expired));
                    }
                    (true | false, _) => {}
                }
            }
            if found.as_ref().is_some_and(|waiver| waiver.state == WaiverState::Active) {
                finding.enforcement = Enforcement::Waived;
            }
            finding.waiver = found;
        }
        Applied(counts)
    }

    /// What became of each waiver.
    pub(crate) fn uses(&self, applied: &Applied) -> Vec<(&Waiver, Use)> {
        let count = |position: usize| applied.0.get(position).copied().unwrap_or_default();
        let uses = self.list.iter().enumerate().map(|(position, prepared)| {
            let Count { meant, accepted } = count(position);
            let became = if !self.is_here(&prepared.waiver) {
                Use::OtherEnvironment
            } else if prepared.waiver.is_expired(self.today) {
                Use::Expired(meant)
            } else if prepared.rules.is_empty() {
                Use::UnknownRule { nearest: prepared.nearest.clone() }
            } else if accepted > 0 {
                Use::Accepted(accepted)
            } else if meant > 0 {
                Use::Shadowed
            } else {
                Use::Unused
            };
            (&prepared.waiver, became)
        });
        uses.collect()
    }
}

impl Waivers {
    /// The waivers for a list, where no plan says what they accept.
    pub fn without_plans(&self) -> Vec<WaiverReport> {
        self.uses(&Applied::default()).into_iter().map(WaiverReport::new).collect()
    }
}

/// The positions of waivers by the addresses that they name, so that each finding is held against few of them.
struct ByAddress<'w> {
    named: HashMap<&'w str, Vec<usize>>,
    /// Those with wildcards, and those about the whole plan.
    others: Vec<usize>,
}

impl<'w> ByAddress<'w> {
    fn of(list: &'w [Prepared]) -> Self {
        let mut by_address = Self { named: HashMap::new(), others: Vec::new() };
        for (position, prepared) in list.iter().enumerate() {
            match &prepared.waiver.address {
                Some(pattern) if !pattern.has_wildcard() => {
                    by_address.named.entry(pattern.as_str()).or_default().push(position);
                }
                Some(_) | None => by_address.others.push(position),
            }
        }
        by_address
    }

    /// The positions of those that may mean a finding, in their order.
    fn perhaps_about(&self, finding: &Finding) -> Vec<usize> {
        let mut positions = self.others.clone();
        if let Some(subject) = finding.subject.as_ref().filter(|_| !self.named.is_empty()) {
            let address = subject.address.unescaped();
            let of_block = block_of(address);
            let names = [Some(address), of_block.as_deref()].into_iter().flatten();
            positions.extend(names.filter_map(|name| self.named.get(name)).flatten());
            positions.sort_unstable();
        }
        positions
    }
}

impl Prepared {
    fn means(&self, finding: &Finding, sha256: &str) -> bool {
        let address = finding.subject.as_ref().map(|subject| subject.address.unescaped());
        let is_of_resource = match (&self.waiver.address, address) {
            (Some(pattern), Some(address)) => pattern.matches_address(address),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        is_of_resource
            && self.rules.contains(finding.rule.id.unescaped())
            && self.waiver.plan.as_deref().is_none_or(|plan| plan.eq_ignore_ascii_case(sha256))
    }
}

/// A waiver as a finding shows it. Its texts are those of a settings file, and no plan's.
fn noted(waiver: &Waiver, state: WaiverState) -> FindingWaiver {
    let plain = Redactor::default();
    let optional = |text: &Option<String>| text.as_deref().map(|text| plain.text(text));
    FindingWaiver {
        state,
        reason: plain.text(&waiver.reason),
        owner: optional(&waiver.owner),
        ticket: optional(&waiver.ticket),
        expires: waiver.expires.map(|last| plain.text(&last.to_string())),
        file: plain.text(&waiver.place.file.to_string_lossy()),
        line: waiver.place.line,
    }
}
