//! What policies find below `data`: every command reads the same documents, and none passes what nobody provides.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const PLAN: &str = r#"{"format_version": "1.2", "terraform_version": "1.11.4",
    "planned_values": {"root_module": {"resources": [{"address": "aws_instance.web", "mode": "managed",
        "type": "aws_instance", "name": "web", "provider_name": "registry.terraform.io/hashicorp/aws",
        "schema_version": 1, "values": {"instance_type": "m5.large"}, "sensitive_values": {}}]}},
    "resource_changes": [{"address": "aws_instance.web", "mode": "managed", "type": "aws_instance", "name": "web",
        "provider_name": "registry.terraform.io/hashicorp/aws", "change": {"actions": ["create"], "before": null,
        "after": {"instance_type": "m5.large"}, "after_unknown": {}, "before_sensitive": false,
        "after_sensitive": {}}}]}"#;

/// A directory with these files and a plan.
fn project(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files.iter().chain(&[("plan.json", PLAN)]) {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        fs::write(path, text).expect("written");
    }
    directory
}

fn planguard(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.args(arguments).current_dir(directory).output().expect("planguard starts")
}

/// What a command prints, on both streams.
fn told(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// Expects an exit code and a part of what is printed.
fn expect(directory: &Path, arguments: &[&str], code: i32, part: &str) {
    let output = planguard(directory, arguments);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(text.contains(part), "{arguments:?}: {text}");
}

const SIZES: &str = "package main\n\n# METADATA\n# title: The size is not allowed\n# custom:\n#   severity: high\n\
    deny contains msg if {\n\tsome rc in input.resource_changes\n\
    \tnot rc.change.after.instance_type in data.sizes.small\n\tmsg := sprintf(\"%s is too large\", [rc.address])\n}\n";

const SIZES_TEST: &str = "package main_test\n\nimport data.main\n\nplan(size) := {\"resource_changes\": [{\"address\": \
    \"aws_instance.a\", \"change\": {\"after\": {\"instance_type\": size}}}]}\n\n\
    test_small if count(main.deny) == 0 with input as plan(\"t3.nano\")\n\n\
    test_large if count(main.deny) == 1 with input as plan(\"m5.large\")\n";

const CASES: &str = "policies = [\"sizes.rego\"]\n\n[[case]]\nname = \"small\"\nfindings = []\n\n\
    [[case.resources]]\ntype = \"aws_instance\"\nafter = { instance_type = \"t3.nano\" }\n";

#[test]
fn every_command_reads_the_data_beside_the_policies() {
    for (document, text) in [
        ("policies/sizes/data.yaml", "small: [t3.nano]\n"),
        ("policies/sizes/data.json", "{\"small\": [\"t3.nano\"]}"),
        ("policies/sizes/small/data.yml", "[t3.nano]\n"),
        ("policies/data.json", "{\"sizes\": {\"small\": [\"t3.nano\"]}}"),
    ] {
        let project = project(&[
            ("policies/sizes.rego", SIZES),
            ("policies/sizes_test.rego", SIZES_TEST),
            ("policies/sizes.cases.toml", CASES),
            (document, text),
        ]);
        let directory = project.path();
        expect(directory, &["lint", "policies"], 0, "");
        expect(directory, &["test", "policies"], 0, "3 passed");
        expect(directory, &["eval", "data.sizes.small", "--policy", "policies"], 0, "t3.nano");
        expect(directory, &["check", "--no-builtin", "-p", "policies", "plan.json"], 1, "is too large");
    }
}

#[test]
fn an_array_at_the_root_is_refused_by_every_command() {
    let project = project(&[("policies/p.rego", SIZES), ("policies/data.yaml", "- t3.nano\n")]);
    for arguments in [
        &["lint", "policies"][..],
        &["test", "policies"],
        &["eval", "data.main.deny", "--policy", "policies"],
        &["check", "--no-builtin", "-p", "policies", "plan.json"],
    ] {
        expect(project.path(), arguments, 2, "its root is no object");
    }
}

#[test]
fn a_document_may_not_shadow_a_rule() {
    let policy = "package main\n\ndeny contains \"always\" if true\n";
    for (document, shadows) in [
        (r#"{"main": {"deny": []}}"#, true),
        (r#"{"main": {"other": 1}}"#, false),
        (r#"{"main": {}}"#, false),
        (r#"{"main": 1}"#, true),
        (r#"{"main": {"deny": {}}}"#, true),
    ] {
        let project = project(&[
            ("p/p.rego", policy),
            ("p/p_test.rego", "package t\n\ntest_a if true\n"),
            ("d.json", document),
        ]);
        let conflict = "conflicting rule for data path `data.main.deny`";
        let answers: [(&[&str], i32); 4] = [
            (&["lint", "-d", "d.json", "p"], 0),
            (&["test", "-d", "d.json", "p"], 0),
            (&["eval", "data.main.deny", "-d", "d.json", "--policy", "p"], 0),
            (&["check", "--no-builtin", "-p", "p", "-d", "d.json", "plan.json"], 1),
        ];
        for (arguments, otherwise) in answers {
            let (code, part) = if shadows { (2, conflict) } else { (otherwise, "") };
            expect(project.path(), arguments, code, part);
        }
    }
}

#[test]
fn what_nobody_provides_is_named() {
    let policy = |path: &str| SIZES.replace("data.sizes.small", path);
    let document = r#"{"sizes": {"small": ["t3.nano"]}}"#;
    for (path, help) in [
        ("data.sizes.smal", "did you mean `data.sizes.small`?"),
        ("data.sizez.small", "did you mean `data.sizes`?"),
        ("data.exemptions", "nothing defines `data.exemptions`"),
    ] {
        let project = project(&[("p/p.rego", &policy(path)), ("d.json", document)]);
        expect(project.path(), &["lint", "-d", "d.json", "p"], 1, help.split('`').nth(1).expect("a path"));
        expect(project.path(), &["check", "--no-builtin", "-p", "p", "-d", "d.json", "plan.json"], 2, help);
    }
    for (path, code) in [
        ("data.sizes.small", 1),
        // Undefined on this plan, and nobody can know that before.
        ("data.sizes[input.format_version]", 0),
        ("object.get(data, \"exemptions\", [])", 1),
    ] {
        let project = project(&[("p/p.rego", &policy(path)), ("d.json", document)]);
        expect(project.path(), &["lint", "-d", "d.json", "p"], 0, "");
        expect(project.path(), &["check", "--no-builtin", "-p", "p", "-d", "d.json", "plan.json"], code, "");
    }
}

/// OPA takes every rule for needed that a dynamic reference can lead to, and refuses the first eight.
#[test]
fn recursion_by_way_of_data_is_refused() {
    let lib = ("p/lib.rego", "package lib\n\nbad := true\n");
    let recursive = "policy is recursive";
    for (rules, code, part) in [
        ("deny contains \"x\" if { some k; data.main[k] }", 2, recursive),
        ("deny contains \"x\" if { walk(data, [_, value]); value == \"z\" }", 2, recursive),
        ("deny contains \"x\" if count(data.main) > 0", 2, recursive),
        ("deny contains \"x\" if helper\nhelper if { some k; data.main[k] }", 2, recursive),
        ("deny contains \"x\" if not helper\nhelper if { some k; data.main[k] == \"z\" }", 2, recursive),
        ("deny contains \"x\" if object.get(data.main, \"q\", 0) == 1\nq := 1", 2, recursive),
        ("deny contains \"x\" if { some name, value in data; value.bad }", 2, recursive),
        ("deny contains \"x\" if { some name; data[name].deny }", 2, recursive),
        // OPA sees that only `data.lib.bad` is meant; the engine does not.
        (
            "deny contains \"x\" if { some name; data[name].bad }",
            2,
            "cannot follow a reference into all packages",
        ),
        (
            "deny contains \"x\" if data.lib[input.format_version]\ndeny contains \"y\" if { some k; data.lib[k] }",
            1,
            "y",
        ),
    ] {
        let policy = format!("package main\n\ndeny contains \"always\" if false\n{rules}\n");
        let project = project(&[("p/p.rego", &policy), lib]);
        expect(project.path(), &["check", "--no-builtin", "-p", "p", "plan.json"], code, part);
    }
}
