//! `--gate introduced` and `--unknown` on the findings of policies.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

const POLICY: &str = r#"package main

deny contains {"msg": sprintf("%s is %s", [change.address, change.change.after.acl]), "address": change.address} if {
	some change in input.resource_changes
	startswith(change.change.after.acl, "public")
}

deny_delete contains {"msg": "deleted", "address": change.address} if {
	some change in input.resource_changes
	"delete" in change.change.actions
}

deny_plan contains "something about the plan" if input.resource_changes
"#;

fn change(name: &str, actions: &[&str], before: &Value, after: &Value) -> Value {
    json!({"address": format!("aws_s3_bucket_acl.{name}"), "mode": "managed", "type": "aws_s3_bucket_acl",
        "name": name, "change": {"actions": actions, "before": before, "after": after, "after_unknown": {},
        "before_sensitive": {}, "after_sensitive": {}}})
}

fn project(changes: &[Value], configuration: &Value) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": changes,
        "planned_values": {"root_module": {}}, "configuration": configuration});
    fs::write(directory.path().join("plan.json"), plan.to_string()).expect("the plan");
    directory
}

fn check(project: &TempDir, flags: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.args(["check", "plan.json", "--no-builtin", "--format", "json"]).args(flags);
    let Output { status, stdout, stderr } =
        command.current_dir(project.path()).output().expect("planguard starts");
    let report = serde_json::from_slice(&stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&stderr)));
    (status.code(), report)
}

/// The origin and the enforcement of each finding, by rule and name.
fn origins(report: &Value) -> BTreeMap<String, String> {
    let findings = report["plans"][0]["findings"].as_array().expect("findings");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let origin =
        |finding: &Value| if finding["pre_existing"] == true { "already-there" } else { "introduced" };
    findings
        .iter()
        .map(|finding| {
            let address = text(&finding["address"]);
            let name = address.rsplit('.').next().unwrap_or_default();
            let rule = text(&finding["rule"]);
            let rule = rule.rsplit('.').next().unwrap_or_default();
            (format!("{rule} {name}"), format!("{} {}", origin(finding), text(&finding["enforcement"])))
        })
        .collect()
}

