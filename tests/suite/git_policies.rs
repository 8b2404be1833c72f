//! Policies of a commit in a repository that is cloned: the commit counts and nothing else, and nothing of the repository runs.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{planguard, run};

const DENIES: &str = "package main\n\ndeny contains \"the commit says no\" if input.resource_changes\n";
const ALLOWS: &str = "package main\n\ndeny contains \"never\" if input.resource_changes == 1\n";

/// A directory with a plan, a clone `policies` whose tag `v1` denies, and whose branch allows; `None` without git.
#[expect(clippy::print_stdout, reason = "a test that was skipped must say so")]
fn project() -> Option<TempDir> {
    if Command::new("git").arg("--version").output().is_err() {
        println!("skipped: git is not installed");
        return None;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/all-clean/plan.json");
    fs::copy(plan, directory.path().join("plan.json")).expect("a plan");
    fs::create_dir(directory.path().join("policies")).expect("a directory");
    git(&directory, &["init", "--quiet", "--initial-branch=main"]);
    write(&directory, "policies/rego/a.rego", DENIES);
    write(&directory, "policies/rego/limits/data.json", "{\"most\": 3}");
    write(&directory, "policies/README.md", "# Policies");
    commit(&directory);
    git(&directory, &["tag", "v1"]);
    write(&directory, "policies/rego/a.rego", ALLOWS);
    commit(&directory);
    Some(directory)
}

fn write(directory: &TempDir, path: &str, text: &str) {
    let path = directory.path().join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, text).expect("written");
}

