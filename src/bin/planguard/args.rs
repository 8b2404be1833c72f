//! The command line: the arguments of every command, and the groups of flags that several commands share.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use planguard::Severity;
use planguard::check::OnErroredPlan;
use planguard::enforcement::{Gate, UnknownPolicy};
use planguard::input::{DEFAULT_TERRAFORM_TIMEOUT, OnWrapperLines, ReadOptions};
use planguard::rego::Namespaces;
use planguard::render::rules::RulesReport;
use planguard::render::{self, Detail, Format};
use planguard::rule::{Category, words};
use planguard::settings::{
    ChosenConvention, ChosenRegoVersion, Origin, Percent, Said, Seconds, Settings, ShowProgram, Sourced,
    namespaces,
};

use crate::attest::AttestArguments;
use crate::baseline::{BASELINE_HELP, BaselineArguments};
use crate::completions::{CompletionsArguments, ManArguments};
use crate::conftest_flags::ConftestFlags;
use crate::cost::CostArguments;
use crate::eval::{EVAL_HELP, EvalArguments};
use crate::fixture::{FIXTURE_HELP, FixtureArguments};
use crate::format::FormatParser;
use crate::github::Annotations;
use crate::graph::GraphArguments;
use crate::held::RunArguments;
use crate::isolation::IsolationArguments;
use crate::later::{Later, later};
use crate::lib_command::LibArguments;
use crate::lint::LintArguments;
use crate::merge::MergeArguments;
use crate::new::{InitArguments, NewArguments};
use crate::outputs::Outputs;
use crate::partition::PartitionArgument;
use crate::plan::PlanArguments;
use crate::runtask::RunTaskArguments;
use crate::show::ShowArguments;
use crate::test::TestArguments;
use crate::verify::VerifyArguments;
use crate::waive::{WAIVE_HELP, WaiveArguments, WaiversArguments};
use crate::words::{chosen, word};

/// Checks Terraform and OpenTofu plans with guardrails and Rego policies, and says by its exit code whether they may
/// be merged.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to use colors. NO_COLOR is honored
    // Behind the arguments of every command.
    #[arg(long, global = true, value_parser = word::<ColorWhen>(), default_value = "auto", value_name = "WHEN", display_order = 900)]
    pub(crate) color: ColorWhen,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    passed: everything was checked, and nothing denies
  1    denied: at least one finding denies
  2    undecided: something could not be checked; wins over 1
  130  interrupted";

const CHECK_HELP: &str = "\
A plan as JSON:
  terraform plan -out=tfplan && terraform show -json tfplan | planguard check -

