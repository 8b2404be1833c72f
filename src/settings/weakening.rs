//! Finds the settings of a project's files that let through what the defaults would deny.
//!
//! A change can edit the settings file of its own branch. Whoever reviews it must see that the gate is not the usual one.

use planguard_plan::redact::Redactor;
use planguard_rego::{Namespaces, Policies, SkippedPolicy};
use toml::Value as Toml;

use super::find;
use super::lints::LintLevel;
use super::origin::Origin;
use super::table::Settings;
use super::trust::Trusted;
use super::value::Percent;
use crate::check::{CheckOptions, Rules};
use crate::enforcement::{Gate, UnknownPolicy};
use crate::overrides::{RuleEnforcement, RuleOverride};
use crate::report::{self, Trust};

/// A setting of a file that lets through what its default would deny.
#[derive(Clone, Debug, PartialEq)]
pub struct Weakening {
    /// The setting as the file has it, such as `check.builtin = false`.
    pub setting: String,
    /// What it lets through.
    pub effect: String,
    /// Where it is set.
    pub origin: Origin,
}

impl Settings {
    /// The settings of files that are weaker than the defaults, in the order of [`Settings::entries`], where `skipped`
    /// is what of the policies is not evaluated. Flags and variables are the pipeline's own, which the change does not
    /// edit.
    pub fn weakenings(&self, skipped: &[SkippedPolicy]) -> Vec<Weakening> {
        let usual = SkippedPolicy::Package(Namespaces::DEFAULT.to_owned());
        let defaults = CheckOptions::default();
        let (enforcement, change) = (defaults.enforcement, defaults.change);
        let effects = [
            (
                "check.fail-on",
                (self.fail_on.value > enforcement.fail_on).then(|| match self.approve_severity.value {
                    Some(lowest) if lowest < self.fail_on.value => {
                        format!("findings below {} pass, from {lowest} on with approval", self.fail_on.value)
                    }
                    Some(_) | None => format!("findings below {} do not deny", self.fail_on.value),
                }),
            ),
            (
                "check.unknown",
                match self.unknown.value {
                    UnknownPolicy::Deny | UnknownPolicy::DenyCritical => None,
                    UnknownPolicy::Warn => Some("undetermined outcomes of critical rules do not deny".into()),
                    UnknownPolicy::Ignore => Some("undetermined outcomes are not reported".into()),
                },
            ),
            (
                "check.gate",
                match self.gate.value {
                    Gate::All => None,
                    Gate::Introduced => Some("pre-existing findings do not deny".into()),
                },
            ),
            (
                "check.require-waiver-expiry",
                (!self.require_waiver_expiry.value).then(|| "waivers need no end".to_owned()),
            ),
            (
                "check.builtin",
                (!self.builtin.value).then(|| "the built-in guardrails are disabled".to_owned()),
            ),
            (
                "check.max-destroys",
                (self.max_destroys.value > change.max_destroys)
                    .then(|| format!("the default is {}", change.max_destroys)),
            ),
            (
                "check.max-destroy-percent",
                (self.max_destroy_percent.value.get() > Percent::DEFAULT.get())
                    .then(|| format!("the default is {}", Percent::DEFAULT)),
            ),
            (
                "check.ignore-drift",
                (!self.ignore_drift.value.is_empty())
                    .then(|| "such changes outside of Terraform are not reported".to_owned()),
            ),
            (
                "policies.namespaces",
                skipped
                    .contains(&usual)
                    .then(|| format!("the package `{}` is not evaluated", Namespaces::DEFAULT)),
            ),
        ];
        self.entries()
            .into_iter()
            .filter_map(|entry| {
                let (_, effect) = effects.iter().find(|(name, _)| *name == entry.name)?;
                let value = entry.value?;
                Some(Weakening {
                    setting: format!("{} = {value}", entry.name),
                    effect: effect.clone()?,
                    origin: entry.origin,
                })
            })
            .filter(|weakening| matches!(weakening.origin, Origin::File { .. }))
            .chain(self.parameters_of_required_packs())
            .chain(self.lowered_lints_of_files())
            .chain(self.weaker_rules())
            .chain(self.baseline_of_change())
            .collect()
    }

    /// Lints that are errors and that a file makes less.
    fn lowered_lints_of_files(&self) -> impl Iterator<Item = Weakening> {
        self.lowered_lints().filter(|(_, set)| matches!(set.origin, Origin::File { .. })).map(
            |(lint, set)| {
                let LintLevel { level, reason } = &set.value;
                Weakening {
                    setting: format!("lints.{} = \"{level}\"", lint.info().name),
                    effect: format!("policies with this error are evaluated: {reason}"),
                    origin: set.origin.clone(),
                }
            },
        )
    }

