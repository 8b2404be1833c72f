//! `--isolate`: runs the command in a process of its own with limited memory, so that whatever ends this process
//! abnormally makes the run undecided, and nothing else. A check with policies of the user has it unless told otherwise,
//! where the system can limit the address space.
//!
//! The process is the same program with the same arguments and streams. It prints its report itself, when all is
//! evaluated; the process that waits for it passes on the exit code.

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode, ExitStatus};
use std::{env, io};

use clap::Args;
use miette::Diagnostic;
use planguard::problem::Problem;
use planguard_threads as threads;
use thiserror::Error;

use crate::output::Output;
use crate::{INTERRUPTED, UNDECIDED, start};

const GIB: u64 = 1 << 30;

/// The address space for what does not depend on the number of threads, in GiB.
const BASE: u64 = 4;

/// Whether the run has a process of its own.
#[derive(Clone, Debug, Args)]
pub(crate) struct IsolationArguments {
    /// Evaluate in a process of its own with so much address space; if it crashes or needs more, the exit code is 2
    /// [default: 4 GiB, and 1 GiB for each thread]
    #[arg(long, value_name = "GIB", value_parser = clap::value_parser!(u32).range(1..=1 << 20), num_args = 0..=1, require_equals = true, help_heading = "Policies")]
    isolate: Option<Option<u32>>,
    /// Evaluate in this process. Without it, a check with policies has a process of its own, on Linux
    #[arg(long, conflicts_with = "isolate", help_heading = "Policies")]
    no_isolate: bool,
    /// The bytes that this process may use: it is the one that another started for `--isolate`.
    #[arg(long, value_name = "BYTES", hide = true, conflicts_with_all = ["isolate", "no_isolate"])]
    address_space: Option<u64>,
}

/// Why there is no verdict.
#[derive(Debug, Error, Diagnostic)]
enum IsolationError {
    #[error("cannot start the process that evaluates: {reason}")]
    #[diagnostic(code("PG-CL-011"), help("pass --no-isolate"))]
    NotStarted { reason: io::Error },
    #[error("cannot limit the address space: {reason}")]
    #[diagnostic(code("PG-CL-011"), help("pass --no-isolate"))]
    NoLimit { reason: String },
    #[error(
        "the process that evaluates ended without a verdict ({status}); it may use {gib} GiB of address space"
    )]
    #[diagnostic(
        code("PG-CL-012"),
        help(
            "a policy that uses too much memory is the likely cause; simplify it, or allow more with --isolate=GIB. \
             Nothing was decided"
        )
    )]
    Ended { status: ExitStatus, gib: u64 },
}

/// Runs a command, in a process of its own if the arguments say so.
pub(crate) fn run(
    arguments: &IsolationArguments,
    output: &Output,
    command: impl FnOnce() -> ExitCode,
) -> ExitCode {
    let decided = match (arguments.address_space, arguments.isolate) {
        (Some(bytes), _) => limit(bytes),
        (None, None) => Ok(()),
        (None, Some(gib)) => match elsewhere(gib.map_or_else(usual, u64::from)) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
    };
    match decided {
        Ok(()) => command(),
        Err(error) => undecided(&error, output),
    }
}

fn undecided(error: &IsolationError, output: &Output) -> ExitCode {
    output.problem(&Problem::plain(error));
    ExitCode::from(UNDECIDED)
}

/// Runs a check with policies in a process of its own, if the arguments do not say how it is to run. `None` if it has to
/// run here: the system cannot limit the address space, or no other process can be started.
pub(crate) fn by_default(arguments: &IsolationArguments, output: &Output) -> Option<ExitCode> {
    let is_told = arguments.isolate.is_some() || arguments.no_isolate || arguments.address_space.is_some();
    if is_told {
        return None;
    }
    // What the machine has room for is not refused.
    let gib = memory()?.div_ceil(GIB).max(BASE).saturating_add(for_threads());
    match elsewhere(gib) {
        Err(IsolationError::NotStarted { .. }) => None,
        Err(error) => Some(undecided(&error, output)),
        Ok(code) => Some(code),
    }
}