Exit codes:
  0    passed: everything was checked, and nothing denies
  1    denied: at least one finding denies
  2    undecided: something could not be checked; wins over 1
  130  interrupted";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check plans with guardrails and policies
    #[command(after_help = CHECK_HELP)]
    Check(Later<CheckArguments>),
    /// Plan with terraform or tofu, check the plan, and say how to apply it
    #[command(after_help = crate::plan::HELP)]
    Plan(Later<PlanArguments>),
    /// Check a plan, and sign what was decided, so that only this plan is applied
    #[command(after_help = crate::attest::HELP)]
    Attest(Later<CheckArguments>),
    /// Accept a plan that is to be applied if it is the one that was checked and passed
    #[command(after_help = crate::verify::HELP)]
    Verify(Later<VerifyArguments>),
    /// Write the present findings to a file, and let `check` accept them
    #[command(after_help = BASELINE_HELP)]
    Baseline(Later<BaselineArguments>),
    /// Tell what a plan costs a month, before and after
    #[command(after_help = crate::cost::HELP)]
    Cost(Later<CostArguments>),
    /// Evaluate a Rego query on a plan
    #[command(after_help = EVAL_HELP)]
    Eval(Later<EvalArguments>),
    /// Make a small test plan from a real one, with secrets and identifiers removed
    #[command(after_help = FIXTURE_HELP)]
    Fixture(Later<FixtureArguments>),
    /// Draw what depends on what in a plan, and what is done with it
    #[command(after_help = crate::graph::HELP)]
    Graph(Later<GraphArguments>),
    /// Write the Rego library for policies to files, for use with OPA
    Lib(Later<LibArguments>),
    /// Find mistakes in policies
    #[command(after_help = crate::lint::HELP)]
    Lint(Later<LintArguments>),
    /// List the built-in rules, or explain one
    Rules(Later<RulesArguments>),
    /// Answer a run task of HCP Terraform
    #[command(after_help = crate::runtask::HELP)]
    Runtask(Later<RunTaskArguments>),
    /// Show what a plan does
    #[command(after_help = crate::show::HELP)]
    Show(Later<ShowArguments>),
    /// Run the tests of policies and guardrails
    #[command(after_help = crate::test::HELP)]
    Test(Later<TestArguments>),
    /// Accept the findings of a rule on a resource, with a reason and an end
    #[command(after_help = WAIVE_HELP)]
    Waive(Later<WaiveArguments>),
    /// Merge the JSON reports of several runs into one report and verdict
    #[command(after_help = crate::merge::HELP)]
    Merge(Later<MergeArguments>),
    /// List the waivers, and the findings that each accepts
    Waivers(Later<WaiversArguments>),
    /// Create a policy or a guardrail with its tests
    New(Later<NewArguments>),
    /// Set up planguard in a project: settings, a first policy with its tests, a CI pipeline
    Init(Later<InitArguments>),
    /// Print the completions of a shell
    #[command(after_help = crate::completions::HELP)]
    Completions(Later<CompletionsArguments>),
    /// Write the manual's pages
    Man(Later<ManArguments>),
}

/// The command line as clap knows it.
pub(crate) fn command() -> clap::Command {
    // One set of flags serves all commands; those that have no effect on a command are accepted, and not shown.
    let lint = |lint| hide(later::<LintArguments>(lint), &["context", "infracost", "policy_timeout"]);
    let test = |test| {
        let hidden = ["namespace", "all_namespaces", "convention", "context", "infracost"];
        hide(later::<TestArguments>(test), &hidden)
    };
    let verify = |verify| {
        hide(later::<VerifyArguments>(verify), &crate::verify::HIDDEN).mut_arg("key", |key| {
            key.help("Verify with this public key: ed25519, PEM [env: PLANGUARD_PUBLIC_KEY, the key itself]")
        })
    };
    let attest = |attest| {
        later::<CheckArguments>(attest).mut_arg("attest", |file| {
            file.help("Write the signed statement to this file [default: planguard-attestation.json]")
        })
    };
    Arguments::command()
        .mut_subcommand("attest", |subcommand| subcommand.defer(attest))
        .mut_subcommand("verify", |subcommand| subcommand.defer(verify))
        .mut_subcommand("lint", |subcommand| subcommand.defer(lint))
        .mut_subcommand("test", |subcommand| subcommand.defer(test))
}

fn hide(command: clap::Command, hidden: &[&str]) -> clap::Command {
    hidden.iter().fold(command, |command, id| command.mut_arg(id, |arg| arg.hide(true)))
}

/// A flag's value with its origin, if the flag was given.
pub(crate) fn flag<T>(name: &'static str, value: Option<T>) -> Option<Sourced<T>> {
    value.map(|value| Sourced { value, origin: Origin::Flag(name) })
}

/// A list with its origin, if the flag was given at least once.
pub(crate) fn list<T: Clone>(name: &'static str, values: &[T]) -> Option<Sourced<Vec<T>>> {
    flag(name, (!values.is_empty()).then(|| values.to_vec()))
}

/// A value that a flag without argument stands for.
fn switch(name: &'static str, is_given: bool, value: bool) -> Option<Sourced<bool>> {
    flag(name, is_given.then_some(value))
}

