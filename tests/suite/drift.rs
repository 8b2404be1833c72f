//! What was changed outside of Terraform, as a whole run reports it.

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::process;

/// The findings on a database after drift of one attribute, and what the plan does with the drift.
fn drifted(last_known: &Value, now: &Value, planned: &Value) -> (Vec<Value>, Vec<String>) {
    let side = |value: &Value| {
        json!({"publicly_accessible": value, "storage_encrypted": true, "backup_retention_period": 7,
            "monitoring_interval": 60, "performance_insights_enabled": true, "deletion_protection": true,
            "skip_final_snapshot": false})
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
    let drift = report["plans"][0]["drift"].as_array().expect("drift").iter();
    (
        report["plans"][0]["findings"].as_array().expect("findings").clone(),
        drift.map(|drift| drift["became"].as_str().unwrap_or_default().to_owned()).collect(),
    )
}

#[test]
fn what_somebody_opened_and_the_plan_keeps_is_one_new_finding() {
    let (findings, drift) = drifted(&json!(false), &json!(true), &json!(true));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["rule"], "aws-rds-instance-public");
    assert_eq!(findings[0]["enforcement"], "deny");
    let message = findings[0]["message"].as_str().expect("a message");
    assert!(message.ends_with("(changed outside of Terraform)"), "{message}");
    assert_eq!(drift, ["kept"]);
}

#[test]
fn what_the_plan_puts_back_is_told_and_no_finding() {
    let (findings, drift) = drifted(&json!(false), &json!(true), &json!(false));
    assert_eq!(findings, Vec::<Value>::new());
    assert_eq!(drift, ["put-back"]);
}

/// A newer release of the provider reads an attribute that the state does not have.
#[test]
fn what_is_read_for_the_first_time_was_there_before() {
    let (findings, drift) = drifted(&Value::Null, &json!(true), &json!(true));
    assert_eq!((findings.len(), drift.len()), (1, 0), "{findings:?}");
    assert_eq!(findings[0]["pre_existing"], true);
}

/// Backups that somebody switched off by hand: no change guard compares them as drift, and a guardrail judges them.
#[test]
fn every_format_for_people_has_a_section_about_drift() {
    let database = |days: u8| {
        json!({"backup_retention_period": days, "publicly_accessible": false, "storage_encrypted": true,
            "monitoring_interval": 60, "performance_insights_enabled": true})
    };
    let (without, with) = (database(0), database(7));
    let change = |address: &str, actions: &str, before: &Value, after: &Value| json!({"address": address, "change": {"actions": [actions], "before": before, "after": after, "after_unknown": {}}});
    let gone = json!({"bucket": "b"});
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4",
        "resource_drift": [change("aws_db_instance.a", "update", &with, &without),
            change("aws_s3_bucket.b", "delete", &gone, &Value::Null)],
        "resource_changes": [change("aws_db_instance.a", "update", &without, &with),
            change("aws_s3_bucket.b", "create", &Value::Null, &gone)],
        "planned_values": {"root_module": {}}, "configuration": {"root_module": {}}});
    let directory = tempdir().expect("a directory");
    std::fs::write(directory.path().join("plan.json"), plan.to_string()).expect("the plan");
    std::fs::create_dir(directory.path().join("many")).expect("a directory");
    for name in ["a.json", "b.json"] {
        std::fs::write(directory.path().join("many").join(name), plan.to_string()).expect("a plan");
    }
    for arguments in [
        &["check", "plan.json"][..],
        &["check", "plan.json", "--show", "all"],
        &["check", "plan.json", "--format", "markdown"],
        &["check", "many"],
    ] {
        let (code, text, errors) = process::run(process::planguard(directory.path(), arguments));
        assert_eq!(code, Some(0), "{text}{errors}");
        let text = text.replace(['`', '\n', '|'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        for words in [
            "put back by this plan: aws_db_instance.a has no automated backups",
            "put back by this plan: aws_s3_bucket.b was deleted outside of Terraform",
        ] {
            assert!(text.contains(words), "{arguments:?}: {text}");
        }
    }
}