#[test]
fn only_what_the_plan_brings_denies() {
    let (public, open, private) =
        (json!({"acl": "public-read"}), json!({"acl": "public-read-write"}), json!({"acl": "private"}));
    let changes = [
        change("unchanged", &["no-op"], &public, &public),
        change("created", &["create"], &Value::Null, &public),
        change("opened", &["update"], &private, &public),
        change("still", &["update"], &public, &open),
        change("gone", &["delete"], &public, &Value::Null),
        change("closed", &["update"], &public, &private),
    ];
    let project = project(&changes, &json!({"root_module": {}}));
    fs::create_dir(project.path().join("policy")).expect("a directory");
    fs::write(project.path().join("policy/acl.rego"), POLICY).expect("the policy");
    let (code, report) = check(&project, &["-p", "policy", "--gate", "introduced"]);
    assert_eq!(code, Some(1));
    let expected = [
        ("deny created", "introduced deny"),
        ("deny opened", "introduced deny"),
        ("deny still", "already-there warn"),
        ("deny unchanged", "already-there warn"),
        ("deny_delete gone", "introduced deny"),
        ("deny_plan ", "introduced deny"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(origins(&report), BTreeMap::from(expected));
    let (_, report) = check(&project, &["-p", "policy"]);
    assert!(origins(&report).values().all(|found| found == "introduced deny"), "{report}");
}

/// A group whose rules somebody or a rule of the same configuration changed since the last apply.
#[test]
fn what_was_made_by_hand_and_is_kept_is_new_for_policies_too() {
    const OPEN: &str = r#"package main

deny contains {"msg": "open", "address": change.address} if {
	some change in input.resource_changes
	some rule in change.change.after.ingress
	"0.0.0.0/0" in rule.cidr_blocks
}
"#;
    let rule = json!({"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]});
    let group = |id: &str, ingress: &Value| json!({"id": id, "ingress": ingress});
    let entry = |address: &str, actions: &[&str], before: &Value, after: &Value| {
        let (resource_type, name) = address.split_once('.').expect("a type and a name");
        json!({"address": address, "mode": "managed", "type": resource_type, "name": name,
            "change": {"actions": actions, "before": before, "after": after, "after_unknown": {},
            "before_sensitive": {}, "after_sensitive": {}}})
    };
    let (by_hand, by_rule) = (group("sg-1", &json!([rule])), group("sg-2", &json!([rule])));
    let own_rule = json!({"type": "ingress", "security_group_id": "sg-2", "protocol": "tcp", "from_port": 22,
        "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]});
    let changes = [
        entry("aws_security_group.by_hand", &["no-op"], &by_hand, &by_hand),
        entry("aws_security_group.by_rule", &["no-op"], &by_rule, &by_rule),
        entry("aws_security_group_rule.own", &["no-op"], &own_rule, &own_rule),
    ];
    let project = project(&changes, &json!({"root_module": {}}));
    let path = project.path().join("plan.json");
    let mut plan: Value = serde_json::from_str(&fs::read_to_string(&path).expect("the plan")).expect("JSON");
    plan["resource_drift"] = json!([
        entry("aws_security_group.by_hand", &["update"], &group("sg-1", &json!([])), &by_hand),
        entry("aws_security_group.by_rule", &["update"], &group("sg-2", &json!([])), &by_rule),
    ]);
    fs::write(&path, plan.to_string()).expect("the plan");
    fs::create_dir(project.path().join("policy")).expect("a directory");
    fs::write(project.path().join("policy/open.rego"), OPEN).expect("the policy");
    let (_, report) = check(&project, &["-p", "policy", "--gate", "introduced"]);
    let found = origins(&report);
    assert_eq!(found["deny by_hand"], "introduced deny", "{report}");
    assert_eq!(found["deny by_rule"], "already-there warn", "{report}");
}

/// A new instance without tags of its own, with the `default_tags` of its provider.
fn untagged(default_tags: &Value) -> TempDir {
    let instance = json!({"address": "aws_instance.web", "mode": "managed", "type": "aws_instance", "name": "web",
        "change": {"actions": ["create"], "before": null, "after": {"tags": null},
        "after_unknown": {"tags_all": true}, "before_sensitive": false, "after_sensitive": {}}});
    let provider = json!({"name": "aws", "expressions": {"default_tags": default_tags}});
    let project = project(&[instance], &json!({"provider_config": {"aws": provider}, "root_module": {}}));
    fs::write(project.path().join("planguard.toml"), "[packs.required-tags.tags]\nowner = {}\n")
        .expect("the settings");
    project
}

#[test]
fn a_required_tag_is_there_missing_or_undetermined() {
    let run = |default_tags: Value, flags: &[&str]| {
        let (code, report) = check(&untagged(&default_tags), &[&["--pack", "required-tags"], flags].concat());
        let undetermined = report["plans"][0]["counts"]["undetermined"].clone();
        let findings = report["plans"][0]["findings"].as_array().expect("findings").clone();
        let rules: Vec<Value> = findings.iter().map(|finding| finding["rule"].clone()).collect();
        (code, rules, undetermined)
    };
    let (missing, unknown) = (json!("required-tags/missing"), json!("required-tags/unknown"));
    assert_eq!(run(json!([]), &[]), (Some(1), vec![missing], json!(0)));
    let constant = json!([{"tags": {"constant_value": {"owner": "me"}}}]);
    assert_eq!(run(constant, &["--unknown", "deny"]), (Some(0), vec![], json!(0)));
    let open = json!([{"tags": {"references": ["var.tags"]}}]);
    assert_eq!(run(open.clone(), &[]), (Some(0), vec![unknown.clone()], json!(1)));
    assert_eq!(run(open.clone(), &["--unknown", "deny"]), (Some(1), vec![unknown], json!(1)));
    assert_eq!(run(open, &["--unknown", "ignore"]), (Some(0), vec![], json!(1)));
}