/// Where settings come from.
#[derive(Clone, Debug, Args)]
pub(crate) struct SourceArguments {
    /// Read settings from this file [default: the project's planguard.toml] [env: PLANGUARD_CONFIG]
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", help_heading = "Settings")]
    pub(crate) config: Option<PathBuf>,
    /// Ignore planguard.toml and conftest.toml
    #[arg(long, help_heading = "Settings")]
    pub(crate) no_config: bool,
    /// Print every setting and where it was set (flag, environment, planguard.toml, conftest.toml), and exit
    #[arg(long, value_name = "FORMAT", value_parser = FormatParser(&render::settings::FORMATS), num_args = 0..=1, require_equals = true, default_missing_value = render::settings::FORMATS.default().name, help_heading = "Settings")]
    pub(crate) print_settings: Option<&'static Format<Settings>>,
}

/// Which policies there are, and how they are read.
#[derive(Clone, Debug, Args)]
pub(crate) struct PolicyArguments {
    /// Load Rego policies from a file, a directory, a bundle of OPA or a commit in git (repeatable)
    #[arg(short, long, value_name = "PATH", help_heading = "Policies")]
    pub(crate) policy: Vec<PathBuf>,
    /// Load JSON or YAML documents into `data` from a file or directory (repeatable)
    #[arg(short, long, value_name = "PATH", help_heading = "Policies")]
    pub(crate) data: Vec<PathBuf>,
    /// Refuse bundles that are not signed with this key: a public key (PEM, JSON Web Key) or the secret of HS256
    #[arg(long, alias = "verification-key", value_name = "FILE", help_heading = "Policies")]
    pub(crate) bundle_key: Option<PathBuf>,
    /// The scope that bundles have to be signed for [default: none]
    #[arg(long, value_name = "SCOPE", help_heading = "Policies")]
    pub(crate) bundle_scope: Option<String>,
    /// Evaluate the packages that match; * and ? are wildcards (repeatable) [default: main]
    #[arg(short, long, value_name = "PACKAGE", conflicts_with = "all_namespaces", help_heading = "Policies")]
    pub(crate) namespace: Vec<String>,
    /// Evaluate every package
    #[arg(long, help_heading = "Policies")]
    pub(crate) all_namespaces: bool,
    /// The platform that the policies are written for [default: auto]
    #[arg(long, value_parser = chosen::<planguard::rego::Convention>(), value_name = "PLATFORM", help_heading = "Policies")]
    pub(crate) convention: Option<ChosenConvention>,
    /// The version of Rego [default: auto]
    #[arg(long, value_parser = chosen::<planguard::rego::RegoVersion>(), value_name = "VERSION", help_heading = "Policies")]
    pub(crate) rego_version: Option<ChosenRegoVersion>,
    /// Describe the run to policies: a file with a JSON object of input keys, such as {"run": {...}}
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub(crate) context: Option<PathBuf>,
    /// Give policies a cost report of `infracost breakdown` or `infracost diff --format json`
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub(crate) infracost: Option<PathBuf>,
    /// Limit on the CPU time of one rule on one plan, one query or one test, in seconds [default: 10]
    #[arg(long, alias = "timeout", value_name = "SECONDS", help_heading = "Policies")]
    pub(crate) policy_timeout: Option<Seconds>,
}

impl PolicyArguments {
    /// What the flags say.
    pub(crate) fn said(&self) -> Said {
        let namespaces = if self.all_namespaces {
            flag("--all-namespaces", Some(Namespaces::All))
        } else {
            flag("--namespace", (!self.namespace.is_empty()).then(|| namespaces(self.namespace.clone())))
        };
        Said {
            paths: list("--policy", &self.policy),
            data: list("--data", &self.data),
            bundle_key: flag("--bundle-key", self.bundle_key.clone().map(Some)),
            bundle_scope: flag("--bundle-scope", self.bundle_scope.clone()),
            namespaces,
            convention: flag("--convention", self.convention),
            rego_version: flag("--rego-version", self.rego_version),
            context: flag("--context", self.context.clone().map(Some)),
            infracost: flag("--infracost", self.infracost.clone().map(Some)),
            timeout: flag("--policy-timeout", self.policy_timeout),
            ..Said::default()
        }
    }

