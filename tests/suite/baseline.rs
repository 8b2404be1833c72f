//! Baselines: the findings that a project had stay in every report and deny nothing, and nothing else is accepted.

use std::fs;
use std::path::Path;

use planguard::render::check::FORMATS;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::{self, run};

const FILE: &str = "planguard-baseline.json";

/// A directory with a plan that is denied for four findings, one of them about the change, and these settings.
fn project(settings: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/already-there/plan.json");
    fs::copy(plan, directory.path().join("plan.json")).expect("the fixture");
    write(&directory, "planguard.toml", settings);
    directory
}

fn write(directory: &TempDir, name: &str, text: &str) {
    fs::write(directory.path().join(name), text).expect("written");
}

fn read(directory: &TempDir, name: &str) -> String {
    fs::read_to_string(directory.path().join(name)).expect("a file")
}

fn planguard(directory: &TempDir, arguments: &[&str]) -> (Option<i32>, String, String) {
    run(process::planguard(directory.path(), arguments))
}

fn check(directory: &TempDir, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let (code, report, errors) =
        planguard(directory, &[&["check", "plan.json", "--format", "json"], arguments].concat());
    (code, serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error}: {report}{errors}")), errors)
}

/// The rules of the findings that do this, in the first plan.
fn with(report: &Value, enforcement: &str) -> Vec<String> {
    let findings = report["plans"][0]["findings"].as_array().expect("findings").iter();
    let of = findings.filter(|finding| finding["enforcement"] == enforcement);
    of.map(|finding| finding["rule"].as_str().expect("a rule").to_owned()).collect()
}

/// A project with a baseline that its settings name.
fn with_baseline() -> TempDir {
    let directory = project("");
    let (code, text, errors) = planguard(&directory, &["baseline", "plan.json"]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(text.starts_with("wrote planguard-baseline.json: 3 findings\n"), "{text}");
    write(&directory, "planguard.toml", &format!("[check]\nbaseline = \"{FILE}\"\n"));
    directory
}

#[test]
fn what_was_found_is_accepted_and_the_next_change_is_not() {
    let directory = with_baseline();
    let (code, report, _) = check(&directory, &[]);
    assert_eq!(code, Some(1), "the finding about the change denies");
    assert_eq!(
        with(&report, "baseline"),
        ["aws-instance-public-ip", "aws-security-group-open-ssh", "aws-security-group-open-database"]
    );
    assert_eq!(with(&report, "deny"), ["change-exposure-cidr"]);
    assert_eq!(report["baseline"], json!({"file": FILE, "findings": 3, "unused": []}));
    let (_, text, _) = planguard(&directory, &["check", "plan.json"]);
    assert!(
        text.contains("in the baseline: 3 findings (1 critical, 2 high); `--show all` lists them"),
        "{text}"
    );
    assert!(text.contains("DENIED: 1 new finding (1 high); 3 in the baseline; 1 setting weakens"), "{text}");
    let (_, bare, _) = check(&directory, &["--no-waivers"]);
    assert_eq!(with(&bare, "deny").len(), 3, "two rules find the same cause");
    assert_eq!(bare["baseline"], Value::Null);
}

/// A file that is committed must not tell what a plan may not.
#[test]
fn the_file_has_no_values_and_is_the_same_from_run_to_run() {
    let directory = with_baseline();
    let before = read(&directory, FILE);
    assert!(!before.contains("0.0.0.0") && !before.contains("reachable"), "{before}");
    let entry = &serde_json::from_str::<Value>(&before).unwrap()["findings"][0];
    let keys: Vec<&String> = entry.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["address", "attribute", "fingerprint", "rule"]);
    let (_, csv, _) = planguard(&directory, &["check", "plan.json", "--format", "csv"]);
    assert!(csv.contains(entry["fingerprint"].as_str().unwrap()), "reports have the same fingerprint: {csv}");
    // The present findings are those in the former baseline, too.
    let (_, text, _) = planguard(&directory, &["baseline", "plan.json"]);
    assert!(text.starts_with("wrote planguard-baseline.json: 3 findings (0 added, 0 removed)\n"), "{text}");
    assert_eq!(read(&directory, FILE), before);
}

