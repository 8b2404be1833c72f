//! What was changed outside of Terraform, as a whole run reports it.

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::process;

/// The findings on a database after drift of one attribute, and the notices.
fn drifted(last_known: &Value, now: &Value, planned: &Value) -> (Vec<Value>, Vec<String>) {
    let side = |value: &Value| {
        json!({"publicly_accessible": value, "storage_encrypted": true, "backup_retention_period": 7,
            "monitoring_interval": 60, "performance_insights_enabled": true})
    };
    let change = |actions: &str, before: &Value, after: &Value| {
        json!({"address": "aws_db_instance.a", "mode": "managed", "type": "aws_db_instance", "name": "a",
            "change": {"actions": [actions], "before": side(before), "after": side(after), "after_unknown": {},
            "before_sensitive": {}, "after_sensitive": {}}})
    };
    let action = if now == planned { "no-op" } else { "update" };
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4",
        "resource_drift": [change("update", last_known, now)],
        "resource_changes": [change(action, now, planned)],
        "planned_values": {"root_module": {}}, "configuration": {"root_module": {}}});
    let directory = tempdir().expect("a directory");
    std::fs::write(directory.path().join("plan.json"), plan.to_string()).expect("the plan");
    let arguments = ["check", "plan.json", "--gate", "introduced", "--format", "json"];
    let (_, stdout, _) = process::run(process::planguard(directory.path(), &arguments));
    let report: Value = serde_json::from_str(&stdout).expect("a report");
    let notices = report["notices"].as_array().expect("notices").iter();
    (
        report["plans"][0]["findings"].as_array().expect("findings").clone(),
        notices.map(|notice| notice["code"].as_str().unwrap_or_default().to_owned()).collect(),
    )
}

#[test]
fn what_somebody_opened_and_the_plan_keeps_is_one_new_finding() {
    let (findings, notices) = drifted(&json!(false), &json!(true), &json!(true));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["rule"], "aws-rds-instance-public");
    assert_eq!(findings[0]["enforcement"], "deny");
    let message = findings[0]["message"].as_str().expect("a message");
    assert!(message.ends_with("(changed outside of Terraform)"), "{message}");
    assert!(notices.is_empty(), "{notices:?}");
}

#[test]
fn what_the_plan_puts_back_is_a_notice() {
    let (findings, notices) = drifted(&json!(false), &json!(true), &json!(false));
    assert_eq!(findings, Vec::<Value>::new());
    assert_eq!(notices, ["PG-CK-110"]);
}

/// A newer release of the provider reads an attribute that the state does not have.
#[test]
fn what_is_read_for_the_first_time_was_there_before() {
    let (findings, _) = drifted(&Value::Null, &json!(true), &json!(true));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["pre_existing"], true);
}
