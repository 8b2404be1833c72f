//! The risk score of a plan: a number with documented points, for gates and for approvals.
//!
//! `docs/risk.md` has the table of points.

use std::collections::{BTreeMap, HashSet};

use planguard_cost::Decimal;
use planguard_guardrails::change::{Certainty, holds_data, is_about_lost_data};
use planguard_plan::redact::SafeText;
use planguard_plan::{Mode, Plan};
use planguard_rule::{Category, Severity};

use crate::finding::{Finding, Origin};

/// Something about a plan that has points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskFactor {
    /// An object is updated in-place.
    Update,
    /// An object is destroyed.
    Destroy,
    /// An object is replaced.
    Replace,
    /// An object with data is destroyed or replaced, in addition.
    Data,
    /// A new finding about exposure.
    Exposure(Severity),
    /// Another new finding.
    Finding(Severity),
    /// A new finding that depends on values known only after apply.
    Undetermined,
    /// Each full step of [`COST_STEP`] by which a month costs more, whatever the currency.
    Cost,
}

/// The step of [`RiskFactor::Cost`].
pub const COST_STEP: u8 = 100;

/// The most steps that count.
const MOST_COST_STEPS: u8 = 50;

impl RiskFactor {
    /// Every factor, in the order of reports.
    pub fn all() -> impl Iterator<Item = Self> {
        let of_severity = |factor: fn(Severity) -> Self| Severity::ALL.into_iter().rev().map(factor);
        [Self::Update, Self::Destroy, Self::Replace, Self::Data]
            .into_iter()
            .chain(of_severity(Self::Exposure))
            .chain(of_severity(Self::Finding))
            .chain([Self::Undetermined, Self::Cost])
    }

    /// Its points.
    pub const fn points(self) -> usize {
        match self {
            Self::Update | Self::Cost => 1,
            Self::Destroy | Self::Replace => 5,
            Self::Data => 20,
            Self::Exposure(severity) => 2 * of_severity(severity),
            Self::Finding(severity) => of_severity(severity),
            Self::Undetermined => 2,
        }
    }

    /// The name in reports for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Destroy => "destroy",
            Self::Replace => "replace",
            Self::Data => "data",
            Self::Exposure(Severity::Critical) => "exposure-critical",
            Self::Exposure(Severity::High) => "exposure-high",
            Self::Exposure(Severity::Medium) => "exposure-medium",
            Self::Exposure(Severity::Low) => "exposure-low",
            Self::Exposure(Severity::Info) => "exposure-info",
            Self::Finding(Severity::Critical) => "finding-critical",
            Self::Finding(Severity::High) => "finding-high",
            Self::Finding(Severity::Medium) => "finding-medium",
            Self::Finding(Severity::Low) => "finding-low",
            Self::Finding(Severity::Info) => "finding-info",
            Self::Undetermined => "undetermined",
            Self::Cost => "cost",
        }
    }

    /// What it counts, in words for one and for several.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Update => ("update", "updates"),
            Self::Destroy => ("destroyed", "destroyed"),
            Self::Replace => ("replaced", "replaced"),
            Self::Data => ("of these with data", "of these with data"),
            Self::Exposure(Severity::Critical) => ("critical exposure", "critical exposures"),
            Self::Exposure(Severity::High) => ("high exposure", "high exposures"),
            Self::Exposure(Severity::Medium) => ("medium exposure", "medium exposures"),
            Self::Exposure(Severity::Low) => ("low exposure", "low exposures"),
            Self::Exposure(Severity::Info) => ("exposure", "exposures"),
            Self::Finding(Severity::Critical) => ("other critical finding", "other critical findings"),
            Self::Finding(Severity::High) => ("other high finding", "other high findings"),
            Self::Finding(Severity::Medium) => ("other medium finding", "other medium findings"),
            Self::Finding(Severity::Low) => ("other low finding", "other low findings"),
            Self::Finding(Severity::Info) => ("other finding", "other findings"),
            Self::Undetermined => ("undetermined finding", "undetermined findings"),
            Self::Cost => ("x 100 per month", "x 100 per month"),
        }
    }
}

/// The points of a finding that is not about exposure.
const fn of_severity(severity: Severity) -> usize {
    match severity {
        Severity::Critical => 20,
        Severity::High => 10,
        Severity::Medium => 5,
        Severity::Low => 1,
        Severity::Info => 0,
    }
}

