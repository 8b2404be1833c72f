//! Objects of generic providers are judged by the guardrails of the types that they are.

use std::fs;
use std::process::Command;

fn change(address: &str, after: &str) -> String {
    let (resource_type, name) = address.split_once('.').unwrap_or_default();
    format!(
        r#"{{"address": "{address}", "mode": "managed", "type": "{resource_type}", "name": "{name}", "change": {{
            "actions": ["create"], "before": null, "after": {after}, "after_unknown": {{}}}}}}"#
    )
}

/// The rules and addresses of the findings of a check.
fn findings(changes: &[String]) -> Vec<String> {
    findings_with(changes, &[])
}

/// The JSON report of a check.
fn report(changes: &[String], flags: &[&str]) -> serde_json::Value {
    let directory = tempfile::tempdir().expect("a directory");
    let plan = format!(
        r#"{{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {{"root_module": {{}}}},
            "resource_changes": [{}], "configuration": {{"root_module": {{}}}}}}"#,
        changes.join(", ")
    );
    fs::write(directory.path().join("plan.json"), plan).expect("the plan");
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    let arguments = ["check", "plan.json", "--format", "json"];
    let command = command.args(arguments).args(flags).current_dir(directory.path());
    let output = command.output().expect("planguard starts");
    serde_json::from_slice(&output.stdout).expect("a report")
}

fn findings_with(changes: &[String], flags: &[&str]) -> Vec<String> {
    let report = report(changes, flags);
    let plan = &report["plans"][0];
    let findings = plan["findings"].as_array().unwrap_or_else(|| panic!("{report:#}"));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines: Vec<String> =
        findings.iter().map(|one| format!("{} {}", text(&one["rule"]), text(&one["address"]))).collect();
    lines.sort();
    lines
}

const ACCOUNT: &str = r#"{"type": "Microsoft.Storage/storageAccounts@2023-01-01", "name": "a", "body": {"properties":
    {"allowBlobPublicAccess": true, "minimumTlsVersion": "TLS1_0", "supportsHttpsTrafficOnly": false}}}"#;
const BUCKET: &str = r#"{"bucket_name": "b", "public_access_block_configuration": {"block_public_acls": false,
    "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true}}"#;
const POD: &str = r#"{"yaml_body": "kind: Pod\nspec:\n  containers:\n  - name: c\n    securityContext:\n      privileged: true\n"}"#;

#[test]
fn guardrails_of_known_types_judge_objects_of_generic_providers() {
    let changes = [
        change("azapi_resource.a", ACCOUNT),
        change("awscc_s3_bucket.a", BUCKET),
        change("kubectl_manifest.a", POD),
        change("azapi_resource.b", r#"{"type": "Microsoft.Other/things@2023-01-01", "body": {}}"#),
    ];
    let found = findings(&changes);
    for expected in [
        "aws-s3-public-acls-accepted awscc_s3_bucket.a",
        "azure-storage-account-old-tls azapi_resource.a",
        "azure-storage-account-public-blobs azapi_resource.a",
        "azure-storage-account-plain-http azapi_resource.a",
        "kubernetes-manifest-privileged kubectl_manifest.a",
    ] {
        assert!(found.iter().any(|line| line == expected), "{expected}: {found:#?}");
    }
    assert!(!found.iter().any(|line| line.contains("azapi_resource.b")), "{found:#?}");
    assert!(!found.iter().any(|line| line.contains("policies-accepted")), "{found:#?}");
}

/// Each mapping, with an object that a guardrail of the known type reports, and what it reports.
const REPORTED: &[(&str, &str, &str)] = &[
    ("awscc_sqs_queue.a", r#"{"sqs_managed_sse_enabled": false}"#, "aws-sqs-queue-unencrypted"),
    ("awscc_sns_topic.a", r#"{"topic_name": "t"}"#, "aws-sns-topic-unencrypted"),
    (
        "awscc_rds_db_cluster.a",
        r#"{"engine": "aurora-mysql", "storage_encrypted": false}"#,
        "aws-rds-cluster-unencrypted",
    ),
    ("awscc_ec2_instance.a", r#"{"image_id": "ami-1"}"#, "aws-instance-without-profile"),
    (
        "awscc_lambda_function.a",
        r#"{"tracing_config": {"mode": "PassThrough"}}"#,
        "aws-lambda-without-tracing",
    ),
    ("awscc_kms_key.a", r#"{"enable_key_rotation": false}"#, "aws-kms-key-no-rotation"),
    ("awscc_ecr_repository.a", r#"{"image_tag_mutability": "MUTABLE"}"#, "aws-ecr-repository-mutable-tags"),
    ("awscc_logs_log_group.a", r#"{"log_group_name": "l"}"#, "aws-log-group-without-customer-key"),
    (
        "azapi_resource.aks",
        r#"{"type": "Microsoft.ContainerService/managedClusters@2024-05-01", "body": {"properties": {"disableLocalAccounts": false}}}"#,
        "azure-kubernetes-local-accounts",
    ),
    (
        "azapi_resource.pg",
        r#"{"type": "Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01", "body": {"properties": {"network": {"publicNetworkAccess": "Enabled"}}}}"#,
        "azure-postgresql-flexible-server-public-network",
    ),
    (
        "azapi_resource.site",
        r#"{"type": "Microsoft.Web/sites@2023-12-01", "body": {"properties": {"siteConfig": {"minTlsVersion": "1.0"}}}}"#,
        "azure-web-app-old-tls",
    ),
    (
        "azapi_resource.vm",
        r#"{"type": "Microsoft.Compute/virtualMachines@2024-07-01", "body": {"properties": {"osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": false}}}}}"#,
        "azure-virtual-machine-password-login",
    ),
];

#[test]
fn a_guardrail_reports_an_object_of_each_mapping() {
    let changes: Vec<String> = REPORTED.iter().map(|(address, after, _)| change(address, after)).collect();
    let found = findings_with(&changes, &["--pack", "all"]);
    let missing: Vec<&str> = REPORTED
        .iter()
        .filter(|(address, _, rule)| !found.iter().any(|line| *line == format!("{rule} {address}")))
        .map(|(address, ..)| *address)
        .collect();
    assert!(missing.is_empty(), "{missing:?}: {found:#?}");
}

/// What no mapping makes a known type is counted as not looked at.
#[test]
fn objects_that_are_not_mapped_are_not_covered() {
    let changes = [
        change("awscc_ec2_security_group.a", r#"{"group_description": "d"}"#),
        change("azapi_resource.b", r#"{"type": "Microsoft.Other/things@2023-01-01", "body": {}}"#),
        change("awscc_sqs_queue.a", r#"{"sqs_managed_sse_enabled": true}"#),
    ];
    let report = report(&changes, &["--pack", "all", "--require-coverage"]);
    assert_eq!(report["exit_code"], 2, "{report:#}");
    let coverage = &report["plans"][0]["coverage"];
    let types: Vec<&str> = coverage["unknown_types"]
        .as_array()
        .expect("types")
        .iter()
        .filter_map(|unknown| unknown["type"].as_str())
        .collect();
    assert_eq!(types, ["awscc_ec2_security_group", "azapi_resource"]);
}
