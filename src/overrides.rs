//! What settings change about single rules: their severity, and whether their findings deny.

use std::collections::BTreeMap;

use planguard_rule::{Severity, words};

use crate::check::Rules;
use crate::known_rules::KnownRules;
use crate::pattern::Pattern;

words! {
    /// What the findings of a rule do, whatever its severity.
    pub enum RuleEnforcement is "an enforcement" {
        /// They deny, unless the treatment of unknown values or the gate lets them through.
        Deny = "deny": "the findings deny",
        /// They deny until enough people approve.
        Approve = "approve": "the findings deny until they are approved",
        /// They warn.
        Warn = "warn": "the findings warn",
        /// The rule is off.
        Off = "off": "the rule is off",
    }
}

/// What settings say of the rules that a pattern means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleOverride {
    /// The severity instead of the rule's own.
    pub severity: Option<Severity>,
    /// What the findings do.
    pub enforcement: Option<RuleEnforcement>,
    /// Why.
    pub reason: String,
}

/// The overrides of a run, by the ids of rules.
#[derive(Debug, Default)]
pub struct Overrides(BTreeMap<String, RuleOverride>);

/// A pattern that means no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeansNothing {
    /// The position in the given list.
    pub position: usize,
    /// The id that was probably meant.
    pub nearest: Option<String>,
}

impl Overrides {
    /// Finds the rules of a run that patterns mean. An id that is written out counts more than a pattern, and a longer
    /// pattern more than a shorter one.
    ///
    /// # Errors
    ///
    /// The patterns that mean no rule, beside the overrides of all others.
    pub fn new(overrides: &[(Pattern, RuleOverride)], rules: &Rules) -> (Self, Vec<MeansNothing>) {
        if overrides.is_empty() {
            return (Self::default(), Vec::new());
        }
        let known = KnownRules::of(rules);
        let mut ordered: Vec<(usize, &(Pattern, RuleOverride))> = overrides.iter().enumerate().collect();
        ordered.sort_by_key(|(_, (pattern, _))| (!pattern.has_wildcard(), pattern.as_str().len()));
        let (mut by_id, mut nothing) = (BTreeMap::new(), Vec::new());
        for (position, (pattern, of_rule)) in ordered {
            let ids = known.meant_by(pattern);
            if ids.is_empty() {
                let nearest = known.nearest(pattern.as_str()).map(ToOwned::to_owned);
                nothing.push(MeansNothing { position, nearest });
            }
            by_id.extend(ids.into_iter().map(|id| (id, of_rule.clone())));
        }
        (Self(by_id), nothing)
    }

    /// What settings say of a rule.
    pub(crate) fn of(&self, id: &str) -> Option<&RuleOverride> {
        self.0.get(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(severity: Severity) -> RuleOverride {
        RuleOverride { severity: Some(severity), enforcement: None, reason: "r".to_owned() }
    }

    #[test]
    fn the_more_specific_name_counts() {
        let list = [
            (Pattern::new("aws-instance-public-ip"), of(Severity::Info)),
            (Pattern::new("aws-instance-*"), of(Severity::Medium)),
            (Pattern::new("aws-*"), of(Severity::Low)),
        ];
        let (overrides, nothing) = Overrides::new(&list, &Rules::default());
        assert_eq!(nothing, []);
        let severity = |id: &str| overrides.of(id).and_then(|of_rule| of_rule.severity);
        assert_eq!(severity("aws-instance-public-ip"), Some(Severity::Info));
        assert_eq!(severity("aws-instance-unencrypted-volume"), Some(Severity::Medium));
        assert_eq!(severity("aws-s3-bucket-public-acl"), Some(Severity::Low));
        assert_eq!(severity("change-stateful-delete"), None);
    }

    #[test]
    fn what_means_no_rule_is_named_with_what_was_probably_meant() {
        let list = [
            (Pattern::new("CKV_AWS_88"), of(Severity::Low)),
            (Pattern::new("aws-instance-pubic-ip"), of(Severity::Low)),
        ];
        let (overrides, nothing) = Overrides::new(&list, &Rules::default());
        assert!(overrides.of("aws-instance-public-ip").is_some());
        let nearest = Some("aws-instance-public-ip".to_owned());
        assert_eq!(nothing, [MeansNothing { position: 1, nearest }]);
    }
}
