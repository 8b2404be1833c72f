//! `planguard check --format html`: what a page has of costs, benchmarks and maps, without its script.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{planguard, run};

fn created(address: &str, after: &Value) -> Value {
    let change = json!({"actions": ["create"], "before": null, "after": after, "after_unknown": {}});
    json!({"address": address, "mode": "managed", "change": change})
}

fn project(changes: &[Value]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
        "configuration": {"provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}}},
                          "root_module": {}},
        "resource_changes": changes,
    });
    fs::write(directory.path().join("plan.json"), plan.to_string()).expect("written");
    directory
}

fn page(project: &TempDir, flags: &[&str]) -> String {
    let arguments = [&["check", "plan.json", "--format", "html"], flags].concat();
    let (code, page, errors) = run(planguard(project.path(), &arguments));
    assert!(matches!(code, Some(0 | 1)), "{errors}");
    page
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start}"));
    rest.split_once(end).expect("the end").0
}

#[test]
fn a_plan_with_very_many_modules_has_a_map() {
    let bucket = json!({"bucket": "b"});
    let changes: Vec<Value> =
        (0..300).map(|number| created(&format!("module.m{number}.aws_s3_bucket.b"), &bucket)).collect();
    let page = page(&project(&changes), &[]);
    let map = between(&page, "<section id=\"map\"", "</section>");
    assert_eq!(map.matches("<rect ").count(), 60, "{map}");
    assert!(map.contains("241 other modules and blocks"), "{map}");
    assert!(map.contains("--by module</code> draws all 300"), "{map}");
}

#[test]
fn objects_have_their_costs_if_they_are_asked_for() {
    let gateway = json!({"connectivity_type": "public"});
    let changes =
        [created("aws_nat_gateway.a", &gateway), created("aws_iam_role.free", &json!({"name": "r"}))];
    let project = project(&changes);
    assert!(!page(&project, &[]).contains("class=\"money\""));
    let page = page(&project, &["--cost"]);
    let rows = between(&page, "<tbody id=\"rows\">", "</tbody>");
    let of = |address: &str| rows.split("<tr ").find(|row| row.contains(address)).expect("a row").to_owned();
    assert!(of("aws_nat_gateway.a").contains("<b>+$32.85</b>"), "{rows}");
    assert!(!of("aws_iam_role.free").contains("<b>+"), "{rows}");
    let data: Value = serde_json::from_str(between(&page, "id=\"data\">", "</script>")).expect("JSON");
    let costs: Vec<i64> = data["resources"]
        .as_array()
        .expect("resources")
        .iter()
        .filter_map(|resource| resource["cost"]["cents"].as_i64())
        .collect();
    assert!(costs.contains(&3285) && costs.contains(&0), "{costs:?}");
}

#[test]
fn controls_of_benchmarks_are_in_the_page() {
    let open = json!({"bucket": "b", "acl": "public-read"});
    let project = project(&[created("aws_s3_bucket.open", &open)]);
    let page = page(&project, &["--benchmark", "cis-aws-5.0"]);
    let section = between(&page, "<section id=\"benchmarks\"", "</section>");
    let violated = between(section, "<details class=\"controls violated\" open>", "</details>");
    assert!(violated.contains("aws_s3_bucket.open") && violated.contains("data-open=\"0\""), "{violated}");
    // Every control is there, whatever became of it.
    let (_, json, _) = run(planguard(
        project.path(),
        &["check", "plan.json", "--benchmark", "cis-aws-5.0", "--format", "json"],
    ));
    let report: Value = serde_json::from_str(&json).expect("JSON");
    let controls = report["plans"][0]["benchmarks"][0]["controls"].as_array().expect("controls").len();
    assert_eq!(section.matches("<li class=\"control\">").count(), controls);
}

#[test]
fn what_cannot_be_read_is_not_said_to_be_known_after_apply() {
    let mut database =
        created("aws_db_instance.d", &json!({"engine": "postgres", "password": "correct-horse-battery"}));
    database["change"]["after_sensitive"] = json!({"password": true});
    let directory = project(&[database]);
    let page = page(&directory, &[]);
    let start = page.find("may have a hard-coded master password").expect("the finding");
    let finding = page[start..].split_once("</li>").expect("its end").0;
    assert!(finding.contains("undetermined: unreadable"), "{finding}");
    assert!(!finding.contains("known after apply"), "{finding}");
    assert!(!page.contains("correct-horse"));
}

