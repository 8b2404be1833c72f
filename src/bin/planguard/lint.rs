//! `planguard lint`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use planguard::lint::{Lint, LintOptions, LintReport, Strictness, Warnings, lint};
use planguard::problem::Problem;
use planguard::redact::Redactor;
use planguard::render::{Detail, Format, lint as render};
use planguard::settings::Settings;
use planguard_guardrails::load_guardrails;

use crate::args::{PolicyArguments, SourceArguments};
use crate::format::FormatParser;
use crate::output::Output;
use crate::settings::settings;

pub(crate) const HELP: &str = "\
A comment ignores a lint on its line, or on the line below it:
  # planguard:ignore unused-rule because the dashboard reads it

Exit codes:
  0  no errors were found
  1  an error was found; with --deny-warnings, a warning too
  2  something could not be read, or there is no policy";

#[derive(Debug, Args)]
pub(crate) struct LintArguments {
    /// Rego files and directories, and TOML files of guardrails [default: those of the settings, or else policy, policies or the working directory]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Report matters of style and doubtful cases too
    #[arg(long)]
    pedantic: bool,
    /// Exit 1 on warnings too
    #[arg(long)]
    deny_warnings: bool,
    /// Disable these lints
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    disable: Vec<Lint>,
    /// Explain a lint and exit
    #[arg(long, value_name = "NAME", exclusive = true)]
    explain: Option<Lint>,
    /// The format of the report
    #[arg(long, value_parser = FormatParser(&render::FORMATS), default_value = render::FORMATS.default().name, value_name = "FORMAT")]
    format: &'static Format<LintReport>,

    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    sources: SourceArguments,
}

pub(crate) fn run(arguments: &LintArguments, output: &Output) -> ExitCode {
    if let Some(lint) = arguments.explain {
        return output.finish(&render::explain(lint), 0);
    }
    let is_toml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml");
    let (guardrails, policies): (Vec<PathBuf>, Vec<PathBuf>) =
        arguments.paths.iter().cloned().partition(is_toml);
    let said = arguments.policies.said_with(&policies);
    let settings = match settings(said, None, &arguments.sources, output) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let only_guardrails =
        !guardrails.is_empty() && policies.is_empty() && arguments.policies.policy.is_empty();
    let mut report =
        if only_guardrails { LintReport::default() } else { lint(&options(arguments, &settings)) };
    report.files += guardrails.len();
    let guardrails = [guardrails, settings.guardrails.value.clone()].concat();
    if let Err(errors) = load_guardrails(&guardrails) {
        let plain = Redactor::default();
        report.problems.extend(errors.iter().map(|error| Problem::new(error, None, &plain)));
    }
    for problem in &report.problems {
        output.problem(problem);
    }
    output.report(&report, arguments.format, Detail::default(), report.exit_code())
}

fn options(arguments: &LintArguments, settings: &Settings) -> LintOptions {
    LintOptions {
        disabled: arguments.disable.iter().copied().collect::<BTreeSet<Lint>>(),
        strictness: if arguments.pedantic { Strictness::Pedantic } else { Strictness::Usual },
        warnings: if arguments.deny_warnings { Warnings::Deny } else { Warnings::Tell },
        ..settings.lint_options()
    }
}
