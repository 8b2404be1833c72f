use std::fs;

use serde_json::json;

use super::*;
use crate::{ContextOptions, Convention, PolicyInput, WorkspaceOptions};

const POLICY: &str = "package main\n\ndeny contains rc.address if {\n\tsome rc in input.resource_changes\n\trc.type == \"a\"\n}\n\nn := count(deny)\n\nf if false\n\nbad := sprintf(1, [])\n\nhelper(x) := x + 1\n";

const PLAN: &str = r#"{"format_version": "1.2", "resource_changes": [{"address": "a.x", "type": "a"}, {"address": "a.y", "type": "a"}, {"address": "b.z", "type": "b"}]}"#;

fn workspace(policy: &str) -> Workspace {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("p.rego"), policy).unwrap();
    let paths = vec![directory.path().to_owned()];
    Workspace::load(&WorkspaceOptions { paths, ..WorkspaceOptions::default() }).unwrap()
}

fn input(convention: Convention) -> QueryInput {
    let plan = PolicyInput { name: "plans/p.json", text: PLAN, plan: None, cost: None };
    QueryInput::of_plan(plan, convention, &ContextOptions::default()).unwrap()
}

fn ask(query: &str) -> Result<Answers, QueryError> {
    workspace(POLICY).query(query, &input(Convention::CONFTEST), BuiltinErrors::Strict)
}

fn results(query: &str) -> Json {
    json!(ask(query).unwrap_or_else(|error| panic!("{query}: {error}")).results)
}

/// Returns the values of the expressions and the bindings of each result.
fn short(query: &str) -> Json {
    let results = ask(query).unwrap_or_else(|error| panic!("{query}: {error:?}")).results;
    json!(
        results
            .iter()
            .map(|result| {
                let values: Vec<&Json> = result.expressions.iter().map(|e| &e.value).collect();
                json!([values, result.bindings])
            })
            .collect::<Vec<_>>()
    )
}

#[test]
fn numbers_are_those_that_opa_writes() {
    assert_eq!(short("[0.3 - 0.2, 0.1 * 0.2, 10 / 4, 1 / 3]"), json!([[[[0.1, 0.02, 2.5, 1.0 / 3.0]], {}]]));
    let far = short("[1, 1e309]");
    assert_eq!(far[0][0][0][0], json!(1));
    assert_eq!(far[0][0][0][1].as_str().map(str::len), Some("integer:".len() + 310), "its digits, marked");
}

#[test]
fn results_have_the_format_of_opa() {
    assert_eq!(
        results("data.main.n"),
        json!([{"expressions": [{"value": 2, "text": "data.main.n", "location": {"row": 1, "col": 1}}]}])
    );
    assert_eq!(
        results("x := 1\ny := data.main.deny"),
        json!([{
            "expressions": [
                {"value": true, "text": "x := 1", "location": {"row": 1, "col": 1}},
                {"value": true, "text": "y := data.main.deny", "location": {"row": 2, "col": 1}},
            ],
            "bindings": {"x": 1, "y": ["a.x", "a.y"]},
        }])
    );
}

#[test]
fn every_solution_is_a_result() {
    assert_eq!(short("data.main.deny[x]"), json!([[["a.x"], {"x": "a.x"}], [["a.y"], {"x": "a.y"}]]));
    assert_eq!(short("data.main.deny[_]"), json!([[["a.x"], {}], [["a.y"], {}]]));
    assert_eq!(
        short("some x in [1, 2, 3]; x > 1"),
        json!([[[true, true], {"x": 2}], [[true, true], {"x": 3}]])
    );
    assert_eq!(short("input.resource_changes[i].address == \"b.z\""), json!([[[true], {"i": 2}]]).clone(),);
}

#[test]
fn false_is_a_value_and_undefined_is_none() {
    assert_eq!(short("1 == 2"), json!([[[false], {}]]));
    assert_eq!(short("1 == 2; 1 == 1"), json!([]));
    assert_eq!(short("[1, 2][_] == 3"), json!([]), "only a ground expression may be false");
    assert_eq!(short("data.main.f"), json!([]));
    assert_eq!(short("not data.main.f"), json!([[[true], {}]]));
    assert_eq!(short("x := data.main.nothing"), json!([]));
    assert_eq!(
        short("is_string(1); startswith(1, \"a\")"),
        json!([]),
        "the second expression is not evaluated"
    );
}

