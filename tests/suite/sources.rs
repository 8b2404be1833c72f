//! Findings point to the lines of the configuration that the plan was made of, and of no other.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const FIXTURE: &str = "fixtures/plans/already-there";

/// A directory with the fixture's plan, and its configuration in `configuration`.
fn project(configuration: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURE);
    fs::create_dir_all(directory.path().join(configuration)).expect("a directory");
    fs::copy(fixture.join("plan.json"), directory.path().join("plan.json")).expect("the plan");
    fs::copy(fixture.join("main.tf"), directory.path().join(configuration).join("main.tf"))
        .expect("the configuration");
    directory
}

fn check(directory: &TempDir, flags: &[&str]) -> (Option<i32>, Value) {
    let arguments = [&["check", "plan.json", "--no-config", "--format", "json"], flags].concat();
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    let Output { status, stdout, .. } =
        command.args(arguments).current_dir(directory.path()).output().expect("planguard starts");
    (status.code(), serde_json::from_slice(&stdout).expect("JSON"))
}

/// The file and line of each finding.
fn places(report: &Value) -> Vec<String> {
    let findings = report["plans"][0]["findings"].as_array().expect("findings");
    let place = |source: &Value| {
        source["file"].as_str().map(|file| format!("{}:{}", file.replace('\\', "/"), source["line"]))
    };
    findings.iter().filter_map(|finding| place(&finding["source"])).collect()
}

#[test]
fn the_configuration_beside_the_plan_or_in_a_named_directory_is_read() {
    let (_, report) = check(&project(""), &[]);
    assert_eq!(places(&report), ["main.tf:58", "main.tf:25", "main.tf:51", "main.tf:51"]);
    assert_eq!(places(&check(&project("infra"), &[]).1), [""; 0]);
    let (_, named) = check(&project("infra"), &["--source", "infra"]);
    assert_eq!(
        places(&named),
        ["infra/main.tf:58", "infra/main.tf:25", "infra/main.tf:51", "infra/main.tf:51"]
    );
}

#[test]
fn lines_of_another_configuration_are_never_shown() {
    for change in [
        // A block of the plan is not in it.
        ("resource \"aws_instance\" \"legacy\"", "resource \"aws_instance\" \"other\""),
        // It cannot be read.
        ("resource \"aws_instance\" \"legacy\" {", "resource \"aws_instance\" \"legacy\" {{"),
    ] {
        let directory = project("");
        let path = directory.path().join("main.tf");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(change.0));
        fs::write(&path, text.replace(change.0, change.1)).unwrap();
        let (code, report) = check(&directory, &[]);
        assert_eq!(code, Some(1), "the verdict does not depend on it");
        assert_eq!(places(&report), [""; 0], "{change:?}");
    }
}

#[test]
fn a_secret_of_the_plan_is_not_shown_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let plan = r#"{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {"resources": [
        {"address": "aws_db_instance.d", "mode": "managed", "type": "aws_db_instance", "name": "d",
         "values": {"password": "hunter2hunter2", "publicly_accessible": true}}]}},
      "resource_changes": [{"address": "aws_db_instance.d", "mode": "managed", "type": "aws_db_instance", "name": "d",
        "provider_name": "registry.terraform.io/hashicorp/aws", "change": {"actions": ["create"], "before": null,
        "after": {"password": "hunter2hunter2", "publicly_accessible": true}, "after_unknown": {},
        "after_sensitive": {"password": true}}}],
      "configuration": {"root_module": {"resources": [{"address": "aws_db_instance.d", "mode": "managed",
        "type": "aws_db_instance", "name": "d", "expressions": {"password": {"constant_value": "hunter2hunter2"},
        "publicly_accessible": {"constant_value": true}}}]}}}"#;
    fs::write(directory.path().join("plan.json"), plan).unwrap();
    let source = "resource \"aws_db_instance\" \"d\" {\n  password = \"hunter2hunter2\"\n  publicly_accessible = true\n}\n";
    fs::write(directory.path().join("main.tf"), source).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    let output =
        command.args(["check", "plan.json", "--no-config"]).current_dir(directory.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("main.tf:2") && text.contains("main.tf:3"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}
