use std::fs;

use miette::Diagnostic as _;
use planguard_plan::redact::JsonRedactor;

use super::*;
use crate::{BuiltinErrors, ContextOptions, Convention, PolicyInput, WorkspaceOptions};

const PLAN: &str = include_str!("../../../../tests/cmd/data/explain/plan.json");

fn workspace(policy: &str) -> Workspace {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("p.rego"), policy).unwrap();
    let paths = vec![directory.path().to_owned()];
    Workspace::load(&WorkspaceOptions { paths, ..WorkspaceOptions::default() }).unwrap()
}

fn input() -> QueryInput {
    let plan = PolicyInput { name: "plan.json", text: PLAN, plan: None, cost: None };
    QueryInput::of_plan(plan, Convention::CONFTEST, &ContextOptions::default()).unwrap()
}

/// Returns the explanations as lines: the message, and each label with its source text.
fn explained(policy: &str, subject: Subject<'_>) -> String {
    let policy = format!("package main\n\n{policy}");
    let workspace = workspace(&policy);
    let rule = "data.main.deny";
    let explanations = workspace.explain(rule, &input(), subject).unwrap();
    let defined =
        workspace.query("count(data.main.deny) > 0; data.main.deny", &input(), BuiltinErrors::Strict);
    if let (Ok(answers), Subject::Plan) = (defined, subject) {
        let holds = explanations
            .iter()
            .any(|explanation| explanation.depth == 0 && explanation.outcome == BodyOutcome::Satisfied);
        assert_eq!(holds, !answers.results.is_empty(), "the explanation contradicts the result");
    }
    let redactor = JsonRedactor::new(["correct horse".to_owned()].into());
    let mut text = String::new();
    for explanation in &explanations {
        let shown = explanation.redacted(&redactor);
        let indent = "  ".repeat(explanation.depth);
        text.push_str(&format!("{indent}{shown}\n"));
        for label in shown.labels().into_iter().flatten() {
            let at = &policy[label.offset()..label.offset() + label.len()];
            let at = at.split_whitespace().collect::<Vec<_>>().join(" ");
            text.push_str(&format!("{indent}  {at} <- {}\n", label.label().unwrap_or_default()));
        }
        if let Some(help) = shown.help() {
            text.push_str(&format!("{indent}  ({help})\n"));
        }
    }
    text
}

fn about(address: &str, policy: &str) -> String {
    explained(policy, Subject::Address(address))
}

fn plan(policy: &str) -> String {
    explained(policy, Subject::Plan)
}

const LOST: &str = "terraform_data.lost";

#[test]
fn the_first_literal_without_a_solution_is_shown() {
    let policies = [
        "deny contains rc.address if {\n\tsome rc in input.resource_changes\n\trc.mode == \"managed\"\n\trc.name == \"x\"\n}",
        "deny contains \"x\" if input.resource_changes[_].name == \"nobody\"",
        "deny contains \"x\" if {\n\tinput.resource_changes[i].change.after.output.port > 1\n\ti > 0\n}",
        "deny contains \"x\" if {\n\tsome i\n\trc := input.resource_changes[i]\n\tafter := rc.change.after\n\tafter.input.password == \"tr0ub4dor\"\n}",
    ];
    insta::assert_snapshot!(policies.map(|policy| about(LOST, policy)).join("\n"));
}

#[test]
fn literals_may_be_in_any_order() {
    let policies = [
        "deny contains msg if {\n\tmsg = rc.name\n\trc.type == \"a\"\n\trc = input.resource_changes[_]\n}",
        "deny contains msg if {\n\tnot x\n\tx = rc.name\n\trc = input.resource_changes[_]\n\tmsg := x\n}",
    ];
    insta::assert_snapshot!(policies.map(|policy| about(LOST, policy)).join("\n"));
}

