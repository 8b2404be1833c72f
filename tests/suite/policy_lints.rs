//! What linting calls an error leaves a check undecided, unless the settings lower it with a reason.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use planguard::lint::{Level, Lint};
use tempfile::TempDir;

use super::shared::files_below;

const PLAN: &str = r#"{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
    "resource_changes": [{"address": "random_id.a", "mode": "managed", "type": "random_id", "name": "a",
        "provider_name": "registry.terraform.io/hashicorp/random", "change": {"actions": ["create"], "before": null,
        "after": {"byte_length": 4}, "after_unknown": {}, "before_sensitive": false, "after_sensitive": {}}}]}"#;

/// A policy that decides, so that a mistake in the name of another is no lack of policies.
const OTHER: &str = "package main\n\ndeny_other contains \"never\" if input.format_version == \"0\"\n";

const CHECK: &[&str] = &["check", "--no-builtin", "-p", "policies", "plan.json"];

const LINT: &[&str] = &["lint", "policies"];

/// A directory with these files, a plan, and a policy that finds nothing.
fn project(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files.iter().chain(&[("plan.json", PLAN), ("policies/other.rego", OTHER)]) {
        write(&directory.path().join(name), text);
    }
    directory
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("created");
    fs::write(path, text).expect("written");
}

fn planguard(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.args(arguments).current_dir(directory).output().expect("planguard starts")
}

/// Runs a command, expects an exit code, and returns what it prints on both streams.
fn run(directory: &Path, arguments: &[&str], code: i32) -> String {
    let output = planguard(directory, arguments);
    let text =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    text
}

/// How many findings of a lint a report prints.
fn count(text: &str, code: &str) -> usize {
    text.lines().filter(|line| line.split(' ').next() == Some(code)).count()
}

/// A project with the wrong example of a lint.
fn wrong(lint: Lint) -> TempDir {
    let project = project(&[]);
    let directory = Path::new("fixtures/lint/examples").join(lint.info().name).join("wrong");
    for file in files_below(&directory) {
        let text = fs::read_to_string(&file).expect("an example is text");
        let name = file.strip_prefix(&directory).expect("below it");
        write(&project.path().join("policies").join(name), &text);
    }
    project
}

fn errors() -> impl Iterator<Item = Lint> {
    Lint::ALL.into_iter().filter(|lint| lint.info().level == Level::Error)
}

#[test]
fn an_error_of_a_lint_leaves_the_check_undecided() {
    for lint in errors() {
        let (code, project) = (lint.info().code, wrong(lint));
        assert_eq!(count(&run(project.path(), LINT, 1), code), 1, "{code}");
        let text = run(project.path(), CHECK, 2);
        assert_eq!(count(&text, code), 1, "{text}");
        assert!(text.contains("INCOMPLETE: 1 error (above)"), "one fault is reported once: {text}");
    }
}

#[test]
fn a_lint_that_the_settings_lower_is_told_with_the_reason() {
    for lint in errors().filter(|lint| !lint.is_refused_by_engine()) {
        let (info, project) = (lint.info(), wrong(lint));
        for (name, level) in [(info.name, "warning"), (info.code, "pedantic")] {
            let settings = format!("[lints]\n{name} = {{ level = \"{level}\", reason = \"on trial\" }}\n");
            write(&project.path().join("planguard.toml"), &settings);
            run(project.path(), LINT, 0);
            let text = run(project.path(), CHECK, 0);
            let told = format!("note[{}]: 1 finding of the lint {} accepted", info.code, info.name);
            assert!(text.contains(&told), "{text}");
            let reason = format!("it has the level {level} in planguard.toml:2, because on trial");
            assert!(text.contains(&reason), "{text}");
        }
    }
}

