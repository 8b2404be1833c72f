//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use planguard::Severity;
use planguard::rego::{Convention, RegoVersion};
use planguard::rule::Category;

use crate::eval::{EVAL_HELP, EvalArguments};
use crate::fixture::{FIXTURE_HELP, FixtureArguments};
use crate::lib_command::LibArguments;
use crate::new::{InitArguments, NewArguments};

/// Checks Terraform and OpenTofu plans with guardrails and Rego policies, and answers with its exit code
/// whether they may be merged.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to colour what people read. NO_COLOR is honoured.
    // Behind the arguments of every command.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", display_order = 900)]
    pub(crate) color: ColorWhen,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    everything was looked at, and nothing stands against it
  1    denied: something was found
  2    undecided: not everything could be looked at; wins over 1
  130  interrupted";

const CHECK_HELP: &str = "\
A plan as JSON:
  terraform plan -out=tfplan && terraform show -json tfplan | planguard check -

Exit codes:
  0    everything was looked at, and nothing stands against it
  1    denied: something was found
  2    undecided: not everything could be looked at; wins over 1
  130  interrupted";

const LINT_HELP: &str = "\
A comment ignores a finding of its line, or of the line below it:
  # planguard:ignore unused-rule because the dashboard reads it

Exit codes:
  0  nothing stands against the policies
  1  an error was found; with --deny-warnings, a warning too
  2  something could not be read, or there is no policy";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check plans with guardrails and policies
    #[command(after_help = CHECK_HELP)]
    Check(Box<CheckArguments>),
    /// Evaluate a Rego query on a plan
    #[command(after_help = EVAL_HELP)]
    Eval(Box<EvalArguments>),
    /// Make a small plan for tests of a real one, without what must not leave the house
    #[command(after_help = FIXTURE_HELP)]
    Fixture(Box<FixtureArguments>),
    /// Write the Rego library of policies into files, for use with OPA
    Lib(LibArguments),
    /// Find what is wrong in policies before it passes silently
    #[command(after_help = LINT_HELP)]
    Lint(Box<crate::lint::LintArguments>),
    /// List the built-in rules, or explain one
    Rules(RulesArguments),
    /// Run the tests of policies
    #[command(after_help = crate::test::HELP)]
    Test(Box<crate::test::TestArguments>),
    /// Start a policy or a guardrail, with its tests
    New(NewArguments),
    /// Bring planguard into a project: settings, a first policy with its tests, a pipeline
    Init(InitArguments),
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Plans as JSON: files (also gzipped), directories, or - for standard input
    #[arg(required = true, value_name = "PLAN|DIR|-")]
    pub(crate) plans: Vec<OsString>,

    /// Findings of this severity and above deny [default: medium]
    #[arg(long, value_name = "SEVERITY", help_heading = "Verdict")]
    pub(crate) fail_on: Option<Severity>,
    /// What findings do that depend on values known only after apply [default: warn; deny for critical rules]
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Verdict")]
    pub(crate) unknown: Option<Unknown>,
    /// Which findings may deny: all, or only those that this plan introduces [default: all]
    #[arg(long, value_enum, value_name = "WHICH", help_heading = "Verdict")]
    pub(crate) gate: Option<GateArgument>,
    /// Tell what denies, and exit with 0 all the same
    #[arg(long, help_heading = "Verdict")]
    pub(crate) report_only: bool,
    /// Check a plan that ended with errors, although resources are missing from it
    #[arg(long, help_heading = "Verdict")]
    pub(crate) allow_errored: bool,
    /// Refuse a plan that does not cover all of the configuration (-target, deferred changes)
    #[arg(long, help_heading = "Verdict")]
    pub(crate) require_complete: bool,
    /// Refuse what is only doubtful: newer format versions, transcoded text, keys that stand twice
    #[arg(long, help_heading = "Verdict")]
    pub(crate) strict: bool,

    /// Switch on one more pack of guardrails or policies (repeatable); `planguard rules` lists them
    #[arg(long, value_name = "PACK", help_heading = "Guardrails")]
    pub(crate) pack: Vec<String>,
    /// Read the parameters of packs of policies from TOML or JSON, a table for each pack
    #[arg(long, value_name = "FILE", help_heading = "Guardrails")]
    pub(crate) params: Option<PathBuf>,
    /// Load guardrails of your own from a TOML file or a directory of them (repeatable)
    #[arg(long, value_name = "PATH", help_heading = "Guardrails")]
    pub(crate) guardrails: Vec<PathBuf>,
    /// Switch off all built-in guardrails
    #[arg(long, help_heading = "Guardrails")]
    pub(crate) no_builtin: bool,
    /// How many objects a plan may destroy [default: 20]
    #[arg(long, value_name = "N", help_heading = "Guardrails")]
    pub(crate) max_destroys: Option<usize>,
    /// Which part of the managed objects a plan may destroy [default: 30]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100), help_heading = "Guardrails")]
    pub(crate) max_destroy_percent: Option<u8>,

    /// Load Rego policies from a file or directory (repeatable)
    #[arg(short, long, value_name = "PATH", help_heading = "Policies")]
    pub(crate) policy: Vec<PathBuf>,
    /// The platform that the policies are for [default: auto]
    #[arg(long, value_enum, value_name = "PLATFORM", help_heading = "Policies")]
    pub(crate) convention: Option<ConventionArgument>,
    /// Tell policies of the run: a JSON object with the keys of their input, such as {"run": {...}}
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub(crate) context: Option<PathBuf>,
    /// Tell policies of costs: a report of `infracost breakdown` or `infracost diff --format json`
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub(crate) infracost: Option<PathBuf>,
    /// Evaluate the packages that match; * and ? are wildcards (repeatable) [default: main]
    #[arg(short, long, value_name = "PACKAGE", conflicts_with = "all_namespaces", help_heading = "Policies")]
    pub(crate) namespace: Vec<String>,
    /// Evaluate every package
    #[arg(long, help_heading = "Policies")]
    pub(crate) all_namespaces: bool,
    /// Load JSON or YAML documents into `data` (repeatable)
    #[arg(short, long, value_name = "PATH", help_heading = "Policies")]
    pub(crate) data: Vec<PathBuf>,
    /// The dialect of the policies [default: that of each file]
    #[arg(long, value_enum, value_name = "VERSION", help_heading = "Policies")]
    pub(crate) rego_version: Option<RegoVersionArgument>,
    /// How long one policy rule may take on one plan [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600), help_heading = "Policies")]
    pub(crate) policy_timeout: Option<u64>,

    /// Turn binary plans into JSON with this program (terraform or tofu)
    #[arg(long, value_name = "BIN", help_heading = "Input")]
    pub(crate) terraform: Option<PathBuf>,
    /// Leave out the lines that old versions of the setup-terraform action put around the JSON
    #[arg(long, help_heading = "Input")]
    pub(crate) lenient: bool,
    /// Refuse documents of more megabytes
    #[arg(long, value_name = "MB", default_value_t = 1024, help_heading = "Input")]
    pub(crate) max_size: u64,

    /// Take the settings of this file [default: planguard.toml of the project]
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", help_heading = "Settings")]
    pub(crate) config: Option<PathBuf>,
    /// Look for no planguard.toml
    #[arg(long, help_heading = "Settings")]
    pub(crate) no_config: bool,

    /// The form of the report
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct RulesArguments {
    /// Explain this rule
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Only rules of this provider: aws, azure, google, kubernetes, github, change
    #[arg(long, value_name = "PROVIDER", conflicts_with = "id")]
    pub(crate) provider: Option<String>,
    /// Only rules of this pack
    #[arg(long, value_name = "PACK", conflicts_with = "id")]
    pub(crate) pack: Option<String>,
    /// Only rules of this severity
    #[arg(long, value_name = "SEVERITY", conflicts_with = "id")]
    pub(crate) severity: Option<Severity>,
    /// Only rules about this kind of harm
    #[arg(long, value_name = "CATEGORY", conflicts_with = "id")]
    pub(crate) category: Option<Category>,
    /// Only rules that judge this resource type
    #[arg(long = "type", value_name = "TYPE", conflicts_with = "id")]
    pub(crate) resource_type: Option<String>,
}

