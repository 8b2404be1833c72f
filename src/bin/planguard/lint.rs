//! `planguard lint`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use planguard::config::{Config, PolicyConfig};
use planguard::lint::{Level, Lint, LintFinding, LintOptions, LintReport, Strictness, Warnings, lint};
use planguard::problem::Problem;
use planguard::redact::Redactor;
use planguard::rego::{Namespaces, RegoVersion};
use planguard::render::lint as render;

use crate::UNDECIDED;
use crate::args::{ConventionArgument, RegoVersionArgument};
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct LintArguments {
    /// Rego files and directories [default: those of planguard.toml, or policy, policies or the present directory]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to write the findings
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: LintFormat,
    /// Report matters of taste and doubt as well
    #[arg(long)]
    pedantic: bool,
    /// Warnings end in exit code 1 as well
    #[arg(long)]
    deny_warnings: bool,
    /// Lints that report nothing
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    disable: Vec<Lint>,
    /// Explain a lint and stop
    #[arg(long, value_name = "NAME", exclusive = true)]
    explain: Option<Lint>,
    /// Packages that are evaluated, for conftest's convention
    #[arg(long, value_name = "NAME", conflicts_with = "all_namespaces")]
    namespace: Vec<String>,
    /// All packages are evaluated
    #[arg(long)]
    all_namespaces: bool,
    /// The platform that the policies are for
    #[arg(long, value_enum, value_name = "PLATFORM")]
    convention: Option<ConventionArgument>,
    /// Documents for data
    #[arg(long, short, value_name = "PATH")]
    data: Vec<PathBuf>,
    /// The dialect [default: v1 if a file can be read as that]
    #[arg(long, value_enum, value_name = "VERSION")]
    rego_version: Option<RegoVersionArgument>,
    /// Read no planguard.toml
    #[arg(long)]
    no_config: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum LintFormat {
    #[default]
    Text,
    Json,
    Sarif,
    Github,
}

pub(crate) fn run(arguments: &LintArguments, output: &Output) -> ExitCode {
    if let Some(lint) = arguments.explain {
        return output.finish(&explain(lint), 0);
    }
    let config = match configured(arguments) {
        Ok(config) => config,
        Err(problem) => {
            output.problem(&problem);
            return ExitCode::from(UNDECIDED);
        }
    };
    let report = lint(&options(arguments, &config.policies));
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

/// The project's configuration, which `check` reads too.
fn configured(arguments: &LintArguments) -> Result<Config, Box<Problem>> {
    if arguments.no_config {
        return Ok(Config::default());
    }
    let here = std::env::current_dir().unwrap_or_default();
    let found =
        Config::find(&here).map_err(|error| Box::new(Problem::new(&error, None, &Redactor::default())))?;
    Ok(found.unwrap_or_default())
}

fn options(arguments: &LintArguments, config: &PolicyConfig) -> LintOptions {
    let usual = || ["policy", "policies"].map(PathBuf::from).into_iter().find(|path| path.is_dir());
    LintOptions {
        paths: match (arguments.paths.as_slice(), config.paths.as_slice()) {
            ([], []) => vec![usual().unwrap_or_else(|| PathBuf::from("."))],
            ([], configured) => configured.to_vec(),
            (named, _) => named.to_vec(),
        },
        data: if arguments.data.is_empty() { config.data.clone() } else { arguments.data.clone() },
        convention: arguments.convention.map_or(config.convention, ConventionArgument::chosen),
        namespaces: match (arguments.all_namespaces, arguments.namespace.is_empty()) {
            (true, _) => Some(Namespaces::All),
            (false, true) => config.namespaces.clone(),
            (false, false) => Some(Namespaces::Named(arguments.namespace.clone())),
        },
        version: arguments.rego_version.map(RegoVersion::from).or(config.rego_version),
        disabled: arguments.disable.iter().copied().collect::<BTreeSet<Lint>>(),
        strictness: if arguments.pedantic { Strictness::Pedantic } else { Strictness::Usual },
        warnings: if arguments.deny_warnings { Warnings::Deny } else { Warnings::Tell },
    }
}

fn explain(lint: Lint) -> String {
    let info = lint.info();
    format!("{} {} ({})\n\n{}.\n{}\n", info.code, info.name, info.level, info.summary, info.why)
}

/// Snippets, file by file, and the sum.
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