#[test]
fn what_lets_resources_pass_that_a_policy_means_to_deny_is_told() {
    let condition = |line: &str| {
        format!(
            "package main\n\ndeny contains msg if {{\n\tsome rc in input.resource_changes\n\trc.type == \
             \"aws_db_instance\"\n\tafter := rc.change.after\n\t{line}\n\tmsg := rc.address\n}}\n"
        )
    };
    let told = [
        ("not after.kms_key_id == null", None),
        ("not after.tags", Some("note[PG-LN-054]: `not after.tags` misses resources that do not set it")),
        ("not after.tags.Owner", None),
        ("not after.engine", None),
        ("not after.publicly_accessible", None),
        (
            "not after.deletion_protection",
            Some("note[PG-LN-055]: `not after.deletion_protection` misses resources"),
        ),
        (
            "after.storage_encrypted == false",
            Some("note[PG-LN-055]: `after.storage_encrypted == false` misses"),
        ),
        ("after.storage_encrypted != true", None),
        (
            "not after.restore_to_point_in_time",
            Some("note[PG-LN-054]: `not after.restore_to_point_in_time` misses"),
        ),
        ("count({after.restore_to_point_in_time[_].restore_time} & {null}) == 0", Some("note[PG-LN-056]")),
        ("count({time | time := after.restore_to_point_in_time[_].restore_time} & {null}) == 0", None),
        (
            "after.restore_to_point_in_time[_].use_latest_restorable_time; \
             sprintf(\"%v\", [after.restore_to_point_in_time[0].restore_time]) != \"\"",
            None,
        ),
        // The policy looks for null elsewhere.
        (
            "not after.tags\n\tmsg := rc.address\n}\n\nuntagged contains rc.address if {\n\tsome rc in \
          input.resource_changes\n\trc.change.after.tags == null",
            None,
        ),
        ("not deny_other", Some("note[PG-LN-039]: `not deny_other` is never true")),
        ("count(deny_other) == 0", None),
    ];
    for (line, told) in told {
        let project = project(&[("policies/a.rego", &condition(line))]);
        let text = run(project.path(), CHECK, 0);
        match told {
            Some(told) => {
                assert!(text.contains(told) && text.contains("policies/a.rego:7"), "{line}: {text}")
            }
            None => assert!(!text.contains("note[PG-LN-0"), "{line}: {text}"),
        }
    }
    let ignored =
        condition("# planguard:ignore null-as-absent because tags are always set\n\tnot after.tags");
    let project = project(&[("policies/a.rego", &ignored)]);
    let text = run(project.path(), CHECK, 0);
    assert!(!text.contains("note[PG-LN-0"), "{text}");
}

#[test]
fn what_the_engine_cannot_evaluate_has_no_other_level() {
    for lint in errors().filter(|lint| lint.is_refused_by_engine()) {
        let project = wrong(lint);
        let name = lint.info().name;
        let settings = format!("[lints]\n{name} = {{ level = \"warning\", reason = \"on trial\" }}\n");
        write(&project.path().join("planguard.toml"), &settings);
        for command in [LINT, CHECK] {
            let text = run(project.path(), command, 2);
            assert!(text.contains("has no other level: the engine cannot evaluate"), "{text}");
        }
    }
}

#[test]
fn an_ignore_comment_counts_for_the_check_if_it_gives_a_reason() {
    let policy = |comment: &str| {
        format!(
            "package main\n\ndeny contains msg if {{\n\tsome rc in input.resource_changes\n\
             \trc.type == \"aws_s3_bucket\"\n\t{comment}\n\trc.change.after.acll == \"public\"\n\tmsg := rc.address\n}}\n"
        )
    };
    for (comment, code, part) in [
        ("# planguard:ignore unknown-attribute because a fork of the provider has it", 0, "PASS"),
        ("# planguard:ignore unknown-attribute", 2, "PG-LN-080"),
        ("# planguard:ignore unknown-data because of nothing", 2, "PG-LN-040"),
    ] {
        let project = project(&[("policies/a.rego", &policy(comment))]);
        let text = run(project.path(), CHECK, code);
        assert!(text.contains(part), "{text}");
    }
    // The engine finds these, and the comment is for both.
    for (line, lint) in [
        ("count(data.exemptions) > 1", "unknown-data"),
        ("count(input.resource_change) > 1", "unknown-input"),
    ] {
        let text = format!(
            "package main\n\ndeny contains \"x\" if {{\n\t# planguard:ignore {lint} because it is on trial\n\t{line}\n}}\n"
        );
        let project = project(&[("policies/a.rego", &text)]);
        run(project.path(), LINT, 0);
        run(project.path(), CHECK, 0);
    }
}