    /// What the flags say where policies may be named by position as well.
    pub(crate) fn said_with(&self, paths: &[PathBuf]) -> Said {
        let name = if paths.is_empty() { "--policy" } else { "PATH" };
        let paths: Vec<PathBuf> = paths.iter().chain(&self.policy).cloned().collect();
        Said { paths: list(name, &paths), ..self.said() }
    }
}

/// Which guardrails and packs there are.
#[derive(Clone, Debug, Args)]
pub(crate) struct GuardrailArguments {
    /// Enable one more pack of guardrails or policies, or `all` packs of guardrails (repeatable, or a list with commas);
    /// `planguard rules` lists them
    #[arg(long, value_name = "PACK", value_delimiter = ',', help_heading = "Guardrails")]
    pub(crate) pack: Vec<String>,
    /// Read pack parameters from a TOML or JSON file with a table for each pack
    #[arg(long, value_name = "FILE", help_heading = "Guardrails")]
    pub(crate) params: Option<PathBuf>,
    /// Load your own guardrails from a TOML file or a directory (repeatable)
    #[arg(long, value_name = "PATH", help_heading = "Guardrails")]
    pub(crate) guardrails: Vec<PathBuf>,
    /// Disable all built-in guardrails
    #[arg(long, help_heading = "Guardrails")]
    pub(crate) no_builtin: bool,
}

impl GuardrailArguments {
    /// `lower` with what the flags say.
    pub(crate) fn said(&self, lower: Said) -> Said {
        Said {
            packs: list("--pack", &self.pack),
            guardrails: list("--guardrails", &self.guardrails),
            builtin: switch("--no-builtin", self.no_builtin, false),
            ..lower
        }
    }
}

/// How plans are read.
#[derive(Clone, Debug, Args)]
pub(crate) struct InputArguments {
    /// Convert binary plans to JSON with this program (terraform or tofu)
    #[arg(long, value_name = "BIN", help_heading = "Input")]
    pub(crate) terraform: Option<PathBuf>,
    /// End that program if it has not converted a plan by then [default: 300]
    #[arg(long, value_name = "SECONDS", help_heading = "Input")]
    terraform_timeout: Option<Seconds>,
    /// Ignore the lines that old versions of the setup-terraform action print around the JSON
    #[arg(long, help_heading = "Input")]
    lenient: bool,
    /// Refuse documents that are larger, in megabytes
    #[arg(long, value_name = "MB", default_value_t = 1024, help_heading = "Input")]
    max_size: u64,
}

impl InputArguments {
    /// `lower` with what the flags say.
    pub(crate) fn said(&self, lower: Said) -> Said {
        let program = self.terraform.clone().map(ShowProgram::Named);
        Said { terraform: flag("--terraform", program), ..lower }
    }

