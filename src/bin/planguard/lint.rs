//! `planguard lint`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use planguard::lint::{Level, Lint, LintFinding, LintOptions, LintReport, Strictness, Warnings, lint};
use planguard::render::lint as render;
use planguard::rule::words;
use planguard::settings::Settings;

use crate::UNDECIDED;
use crate::args::{PolicyArguments, SourceArguments};
use crate::output::Output;
use crate::settings::settings;
use crate::words::word;

pub(crate) const HELP: &str = "\
A comment ignores a lint on its line, or on the line below it:
  # planguard:ignore unused-rule because the dashboard reads it

Exit codes:
  0  no errors were found
  1  an error was found; with --deny-warnings, a warning too
  2  something could not be read, or there is no policy";

#[derive(Debug, Args)]
pub(crate) struct LintArguments {
    /// Rego files and directories [default: those of the settings, or else policy, policies or the working directory]
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
    #[arg(long, value_parser = word::<LintFormat>(), default_value = "text", value_name = "FORMAT")]
    format: LintFormat,

    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    sources: SourceArguments,
}

words! {
    /// The format of a lint report.
    #[derive(Default)]
    enum LintFormat is "a format" {
        #[default]
        Text = "text",
        Json = "json",
        Sarif = "sarif",
        Github = "github",
    }
}

pub(crate) fn run(arguments: &LintArguments, output: &Output) -> ExitCode {
    if let Some(lint) = arguments.explain {
        return output.finish(&explain(lint), 0);
    }
    let said = arguments.policies.said_with(&arguments.paths);
    let settings = match settings(said, None, &arguments.sources, output) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let report = lint(&options(arguments, &settings));
    for problem in &report.problems {
        output.problem(problem);
    }
    let text = match arguments.format {
        LintFormat::Text => Ok(text(&report, output)),
        LintFormat::Json => render::json::render(&report),
        LintFormat::Sarif => render::sarif::render(&report),
        LintFormat::Github => Ok(render::github::render(&report)),
    };
    match text {
        Ok(text) => output.finish(&text, report.exit_code()),
        Err(error) => {
            output.complain(&format!("cannot write the report: {error} (PG-CL-001)"));
            ExitCode::from(UNDECIDED)
        }
    }
}

fn options(arguments: &LintArguments, settings: &Settings) -> LintOptions {
    LintOptions {
        disabled: arguments.disable.iter().copied().collect::<BTreeSet<Lint>>(),
        strictness: if arguments.pedantic { Strictness::Pedantic } else { Strictness::Usual },
        warnings: if arguments.deny_warnings { Warnings::Deny } else { Warnings::Tell },
        ..settings.lint_options()
    }
}

fn explain(lint: Lint) -> String {
    let info = lint.info();
    format!("{} {} ({})\n\n{}.\n{}\n", info.code, info.name, info.level, info.summary, info.why)
}

/// Snippets, file by file, and the totals.
fn text(report: &LintReport, output: &Output) -> String {
    let mut text = String::new();
    let mut file: Option<&LintFinding> = None;
    for finding in &report.findings {
        if file.is_none_or(|last| last.file.as_str() != finding.file.as_str()) {
            text.push_str(&finding.file.one_line());
            text.push('\n');
        }
        file = Some(finding);
        text.push_str(&output.short_snippet(finding));
        text.push('\n');
    }
    let count = |number: usize, one: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    };
    let mut sum =
        vec![count(report.count(Level::Error), "error"), count(report.count(Level::Warning), "warning")];
    let pedantic = report.count(Level::Pedantic);
    if pedantic > 0 {
        sum.push(format!("{pedantic} pedantic"));
    }
    if report.ignored > 0 {
        sum.push(format!("{} ignored", report.ignored));
    }
    text.push_str(&format!("{}: {}\n", count(report.files, "file"), sum.join(", ")));
    text
}
