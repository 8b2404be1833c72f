//! `--isolate`: a process of its own changes nothing but what its abnormal end does. A check with policies has one.

#![cfg(unix)]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::process::{planguard, run};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a command says without the time that it took.
fn said(arguments: &[&str], plan: Option<&str>) -> (Option<i32>, String, String) {
    let mut command = planguard(here(), arguments);
    command.env("TERM", "xterm-256color");
    if let Some(plan) = plan {
        command.stdin(File::open(here().join(plan)).expect("it opens"));
    }
    let (code, stdout, stderr) = run(command);
    let time = regex::Regex::new(r"[0-9.]+ s\b").expect("valid");
    (code, time.replace_all(&stdout, "TIME").into_owned(), stderr)
}

#[test]
fn a_run_says_the_same_in_a_process_of_its_own() {
    for (arguments, plan, code) in [
        (&["check", "fixtures/plans/no-changes/plan.json"][..], None, 0),
        (&["check", "fixtures/plans/drift/plan.json", "--color", "always"], None, 1),
        (&["check", "-", "--format", "json"], Some("fixtures/plans/drift/plan.json"), 1),
        (&["check", "fixtures/plans/errored/plan.json", "no-plan.json"], None, 2),
        (&["test", "fixtures/policies"], None, 2),
    ] {
        let plain = said(arguments, plan);
        assert_eq!(plain.0, Some(code), "{arguments:?}: {plain:?}");
        let isolated = said(&[arguments, &["--isolate"]].concat(), plan);
        assert_eq!(plain, isolated, "{arguments:?}");
    }
}

#[test]
fn policies_say_the_same_in_either_process() {
    let policies = ["-p", "fixtures/policies/good", "--all-namespaces"];
    for (arguments, plan) in [
        (&["check", "fixtures/policies/plan.json"][..], None),
        (&["check", "-", "--format", "json"], Some("fixtures/policies/plan.json")),
        (&["check", "no-plan.json"], None),
    ] {
        let usual = said(&[arguments, &policies].concat(), plan);
        let here = said(&[arguments, &policies, &["--no-isolate"]].concat(), plan);
        assert_eq!(usual, here, "{arguments:?}");
    }
}

#[test]
fn an_address_space_that_is_no_number_is_refused() {
    for isolate in ["--isolate=0", "--isolate=x", "--isolate=-1", "--isolate=99999999"] {
        let (code, stdout, stderr) = run(planguard(here(), &["check", "x.json", isolate]));
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{isolate}");
        assert!(stderr.contains("--isolate"), "{stderr}");
    }
}

/// A run that reads an unfinished plan from standard input, and the pipe that feeds it.
#[cfg(target_os = "linux")]
fn reading(arguments: &[&str]) -> (Child, ChildStdin) {
    let mut child = planguard(here(), &[&["check", "-"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("planguard starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    // More than a pipe holds: once it is written, the process that evaluates reads.
    pipe.write_all(b"{\"format_version\": \"1.2\", \"resource_changes\": [").expect("it reads");
    pipe.write_all(&vec![b' '; 1 << 20]).expect("it reads");
    (child, pipe)
}

#[cfg(target_os = "linux")]
fn signal(name: &str, process: u32) {
    let kill = Command::new("kill").args([name, &process.to_string()]).status();
    assert!(kill.expect("kill starts").success());
}

/// The process that another one started.
#[cfg(target_os = "linux")]
fn started_by(parent: u32) -> Option<u32> {
    let processes = fs::read_dir("/proc").expect("it is read").flatten();
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name in parentheses may hold anything.
        let rest = stat.rsplit(')').next().unwrap_or_default();
        rest.split_whitespace().nth(1) == Some(parent.to_string().as_str())
    };
    numbers.find(is_child)
}

/// Only policies of the user get a process of their own without being asked for.
#[test]
#[cfg(target_os = "linux")]
fn a_check_with_policies_has_a_process_of_its_own() {
    let policies = ["-p", "fixtures/policies/good"];
    for (arguments, has_one) in [
        (&policies[..], true),
        (&["-p", "fixtures/policies/good", "--no-isolate"], false),
        (&[], false),
        (&["--pack", "required-tags"], false),
    ] {
        let (child, pipe) = reading(arguments);
        assert_eq!(started_by(child.id()).is_some(), has_one, "{arguments:?}");
        drop(pipe);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let (child, pipe) = reading(&policies);
    signal("-KILL", started_by(child.id()).expect("it has one"));
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &[][..]), "{told}");
    assert!(told.contains("PG-CL-012"), "{told}");
    drop(pipe);
}

#[test]
#[cfg(target_os = "linux")]
fn an_abnormal_end_is_an_error_and_no_half_report() {
    for name in ["-KILL", "-ABRT", "-TERM"] {
        let (child, pipe) = reading(&["--isolate=7", "--report-only", "--format", "json"]);
        let evaluates = started_by(child.id()).expect("there is one");
        let limits = fs::read_to_string(format!("/proc/{evaluates}/limits")).expect("it is read");
        let address_space = limits.lines().find(|line| line.starts_with("Max address space"));
        assert!(address_space.is_some_and(|line| line.contains(&(7u64 << 30).to_string())), "{limits}");
        signal(name, evaluates);
        let output = child.wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &[][..]), "{name}: {told}");
        assert!(told.contains("PG-CL-012"), "{told}");
        drop(pipe);
    }
}

/// One of these policies asks for 24 GB within one call, where the engine does not look at its memory.
#[test]
#[cfg(target_os = "linux")]
fn more_memory_than_there_may_be_is_an_error() {
    let hostile = ["check", "fixtures/policies/plan.json", "-p", "fixtures/policies/hostile", "--isolate"];
    let (code, stdout, stderr) = run(planguard(here(), &hostile));
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    assert!(stderr.contains("PG-CL-012") && stderr.contains("SIGABRT"), "{stderr}");
}

/// SIGINT to the process that waits ends both: the other one closes its standard output.
#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_run_ends_both_processes() {
    let (child, pipe) = reading(&["--isolate"]);
    signal("-INT", child.id());
    // This reads to the end of the output, which both processes hold.
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(130), &[][..]));
    drop(pipe);
}
