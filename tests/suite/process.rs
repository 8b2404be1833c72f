//! Starts planguard as its users do, without settings of the machine.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use planguard::settings::NAMES;

/// planguard in a directory, without the variables that it reads settings from.
pub(crate) fn planguard(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.args(arguments).current_dir(directory).stdin(Stdio::null());
    for name in NAMES {
        command.env_remove(name.variable);
    }
    for variable in ["PLANGUARD_CONFIG", "PLANGUARD_TRUSTED", "PLANGUARD_ENV", "PLANGUARD_APPROVALS"] {
        command.env_remove(variable);
    }
    command
}

/// The exit code and what is on both streams.
pub(crate) fn run(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("planguard starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}
