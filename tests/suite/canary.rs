//! What is sensitive in a plan comes out of no command that works on policies, in no format.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use planguard::render::{check, eval, test};
use serde_json::{Value, json};

/// Every sensitive value holds it.
const CANARY: &str = "CANARY";

/// The one that is no text.
const NUMBER: u64 = 471_147_114_711;

/// A policy that tells and returns all it sees, and fails with it.
const POLICY: &str = r#"package main

after := input.resource_changes[0].change.after

deny contains msg if {
	print("whole", input)
	msg := sprintf("%v %s %q", [input, json.marshal(input), input])
}

deny contains {"msg": after.password, "extra": input, "resource": after.password} if true

warn contains msg if {
	some k, v in after
	msg := sprintf("%s %s %v %q", [k, v, {v}, v])
}

whole := input

by_name[after.password] := after.quoted

as_number := to_number(after.password)

as_json := json.unmarshal(after.password)

as_bytes := base64url.decode(after.odd)

as_token := io.jwt.decode(concat(".", [after.odd, after.odd, after.odd]))

as_pattern := regex.match(concat("", ["(", after.password]), "x")

as_time := time.parse_rfc3339_ns(after.password)

as_uri := uri.parse(concat("", ["http://[", after.password]))

two_values := x if some x in [after.password, "another"]
"#;

const CASES: &str = r#"policies = ["policy"]

[[case]]
name = "nothing is found"
plan = "plan.json"
findings = []

[[case]]
name = "something else is found"
plan = "plan.json"
findings = [{ rule = "main.deny", address = "terraform_data.other", message = "x" }]
"#;

fn plan() -> Value {
    let after = json!({
        "password": "CANARY-01-plain",
        "quoted": "CANARY-02 \"a\\b\n<CANARY-03>&é",
        "odd": "CANARY!04",
        "number": NUMBER,
        "deep": ["CANARY-05-element", { "x": "CANARY-06-member" }],
    });
    let mut marks = json!({ "password": true, "quoted": true, "odd": true, "number": true });
    marks["deep"] = json!([true, { "x": true }]);
    let resource = |values: &Value, marks: &Value| {
        json!({ "address": "terraform_data.a", "mode": "managed", "type": "terraform_data", "name": "a",
            "provider_name": "terraform.io/builtin/terraform", "schema_version": 0, "values": values,
            "sensitive_values": marks })
    };
    let output = |value: &str| json!({ "o": { "sensitive": true, "type": "string", "value": value } });
    json!({
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "variables": { "secret": { "value": "CANARY-07-variable" } },
        "planned_values": {
            "outputs": output("CANARY-08-output"),
            "root_module": { "resources": [resource(&after, &marks)] },
        },
        "prior_state": { "format_version": "1.0", "terraform_version": "1.9.0", "values": {
            "outputs": output("CANARY-09-former"),
            "root_module": {
                "resources": [resource(&json!({ "password": "CANARY-10-state" }), &json!({ "password": true }))],
            },
        } },
        "resource_changes": [{
            "address": "terraform_data.a", "mode": "managed", "type": "terraform_data", "name": "a",
            "provider_name": "terraform.io/builtin/terraform",
            "change": {
                "actions": ["update"], "after_unknown": {},
                "before": { "password": "CANARY-11-before" }, "before_sensitive": { "password": true },
                "after": after, "after_sensitive": marks,
            },
        }],
        "output_changes": { "o": {
            "actions": ["update"], "after_unknown": false,
            "before": "CANARY-09-former", "before_sensitive": true,
            "after": "CANARY-08-output", "after_sensitive": true,
        } },
        "configuration": { "root_module": {
            "variables": { "secret": { "sensitive": true, "default": "CANARY-12-default" } },
            "outputs": { "o": { "sensitive": true, "expression": {} } },
            "resources": [{
                "address": "terraform_data.a", "mode": "managed", "type": "terraform_data", "name": "a",
                "provider_config_key": "terraform", "schema_version": 0,
                "expressions": { "password": { "references": ["var.secret"] } },
            }],
        } },
    })
}

