//! What settings change about single rules: their severity, and whether their findings deny.

use std::collections::{BTreeMap, BTreeSet};

use planguard_guardrail_format::{Guardrail, Parameter, ParameterValue};
use planguard_guardrails::{Builtin, builtins};
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
#[derive(Clone, Debug, PartialEq)]
pub struct RuleOverride {
    /// The severity instead of the rule's own.
    pub severity: Option<Severity>,
    /// What the findings do.
    pub enforcement: Option<RuleEnforcement>,
    /// The parameters of the rule, as the settings have them.
    pub parameters: toml::Table,
    /// Why.
    pub reason: String,
}

/// The overrides of a run, by the ids of rules.
#[derive(Debug, Default)]
pub struct Overrides {
    by_id: BTreeMap<String, RuleOverride>,
    /// The parameters of each rule, ready to be set.
    parameters: BTreeMap<String, Vec<(String, ParameterValue)>>,
    weaker: Vec<WeakerParameter>,
}

/// A parameter with a value that lets something through that the default does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeakerParameter {
    /// The position of the override in the given list.
    pub position: usize,
    /// The rule.
    pub rule: String,
    /// The parameter.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Its default.
    pub default: String,
}

/// What is wrong with an override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The position in the given list.
    pub position: usize,
    /// What it is.
    pub kind: MistakeKind,
}

/// The kinds of mistakes in overrides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MistakeKind {
    /// The pattern means no rule.
    MeansNothing {
        /// The id that was probably meant.
        nearest: Option<String>,
    },
    /// No rule that it means has a parameter of this name.
    UnknownParameter {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The value is of another kind.
    InvalidParameter {
        /// The name.
        name: String,
        /// What is wrong, in words that follow the name.
        reason: String,
    },
}

impl Overrides {
    /// Finds the rules of a run that patterns mean. An id that is written out counts more than a pattern, and a longer
    /// pattern more than a shorter one.
    ///
    /// # Errors
    ///
    /// The patterns that mean no rule and the parameters that cannot be set, beside all others.
    pub fn new(overrides: &[(Pattern, RuleOverride)], rules: &Rules) -> (Self, Vec<Mistake>) {
        if overrides.is_empty() {
            return (Self::default(), Vec::new());
        }
        let known = KnownRules::of(rules);
        let mut ordered: Vec<(usize, &(Pattern, RuleOverride))> = overrides.iter().enumerate().collect();
        ordered.sort_by_key(|(_, (pattern, _))| (!pattern.has_wildcard(), pattern.as_str().len()));
        let (mut all, mut mistakes) = (Self::default(), Vec::new());
        for (position, (pattern, of_rule)) in ordered {
            let ids = known.meant_by(pattern);
            if ids.is_empty() {
                let nearest = known.nearest(pattern.as_str()).map(ToOwned::to_owned);
                mistakes.push(Mistake { position, kind: MistakeKind::MeansNothing { nearest } });
            } else {
                let wrong = all.read_parameters(position, &ids, &of_rule.parameters, rules);
                mistakes.extend(wrong.into_iter().map(|kind| Mistake { position, kind }));
            }
            all.by_id.extend(ids.into_iter().map(|id| (id, of_rule.clone())));
        }
        (all, mistakes)
    }

    /// Takes the parameters of the rules with these ids. A pattern may mean rules that do not have all of them.
    fn read_parameters(
        &mut self,
        position: usize,
        ids: &BTreeSet<String>,
        written: &toml::Table,
        rules: &Rules,
    ) -> Vec<MistakeKind> {
        // A more specific override replaces a less specific one as a whole.
        self.parameters.retain(|id, _| !ids.contains(id));
        self.weaker.retain(|weaker| !ids.contains(&weaker.rule));
        if written.is_empty() {
            return Vec::new();
        }
        let builtin = builtins().filter(|builtin| ids.contains(builtin.id())).map(Builtin::definition);
        let own = rules.guardrails.iter().filter(|guardrail| ids.contains(guardrail.info.id.as_ref()));
        let guardrails: Vec<Guardrail> = builtin.chain(own.cloned()).collect();
        let mut mistakes = Vec::new();
        for (name, value) in written {
            let has_it =
                guardrails.iter().filter_map(|guardrail| Some((guardrail, guardrail.parameter(name)?)));
            let having: Vec<(&Guardrail, &Parameter)> = has_it.collect();
            if having.is_empty() {
                let known: BTreeSet<&str> = guardrails
                    .iter()
                    .flat_map(|guardrail| &guardrail.parameters)
                    .map(|parameter| parameter.name.as_str())
                    .collect();
                let known = known.into_iter().map(ToOwned::to_owned).collect();
                mistakes.push(MistakeKind::UnknownParameter { name: name.clone(), known });
            }
            for (guardrail, parameter) in having {
                let id = guardrail.info.id.to_string();
                match parameter.default.kind().read(value) {
                    Ok(value) => {
                        if parameter.is_weakened_by(&value) {
                            self.weaker.push(WeakerParameter {
                                position,
                                rule: id.clone(),
                                name: name.clone(),
                                value: value.to_string(),
                                default: parameter.default.to_string(),
                            });
                        }
                        self.parameters.entry(id).or_default().push((name.clone(), value));
                    }
                    Err(reason) => {
                        mistakes.push(MistakeKind::InvalidParameter { name: name.clone(), reason });
                        break;
                    }
                }
            }
        }
        mistakes
    }

    /// What settings say of a rule.
    pub(crate) fn of(&self, id: &str) -> Option<&RuleOverride> {
        self.by_id.get(id)
    }

    /// Sets the parameters of a guardrail.
    pub(crate) fn set_parameters(&self, guardrail: &mut Guardrail) {
        let parameters = self.parameters.get(guardrail.info.id.as_ref());
        parameters.into_iter().flatten().for_each(|(name, value)| guardrail.set(name, value));
    }

    /// The parameters that let something through that their defaults do not.
    pub fn weaker_parameters(&self) -> &[WeakerParameter] {
        &self.weaker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(severity: Severity) -> RuleOverride {
        RuleOverride {
            severity: Some(severity),
            enforcement: None,
            parameters: toml::Table::new(),
            reason: "r".to_owned(),
        }
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
        assert_eq!(nothing, [Mistake { position: 1, kind: MistakeKind::MeansNothing { nearest } }]);
    }
}