/// The score of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Risk {
    /// What has points, with how often; nothing without points.
    pub parts: Vec<RiskPart>,
}

/// A part of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskPart {
    /// What it is.
    pub factor: RiskFactor,
    /// How often it is in the plan.
    pub number: usize,
}

impl RiskPart {
    /// Its points.
    pub const fn points(self) -> usize {
        self.factor.points().saturating_mul(self.number)
    }
}

impl Risk {
    /// The score of a plan with these findings. `monthly_increase` is by how much a month costs more, if that is known.
    pub fn of(plan: &Plan<'_>, findings: &[Finding], monthly_increase: Option<Decimal>) -> Self {
        let mut numbers: BTreeMap<RiskFactor, usize> = BTreeMap::new();
        let mut add = |factor: RiskFactor, number: usize| *numbers.entry(factor).or_default() += number;
        let mut with_data: HashSet<SafeText> = HashSet::new();
        for resource in plan.resource_changes.iter().filter(|change| change.address.mode == Mode::Managed) {
            let actions = &resource.change.actions;
            let factor = match (actions.deletes(), actions.creates()) {
                (true, true) => RiskFactor::Replace,
                (true, false) => RiskFactor::Destroy,
                (false, _) if actions.updates() => RiskFactor::Update,
                (false, _) => continue,
            };
            add(factor, 1);
            if actions.deletes() && holds_data(&resource.address.resource_type) {
                add(RiskFactor::Data, 1);
                with_data.insert(SafeText::address(&resource.address));
            }
        }
        // Data that is destroyed has its points; that a rule says so as well makes it no worse.
        let is_counted = |finding: &&Finding| {
            is_about_lost_data(finding.rule.id.unescaped())
                && finding.subject.as_ref().is_some_and(|subject| with_data.contains(&subject.address))
        };
        let is_open =
            |finding: &&Finding| !finding.enforcement.is_accepted() && finding.origin == Origin::Introduced;
        for finding in findings.iter().filter(is_open).filter(|finding| !is_counted(finding)) {
            add(factor_of(finding), 1);
        }
        if let Some(increase) = monthly_increase {
            add(RiskFactor::Cost, cost_steps(increase));
        }
        let parts = RiskFactor::all().filter_map(|factor| {
            let part = RiskPart { factor, number: numbers.get(&factor).copied().unwrap_or_default() };
            (part.points() > 0).then_some(part)
        });
        Self { parts: parts.collect() }
    }

    /// The score.
    pub fn score(&self) -> usize {
        self.parts.iter().map(|part| part.points()).fold(0, usize::saturating_add)
    }

