//! Changes of outputs: reports tell them, and policies see them in every command.

use std::fs;

use planguard::plan::text::escape::hides_or_steers;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{planguard, run};

const PLAN: &str = r#"{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"outputs": {
        "endpoint": {"sensitive": false}, "password": {"sensitive": true, "type": "string", "value": "hunter2-secret"},
        "size": {"sensitive": false, "type": "number", "value": 5}}, "root_module": {}},
    "resource_changes": [], "output_changes": {
        "endpoint": {"actions": ["create"], "before": null, "after_unknown": true, "before_sensitive": false, "after_sensitive": false},
        "old": {"actions": ["delete"], "before": "gone", "after": null, "after_unknown": false, "before_sensitive": false, "after_sensitive": false},
        "password": {"actions": ["update"], "before": "hunter1-secret", "after": "hunter2-secret", "after_unknown": false, "before_sensitive": true, "after_sensitive": true},
        "same": {"actions": ["no-op"], "before": 1, "after": 1, "after_unknown": false, "before_sensitive": false, "after_sensitive": false},
        "size": {"actions": ["update"], "before": 3, "after": 5, "after_unknown": false, "before_sensitive": false, "after_sensitive": false}},
    "prior_state": {"format_version": "1.0", "terraform_version": "1.11.4", "values": {"outputs": {
        "old": {"sensitive": false, "type": "string", "value": "gone"},
        "password": {"sensitive": true, "type": "string", "value": "hunter1-secret"},
        "same": {"sensitive": false, "type": "number", "value": 1},
        "size": {"sensitive": false, "type": "number", "value": 3}}, "root_module": {}}},
    "configuration": {"root_module": {"outputs": {"endpoint": {"expression": {"references": ["aws_x.a"]}},
        "password": {"sensitive": true, "expression": {"constant_value": "hunter2-secret"}},
        "size": {"expression": {"constant_value": 5}}, "same": {"expression": {"constant_value": 1}}}}}}"#;

const POLICY: &str = "package main\n\n# No other configuration may lose what it reads.\n\
    deny contains sprintf(\"output %s is deleted\", [name]) if {\n\
    \tsome name, change in input.output_changes\n\t\"delete\" in change.actions\n}\n";

const TEST: &str = "package main\n\ntest_deleted if {\n\tcount(deny) == 1 with input as \
    {\"output_changes\": {\"a\": {\"actions\": [\"delete\"]}, \"b\": {\"actions\": [\"create\"]}}}\n}\n";

fn project() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in [("plan.json", PLAN), ("policy/p.rego", POLICY), ("policy/p_test.rego", TEST)] {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("written");
    }
    directory
}

fn ran(directory: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let (code, out, err) = run(planguard(directory.path(), arguments));
    assert!(!out.contains("hunter") && !err.contains("hunter"), "{arguments:?}: {out}{err}");
    (code, format!("{out}{err}"))
}

#[test]
fn policies_see_outputs_in_every_command() {
    let directory = project();
    let (code, text) = ran(&directory, &["check", "plan.json", "-p", "policy"]);
    assert_eq!((code, text.contains("output old is deleted")), (Some(1), true), "{text}");
    let query = "{name | some name, change in input.output_changes; change.actions != [\"no-op\"]}";
    let (code, text) = ran(&directory, &["eval", query, "--plan", "plan.json"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(["endpoint", "old", "password", "size"].iter().all(|name| text.contains(name)), "{text}");
    assert!(!text.contains("same"), "{text}");
    let (code, text) = ran(&directory, &["test", "policy"]);
    assert_eq!(code, Some(0), "{text}");
    // What policies may look for is known, and a key that is misspelt is found.
    let (code, text) = ran(&directory, &["lint", "policy"]);
    assert_eq!(code, Some(0), "{text}");
    fs::write(directory.path().join("policy/p.rego"), POLICY.replace("output_changes", "outputs_changes"))
        .unwrap();
    let (code, text) = ran(&directory, &["lint", "policy"]);
    assert_eq!((code, text.contains("output_changes")), (Some(1), true), "{text}");
}

#[test]
fn reports_tell_which_outputs_change() {
    let directory = project();
    let (code, text) = ran(&directory, &["check", "plan.json"]);
    assert_eq!(code, Some(0), "{text}");
    let line = "outputs: 1 to add (endpoint), 2 to change (password, size), 1 to delete (old)";
    assert!(text.contains(line), "{text}");
    let (_, text) = ran(&directory, &["check", "plan.json", "--show", "all"]);
    for line in [
        "  endpoint to add: (known after apply)",
        "  password to change: (sensitive value) → (sensitive value)",
        "  size to change: 3 → 5",
        "  old to delete: \"gone\"",
    ] {
        assert!(text.lines().any(|printed| printed == line), "{line}: {text}");
    }
    let (_, text) = ran(&directory, &["check", "plan.json", "--format", "markdown"]);
    assert!(
        text.contains(
            "outputs: 1 to add (`endpoint`), 2 to change (`password`, `size`), 1 to delete (`old`)"
        ),
        "{text}"
    );
    let (_, text) = ran(&directory, &["check", "plan.json", "--format", "json"]);
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let outputs = report["plans"][0]["outputs"].as_array().expect("a list");
    let expected = serde_json::json!([
        {"name": "endpoint", "action": "create", "after": "(known after apply)", "sensitive": false, "unknown": true},
        {"name": "old", "action": "delete", "before": "\"gone\"", "sensitive": false, "unknown": false},
        {"name": "password", "action": "change", "before": "(sensitive value)", "after": "(sensitive value)", "sensitive": true, "unknown": false},
        {"name": "size", "action": "change", "before": "3", "after": "5", "sensitive": false, "unknown": false},
    ]);
    assert_eq!(serde_json::Value::from(outputs.clone()), expected);
    // A report that is merged has them still.
    fs::write(directory.path().join("report.json"), text).unwrap();
    let (_, text) = ran(&directory, &["merge", "report.json"]);
    assert!(text.contains(line), "{text}");
}

#[test]
fn the_name_of_an_output_steers_nothing() {
    let directory = project();
    let name = r#"a\u001b[31m\u202eb`|\n::error::x <b> @all"#;
    fs::write(directory.path().join("plan.json"), PLAN.replace("\"endpoint\"", &format!("\"{name}\"")))
        .unwrap();
    for format in ["text", "markdown", "json"] {
        for show in ["new", "all"] {
            let (_, text) = ran(&directory, &["check", "plan.json", "--show", show, "--format", format]);
            assert!(text.contains("1 to add") || format == "json", "{text}");
            assert_eq!(text.chars().find(|c| hides_or_steers(*c) && *c != '\n'), None, "{format}: {text}");
            assert!(!text.lines().any(|line| line.starts_with("::error")), "{format}: {text}");
        }
    }
}
