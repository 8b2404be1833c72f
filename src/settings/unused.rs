//! Settings that do nothing in a run, because another setting that gives them a meaning is not set.

use planguard_guardrails::change::DRIFT_PACK;

use super::origin::{Origin, Sourced};
use super::table::{Said, Settings};
use crate::overrides::{RuleEnforcement, RuleOverride};
use crate::report::Notice;

impl Settings {
    /// What is set for a check and does nothing there, a notice each.
    pub fn unused(&self) -> Vec<Notice> {
        [
            self.on_unknown_without_limit(),
            self.prices_beside_infracost(),
            self.ignored_drift_without_rule(),
            self.scope_without_key(),
            self.approvers_of_nothing(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether an environment says this: what all environments share may be meant for it.
    fn in_some_environment(&self, says: impl Fn(&Said) -> bool) -> bool {
        self.environments.iter().any(|environment| says(&environment.said))
    }

    fn on_unknown_without_limit(&self) -> Option<Notice> {
        let has_limit = |said: &Said| said.max_cost_delta.is_some() || said.max_cost_percent.is_some();
        let is_limited = self.max_cost_delta.value.is_some()
            || self.max_cost_percent.value.is_some()
            || self.in_some_environment(has_limit);
        let told = "`on-unknown` does nothing without a limit: set `max-delta` or `max-percent` under [cost]";
        notice(&self.cost_on_unknown, !is_limited, "PG-CO-101", told)
    }

    fn prices_beside_infracost(&self) -> Option<Notice> {
        let is_imported = self.infracost.value.is_some() && self.prices.value.is_some();
        let told =
            "`prices` does nothing beside a report of Infracost, whose amounts count: leave one of them out";
        notice(&self.prices, is_imported, "PG-CO-107", told)
    }

    fn ignored_drift_without_rule(&self) -> Option<Notice> {
        let enables = |packs: &[String]| packs.iter().any(|pack| pack == DRIFT_PACK);
        let is_judged = self.fail_on_drift.value
            || enables(&self.packs.value)
            || self.in_some_environment(|said| {
                said.fail_on_drift.as_ref().is_some_and(|set| set.value)
                    || said.packs.as_ref().is_some_and(|packs| enables(&packs.value))
            });
        let told = "`ignore-drift` does nothing, because no rule judges what it names: set `fail-on-drift = true` under [check]";
        notice(&self.ignore_drift, !is_judged && !self.ignore_drift.value.is_empty(), "PG-CK-111", told)
    }

    fn scope_without_key(&self) -> Option<Notice> {
        let has_key =
            self.bundle_key.value.is_some() || self.in_some_environment(|said| said.bundle_key.is_some());
        let told = "`bundle-scope` does nothing without a key: set `bundle-key` under [policies]";
        notice(&self.bundle_scope, !has_key && !self.bundle_scope.value.is_empty(), "PG-CK-112", told)
    }

    fn approvers_of_nothing(&self) -> Option<Notice> {
        let asks = |rule: &RuleOverride| rule.enforcement == Some(RuleEnforcement::Approve);
        let is_asked = self.approve_severity.value.is_some()
            || self.approve_risk.value.is_some()
            || self.overrides.values().any(|rule| asks(&rule.value))
            || self.in_some_environment(|said| {
                said.approve_severity.is_some()
                    || said.approve_risk.is_some()
                    || said.overrides.values().any(|rule| asks(&rule.value))
            });
        let told = "[approve] does nothing, because nothing needs approval: set `severity` or `risk` there, or `approve` for a \
                    rule under [rules]";
        notice(&self.approve_count, !is_asked, "PG-CK-113", told)
            .or_else(|| notice(&self.approve_from, !is_asked, "PG-CK-113", told))
    }
}

/// A notice about a setting that somebody set.
fn notice<T>(setting: &Sourced<T>, is_unused: bool, code: &'static str, told: &str) -> Option<Notice> {
    let is_told = is_unused && setting.origin != Origin::Default;
    is_told.then(|| Notice::new(code, &format!("{}: {told}", setting.origin)))
}
