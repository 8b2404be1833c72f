//! `planguard runtask`: who asks is checked, and the answer is that of the report.

use std::fs;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use planguard::plan::text::escape::hides_or_steers;
use serde_json::{Value, json};
use sha2::Sha512;
use tempfile::TempDir;

use crate::process::{planguard, run};

const TOKEN: &str = "hcp-token-of-a-run";

/// A payload as HCP Terraform sends it, with one key changed.
fn payload(key: &str, value: Value) -> String {
    let mut payload = json!({
        "payload_version": 1, "stage": "post_plan", "access_token": TOKEN,
        "capabilities": { "outcomes": true },
        "organization_name": "acme", "workspace_id": "ws-1", "workspace_name": "shop", "run_id": "run-1",
        "is_speculative": false, "task_result_id": "taskrs-1", "task_result_enforcement_level": "mandatory",
        "task_result_callback_url": "https://app.terraform.io/api/v2/task-results/taskrs-1/callback",
        "plan_json_api_url": "https://app.terraform.io/api/v2/plans/plan-1/json-output",
    });
    payload[key] = value;
    payload.to_string()
}

fn asks() -> String {
    payload("stage", json!("post_plan"))
}

/// A directory with a payload, and the report of a check on a plan of this repository.
fn checked(plan: &str, arguments: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans").join(plan).join("plan.json");
    fs::copy(plan, directory.path().join("plan.json")).expect("a directory");
    report(directory.path(), arguments);
    directory
}

fn report(directory: &Path, arguments: &[&str]) {
    let own = ["check", "plan.json", "--format", "json", "--output", "report.json"];
    let _ = run(planguard(directory, &[&own[..], arguments].concat()));
    fs::write(directory.join("payload.json"), asks()).expect("a directory");
}

fn render(directory: &Path) -> (Option<i32>, String, String) {
    run(planguard(directory, &["runtask", "render", "payload.json", "report.json"]))
}

fn status(text: &str) -> String {
    let value: Value = serde_json::from_str(text).expect("the report is JSON");
    assert_eq!(value["data"]["type"], "task-results");
    value["data"]["attributes"]["status"].as_str().expect("a status").to_owned()
}

#[test]
fn the_answer_is_that_of_the_report() {
    for (plan, arguments, expected) in [
        ("all-clean", &[][..], "passed"),
        ("already-there", &[], "failed"),
        ("already-there", &["--report-only"], "passed"),
        // Half of the plans is not all of them.
        ("all-clean", &["--partition", "1/2"], "failed"),
    ] {
        let directory = checked(plan, arguments);
        let (code, stdout, stderr) = render(directory.path());
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert_eq!(status(&stdout), expected, "{plan} {arguments:?}");
        assert!(!stdout.contains(TOKEN));
    }
    let directory = checked("already-there", &[]);
    let (_, stdout, _) = render(directory.path());
    let value: Value = serde_json::from_str(&stdout).unwrap();
    let outcomes = value["data"]["relationships"]["outcomes"]["data"].as_array().unwrap();
    let first = &outcomes[0]["attributes"];
    assert_eq!(first["outcome-id"], "aws-security-group-open-database:deny:critical");
    assert_eq!(first["tags"]["Status"], json!([{ "label": "Denied", "level": "error" }]));
    assert!(
        first["body"].as_str().unwrap().contains("- `aws_security_group.widened` allows port 5432"),
        "{first}"
    );
}

#[test]
fn what_asks_for_nothing_has_no_answer() {
    let directory = checked("all-clean", &[]);
    for (text, says) in [
        (payload("stage", json!("pre_plan")), "PG-RT-005"),
        (payload("access_token", json!("test-token")), "PG-RT-006"),
        (payload("payload_version", json!(2)), "PG-RT-003"),
        (payload("stage", json!("post_lunch")), "PG-RT-004"),
        (asks()[..40].to_owned(), "PG-RT-002"),
        (format!("{}{}", asks(), " ".repeat(1 << 20)), "PG-RT-001"),
    ] {
        fs::write(directory.path().join("payload.json"), text).unwrap();
        let (code, stdout, stderr) = render(directory.path());
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{says}");
        assert!(stderr.contains(says) && !stderr.contains(TOKEN), "{says}: {stderr}");
    }
    fs::write(directory.path().join("payload.json"), asks()).unwrap();
    let text = fs::read_to_string(directory.path().join("report.json")).unwrap();
    fs::write(
        directory.path().join("report.json"),
        text.replace("\"verdict\": \"pass\"", "\"verdict\": \"denied\""),
    )
    .unwrap();
    let (code, stdout, stderr) = render(directory.path());
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("PG-MG-002"), "{stderr}");
}

#[test]
fn an_answer_has_no_secret_and_steers_nothing() {
    let hostile = "a\u{1b}[31m\u{202e}b\n##vso[task.complete]x</script> @all";
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {},
        "resource_changes": [{
            "address": "aws_db_instance.a", "mode": "managed", "type": "aws_db_instance", "name": "a",
            "change": {
                "actions": ["create"], "before": null, "after_unknown": {},
                "after": { "password": "hunter2hunter2", "publicly_accessible": true, "identifier": hostile },
                "after_sensitive": { "password": true },
            },
        }],
    });
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("plan.json"), plan.to_string()).unwrap();
    fs::create_dir(directory.path().join("policy")).unwrap();
    let policy = "package main\n\ndeny contains sprintf(\"%s and %s\", [a.identifier, a.password]) if {\n\t\
        a := input.resource_changes[_].change.after\n}\n";
    fs::write(directory.path().join("policy/p.rego"), policy).unwrap();
    report(directory.path(), &["-p", "policy"]);
    let (code, stdout, stderr) = render(directory.path());
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("data.main.deny") && !stdout.contains("hunter2"), "{stdout}");
    assert_eq!(stdout.chars().find(|c| hides_or_steers(*c) && *c != '\n'), None);
    let value: Value = serde_json::from_str(&stdout).unwrap();
    let all = value["data"]["relationships"]["outcomes"]["data"].as_array().unwrap();
    let policy =
        all.iter().find(|outcome| outcome["attributes"]["outcome-id"].as_str().unwrap().starts_with("data."));
    let body = policy.unwrap()["attributes"]["body"].as_str().unwrap().to_owned();
    assert!(body.contains("`@all`") && !body.contains(" @all"), "{body}");
}

#[test]
fn only_who_has_the_key_is_answered() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    let (text, key) = (asks(), "a key of forty characters, more or less");
    let mut mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let verify = |signature: &str| {
        let own = ["runtask", "verify", "payload.json", "--key", "key", "--signature", signature];
        run(planguard(directory.path(), &own))
    };
    write("payload.json", &text);
    for key in [key.to_owned(), format!("{key}\n"), format!("{key}\r\n")] {
        write("key", &key);
        let (code, stdout, stderr) = verify(&signature);
        assert_eq!((code, stdout.as_str()), (Some(0), "the signature is that of the payload\n"), "{stderr}");
    }
    for (file, text, signature, says) in [
        ("key", "another", signature.as_str(), "PG-RT-009"),
        ("key", "\n", &signature, "PG-RT-007"),
        ("key", key, "", "PG-RT-008"),
        ("key", key, &signature[1..], "PG-RT-008"),
        ("payload.json", &format!("{text} "), &signature, "PG-RT-009"),
    ] {
        write(file, text);
        let (code, stdout, stderr) = verify(signature);
        assert_eq!((code, stdout.as_str()), (Some(2), ""));
        assert!(stderr.contains(says), "{says}: {stderr}");
        assert!(!stderr.contains(key) && !stderr.contains(TOKEN));
    }
}
