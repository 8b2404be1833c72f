//! `planguard plan`: makes a plan with terraform or tofu, and checks it.

use std::ffi::OsString;
use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Args;
use miette::Diagnostic;
use planguard::input::{SIGNING_KEY, Terraform};
use planguard::leftovers;
use planguard::plan::text::escape::for_terminal;
use planguard::plan::text::shell;
use planguard::problem::Problem;
use planguard::settings::{Place, ShowProgram};
use thiserror::Error;

use crate::UNDECIDED;
use crate::args::GateArguments;
use crate::attest::Asked;
use crate::check::{check_plans, resolved};
use crate::held::Held;
use crate::output::{Output, write_to_stderr};
use crate::settings::resolution;

pub(crate) const HELP: &str = "\
Plan and check a configuration, with arguments for terraform:
  planguard plan infra -- -var-file=prod.tfvars -target=module.web

The plan file is kept if the plan passes, and the last line says how to apply it. A plan file contains secrets.";

/// The exit code of `terraform plan -detailed-exitcode` for a plan with changes.
const HAS_CHANGES: i32 = 2;

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// The directory of the configuration
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Keep the plan file here [default: a temporary file]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    gate: GateArguments,
    /// Arguments for `terraform plan`
    #[arg(last = true, value_name = "ARGUMENT")]
    terraform_arguments: Vec<OsString>,
}

/// Why there is no plan to check.
#[derive(Debug, Error, Diagnostic)]
enum PlanError {
    #[error("{} is not a directory", directory.display())]
    #[diagnostic(code("PG-CL-006"), help("name the directory of the configuration"))]
    NoDirectory { directory: PathBuf },
    #[error("`{argument}` is planguard's own")]
    #[diagnostic(code("PG-CL-007"), help("use --out FILE to keep the plan file"))]
    OwnArgument { argument: String },
    #[error("neither terraform nor tofu is on the PATH")]
    #[diagnostic(code("PG-CL-008"), help("install one of them, or name it with --terraform"))]
    NoProgram,
    #[error("{} cannot be started: {reason}", program.display())]
    #[diagnostic(code("PG-CL-008"), help("check the path that --terraform names"))]
    NotStarted { program: PathBuf, reason: String },
    #[error("{} plan failed with {status}", program.display())]
    #[diagnostic(
        code("PG-CL-009"),
        help("its own message is above; if the directory is not initialised, run `init` in it first")
    )]
    Failed { program: PathBuf, status: String },
    #[error("no temporary directory can be made: {reason}")]
    #[diagnostic(code("PG-CL-010"), help("name a file with --out"))]
    NoTemporary { reason: String },
}

pub(crate) fn run(arguments: &PlanArguments, output: &Output) -> ExitCode {
    match plan_and_check(arguments, output) {
        Ok(code) => code,
        Err(error) => {
            output.problem(&Problem::plain(&error));
            ExitCode::from(UNDECIDED)
        }
    }
}

fn plan_and_check(arguments: &PlanArguments, output: &Output) -> Result<ExitCode, PlanError> {
    let directory = &arguments.directory;
    if !directory.is_dir() {
        return Err(PlanError::NoDirectory { directory: directory.clone() });
    }
    if let Some(own) = arguments.terraform_arguments.iter().find(|argument| is_own(argument)) {
        return Err(PlanError::OwnArgument { argument: own.to_string_lossy().into_owned() });
    }
    let program = named(&arguments.gate).or_else(|| program_for(directory)).ok_or(PlanError::NoProgram)?;
    let temporary = match arguments.out {
        Some(_) => None,
        None => {
            let make = || tempfile::Builder::new().prefix("planguard-").tempdir();
            let made = leftovers::made(make, |made| made.path());
            Some(made.map_err(|error| PlanError::NoTemporary { reason: error.to_string() })?)
        }
    };
    let file = match (&arguments.out, &temporary) {
        (Some(out), _) => std::path::absolute(out).unwrap_or_else(|_| out.clone()),
        (None, Some((temporary, _))) => temporary.path().join("tfplan"),
        (None, None) => PathBuf::from("tfplan"),
    };
    make_plan(&program, directory, &file, &arguments.terraform_arguments)?;
    let shown_by = Terraform { program: program.clone(), directory: Some(directory.clone()) };
    let shown = arguments.out.as_ref().unwrap_or(&file).clone();
    let gate = &arguments.gate;
    let code = check_plans(
        &[shown.into_os_string()],
        gate,
        resolved(gate),
        Asked::ByFlag,
        Some(shown_by),
        None,
        output,
    );
    if code == ExitCode::SUCCESS {
        if let Some((temporary, leftover)) = temporary {
            // What was checked is what will be applied.
            leftover.taken(|| temporary.keep());
        }
        say_how_to_apply(&program, directory, &file);
    } else if arguments.out.is_some() {
        let _ = fs::remove_file(&file);
    }
    Ok(code)
}