impl RulesArguments {
    /// Whether all rules are asked for.
    pub(crate) const fn is_unfiltered(&self) -> bool {
        matches!(
            self,
            Self {
                id: None,
                provider: None,
                pack: None,
                severity: None,
                category: None,
                resource_type: None
            }
        )
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum ColorWhen {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Unknown {
    Deny,
    Warn,
    Ignore,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum GateArgument {
    #[default]
    All,
    Introduced,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum ConventionArgument {
    /// Tell by configuration files and packages
    #[default]
    Auto,
    /// Packages chosen by --namespace; the plan is the input
    Conftest,
    /// HCP Terraform and Terraform Enterprise: policies.hcl
    Hcp,
    /// Spacelift: package spacelift, each file alone
    Spacelift,
    /// Scalr: scalr-policy.hcl
    Scalr,
    /// env0: package env0, a directory at a time
    Env0,
    /// Digger: data.digger.deny of plan.rego
    Digger,
    /// Harness: deny of each file
    Harness,
    /// Atlantis: the policy sets of a server's repos.yaml
    Atlantis,
    /// Terrateam: conftest on the directory policy
    Terrateam,
    /// Regula: packages below rules, about resources
    Regula,
}

impl ConventionArgument {
    /// The convention, if the user names one.
    pub(crate) const fn chosen(self) -> Option<Convention> {
        match self {
            Self::Auto => None,
            Self::Conftest => Some(Convention::Conftest),
            Self::Hcp => Some(Convention::Hcp),
            Self::Spacelift => Some(Convention::Spacelift),
            Self::Scalr => Some(Convention::Scalr),
            Self::Env0 => Some(Convention::Env0),
            Self::Digger => Some(Convention::Digger),
            Self::Harness => Some(Convention::Harness),
            Self::Atlantis => Some(Convention::Atlantis),
            Self::Terrateam => Some(Convention::Terrateam),
            Self::Regula => Some(Convention::Regula),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum RegoVersionArgument {
    #[default]
    V1,
    V0,
}

impl From<RegoVersionArgument> for RegoVersion {
    fn from(argument: RegoVersionArgument) -> Self {
        match argument {
            RegoVersionArgument::V1 => Self::V1,
            RegoVersionArgument::V0 => Self::V0,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}
