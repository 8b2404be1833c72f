//! Converts a binary plan to JSON with the user's terraform or tofu.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::decode::within;
use super::options::{ReadOptions, SIGNING_KEY, Terraform};
use super::problem::{Problem, SizeStage};

/// How much of the program's standard error is reported: its last lines are enough to find the cause,
/// and a plan's values may be among more.
const STDERR_LINES: usize = 6;
const STDERR_COLUMNS: usize = 200;
const STDERR_KEPT: usize = 16 * 1024;

/// How often it is asked whether the program has ended, once it has written everything.
const ROUND: Duration = Duration::from_millis(5);

/// The JSON that `program show -json` writes for a plan file, within the limits on size and time.
///
/// It runs without a shell and without standard input.
pub(super) fn show(terraform: &Terraform, plan: &Path, options: &ReadOptions) -> Result<Vec<u8>, Problem> {
    run(terraform, plan, options).map_err(|failure| match failure {
        Failure::Io(source) => Problem::TerraformNotRun { program: terraform.program.clone(), source },
        Failure::Hung => {
            Problem::TerraformHung { program: terraform.program.clone(), limit: options.terraform_timeout }
        }
        Failure::Problem(problem) => problem,
    })
}

enum Failure {
    Io(io::Error),
    Hung,
    Problem(Problem),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn run(terraform: &Terraform, plan: &Path, options: &ReadOptions) -> Result<Vec<u8>, Failure> {
    let (cap, deadline) = (options.size_cap, Instant::now() + options.terraform_timeout);
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
    // Both pipes are drained at once: a program that fills one while we wait on the other hangs. And on threads: whatever
    // it has started may keep a pipe open without end.
    let json = on_thread(move || {
        let mut json = Vec::new();
        stdout.take(cap.saturating_add(1)).read_to_end(&mut json).map(|_| json)
    });
    let last_words = on_thread(move || tail(stderr));
    let shown = in_time(&json, deadline).and_then(|json| {
        let json = within(json?, cap, SizeStage::Shown).map_err(Failure::Problem)?;
        Ok((json, ended(&mut child, deadline)?))
    });
    let (json, status) = match shown {
        Ok(shown) => shown,
        Err(failure) => {
            // It may have ended by itself; it must not outlive the error.
            let _ = child.kill();
            child.wait()?;
            return Err(failure);
        }
    };
    if status.success() {
        Ok(json)
    } else {
        let last_words = in_time(&last_words, deadline).unwrap_or_default();
        Err(Failure::Problem(Problem::TerraformFailed { status, stderr: last_lines(&last_words) }))
    }
}

/// Does something that may never end.
fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Nobody waits for it any more after the deadline.
        let _ = sender.send(work());
    });
    receiver
}

fn in_time<T>(result: &Receiver<T>, deadline: Instant) -> Result<T, Failure> {
    result.recv_timeout(deadline.saturating_duration_since(Instant::now())).map_err(|_| Failure::Hung)
}

/// Waits for a program that has written everything. The usual one ends at once.
fn ended(child: &mut Child, deadline: Instant) -> Result<ExitStatus, Failure> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= deadline {
            return Err(Failure::Hung);
        }
        thread::sleep(ROUND);
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
        let options = ReadOptions::default();
        let problem = show(&Terraform::from("no-such-terraform"), Path::new("tfplan"), &options).unwrap_err();
        assert!(matches!(problem, Problem::TerraformNotRun { .. }));
    }
}
