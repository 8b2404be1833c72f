//! What other programs let pass in silence: each row is an input and the exit code that it must have.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

const PASS: i32 = 0;
const DENIED: i32 = 1;
const UNDECIDED: i32 = 2;

/// A plan with one change, and more sections.
fn plan(change: Value, sections: Value) -> String {
    let mut plan = json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
        "resource_changes": [{"address": "aws_db_instance.a", "mode": "managed", "type": "aws_db_instance",
            "name": "a", "change": change}],
        "configuration": {"root_module": {}},
    });
    if let (Value::Object(plan), Value::Object(sections)) = (&mut plan, sections) {
        plan.extend(sections);
    }
    plan.to_string()
}

/// A plan that changes nothing.
fn harmless(sections: Value) -> String {
    let mut all = json!({"resource_changes": []});
    if let (Value::Object(all), Value::Object(sections)) = (&mut all, sections) {
        all.extend(sections);
    }
    plan(Value::Null, all)
}

/// The exit code of `planguard check plan.json` with these arguments, beside a policy of this text.
fn exit_code(plan: &str, policy: &str, arguments: &[&str]) -> Option<i32> {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("policy")).expect("a directory");
    fs::create_dir(directory.path().join("empty")).expect("a directory");
    fs::write(directory.path().join("policy/p.rego"), policy).expect("a policy");
    fs::write(directory.path().join("plan.json"), plan).expect("a plan");
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.args(["check", "plan.json"]).args(arguments).current_dir(directory.path());
    command.output().expect("planguard starts").status.code()
}

#[test]
fn no_plan_passes_in_silence() {
    let deleted = json!({"actions": ["delete"], "before": {"identifier": "a"}, "after": null});
    let deferred = json!({"deferred_changes": [{"reason": "unknown", "resource_change": {"address": "aws_x.b",
        "change": {"actions": ["create"], "after": {}, "after_unknown": {}}}}]});
    let invoked = json!({"action_invocations": [{"address": "action.aws_lambda_invoke.a"}]});
    let check = |status: &str| {
        harmless(
            json!({"checks": [{"address": {"to_display": "check.c"}, "status": status, "instances": []}]}),
        )
    };
    let all: &[&str] = &["--fail-on", "info"];
    let rows: &[(&str, String, &[&str], i32)] = &[
        ("nothing is wrong", harmless(json!({})), all, PASS),
        ("destroy only", plan(deleted, json!({})), &[], DENIED),
        ("errored", harmless(json!({"errored": true})), &[], UNDECIDED),
        ("errored, accepted", harmless(json!({"errored": true})), &["--allow-errored"], PASS),
        ("incomplete", harmless(json!({"complete": false})), &["--require-complete"], UNDECIDED),
        ("deferred changes", harmless(deferred), all, DENIED),
        ("action invocations", harmless(invoked), all, DENIED),
        ("a check in error", check("error"), &[], DENIED),
        ("no terraform_version", harmless(json!({"terraform_version": null})), all, PASS),
        ("an array", format!("[{}]", harmless(json!({}))), &[], UNDECIDED),
        ("two plans", harmless(json!({})).repeat(2), &[], UNDECIDED),
        ("nothing", String::new(), &[], UNDECIDED),
        ("a bare state", json!({"format_version": "1.0"}).to_string(), &[], UNDECIDED),
        ("no rule", harmless(json!({})), &["--no-builtin"], UNDECIDED),
        (
            "report only",
            plan(json!({"actions": ["delete"], "before": {}, "after": null}), json!({})),
            &["--report-only"],
            PASS,
        ),
    ];
    let wrong: Vec<String> = rows
        .iter()
        .map(|(name, plan, arguments, expected)| (name, exit_code(plan, "package main", arguments), expected))
        .filter(|(_, code, expected)| *code != Some(**expected))
        .map(|(name, code, expected)| format!("{name}: {code:?} instead of {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_policy_passes_in_silence() {
    let rule = |head: &str| format!("package main\n\n{head} if {{\n\tinput.resource_changes\n}}\n");
    let deny = "deny contains \"no\"";
    let policy: &[&str] = &["--policy", "policy"];
    let rows: &[(&str, String, &[&str], i32)] = &[
        ("a denial", rule(deny), policy, DENIED),
        (
            "a namespace of another name",
            rule(deny),
            &["--policy", "policy", "--namespace", "mian"],
            UNDECIDED,
        ),
        ("a misspelt rule", rule("denny contains \"no\""), policy, UNDECIDED),
        (
            "two rules that differ in case",
            format!(
                "{}\n{}",
                rule("deny_a contains \"x\" if false\n\ndeny_A contains \"no\"")
                    .replace("if false\n", "if {\n\tfalse\n}\n"),
                ""
            ),
            policy,
            DENIED,
        ),
        ("a boolean", rule("deny"), policy, DENIED),
        ("a number", rule("deny contains 1"), policy, UNDECIDED),
        (
            "a builtin in error",
            "package main\n\ndeny contains \"no\" if {\n\tto_number(input.format_version + 1) == 1\n}\n"
                .to_owned(),
            policy,
            UNDECIDED,
        ),
        ("no policy", rule(deny), &["--policy", "empty"], UNDECIDED),
        ("a directory that is not there", rule(deny), &["--policy", "polcy"], UNDECIDED),
        ("no Rego", "package main\n\ndeny contains {".to_owned(), policy, UNDECIDED),
    ];
    let wrong: Vec<String> = rows
        .iter()
        .map(|(name, policy, arguments, expected)| {
            (name, exit_code(&harmless(json!({})), policy, arguments), expected)
        })
        .filter(|(_, code, expected)| *code != Some(**expected))
        .map(|(name, code, expected)| format!("{name}: {code:?} instead of {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