/// The memory of the machine in bytes; `None` if the address space cannot be limited.
#[cfg(target_os = "linux")]
fn memory() -> Option<u64> {
    let told = rustix::system::sysinfo();
    Some(told.totalram.saturating_mul(u64::from(told.mem_unit)))
}

#[cfg(not(target_os = "linux"))]
fn memory() -> Option<u64> {
    None
}

/// The usual address space in GiB: each thread has a large stack, of which little is used, and a heap.
fn usual() -> u64 {
    BASE.saturating_add(for_threads())
}

fn for_threads() -> u64 {
    u64::try_from(threads::count().get()).unwrap_or(u64::MAX)
}

/// Runs this program once more.
fn elsewhere(gib: u64) -> Result<ExitCode, IsolationError> {
    let program = env::current_exe().map_err(|reason| IsolationError::NotStarted { reason })?;
    let arguments = within(env::args_os().skip(1), gib.saturating_mul(GIB));
    let status = Command::new(program)
        .args(arguments)
        .status()
        .map_err(|reason| IsolationError::NotStarted { reason })?;
    // Whatever ends a process abnormally has no code, or none of ours.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.filter(|code| *code <= UNDECIDED || i32::from(*code) == INTERRUPTED)
        .map(ExitCode::from)
        .ok_or(IsolationError::Ended { status, gib })
}

/// The arguments, with the address space in place of `--isolate`, or as the last flag. What follows `--` is not a flag.
fn within(arguments: impl Iterator<Item = OsString>, bytes: u64) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let flags = arguments.iter().position(|argument| argument == OsStr::new("--")).unwrap_or(arguments.len());
    let is_isolate = |argument: &OsString| {
        argument == OsStr::new("--isolate")
            || argument.to_str().is_some_and(|argument| argument.starts_with("--isolate="))
    };
    let address_space = OsString::from(format!("--address-space={bytes}"));
    match arguments.get(..flags).and_then(|flags| flags.iter().position(is_isolate)) {
        Some(place) => arguments[place] = address_space,
        None => arguments.insert(flags, address_space),
    }
    arguments
}

/// Limits the address space of this process, and ends it with the one that started it.
#[cfg(target_os = "linux")]
fn limit(bytes: u64) -> Result<(), IsolationError> {
    use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};
    let refused = |error: rustix::io::Errno| IsolationError::NoLimit { reason: error.to_string() };
    // The parent says why there is no verdict, if the signal is what ends this process.
    start::let_aborts_kill();
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(refused)?;
    // Somebody may have set a lower one.
    let bytes = getrlimit(Resource::As).maximum.map_or(bytes, |maximum| maximum.min(bytes));
    setrlimit(Resource::As, Rlimit { current: Some(bytes), maximum: Some(bytes) }).map_err(refused)
}

/// Says that there is no limit on the address space.
#[cfg(not(target_os = "linux"))]
fn limit(_bytes: u64) -> Result<(), IsolationError> {
    crate::output::write_to_stderr(
        "note[PG-CL-103]: the address space cannot be limited on this system; --isolate only keeps a crash apart\n",
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_replaced_and_nothing_else() {
        let given = ["check", "a", "--isolate=7", "-p", "x", "--isolated", "--", "--isolate"];
        let expected = ["check", "a", "--address-space=9", "-p", "x", "--isolated", "--", "--isolate"];
        assert_eq!(within(given.into_iter().map(OsString::from), 9), expected);
        let given = ["check", "a", "-p", "x", "--", "--isolate"];
        let expected = ["check", "a", "-p", "x", "--address-space=9", "--", "--isolate"];
        assert_eq!(within(given.into_iter().map(OsString::from), 9), expected);
        let given = ["check", "--isolate", "a"];
        assert_eq!(within(given.into_iter().map(OsString::from), 9), ["check", "--address-space=9", "a"]);
    }
}
