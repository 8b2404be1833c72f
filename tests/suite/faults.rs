//! Faults from outside: disks that are full, streams that are closed, signals at any moment, too little memory, files that
//! never end. None of them is a pass, and none leaves half a file.

#![cfg(unix)]

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::process;

const INTERRUPTED: i32 = 130;
const UNDECIDED: i32 = 2;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans").join(name).join("plan.json")
}

/// A directory with a plan that passes and one that is denied, and a policy that finds nothing.
fn project() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::copy(fixture("no-changes"), directory.path().join("pass.json")).expect("copied");
    fs::copy(fixture("drift"), directory.path().join("denied.json")).expect("copied");
    fs::write(directory.path().join("p.rego"), "package main\n\ndeny contains \"x\" if input.errored\n")
        .expect("written");
    directory
}

/// planguard by way of a shell, which can limit it and close its streams: `$0` are planguard's arguments before these.
fn by_shell(directory: &Path, script: &str) -> Output {
    // The settings of the machine are left out as for every other test.
    let plain = process::planguard(directory, &[]);
    let mut command = Command::new("bash");
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(["-c", script, env!("CARGO_BIN_EXE_planguard")]).current_dir(directory).stdin(Stdio::null());
    command.output().expect("bash starts")
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_closed_stdout_loses_every_report() {
    let project = project();
    for arguments in [
        "check pass.json",
        "check denied.json",
        "check pass.json -p p.rego",
        "check pass.json --format json --output report.json",
        "rules",
        "show pass.json",
        "test .",
        "--version",
        "--help",
    ] {
        let output = by_shell(project.path(), &format!("\"$0\" {arguments} >&-"));
        assert_eq!(output.status.code(), Some(UNDECIDED), "{arguments}: {output:?}");
        assert!(told(&output).contains("standard output is closed (PG-CL-001)"), "{arguments}: {output:?}");
    }
    // Nobody is left to be told.
    assert_eq!(
        by_shell(project.path(), "\"$0\" check pass.json >&- 2>&- <&-").status.code(),
        Some(UNDECIDED)
    );
}

/// Programs that start others open /dev/null in this way for those that want no output. That is no fault.
#[test]
fn output_that_nobody_wants_is_not_lost() {
    let project = project();
    for redirection in [">/dev/null", "1<>/dev/null", ">/dev/null 2>&1 </dev/null", "2>&-", "<&-"] {
        let output = by_shell(project.path(), &format!("\"$0\" check pass.json {redirection}"));
        assert_eq!(output.status.code(), Some(0), "{redirection}: {output:?}");
    }
}

#[test]
fn a_full_disk_leaves_every_answer_undecided() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: this system has no /dev/full");
        return;
    }
    let project = project();
    for arguments in [
        "check pass.json >/dev/full",
        "check pass.json -p p.rego >/dev/full",
        "check pass.json --format json --output /dev/full",
        "check pass.json --audit /dev/full",
        "show pass.json >/dev/full",
        "graph pass.json >/dev/full",
        "cost pass.json >/dev/full",
        "completions bash >/dev/full",
        "eval input --plan pass.json >/dev/full",
        "--version >/dev/full",
        "--help >/dev/full",
        "check --help >/dev/full",
    ] {
        let output = by_shell(project.path(), &format!("\"$0\" {arguments}"));
        assert_eq!(output.status.code(), Some(UNDECIDED), "{arguments}: {output:?}");
        assert!(told(&output).contains("No space left on device"), "{arguments}: {output:?}");
    }
}

#[test]
fn what_is_no_file_is_neither_read_nor_waited_for() {
    let project = project();
    let read = |flag: &str, path: &str| {
        // A limit on memory, in case it is read after all.
        let script = format!("ulimit -v 8000000; \"$0\" check pass.json -p p.rego {flag} {path}");
        by_shell(project.path(), &script)
    };
    for flag in [
        "--config",
        "--baseline",
        "--guardrails",
        "--params",
        "--approvals",
        "--context",
        "--infracost",
        "--data",
        "--bundle-key",
    ] {
        let output = read(flag, "/dev/zero");
        assert_eq!(output.status.code(), Some(UNDECIDED), "{flag}: {output:?}");
        let told = told(&output);
        assert!(told.contains("/dev/zero") && !told.contains("out of memory"), "{flag}: {told}");
    }
    for arguments in
        ["check /dev/zero", "show /dev/zero", "merge /dev/zero", "cost pass.json --infracost /dev/zero"]
    {
        let output = by_shell(project.path(), &format!("ulimit -v 8000000; \"$0\" {arguments}"));
        assert_eq!(output.status.code(), Some(UNDECIDED), "{arguments}: {output:?}");
    }
}

