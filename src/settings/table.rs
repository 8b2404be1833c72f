//! The settings: the one list of their names, types and defaults, and the options that follow from them.
//!
//! A new setting takes an entry in `settings!` and its use in an `impl Settings` below; then a flag in the command
//! line's `args.rs`, and a line in `docs/configuration.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use planguard_guardrails::change::ChangeOptions;
use planguard_plan::input::Terraform;
use planguard_rego::convention::conventions;
use planguard_rego::testing::RegoTestOptions;
use planguard_rego::{ContextOptions, Convention, Namespaces, PolicyOptions, RegoPacks, WorkspaceOptions};
use planguard_rego_lint::{Lint, LintOptions};
use planguard_rule::Severity;
use sha2::{Digest as _, Sha256};
use toml::Value as Toml;

use super::environments::Environment;
use super::lints::LintLevel;
use super::origin::{Origin, Sourced};
use super::value::{
    Amount, Approvers, Chosen, ChosenConvention, ChosenRegoVersion, InvalidValue, Percent, Seconds,
    SettingValue, ShowProgram,
};
use crate::check::{CheckOptions, OnDrift, OnIncompletePlan, OnUncovered};
use crate::cost::OnUnknownCost;
use crate::enforcement::{EnforcementOptions, Gate, OnWarning, UnknownPolicy};
use crate::overrides::RuleOverride;
use crate::risk::RiskOptions;
use crate::waivers::Waiver;

/// A setting's names, and what its value is.
#[derive(Clone, Copy, Debug)]
pub struct SettingName {
    /// The table of `planguard.toml`.
    pub table: &'static str,
    /// The key in the table.
    pub key: &'static str,
    /// The environment variable.
    pub variable: &'static str,
    /// What the setting is for.
    pub about: &'static str,
    /// The JSON Schema of its value.
    pub schema: fn() -> serde_json::Value,
}

/// A resolved setting, ready to print.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The setting's name in `planguard.toml`, such as `check.fail-on`.
    pub name: String,
    /// Its value as `planguard.toml` would have it; `None` if it has none.
    pub value: Option<Toml>,
    /// Where it was set.
    pub origin: Origin,
}

macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])+
        $table:literal . $key:literal / $variable:literal => $field:ident: $type:ty = $default:expr;
    )+) => {
        /// Every setting, in the order in which they are printed.
        pub const NAMES: &[SettingName] =
            &[$(SettingName {
                table: $table,
                key: $key,
                variable: $variable,
                about: concat!($($doc),+),
                schema: <$type as SettingValue>::schema,
            }),+];

        /// What one source, or several, say about settings. What a source does not mention is `None`.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Said {
            $($(#[doc = $doc])+ pub $field: Option<Sourced<$type>>,)+
            /// The parameters of packs, by pack.
            pub parameters: BTreeMap<String, Sourced<serde_json::Value>>,
            /// The levels of lints that do not have their own.
            pub lints: BTreeMap<Lint, Sourced<LintLevel>>,
            /// The severity and enforcement of single rules, by id or pattern.
            pub overrides: BTreeMap<String, Sourced<RuleOverride>>,
            /// The waivers.
            pub waivers: Vec<Waiver>,
            /// The people of each group.
            pub groups: BTreeMap<String, Sourced<Vec<String>>>,
            /// The environments.
            pub environments: Vec<Environment>,
        }

        impl Said {
            /// What `self` says, and what `lower` says where `self` says nothing. Lists are not merged, except
            /// those that [`Said::over`] adds to.
            fn or(mut self, lower: Self) -> Self {
                let mut parameters = lower.parameters;
                parameters.append(&mut self.parameters);
                let mut lints = lower.lints;
                lints.append(&mut self.lints);
                let mut overrides = lower.overrides;
                overrides.append(&mut self.overrides);
                // One source has waivers, groups and environments: the settings file.
                let waivers = self.waivers.into_iter().chain(lower.waivers).collect();
                let groups = self.groups.into_iter().chain(lower.groups).collect();
                let environments = self.environments.into_iter().chain(lower.environments).collect();
                Self {
                    $($field: self.$field.or(lower.$field),)+
                    parameters,
                    lints,
                    overrides,
                    waivers,
                    groups,
                    environments,
                }
            }

            /// Takes the value of a key in a settings file. `None` if there is no such key.
            pub(super) fn read_key(
                &mut self,
                table: &str,
                key: &str,
                value: &Toml,
                directory: &Path,
                origin: Origin,
            ) -> Option<Result<(), InvalidValue>> {
                match (table, key) {
                    $(($table, $key) => Some(<$type>::from_toml(value).map(|value| {
                        self.$field = Some(Sourced { value: value.below(directory), origin });
                    })),)+
                    _ => None,
                }
            }

            /// Takes the text of an environment variable. `None` if no setting has such a variable.
            pub(super) fn read_variable(
                &mut self,
                variable: &str,
                text: &str,
            ) -> Option<Result<(), InvalidValue>> {
                match variable {
                    $($variable => Some(<$type>::from_text(text).map(|value| {
                        self.$field = Some(Sourced { value, origin: Origin::Variable($variable) });
                    })),)+
                    _ => None,
                }
            }

            /// The settings, with defaults where nothing was said.
            pub(super) fn resolve(self) -> Settings {
                Settings {
                    $($field: self.$field.unwrap_or_else(|| Sourced {
                        value: $default,
                        origin: Origin::Default,
                    }),)+
                    parameters: self.parameters,
                    lints: self.lints,
                    overrides: self.overrides,
                    waivers: self.waivers,
                    groups: self.groups,
                    environments: self.environments,
                }
            }
        }

        /// The settings of a run, each with its origin.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings {
            $($(#[doc = $doc])+ pub $field: Sourced<$type>,)+
            /// The parameters of packs, by pack.
            pub parameters: BTreeMap<String, Sourced<serde_json::Value>>,
            /// The levels of lints that do not have their own.
            pub lints: BTreeMap<Lint, Sourced<LintLevel>>,
            /// The severity and enforcement of single rules, by id or pattern.
            pub overrides: BTreeMap<String, Sourced<RuleOverride>>,
            /// The waivers, in the order of the file.
            pub waivers: Vec<Waiver>,
            /// The people of each group.
            pub groups: BTreeMap<String, Sourced<Vec<String>>>,
            /// The environments.
            pub environments: Vec<Environment>,
        }

        impl Settings {
            /// All settings but the parameters of packs and the levels of lints.
            fn named(&self) -> Vec<Entry> {
                vec![$(Entry {
                    name: concat!($table, ".", $key).to_owned(),
                    value: self.$field.value.to_toml(),
                    origin: self.$field.origin.clone(),
                }),+]
            }
        }
    };
}

settings! {
    /// Findings of this severity and above deny.
    "check"."fail-on" / "PLANGUARD_FAIL_ON" => fail_on: Severity = EnforcementOptions::default().fail_on;
    /// Whether warnings deny as well.
    "check"."fail-on-warn" / "PLANGUARD_FAIL_ON_WARN" => fail_on_warn: bool = false;
    /// What undetermined outcomes do.
    "check"."unknown" / "PLANGUARD_UNKNOWN" => unknown: UnknownPolicy = UnknownPolicy::default();
    /// Which findings may deny.
    "check"."gate" / "PLANGUARD_GATE" => gate: Gate = Gate::default();
    /// Whether doubtful documents are refused.
    "check"."strict" / "PLANGUARD_STRICT" => strict: bool = false;
    /// Whether a plan that does not cover the whole configuration is refused.
    "check"."require-complete" / "PLANGUARD_REQUIRE_COMPLETE" => require_complete: bool = false;
    /// Whether a plan that changes resources of types that no guardrail knows is refused.
    "check"."require-coverage" / "PLANGUARD_REQUIRE_COVERAGE" => require_coverage: bool = false;
    /// Whether every waiver needs an end.
    "check"."require-waiver-expiry" / "PLANGUARD_REQUIRE_WAIVER_EXPIRY" => require_waiver_expiry: bool = true;
    /// Whether the built-in guardrails are enabled.
    "check"."builtin" / "PLANGUARD_BUILTIN" => builtin: bool = true;
    /// The packs that are enabled besides those that are by default.
    "check"."packs" / "PLANGUARD_PACK" => packs: Vec<String> = Vec::new();
    /// The benchmarks whose controls the report is about, whose rules are enabled.
    "check"."benchmarks" / "PLANGUARD_BENCHMARK" => benchmarks: Vec<String> = Vec::new();
    /// Files and directories with the project's own guardrails.
    "check"."guardrails" / "PLANGUARD_GUARDRAILS" => guardrails: Vec<PathBuf> = Vec::new();
    /// The file with the findings that the project had when it began with planguard.
    "check"."baseline" / "PLANGUARD_BASELINE" => baseline: Option<PathBuf> = None;
    /// The program that turns binary plans into JSON.
    "check"."terraform" / "PLANGUARD_TERRAFORM" => terraform: ShowProgram = ShowProgram::None;
    /// The directory with the configuration of the plans.
    "check"."source" / "PLANGUARD_SOURCE" => source: Option<PathBuf> = None;
    /// How many objects a plan may destroy.
    "check"."max-destroys" / "PLANGUARD_MAX_DESTROYS" => max_destroys: usize =
        ChangeOptions::default().max_destroys;
    /// How much of the managed objects a plan may destroy.
    "check"."max-destroy-percent" / "PLANGUARD_MAX_DESTROY_PERCENT" => max_destroy_percent: Percent =
        Percent::DEFAULT;
    /// Whether what was changed outside of Terraform denies.
    "check"."fail-on-drift" / "PLANGUARD_FAIL_ON_DRIFT" => fail_on_drift: bool = false;
    /// What may be changed outside of Terraform.
    "check"."ignore-drift" / "PLANGUARD_IGNORE_DRIFT" => ignore_drift: Vec<String> = Vec::new();
    /// The highest risk score that does not deny.
    "check"."max-risk" / "PLANGUARD_MAX_RISK" => max_risk: Option<usize> = None;

    /// Findings of this severity and above need approval, if they do not deny.
    "approve"."severity" / "PLANGUARD_APPROVE_SEVERITY" => approve_severity: Option<Severity> = None;
    /// From this risk score on a plan needs approval.
    "approve"."risk" / "PLANGUARD_APPROVE_RISK" => approve_risk: Option<usize> = None;
    /// How many people have to approve.
    "approve"."count" / "PLANGUARD_APPROVE_COUNT" => approve_count: Approvers = Approvers::DEFAULT;
    /// The groups whose people may approve.
    "approve"."from" / "PLANGUARD_APPROVE_FROM" => approve_from: Vec<String> = Vec::new();

    /// Whether a check reports what a plan costs, also without a limit.
    "cost"."report" / "PLANGUARD_COST" => cost_report: bool = false;
    /// A file with prices and discounts of the user's own.
    "cost"."prices" / "PLANGUARD_COST_PRICES" => prices: Option<PathBuf> = None;
    /// By how much more a month may cost: in US dollars, or in the currency of a report of Infracost.
    "cost"."max-delta" / "PLANGUARD_COST_MAX_DELTA" => max_cost_delta: Option<Amount> = None;
    /// By how many percent more a month may cost.
    "cost"."max-percent" / "PLANGUARD_COST_MAX_PERCENT" => max_cost_percent: Option<Amount> = None;
    /// What a check does if it cannot tell all of the difference.
    "cost"."on-unknown" / "PLANGUARD_COST_ON_UNKNOWN" => cost_on_unknown: OnUnknownCost = OnUnknownCost::default();

    /// Files and directories with Rego policies.
    "policies"."paths" / "PLANGUARD_POLICY" => paths: Vec<PathBuf> = Vec::new();
    /// The file with the key that signed bundles are verified with.
    "policies"."bundle-key" / "PLANGUARD_BUNDLE_KEY" => bundle_key: Option<PathBuf> = None;
    /// The scope that bundles have to be signed for.
    "policies"."bundle-scope" / "PLANGUARD_BUNDLE_SCOPE" => bundle_scope: String = String::new();
    /// The platform that the policies are written for.
    "policies"."convention" / "PLANGUARD_CONVENTION" => convention: ChosenConvention = Chosen::Auto;
    /// The packages that are evaluated.
    "policies"."namespaces" / "PLANGUARD_NAMESPACE" => namespaces: Namespaces = Namespaces::default();
    /// Files and directories of documents for `data`.
    "policies"."data" / "PLANGUARD_DATA" => data: Vec<PathBuf> = Vec::new();
    /// A JSON object that describes the run to policies.
    "policies"."context" / "PLANGUARD_CONTEXT" => context: Option<PathBuf> = None;
    /// A cost report of Infracost.
    "policies"."infracost" / "PLANGUARD_INFRACOST" => infracost: Option<PathBuf> = None;
    /// The version of Rego.
    "policies"."rego-version" / "PLANGUARD_REGO_VERSION" => rego_version: ChosenRegoVersion = Chosen::Auto;
    /// How long one rule may take on one plan, one query or one test.
    "policies"."timeout" / "PLANGUARD_POLICY_TIMEOUT" => timeout: Seconds = Seconds::DEFAULT;
}

impl Percent {
    /// The default of `check.max-destroy-percent`.
    pub const DEFAULT: Self = Self(30);
}

impl Approvers {
    /// The default of `approve.count`.
    pub const DEFAULT: Self = Self(1);
}

impl Seconds {
    /// The default of `policies.timeout`.
    pub const DEFAULT: Self = Self(10);

    /// The time.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.get())
    }
}