#[test]
fn sets_of_resources_are_followed() {
    let policies = [
        "buckets contains rc if {\n\tsome rc in input.resource_changes\n\trc.type == \"bucket\"\n}\ndeny contains rc.name if some rc in buckets",
        "owned contains rc if {\n\tsome rc in input.resource_changes\n\trc.change.after.input.owner\n}\ndeny contains rc.name if some rc in owned",
    ];
    insta::assert_snapshot!(policies.map(|policy| about(LOST, policy)).join("\n"));
}

#[test]
fn collections_are_shown() {
    let policies = ["[]", "\"a\"", "[1]", "input.nothing"];
    let explained =
        policies.map(|xs| plan(&format!("deny contains x if {{\n\txs := {xs}\n\tsome [x, y] in xs\n}}")));
    insta::assert_snapshot!(explained.join("\n"));
}

#[test]
fn functions_are_followed_with_their_arguments() {
    let functions = "big(x) if x > 10\n\nbig(\"x\") := true\n\nkind(x) := \"a\" if {\n\tx == 1\n} else := \"b\" if {\n\tx == 2\n}\n";
    let bodies = ["{\n\ty := 3\n\tbig(y)\n}", "kind(2) == \"a\"", "kind(3) == \"a\"", "not big(11)"];
    let explained = bodies.map(|body| plan(&format!("{functions}deny contains \"x\" if {body}")));
    insta::assert_snapshot!(explained.join("\n"));
}

#[test]
fn every_not_with_and_comprehensions() {
    let bodies = [
        "{\n\tevery i, x in [1, 2, 3] {\n\t\tx < 3\n\t\ti >= 0\n\t}\n}",
        "not 1 == 1",
        "input.foo == 1 with input as {\"foo\": 2}",
        "2 in [y | y := [1, 3][_]]",
        "{\n\txs := {x | some x in [1]}\n\tcount(xs - {1}) > 0\n}",
        "f(3)",
        "[1, 2][i] == 3",
        "walk(input.configuration, [_, \"x\"])",
        "1 == 1 # holds",
    ];
    // An argument with the name of a rule.
    let explained =
        bodies.map(|body| plan(&format!("r := 1\n\nf(r) if r == 2\n\ndeny contains \"x\" if {body}")));
    insta::assert_snapshot!(explained.join("\n"));
}

#[test]
fn values_may_be_undefined() {
    let policies = [
        "deny contains input.nothing.at.all if true",
        "deny contains sprintf(\"%s\", [x]) if x := data.main.other\n\nother := 1 if 1 > 2",
        "deny contains \"constant\"",
        "deny contains x if x := [1, 2, 3, 4, 5][_]",
        "deny contains \"x\" if count(1) == 1",
    ];
    insta::assert_snapshot!(policies.map(plan).join("\n"));
}

#[test]
fn parts_of_a_document_and_defaults_are_explained() {
    let policies = [
        "deny.storage contains \"x\" if 1 > 2\n\ndeny.network contains \"y\" if 2 > 1",
        "default deny := false\n\ndeny if 1 > 2",
    ];
    let mut explained = policies.map(|policy| about(LOST, policy)).to_vec();
    let workspace = workspace("package main\n\ndefault deny := false\n");
    let explanations = workspace.explain("data.main.deny", &input(), Subject::Plan).unwrap();
    explained.extend(explanations.iter().map(|found| found.redacted(&JsonRedactor::default()).to_string()));
    insta::assert_snapshot!(explained.join("\n"));
}

#[test]
fn an_unknown_rule_or_address_is_an_error() {
    let workspace = workspace("package main\n\ndeny contains 1 if true\n");
    let missing = workspace.explain("data.main.denny", &input(), Subject::Plan).unwrap_err();
    assert!(
        matches!(&missing, QueryError::NoRule { help, .. } if help.contains("data.main.deny")),
        "{missing:?}"
    );
    let nobody = Subject::Address("terraform_data.losst");
    let missing = workspace.explain("data.main.deny", &input(), nobody).unwrap_err();
    assert!(matches!(&missing, QueryError::NoAddress { help, .. } if help.contains(LOST)), "{missing:?}");
}
