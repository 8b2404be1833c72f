//! Writes how much work a command was into the file that a test names. Only builds with debug assertions measure.

use std::env;
use std::fs;

/// The variable with the file.
const FILE: &str = "TEST_WORK_FILE";

/// Runs a command. Its steps, the bytes that it asked for and the most that it held are written with blanks between them.
pub(crate) fn told<R>(command: impl FnOnce() -> R) -> R {
    let file = env::var_os(FILE).filter(|_| cfg!(debug_assertions));
    let Some(file) = file else { return command() };
    let (result, allocated) = planguard_rego::memory::measured(command);
    let told = format!("{} {} {}", planguard_work::counted(), allocated.requested, allocated.peak);
    // Whoever reads it fails if it is not there.
    let _ = fs::write(file, told);
    result
}