#[test]
fn queries_are_rewritten_like_policies() {
    assert_eq!(short("[p, v] := walk({\"a\": 1}); v == 1"), json!([[[true, true], {"p": ["a"], "v": 1}]]));
    assert_eq!(short("walk({\"a\": 1}, [p, 1])"), json!([[[true], {"p": ["a"]}]]));
    assert_eq!(short("every x in [1, 2] { x > 0 }"), json!([[[true], {}]]));
    assert_eq!(short("x = 3; y := [i | i := x + 1]"), json!([[[true, true], {"x": 3, "y": [4]}]]));
    assert_eq!(short("data.main.helper(1) # two"), json!([[[2], {}]]));
    assert_eq!(short("data.main.n with input.resource_changes as []"), json!([[[0], {}]]));
    assert_eq!(short("data.conftest.file.dir"), json!([[["plans"], {}]]));
    assert_eq!(short("$\"{data.main.n}!\""), json!([[["2!"], {}]]));
}

#[test]
fn the_whole_of_data_is_shown() {
    let workspace = workspace("package a.b\n\nx := 1\n");
    let answers = workspace.query("data", &QueryInput::nothing(), BuiltinErrors::Strict).unwrap();
    assert_eq!(answers.results[0].expressions[0].value, json!({"a": {"b": {"x": 1}}}));
}

#[test]
fn rules_that_planguard_adds_are_not_shown() {
    let workspace = workspace(
        "package a\n\n# METADATA\n# title: T\nx := rego.metadata.rule().title\n\ny := {\"p\": [{\"q\": 1}]}\n",
    );
    let answers = workspace.query("data.a", &QueryInput::nothing(), BuiltinErrors::Strict).unwrap();
    assert_eq!(
        json!(answers.results)[0]["expressions"][0]["value"],
        json!({"x": "T", "y": {"p": [{"q": 1}]}})
    );
}

#[test]
fn the_input_has_the_shape_of_the_platform() {
    let workspace = workspace(POLICY);
    let ask = |query: &str, input: &QueryInput| {
        workspace.query(query, input, BuiltinErrors::Strict).unwrap().results.len()
    };
    let scalr = input("scalr".parse().unwrap());
    assert_eq!(ask("input.tfplan.resource_changes", &scalr), 1);
    assert_eq!(ask("input.tfplan.resource_changes", &input(Convention::CONFTEST)), 0);
    assert_eq!(ask("input", &QueryInput::nothing()), 0);
}

#[test]
fn errors_are_located_in_the_query() {
    let place = |query: &str| match ask(query).unwrap_err() {
        QueryError::Invalid { reason, at, .. } | QueryError::Failed { reason, at, .. } => {
            let at = at.map(|at| &query[at.offset()..at.offset() + at.len()]);
            (reason, at.map(str::to_owned))
        }
        other => panic!("{other}"),
    };
    let at = |query: &str| place(query).1.unwrap();
    assert_eq!(at("x := 1; y := nothing(2)"), "nothing");
    assert_eq!(at("x := 1; http.send({})"), "http.send");
    assert_eq!(at("x := 1; sprintf(1, [])"), "sprintf");
    assert_eq!(at("x := 1; y := z"), "z");
    assert_eq!(at("true } other { true"), "o");
    assert_eq!(at("x := $"), "$");
    assert_eq!(place("").0, "invalid Rego query");
    assert_eq!(place("import data.x").0, "invalid Rego query");
}

#[test]
fn errors_of_policies_are_located_in_the_policy() {
    let QueryError::Failed { reason, text: Some(text), at: Some(at) } = ask("data.main.bad").unwrap_err()
    else {
        panic!()
    };
    assert!(reason.contains("sprintf"), "{reason}");
    assert!(text.name().ends_with("p.rego"));
    assert_eq!(&POLICY[at.offset()..at.offset() + at.len()], "sprintf");
    let answers =
        workspace(POLICY).query("data.main.bad", &QueryInput::nothing(), BuiltinErrors::Lax).unwrap();
    assert_eq!((answers.results.len(), answers.diagnostics.len()), (0, 1));
}

#[test]
fn prints_count_the_lines_of_the_query() {
    let answers = ask("print(\"one\")\nx := 1\nprint(\"x is\", x)").unwrap();
    assert_eq!(answers.prints, ["query:1: one", "query:3: x is 1"]);
}

#[test]
fn a_query_works_without_policies() {
    let workspace = Workspace::without_policies(&WorkspaceOptions::default()).unwrap();
    let answers = workspace.query("1 + 1", &QueryInput::nothing(), BuiltinErrors::Strict).unwrap();
    assert_eq!(answers.results[0].expressions[0].value, json!(2));
    let answers = workspace.query("data", &QueryInput::nothing(), BuiltinErrors::Strict).unwrap();
    assert_eq!(answers.results[0].expressions[0].value, json!({}));
}