    /// Rules that a file switches off, or whose findings it lets through. Which severity a rule had is not looked up: a
    /// severity that does not deny lets its findings through.
    fn weaker_rules(&self) -> impl Iterator<Item = Weakening> {
        self.overrides.iter().filter(|(_, set)| matches!(set.origin, Origin::File { .. })).filter_map(
            |(rule, set)| {
                let RuleOverride { severity, enforcement, reason, parameters: _ } = &set.value;
                let (value, effect) = match (enforcement, severity) {
                    (Some(RuleEnforcement::Off), _) => ("off".to_owned(), "the rule is off"),
                    (Some(RuleEnforcement::Approve), _) => {
                        ("approve".to_owned(), "its findings pass with approval")
                    }
                    (Some(RuleEnforcement::Warn), _) => ("warn".to_owned(), "its findings do not deny"),
                    (None, Some(severity)) if *severity < self.fail_on.value => {
                        let is_asked = self.approve_severity.value.is_some_and(|lowest| *severity >= lowest);
                        let effect = if is_asked {
                            "its findings pass with approval"
                        } else {
                            "its findings do not deny"
                        };
                        (severity.to_string(), effect)
                    }
                    (Some(RuleEnforcement::Deny), _) | (None, _) => return None,
                };
                Some(Weakening {
                    setting: format!("rules.{rule} = \"{value}\""),
                    effect: format!("{effect}: {reason}"),
                    origin: set.origin.clone(),
                })
            },
        )
    }

    /// A baseline that the change under review can edit. A flag that names it is the pipeline's own, and what the file says
    /// is not: only a file outside of the project is.
    fn baseline_of_change(&self) -> Option<Weakening> {
        let file = self.baseline.value.as_ref()?;
        let is_of_settings = matches!(self.baseline.origin, Origin::File { .. });
        if !is_of_settings && !find::is_in_project(file) {
            return None;
        }
        let origin = match &self.baseline.origin {
            origin @ Origin::File { .. } => origin.clone(),
            Origin::Default | Origin::Flag(_) | Origin::Variable(_) | Origin::Added { .. } => {
                Origin::File { path: file.clone(), line: None }
            }
        };
        Some(Weakening {
            setting: format!("check.baseline = {}", Toml::from(file.to_string_lossy().into_owned())),
            effect: "the findings in the baseline do not deny".to_owned(),
            origin,
        })
    }

    /// Parameters of rules that let something through that their defaults do not.
    fn weaker_parameters(&self, rules: &Rules) -> impl Iterator<Item = Weakening> {
        rules.overrides.weaker_parameters().iter().filter_map(|weaker| {
            let (_, set) = self.overrides.iter().nth(weaker.position)?;
            Some(Weakening {
                setting: format!(
                    "rules.{} = {{ params = {{ {} = {} }} }}",
                    weaker.rule, weaker.name, weaker.value
                ),
                effect: format!("the default is {}: {}", weaker.default, set.value.reason),
                origin: set.origin.clone(),
            })
        })
    }

    /// How far the settings can be trusted, for the report of a run with these rules.
    pub fn trust(&self, trusted: Option<&Trusted>, rules: &Rules) -> Trust {
        let plain = Redactor::default();
        if let Some(trusted) = trusted {
            return Trust { place: Some(plain.text(trusted.name())), weakenings: Vec::new() };
        }
        let skipped = rules.policies.as_ref().map_or(&[][..], Policies::skipped);
        let parameters = self.weaker_parameters(rules);
        let weakenings = self.weakenings(skipped).into_iter().chain(parameters).filter_map(|weakening| {
            let Origin::File { path, line } = weakening.origin else { return None };
            Some(report::Weakening {
                setting: plain.text(&weakening.setting),
                effect: plain.text(&weakening.effect),
                file: plain.text(&path.to_string_lossy()),
                line,
            })
        });
        Trust { place: None, weakenings: weakenings.collect() }
    }

