//! Settings as a project uses them: from flags, variables, `planguard.toml` and `conftest.toml`, in every command.

use std::fs;
use std::path::Path;
use std::process::Command;

use planguard::settings::{Files, NAMES, Sources, resolve};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::{planguard, run};

const POLICY: &str = "package main\n\ndeny contains \"no\" if input.resource_changes\n";

/// The commands that read settings, each with what it needs to start.
const COMMANDS: [&[&str]; 5] =
    [&["check", "plan.json"], &["test"], &["lint"], &["eval", "data"], &["fixture", "plan.json"]];

/// A directory with a plan, a policy in `policies`, and a `planguard.toml`.
fn project(settings: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/stateful-changes/plan.json");
    fs::copy(fixture, directory.path().join("plan.json")).expect("the fixture");
    fs::write(directory.path().join("planguard.toml"), settings).expect("the settings");
    fs::create_dir(directory.path().join("policies")).expect("a directory");
    fs::write(directory.path().join("policies/no.rego"), POLICY).expect("the policy");
    directory
}

fn check(project: &TempDir, flags: &[&str]) -> (Option<i32>, String, String) {
    run(planguard(project.path(), &[&["check", "plan.json"], flags].concat()))
}

/// What all five commands report as their settings, which must be the same.
fn resolved(project: &TempDir, flags: &[&str], variables: &[(&str, &str)]) -> Value {
    let mut all = COMMANDS.iter().map(|start| {
        let mut command = planguard(project.path(), &[start, flags, &["--print-settings=json"]].concat());
        command.envs(variables.iter().copied());
        let (code, printed, notes) = run(command);
        assert_eq!(code, Some(0), "{start:?}: {notes}");
        let settings: Value = serde_json::from_str(&printed).expect("JSON");
        (start, settings)
    });
    let (_, first) = all.next().expect("a command");
    for (start, settings) in all {
        assert_eq!(settings, first, "{start:?}");
    }
    first
}

fn in_file(file: &str, line: Option<usize>) -> Value {
    json!({ "kind": "file", "file": file, "line": line })
}

const CONFTEST: &str = "policy = \"rules\"\nnamespace = \"aws\"\ndata = [\"data\"]\nrego-version = \"v0\"\n";