#[test]
fn what_never_ends_is_read_to_its_limit() {
    let project = project();
    for (arguments, wanted) in [
        ("check --max-size 1 - </dev/zero", "larger than 1048576 bytes"),
        ("check --max-size 1 <(cat /dev/zero)", "larger than 1048576 bytes"),
        ("check pass.json -p p.rego --context <(cat /dev/zero)", "larger than 8388608 bytes"),
        ("check pass.json --params <(cat /dev/zero)", "larger than 64 MB"),
    ] {
        let output = by_shell(project.path(), &format!("\"$0\" {arguments}"));
        assert_eq!(output.status.code(), Some(UNDECIDED), "{arguments}: {output:?}");
        assert!(told(&output).contains(wanted), "{arguments}: {output:?}");
    }
    // Pipes that end are files like others.
    let output = by_shell(project.path(), "\"$0\" check <(cat pass.json) -p p.rego --context <(echo '{}')");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn an_error_of_the_device_is_an_error() {
    // Reading the memory of a process at address 0 fails so.
    let broken = Path::new("/proc/self/mem");
    if !broken.exists() {
        println!("skipped: this system has no /proc/self/mem");
        return;
    }
    let project = project();
    for arguments in
        ["check", "check pass.json --config", "check pass.json -p", "check pass.json --baseline", "show"]
    {
        let output = by_shell(project.path(), &format!("\"$0\" {arguments} /proc/self/mem"));
        assert_eq!(output.status.code(), Some(UNDECIDED), "{arguments}: {output:?}");
        assert!(told(&output).contains("/proc/self/mem"), "{arguments}: {output:?}");
    }
}

/// How to run as somebody whom permissions bind: nothing if that is us already, `None` if there is no way.
fn bound_by_permissions(directory: &Path) -> Option<&'static str> {
    let probe = directory.join("probe");
    fs::write(&probe, "").expect("written");
    fs::set_permissions(&probe, fs::Permissions::from_mode(0o000)).expect("permissions");
    if File::open(&probe).is_err() {
        return Some("");
    }
    // The binary and the directories above it must be readable for that user.
    let prefix = "setpriv --reuid 65534 --regid 65534 --clear-groups ";
    let tried = by_shell(directory, &format!("{prefix}\"$0\" --version"));
    tried.status.success().then_some(prefix)
}

#[test]
fn what_must_not_be_read_or_written_is_an_error() {
    let project = project();
    let mode = |path: &str, mode: u32| {
        fs::set_permissions(project.path().join(path), fs::Permissions::from_mode(mode))
            .expect("permissions");
    };
    fs::create_dir(project.path().join("plans")).expect("a directory");
    fs::create_dir(project.path().join("plans/closed")).expect("a directory");
    fs::create_dir(project.path().join("reports")).expect("a directory");
    fs::copy(fixture("no-changes"), project.path().join("plans/pass.json")).expect("copied");
    fs::copy(fixture("drift"), project.path().join("plans/closed/denied.json")).expect("copied");
    fs::copy(fixture("drift"), project.path().join("secret.json")).expect("copied");
    fs::write(project.path().join("closed.rego"), "package main\n").expect("written");
    mode("", 0o755);
    for (path, bits) in [("secret.json", 0), ("closed.rego", 0), ("plans/closed", 0), ("reports", 0o555)] {
        mode(path, bits);
    }
    let Some(prefix) = bound_by_permissions(project.path()) else {
        println!("skipped: nobody here is bound by permissions");
        return;
    };
    for (arguments, code) in [
        ("check pass.json", 0),
        ("check secret.json", UNDECIDED),
        ("check pass.json secret.json", UNDECIDED),
        ("check plans", UNDECIDED),
        ("check pass.json -p closed.rego", UNDECIDED),
        ("check pass.json --format json --output reports/r.json", UNDECIDED),
        ("check pass.json --audit reports/audit", UNDECIDED),
        ("check pass.json --format json --output missing/r.json", UNDECIDED),
    ] {
        let output = by_shell(project.path(), &format!("{prefix}\"$0\" {arguments}"));
        assert_eq!(output.status.code(), Some(code), "{arguments}: {output:?}");
    }
    mode("plans/closed", 0o755);
}

#[test]
fn links_that_lead_in_circles_end() {
    let project = project();
    let plans = project.path().join("plans");
    fs::create_dir(&plans).expect("a directory");
    fs::copy(fixture("no-changes"), plans.join("plan.json")).expect("copied");
    symlink(".", plans.join("again")).expect("linked");
    let output = by_shell(project.path(), "\"$0\" check plans");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // What is called a plan was meant to be one.
    symlink("b.json", plans.join("a.json")).expect("linked");
    symlink("a.json", plans.join("b.json")).expect("linked");
    for arguments in ["plans", "plans/a.json"] {
        let output = by_shell(project.path(), &format!("\"$0\" check {arguments}"));
        assert_eq!(output.status.code(), Some(UNDECIDED), "{arguments}: {output:?}");
    }
}