/// Runs git in the clone.
fn git(directory: &TempDir, arguments: &[&str]) -> String {
    let identity =
        ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let output = Command::new("git")
        .args(identity)
        .args(arguments)
        .current_dir(directory.path().join("policies"))
        .output()
        .expect("git starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

fn commit(directory: &TempDir) {
    git(directory, &["add", "--all"]);
    git(directory, &["commit", "--quiet", "--message", "state"]);
}

fn check(directory: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let own = ["check", "plan.json", "--no-builtin"];
    let (code, out, err) = run(planguard(directory.path(), &[&own[..], arguments].concat()));
    (code, format!("{out}{err}"))
}

fn report(directory: &TempDir, arguments: &[&str]) -> Value {
    let own = ["check", "plan.json", "--no-builtin", "--format", "json"];
    let (_, out, err) = run(planguard(directory.path(), &[&own[..], arguments].concat()));
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}

#[test]
fn the_named_commit_decides() {
    let Some(directory) = project() else { return };
    // What is checked out, or lies about, does not count.
    write(&directory, "policies/rego/a.rego", "package main\n\nno Rego");
    let tag = git(&directory, &["rev-parse", "v1"]);
    let bare = directory.path().join("bare.git");
    git(&directory, &["clone", "--quiet", "--bare", ".", bare.to_str().expect("UTF-8")]);
    let of_file = format!("git::file://{}//rego?ref=v1", bare.display());
    for (source, expected) in [
        ("git::policies//rego?ref=v1", 1),
        (&format!("git::policies//rego?ref={tag}"), 1),
        (&format!("git::policies//rego?ref={}", &tag[..10]), 1),
        ("git::policies//rego?ref=main~1", 1),
        ("git::policies//rego/a.rego?ref=v1", 1),
        ("git::policies?ref=v1", 1),
        ("git::bare.git//rego?ref=v1", 1),
        (&of_file, 1),
        ("git::policies//rego?ref=main", 0),
        ("git::policies//rego?ref=refs/heads/main", 0),
        ("git::policies//rego", 0),
    ] {
        let (code, text) = check(&directory, &["-p", source]);
        assert_eq!(code, Some(expected), "{source}: {text}");
        assert_eq!(text.contains("the commit says no"), expected == 1, "{source}: {text}");
    }
}

#[test]
fn the_report_and_the_attestation_say_which_commit() {
    let Some(directory) = project() else { return };
    let tag = git(&directory, &["rev-parse", "v1"]);
    let source = "git::policies//rego?ref=v1";
    let of_tag = report(&directory, &["-p", source]);
    assert_eq!(of_tag["policy_commits"], serde_json::json!([{ "source": source, "commit": tag }]));
    let notices = of_tag["notices"].as_array().expect("a list");
    assert!(notices.iter().any(|notice| notice["code"] == "PG-CF-108"), "{notices:?}");
    let rule = &of_tag["rules"]["data.main.deny"];
    assert!(rule.is_object(), "{of_tag}");
    // The digest is that of the content, by whatever name the commit was found.
    let again = report(&directory, &["-p", &format!("git::policies//rego?ref={tag}")]);
    assert_eq!(again["policies_sha256"], of_tag["policies_sha256"]);
    let other = report(&directory, &["-p", "git::policies//rego?ref=main"]);
    assert_ne!(other["policies_sha256"], of_tag["policies_sha256"]);
    assert_eq!(report(&directory, &["-p", "policies/rego"]).get("policy_commits"), None);

    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/attestation/signing.pem");
    let key = key.to_str().expect("UTF-8");
    let (code, text) = check(&directory, &["-p", source, "--attest", "statement.json", "--key", key]);
    assert_eq!(code, Some(1), "{text}");
    let envelope = fs::read_to_string(directory.path().join("statement.json")).expect("an attestation");
    let envelope: Value = serde_json::from_str(&envelope).expect("JSON");
    let payload = base64_of(envelope["payload"].as_str().expect("a payload"));
    assert!(payload.contains(&format!("\"commit\":\"{tag}\"")), "{payload}");
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn other_commands_take_a_commit_too() {
    let Some(directory) = project() else { return };
    let ran = |arguments: &[&str]| {
        let (code, out, err) = run(planguard(directory.path(), arguments));
        (code, format!("{out}{err}"))
    };
    let (code, text) = ran(&["eval", "data.limits.most", "-p", "git::policies//rego?ref=v1"]);
    assert_eq!((code, text.trim()), (Some(0), "3"));
    let (code, text) = ran(&["lint", "git::policies//rego?ref=v1"]);
    assert_eq!((code, text.starts_with("1 file")), (Some(0), true), "{text}");
    write(
        &directory,
        "policies/rego/a_test.rego",
        "package main\n\ntest_a if {\n\tcount(deny) == 1 with input as {\"resource_changes\": []}\n}\n",
    );
    commit(&directory);
    git(&directory, &["checkout", "--quiet", "v1"]);
    let (code, text) = ran(&["test", "git::policies//rego?ref=main"]);
    assert_eq!((code, text.contains("test_a")), (Some(1), true), "{text}");
    // A mistake is told at its place.
    write(&directory, "policies/rego/a.rego", "package main\n\ndeny contains");
    git(&directory, &["checkout", "--quiet", "-B", "wrong"]);
    commit(&directory);
    let (code, text) = check(&directory, &["-p", "git::policies//rego?ref=wrong"]);
    assert_eq!((code, text.contains("git::policies//rego?ref=wrong/a.rego")), (Some(2), true), "{text}");
}

#[test]
fn settings_name_a_commit_relative_to_their_file() {
    let Some(directory) = project() else { return };
    write(&directory, "infra/planguard.toml", "[policies]\npaths = [\"git::../policies//rego?ref=v1\"]\n");
    let (code, text) = check(&directory, &["--config", "infra/planguard.toml"]);
    assert_eq!((code, text.contains("the commit says no")), (Some(1), true), "{text}");
}

#[test]
fn a_trusted_place_takes_commits_that_the_change_cannot_edit() {
    let Some(directory) = project() else { return };
    // The project is the repository itself.
    let project = directory.path().join("policies");
    fs::copy(directory.path().join("plan.json"), project.join("plan.json")).expect("a plan");
    fs::write(project.join(".git/info/exclude"), "plan.json\n").expect("written");
    write(&directory, "policies/planguard.toml", "[policies]\npaths = [\"git::.//rego?ref=v1\"]\n");
    git(&directory, &["clone", "--quiet", "--bare", ".", "vendored.git"]);
    commit(&directory);
    let ran = |arguments: &[&str]| {
        let own = ["check", "plan.json", "--no-builtin", "--trusted", "main"];
        let mut command = planguard(&project, &[&own[..], arguments].concat());
        command.env("COLUMNS", "400");
        let (code, out, err) = run(command);
        (code, format!("{out}{err}"))
    };
    let (code, text) = ran(&[]);
    assert_eq!((code, text.contains("the commit says no")), (Some(1), true), "{text}");
    let (code, text) = ran(&["-p", "git::.//rego?ref=v1"]);
    assert_eq!((code, text.contains("the commit says no")), (Some(1), true), "{text}");
    let (code, text) = ran(&["-p", "git::vendored.git//rego?ref=v1"]);
    assert_eq!((code, text.contains("PG-CF-005")), (Some(2), true), "{text}");
    assert!(text.contains("vendored.git belongs to the project under review"), "{text}");
}

#[test]
fn what_cannot_be_had_is_refused_by_name() {
    let Some(directory) = project() else { return };
    write(&directory, "plain/a.rego", DENIES);
    write(&directory, "policies/inner/a.rego", DENIES);
    #[cfg(unix)]
    {
        let link = |target: &str, name: &str| {
            let path = directory.path().join("policies").join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            std::os::unix::fs::symlink(target, path).expect("a link");
        };
        link("../../plan.json", "out/plan.json");
        link("/etc", "absolute/etc");
        link("self", "circle/self");
        link("../rego", "inside/rego");
    }
    let id = git(&directory, &["rev-parse", "v1"]);
    git(&directory, &["update-index", "--add", "--cacheinfo", &format!("160000,{id},module")]);
    git(&directory, &["add", "out", "absolute", "circle", "inside"]);
    git(&directory, &["commit", "--quiet", "--message", "hostile"]);
    for (source, says) in [
        ("git::policies//rego?ref=v2", "PG-RG-116"),
        ("git::policies//rego?ref=--upload-pack=x", "PG-RG-114"),
        ("git::policies//rego?ref=-v1", "PG-RG-114"),
        ("git::policies//rego?ref=", "PG-RG-114"),
        ("git::policies//../plain?ref=v1", "PG-RG-114"),
        ("git::policies//rego?ref=v1:rego", "PG-RG-116"),
        ("git::missing//rego?ref=v1", "PG-RG-115"),
        // A directory without a repository, or within one, is none.
        ("git::plain?ref=v1", "PG-RG-115"),
        ("git::policies/inner?ref=v1", "PG-RG-115"),
        ("git::policies//nowhere?ref=v1", "PG-RG-117"),
        ("git::policies//out", "PG-RG-118"),
        ("git::policies//absolute", "PG-RG-118"),
        ("git::policies//circle", "PG-RG-118"),
        ("git::policies//module", "PG-RG-118"),
        ("git::https://example.com/policies?ref=v1", "PG-RG-113"),
        ("git::git@example.com:policies?ref=v1", "PG-RG-113"),
    ] {
        if cfg!(windows) && says == "PG-RG-118" && !source.ends_with("module") {
            continue;
        }
        let (code, text) = check(&directory, &["-p", source]);
        assert_eq!((code, text.contains(says)), (Some(2), true), "{source}: {text}");
    }
    if cfg!(unix) {
        let (code, text) = check(&directory, &["-p", "git::policies//inside"]);
        assert_eq!(code, Some(0), "{text}");
    }
    let mut command =
        planguard(directory.path(), &["check", "plan.json", "-p", "git::policies//rego?ref=v1"]);
    command.env("PATH", "");
    let (code, out, _) = run(command);
    assert_eq!((code, out.contains("PG-RG-115")), (Some(2), true), "{out}");
    assert!(out.contains("git is not installed"), "{out}");
}

#[cfg(unix)]
#[test]
fn nothing_of_a_repository_runs_and_nothing_is_fetched() {
    use std::os::unix::fs::PermissionsExt as _;

    let Some(directory) = project() else { return };
    let marker = directory.path().join("ran");
    let script = directory.path().join("script");
    fs::write(&script, format!("#!/bin/sh\ntouch '{}'\nexit 1\n", marker.display())).expect("written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("set");
    let script = script.to_str().expect("UTF-8");
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "diff.external",
        "diff.rego.textconv",
        "filter.rego.smudge",
        "remote.origin.uploadpack",
        "credential.helper",
    ] {
        git(&directory, &["config", key, script]);
    }
    for hook in ["post-checkout", "reference-transaction", "post-index-change"] {
        let hook = directory.path().join("policies/.git/hooks").join(hook);
        fs::create_dir_all(hook.parent().expect("a parent")).expect("a directory");
        fs::copy(script, hook).expect("copied");
    }
    write(&directory, "policies/.git/info/attributes", "*.rego diff=rego filter=rego\n");
    let (code, text) = check(&directory, &["-p", "git::policies//rego?ref=v1"]);
    assert_eq!(code, Some(1), "{text}");
    // A clone that lacks the object could fetch it.
    let object = git(&directory, &["rev-parse", "v1:rego/a.rego"]);
    git(&directory, &["config", "remote.origin.url", "ssh://example.invalid/policies"]);
    git(&directory, &["config", "remote.origin.promisor", "true"]);
    git(&directory, &["config", "extensions.partialClone", "origin"]);
    git(&directory, &["config", "core.repositoryFormatVersion", "1"]);
    let file = format!("policies/.git/objects/{}/{}", &object[..2], &object[2..]);
    fs::remove_file(directory.path().join(file)).expect("an object");
    let (code, text) = check(&directory, &["-p", "git::policies//rego?ref=v1"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(!marker.exists(), "something of the repository ran");
    // Nor does a hook that planguard runs in name another repository.
    let mut command = planguard(
        directory.path(),
        &["check", "plan.json", "--no-builtin", "-p", "git::policies//rego?ref=main"],
    );
    command.env("GIT_DIR", directory.path().join("nowhere"));
    let (code, _, err) = run(command);
    assert_eq!(code, Some(0), "{err}");
}