    /// Parameters that a file sets for a pack that the pipeline requires: they decide what the pack denies.
    fn parameters_of_required_packs(&self) -> impl Iterator<Item = Weakening> {
        let is_of_pipeline = match &self.packs.origin {
            Origin::Flag(_) | Origin::Variable(_) | Origin::Added { .. } => true,
            Origin::Default | Origin::File { .. } => false,
        };
        self.parameters.iter().filter_map(move |(pack, parameters)| {
            let is_weak = is_of_pipeline
                && self.packs.value.contains(pack)
                && matches!(parameters.origin, Origin::File { .. });
            is_weak.then(|| Weakening {
                setting: format!("packs.{pack}"),
                effect: format!("the parameters of the pack `{pack}` are not the pipeline's"),
                origin: parameters.origin.clone(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::super::{Said, Sourced, file};
    use super::*;

    fn left_out(package: &str) -> SkippedPolicy {
        SkippedPolicy::Package(package.to_owned())
    }

    fn weakenings(text: &str, flags: Said) -> Vec<String> {
        let said = file::parse(Path::new("planguard.toml"), text).unwrap();
        let weakenings = flags.over_adding_packs(said).resolve().weakenings(&[left_out("main")]);
        weakenings.iter().map(|w| format!("{}: {}: {}", w.origin, w.setting, w.effect)).collect()
    }

    #[test]
    fn every_setting_that_is_weaker_than_its_default_is_named_with_its_line() {
        let text = "[check]\nfail-on = \"high\"\nunknown = \"ignore\"\ngate = \"introduced\"\nbuiltin = false\n\
                    max-destroys = 21\nmax-destroy-percent = 31\n[policies]\nnamespaces = [\"team\"]\n";
        let wanted = [
            "planguard.toml:2: check.fail-on = \"high\": findings below high do not deny",
            "planguard.toml:3: check.unknown = \"ignore\": undetermined outcomes are not reported",
            "planguard.toml:4: check.gate = \"introduced\": pre-existing findings do not deny",
            "planguard.toml:5: check.builtin = false: the built-in guardrails are disabled",
            "planguard.toml:6: check.max-destroys = 21: the default is 20",
            "planguard.toml:7: check.max-destroy-percent = 31: the default is 30",
            "planguard.toml:9: policies.namespaces = [\"team\"]: the package `main` is not evaluated",
        ];
        assert_eq!(weakenings(text, Said::default()), wanted);
    }

    #[test]
    fn what_passes_with_approval_is_weaker_than_what_denies() {
        let text = "[check]\nfail-on = \"critical\"\n[approve]\nseverity = \"high\"\nfrom = [\"a\"]\n[groups]\na = [\"b\"]\n\
                    [rules]\nx = { enforcement = \"approve\", reason = \"r\" }\ny = { severity = \"high\", reason = \"r\" }\n\
                    z = { severity = \"low\", reason = \"r\" }\n";
        let wanted = [
            "planguard.toml:2: check.fail-on = \"critical\": findings below critical pass, from high on with approval",
            "planguard.toml:9: rules.x = \"approve\": its findings pass with approval: r",
            "planguard.toml:10: rules.y = \"high\": its findings pass with approval: r",
            "planguard.toml:11: rules.z = \"low\": its findings do not deny: r",
        ];
        assert_eq!(weakenings(text, Said::default()), wanted);
    }

    #[test]
    fn defaults_and_stricter_settings_weaken_nothing() {
        let text = "[check]\nfail-on = \"low\"\nunknown = \"deny\"\ngate = \"all\"\nbuiltin = true\nstrict = true\n\
                    max-destroys = 20\nmax-destroy-percent = 0\npacks = [\"required-tags\"]\n\
                    [packs.required-tags]\ntags = { owner = {} }\n";
        assert_eq!(weakenings(text, Said::default()), Vec::<String>::new());
    }

    #[test]
    fn a_flag_is_the_pipelines_own_decision() {
        let builtin = Some(Sourced { value: false, origin: Origin::Flag("--no-builtin") });
        let flags = Said { builtin, ..Said::default() };
        assert_eq!(weakenings("[check]\nbuiltin = false\n", flags), Vec::<String>::new());
    }

    #[test]
    fn parameters_in_a_file_decide_what_a_required_pack_denies() {
        let packs = vec!["required-tags".to_owned()];
        let origin = Origin::Flag("--pack");
        let flags = Said { packs: Some(Sourced { value: packs, origin }), ..Said::default() };
        assert_eq!(
            weakenings("[packs.required-tags]\ntags = {}\n", flags),
            [
                "planguard.toml:1: packs.required-tags: the parameters of the pack `required-tags` are not the pipeline's"
            ]
        );
    }

    #[test]
    fn a_namespace_is_weaker_if_it_leaves_out_the_package_that_usually_decides() {
        let path = PathBuf::from("conftest.toml");
        let origin = Origin::File { path, line: Some(2) };
        let value = super::super::namespaces(vec!["team".to_owned()]);
        let said = Said { namespaces: Some(Sourced { value, origin }), ..Said::default() };
        let number = |skipped: &[SkippedPolicy]| said.clone().resolve().weakenings(skipped).len();
        assert_eq!(number(&[left_out("main")]), 1);
        assert_eq!(number(&[left_out("other")]), 0);
        assert_eq!(number(&[]), 0);
    }
}