impl Said {
    /// `self` over `lower`, where the packs of `self` are added to those of `lower`: a flag and a variable enable one
    /// more pack.
    #[must_use]
    pub(super) fn over_adding_packs(mut self, lower: Self) -> Self {
        if let (Some(own), Some(theirs)) = (&self.packs, &lower.packs) {
            let value = theirs.value.iter().chain(&own.value).cloned().collect();
            let (to, by) = (Box::new(theirs.origin.clone()), Box::new(own.origin.clone()));
            self.packs = Some(Sourced { value, origin: Origin::Added { to, by } });
        }
        self.or(lower)
    }

    /// `self` over `lower`. Lists are replaced, not merged.
    #[must_use]
    pub(super) fn over(self, lower: Self) -> Self {
        self.or(lower)
    }
}

impl Settings {
    /// Every setting with its origin.
    pub fn entries(&self) -> Vec<Entry> {
        let parameters = self.parameters.iter().map(|(pack, parameters)| Entry {
            name: format!("packs.{pack}"),
            value: Toml::try_from(&parameters.value).ok(),
            origin: parameters.origin.clone(),
        });
        let lints = self.lints.iter().map(|(lint, level)| Entry {
            name: format!("lints.{}", lint.info().name),
            value: Some(level.value.to_toml()),
            origin: level.origin.clone(),
        });
        let overrides = self.overrides.iter().map(|(rule, of_rule)| Entry {
            name: format!("rules.{rule}"),
            value: Some(of_rule.value.to_toml()),
            origin: of_rule.origin.clone(),
        });
        let groups = self.groups.iter().map(|(group, people)| Entry {
            name: format!("groups.{group}"),
            value: people.value.to_toml(),
            origin: people.origin.clone(),
        });
        self.named().into_iter().chain(parameters).chain(lints).chain(overrides).chain(groups).collect()
    }