#[test]
fn every_format_says_which_findings_are_in_the_baseline() {
    let directory = with_baseline();
    for format in FORMATS.all() {
        let (_, text, _) = planguard(&directory, &["check", "plan.json", "--format", format.name]);
        let wanted = match format.name {
            // Numbers of changes.
            "gitlab-terraform" => continue,
            // Only what denies has a line.
            "lines" => {
                assert!(!text.contains("in the baseline") && text.lines().count() == 2, "{text}");
                continue;
            }
            // What is accepted is left out, as waived findings are.
            "gitlab" => {
                assert_eq!(serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().len(), 1);
                continue;
            }
            "json" => "\"enforcement\":\"baseline\"",
            "sarif" => "\"justification\": \"in the baseline\"",
            "csv" => ",baseline,",
            "openmetrics" => "enforcement=\"baseline\"",
            _ => "in the baseline",
        };
        assert!(text.contains(wanted), "{}: {text}", format.name);
    }
}

/// What nobody knows yet cannot have been accepted.
#[test]
fn an_undetermined_outcome_is_neither_written_nor_accepted() {
    let directory = project("[check]\nunknown = \"deny\"\n");
    let plan = |unknown: bool| {
        let value = if unknown { Value::Null } else { json!(true) };
        let after = json!({"associate_public_ip_address": value});
        let after_unknown = json!({"associate_public_ip_address": unknown});
        json!({
            "format_version": "1.2", "terraform_version": "1.9.0",
            "planned_values": {"root_module": {"resources": [{
                "address": "aws_instance.a", "mode": "managed", "type": "aws_instance", "name": "a",
                "provider_name": "registry.terraform.io/hashicorp/aws", "values": after,
            }]}},
            "resource_changes": [{
                "address": "aws_instance.a", "mode": "managed", "type": "aws_instance", "name": "a",
                "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": after_unknown},
            }],
        })
        .to_string()
    };
    write(&directory, "plan.json", &plan(true));
    let (code, text, errors) = planguard(&directory, &["baseline", "plan.json"]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(text.contains("left out: 1 undetermined finding"), "{text}");
    assert!(!read(&directory, FILE).contains("aws-instance-public-ip"));
    write(&directory, "plan.json", &plan(false));
    planguard(&directory, &["baseline", "plan.json"]);
    assert!(read(&directory, FILE).contains("aws-instance-public-ip"));
    let flag = format!("--baseline={FILE}");
    let (_, known, _) = check(&directory, &[&flag]);
    assert!(with(&known, "baseline").contains(&"aws-instance-public-ip".to_owned()), "{known}");
    write(&directory, "plan.json", &plan(true));
    let (_, unknown, errors) = check(&directory, &[&flag]);
    assert!(with(&unknown, "deny").contains(&"aws-instance-public-ip".to_owned()), "{unknown}");
    assert!(!errors.contains("PG-BL-101"), "the entry has its finding: {errors}");
}

#[test]
fn what_is_gone_is_reported_and_removed() {
    let directory = with_baseline();
    let text = read(&directory, FILE);
    write(&directory, FILE, &text.replace("aws_instance.legacy", "aws_instance.gone"));
    let (_, report, errors) = check(&directory, &[]);
    assert!(with(&report, "deny").contains(&"aws-instance-public-ip".to_owned()), "the address counts");
    assert!(
        errors.contains("note[PG-BL-101]: planguard-baseline.json: 1 entry is not used")
            && errors.contains("aws-instance-public-ip on aws_instance.gone (associate_public_ip_address)"),
        "{errors}"
    );
    assert_eq!(report["baseline"]["unused"][0]["address"], "aws_instance.gone");
    // An incomplete check does not know what is gone.
    let (code, report, errors) = check(&directory, &["missing.json"]);
    assert_eq!(code, Some(2));
    assert!(!errors.contains("PG-BL-101") && report["baseline"]["unused"] == json!([]), "{errors}");
    let (_, text, _) = planguard(&directory, &["baseline", "plan.json"]);
    assert!(text.starts_with("wrote planguard-baseline.json: 3 findings (1 added, 1 removed)\n"), "{text}");
}

