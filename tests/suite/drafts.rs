//! A policy that is known only after apply is judged by what the files of its configuration say, and by no other files.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

const FILES: &str = r#"resource "aws_sns_topic" "t" {
  name = "orders"
}

resource "aws_sns_topic_policy" "t" {
  arn = aws_sns_topic.t.arn
  policy = jsonencode({
    Statement = [{ Effect = "Allow", Principal = PRINCIPAL, Action = "sns:Publish", Resource = aws_sns_topic.t.arn }]
  })
}
"#;

fn plan() -> Value {
    let references = json!({ "references": ["aws_sns_topic.t.arn", "aws_sns_topic.t"] });
    json!({
        "format_version": "1.2",
        "terraform_version": "1.13.0",
        "planned_values": { "root_module": {} },
        "resource_changes": [
            {
                "address": "aws_sns_topic.t", "mode": "managed", "type": "aws_sns_topic", "name": "t",
                "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": { "actions": ["create"], "before": null, "after": { "name": "orders" }, "after_unknown": { "arn": true } },
            },
            {
                "address": "aws_sns_topic_policy.t", "mode": "managed", "type": "aws_sns_topic_policy", "name": "t",
                "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": { "actions": ["create"], "before": null, "after": {}, "after_unknown": { "arn": true, "policy": true } },
            },
        ],
        "configuration": { "root_module": { "resources": [
            {
                "address": "aws_sns_topic.t", "mode": "managed", "type": "aws_sns_topic", "name": "t",
                "expressions": { "name": { "constant_value": "orders" } },
            },
            {
                "address": "aws_sns_topic_policy.t", "mode": "managed", "type": "aws_sns_topic_policy", "name": "t",
                "expressions": { "arn": references, "policy": references },
            },
        ] } },
    })
}

/// The findings about the policy, each as its rule and whether it depends on what is unknown.
fn found(files: &str) -> Vec<(String, bool)> {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("plan.json"), plan().to_string()).expect("the plan");
    fs::write(directory.path().join("main.tf"), files).expect("the files");
    let output = Command::new(env!("CARGO_BIN_EXE_planguard"))
        .args(["check", "plan.json", "--no-config", "--format", "json"])
        .current_dir(directory.path())
        .output()
        .expect("planguard runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let findings = report["plans"][0]["findings"].as_array().expect("findings");
    let of_policy = findings.iter().filter(|finding| finding["address"] == "aws_sns_topic_policy.t");
    let told = of_policy.map(|finding| {
        let is_unsure = finding["message"].as_str().expect("a message").contains("may ");
        (finding["rule"].as_str().expect("a rule").to_owned(), is_unsure)
    });
    told.collect()
}

#[test]
fn a_policy_is_judged_by_its_constant_parts() {
    let open = found(&FILES.replace("PRINCIPAL", r#""*""#));
    assert!(!open.is_empty() && open.iter().all(|(_, is_unsure)| !is_unsure), "{open:?}");
    let closed = found(&FILES.replace("PRINCIPAL", r#"{ Service = "events.amazonaws.com" }"#));
    assert_eq!(closed, []);
}

#[test]
fn files_that_refer_to_something_else_are_not_those_of_the_plan() {
    let other = FILES.replace("PRINCIPAL", r#"{ Service = "events.amazonaws.com" }"#);
    let other = other.replace("Resource = aws_sns_topic.t.arn", "Resource = var.topic");
    let unsure = found(&other);
    assert!(!unsure.is_empty() && unsure.iter().all(|(_, is_unsure)| *is_unsure), "{unsure:?}");
    let made = found(&FILES.replace("jsonencode(", "local.encoded(").replace("PRINCIPAL", "1"));
    assert!(made.iter().all(|(_, is_unsure)| *is_unsure), "{made:?}");
}
