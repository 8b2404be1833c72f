//! What settings say about approvals: whether something needs one, and who may give it.

use std::collections::BTreeSet;

use planguard_plan::text::suggest;

use super::SettingsError;
use super::origin::Origin;
use super::table::{Said, Settings};
use crate::approvals::{Approvals, Requirement};
use crate::overrides::RuleEnforcement;
use crate::report::Notice;
use crate::run::Run;

/// Whether a source of settings says that something needs approval.
pub(super) fn may_need(said: &Said) -> bool {
    let rules = || said.overrides.values().any(|set| set.value.enforcement == Some(RuleEnforcement::Approve));
    said.approve_severity.is_some() || said.approve_risk.is_some() || rules()
}

/// Who approved the change; `None` if nothing can need approval.
pub(super) fn of_run(
    settings: &Settings,
    run: &Run,
    notices: &mut Vec<Notice>,
    errors: &mut Vec<SettingsError>,
) -> Option<Approvals> {
    settings.needing_approval()?;
    let requirement = settings.requirement();
    let counted = Approvals::count(&requirement, run).unwrap_or_else(|error| {
        errors.push(error.into());
        Approvals { needed: requirement.count, from: requirement.from.clone(), ..Approvals::default() }
    });
    if counted.without_commit {
        let message =
            "approvals of earlier commits may count: the commit of this run or of a review is not known";
        notices.push(Notice::new("PG-EN-102", message));
    }
    Some(counted)
}

/// What is wrong with the approvals of these settings, each mistake once.
pub(super) fn mistakes(all: impl Iterator<Item = Settings>) -> Vec<SettingsError> {
    let mut seen = BTreeSet::new();
    let found = all.flat_map(|settings| settings.approval_mistakes());
    found.filter(|error| seen.insert(error.to_string())).collect()
}

impl Settings {
    /// The first setting by which something needs approval, as words, and where it is.
    fn needing_approval(&self) -> Option<(String, &Origin)> {
        let severity = self.approve_severity.value.map(|severity| {
            (format!("findings from {severity} on need approval"), &self.approve_severity.origin)
        });
        let risk = self.approve_risk.value.map(|risk| {
            (format!("plans with a risk score from {risk} on need approval"), &self.approve_risk.origin)
        });
        let rule = self
            .overrides
            .iter()
            .find(|(_, set)| set.value.enforcement == Some(RuleEnforcement::Approve))
            .map(|(rule, set)| (format!("findings of `{rule}` need approval"), &set.origin));
        severity.or(risk).or(rule)
    }

    /// Whether something depends on what is known of the run: an environment, or approvals.
    pub fn look_at_the_run(&self) -> bool {
        !self.environments.is_empty() || self.needing_approval().is_some()
    }

    fn requirement(&self) -> Requirement {
        let groups = &self.approve_from.value;
        let people = groups.iter().filter_map(|group| self.groups.get(group));
        Requirement {
            count: self.approve_count.value.get(),
            from: groups.clone(),
            people: people.flat_map(|people| &people.value).cloned().collect(),
        }
    }

    fn approval_mistakes(&self) -> Vec<SettingsError> {
        let mut mistakes = Vec::new();
        let mut wrong = |origin: &Origin, reason: String, help: String| {
            mistakes.push(SettingsError::Approve { reason, origin: origin.to_string(), help });
        };
        for group in &self.approve_from.value {
            // The reader of the file reports those of files at their place.
            if !self.groups.contains_key(group) && !matches!(self.approve_from.origin, Origin::File { .. }) {
                let near = suggest::nearest(group, self.groups.keys().map(String::as_str));
                let help = near.map_or_else(
                    || "add it to [groups] in planguard.toml".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                wrong(&self.approve_from.origin, format!("no group is called `{group}`"), help);
            }
        }
        let Requirement { count, people, .. } = self.requirement();
        let people: BTreeSet<String> = people.iter().map(|person| person.to_ascii_lowercase()).collect();
        if !people.is_empty() && people.len() < count {
            let reason = format!("{count} people have to approve, and the groups have {}", people.len());
            wrong(
                &self.approve_count.origin,
                reason,
                "lower `count`, or name another group with `from`".to_owned(),
            );
        }
        let is_file = |origin: &Origin| matches!(origin, Origin::File { .. } | Origin::Default);
        // A stricter flag only makes more findings deny.
        if let Some(lowest) = self.approve_severity.value
            && lowest >= self.fail_on.value
            && is_file(&self.fail_on.origin)
        {
            let reason =
                format!("findings from {lowest} on deny already (fail-on is {})", self.fail_on.value);
            let help = "approval is for findings below `fail-on`: raise `fail-on`, or name a lower severity";
            wrong(&self.approve_severity.origin, reason, help.to_owned());
        }
        if let (Some(lowest), Some(limit)) = (self.approve_risk.value, self.max_risk.value)
            && lowest > limit
            && is_file(&self.max_risk.origin)
        {
            let reason = format!("plans with a risk score above {limit} deny already (max-risk)");
            wrong(&self.approve_risk.origin, reason, "name a score up to `max-risk`".to_owned());
        }
        if self.approve_from.value.is_empty()
            && let Some((what, origin)) = self.needing_approval()
        {
            mistakes.push(SettingsError::NoApprovers { what, origin: origin.to_string() });
        }
        mistakes
    }
}
