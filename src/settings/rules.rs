//! Loads the rules that the settings name.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Utc;
use miette::Diagnostic;
use planguard_guardrails::change::DRIFT_PACK;
use planguard_guardrails::load_guardrails;
use planguard_plan::text::suggest;
use planguard_rego::{PackError, Policies, RegoPack, RegoPacks, rego_packs};
use planguard_rego_lint::{Level, Lint};
use planguard_source::holds_configuration;

use super::SettingsError;
use super::find::is_in_project;
use super::lints::LintLevel;
use super::origin::{Origin, Sourced};
use super::table::Settings;
use super::value::ShowProgram;
use crate::baseline::Baseline;
use crate::check::{Benchmarks, Packs, PolicyLints, Rules};
use crate::huge_pages;
use crate::overrides::{Mistake, MistakeKind, Overrides, RuleOverride};
use crate::pattern::Pattern;
use crate::sources::{SourceDirectory, Sources};
use crate::waivers::{Comments, Expiry, Waivers};

impl Settings {
    /// Loads guardrails, packs and policies, on a run with these environment variables. What cannot be loaded is
    /// reported to `report`.
    pub fn rules(
        &self,
        environment: BTreeMap<String, String>,
        report: &mut dyn FnMut(&dyn Diagnostic),
    ) -> Rules {
        let (packs, rego_packs) = self.enabled_packs(report);
        let guardrails = load_guardrails(&self.guardrails.value).unwrap_or_else(|errors| {
            errors.iter().for_each(|error| report(error));
            Vec::new()
        });
        let has_policies = !self.paths.value.is_empty() || !rego_packs.is_empty();
        let policies = has_policies.then(|| {
            let options = self.policy_options(rego_packs, environment);
            Policies::load_telling(&options, huge_pages::allow_for_policies)
        });
        let lints = (!self.paths.value.is_empty())
            .then(|| PolicyLints { options: self.lint_options(), lowered: self.told_lints() });
        let benchmarks = self.chosen_benchmarks(report);
        let mut rules = Rules { packs, benchmarks, guardrails, policies, lints, ..Rules::default() };
        rules.cost = self.cost_rules(rules.policies.as_ref(), report);
        rules.sources = Sources::new(self.source_directory(report));
        rules.overrides = self.rule_overrides(&rules, report);
        let overrides = &rules.overrides;
        rules.guardrails.iter_mut().for_each(|guardrail| overrides.set_parameters(guardrail));
        rules.waivers = Waivers::new(self.waivers.clone(), &rules, Utc::now().date_naive());
        rules
    }

    /// What a check says of the lints that the settings lower.
    fn told_lints(&self) -> BTreeMap<Lint, String> {
        let told = self.lowered_lints().map(|(lint, set)| {
            let LintLevel { level, reason } = &set.value;
            (lint, format!("it has the level {level} in {}, because {reason}", set.origin))
        });
        told.collect()
    }

    /// The lints that are errors for the catalogue and not for the settings.
    pub(super) fn lowered_lints(&self) -> impl Iterator<Item = (Lint, &Sourced<LintLevel>)> {
        let is_lowered =
            |lint: Lint, level: Level| level < lint.info().level && lint.info().level == Level::Error;
        self.lints
            .iter()
            .map(|(lint, level)| (*lint, level))
            .filter(move |(lint, level)| is_lowered(*lint, level.value.level))
    }

    fn rule_overrides(&self, rules: &Rules, report: &mut dyn FnMut(&dyn Diagnostic)) -> Overrides {
        let mut seen = BTreeSet::new();
        let mut known = |overrides: &BTreeMap<String, Sourced<RuleOverride>>| {
            let list: Vec<(Pattern, RuleOverride)> =
                overrides.iter().map(|(rule, set)| (Pattern::new(rule), set.value.clone())).collect();
            let (known, mistakes) = Overrides::new(&list, rules);
            for Mistake { position, kind } in mistakes {
                let Some((rule, set)) = overrides.iter().nth(position) else { continue };
                // The environment of the run has its mistakes among the overrides that count as well.
                if seen.insert((rule.clone(), set.origin.to_string(), kind.clone())) {
                    report(&settings_error(rule, &set.origin, kind));
                }
            }
            known
        };
        let overrides = known(&self.overrides);
        // A mistake in an environment is found in every run, and not when its turn comes.
        for environment in &self.environments {
            known(&environment.said.overrides);
        }
        overrides
    }

    /// What comments of the configuration do in a run on the project's own settings.
    pub fn comments(&self) -> Comments {
        Comments::Count(if self.require_waiver_expiry.value { Expiry::Required } else { Expiry::Optional })
    }