const PLANGUARD: &str = "\
[check]
fail-on = \"high\"
unknown = \"ignore\"
gate = \"introduced\"
builtin = false
packs = [\"required-tags\"]
guardrails = [\"guards\"]
max-destroys = 3

[policies]
paths = [\"policies\"]
convention = \"conftest\"
context = \"run.json\"
timeout = 30

[packs.required-tags.tags]
owner = {}
";

#[test]
fn five_commands_agree_on_every_setting_and_its_origin() {
    let flags: &[&str] = &["--policy", "p", "--namespace", "n", "--rego-version", "auto", "--timeout", "5"];
    let variables: &[(&str, &str)] = &[
        ("PLANGUARD_POLICY", "a,b"),
        ("PLANGUARD_NAMESPACE", "*"),
        ("PLANGUARD_FAIL_ON", "critical"),
        ("PLANGUARD_PACK", "blast-radius"),
        ("PLANGUARD_POLICY_TIMEOUT", "7"),
    ];
    let default = json!({ "kind": "default" });
    let flag = |name: &str| json!({ "kind": "flag", "flag": name });
    let variable = |name: &str| json!({ "kind": "variable", "variable": name });
    let (conftest, own) =
        (|line| in_file("conftest.toml", Some(line)), |line| in_file("planguard.toml", Some(line)));
    type Expected = Vec<(&'static str, Value, Value)>;
    type Row<'r> = (&'r str, &'r str, &'r [&'r str], &'r [(&'r str, &'r str)], Expected);
    let table: Vec<Row<'_>> = vec![
        (
            "",
            "",
            &[],
            &[],
            vec![
                ("policies.paths", json!([]), default.clone()),
                ("policies.namespaces", json!(["main"]), default.clone()),
                ("policies.context", Value::Null, default.clone()),
                ("check.fail-on", json!("medium"), default.clone()),
                ("check.unknown", json!("deny-critical"), default.clone()),
                ("policies.timeout", json!(10), default.clone()),
            ],
        ),
        (
            CONFTEST,
            "",
            &[],
            &[],
            vec![
                ("policies.paths", json!(["rules"]), conftest(1)),
                ("policies.namespaces", json!(["aws"]), conftest(2)),
                ("policies.data", json!(["data"]), conftest(3)),
                ("policies.rego-version", json!("v0"), conftest(4)),
                ("check.fail-on", json!("medium"), default.clone()),
            ],
        ),
        (
            "",
            PLANGUARD,
            &[],
            &[],
            vec![
                ("check.fail-on", json!("high"), own(2)),
                ("check.unknown", json!("ignore"), own(3)),
                ("check.gate", json!("introduced"), own(4)),
                ("check.builtin", json!(false), own(5)),
                ("check.packs", json!(["required-tags"]), own(6)),
                ("check.guardrails", json!(["guards"]), own(7)),
                ("check.max-destroys", json!(3), own(8)),
                ("policies.paths", json!(["policies"]), own(11)),
                ("policies.convention", json!("conftest"), own(12)),
                ("policies.context", json!("run.json"), own(13)),
                ("policies.timeout", json!(30), own(14)),
                ("packs.required-tags", json!({ "tags": { "owner": {} } }), own(16)),
                ("policies.data", json!([]), default.clone()),
            ],
        ),
        (
            CONFTEST,
            PLANGUARD,
            &[],
            &[],
            vec![
                ("policies.paths", json!(["policies"]), own(11)),
                ("policies.namespaces", json!(["aws"]), conftest(2)),
                ("policies.data", json!(["data"]), conftest(3)),
            ],
        ),
        (
            CONFTEST,
            PLANGUARD,
            &[],
            variables,
            vec![
                ("policies.paths", json!(["a", "b"]), variable("PLANGUARD_POLICY")),
                ("policies.namespaces", json!(["*"]), variable("PLANGUARD_NAMESPACE")),
                ("policies.data", json!(["data"]), conftest(3)),
                ("policies.timeout", json!(7), variable("PLANGUARD_POLICY_TIMEOUT")),
                ("check.fail-on", json!("critical"), variable("PLANGUARD_FAIL_ON")),
                (
                    "check.packs",
                    json!(["required-tags", "blast-radius"]),
                    json!({ "kind": "added", "to": own(6), "by": variable("PLANGUARD_PACK") }),
                ),
            ],
        ),
        (
            CONFTEST,
            PLANGUARD,
            flags,
            variables,
            vec![
                ("policies.paths", json!(["p"]), flag("--policy")),
                ("policies.namespaces", json!(["n"]), flag("--namespace")),
                ("policies.rego-version", json!("auto"), flag("--rego-version")),
                ("policies.timeout", json!(5), flag("--policy-timeout")),
                ("policies.data", json!(["data"]), conftest(3)),
                ("check.fail-on", json!("critical"), variable("PLANGUARD_FAIL_ON")),
            ],
        ),
        (
            CONFTEST,
            PLANGUARD,
            &["--no-config"],
            &[],
            vec![
                ("policies.paths", json!([]), default.clone()),
                ("check.fail-on", json!("medium"), default.clone()),
            ],
        ),
        (
            CONFTEST,
            PLANGUARD,
            &["--convention", "spacelift"],
            &[],
            vec![
                ("policies.convention", json!("spacelift"), flag("--convention")),
                ("policies.namespaces", json!(["main"]), default.clone()),
            ],
        ),
        (
            CONFTEST,
            PLANGUARD,
            &["--config", "planguard.toml"],
            &[],
            vec![
                ("policies.namespaces", json!(["main"]), default.clone()),
                ("policies.paths", json!(["policies"]), own(11)),
            ],
        ),
    ];
    for (conftest, own, flags, variables, expected) in table {
        let project = project(own);
        if own.is_empty() {
            fs::remove_file(project.path().join("planguard.toml")).expect("removed");
        }
        if !conftest.is_empty() {
            fs::write(project.path().join("conftest.toml"), conftest).expect("the settings");
        }
        let settings = resolved(&project, flags, variables);
        for (name, value, origin) in expected {
            let wanted = json!({ "value": value, "origin": origin });
            assert_eq!(settings[name], wanted, "{name} with {flags:?} and {variables:?}");
        }
    }
}

#[test]
fn five_commands_find_the_same_policies() {
    let project = project("");
    fs::write(
        project.path().join("conftest.toml"),
        "policy = \"rules\"\nnamespace = \"aws\"\ndata = [\"d\"]\n",
    )
    .expect("the settings");
    for directory in ["rules", "d"] {
        fs::create_dir(project.path().join(directory)).expect("a directory");
    }
    let write = |name: &str, text: &str| fs::write(project.path().join(name), text).expect("written");
    write("d/limits.json", r#"{"limits": {"word": "no"}}"#);
    write("rules/a.rego", "package aws\n\ndeny contains data.limits.word if input.resource_changes\n");
    write(
        "rules/a_test.rego",
        "package aws_test\n\nimport data.aws\n\ntest_deny if aws.deny == {\"no\"} with input as {\"resource_changes\": []}\n",
    );
    // What lies elsewhere must not be looked at.
    write("policies/no.rego", "package broken\n\nx := nonsense(1)\n");
    let plan = ["eval", "--plan", "plan.json", "--format", "values", "data.aws.deny"];
    for (arguments, code, shown) in [
        (&["check", "plan.json", "--no-builtin"][..], 1, "data.aws.deny"),
        (&["lint"], 0, "2 files: 0 errors"),
        (&["test"], 0, "1 passed"),
        (&plan, 0, "[[\"no\"]]"),
        (&["fixture", "plan.json", "--no-builtin", "--resource", "*"], 0, "resource_changes"),
    ] {
        let (found, printed, notes) = run(planguard(project.path(), arguments));
        assert_eq!(found, Some(code), "{arguments:?} {printed}{notes}");
        assert!(printed.contains(shown), "{arguments:?} {printed}");
    }
}

#[test]
fn the_file_of_the_project_counts_and_is_named() {
    let project = project("[check]\nbuiltin = false\n[policies]\npaths = [\"policies\"]\n");
    let (code, report, notes) = check(&project, &[]);
    assert_eq!(code, Some(1), "{report}{notes}");
    assert!(report.contains("1 of 1 rule applies"), "{report}");
    assert!(notes.contains("note[PG-CF-101]: settings are read from planguard.toml"), "{notes}");
}

/// Whether a line of the report says that the budget for destruction denies.
fn is_denial(line: &str) -> bool {
    line.contains("[change-blast-radius]") && !line.contains("(warning")
}

#[test]
fn flags_win_over_the_file() {
    let project =
        project("[check]\nmax-destroys = 4\nfail-on = \"critical\"\n[policies]\npaths = [\"policies\"]\n");
    let denies = |flags: &[&str]| {
        let (_, report, _) = check(&project, flags);
        report.lines().any(is_denial)
    };
    assert!(!denies(&[]));
    assert!(denies(&["--fail-on", "low"]));
    assert!(!denies(&["--fail-on", "low", "--max-destroys", "5"]));
    let (_, report, notes) = check(&project, &["--no-config"]);
    assert!(!report.contains("main.deny") && notes.is_empty(), "{report}{notes}");
}

#[test]
fn variables_win_over_the_file_and_are_named() {
    let project = project("[check]\nfail-on = \"critical\"\nmax-destroys = 4\n");
    let mut command = planguard(project.path(), &["check", "plan.json"]);
    let (_, report, notes) = run({
        command.env("PLANGUARD_FAIL_ON", "low");
        command
    });
    assert!(report.lines().any(is_denial), "{report}");
    assert!(
        notes.contains("note[PG-CF-103]: settings are read from the environment: PLANGUARD_FAIL_ON"),
        "{notes}"
    );
    let mut command = planguard(project.path(), &["lint", "policies"]);
    command.env("PLANGUARD_FAIL_ON", "hgih");
    let (code, _, notes) = run(command);
    assert_eq!(code, Some(2));
    assert!(notes.contains("PG-CF-004") && notes.contains("did you mean `high`?"), "{notes}");
}

#[test]
fn a_variable_names_the_file() {
    let project = project("[check]\nbuiltin = false\n");
    let path = project.path().join("other.toml");
    fs::write(path, "[check]\nfail-on = \"low\"\n").expect("the settings");
    let settings = resolved(&project, &[], &[("PLANGUARD_CONFIG", "other.toml")]);
    assert_eq!(settings["check.fail-on"]["origin"], in_file("other.toml", Some(2)));
    assert_eq!(settings["check.builtin"]["value"], true);
    let settings = resolved(&project, &["--config", "planguard.toml"], &[("PLANGUARD_CONFIG", "other.toml")]);
    assert_eq!(settings["check.builtin"]["value"], false);
}

#[test]
fn a_broken_file_leaves_the_run_undecided_and_hides_nothing() {
    let project = project("[check]\nfail-on = \"hgih\"\n");
    let (code, report, notes) = check(&project, &[]);
    assert_eq!(code, Some(2));
    assert!(report.contains("change-stateful"), "{report}");
    assert!(report.contains("PG-CF-002") && report.contains("hgih"), "{report}");
    assert!(!notes.contains("PG-CF-002"), "a log that has both streams has it once: {notes}");
    let (code, report, _) = check(&project, &["--config", "missing.toml"]);
    assert_eq!(code, Some(2));
    assert!(report.contains("PG-CF-001"), "{report}");
}

/// Every command ends, with an error of its own, whatever stands in the place of a settings file.
#[cfg(unix)]
#[test]
fn what_is_not_a_regular_file_is_an_error_in_every_command() {
    for name in ["planguard.toml", "conftest.toml"] {
        let project = project("");
        let path = project.path().join(name);
        let _ = fs::remove_file(&path);
        let make: [(&str, &dyn Fn()); 3] = [
            ("directory", &|| fs::create_dir(&path).expect("made")),
            ("link", &|| std::os::unix::fs::symlink("missing", &path).expect("made")),
            ("pipe", &|| {
                let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo starts");
                assert!(made.success());
            }),
        ];
        for (what, make) in make {
            make();
            for start in COMMANDS {
                let (code, report, notes) = run(planguard(project.path(), start));
                let notes = report + &notes;
                assert_eq!(code, Some(2), "{what} {start:?}");
                assert!(notes.contains("PG-CF-001") && notes.contains(name), "{what} {start:?}: {notes}");
            }
            if what == "directory" {
                fs::remove_dir(&path).expect("removed");
            } else {
                fs::remove_file(&path).expect("removed");
            }
        }
    }
}

#[test]
fn conftests_own_file_is_followed() {
    let project = project("[check]\nbuiltin = false\n");
    let conftest = project.path().join("conftest.toml");
    fs::write(&conftest, "policy = [\"policies\"]\noutput = \"tap\"\n").expect("the settings");
    let (code, report, notes) = check(&project, &[]);
    assert_eq!(code, Some(1), "{report}{notes}");
    assert!(report.contains("main.deny"), "{report}");
    let note = "note[PG-CF-102]: settings of policies are read from conftest.toml; ignored keys: output";
    assert!(notes.contains(note), "{notes}");
    let (code, _, _) = check(&project, &["--policy", "policies", "--convention", "conftest"]);
    assert_eq!(code, Some(1));
    fs::write(&conftest, "combine = true\n").expect("the settings");
    let (code, report, _) = check(&project, &[]);
    assert_eq!(code, Some(2));
    assert!(report.contains("PG-CF-003") && report.contains("combine"), "{report}");
    let (code, _, _) = check(&project, &["--convention", "spacelift", "--policy", "policies"]);
    assert_eq!(code, Some(2), "no conftest.toml on other platforms, and these are no policies of Spacelift");
}

#[test]
fn policy_flags_without_policies_are_refused() {
    let (code, report, _) = check(&project(""), &["--namespace", "main"]);
    assert_eq!(code, Some(2));
    assert!(report.contains("PG-CL-003"), "{report}");
}

#[test]
fn fixtures_use_packs_with_their_parameters_and_hand_them_on_to_the_case() {
    let project = project(
        "[check]\nbuiltin = false\npacks = [\"required-tags\"]\n[packs.required-tags.tags]\nowner = {}\n\
         [packs.required-tags]\ntypes = [\"*\"]\n",
    );
    let (code, report, notes) = check(&project, &[]);
    assert!(code == Some(1) && report.contains("required-tags/missing"), "{report}{notes}");
    let (code, _, notes) = run(planguard(project.path(), &["fixture", "plan.json", "--output", "case"]));
    assert_eq!(code, Some(0), "{notes}");
    let case = fs::read_to_string(project.path().join("case/cases.toml")).expect("the case");
    assert!(case.contains("[parameters.required-tags"), "{case}");
    let (code, report, notes) = run(planguard(project.path(), &["test", "case"]));
    assert_eq!(code, Some(0), "{report}{notes}{case}");
}

#[test]
fn tests_lie_beside_the_policies_and_guardrails_of_the_settings() {
    let project = project("[check]\nguardrails = [\"guards\"]\n[policies]\npaths = [\"policies\"]\n");
    let test = "package t\n\ntest_x if true\n";
    fs::write(project.path().join("policies/a_test.rego"), test).expect("written");
    fs::create_dir(project.path().join("elsewhere")).expect("a directory");
    fs::write(project.path().join("elsewhere/b_test.rego"), test).expect("written");
    let (code, _, notes) = run(planguard(project.path(), &["new", "guardrail", "acme-x"]));
    assert_eq!(code, Some(0), "{notes}");
    fs::rename(project.path().join("guardrails"), project.path().join("guards")).expect("renamed");
    let (code, report, notes) = run(planguard(project.path(), &["test", "--verbose"]));
    assert_eq!(code, Some(0), "{report}{notes}");
    assert!(report.contains("guards") && report.contains("a_test.rego"), "{report}");
    assert!(!report.contains("b_test.rego"), "{report}");
    let (_, report, _) = run(planguard(project.path(), &["test", "elsewhere"]));
    assert!(report.contains("b_test.rego") && !report.contains("guards"), "{report}");
}

/// The example of the manual, read as a settings file.
fn documented() -> Vec<String> {
    let page = include_str!("../../docs/configuration.md");
    let example =
        page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("planguard.toml");
    fs::write(&path, example).expect("written");
    let resolution = resolve(Sources { files: Files::Named(path), ..Sources::default() });
    assert!(resolution.errors.is_empty(), "{:?}", resolution.errors);
    let entries = resolution.settings.entries().into_iter();
    entries
        .filter(|entry| entry.origin != planguard::settings::Origin::Default)
        .map(|entry| entry.name)
        .collect()
}

#[test]
fn every_key_and_every_variable_is_documented() {
    let documented = documented();
    let page = include_str!("../../docs/configuration.md");
    for name in NAMES {
        let key = format!("{}.{}", name.table, name.key);
        assert!(documented.contains(&key), "{key} is not in the example");
        assert!(page.contains(&format!("`{}`", name.variable)), "{} is not documented", name.variable);
    }
}