/// A check judges only what it evaluates: `lint` reports the same findings, which say nothing of this verdict.
#[test]
fn what_a_check_does_not_evaluate_leaves_it_decided() {
    let of_kubernetes = "package kubernetes\n\ndeny contains \"x\" if input.kind == \"Pod\"\n";
    let unused =
        "package main\n\nunused if {\n\tsome rc in input.resource_changes\n\trc.adress == \"x\"\n}\n";
    let test = "package main_test\n\nimport data.main\n\ntest_a if count(main.deny_other) == 0 with input as 1\n\n\
        helper if { some rc in input.resource_changes; rc.type == \"aws_s3_buckett\" }\n";
    for (name, text) in [("k.rego", of_kubernetes), ("unused.rego", unused), ("other_test.rego", test)] {
        let project = project(&[(&format!("policies/{name}"), text)]);
        run(project.path(), CHECK, 0);
    }
    let selected = project(&[("policies/k.rego", of_kubernetes)]);
    let arguments = [CHECK, &["--all-namespaces"]].concat();
    assert!(run(selected.path(), &arguments, 2).contains("PG-LN-030"));
    // A helper in another package is evaluated with the rule that uses it.
    let helper = "package lib\n\nis_public(rc) if { rc.type == \"aws_s3_buckett\" }\n";
    let user = "package main\n\nimport data.lib\n\ndeny contains rc.address if {\n\
        \tsome rc in input.resource_changes\n\tlib.is_public(rc)\n}\n";
    let used = project(&[("policies/lib.rego", helper), ("policies/user.rego", user)]);
    assert!(run(used.path(), CHECK, 2).contains("PG-LN-032"));
}

/// Each of these is right, or may be: none leaves a check undecided.
#[test]
fn what_may_be_meant_is_no_error() {
    let rule = |body: &str| {
        format!(
            "package main\n\ndeny contains msg if {{\n\tsome rc in input.resource_changes\n{body}\tmsg := rc.address\n}}\n"
        )
    };
    let database = "\trc.type == \"aws_db_instance\"\n";
    let alternatives = format!(
        "{}\nis_on(x) if x == true\n\nis_on(x) if x == \"true\"\n",
        rule(&format!("{database}\tis_on(rc.change.after.publicly_accessible)\n"))
    );
    for policy in [
        rule(&format!("{database}\trc.change.after.publicly_accessible in {{true, \"true\"}}\n")),
        rule("\trc.provider_name in {\"aws\", \"registry.terraform.io/hashicorp/aws\"}\n"),
        // A replacement is deleted, too, and has both sides.
        rule(&format!(
            "{database}\t\"delete\" in rc.change.actions\n\trc.change.after.deletion_protection == false\n"
        )),
        // Another release may have the attribute or the type.
        rule(&format!("{database}\tobject.get(rc.change.after, \"of_another_release\", false)\n")),
        rule("\trc.type == \"kubernetes_ingress_v2\"\n"),
        rule("\trc.type == \"azurerm_x\"\n"),
        // No release before the present major version is known.
        rule("\trc.type == \"cloudflare_load_balancer\"\n\trc.change.after.default_pool_ids[_] == \"x\"\n"),
        alternatives,
    ] {
        let project = project(&[("policies/a.rego", &policy)]);
        run(project.path(), CHECK, 0);
    }
    // Another package uses it, so that its name is meant.
    let files = [
        ("policies/a.rego", "package main\n\ndeny contains msg if some msg in data.mains.deny\n"),
        ("policies/b.rego", "package mains\n\ndeny contains \"x\" if input.format_version == \"0\"\n"),
    ];
    run(project(&files).path(), CHECK, 0);
    // Whoever selects packages means these.
    let other = "package mian\n\ndeny contains \"x\" if true\n";
    let files =
        [("policies/a.rego", other), ("policies/b.rego", "package team\n\ndeny contains \"x\" if false\n")];
    run(project(&files).path(), &[CHECK, &["--namespace", "team"]].concat(), 0);
}

#[test]
fn the_settings_print_the_levels_of_lints() {
    let project = project(&[(
        "planguard.toml",
        "[policies]\npaths = [\"policies\"]\n\n[lints]\nPG-LN-040 = { level = \"warning\", reason = \"a fork has more\" }\n",
    )]);
    let text = run(project.path(), &["check", "--print-settings"], 0);
    assert!(
        text.contains(r#"lints.unknown-attribute = { level = "warning", reason = "a fork has more" }"#),
        "{text}"
    );
    assert!(text.contains("# planguard.toml:5"), "{text}");
}