/// What a limit made of a run: a verdict that is right, or none. Below a certain limit the system cannot even load the
/// program, which the shell reports as 126, 127 or the death of the process.
fn assert_right_or_undecided(output: &Output, right: i32, limit: &str) {
    let code = output.status.code();
    assert!(code == Some(right) || code == Some(UNDECIDED), "{limit}: {output:?}");
}

#[test]
fn a_small_stack_changes_no_verdict() {
    let project = project();
    for kilobytes in [128, 192, 256, 512, 1024, 4096] {
        for (arguments, right) in [("pass.json", 0), ("denied.json", 1), ("pass.json -p p.rego", 0)] {
            let script = format!("ulimit -s {kilobytes}; \"$0\" check {arguments}");
            let output = by_shell(project.path(), &script);
            assert_eq!(output.status.code(), Some(right), "{kilobytes} kB, {arguments}: {output:?}");
        }
    }
}

#[test]
fn a_small_address_space_is_undecided_and_no_crash() {
    let project = project();
    let mut undecided = 0;
    for megabytes in [150, 190, 200, 220, 250, 300, 400, 600, 1000, 2000] {
        for (arguments, right) in [("denied.json", 1), ("denied.json -p p.rego", 1)] {
            let script = format!("ulimit -v {}; \"$0\" check {arguments}", megabytes * 1000);
            let output = by_shell(project.path(), &script);
            assert_right_or_undecided(&output, right, &format!("{megabytes} MB, {arguments}"));
            undecided += usize::from(output.status.code() == Some(UNDECIDED));
        }
    }
    assert!(undecided > 0, "no limit was too low");
    // A plan that needs far more than there is.
    let large = project.path().join("large.json");
    let mut file = File::create(&large).expect("created");
    file.write_all(b"{\"format_version\":\"1.2\",\"resource_changes\":[],\"x\":\"").expect("written");
    for _ in 0..400 {
        file.write_all(&vec![b'a'; 1 << 20]).expect("written");
    }
    file.write_all(b"\"}").expect("written");
    let output = by_shell(project.path(), "ulimit -v 300000; \"$0\" check large.json");
    assert_eq!(output.status.code(), Some(UNDECIDED), "{output:?}");
}

/// Whether a process ended as one may that a signal ended: with a verdict, as interrupted, or by that signal.
fn is_ended_by(status: ExitStatus, signal: i32) -> bool {
    status.code() == Some(1) || status.code() == Some(INTERRUPTED) || status.signal() == Some(signal)
}

