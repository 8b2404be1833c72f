//! `planguard.toml` as a project uses it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use planguard::config::Config;
use tempfile::TempDir;

const POLICY: &str = "package main\n\ndeny contains \"no\" if input.resource_changes\n";

fn project(config: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/stateful-changes/plan.json");
    fs::copy(fixture, directory.path().join("plan.json")).expect("the fixture");
    fs::write(directory.path().join("planguard.toml"), config).expect("the configuration");
    fs::create_dir(directory.path().join("policies")).expect("a directory");
    fs::write(directory.path().join("policies/no.rego"), POLICY).expect("the policy");
    directory
}

fn check(project: &TempDir, flags: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.arg("check").args(flags).arg("plan.json").current_dir(project.path());
    let Output { status, stdout, stderr } = command.output().expect("planguard starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn the_file_of_the_project_counts_and_is_named() {
    let project = project("[check]\nbuiltin = false\n[policies]\npaths = [\"policies\"]\n");
    let (code, report, notes) = check(&project, &[]);
    assert_eq!(code, Some(1), "{report}{notes}");
    assert!(report.contains("1 rule evaluated"), "{report}");
    assert!(notes.contains("note[PG-CF-101]: settings are taken from planguard.toml"), "{notes}");
}

#[test]
fn flags_win_over_the_file() {
    let project =
        project("[check]\nmax-destroys = 4\nfail-on = \"critical\"\n[policies]\npaths = [\"policies\"]\n");
    let denies = |flags: &[&str]| {
        let (_, report, _) = check(&project, flags);
        report.lines().any(|line| line.contains("deny change-blast-radius"))
    };
    assert!(!denies(&[]));
    assert!(denies(&["--fail-on", "low"]));
    assert!(!denies(&["--fail-on", "low", "--max-destroys", "5"]));
    let (_, report, notes) = check(&project, &["--no-config"]);
    assert!(!report.contains("main.deny") && notes.is_empty(), "{report}{notes}");
}

#[test]
fn a_broken_file_leaves_the_run_undecided_and_hides_nothing() {
    let project = project("[check]\nfail-on = \"hgih\"\n");
    let (code, report, notes) = check(&project, &[]);
    assert_eq!(code, Some(2));
    assert!(report.contains("change-stateful"), "{report}");
    assert!(notes.contains("PG-CF-002") && notes.contains("hgih"), "{notes}");
    let (code, _, notes) = check(&project, &["--config", "missing.toml"]);
    assert_eq!(code, Some(2));
    assert!(notes.contains("PG-CF-001"), "{notes}");
}

#[test]
fn conftests_own_file_is_followed() {
    let project = project("[check]\nbuiltin = false\n");
    let conftest = project.path().join("conftest.toml");
    fs::write(&conftest, "policy = [\"policies\"]\noutput = \"tap\"\n").expect("the configuration");
    let (code, report, notes) = check(&project, &[]);
    assert_eq!(code, Some(1), "{report}{notes}");
    assert!(report.contains("main.deny"), "{report}");
    let note =
        "note[PG-CF-102]: policies are those of conftest.toml; these of its keys do nothing here: output";
    assert!(notes.contains(note), "{notes}");
    let (code, _, _) = check(&project, &["--policy", "policies", "--convention", "conftest"]);
    assert_eq!(code, Some(1));
    fs::write(&conftest, "fail-on-warn = true\n").expect("the configuration");
    let (code, _, notes) = check(&project, &[]);
    assert_eq!(code, Some(2));
    assert!(notes.contains("PG-CF-003") && notes.contains("fail-on-warn"), "{notes}");
    let (code, _, _) = check(&project, &["--convention", "spacelift", "--policy", "policies"]);
    assert_eq!(code, Some(2), "no conftest.toml on other platforms, and these are no policies of Spacelift");
}

#[test]
fn policy_flags_without_policies_are_refused() {
    let (code, _, notes) = check(&project(""), &["--namespace", "main"]);
    assert_eq!(code, Some(2));
    assert!(notes.contains("PG-CL-003"), "{notes}");
}

#[test]
fn every_key_is_documented_and_every_documented_key_is_read() {
    let page = include_str!("../../docs/configuration.md");
    let example =
        page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let config = Config::parse(Path::new("planguard.toml"), example).expect("the example is configuration");
    // What the example leaves out would be `None` or empty.
    let printed = format!("{:?} {:?}", config.check, config.policies);
    assert!(!printed.contains("None") && !printed.contains("[]"), "{printed}");
}
