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
    let directory = tempfile::tempdir().expect("a directory");
    let plan = format!(
        r#"{{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {{"root_module": {{}}}},
            "resource_changes": [{}], "configuration": {{"root_module": {{}}}}}}"#,
        changes.join(", ")
    );
    fs::write(directory.path().join("plan.json"), plan).expect("the plan");
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    let arguments = ["check", "plan.json", "--format", "json"];
    let output = command.args(arguments).current_dir(directory.path()).output().expect("planguard starts");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
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