    /// Refuses to run a program that belongs to the project because a file says so: whoever edits the project would run
    /// whatever they like where the plans are checked.
    pub(super) fn refuse_own_program(&mut self) -> Option<SettingsError> {
        let ShowProgram::Named(program) = &self.terraform.value else { return None };
        let is_own = matches!(self.terraform.origin, Origin::File { .. })
            && program.is_absolute()
            && is_in_project(program);
        if !is_own {
            return None;
        }
        let (program, origin) = (program.clone(), self.terraform.origin.to_string());
        self.terraform.value = ShowProgram::None;
        Some(SettingsError::OwnProgram { program, origin })
    }

    /// Reads the baseline. Only a check has a use for it.
    pub fn read_baseline(&self, report: &mut dyn FnMut(&dyn Diagnostic)) -> Option<Baseline> {
        let file = self.baseline.value.as_ref()?;
        Baseline::read(file).map_err(|error| report(&error)).ok()
    }

    /// Where the files of the configuration are. A directory that has none is reported.
    pub fn source_directory(&self, report: &mut dyn FnMut(&dyn Diagnostic)) -> SourceDirectory {
        match &self.source.value {
            Some(directory) if !holds_configuration(directory) => {
                let origin = self.source.origin.to_string();
                report(&SettingsError::NoSource { path: directory.clone(), origin });
                SourceDirectory::None
            }
            Some(directory) => SourceDirectory::Named(directory.clone()),
            None => SourceDirectory::Inferred,
        }
    }

    /// Looks up every benchmark.
    fn chosen_benchmarks(&self, report: &mut dyn FnMut(&dyn Diagnostic)) -> Benchmarks {
        let mut chosen = Vec::new();
        for name in &self.benchmarks.value {
            let Some(benchmark) = Benchmarks::find(name) else {
                let all = Benchmarks::names().collect::<Vec<_>>().join(", ");
                let help = match suggest::nearest_or_longer(name, Benchmarks::names()) {
                    Some(near) => format!("did you mean {near}? There are {all}"),
                    None => format!("use one of {all}"),
                };
                let origin = self.benchmarks.origin.to_string();
                report(&SettingsError::UnknownBenchmark { name: name.clone(), origin, help });
                continue;
            };
            chosen.push(benchmark);
        }
        Benchmarks::new(chosen)
    }

    /// Looks up every pack among the guardrails and among the policies; one name may be both.
    fn enabled_packs(&self, report: &mut dyn FnMut(&dyn Diagnostic)) -> (Packs, RegoPacks) {
        let mut guardrails = if self.builtin.value { Packs::default() } else { Packs::none() };
        if self.fail_on_drift.value {
            guardrails = guardrails.with(DRIFT_PACK);
        }
        let mut policies = RegoPacks::default();
        for name in &self.packs.value {
            let of_guardrails = Packs::exists(name);
            if of_guardrails {
                guardrails = guardrails.with(name);
            }
            if RegoPack::find(name).is_some() {
                let parameters = self.parameters.get(name).map(|parameters| parameters.value.clone());
                let enabled = policies.enable(name, parameters);
                enabled.unwrap_or_else(|errors| errors.iter().for_each(|error| report(error)));
            } else if !of_guardrails {
                report(&PackError::unknown(name, Packs::choices()));
            }
        }
        for (pack, parameters) in &self.parameters {
            if self.packs.value.contains(pack) {
                continue;
            }
            let help = if rego_packs().iter().any(|known| known.name == pack) {
                "enable it with --pack, or in planguard.toml under [check] packs"
            } else {
                "`planguard rules` lists the packs"
            };
            report(&SettingsError::ParametersOfDisabledPack {
                pack: pack.clone(),
                origin: parameters.origin.to_string(),
                help,
            });
        }
        (guardrails, policies)
    }
}

/// What is wrong with the override of a rule, and how to put it right.
fn settings_error(rule: &str, origin: &Origin, kind: MistakeKind) -> SettingsError {
    let (rule, origin) = (rule.to_owned(), origin.to_string());
    match kind {
        MistakeKind::MeansNothing { nearest } => {
            let help = nearest.map_or_else(
                || {
                    "`planguard rules` lists the built-in rules; a policy is named as in the report"
                        .to_owned()
                },
                |near| format!("did you mean {near}?"),
            );
            SettingsError::UnknownRule { rule, origin, help }
        }
        MistakeKind::UnknownParameter { name, known } => {
            let near = suggest::nearest(&name, known.iter().map(String::as_str));
            let help = match (near, known.is_empty()) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, true) => {
                    "the rule has no parameters; `planguard rules ID` shows those of a rule".to_owned()
                }
                (None, false) => format!("use {}", known.join(", ")),
            };
            let reason = format!("there is no parameter `{name}`");
            SettingsError::RuleParameter { rule, origin, reason, help }
        }
        MistakeKind::InvalidParameter { name, reason } => {
            let reason = format!("the parameter `{name}`: {reason}");
            let help = "`planguard rules ID` shows the parameters of a rule with their defaults".to_owned();
            SettingsError::RuleParameter { rule, origin, reason, help }
        }
    }
}
