//! Several reports of one run, in files and on standard output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PLAN: &str = "fixtures/plans/already-there/plan.json";

fn plan() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(PLAN)
}

fn check(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.arg("check").arg(plan()).args(arguments).current_dir(directory);
    let Output { status, stdout, stderr } =
        command.env_remove("GITHUB_ACTIONS").output().expect("planguard starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_file_has_what_standard_output_would_have() {
    let directory = tempfile::tempdir().expect("a directory");
    let (code, text, _) = check(directory.path(), &[]);
    let (_, json, _) = check(directory.path(), &["--format", "json"]);
    assert_eq!(code, Some(1));
    let arguments =
        ["--format", "json", "--output", "a", "--format", "text", "--output", "b.x", "--output", "c.json"];
    let (code, printed, _) = check(directory.path(), &arguments);
    assert_eq!((code, printed), (Some(1), text.clone()));
    let read = |name: &str| fs::read_to_string(directory.path().join(name)).expect("written");
    assert_eq!((read("a"), read("b.x"), read("c.json")), (json.clone(), text, json));
    assert_eq!(names(directory.path()), ["a", "b.x", "c.json"], "and no temporary file");
}

#[test]
fn a_missing_directory_is_reported_before_the_plan_is_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let (code, printed, errors) = check(directory.path(), &["--output", "none/a.json", "--output", "b.json"]);
    assert_eq!((code, printed.as_str()), (Some(2), ""));
    assert!(errors.contains("PG-CL-007") && errors.contains("the directory none does not exist"), "{errors}");
    assert!(names(directory.path()).is_empty(), "nothing is written");
}

/// A report that is lost is no pass, and the report that is printed says so.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_written_leaves_the_run_undecided() {
    let directory = tempfile::tempdir().expect("a directory");
    let arguments = ["--report-only", "--format", "text", "--output", "/dev/full", "--format", "json"];
    let (code, printed, errors) = check(directory.path(), &arguments);
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("PG-CL-007") && errors.contains("/dev/full"), "{errors}");
    let report: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!((&report["exit_code"], &report["verdict"]), (&2.into(), &"undecided".into()));
}

#[test]
fn no_format_changes_the_exit_code() {
    let directory = tempfile::tempdir().expect("a directory");
    for format in planguard::render::check::FORMATS.all() {
        for (flag, expected) in [("--report-only", 0), ("--no-waivers", 1), ("--require-coverage", 1)] {
            let (code, printed, errors) = check(directory.path(), &["--format", format.name, flag]);
            assert_eq!(code, Some(expected), "{} {flag}: {errors}", format.name);
            assert!(!printed.is_empty(), "{}", format.name);
        }
        let (code, _, errors) = check(directory.path(), &["no-such-plan.json", "--format", format.name]);
        assert_eq!(code, Some(2), "{}: {errors}", format.name);
    }
}

#[test]
fn github_gets_annotations_and_a_summary_by_themselves() {
    let directory = tempfile::tempdir().expect("a directory");
    let summary = directory.path().join("summary.md");
    fs::write(&summary, "before\n").expect("written");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
        command.arg("check").arg(plan()).args(arguments).current_dir(directory.path());
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
        let Output { status, stdout, stderr } = command.output().expect("planguard starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (status.code(), text(stdout), text(stderr))
    };
    let (code, plain, _) = check(directory.path(), &["--format", "json"]);
    let (under_github, printed, errors) = run(&["--format", "json"]);
    assert_eq!((under_github, &printed), (code, &plain), "the report and the code stay");
    assert!(errors.lines().any(|line| line.starts_with("::error file=")), "{errors}");
    let written = fs::read_to_string(&summary).expect("the summary");
    assert!(written.starts_with("before\n<!-- planguard -->\n## planguard: DENIED"), "{written}");

    let (_, printed, errors) = run(&["--format", "github"]);
    assert!(printed.contains("::error ") && !errors.contains("::error "), "once only: {errors}");
    let length = fs::metadata(&summary).expect("the summary").len();
    let (_, printed, errors) = run(&["--no-annotations"]);
    assert!(!printed.contains("::error ") && !errors.contains("::error "), "{errors}");
    assert_eq!(fs::metadata(&summary).expect("the summary").len(), length);
}
