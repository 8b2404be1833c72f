//! A change cannot switch off the gate that judges it: settings, policies, data and guardrails come from another commit
//! or directory, and without one every weakening is reported.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::process::{planguard, run};

const DENIES: &str = "package main\n\ndeny contains data.words.no if input.resource_changes\n";
const ALLOWS: &str = "package main\n\ndeny contains \"no\" if false\n";

const SETTINGS: &str = "[policies]\npaths = [\"policies\"]\ndata = [\"documents\"]\n";
const WEAK: &str = "[check]\nbuiltin = false\nfail-on = \"critical\"\n\n[policies]\npaths = [\"policies\"]\n";

/// A repository whose branch `main` denies every plan and whose checked-out branch `change` passes them; `None`, with a
/// line that says so, on a machine without git.
#[expect(clippy::print_stdout, reason = "a test that was skipped must say so")]
fn repository() -> Option<TempDir> {
    if Command::new("git").arg("--version").output().is_err() {
        println!("skipped: git is not installed");
        return None;
    }
    let directory = tempfile::tempdir().expect("a directory");
    git(&directory, &["init", "--quiet", "--initial-branch=main"]);
    // The plan is made by the pipeline, and belongs to no branch.
    write(&directory, ".git/info/exclude", "plan.json\n");
    write(&directory, "planguard.toml", SETTINGS);
    write(&directory, "policies/a.rego", DENIES);
    write(&directory, "documents/words.json", "{\"words\": {\"no\": \"the base says no\"}}");
    write(&directory, "inner/.keep", "");
    commit(&directory);
    git(&directory, &["checkout", "--quiet", "-b", "change"]);
    write(&directory, "planguard.toml", WEAK);
    write(&directory, "policies/a.rego", ALLOWS);
    fs::remove_dir_all(directory.path().join("documents")).expect("documents");
    commit(&directory);
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/stateful-changes/plan.json");
    fs::copy(plan, directory.path().join("plan.json")).expect("the fixture");
    Some(directory)
}

fn write(directory: &TempDir, name: &str, text: &str) {
    let path = directory.path().join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, text).expect("a file");
}

fn git(directory: &TempDir, arguments: &[&str]) {
    let identity =
        ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let output = Command::new("git")
        .args(identity)
        .args(arguments)
        .current_dir(directory.path())
        .output()
        .expect("git starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(directory: &TempDir) {
    git(directory, &["add", "--all"]);
    git(directory, &["commit", "--quiet", "--message", "state"]);
}

fn check(directory: &TempDir, flags: &[&str]) -> (Option<i32>, String, String) {
    run(planguard(directory.path(), &[&["check", "plan.json", "--no-builtin"], flags].concat()))
}

fn report(directory: &TempDir, flags: &[&str]) -> Value {
    let (_, report, errors) = check(directory, &[&["--format", "json"], flags].concat());
    serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error}: {report}{errors}"))
}

/// A diagnostic on one line.
fn unwrapped(diagnostic: &str) -> String {
    diagnostic.replace("\n  │ ", " ")
}