/// A directory with the plan, the policy and the cases.
fn project() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("policy")).expect("made");
    for (name, text) in
        [("plan.json", plan().to_string().as_str()), ("policy/p.rego", POLICY), ("cases.toml", CASES)]
    {
        fs::write(directory.path().join(name), text).expect("written");
    }
    directory
}

fn assert_clean(text: &[u8], what: &str) {
    let text = String::from_utf8_lossy(text);
    for secret in [CANARY, &NUMBER.to_string()] {
        assert!(!text.contains(secret), "{what} tells {secret}: {text}");
    }
}

/// Both streams of a run, which must say nothing.
fn run(arguments: &[&str], input: &str, directory: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.args(arguments).current_dir(directory);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("planguard starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("planguard ends");
    let said = [output.stdout, output.stderr].concat();
    assert_clean(&said, &arguments.join(" "));
    String::from_utf8(said).expect("UTF-8")
}

#[test]
fn tests_tell_nothing() {
    let project = project();
    for format in test::FORMATS.all().iter().map(|format| format.name) {
        let said = run(&["test", "-v", "--coverage", "--format", format, "."], "", project.path());
        assert!(said.contains("(sensitive value)"), "{format}: {said}");
    }
    run(&["test", "--update", "."], "", project.path());
    assert_clean(&fs::read(project.path().join("cases.toml")).expect("read"), "the updated file");
}

#[test]
fn checks_tell_nothing() {
    let project = project();
    for format in check::FORMATS.all().iter().map(|format| format.name) {
        let arguments = ["check", "plan.json", "-p", "policy", "--format", format, "--output", "report"];
        run(&arguments, "", project.path());
        let written = fs::read(project.path().join("report")).expect("read");
        assert_clean(&written, format);
        // Numbers alone have no texts.
        let has_texts = !matches!(format, "gitlab-terraform" | "openmetrics");
        let said = String::from_utf8(written).expect("UTF-8");
        assert!(!has_texts || said.contains("(sensitive value)"), "{format}: {said}");
    }
}

#[test]
fn queries_tell_nothing() {
    let project = project();
    let mut queries: Vec<String> = [
        "input",
        "x := input",
        "print(input)",
        "json.marshal(input)",
        "some x in input.resource_changes",
        "data",
    ]
    .map(str::to_owned)
    .to_vec();
    let names = POLICY.lines().filter_map(|line| line.split_once([' ', '[']).map(|(name, _)| name));
    queries.extend(
        names
            .filter(|name| !name.is_empty() && !name.starts_with(['\t', '}']) && *name != "package")
            .map(|rule| format!("data.main.{rule}")),
    );
    for format in eval::FORMATS.all().iter().map(|format| format.name) {
        for query in &queries {
            let arguments = ["eval", "--plan", "plan.json", "-p", "policy", "--format", format, query];
            run(&arguments, "", project.path());
        }
    }
    for rule in queries.iter().filter(|query| query.starts_with("data.main.")) {
        for explain in ["--explain", "--explain=terraform_data.a"] {
            run(&["eval", "--plan", "plan.json", "-p", "policy", explain, rule], "", project.path());
        }
    }
    let entries = format!(
        "{}\n:explain data.main.deny\n:explain data.main.by_name terraform_data.a\n",
        queries.join("\n")
    );
    let arguments = ["eval", "-i", "--plan", "plan.json", "-p", "policy", "--history", "history"];
    assert!(run(&arguments, &entries, project.path()).contains("(sensitive value)"));
    assert_clean(&fs::read(project.path().join("history")).expect("read"), "the history");
}

#[test]
fn fixtures_hold_nothing() {
    let project = project();
    run(&["fixture", "plan.json", "-r", "*"], "", project.path());
    run(&["fixture", "plan.json", "-r", "*", "-p", "policy", "-o", "made"], "", project.path());
    for file in ["plan.json", "cases.toml"] {
        assert_clean(&fs::read(project.path().join("made").join(file)).expect("read"), file);
    }
}
