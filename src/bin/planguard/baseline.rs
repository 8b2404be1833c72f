//! `planguard baseline`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use miette::Diagnostic;
use planguard::baseline::{Baseline, BaselineError, FILE_NAME};
use planguard::check::run as check;
use planguard::input::Source;
use planguard::plan::text::escape::for_terminal;
use planguard::problem::Problem;
use planguard::render::baseline::summary;
use planguard::settings::Settings;

use crate::UNDECIDED;
use crate::args::{GuardrailArguments, InputArguments, PolicyArguments, SourceArguments};
use crate::found;
use crate::output::Output;
use crate::settings::{run_variables, settings};

pub(crate) const BASELINE_HELP: &str = "\
Begin with planguard on a project that has findings:
  planguard baseline tfplan.json
  planguard check tfplan.json --baseline planguard-baseline.json

Findings in the baseline stay in the report and deny nothing. Commit the file, and name it in planguard.toml with
`baseline = \"planguard-baseline.json\"` under [check]. Make it of a plan of what is there, on the branch that is deployed:
whatever this plan introduces is accepted, too.";

#[derive(Debug, Args)]
pub(crate) struct BaselineArguments {
    /// Plans as JSON: files (also gzipped), directories, or - for standard input [default: the plan in the working
    /// directory, if there is exactly one]
    #[arg(value_name = "PLAN|DIR|-")]
    plans: Vec<OsString>,
    /// Write the findings to this file [default: that of the settings, or planguard-baseline.json]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    guardrails: GuardrailArguments,
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    sources: SourceArguments,
}

pub(crate) fn run(arguments: &BaselineArguments, output: &Output) -> ExitCode {
    let said = arguments.input.said(arguments.guardrails.said(arguments.policies.said()));
    let settings = match settings(said, arguments.guardrails.params.clone(), &arguments.sources, output) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let plans = match arguments.plans.as_slice() {
        [] => match found::plan_in(Path::new(".")) {
            Ok(plan) => vec![plan.into_os_string()],
            Err(error) => return failed(&error, output),
        },
        plans => plans.to_vec(),
    };
    let file = arguments.output.clone().or_else(|| settings.baseline.value.clone());
    let file = file.unwrap_or_else(|| PathBuf::from(FILE_NAME));
    match write(arguments, &settings, &plans, &file, output) {
        Ok(text) => output.finish(&for_terminal(&text), 0),
        Err(error) => failed(&error, output),
    }
}

/// Checks the plans, and writes their findings to the file. Returns what to say.
fn write(
    arguments: &BaselineArguments,
    settings: &Settings,
    plans: &[OsString],
    file: &Path,
    output: &Output,
) -> Result<String, BaselineError> {
    let mut is_complete = true;
    let mut report_problem = |diagnostic: &dyn Diagnostic| {
        output.problem(&Problem::plain(diagnostic));
        is_complete = false;
    };
    let mut rules = settings.rules(run_variables(), &mut report_problem);
    rules.waivers = rules.waivers.with_comments(settings.comments());
    let sources: Vec<Source> = plans.iter().cloned().map(Source::from).collect();
    let report =
        check(&sources, &arguments.input.read_options(settings), &rules, &settings.check_options(), &|_| {});
    report.problems.iter().for_each(|problem| output.problem(problem));
    let (baseline, selection) = Baseline::of(&report, file)?;
    if !is_complete {
        return Err(BaselineError::Incomplete);
    }
    let written = baseline.write()?;
    let mut text = summary(&baseline, written, selection);
    if settings.baseline.value.as_deref() != Some(file) {
        let file = file.display();
        text.push_str(&format!(
            "To use it: `planguard check --baseline {file}`, or `baseline = \"{file}\"` under [check] in planguard.toml\n"
        ));
    }
    Ok(text)
}

fn failed(error: &dyn Diagnostic, output: &Output) -> ExitCode {
    output.problem(&Problem::plain(error));
    ExitCode::from(UNDECIDED)
}
