//! What `planguard check` runs with: flags first, then the project's configuration, then defaults.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use miette::{Diagnostic, MietteDiagnostic};
use planguard::check::{CheckOptions, OnErroredPlan, OnIncompletePlan, Packs, Rules};
use planguard::config::{Config, ConftestConfig, PolicyConfig};
use planguard::enforcement::{EnforcementOptions, Gate, UnknownPolicy};
use planguard::guardrails::change::ChangeOptions;
use planguard::guardrails::load_guardrails;
use planguard::input::{OnWrapperLines, ReadOptions};
use planguard::problem::Problem;
use planguard::redact::{Redactor, SafeText};
use planguard::rego::{
    ContextOptions, Convention, Namespaces, Policies, PolicyOptions, RegoPacks, RegoVersion,
    context_variables,
};
use planguard::report::Notice;

use crate::args::{CheckArguments, ConventionArgument, GateArgument, Unknown};
use crate::packs::{self, Chosen, Wanted};

/// Flags and configuration together.
pub(crate) struct Settings<'a> {
    flags: &'a CheckArguments,
    /// Without a file, one that sets nothing.
    config: Config,
    conftest: Option<ConftestConfig>,
    notices: Vec<Notice>,
    problems: Vec<Problem>,
}

impl<'a> Settings<'a> {
    /// Reads the configuration that the flags name, or that of the project of the working directory, and what
    /// conftest would read there.
    pub(crate) fn new(flags: &'a CheckArguments) -> Self {
        let mut settings = Self {
            flags,
            config: Config::default(),
            conftest: None,
            notices: Vec::new(),
            problems: Vec::new(),
        };
        if flags.no_config {
            return settings;
        }
        let here = env::current_dir().unwrap_or_default();
        let read = match &flags.config {
            Some(path) => Config::read(path).map(Some),
            None => Config::find(&here),
        };
        match read {
            Ok(config) => settings.config = config.unwrap_or_default(),
            Err(error) => settings.problems.push(Problem::new(&error, None, &Redactor::default())),
        }
        settings.note(&here);
        if settings.follows_conftest() {
            match ConftestConfig::find(Path::new("")) {
                Ok(config) => settings.conftest = config,
                Err(error) => settings.problems.push(Problem::new(&error, None, &Redactor::default())),
            }
            settings.note_conftest(&here);
        }
        settings
    }

    /// Whether the policies may be conftest's: nobody says otherwise.
    fn follows_conftest(&self) -> bool {
        let named = self.flags.convention.map_or(self.config.policies.convention, ConventionArgument::chosen);
        self.flags.config.is_none() && named.is_none_or(|convention| convention == Convention::Conftest)
    }

    /// Whoever wonders about a verdict has to know where its settings are from.
    fn note(&mut self, here: &Path) {
        let path = &self.config.path;
        if !path.as_os_str().is_empty() {
            let shown = path.strip_prefix(here).unwrap_or(path).display();
            self.notices.push(notice("PG-CF-101", &format!("settings are taken from {shown}")));
        }
    }

    fn note_conftest(&mut self, here: &Path) {
        let Some(ConftestConfig { path, ignored, .. }) = &self.conftest else { return };
        let shown = path.strip_prefix(here).unwrap_or(path).display();
        let mut message = format!("policies are those of {shown}");
        if !ignored.is_empty() {
            message.push_str(&format!("; these of its keys do nothing here: {}", ignored.join(", ")));
        }
        self.notices.push(notice("PG-CF-102", &message));
    }

    /// What is wrong with the configuration. The run goes on without it, so that everything else is told too, and
    /// is undecided.
    pub(crate) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Which files the settings are from.
    pub(crate) fn notices(&self) -> &[Notice] {
        &self.notices
    }

    pub(crate) fn check_options(&self) -> CheckOptions {
        let (flags, config) = (self.flags, &self.config.check);
        let defaults = CheckOptions::default();
        CheckOptions {
            enforcement: EnforcementOptions {
                fail_on: flags.fail_on.or(config.fail_on).unwrap_or(defaults.enforcement.fail_on),
                unknown: flags
                    .unknown
                    .map(unknown)
                    .or(config.unknown)
                    .unwrap_or(defaults.enforcement.unknown),
                gate: flags.gate.map(gate).or(config.gate).unwrap_or(defaults.enforcement.gate),
            },
            change: ChangeOptions {
                max_destroys: flags
                    .max_destroys
                    .or(config.max_destroys)
                    .unwrap_or(defaults.change.max_destroys),
                max_destroy_percent: flags
                    .max_destroy_percent
                    .or(config.max_destroy_percent)
                    .unwrap_or(defaults.change.max_destroy_percent),
            },
            errored: if flags.allow_errored { OnErroredPlan::Accept } else { OnErroredPlan::Undecided },
            incomplete: if flags.require_complete || config.require_complete == Some(true) {
                OnIncompletePlan::Undecided
            } else {
                OnIncompletePlan::Accept
            },
            strict: flags.strict || config.strict == Some(true),
            report_only: flags.report_only,
        }
    }

    pub(crate) fn read_options(&self) -> ReadOptions {
        let flags = self.flags;
        ReadOptions {
            wrapper_lines: if flags.lenient { OnWrapperLines::Strip } else { OnWrapperLines::Refuse },
            terraform: flags.terraform.clone(),
            size_cap: flags.max_size.saturating_mul(1 << 20),
        }
    }

