//! Converts a binary plan to JSON with the user's terraform or tofu.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use super::decode::within;
use super::options::{SIGNING_KEY, Terraform};
use super::problem::{Problem, SizeStage};

/// How much of the program's standard error is reported: its last lines are enough to find the cause,
/// and a plan's values may be among more.
const STDERR_LINES: usize = 6;
const STDERR_COLUMNS: usize = 200;
const STDERR_KEPT: usize = 16 * 1024;

/// The JSON that `program show -json` writes for a plan file, at most `cap` bytes.
///
/// It runs without a shell and without standard input.
pub(super) fn show(terraform: &Terraform, plan: &Path, cap: u64) -> Result<Vec<u8>, Problem> {
    run(terraform, plan, cap).map_err(|failure| match failure {
        Failure::Io(source) => Problem::TerraformNotRun { program: terraform.program.clone(), source },
        Failure::Problem(problem) => problem,
    })
}

enum Failure {
    Io(io::Error),
    Problem(Problem),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn run(terraform: &Terraform, plan: &Path, cap: u64) -> Result<Vec<u8>, Failure> {
    // An absolute path is never an option.
    let plan = std::path::absolute(plan)?;
    let mut command = Command::new(&terraform.program);
    let beside =
        || plan.parent().filter(|directory| is_initialised(directory) && !is_initialised(Path::new("")));
    if let Some(directory) = terraform.directory.as_deref().or_else(beside) {
        let mut change = OsString::from("-chdir=");
        change.push(directory);
        command.arg(change);
    }
    let mut child = command
        .args(["show", "-json", "-no-color"])
        .arg(plan)
        // Arguments from the environment could change its output.
        .env_remove("TF_CLI_ARGS")
        .env_remove("TF_CLI_ARGS_show")
        .env_remove(SIGNING_KEY)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("its output could not be connected").into());
    };
    // Both pipes are drained at once: a program that fills one while we wait on the other hangs.
    let last_words = thread::spawn(move || tail(stderr));
    let mut json = Vec::new();
    let read = stdout.take(cap.saturating_add(1)).read_to_end(&mut json);
    let json = match (read, within(json, cap, SizeStage::Shown)) {
        (Ok(_), Ok(json)) => json,
        (read, checked) => {
            // It may have ended by itself; it must not outlive the error.
            let _ = child.kill();
            child.wait()?;
            read?;
            return checked.map_err(Failure::Problem);
        }
    };
    let status = child.wait()?;
    let last_words = last_words.join().map_err(|_| io::Error::other("its standard error was not read"))?;
    if status.success() {
        Ok(json)
    } else {
        Err(Failure::Problem(Problem::TerraformFailed { status, stderr: last_lines(&last_words) }))
    }
}

/// Whether `init` has run in a directory: the program needs the schemas of the providers that it installs.
fn is_initialised(directory: &Path) -> bool {
    directory.join(".terraform").is_dir()
}

/// Reads to the end and keeps the last bytes.
fn tail(mut from: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return kept,
            Ok(length) => {
                kept.extend_from_slice(buffer.get(..length).unwrap_or_default());
                kept.drain(..kept.len().saturating_sub(STDERR_KEPT));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Its message is lost; its exit status is not.
            Err(_) => return kept,
        }
    }
}

fn last_lines(stderr: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(stderr);
    // Terraform draws a frame to the left of its messages.
    let frame = |c: char| c.is_whitespace() || matches!(c, '╷' | '│' | '╵');
    let lines: Vec<&str> =
        text.lines().map(|line| line.trim_matches(frame)).filter(|line| !line.is_empty()).collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(STDERR_LINES))
        .map(|line| line.chars().take(STDERR_COLUMNS).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_few_last_words() {
        let many: String = (0..5000).map(|n| format!("line {n}\n\n")).collect();
        let lines = last_lines(&tail(format!("{many}╷\n│ \u{1b}[31mError\u{1b}[0m\n╵\n").as_bytes()));
        assert_eq!(lines.len(), STDERR_LINES);
        assert_eq!(lines[0], "line 4995");
        assert_eq!(lines[5], "\u{1b}[31mError\u{1b}[0m");
        assert_eq!(last_lines("x".repeat(1000).as_bytes())[0].len(), STDERR_COLUMNS);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let problem = show(&Terraform::from("no-such-terraform"), Path::new("tfplan"), 10).unwrap_err();
        assert!(matches!(problem, Problem::TerraformNotRun { .. }));
    }
}
