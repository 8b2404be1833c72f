//! Texts that hide something or steer what shows them, in every format of every command.

mod payloads;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use planguard::plan::text::escape::hides_or_steers;
use planguard::render::{check, cost, coverage, eval, graph, lint, rules, show, test, waivers};
use serde_json::{Value, json};

/// What a plan's or a policy's text may contain.
const HOSTILE: &str = "tab\there\nline\u{1b}[31mred\u{202e}bidi\u{200b}zero\u{e0041}tag\u{2028}\u{feff}\r\n\
    ::error::owned\n##vso[task.complete]x##[error]y <script>alert(1)</script> ]]> \u{9b}1m & \"q\" \\ %0A";

/// `HOSTILE` as a string of Rego.
fn literal() -> String {
    Value::from(HOSTILE).to_string()
}

fn planguard(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command
        .args(arguments)
        .current_dir(directory)
        .env_remove("NO_COLOR")
        .env_remove("GITHUB_ACTIONS")
        .stdin(Stdio::null());
    command.output().expect("planguard starts")
}

/// A directory with a plan, policies and tests that say it all.
fn project() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    };
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {},
        "resource_changes": [{
            "address": "terraform_data.a", "mode": "managed", "type": "terraform_data", "name": "a",
            "change": { "actions": ["create"], "before": null, "after": { "input": HOSTILE }, "after_unknown": {} },
        }],
    });
    write("plan.json", &plan.to_string());
    write(
        "policy/p.rego",
        &format!(
            "package main\n\ndeny contains input.resource_changes[_].change.after.input\n\n\
             warn contains msg if {{\n\tprint(input.resource_changes[0].change.after.input)\n\tmsg := {0}\n}}\n\n\
             broken if {0} == 1\n",
            literal()
        ),
    );
    write(
        "tests/t_test.rego",
        &format!(
            "package t_test\n\ntest_hostile if {{\n\tprint({0})\n\t{0} == \"x\"\n}}\n\n\
             todo_test_later if {{ {0} == \"x\" }}\n",
            literal()
        ),
    );
    write(
        "tests/cases.toml",
        &format!(
            "policies = [\"../policy\"]\n\n[[case]]\nname = {0}\nplan = \"../plan.json\"\n\
             findings = [{{ rule = \"main.deny\", message = \"another\" }}]\n",
            literal()
        ),
    );
    // A comment's text is in the snippets of a lint.
    let source: String = HOSTILE.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    write(
        "lint/l.rego",
        &format!("package main\n\ndeny contains 1 if nothing_there # {source}\n\nunused := 2 # {source}\n"),
    );
    directory
}

/// Nothing on a stream steers a terminal or a CI system.
fn assert_tame(stream: &[u8], what: &str, commands: &[&str]) {
    let text = std::str::from_utf8(stream).expect("UTF-8");
    // A line of CSV ends with both.
    let text = if what.contains("csv") { text.replace("\r\n", "\n") } else { text.to_owned() };
    let dangerous = text.chars().find(|c| hides_or_steers(*c) && !matches!(c, '\n' | '\t'));
    assert_eq!(dangerous, None, "{what}: {text:?}");
    // Own commands of Azure Pipelines start a line; a second one in it would be the plan's.
    let is_azure = what.contains("azure");
    for line in text.lines() {
        let rest = line.strip_prefix("##vso[task.logissue ").filter(|_| is_azure).unwrap_or(line);
        for command in ["##vso[", "##["] {
            assert!(!rest.contains(command), "{what} contains {command}: {text}");
        }
    }
    for line in text.lines().filter(|line| line.trim_start().starts_with("::")) {
        assert!(commands.iter().any(|command| line.starts_with(command)), "{what}: {line}");
    }
}