fn of_fixture(name: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let fixture = format!("{}/fixtures/plans/{name}/plan.json", env!("CARGO_MANIFEST_DIR"));
    fs::copy(fixture, directory.path().join("plan.json")).expect("a fixture");
    directory
}

#[test]
fn every_object_that_was_changed_outside_is_counted_and_listed() {
    let page = page(&of_fixture("drift-of-every-kind"), &[]);
    assert!(page.contains("<b>4</b> drift"), "{page}");
    let section = between(&page, "<section id=\"drift\"", "</section>");
    assert_eq!(section.matches("<article class=\"drifted\"").count(), 4, "{section}");
    assert!(!page.contains("nothing depends on it"), "{page}");
    // What stays as it is has its mark too.
    let data: Value = serde_json::from_str(between(&page, "id=\"data\">", "</script>")).expect("JSON");
    let stays = data["unchanged"].as_array().expect("objects");
    let queue = stays.iter().find(|object| object["address"] == "aws_sqs_queue.retries").expect("the queue");
    assert_eq!(queue["drift"].as_array().map(Vec::len), Some(1), "{queue}");
}

#[test]
fn drift_of_a_plan_that_only_refreshes_is_told_and_nothing_is_called_checked() {
    let project = of_fixture("refresh-only-drift");
    let page = page(&project, &[]);
    assert!(page.contains("<b>4</b> drift"), "{page}");
    assert!(!page.contains("Everything was checked"), "{page}");
    let unchecked = between(&page, "<ul class=\"unchecked\">", "</ul>");
    assert!(unchecked.contains("existing resources were not checked"), "{unchecked}");
    let check = ["check", "plan.json", "--format", "json", "--output", "one.json"];
    run(planguard(project.path(), &check));
    let report: Value =
        serde_json::from_slice(&fs::read(project.path().join("one.json")).expect("a report")).expect("JSON");
    let plan = &report["plans"][0];
    assert_eq!(
        (plan["drift"].as_array().map(Vec::len), plan["changed_outside"].as_u64()),
        (Some(4), Some(4)),
        "{plan}"
    );
    assert!(
        plan["drift"].as_array().expect("drift").iter().all(|drift| drift["became"] == "unplanned"),
        "{plan}"
    );
    // The index, beside a plan that has a price.
    let project_of_other = of_fixture("all-clean");
    run(planguard(
        project_of_other.path(),
        &["check", "plan.json", "--cost", "--format", "json", "--output", "two.json"],
    ));
    fs::copy(project_of_other.path().join("two.json"), project.path().join("two.json")).expect("a report");
    let merge = ["merge", "one.json", "two.json", "--different-rules", "--format", "html"];
    let (_, index, errors) = run(planguard(project.path(), &merge));
    let table = between(&index, "<table class=\"plans\">", "</table>");
    assert!(table.contains("data-label=\"Drift\">4<"), "{table}{errors}");
    assert!(table.contains("not asked for") && !table.contains("not known"), "{table}");
}

#[test]
fn a_graph_says_why_it_is_empty_or_not_whole() {
    let graph = |project: &TempDir, flags: &[&str]| {
        run(planguard(project.path(), &[&["graph", "plan.json", "--format", "mermaid"], flags].concat()))
    };
    let refreshed = of_fixture("refresh-only-drift");
    let (code, text, errors) = graph(&refreshed, &[]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        text.contains("as if made with -refresh-only") && text.contains("4 existing resources"),
        "{text}"
    );
    let (code, text, errors) = graph(&refreshed, &["--focus", ""]);
    assert_eq!((code, text.as_str()), (Some(2), ""), "{errors}");
    assert!(errors.contains("--focus"), "{errors}");
    let drifted = of_fixture("drift-of-every-kind");
    let (_, text, _) = graph(&drifted, &["--focus", "aws_sns_topic.alerts", "--hops", "0"]);
    assert!(text.contains("not near aws_sns_topic.alerts"), "{text}");
}
