//! Text in a plan that cannot be read leaves rules about it undetermined.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};

/// Checks a plan that creates one resource, and returns the exit code and the findings.
fn check(resource_type: &str, after: &Value) -> (Option<i32>, Vec<Value>) {
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
        "resource_changes": [{
            "address": format!("{resource_type}.x"), "mode": "managed", "type": resource_type, "name": "x",
            "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {},
                "before_sensitive": false, "after_sensitive": {}}
        }],
        "configuration": {"root_module": {}}
    });
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("plan.json"), plan.to_string()).expect("the plan");
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command
        .args(["check", "plan.json", "--unknown", "deny", "--format", "json"])
        .current_dir(directory.path());
    let Output { status, stdout, .. } = command.output().expect("planguard starts");
    let report: Value = serde_json::from_slice(&stdout).expect("JSON");
    let findings = report["plans"][0]["findings"].as_array().expect("findings").clone();
    (status.code(), findings)
}

#[test]
fn a_policy_that_cannot_be_read_is_undetermined() {
    for (policy, reason) in [
        (r#"{"Statement": [{"Effect": "Allow", "Principal": "*""#, "is not valid JSON at line 1 column 51"),
        ("{\"Id\": \"\\udc00\", \"Statement\": []}", "is not valid JSON at line 1 column "),
        ("Statement:\n  - Effect: Allow\n    Principal: '*'", "is not valid JSON at line 1 column 1"),
        (r#"[{"Effect": "Allow", "Principal": "*"}]"#, "has no `Statement`"),
    ] {
        let (code, findings) = check("aws_s3_bucket_policy", &json!({"bucket": "b", "policy": policy}));
        assert_eq!(code, Some(1), "{policy}");
        let finding = findings
            .iter()
            .find(|finding| finding["rule"] == "aws-s3-bucket-public-policy")
            .unwrap_or_else(|| panic!("{policy}: {findings:?}"));
        assert_eq!(finding["undetermined"], true, "{finding}");
        let message = finding["message"].as_str().expect("a message");
        assert!(message.contains(&format!("`policy` {reason}")), "{message}");
    }
}

#[test]
fn a_policy_that_can_be_read_is_not() {
    for policy in [r#"{"Statement": []}"#, "{}", ""] {
        let (code, findings) = check("aws_sqs_queue_policy", &json!({"queue_url": "q", "policy": policy}));
        assert_eq!((code, findings), (Some(0), Vec::new()), "{policy}");
    }
}

#[test]
fn a_json_document_that_cannot_be_read_is_undetermined() {
    let after = json!({"name": "x", "type": "container", "container_properties": "{\"privileged\": tr"});
    let (code, findings) = check("aws_batch_job_definition", &after);
    assert_eq!(code, Some(1), "{findings:?}");
    assert!(findings.iter().any(|finding| {
        finding["message"]
            .as_str()
            .is_some_and(|text| text.contains("`container_properties` is not valid JSON"))
    }));
}