/// Both streams of a run, which must be tame.
fn run(directory: &Path, arguments: &[&str]) -> String {
    let output = planguard(directory, arguments);
    let what = arguments.join(" ");
    let is_github = arguments.contains(&"github");
    let own: &[&str] = if is_github { &["::error ", "::warning ", "::notice "] } else { &[] };
    assert_tame(&output.stdout, &what, own);
    assert_tame(&output.stderr, &what, &[]);
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Whether a JSON document has this text as one of its values.
fn has(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string == text,
        Value::Array(elements) => elements.iter().any(|element| has(element, text)),
        Value::Object(members) => members.values().any(|member| has(member, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn check_is_tame_in_every_format_and_exact_in_json() {
    let project = project();
    for format in check::FORMATS.all() {
        let arguments = ["check", "plan.json", "--no-builtin", "-p", "policy", "--format", format.name];
        let text = run(project.path(), &arguments);
        // Numbers alone have no texts.
        let has_texts = !matches!(format.name, "gitlab-terraform" | "openmetrics");
        assert!(!has_texts || text.contains("owned"), "{}: {text}", format.name);
        if format.extension == "xml" {
            quick_junit::Report::deserialize_from_str(&text).expect("XML");
            assert!(!text.contains("<script>"), "{text}");
        }
        if format.name == "markdown" {
            let in_code = text.matches("`<script>alert(1)</script>`").count();
            assert_eq!(text.matches("<script>").count(), in_code, "{text}");
            for row in text.lines().filter(|line| line.starts_with('|')) {
                assert_eq!(row.matches('|').count(), 7, "no text ends a cell: {row}");
            }
        }
        if format.name == "gitlab" {
            assert!(has(&parsed(&text), HOSTILE), "{text}");
        }
        if format.name == "json" {
            let findings = &parsed(&text)["plans"][0]["findings"];
            let exact = findings.as_array().expect("findings").iter().filter(|f| f["message"] == HOSTILE);
            assert_eq!(exact.count(), 2, "deny and warn: {findings}");
        }
    }
}

/// Text of a plan is at no start of a line, however narrow the lines are.
#[test]
fn a_narrow_report_of_everything_is_tame() {
    let project = project();
    for columns in ["40", "60", "1000"] {
        for show in ["new", "all"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
            command.args(["check", "plan.json", "plan.json", "--no-builtin", "-p", "policy", "--show", show]);
            command.current_dir(project.path()).env("COLUMNS", columns).stdin(Stdio::null());
            let output = command.output().expect("planguard starts");
            assert_tame(&output.stdout, columns, &[]);
            assert!(String::from_utf8_lossy(&output.stdout).contains("owned"));
        }
    }
}

/// So is what a plan does, with its text as a value, as the key of a map and on lines.
#[test]
fn show_is_tame_in_every_format() {
    let project = project();
    for format in show::FORMATS.all() {
        for detail in ["new", "all"] {
            let arguments = ["show", "plan.json", "--show", detail, "--format", format.name];
            let text = run(project.path(), &arguments);
            assert!(text.contains("owned"), "{}: {text}", format.name);
        }
    }
}

/// The addresses of a picture are what the keys and the names of a plan make of them.
#[test]
fn graph_is_tame_in_every_format() {
    let directory = tempfile::tempdir().expect("a directory");
    let evil = "evil<script>\"'#;%0A::error::owned\u{202e}";
    let resource = |name: &str, mode: &str| {
        let references = json!(["local.l", format!("local.{evil}")]);
        json!({ "mode": mode, "type": "x", "name": name, "expressions": { "a": { "references": references } } })
    };
    let change = json!({ "actions": ["create"], "before": null, "after": { "a": 1 }, "after_unknown": {} });
    let plan = json!({
        "format_version": "1.2", "planned_values": {},
        "resource_changes": [{ "address": "x.a", "mode": "managed", "type": "x", "name": "a", "change": change }],
        "configuration": { "root_module": { "resources": [resource("a", "managed")],
            "module_calls": { evil: { "module": { "resources": [resource("b", "data")] } } } } },
        "prior_state": { "format_version": "1.0", "values": { "root_module": { "resources": [] } } },
    });
    fs::write(directory.path().join("plan.json"), plan.to_string()).expect("written");
    for format in graph::FORMATS.all() {
        for by in ["auto", "module", "block"] {
            let text = run(directory.path(), &["graph", "plan.json", "--by", by, "--format", format.name]);
            let is_markup = matches!(format.name, "svg" | "mermaid");
            assert!(!is_markup || !text.contains("<script>"), "{}: {text}", format.name);
            assert!(by == "block" || text.contains("owned"), "{}: {text}", format.name);
            if format.extension == "svg" {
                roxmltree::Document::parse(&text).expect("XML");
            }
        }
    }
    run(directory.path(), &["graph", "plan.json", "--focus", evil]);
}

/// The cost of a plan names types of machines, engines and regions, which are texts of the plan, and the keys of instances; a
/// file of prices and a report of Infracost have texts of their own.
#[test]
fn cost_is_tame_in_every_format() {
    let directory = tempfile::tempdir().expect("a directory");
    let change =
        |after: Value| json!({ "actions": ["create"], "before": null, "after": after, "after_unknown": {} });
    let object = |resource_type: &str, key: &str, after: Value| {
        let address = format!("{resource_type}.a[{}]", Value::from(key));
        json!({ "address": address, "mode": "managed", "type": resource_type, "name": "a", "index": key, "change": change(after) })
    };
    let plan = json!({
        "format_version": "1.2", "planned_values": {},
        "resource_changes": [
            object("aws_instance", "evil<script>::error::owned", json!({ "instance_type": HOSTILE, "availability_zone": HOSTILE })),
            object("aws_db_instance", "b", json!({ "instance_class": HOSTILE, "engine": HOSTILE, "storage_type": HOSTILE })),
            object("azurerm_linux_virtual_machine", "c", json!({ "size": HOSTILE, "location": HOSTILE })),
            object("google_compute_disk", "d", json!({ "type": HOSTILE, "size": HOSTILE, "region": HOSTILE })),
            object("aws_nat_gateway", "e", json!({})),
        ],
    });
    fs::write(directory.path().join("plan.json"), plan.to_string()).expect("written");
    let quoted = literal();
    let prices = format!(
        "[[prices]]\nmatch = {{ type = \"aws_*\", region = {quoted} }}\nhourly = 1\nnote = {quoted}\n"
    );
    fs::write(directory.path().join("prices.toml"), prices).expect("written");
    let part = json!({ "name": HOSTILE, "unit": HOSTILE, "monthlyCost": "5" });
    let report = json!({
        "totalMonthlyCost": "5", "currency": HOSTILE,
        "projects": [{ "breakdown": { "resources": [
            { "name": HOSTILE, "resourceType": HOSTILE, "costComponents": [part] },
            { "name": "aws_nat_gateway.a[\"e\"]", "costComponents": [part] },
        ] } }],
    });
    fs::write(directory.path().join("costs.json"), report.to_string()).expect("written");
    for format in cost::FORMATS.all() {
        for detail in ["new", "all"] {
            let of_plan =
                ["cost", "plan.json", "--prices", "prices.toml", "--show", detail, "--format", format.name];
            let of_report = ["cost", "--infracost", "costs.json", "--show", detail, "--format", format.name];
            let of_both =
                ["cost", "plan.json", "--infracost", "costs.json", "--show", detail, "--format", format.name];
            for arguments in [&of_plan[..], &of_report, &of_both] {
                let text = run(directory.path(), arguments);
                assert!(text.contains("owned"), "{}: {text}", format.name);
                if format.name == "markdown" {
                    for row in text.lines().filter(|line| line.starts_with('|')) {
                        assert_eq!(row.matches('|').count(), 6, "no text ends a cell: {row}");
                    }
                }
            }
        }
    }
}

#[test]
fn eval_is_tame_in_every_format_and_exact_in_json() {
    let project = project();
    let query = "x := input.resource_changes[0].change.after.input";
    for format in eval::FORMATS.all() {
        let arguments = ["eval", "--plan", "plan.json", "-p", "policy", "--format", format.name, query];
        let text = run(project.path(), &arguments);
        if matches!(format.name, "json" | "bindings") {
            assert!(has(&parsed(&text), HOSTILE), "{}: {text}", format.name);
        }
        let value = "input.resource_changes[0].change.after.input";
        let arguments = ["eval", "--plan", "plan.json", "--format", format.name, value];
        let text = run(project.path(), &arguments);
        assert!(format.name == "bindings" || text.contains("owned"), "{}: {text}", format.name);
        if matches!(format.name, "text" | "json" | "values") {
            assert!(has(&parsed(&text), HOSTILE), "{}: {text}", format.name);
        }
    }
    for rule in ["data.main.deny", "data.main.broken", "data.main.warn"] {
        run(project.path(), &["eval", "--plan", "plan.json", "-p", "policy", "--explain", rule]);
    }
    // A query that cannot be read is shown with its text.
    run(project.path(), &["eval", &format!("x := {} +", literal())]);
    run(project.path(), &["eval", "x := \u{202e}\u{1b}[31m##vso["]);
}

#[test]
fn tests_are_tame_in_every_format_and_exact_in_json() {
    let project = project();
    for format in test::FORMATS.all() {
        let arguments = ["test", "-v", "--coverage", "--format", format.name, "tests"];
        let text = run(project.path(), &arguments);
        assert!(text.contains("owned"), "{}: {text}", format.name);
        if format.extension == "json" {
            let tests = &parsed(&text)["tests"];
            assert!(has(tests, HOSTILE), "the name of the case: {tests}");
            let printed = format!("tests/t_test.rego:4: {HOSTILE}");
            assert!(has(tests, &printed), "what the test prints: {tests}");
            let found = format!("main.deny  (plan)  {HOSTILE}");
            assert!(has(tests, &found), "what the case finds: {tests}");
        }
        if format.extension == "xml" {
            quick_junit::Report::deserialize_from_str(&text).expect("XML");
            assert!(!text.contains("<script>"), "{text}");
        }
    }
    for format in coverage::FORMATS.all() {
        run(
            project.path(),
            &["test", "--coverage-output", "covered", "--coverage-format", format.name, "tests"],
        );
        let written = fs::read(project.path().join("covered")).expect("written");
        assert_tame(&written, format.name, &[]);
    }
}

#[test]
fn lints_are_tame_in_every_format() {
    let project = project();
    for format in lint::FORMATS.all() {
        let text = run(project.path(), &["lint", "--pedantic", "--format", format.name, "lint", "policy"]);
        assert!(text.contains("l.rego"), "{}: {text}", format.name);
    }
}

#[test]
fn rules_and_fixtures_are_tame() {
    let project = project();
    for format in rules::FORMATS.all() {
        run(project.path(), &["rules", "--format", format.name]);
    }
    run(project.path(), &["rules", "no\u{202e}such\u{1b}[31mrule"]);
    let plan = run(project.path(), &["fixture", "plan.json", "-p", "policy", "--no-builtin"]);
    parsed(&plan);
}

/// So are the texts of settings.
#[test]
fn waivers_are_tame_in_every_format() {
    let project = project();
    let text = toml::Value::from(HOSTILE);
    let waiver = |rule: &str| {
        format!(
            "[[waivers]]\nrule = {rule}\naddress = \"*\"\nreason = {text}\nowner = {text}\nticket = {text}\n\
             expires = 2999-12-31\n"
        )
    };
    let known = waiver("\"data.main.*\"");
    let settings = format!("[policies]\npaths = [\"policy\"]\n{known}{}", waiver(&text.to_string()));
    fs::write(project.path().join("planguard.toml"), settings).expect("the settings");
    for format in waivers::FORMATS.all() {
        run(project.path(), &["waivers", "--format", format.name]);
        run(project.path(), &["waivers", "plan.json", "--format", format.name]);
    }
    for format in check::FORMATS.all() {
        run(project.path(), &["check", "plan.json", "--no-builtin", "--format", format.name]);
    }
}

/// So are those of a baseline, which a program writes and anybody may edit.
#[test]
fn baselines_are_tame_in_every_format() {
    let project = project();
    let arguments = ["baseline", "plan.json", "--no-builtin", "-p", "policy"];
    assert!(run(project.path(), &arguments).contains("wrote planguard-baseline.json"));
    let file = project.path().join("planguard-baseline.json");
    let written = fs::read_to_string(&file).expect("the baseline");
    assert_tame(written.as_bytes(), "the baseline", &[]);
    assert!(!written.contains("owned"), "no message is in it: {written}");
    let entry = json!({
        "plan": "plan.json", "rule": HOSTILE, "address": HOSTILE, "attribute": HOSTILE, "fingerprint": "0".repeat(64),
    });
    for text in [
        json!({"version": 1, "findings": [entry]}).to_string(),
        json!({"version": HOSTILE, "findings": []}).to_string(),
        json!({"version": 1, HOSTILE: []}).to_string(),
        json!({"version": 1, "findings": [{"rule": HOSTILE, "fingerprint": HOSTILE}]}).to_string(),
    ] {
        fs::write(&file, text).expect("written");
        for format in check::FORMATS.all() {
            let flags = ["--baseline", "planguard-baseline.json", "--format", format.name];
            run(
                project.path(),
                &[&["check", "plan.json", "--no-builtin", "-p", "policy"], &flags[..]].concat(),
            );
        }
    }
}

/// So are the names of people and groups, and what is said of a run.
#[test]
fn environments_and_approvals_are_tame_in_every_format() {
    let project = project();
    // JSON escapes in a way that TOML takes in keys as well.
    let text = literal();
    let settings = format!(
        "[policies]\npaths = [\"policy\"]\n[env.production]\nmatch = {{ branch = \"*\", label = {text} }}\n\
         [env.production.approve]\nfrom = [{text}]\n[env.production.rules]\n\
         \"data.main.*\" = {{ enforcement = \"approve\", reason = {text} }}\n[groups]\n{text} = [{text}, \"bob\"]\n"
    );
    fs::write(project.path().join("planguard.toml"), settings).expect("the settings");
    let context = |people: &[&str]| {
        let part = json!({"branch": HOSTILE, "labels": [HOSTILE], "author": "alice", "approvals": people});
        fs::write(project.path().join("run.json"), json!({ "planguard": part }).to_string())
            .expect("written");
    };
    for people in [&[HOSTILE][..], &["bob", "x\u{202e}\n::error::y ##vso[z"], &["x\u{1b}[31m\n::error::y"]] {
        context(people);
        for format in check::FORMATS.all() {
            let arguments =
                ["check", "plan.json", "--no-builtin", "--context", "run.json", "--format", format.name];
            let text = run(project.path(), &[&arguments[..], &["--audit", "audit.jsonl"]].concat());
            if format.name == "json" {
                assert!(
                    has(
                        &parsed(&text)["environment"],
                        &format!("branch `{HOSTILE}` matches `*`, label `{HOSTILE}` matches `{HOSTILE}`")
                    ),
                    "{text}"
                );
            }
            if format.extension == "xml" {
                quick_junit::Report::deserialize_from_str(&text).expect("XML");
            }
        }
    }
    let log = fs::read(project.path().join("audit.jsonl")).expect("the log");
    assert_tame(&log, "the audit log", &[]);
    let log = String::from_utf8(log).expect("UTF-8");
    assert!(log.lines().any(|line| has(&parsed(line)["who"], HOSTILE.trim())), "{log}");
    // What is wrong is named, too.
    for arguments in [&["--env", HOSTILE][..], &["--approvals", "bad.json"], &["--context", "bad.json"]] {
        let bad = json!({"planguard": {HOSTILE: 1}, "reviews": [{"by": "a", "state": HOSTILE}]});
        fs::write(project.path().join("bad.json"), bad.to_string()).expect("written");
        run(project.path(), &[&["check", "plan.json", "--no-builtin"], arguments].concat());
    }
}

/// File names are texts too.
#[cfg(unix)]
#[test]
fn names_of_files_are_tame() {
    let project = project();
    let name = "a\u{1b}[31m\u{202e}\t\n::error::b ##vso[c\u{200b}";
    fs::copy(project.path().join("plan.json"), project.path().join(format!("{name}.json"))).expect("copied");
    fs::copy(project.path().join("lint/l.rego"), project.path().join(format!("lint/{name}.rego")))
        .expect("copied");
    fs::write(project.path().join(format!("{name}.broken.json")), "{").expect("written");
    for format in check::FORMATS.all() {
        for file in [format!("{name}.json"), format!("{name}.broken.json"), format!("{name}.none")] {
            let text = run(project.path(), &["check", "--format", format.name, &file]);
            if format.name == "json" {
                assert!(has(&parsed(&text), &file), "{text}");
            }
        }
    }
    for format in lint::FORMATS.all() {
        run(project.path(), &["lint", "--format", format.name, "lint"]);
    }
}