/// Signals at many moments: the verdict is the right one or there is none, and a file that is written is whole.
#[test]
fn a_signal_at_any_moment_leaves_no_pass_and_no_half_file() {
    let project = project();
    let report = project.path().join("report.json");
    let before = names(project.path());
    let mut ended = 0;
    // With policies, two processes take part.
    let (plain, policies): (&[&str], &[&str]) = (&[], &["-p", "p.rego"]);
    for (more, rounds) in [(plain, 20_u64), (policies, 12)] {
        for (name, signal) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
            for round in 0..rounds {
                let _ = fs::remove_file(&report);
                let arguments = ["check", "denied.json", "--format", "json", "--output", "report.json"];
                let mut child = process::planguard(project.path(), &[&arguments[..], more].concat())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .expect("planguard starts");
                std::thread::sleep(Duration::from_millis(round * 4));
                let id = child.id().to_string();
                let kill = Command::new("kill").args(["-s", name, &id]).stderr(Stdio::null()).status();
                kill.expect("kill starts");
                let status = child.wait().expect("it ends");
                assert!(is_ended_by(status, signal), "{name} after {} ms: {status}", round * 4);
                ended += usize::from(status.code() != Some(1));
                if let Ok(text) = fs::read_to_string(&report) {
                    let parsed: Result<serde_json::Value, _> = serde_json::from_str(&text);
                    assert!(parsed.is_ok(), "half a report after {} ms", round * 4);
                }
            }
        }
        // The second process is killed with the first, and then nothing is removed.
        if more.is_empty() {
            let _ = fs::remove_file(&report);
            assert_eq!(names(project.path()), before);
        }
    }
    assert!(ended > 0, "no signal came in time");
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    let mut names: Vec<String> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A program that stands for terraform.
fn program(directory: &Path, script: &str) {
    let path = directory.join("terraform");
    fs::write(&path, format!("#!/bin/bash\n{script}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
    // The header of a zip archive with an entry `tfplan`, which is what planguard takes for a binary plan.
    let mut header = b"PK\x03\x04......................\x06\x00..tfplan".to_vec();
    header.resize(100, 0);
    fs::write(directory.join("tfplan"), header).expect("written");
}

#[test]
fn a_program_that_does_not_end_is_ended() {
    let project = project();
    for script in [
        "exec sleep 30",
        // What it started keeps its streams open.
        "sleep 30 & sleep 30",
        // All is written, and it does not end.
        &format!("cat {}; exec >&- 2>&-; sleep 30", fixture("no-changes").display()),
        // Its own child floods the stream of errors.
        "yes >&2 & exec sleep 30",
    ] {
        program(project.path(), script);
        let output =
            by_shell(project.path(), "\"$0\" check tfplan --terraform ./terraform --terraform-timeout 1");
        assert_eq!(output.status.code(), Some(UNDECIDED), "{script}: {output:?}");
        assert!(told(&output).contains("did not convert it within 1 s"), "{script}: {output:?}");
    }
}

#[test]
fn a_program_that_floods_its_output_is_ended() {
    let project = project();
    program(project.path(), "exec yes");
    let output = by_shell(project.path(), "\"$0\" check tfplan --terraform ./terraform --max-size 1");
    assert_eq!(output.status.code(), Some(UNDECIDED), "{output:?}");
    assert!(told(&output).contains("larger than 1048576 bytes"), "{output:?}");
    // What it says beside the plan may be long.
    let flood = format!("yes | head -c 5000000 >&2; cat {}", fixture("no-changes").display());
    program(project.path(), &flood);
    let output = by_shell(project.path(), "\"$0\" check tfplan --terraform ./terraform");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_program_that_is_killed_has_shown_nothing() {
    let project = project();
    let shown = fixture("no-changes");
    for script in [
        format!("cat {}; kill -9 $$", shown.display()),
        format!("head -c 500 {}", shown.display()),
        "exit 3".to_owned(),
    ] {
        program(project.path(), &script);
        let output = by_shell(project.path(), "\"$0\" check tfplan --terraform ./terraform");
        assert_eq!(output.status.code(), Some(UNDECIDED), "{script}: {output:?}");
    }
    fs::set_permissions(project.path().join("terraform"), fs::Permissions::from_mode(0o644))
        .expect("permissions");
    let output = by_shell(project.path(), "\"$0\" check tfplan --terraform ./terraform");
    assert_eq!(output.status.code(), Some(UNDECIDED), "{output:?}");
    assert!(told(&output).contains("could not be run to convert it: Permission"), "{output:?}");
}

/// A plan file has secrets: `planguard plan` leaves none behind when it is ended.
#[test]
fn an_interrupted_plan_leaves_no_plan_file() {
    let project = project();
    program(
        project.path(),
        "for a in \"$@\"; do case \"$a\" in -out=*) cp tfplan \"${a#-out=}\"; touch made;; esac; done\nexec sleep 20",
    );
    let temporary = project.path().join("temporary");
    fs::create_dir(&temporary).expect("a directory");
    let mut child = process::planguard(project.path(), &["plan", ".", "--terraform", "./terraform"])
        .env("TMPDIR", &temporary)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("planguard starts");
    while !project.path().join("made").exists() {
        assert!(child.try_wait().expect("it can be asked").is_none(), "it ended before the plan was made");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(names(&temporary).len(), 1);
    let kill = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status();
    assert!(kill.expect("kill starts").success());
    assert_eq!(child.wait().expect("it ends").signal(), Some(15));
    assert_eq!(names(&temporary), Vec::<String>::new());
}

/// A file that grows or shrinks while it is read is read whole or refused.
#[test]
fn a_file_that_changes_while_it_is_read_is_never_half_a_plan() {
    let project = project();
    let whole = fs::read(fixture("drift")).expect("read");
    let changing = project.path().join("changing.json");
    fs::write(&changing, &whole).expect("written");
    let (path, text) = (changing.clone(), whole.clone());
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = std::sync::Arc::clone(&stop);
    let writer = std::thread::spawn(move || {
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            // In steps, as a slow program writes it.
            let mut file = OpenOptions::new().write(true).truncate(true).open(&path).expect("opened");
            for part in text.chunks(4096) {
                file.write_all(part).expect("written");
            }
        }
    });
    for _ in 0..30 {
        let output =
            process::planguard(project.path(), &["check", "changing.json"]).output().expect("it starts");
        assert_right_or_undecided(&output, 1, "a file that changes");
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.join().expect("the writer ends");
}