/// A resource of the same address in another plan is another resource.
#[test]
fn a_baseline_of_several_plans_is_for_each_plan_by_its_name() {
    let directory = project("");
    fs::copy(directory.path().join("plan.json"), directory.path().join("other.json")).unwrap();
    let (code, _, errors) = planguard(&directory, &["baseline", "plan.json", "./other.json"]);
    assert_eq!(code, Some(0), "{errors}");
    let file: Value = serde_json::from_str(&read(&directory, FILE)).unwrap();
    assert_eq!(file["findings"].as_array().unwrap().len(), 6);
    assert_eq!(file["findings"][0]["plan"], "other.json");
    let flag = format!("--baseline={FILE}");
    let (_, report, errors) = check(&directory, &[&flag]);
    assert_eq!(with(&report, "baseline").len(), 3);
    assert!(!errors.contains("PG-BL-101"), "the other plan was not looked at: {errors}");
    fs::copy(directory.path().join("plan.json"), directory.path().join("third.json")).unwrap();
    let (_, text, _) = planguard(&directory, &["check", "third.json", &flag, "--format=csv"]);
    assert!(!text.contains(",baseline,"), "{text}");
}

#[test]
fn a_baseline_that_cannot_be_taken_leaves_the_verdict_undecided() {
    let directory = project("");
    for (text, code) in [
        (None, "PG-BL-001"),
        (Some("{\"version\": 1, \"finding\": []}"), "PG-BL-002"),
        (Some("{\"version\": 7, \"findings\": []}"), "PG-BL-003"),
    ] {
        if let Some(text) = text {
            write(&directory, "b.json", text);
        }
        let (exit, report, errors) = check(&directory, &["--baseline=b.json"]);
        assert_eq!(exit, Some(2), "{errors}");
        assert_eq!(report["problems"][0]["code"], code);
    }
    let (exit, report, _) = check(&directory, &["--baseline=."]);
    assert_eq!((exit, &report["problems"][0]["code"]), (Some(2), &json!("PG-BL-001")));
}

#[test]
fn nothing_else_is_overwritten_and_nothing_incomplete_is_written() {
    let directory = project("");
    let plan = read(&directory, "plan.json");
    for (arguments, code) in [
        (&["baseline", "plan.json", "--output=plan.json"][..], "PG-BL-004"),
        (&["baseline", "plan.json", "--output=."], "PG-BL-004"),
        (&["baseline", "plan.json", "--output=missing/b.json"], "PG-BL-005"),
        (&["baseline", "plan.json", "missing.json"], "PG-BL-006"),
        (&["baseline", "plan.json", "--pack=missing"], "PG-BL-006"),
    ] {
        let (exit, _, errors) = planguard(&directory, arguments);
        assert_eq!(exit, Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(code), "{arguments:?}: {errors}");
        assert!(!directory.path().join(FILE).exists(), "{arguments:?}");
    }
    assert_eq!(read(&directory, "plan.json"), plan);
}

#[test]
fn waived_findings_stay_with_their_waiver() {
    let directory = project(
        "[[waivers]]\nrule = \"aws-instance-public-ip\"\naddress = \"aws_instance.legacy\"\nreason = \"r\"\n\
         expires = 2999-12-31\n",
    );
    let (_, text, _) = planguard(&directory, &["baseline", "plan.json"]);
    assert!(text.contains("left out: 1 waived finding"), "{text}");
    assert!(!read(&directory, FILE).contains("aws-instance-public-ip"));
    let (_, report, _) = check(&directory, &[&format!("--baseline={FILE}")]);
    assert_eq!((with(&report, "waived").len(), with(&report, "baseline").len()), (1, 2));
}