    /// How a run with these settings reads plans.
    pub(crate) fn read_options(&self, settings: &Settings) -> ReadOptions {
        ReadOptions {
            wrapper_lines: if self.lenient { OnWrapperLines::Strip } else { OnWrapperLines::Refuse },
            terraform: settings.terraform(),
            terraform_timeout: self.terraform_timeout.map_or(DEFAULT_TERRAFORM_TIMEOUT, Seconds::duration),
            size_cap: self.max_size.saturating_mul(1 << 20),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Plans as JSON: files (also gzipped), directories, or - for standard input [default: the plan in the working
    /// directory, if there is exactly one]
    #[arg(value_name = "PLAN|DIR|-")]
    pub(crate) plans: Vec<OsString>,

    #[command(flatten)]
    pub(crate) gate: GateArguments,
    /// Check one part of the plans, as K/N or as a system numbers its jobs: kubernetes, aws-batch, gitlab, github.
    /// `planguard merge` decides by the JSON reports of all parts
    #[arg(long, value_name = "K/N|SYSTEM", help_heading = "Input")]
    pub(crate) partition: Option<PartitionArgument>,
    #[command(flatten)]
    pub(crate) isolation: IsolationArguments,
    #[command(flatten)]
    pub(crate) of_conftest: ConftestFlags,
}

/// How plans are checked.
#[derive(Debug, Args)]
pub(crate) struct GateArguments {
    /// Findings of this severity and above deny [default: medium]
    #[arg(long, value_parser = word::<Severity>(), ignore_case = true, value_name = "SEVERITY", help_heading = "Verdict")]
    fail_on: Option<Severity>,
    /// What a rule does that depends on values known only after apply [default: deny-critical]
    #[arg(long, value_parser = word::<UnknownPolicy>(), value_name = "WHAT", help_heading = "Verdict")]
    unknown: Option<UnknownPolicy>,
    /// Warnings deny as well
    #[arg(long, help_heading = "Verdict")]
    fail_on_warn: bool,
    /// Deny a plan with a higher risk score (docs/risk.md)
    #[arg(long, value_name = "N", help_heading = "Verdict")]
    max_risk: Option<usize>,
    /// Report what the plan costs a month (docs/cost.md)
    #[arg(long, help_heading = "Verdict")]
    cost: bool,
    #[command(flatten)]
    pub(crate) run: RunArguments,
    /// Which findings may deny [default: all]
    #[arg(long, value_parser = word::<Gate>(), value_name = "WHICH", help_heading = "Verdict")]
    gate: Option<Gate>,
    /// Report denials but exit 0
    #[arg(long, help_heading = "Verdict")]
    pub(crate) report_only: bool,
    /// Report findings as if there were no waivers and no baseline
    #[arg(long, help_heading = "Verdict")]
    pub(crate) no_waivers: bool,
    /// Accept the findings in this file, which `planguard baseline` writes
    #[arg(long, value_name = "FILE", help_heading = "Verdict")]
    baseline: Option<PathBuf>,
    /// Check a plan that ended with errors, although resources are missing from it
    #[arg(long, help_heading = "Verdict")]
    allow_errored: bool,
    /// Refuse a plan that does not cover the whole configuration (-target, deferred changes)
    #[arg(long, help_heading = "Verdict")]
    require_complete: bool,
    /// Refuse a plan that changes resources of types that no guardrail knows
    #[arg(long, help_heading = "Verdict")]
    require_coverage: bool,
    /// Deny resources that were changed outside of Terraform, whatever changed
    #[arg(long, help_heading = "Verdict")]
    fail_on_drift: bool,
    /// Refuse doubtful documents: newer format versions, transcoded text, duplicate keys
    #[arg(long, help_heading = "Verdict")]
    strict: bool,

    #[command(flatten)]
    pub(crate) guardrails: GuardrailArguments,
    /// Report which controls of a benchmark the plan violates or meets, and deny if it violates one (repeatable, or a
    /// list with commas): cis-aws-5.0, cis-azure-4.0, cis-gcp-4.0, cis-kubernetes-1.10
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = "Guardrails")]
    benchmark: Vec<String>,
    /// How many objects a plan may destroy [default: 20]
    #[arg(long, value_name = "N", help_heading = "Guardrails")]
    max_destroys: Option<usize>,
    /// What percentage of the managed objects a plan may destroy [default: 30]
    #[arg(long, value_name = "PERCENT", help_heading = "Guardrails")]
    max_destroy_percent: Option<Percent>,

    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    pub(crate) input: InputArguments,
    /// The directory with the Terraform configuration, whose lines findings point to [default: the plan's directory or
    /// the working directory, if the plan was made of it]
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    source: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sources: SourceArguments,
    /// Take settings, policies, data and guardrails from a place that the change under review cannot edit: a directory
    /// or a commit, such as origin/main [env: PLANGUARD_TRUSTED]
    #[arg(long, value_name = "DIR|COMMIT", help_heading = "Settings")]
    pub(crate) trusted: Option<String>,

    /// Append a line of JSON for each verdict, waiver and approval to a file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) audit: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) attest: AttestArguments,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    /// Which findings the text report shows in full
    #[arg(long, value_parser = word::<Show>(), default_value = "new", value_name = "WHICH", help_heading = "Output")]
    pub(crate) show: Show,
    /// Under GitHub Actions, print no annotations and write no summary of the step
    #[arg(long, help_heading = "Output")]
    no_annotations: bool,
}

impl GateArguments {
    /// What the flags say.
    pub(crate) fn said(&self) -> Said {
        Said {
            fail_on: flag("--fail-on", self.fail_on),
            unknown: flag("--unknown", self.unknown),
            gate: flag("--gate", self.gate),
            fail_on_warn: switch("--fail-on-warn", self.fail_on_warn, true),
            fail_on_drift: switch("--fail-on-drift", self.fail_on_drift, true),
            max_risk: flag("--max-risk", self.max_risk.map(Some)),
            cost_report: switch("--cost", self.cost, true),
            strict: switch("--strict", self.strict, true),
            require_complete: switch("--require-complete", self.require_complete, true),
            require_coverage: switch("--require-coverage", self.require_coverage, true),
            baseline: flag("--baseline", self.baseline.clone().map(Some)),
            source: flag("--source", self.source.clone().map(Some)),
            benchmarks: list("--benchmark", &self.benchmark),
            max_destroys: flag("--max-destroys", self.max_destroys),
            max_destroy_percent: flag("--max-destroy-percent", self.max_destroy_percent),
            ..self.input.said(self.guardrails.said(self.policies.said()))
        }
    }