#[test]
fn a_weakening_is_listed_with_its_file_and_line() {
    let Some(repository) = repository() else { return };
    let (code, text, _) = run(planguard(repository.path(), &["check", "plan.json"]));
    assert_eq!(code, Some(0), "{text}");
    for line in [
        "2 settings weaken the gate (to take settings from another branch: --trusted)\n",
        "  planguard.toml:2: check.builtin = false: the built-in guardrails are disabled\n",
        "  planguard.toml:3: check.fail-on = \"critical\": findings below critical do not deny\n",
        "PASS: 0 denials, 0 warnings; 2 settings weaken the gate (above)\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let report = report(&repository, &[]);
    assert_eq!(report["trusted"], Value::Null);
    // `--no-builtin` is the pipeline's own.
    assert_eq!(report["weakenings"].as_array().unwrap().len(), 1);
    assert_eq!(report["weakenings"][0]["file"], "planguard.toml");
    assert_eq!(report["weakenings"][0]["line"], 3);
}

/// A change must not accept its own findings with a baseline of its own.
#[test]
fn a_baseline_is_that_of_the_trusted_place() {
    let Some(repository) = repository() else { return };
    git(&repository, &["checkout", "--quiet", "main"]);
    let (code, text, errors) =
        run(planguard(repository.path(), &["baseline", "plan.json", "--no-builtin", "-p", "policies"]));
    assert_eq!(code, Some(0), "{text}{errors}");
    write(
        &repository,
        "planguard.toml",
        &format!("[check]\nbaseline = \"planguard-baseline.json\"\n{SETTINGS}"),
    );
    commit(&repository);
    let (code, text, errors) = check(&repository, &["--trusted", "main"]);
    assert_eq!(code, Some(0), "{text}{errors}");
    assert!(text.contains("1 in the baseline") && !text.contains("weaken"), "{text}");
    let report = report(&repository, &["--trusted", "main"]);
    assert_eq!(report["baseline"]["file"], "main:planguard-baseline.json");
    git(&repository, &["checkout", "--quiet", "-b", "other", "main~1"]);
    write(&repository, "planguard-baseline.json", "{\"version\": 1, \"findings\": []}");
    for flag in ["--baseline=planguard-baseline.json", "--baseline=./x/../planguard-baseline.json"] {
        // The file of the same name in the trusted commit.
        let (code, text, errors) = check(&repository, &["--trusted", "main", flag]);
        assert_eq!(code, Some(0), "{text}{errors}");
    }
    // Without a trusted place it is the change's own, and the report says so.
    let (_, text, _) = check(&repository, &["--baseline=planguard-baseline.json"]);
    assert!(text.contains("1 setting weakens the gate"), "{text}");
}

#[test]
fn a_commit_decides_instead_of_the_change() {
    let Some(repository) = repository() else { return };
    let (code, text, notes) = check(&repository, &["--trusted", "main"]);
    assert_eq!(code, Some(1), "{text}{notes}");
    assert!(text.contains("the base says no"), "{text}");
    assert!(!text.contains("weaken"), "{text}");
    assert!(notes.contains("guardrails of the project are taken from main ("), "{notes}");
    assert!(notes.contains("settings are read from main:planguard.toml"), "{notes}");
    let report = report(&repository, &["--trusted", "main"]);
    assert_eq!(report["trusted"], "main");
    assert_eq!(report["weakenings"], serde_json::json!([]));
}

#[test]
fn paths_of_flags_are_those_of_the_commit() {
    let Some(repository) = repository() else { return };
    let absolute = repository.path().join("policies").to_string_lossy().into_owned();
    for path in ["policies", "./inner/../policies", "policies/a.rego", absolute.as_str()] {
        let flags = ["--trusted", "main", "--no-config", "-p", path, "-d", "documents"];
        let (code, text, notes) = check(&repository, &flags);
        assert_eq!(code, Some(1), "{path}: {text}{notes}");
    }
    let inner = ["check", "../plan.json", "--no-builtin", "-p", "../policies", "--trusted", "main"];
    assert_eq!(run(planguard(&repository.path().join("inner"), &inner)).0, Some(1));
}

#[test]
fn the_variable_is_for_the_gate_only() {
    let Some(repository) = repository() else { return };
    let with_variable = |arguments: &[&str]| {
        let mut command = planguard(repository.path(), arguments);
        command.env("PLANGUARD_TRUSTED", "main");
        run(command)
    };
    assert_eq!(with_variable(&["check", "plan.json", "--no-builtin"]).0, Some(1));
    let (_, denied, _) = with_variable(&["eval", "data.main.deny", "--plan", "plan.json", "-p", "policies"]);
    assert!(!denied.contains("the base says no"), "{denied}");
}

#[test]
fn settings_of_a_directory_in_the_commit_are_found_from_the_same_directory() {
    let Some(repository) = repository() else { return };
    git(&repository, &["checkout", "--quiet", "main"]);
    write(
        &repository,
        "team/planguard.toml",
        "[policies]\npaths = [\"../policies\"]\ndata = [\"../documents\"]\n",
    );
    commit(&repository);
    git(&repository, &["checkout", "--quiet", "change"]);
    fs::create_dir_all(repository.path().join("team/deep")).unwrap();
    let arguments = ["check", "../../plan.json", "--no-builtin", "--trusted", "main"];
    let (code, text, notes) = run(planguard(&repository.path().join("team/deep"), &arguments));
    assert_eq!(code, Some(1), "{text}{notes}");
    assert!(notes.contains("settings are read from main:team/planguard.toml"), "{notes}");
}

#[test]
fn errors_name_files_as_git_does() {
    let Some(repository) = repository() else { return };
    git(&repository, &["checkout", "--quiet", "main"]);
    write(&repository, "policies/broken.rego", "package main\n\ndeny contains \"x\" if {\n");
    commit(&repository);
    git(&repository, &["checkout", "--quiet", "change"]);
    let (code, errors, _) = check(&repository, &["--trusted", "main"]);
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("main:policies/broken.rego"), "{errors}");
    assert!(!errors.contains("planguard-"), "{errors}");
}