    /// Loads everything that is to be evaluated; what cannot be loaded is added to `problems`.
    pub(crate) fn rules(&self, problems: &mut Vec<Problem>) -> Rules {
        let (flags, config) = (self.flags, &self.config.check);
        let plain = Redactor::default();
        let mut say = |diagnostic: &dyn Diagnostic| problems.push(Problem::new(diagnostic, None, &plain));
        let builtin = !flags.no_builtin && config.builtin != Some(false);
        let names: Vec<String> = config.packs.iter().chain(&flags.pack).cloned().collect();
        let wanted = Wanted {
            builtin: if builtin { Packs::default() } else { Packs::none() },
            names: &names,
            configured: packs::configured(&self.config.packs),
            params: flags.params.as_deref(),
        };
        let Chosen { builtin, rego } = packs::choose(wanted, &mut say);
        let guardrails =
            load_guardrails(either(&flags.guardrails, &config.guardrails)).unwrap_or_else(|errors| {
                errors.iter().for_each(|error| say(error));
                Vec::new()
            });
        let policies = self.policy_options(rego).map(|options| Policies::load(&options));
        // Packs bring policies of their own, which none of these flags is about.
        if self.policy_paths().is_empty() && self.has_policy_flags() {
            say(&MietteDiagnostic::new("there are no policies for the flags about policies")
                .with_code("PG-CL-003")
                .with_help("name policies with --policy, or in planguard.toml under [policies] paths"));
        }
        Rules { packs: builtin, guardrails, policies }
    }

    /// What the project's files say about policies.
    fn policy_config(&self) -> PolicyConfig {
        let conftest = self.conftest.clone().map(|conftest| conftest.policies).unwrap_or_default();
        self.config.policies.clone().or(conftest)
    }

    fn policy_paths(&self) -> Vec<PathBuf> {
        if self.flags.policy.is_empty() { self.policy_config().paths } else { self.flags.policy.clone() }
    }

    fn policy_options(&self, packs: RegoPacks) -> Option<PolicyOptions> {
        let flags = self.flags;
        let config = self.policy_config();
        let paths = self.policy_paths();
        if paths.is_empty() && packs.is_empty() {
            return None;
        }
        let namespaces = match (flags.all_namespaces, flags.namespace.is_empty()) {
            (true, _) => Some(Namespaces::All),
            (false, false) => Some(Namespaces::Named(flags.namespace.clone())),
            (false, true) => config.namespaces,
        };
        let defaults = PolicyOptions::default();
        Some(PolicyOptions {
            paths,
            packs,
            convention: flags.convention.map_or(config.convention, ConventionArgument::chosen),
            context: ContextOptions {
                file: flags.context.clone().or(config.context),
                infracost: flags.infracost.clone().or(config.infracost),
                environment: run_variables(),
            },
            namespaces: namespaces.unwrap_or(defaults.namespaces),
            data: either(&flags.data, &config.data).to_vec(),
            version: flags.rego_version.map(RegoVersion::from).or(config.rego_version),
            time_limit: flags
                .policy_timeout
                .or(config.timeout)
                .map_or(defaults.time_limit, Duration::from_secs),
            memory_limit: defaults.memory_limit,
            coverage: defaults.coverage,
        })
    }

    fn has_policy_flags(&self) -> bool {
        let flags = self.flags;
        flags.all_namespaces
            || !flags.namespace.is_empty()
            || !flags.data.is_empty()
            || flags.context.is_some()
            || flags.infracost.is_some()
    }
}

/// What the environment says of the run.
pub(crate) fn run_variables() -> BTreeMap<String, String> {
    context_variables().filter_map(|name| Some((name.to_owned(), env::var(name).ok()?))).collect()
}

/// What a flag says replaces what the configuration says.
fn either<'p>(flag: &'p [PathBuf], config: &'p [PathBuf]) -> &'p [PathBuf] {
    if flag.is_empty() { config } else { flag }
}

fn notice(code: &str, message: &str) -> Notice {
    Notice { code: SafeText::fixed(code), message: Redactor::default().text(message) }
}

const fn unknown(argument: Unknown) -> UnknownPolicy {
    match argument {
        Unknown::Deny => UnknownPolicy::Deny,
        Unknown::Warn => UnknownPolicy::Warn,
        Unknown::Ignore => UnknownPolicy::Ignore,
    }
}

const fn gate(argument: GateArgument) -> Gate {
    match argument {
        GateArgument::All => Gate::All,
        GateArgument::Introduced => Gate::Introduced,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Arguments;

    /// clap does not know the defaults that stand behind the configuration.
    #[test]
    fn help_tells_the_defaults() {
        let command = Arguments::command();
        let check = command.find_subcommand("check").unwrap();
        let help = |id: &str| {
            let argument = check.get_arguments().find(|argument| argument.get_id() == id).unwrap();
            argument.get_help().unwrap().to_string()
        };
        let (check, policy) = (CheckOptions::default(), PolicyOptions::default());
        for (id, default) in [
            ("fail_on", check.enforcement.fail_on.to_string()),
            ("max_destroys", check.change.max_destroys.to_string()),
            ("max_destroy_percent", check.change.max_destroy_percent.to_string()),
            ("policy_timeout", policy.time_limit.as_secs().to_string()),
        ] {
            assert!(help(id).ends_with(&format!("[default: {default}]")), "{id}: {}", help(id));
        }
    }
}