    /// Whether annotations and the summary of a step are wanted.
    pub(crate) const fn annotations(&self) -> Annotations {
        if self.no_annotations { Annotations::Refused } else { Annotations::Wanted }
    }

    /// What a plan that ended with errors is worth to this run.
    pub(crate) const fn on_errored_plan(&self) -> OnErroredPlan {
        if self.allow_errored { OnErroredPlan::Accept } else { OnErroredPlan::Undecided }
    }
}

#[derive(Debug, Args)]
pub(crate) struct RulesArguments {
    /// Explain this rule
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Only rules of this provider: aws, azure, google, kubernetes, github, change
    #[arg(long, value_name = "PROVIDER", conflicts_with = "id")]
    pub(crate) provider: Option<String>,
    /// Only rules about this service of a provider, such as s3 or key-vault
    #[arg(long, value_name = "SERVICE", conflicts_with = "id")]
    pub(crate) service: Option<String>,
    /// Only rules of this pack; `all` for those of every pack of guardrails
    #[arg(long, value_name = "PACK", conflicts_with = "id")]
    pub(crate) pack: Option<String>,
    /// Only rules of this severity
    #[arg(long, value_parser = word::<Severity>(), ignore_case = true, value_name = "SEVERITY", conflicts_with = "id")]
    pub(crate) severity: Option<Severity>,
    /// Only rules in this category
    #[arg(long, value_parser = word::<Category>(), value_name = "CATEGORY", conflicts_with = "id")]
    pub(crate) category: Option<Category>,
    /// Only rules about this resource type
    #[arg(long = "type", value_name = "TYPE", conflicts_with = "id")]
    pub(crate) resource_type: Option<String>,
    /// The format of the list
    #[arg(long, value_parser = FormatParser(&render::rules::FORMATS), default_value = render::rules::FORMATS.default().name, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: &'static Format<RulesReport>,
}

impl RulesArguments {
    /// Whether no filter is set.
    pub(crate) const fn is_unfiltered(&self) -> bool {
        matches!(
            self,
            Self {
                id: None,
                provider: None,
                service: None,
                pack: None,
                severity: None,
                category: None,
                resource_type: None,
                format: _
            }
        )
    }
}

words! {
    /// When to use colors.
    #[derive(Default)]
    pub(crate) enum ColorWhen is "a choice" {
        #[default]
        Auto = "auto",
        Always = "always",
        Never = "never",
    }
}

words! {
    /// Which findings the text report shows in full.
    #[derive(Default)]
    pub(crate) enum Show is "a choice" {
        #[default]
        New = "new": "new findings; pre-existing ones as a line per rule",
        All = "all": "all findings, of all plans, with all instances",
    }
}

impl Show {
    /// How much the text report shows.
    pub(crate) const fn detail(self) -> Detail {
        match self {
            Self::New => Detail::Failures,
            Self::All => Detail::Everything,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Former names of flags and values are no longer listed, and are still read.
    #[test]
    fn every_spelling_of_earlier_versions_is_still_read() {
        for line in [
            "check plan.json --fail-on HIGH --unknown warn --gate introduced --report-only --allow-errored",
            "check - --require-complete --require-coverage --strict --pack a --pack b --params p.toml --guardrails g --no-builtin",
            "check a --benchmark cis-aws-5.0 --benchmark cis-gcp-4.0",
            "check a b --max-destroys 1 --max-destroy-percent 5 -p x --policy y --convention auto --context c",
            "check a --infracost i -n main --namespace aws.* -d d --data e --rego-version v0 --policy-timeout 9",
            "check a --all-namespaces --terraform tofu --lenient --max-size 9 --config c --format json",
            "check a --no-config --color never",
            "eval data.x -p a --policy b -d c --data d --plan p --context c --convention scalr --rego-version v1",
            "eval q --plan p --lax --explain=a.b --policy-timeout 3 --terraform terraform --format pretty",
            "eval -i --history h --format values",
            "eval --interactive --format bindings",
            "eval q --format raw",
            "fixture plan.json -r a.b --resource m -o out --pack p --guardrails g --no-builtin -p x",
            "fixture - --output d --policy x --convention conftest --context c -n main -d e --lenient",
            "fixture --new aws_s3_bucket --policy x --namespace main --data d --terraform tofu",
            "lint a b --format sarif --pedantic --deny-warnings --disable unused-rule,metadata-missing-id",
            "lint --namespace main --convention spacelift -d a --data b --rego-version v0 --no-config",
            "lint --all-namespaces --format github",
            "lint --explain unused-rule",
            "test a b -r x --ignore y -d d --data e --rego-version v1 --timeout 3 -j 2 --update",
            "test --run x --jobs 2 --fail-on-skipped --coverage --threshold 80 --watch --verbose",
            "test --coverage-output o --coverage-format lcov -v -w --format pretty",
            "test --format junit",
            "rules --provider aws --pack default --severity HIGH --category iam --type aws_s3_bucket",
            "rules aws-s3-bucket-public",
            "init d --ci gitlab",
            "new policy bucket_owner --type aws_s3_bucket --directory d",
            "lib d --force",
        ] {
            let words = std::iter::once("planguard").chain(line.split(' '));
            if let Err(error) = command().try_get_matches_from(words) {
                // Lints come and go; what matters is that the flag is read.
                assert!(
                    line.contains("--disable") && error.to_string().contains("unknown lint"),
                    "{line}: {error}"
                );
            }
        }
    }

    /// A flag has one name and one kind of value in all commands.
    #[test]
    fn a_flag_is_the_same_in_every_command() {
        // They are about different things: a rule to explain and a lint; a pack to enable and one to list; the file of a
        // report and the directory of a fixture.
        let different = ["explain", "type", "output"];
        let mut command = command();
        command.build();
        let mut flags: BTreeMap<&str, (String, Option<char>)> = BTreeMap::new();
        for subcommand in command.get_subcommands() {
            for argument in subcommand.get_arguments().filter(|argument| !argument.is_positional()) {
                let Some(long) = argument.get_long().filter(|long| !different.contains(long)) else {
                    continue;
                };
                let value = format!("{:?}", argument.get_value_names());
                let seen = flags.entry(long).or_insert((value.clone(), argument.get_short()));
                assert_eq!((value, argument.get_short()), *seen, "--{long} of {}", subcommand.get_name());
            }
        }
        assert_eq!(flags["policy"].1, Some('p'));
    }
}
