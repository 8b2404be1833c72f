//! The command line of planguard: arguments in, report and exit code out.

mod args;
mod attest;
mod baseline;
mod check;
mod completions;
mod conftest_flags;
mod cost;
mod eval;
mod fixture;
mod format;
mod found;
mod github;
mod graph;
mod held;
mod interactive;
mod isolation;
mod later;
mod lib_command;
mod lint;
mod measure;
mod merge;
mod new;
mod output;
mod outputs;
mod partition;
mod plan;
mod rules;
mod runtask;
mod serve;
mod settings;
mod show;
mod start;
mod test;
mod verify;
mod waive;
mod watch;
mod words;

use std::io::{self, ErrorKind, Write as _};
use std::panic;
use std::process::ExitCode;

use clap::FromArgMatches as _;
use planguard::huge_pages;

use args::{Arguments, Command};
use attest::Asked;
use output::Output;

/// The exit code of a command that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// The exit code of an undecided verdict, and of everything unexpected.
const UNDECIDED: u8 = 2;

fn main() -> ExitCode {
    huge_pages::avoid();
    silence_panics();
    start::run(run)
}

fn run() -> ExitCode {
    let parsed = args::command().try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(answer) => return answered(&answer),
    };
    let output = Output::new(arguments.color);
    let outcome = panic::catch_unwind(|| measure::told(|| execute(&arguments, &output)));
    match outcome {
        Ok(code) => code,
        Err(_) => {
            output.complain("internal error: please report this bug (PG-CK-002)");
            ExitCode::from(UNDECIDED)
        }
    }
}

/// Prints help, a version, or what is wrong with the arguments.
fn answered(answer: &clap::Error) -> ExitCode {
    let printed = answer.print().and_then(|()| io::stdout().flush());
    match printed {
        Err(error) if !answer.use_stderr() && error.kind() != ErrorKind::BrokenPipe => {
            output::write_to_stderr(&format!("planguard: cannot write the answer: {error} (PG-CL-001)\n"));
            ExitCode::from(UNDECIDED)
        }
        Ok(()) | Err(_) => u8::try_from(answer.exit_code()).map_or(ExitCode::from(UNDECIDED), ExitCode::from),
    }
}

/// Does what the arguments ask for.
fn execute(arguments: &Arguments, output: &Output) -> ExitCode {
    match &arguments.command {
        Command::Check(check) => check.of_conftest.refuse(output).unwrap_or_else(|| {
            isolation::run(&check.isolation, output, || check::run(check, Asked::ByFlag, output))
        }),
        Command::Attest(check) => isolation::run(&check.isolation, output, || attest::run(check, output)),
        Command::Plan(arguments) => plan::run(arguments, output),
        Command::Baseline(arguments) => baseline::run(arguments, output),
        Command::Completions(arguments) => completions::completions(arguments, output),
        Command::Man(arguments) => completions::man(arguments, output),
        Command::Eval(eval) => eval::run(eval, output),
        Command::Fixture(fixture) => fixture::run(fixture, output),
        Command::Cost(arguments) => cost::run(arguments, output),
        Command::Graph(arguments) => graph::run(arguments, output),
        Command::Lib(arguments) => lib_command::run(arguments, output),
        Command::Merge(arguments) => merge::run(arguments, output),
        Command::New(new) => new::run(new, output),
        Command::Init(init) => new::init(init, output),
        Command::Lint(lint) => lint::run(lint, output),
        Command::Rules(rules) => rules::run(rules, output),
        Command::Runtask(arguments) => runtask::run(arguments, output),
        Command::Show(arguments) => show::run(arguments, output),
        Command::Test(test) => isolation::run(&test.isolation, output, || test::run(test, output)),
        Command::Verify(arguments) => verify::run(arguments, output),
        Command::Waive(waiver) => waive::waive(waiver, output),
        Command::Waivers(waivers) => waive::list(waivers, output),
    }
}

/// A panic's message may contain a value of the plan, so only its place is printed. Wherever it happens, the run ends
/// as undecided.
fn silence_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        output::write_to_stderr(&format!("planguard: internal error{}\n", place.unwrap_or_default()));
    }));
}
