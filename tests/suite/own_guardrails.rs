//! The user's own guardrails are held against the provider schemas when they are loaded.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

const PLAN: &str = r#"{"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [],
    "planned_values": {"root_module": {}}, "configuration": {"root_module": {}}}"#;

/// A directory with a plan and a guardrail on an attribute of a type.
fn project(resource_type: &str, attribute: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let guardrail = format!(
        "[[guardrail]]\nid = \"own-rule\"\ntitle = \"t\"\nseverity = \"high\"\ncategory = \"resilience\"\n\
         pack = \"default\"\nresources = [\"{resource_type}\"]\nmessage = \"{{address}} is small\"\nwhy = \"w\"\n\
         remediation = \"r\"\nfail = {{ attribute = \"{attribute}\", is = \"small\" }}\n"
    );
    fs::write(directory.path().join("plan.json"), PLAN).expect("the plan");
    fs::write(directory.path().join("own.toml"), guardrail).expect("the guardrail");
    directory
}

fn planguard(directory: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    let Output { status, stderr, .. } =
        command.args(arguments).current_dir(directory.path()).output().expect("planguard starts");
    let text = String::from_utf8(stderr).expect("UTF-8");
    // Long lines are wrapped.
    let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "│").collect();
    (status.code(), words.join(" "))
}

fn check(directory: &TempDir) -> (Option<i32>, String) {
    planguard(directory, &["check", "plan.json", "--guardrails", "own.toml"])
}

#[test]
fn a_misspelt_type_or_attribute_is_an_error_with_a_suggestion() {
    for (resource_type, attribute, line, problem, meant) in [
        ("aws_instnce", "instance_type", 7, "the resource type `aws_instnce`", "aws_instance"),
        ("data.aws_amii", "name", 7, "the resource type `data.aws_amii`", "data.aws_ami"),
        ("aws_instance", "instance_typ", 11, "`aws_instance.instance_typ`", "instance_type"),
    ] {
        let project = project(resource_type, attribute);
        for (code, text) in [check(&project), planguard(&project, &["lint", "own.toml"])] {
            assert_eq!(code, Some(2), "{text}");
            assert!(text.contains("PG-GR-005"), "{text}");
            let message = format!("own.toml:{line}: guardrail `own-rule`: no schema has {problem}");
            assert!(text.contains(&message), "{text}");
            assert!(text.contains(&format!("did you mean `{meant}`?")), "{text}");
        }
    }
}

#[test]
fn a_test_that_does_not_fit_the_type_is_an_error() {
    let (code, text) = check(&project("aws_instance", "ebs_optimized"));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("`aws_instance.ebs_optimized` is of type bool"), "{text}");
}

#[test]
fn what_the_schemas_have_and_types_of_other_providers_are_accepted() {
    for (resource_type, attribute) in [("aws_instance", "instance_type"), ("nobodys_machine", "size")] {
        let project = project(resource_type, attribute);
        for (code, text) in [check(&project), planguard(&project, &["lint", "own.toml"])] {
            assert_eq!(code, Some(0), "{text}");
        }
    }
}