#[cfg(unix)]
#[test]
fn links_of_the_commit_are_followed_and_lead_nowhere_else() {
    let Some(repository) = repository() else { return };
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, repository.path().join(name)).unwrap();
    };
    git(&repository, &["checkout", "--quiet", "main"]);
    link("policies", "linked");
    link("/etc", "absolute");
    link("../elsewhere", "outside");
    link("circle", "circle");
    commit(&repository);
    git(&repository, &["checkout", "--quiet", "change"]);
    let check = |path: &str| {
        let flags = ["--trusted", "main", "--no-config", "-d", "documents", "-p", path];
        check(&repository, &flags)
    };
    for path in ["linked", "linked/a.rego"] {
        assert_eq!(check(path).0, Some(1), "{path}");
    }
    for path in ["absolute", "outside", "circle", "circle/a.rego"] {
        let (code, errors, _) = check(path);
        let errors = unwrapped(&errors);
        assert_eq!(code, Some(2), "{path}");
        assert!(errors.contains("leads out of the commit or in a circle"), "{path}: {errors}");
    }
}

#[test]
fn what_the_commit_does_not_have_is_missing_although_the_change_has_it() {
    let Some(repository) = repository() else { return };
    write(&repository, "new/a.rego", ALLOWS);
    let (code, errors, _) = check(&repository, &["--trusted", "main", "--no-config", "-p", "new"]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("main:new"), "{errors}");
}

#[test]
fn a_checkout_or_any_directory_outside_decides_as_well() {
    let Some(repository) = repository() else { return };
    let outside = tempfile::tempdir().unwrap();
    write(&outside, "planguard.toml", SETTINGS);
    write(&outside, "policies/a.rego", DENIES);
    write(&outside, "documents/words.json", "{\"words\": {\"no\": \"the base says no\"}}");
    let name = outside.path().to_string_lossy().into_owned();
    assert_eq!(check(&repository, &["--trusted", &name]).0, Some(1));
    assert_eq!(check(&repository, &["--trusted", &name, "-p", "policies"]).0, Some(1));
    // As CI systems do: the base is checked out below the change.
    git(&repository, &["worktree", "add", "--quiet", "base", "main"]);
    let (code, text, notes) = check(&repository, &["--trusted", "base"]);
    assert_eq!(code, Some(1), "{text}{notes}");
    assert!(notes.contains("settings are read from base/planguard.toml"), "{notes}");
}

#[test]
fn a_place_that_the_change_can_edit_is_refused() {
    let Some(repository) = repository() else { return };
    // A directory of the change has the name of the branch.
    write(&repository, "main/planguard.toml", WEAK);
    commit(&repository);
    for (place, reason) in [
        ("main", "it is a directory and a commit"),
        ("./main", "the change can edit it"),
        (".", "the change can edit it"),
        ("policies", "the change can edit it"),
        ("nowhere", "neither a directory nor a commit"),
        ("plan.json", "neither a directory nor a commit"),
        ("-main", "neither a directory nor a commit"),
    ] {
        let flag = format!("--trusted={place}");
        let (code, text, _) = check(&repository, &[&flag]);
        assert_eq!(code, Some(2), "{place}: {text}");
        let errors = unwrapped(&text);
        assert!(errors.contains("PG-CF-005") && errors.contains(reason), "{place}: {errors}");
        // The settings of the change do not count either.
        assert!(!text.contains("weaken"), "{text}");
    }
    let (_, _, notes) = check(&repository, &["--trusted", "HEAD"]);
    assert!(notes.contains("PG-CF-105"), "{notes}");
}

#[test]
fn a_submodule_is_no_part_of_the_commit() {
    let Some(repository) = repository() else { return };
    git(&repository, &["checkout", "--quiet", "main"]);
    let id = "1111111111111111111111111111111111111111";
    git(&repository, &["update-index", "--add", "--cacheinfo", &format!("160000,{id},vendored")]);
    git(&repository, &["commit", "--quiet", "--message", "submodule"]);
    git(&repository, &["checkout", "--quiet", "change"]);
    let (code, errors, _) = check(&repository, &["--trusted", "main", "--no-config", "-p", "vendored"]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("is a submodule"), "{errors}");
}
