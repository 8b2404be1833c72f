//! `planguard lint`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use planguard::cases::CaseFile;
use planguard::lint::{Lint, LintOptions, LintReport, Strictness, Warnings, lint};
use planguard::problem::Problem;
use planguard::redact::Redactor;
use planguard::render::{Detail, Format, lint as render};
use planguard::settings::Settings;
use planguard::testing::{TestedFiles, tested_files};
use planguard_guardrails::load_guardrails;
use walkdir::{DirEntry, WalkDir};

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
    /// Rego files and directories, and TOML files of guardrails and plan cases [default: those of the settings, or else policy, policies or the working directory]
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
    let TestedFiles { guardrails, cases, problems } = tested_files(&arguments.paths);
    // A directory may have guardrails and no policies.
    let policies: Vec<PathBuf> =
        arguments.paths.iter().filter(|path| has_policies(path, &guardrails, &cases)).cloned().collect();
    let said = arguments.policies.said_with(&policies);
    let settings = match settings(said, None, &arguments.sources, output) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let files = guardrails.len() + cases.len();
    let only_guardrails = files > 0 && policies.is_empty() && arguments.policies.policy.is_empty();
    let mut report =
        if only_guardrails { LintReport::default() } else { lint(&options(arguments, &settings)) };
    report.files += files;
    report.problems.extend(problems);
    let plain = Redactor::default();
    let guardrails = [guardrails, settings.guardrails.value.clone()].concat();
    if let Err(errors) = load_guardrails(&guardrails) {
        report.problems.extend(errors.iter().map(|error| Problem::new(error, None, &plain)));
    }
    let wrong = cases.iter().filter_map(|path| CaseFile::read(path).err()).flatten();
    report.problems.extend(wrong.map(|error| Problem::new(&error, None, &plain)));
    for problem in &report.problems {
        output.problem(problem);
    }
    output.report(&report, arguments.format, Detail::default(), report.exit_code())
}

/// Whether a path is for the lints of policies: one that the test of guardrails and cases has no use for, or a directory
/// with policies.
fn has_policies(path: &Path, guardrails: &[PathBuf], cases: &[PathBuf]) -> bool {
    let is_tested = guardrails.iter().chain(cases).any(|file| file.starts_with(path));
    let is_rego = |entry: &DirEntry| entry.path().extension().is_some_and(|extension| extension == "rego");
    !is_tested || WalkDir::new(path).into_iter().flatten().any(|entry| is_rego(&entry))
}

fn options(arguments: &LintArguments, settings: &Settings) -> LintOptions {
    LintOptions {
        disabled: arguments.disable.iter().copied().collect::<BTreeSet<Lint>>(),
        strictness: if arguments.pedantic { Strictness::Pedantic } else { Strictness::Usual },
        warnings: if arguments.deny_warnings { Warnings::Deny } else { Warnings::Tell },
        ..settings.lint_options()
    }
}