    /// What it consists of, in words: `2 destroyed (10), 1 critical exposure (40)`.
    pub fn words(&self) -> String {
        let words = self.parts.iter().map(|part| {
            let (one, several) = part.factor.words();
            format!("{} {} ({})", part.number, if part.number == 1 { one } else { several }, part.points())
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

/// What a finding counts as. Of several that are one, the part with the most points, whichever of them tells it.
fn factor_of(finding: &Finding) -> RiskFactor {
    let of_one = |share: &Finding| match (share.certainty, share.rule.category) {
        (Certainty::DependsOnUnknown, _) => RiskFactor::Undetermined,
        (Certainty::Certain, Some(Category::Exposure)) => RiskFactor::Exposure(share.severity),
        (Certainty::Certain, _) => RiskFactor::Finding(share.severity),
    };
    let of_shares = finding.shares.iter().map(of_one);
    of_shares.fold(of_one(finding), |most, next| if next.points() > most.points() { next } else { most })
}

/// The full steps of an increase. Nobody pays so much that a number of steps does not fit.
fn cost_steps(increase: Decimal) -> usize {
    let is_reached = |steps: &u8| increase >= Decimal::from(COST_STEP) * Decimal::from(*steps);
    (1..=MOST_COST_STEPS).take_while(is_reached).count()
}

/// What a score does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RiskOptions {
    /// The highest score that does not deny.
    pub deny_above: Option<usize>,
    /// The lowest score that needs approval.
    pub approve_from: Option<usize>,
}

impl RiskOptions {
    /// Whether anything depends on the score.
    pub const fn are_a_gate(&self) -> bool {
        self.deny_above.is_some() || self.approve_from.is_some()
    }
}

#[cfg(test)]
mod tests {
    use planguard_cost::parse_amount;

    use super::*;
    use crate::enforcement::Enforcement;
    use crate::render::check::sample;

    const PLAN: &str = r#"{"format_version": "1.2", "planned_values": {}, "resource_changes": [
        {"address": "aws_instance.a", "change": {"actions": ["update"], "before": {}, "after": {}}},
        {"address": "aws_instance.b", "change": {"actions": ["create"], "before": null, "after": {}}},
        {"address": "aws_instance.c", "change": {"actions": ["delete"], "before": {}, "after": null}},
        {"address": "aws_db_instance.d", "change": {"actions": ["delete", "create"], "before": {}, "after": {}}},
        {"address": "aws_instance.e", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
        {"address": "data.aws_ami.f", "mode": "data", "type": "aws_ami", "name": "f",
            "change": {"actions": ["read"], "before": null, "after": {}}}]}"#;

    fn risk(findings: &[Finding], increase: Option<&str>) -> Risk {
        Risk::of(&Plan::parse(PLAN).unwrap(), findings, increase.and_then(parse_amount))
    }

    #[test]
    fn actions_have_points() {
        let risk = risk(&[], None);
        assert_eq!(risk.words(), "1 update (1), 1 destroyed (5), 1 replaced (5), 1 of these with data (20)");
        assert_eq!(risk.score(), 31);
    }

    #[test]
    fn new_findings_that_nobody_accepted_have_points() {
        let finding = |category, change: fn(&mut Finding)| {
            let mut finding = sample::finding("a", "b.c");
            finding.rule.category = category;
            change(&mut finding);
            finding
        };
        let base = risk(&[], None).score();
        for (category, change, points) in [
            (Some(Category::Exposure), (|_| ()) as fn(&mut Finding), 20),
            (Some(Category::Encryption), |_| (), 10),
            (None, |_| (), 10),
            (None, |finding| finding.severity = Severity::Critical, 20),
            (Some(Category::Exposure), |finding| finding.severity = Severity::Low, 2),
            (None, |finding| finding.severity = Severity::Info, 0),
            (None, |finding| finding.origin = Origin::AlreadyThere, 0),
            (None, |finding| finding.enforcement = Enforcement::Waived, 0),
            (None, |finding| finding.enforcement = Enforcement::Baseline, 0),
            (None, |finding| finding.enforcement = Enforcement::Approve, 10),
            (None, |finding| finding.enforcement = Enforcement::Warn, 10),
            (Some(Category::Exposure), |finding| finding.certainty = Certainty::DependsOnUnknown, 2),
        ] {
            assert_eq!(risk(&[finding(category, change)], None).score() - base, points);
        }
    }

    #[test]
    fn of_several_that_are_one_the_weightiest_counts() {
        let mut lead = sample::finding("change-a", "b.c");
        lead.rule.category = Some(Category::Change);
        let mut share = lead.clone();
        share.rule.category = Some(Category::Exposure);
        lead.shares = vec![lead.clone(), share];
        assert_eq!(risk(&[lead], None).score() - risk(&[], None).score(), 20);
    }

    #[test]
    fn data_that_is_destroyed_counts_once() {
        let base = risk(&[], None).score();
        let more = |rule: &str, address: &str| risk(&[sample::finding(rule, address)], None).score() - base;
        for rule in ["change-stateful-replace", "change-stateful-delete"] {
            assert_eq!(more(rule, "aws_db_instance.d"), 0);
            assert_eq!(more(rule, "aws_instance.c"), 10, "no object with data by its type");
        }
        assert_eq!(more("change-protection-off", "aws_db_instance.d"), 10);
    }

    #[test]
    fn full_steps_of_cost_have_points_up_to_a_limit() {
        for (increase, steps) in
            [("-500", 0), ("0", 0), ("99.99", 0), ("100", 1), ("250.5", 2), ("5000", 50), ("1e12", 50)]
        {
            assert_eq!(cost_steps(parse_amount(increase).unwrap()), steps, "{increase}");
        }
        assert_eq!(risk(&[], Some("250")).score() - risk(&[], None).score(), 2);
    }

    /// The page has every factor with its points.
    #[test]
    fn the_points_are_documented() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/risk.md")).unwrap();
        for factor in RiskFactor::all().filter(|factor| factor.points() > 0) {
            let row = page.lines().find(|line| line.contains(&format!("| `{}` |", factor.as_str())));
            let row = row.unwrap_or_else(|| panic!("docs/risk.md has no row for {}", factor.as_str()));
            assert!(row.ends_with(&format!("| {} |", factor.points())), "{row}");
        }
    }
}
