//! What other programs let pass in silence: each row is an input and the exit code that it must have.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::generated::assert_current;
use crate::process;

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

/// `fixtures/silent-passes/table.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    title: String,
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    what: String,
    input: String,
    #[serde(default)]
    arguments: Vec<String>,
    right: i32,
    #[serde(default)]
    others: String,
}

/// `fixtures/silent-passes/measured.toml`: what Checkov answered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Measured {
    version: String,
    codes: BTreeMap<String, i32>,
}

const INTRODUCTION: &str = "\
# Silent passes

A gate that passes without having looked is worse than no gate. Each row is something that a tool in a pipeline has let pass
without a word, and the exit code of planguard: 1 if it looked and denies, 2 if it could not look at everything.

The column of planguard comes from running it: `UPDATE=1 cargo test --test suite silent_passes` renews this page, and the test
fails if a code is not the right one. The column of Checkov was measured on the same files by
`scripts/measure-silent-passes.py`; 0 is a pass, and a 1 may be about something else in the same plan. What is said of others was read in their source and issues in November 2026:
conftest `6a3fd60`, Checkov `03d5fda`, Trivy `dc3c56e`, Terrascan `d0405c2`, Regula `259c10a`, terraform-compliance `f45a4fe`.
";

const NOTES: &str = "
Not in the table, since they are about the surroundings of a run:

| what happens | planguard | others |
|---|---|---|
| standard output is a full disk, or closed | 2 | a program that writes with buffers and does not look at the last error answers 0 |
| the reader of a pipe has gone | the code of the verdict | a panic or the death by a signal is usual |
| findings, and no flag | 1 | `trivy` and `opa exec` answer 0 (trivy#2959, opa#5007) |
| no tests where tests are run | 2 | `conftest verify`: 0; see atlantis#1550 |
| memory or stack run out | 2 | killed, or aborted |
| `terraform show` hangs | 2 after `--terraform-timeout` | the limit of the pipeline's job |
";

/// The page that shows planguard beside others. Its codes are those of running it.
#[test]
fn the_page_of_silent_passes_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(root.join("fixtures/silent-passes").join(name)).expect("read");
    let table: Table = toml::from_str(&read("table.toml")).expect("a table");
    let measured: Measured = toml::from_str(&read("measured.toml")).expect("measured codes");
    let mut page = INTRODUCTION.to_owned();
    let mut wrong = Vec::new();
    for group in &table.group {
        let title = &group.title;
        let checkov = format!(" Checkov {} |", measured.version);
        let has_checkov =
            group.row.iter().any(|row| measured.codes.contains_key(&row.input) && row.arguments.is_empty());
        let _ = writeln!(
            page,
            "\n## {title}\n\n| | `planguard check` | planguard |{} others |\n|---|---|--:|{}---|",
            if has_checkov { &checkov } else { "" },
            if has_checkov { "--:|" } else { "" },
        );
        for row in &group.row {
            let mut arguments = vec!["check", row.input.as_str()];
            arguments.extend(row.arguments.iter().map(String::as_str));
            let (code, ..) = process::run(process::planguard(root, &arguments));
            let shown = code.map_or("a signal".to_owned(), |code| code.to_string());
            if code != Some(row.right) {
                wrong.push(format!("{}: {shown} instead of {}", row.what, row.right));
            }
            let theirs = measured.codes.get(&row.input).map_or(String::new(), i32::to_string);
            let theirs = if has_checkov { format!(" {theirs} |") } else { String::new() };
            let (what, command, others) = (&row.what, arguments[1..].join(" "), &row.others);
            let _ = writeln!(page, "| {what} | `{command}` | {shown} |{theirs} {others} |");
        }
    }
    page.push_str(NOTES);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_current(&root.join("docs/silent-passes.md"), &page);
}

/// What the page says of surroundings, beside the tests of streams and faults.
#[test]
fn no_tests_pass_in_silence() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("p.rego"), "package main\n\ndeny contains \"x\" if false\n")
        .expect("written");
    let (code, ..) = process::run(process::planguard(directory.path(), &["test", "."]));
    assert_eq!(code, Some(UNDECIDED));
}