/// The program that a flag, a variable or a setting names. What is wrong with the settings is reported by the check.
fn named(gate: &GateArguments) -> Option<PathBuf> {
    let place = Place::Trusted(gate.trusted.clone());
    // No environment may set it.
    let held = Held::default();
    let resolution = resolution(gate.said(), gate.guardrails.params.clone(), &gate.sources, place, held);
    match resolution.settings.terraform.value {
        ShowProgram::Named(program) => Some(program),
        ShowProgram::OnPath | ShowProgram::None => None,
    }
}

/// Whether an argument decides where the plan is written.
fn is_own(argument: &OsString) -> bool {
    let text = argument.to_string_lossy();
    ["-out", "--out"].iter().any(|own| text == *own || text.starts_with(&format!("{own}=")))
}

/// Runs `plan`. What it prints goes to standard error: standard output is the report's.
fn make_plan(program: &Path, directory: &Path, file: &Path, arguments: &[OsString]) -> Result<(), PlanError> {
    let mut chdir = OsString::from("-chdir=");
    chdir.push(directory);
    let mut out = OsString::from("-out=");
    out.push(file);
    let plain = (!std::io::stderr().is_terminal()).then_some("-no-color");
    let mut child = Command::new(program)
        .arg(chdir)
        .arg("plan")
        .arg(out)
        .args(plain)
        .args(arguments)
        .env_remove(SIGNING_KEY)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| PlanError::NotStarted { program: program.to_owned(), reason: error.to_string() })?;
    if let Some(mut stdout) = child.stdout.take() {
        // Losing what it prints loses nothing of the plan.
        let _ = std::io::copy(&mut stdout, &mut std::io::stderr());
    }
    let failed = |status: String| PlanError::Failed { program: program.to_owned(), status };
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    let detailed = arguments.iter().any(|argument| argument == "-detailed-exitcode");
    if status.success() || detailed && status.code() == Some(HAS_CHANGES) {
        Ok(())
    } else {
        Err(failed(status.to_string()))
    }
}

fn say_how_to_apply(program: &Path, directory: &Path, file: &Path) {
    let quoted = |path: &Path| shell::word(&path.to_string_lossy());
    let chdir =
        if directory == Path::new(".") { String::new() } else { format!(" -chdir={}", quoted(directory)) };
    let command = format!("{}{chdir} apply {}", quoted(program), quoted(file));
    write_to_stderr(&for_terminal(&format!("\nTo apply exactly this plan:\n  {command}\n")));
}

/// The program that the configuration is for: tofu if it has `.tofu` files, or else terraform, as far as they are on
/// the PATH.
fn program_for(directory: &Path) -> Option<PathBuf> {
    let is_tofu = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.path().extension().is_some_and(|extension| extension == "tofu"));
    let order = if is_tofu { ["tofu", "terraform"] } else { ["terraform", "tofu"] };
    let starts = |program: &&str| {
        let mut command = Command::new(program);
        command
            .arg("-version")
            .env_remove(SIGNING_KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    order.into_iter().find(starts).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_the_plan_is_planguards_own() {
        for (argument, wanted) in
            [("-out=x", true), ("-out", true), ("--out=x", true), ("-outer", false), ("-var=out=1", false)]
        {
            assert_eq!(is_own(&OsString::from(argument)), wanted, "{argument}");
        }
    }
}