    /// The SHA-256 of the settings that count, wherever they were set. `shown` names paths as people would.
    pub fn sha256(&self, shown: &dyn Fn(&str) -> String) -> String {
        self.digest(&self.entries(), shown)
    }

    /// The SHA-256 of the settings that decide. The program that converts binary plans is not among them: it may be another one
    /// in another job that has the same rules.
    pub fn deciding_sha256(&self, shown: &dyn Fn(&str) -> String) -> String {
        let mut entries = self.entries();
        entries.retain(|entry| entry.name != "check.terraform");
        self.digest(&entries, shown)
    }

    fn digest(&self, entries: &[Entry], shown: &dyn Fn(&str) -> String) -> String {
        let entries = entries.iter().map(|Entry { name, value, .. }| match value {
            Some(value) => format!("{name} = {}\n", shown(&value.to_string())),
            None => format!("{name}\n"),
        });
        let waivers = self.waivers.iter().map(|waiver| {
            let Waiver { rule, address, environment, reason, owner, ticket, expires, plan, place: _ } = waiver;
            format!("waiver {rule:?} {address:?} {environment:?} {reason:?} {owner:?} {ticket:?} {expires:?} {plan:?}\n")
        });
        let digest = entries.chain(waivers).fold(Sha256::new(), |digest, line| digest.chain_update(line));
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The options of a check. What a user accepts for one run only is not among the settings and has its default.
    pub fn check_options(&self) -> CheckOptions {
        CheckOptions {
            enforcement: EnforcementOptions {
                fail_on: self.fail_on.value,
                approve_from: self.approve_severity.value,
                warnings: if self.fail_on_warn.value { OnWarning::Deny } else { OnWarning::Report },
                unknown: self.unknown.value,
                gate: self.gate.value,
            },
            change: ChangeOptions {
                max_destroys: self.max_destroys.value,
                max_destroy_percent: self.max_destroy_percent.value.get(),
                ignore_drift: self.ignore_drift.value.clone(),
            },
            drift: if self.fail_on_drift.value { OnDrift::Deny } else { OnDrift::Judge },
            incomplete: if self.require_complete.value {
                OnIncompletePlan::Undecided
            } else {
                OnIncompletePlan::Accept
            },
            uncovered: if self.require_coverage.value { OnUncovered::Undecided } else { OnUncovered::Accept },
            strict: self.strict.value,
            risk: RiskOptions { deny_above: self.max_risk.value, approve_from: self.approve_risk.value },
            ..CheckOptions::default()
        }
    }

    /// The program that turns binary plans into JSON, if one may be run.
    pub fn terraform(&self) -> Option<Terraform> {
        match &self.terraform.value {
            ShowProgram::None => None,
            ShowProgram::OnPath => {
                let is_tofu_alone = !is_on_path("terraform") && is_on_path("tofu");
                Some(Terraform::from(if is_tofu_alone { "tofu" } else { "terraform" }))
            }
            ShowProgram::Named(program) => Some(Terraform::from(program.clone())),
        }
    }

    /// The options of policies with these packs, on a run with these environment variables.
    pub fn policy_options(&self, packs: RegoPacks, environment: BTreeMap<String, String>) -> PolicyOptions {
        PolicyOptions {
            paths: self.paths.value.clone(),
            packs,
            convention: self.convention.value.named(),
            context: self.context_options(environment),
            namespaces: self.namespaces.value.clone(),
            data: self.data.value.clone(),
            version: self.rego_version.value.named(),
            time_limit: self.timeout.value.duration(),
            ..PolicyOptions::default()
        }
    }

    /// What policies know of a run with these environment variables.
    pub fn context_options(&self, environment: BTreeMap<String, String>) -> ContextOptions {
        ContextOptions {
            file: self.context.value.clone(),
            infracost: self.infracost.value.clone(),
            environment,
        }
    }

    /// The platform in whose shape a query sees the plan: that of the policies if they are all for one, else
    /// conftest.
    pub fn query_convention(&self) -> Convention {
        if let Some(named) = self.convention.value.named() {
            return named;
        }
        let located = conventions(&self.policy_options(RegoPacks::default(), BTreeMap::new()));
        match located.split_first() {
            Some((first, rest)) if rest.iter().all(|other| other.convention == first.convention) => {
                first.convention
            }
            Some(_) | None => Convention::CONFTEST,
        }
    }

    /// The options of queries, without what will be asked.
    pub fn workspace_options(&self) -> WorkspaceOptions {
        WorkspaceOptions {
            paths: self.paths.value.clone(),
            data: self.data.value.clone(),
            version: self.rego_version.value.named(),
            time_limit: self.timeout.value.duration(),
            ..WorkspaceOptions::default()
        }
    }

    /// The options of linting; without policy paths, the usual directories below the working directory.
    pub fn lint_options(&self) -> LintOptions {
        let usual = || ["policy", "policies"].map(PathBuf::from).into_iter().find(|path| path.is_dir());
        LintOptions {
            paths: match self.paths.value.as_slice() {
                [] => vec![usual().unwrap_or_else(|| PathBuf::from("."))],
                named => named.to_vec(),
            },
            data: self.data.value.clone(),
            convention: self.convention.value.named(),
            namespaces: self.namespaces.set().cloned(),
            version: self.rego_version.value.named(),
            levels: self.lints.iter().map(|(lint, level)| (*lint, level.value.level)).collect(),
            ..LintOptions::default()
        }
    }

    /// The options of tests. Tests lie beside policies and guardrails; without paths, below the usual directory.
    pub fn test_options(&self) -> RegoTestOptions {
        let usual = PathBuf::from("policy");
        let mut paths = match (self.paths.value.as_slice(), usual.is_dir()) {
            ([], true) => vec![usual],
            // The guardrails are below it.
            ([], false) => return self.test_options_in(vec![PathBuf::from(".")]),
            (named, _) => named.to_vec(),
        };
        // Whoever names paths on the command line means these and no others.
        if !matches!(self.paths.origin, Origin::Flag(_)) {
            paths.extend(self.guardrails.value.iter().cloned());
        }
        self.test_options_in(paths)
    }

    fn test_options_in(&self, paths: Vec<PathBuf>) -> RegoTestOptions {
        RegoTestOptions {
            paths,
            data: self.data.value.clone(),
            version: self.rego_version.value.named(),
            time_limit: self.timeout.value.duration(),
            ..RegoTestOptions::default()
        }
    }
}

/// Whether a directory of the `PATH` has a program of this name.
fn is_on_path(name: &str) -> bool {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(&file).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_options() {
        let settings = Said::default().resolve();
        let (change, policies) = (ChangeOptions::default(), PolicyOptions::default());
        assert_eq!(settings.max_destroy_percent.value.get(), change.max_destroy_percent);
        assert_eq!(settings.timeout.value.duration(), policies.time_limit);
        assert_eq!(settings.policy_options(RegoPacks::default(), BTreeMap::new()), policies);
    }

    #[test]
    fn packs_are_added_and_other_lists_are_replaced() {
        let said = |pack: &str, path: &str, name| Said {
            packs: Some(Sourced { value: vec![pack.to_owned()], origin: Origin::Flag(name) }),
            paths: Some(Sourced { value: vec![PathBuf::from(path)], origin: Origin::Flag(name) }),
            ..Said::default()
        };
        let both = said("a", "x", "--high").over_adding_packs(said("b", "y", "--low")).resolve();
        assert_eq!(both.packs.value, ["b", "a"]);
        assert_eq!(both.packs.origin.to_string(), "--low and --high");
        assert_eq!(both.paths.value, [PathBuf::from("x")]);
        let alone = said("a", "x", "--high").over_adding_packs(Said::default()).resolve();
        assert_eq!(alone.packs.value, ["a"]);
        let lower = Said::default().over_adding_packs(said("b", "y", "--low")).resolve();
        assert_eq!(lower.packs.value, ["b"]);
    }

    #[test]
    fn names_are_unique() {
        for (position, name) in NAMES.iter().enumerate() {
            for other in &NAMES[position + 1..] {
                assert_ne!((name.table, name.key), (other.table, other.key));
                assert_ne!(name.variable, other.variable);
            }
        }
    }
}
