//! Streams that end early, do not end, or do not take what is written: a lost report is never a pass.

use std::process::{Command, Output, Stdio};

const DENIED: &str = "fixtures/plans/drift/plan.json";
const PASS: &str = "fixtures/plans/no-changes/plan.json";

fn planguard(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.args(arguments).env_remove("NO_COLOR").env("TERM", "xterm-256color").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    planguard(arguments).output().expect("planguard starts")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

const ESCAPE: char = '\u{1b}';

#[test]
fn a_pipe_gets_no_colours_unless_they_are_asked_for() {
    assert!(!stdout(&run(&["check", DENIED])).contains(ESCAPE));
    assert!(!stdout(&run(&["check", "--color", "never", DENIED])).contains(ESCAPE));
    let coloured = run(&["check", "--color", "always", DENIED]);
    assert!(stdout(&coloured).contains("\u{1b}[1;31mDENIED: "));
    // The flag is what somebody just typed; the variable may have been set long ago.
    let both = planguard(&["check", "--color", "always", DENIED]).env("NO_COLOR", "1").output();
    assert_eq!(both.expect("planguard starts").stdout, coloured.stdout);
}

#[test]
fn colours_change_nothing_but_colours() {
    let coloured = run(&["check", "--color", "always", DENIED]);
    let sequences = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("valid");
    let plain = sequences.replace_all(stdout(&coloured), "");
    assert_eq!(plain, stdout(&run(&["check", DENIED])));
}

#[test]
fn odd_keys_do_not_steer_the_terminal() {
    let output =
        run(&["check", "--guardrails", "tests/cmd/data/guardrails", "fixtures/plans/odd-keys/plan.json"]);
    let text = stdout(&output);
    let strange = |character: char| (character.is_control() && character != '\n') || character == '\u{202e}';
    assert!(!text.contains(strange), "{text:?}");
    assert!(text.contains(r#"terraform_data.odd["escape\u001b[31mred"]"#), "{text}");
    assert!(text.contains(r#"terraform_data.odd["with \"quotes\""]"#), "{text}");
    assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::fs::{File, OpenOptions};
    use std::io::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};

    use super::{DENIED, PASS, planguard};

    /// A pipe that nobody reads any more.
    fn closed_pipe() -> Stdio {
        let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().expect("true starts");
        let pipe = reader.stdin.take().expect("a pipe");
        reader.wait().expect("true ends");
        pipe.into()
    }

    #[test]
    fn a_reader_that_has_gone_keeps_the_verdict() {
        for (plan, code) in [(PASS, 0), (DENIED, 1), ("fixtures/plans/errored/plan.json", 2)] {
            for format in planguard::render::check::FORMATS.all().iter().map(|format| format.name) {
                let mut command = planguard(&["check", "--format", format, plan]);
                let status = command.stdout(closed_pipe()).stderr(closed_pipe()).status();
                assert_eq!(status.expect("planguard starts").code(), Some(code), "{plan} as {format}");
            }
        }
    }

    #[test]
    fn a_reader_that_has_gone_does_not_trouble_the_rules() {
        let status = planguard(&["rules"]).stdout(closed_pipe()).status();
        assert_eq!(status.expect("planguard starts").code(), Some(0));
    }

    /// Where every write fails as on a full disk.
    fn full_disk() -> Option<File> {
        OpenOptions::new().write(true).open("/dev/full").ok()
    }

    #[test]
    fn a_report_that_is_lost_leaves_the_verdict_undecided() {
        for arguments in [
            &["check", PASS][..],
            &["check", DENIED],
            &["check", "--report-only", DENIED],
            &["check", "--format", "json", PASS],
            &["rules"],
        ] {
            let Some(full) = full_disk() else {
                println!("skipped: this system has no /dev/full");
                return;
            };
            let output = planguard(arguments).stdout(full).output().expect("planguard starts");
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(told.contains("cannot write the report") && told.contains("PG-CL-001"), "{told}");
        }
    }

    #[test]
    fn a_full_disk_for_standard_error_changes_nothing() {
        let Some(full) = full_disk() else { return };
        let status = planguard(&["check", "fixtures/plans/errored/plan.json"])
            .stdout(Stdio::null())
            .stderr(full)
            .status();
        assert_eq!(status.expect("planguard starts").code(), Some(2));
    }

    /// Waits until a process has read what it was given, then sends it SIGINT.
    fn interrupt(child: &mut Child) -> Option<i32> {
        let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(kill.expect("kill starts").success());
        child.wait().expect("it ends").code()
    }

    #[test]
    fn an_interrupted_read_of_standard_input_ends_in_130() {
        let mut child = planguard(&["check", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("planguard starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        // More than a pipe holds: once it is written, planguard has started to read, and its handler is set.
        pipe.write_all(b"{\"format_version\": \"1.2\", \"resource_changes\": [").expect("it reads");
        pipe.write_all(&vec![b' '; 1 << 20]).expect("it reads");
        assert_eq!(interrupt(&mut child), Some(130));
        drop(pipe);
    }

    #[test]
    fn an_interrupted_read_of_a_named_pipe_ends_in_130() {
        let folder = tempfile::tempdir().expect("a folder");
        let fifo = folder.path().join("plan.json");
        let made = Command::new("mkfifo").arg(&fifo).status().expect("mkfifo starts");
        assert!(made.success());
        let mut child = Command::new(env!("CARGO_BIN_EXE_planguard"))
            .arg("check")
            .arg(&fifo)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("planguard starts");
        // Opening waits for the reader.
        let mut pipe = OpenOptions::new().write(true).open(&fifo).expect("it opens");
        pipe.write_all(&vec![b' '; 1 << 20]).expect("it reads");
        assert_eq!(interrupt(&mut child), Some(130));
        drop(pipe);
    }

    #[test]
    fn a_name_that_is_no_utf_8_is_a_name_like_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = |bytes: &[u8]| -> PathBuf { folder.path().join(OsStr::from_bytes(bytes)) };
        let check = |path: &Path| {
            let mut command = planguard(&["check"]);
            command.arg(path).output().expect("planguard starts")
        };
        let missing = check(&name(b"miss\xffing.json"));
        assert_eq!(missing.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&missing.stdout).contains("PG-IN-001"));
        let there = name(b"pl\xffan.json");
        std::fs::copy(PASS, &there).expect("it can be copied");
        let found = check(&there);
        assert_eq!(found.status.code(), Some(0), "{found:?}");
        assert!(std::str::from_utf8(&found.stdout).is_ok());
    }

    #[test]
    fn a_flag_that_is_no_utf_8_is_refused() {
        let mut command = planguard(&["check", PASS]);
        let output = command.arg(OsStr::from_bytes(b"--for\xffmat")).output().expect("planguard starts");
        assert_eq!(output.status.code(), Some(2));
    }
}
