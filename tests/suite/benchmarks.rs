//! What a check with `--benchmark` says of the controls.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use planguard::plan::text::escape::hides_or_steers;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{planguard, run};

/// A resource that the plan creates.
fn created(address: &str, after: &Value, unknown: &Value) -> Value {
    let (resource_type, name) = address.split_once('.').expect("a type and a name");
    json!({"address": address, "mode": "managed", "type": resource_type, "name": name, "provider_name": "p",
        "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": unknown,
            "before_sensitive": false, "after_sensitive": {}}})
}

fn write(directory: &Path, name: &str, changes: &[Value]) {
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": changes,
        "planned_values": {"root_module": {}}, "configuration": {"root_module": {}}});
    fs::write(directory.join(name), plan.to_string()).expect("the plan");
}

fn project(changes: &[Value]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    write(directory.path(), "plan.json", changes);
    directory
}

fn check(project: &TempDir, flags: &[&str]) -> (Option<i32>, Value) {
    let mut arguments = vec!["check", "plan.json", "--format", "json"];
    arguments.extend(flags);
    let (code, stdout, stderr) = run(planguard(project.path(), &arguments));
    (code, serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stderr}")))
}

/// The controls of the only benchmark, by id.
fn controls(report: &Value) -> BTreeMap<String, Value> {
    let [benchmark] = report["plans"][0]["benchmarks"].as_array().expect("benchmarks").as_slice() else {
        panic!("one benchmark: {report}")
    };
    let controls = benchmark["controls"].as_array().expect("controls");
    controls
        .iter()
        .map(|control| (control["id"].as_str().expect("an id").to_owned(), control.clone()))
        .collect()
}

fn bucket() -> Vec<Value> {
    vec![created("aws_efs_file_system.a", &json!({"encrypted": false}), &json!({}))]
}

#[test]
fn a_violation_names_resources_and_rules_and_denies_whatever_its_severity() {
    // Its rule is of low severity, which does not deny by default, and in no pack that is on.
    let policy = created("google_dns_policy.a", &json!({"name": "a", "enable_logging": false}), &json!({}));
    let project = project(&[policy]);
    let (code, report) = check(&project, &["--no-builtin", "--benchmark", "cis-gcp-4.0"]);
    assert_eq!(code, Some(1), "{report:#}");
    let control = &controls(&report)["2.12"];
    assert_eq!(control["status"], "violated");
    assert_eq!(
        control["violations"],
        json!([{"rule": "google-dns-policy-no-logging", "address": "google_dns_policy.a",
            "enforcement": "deny"}])
    );
    let findings = report["plans"][0]["findings"].as_array().expect("findings");
    let rules: BTreeSet<&str> = findings.iter().filter_map(|finding| finding["rule"].as_str()).collect();
    assert_eq!(rules, BTreeSet::from(["google-dns-policy-no-logging"]));
}

#[test]
fn nothing_is_met_in_a_plan_that_has_nothing_to_look_at() {
    let project = project(&[created("random_id.a", &json!({"byte_length": 8}), &json!({}))]);
    for name in ["cis-aws-5.0", "cis-azure-4.0", "cis-gcp-4.0", "cis-kubernetes-1.10"] {
        let (code, report) = check(&project, &["--benchmark", name]);
        assert_eq!(code, Some(0));
        for (id, control) in controls(&report) {
            let status = control["status"].as_str().expect("a status");
            assert!(
                ["nothing-to-look-at", "no-rule", "not-decidable"].contains(&status),
                "{name} {id}: {status}"
            );
            let has_reason = control["reason"].as_str().is_some_and(|reason| reason.ends_with('.'));
            assert!(has_reason || status == "nothing-to-look-at", "{name} {id}");
        }
    }
}

#[test]
fn what_is_right_is_met_and_what_is_unknown_follows_the_flag() {
    let encrypted = created("aws_efs_file_system.a", &json!({"encrypted": true}), &json!({}));
    let (code, report) = check(&project(&[encrypted]), &["--benchmark", "cis-aws-5.0"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        (&controls(&report)["2.3.1"]["status"], &controls(&report)["2.3.1"]["passed"]),
        (&json!("met"), &json!(1))
    );
    let unknown = project(&[created("aws_efs_file_system.a", &json!({}), &json!({"encrypted": true}))]);
    let flags = |unknown: &'static str| ["--no-builtin", "--benchmark", "cis-aws-5.0", "--unknown", unknown];
    for (policy, expected) in [("warn", 0), ("deny", 1), ("ignore", 0)] {
        let (code, report) = check(&unknown, &flags(policy));
        assert_eq!(code, Some(expected), "{policy}");
        let control = &controls(&report)["2.3.1"];
        assert_eq!(control["status"], "undetermined", "{policy}");
        assert_eq!(control["undetermined"][0]["address"], "aws_efs_file_system.a");
    }
}

/// A rule that a control asks about some resources says nothing about others, unless its pack is on.
#[test]
fn a_control_is_about_its_resources_alone() {
    let pricing = |resource_type: &str| {
        created(
            "azurerm_security_center_subscription_pricing.a",
            &json!({"tier": "Free", "resource_type": resource_type}),
            &json!({}),
        )
    };
    let (code, report) =
        check(&project(&[pricing("KeyVaults")]), &["--no-builtin", "--benchmark", "cis-azure-4.0"]);
    assert_eq!(code, Some(1));
    let of_vaults = controls(&report);
    assert_eq!(of_vaults["9.1.8.1"]["status"], "violated");
    assert_eq!(of_vaults["9.1.3.1"]["status"], "nothing-to-look-at");
    let (code, report) =
        check(&project(&[pricing("Discovery")]), &["--no-builtin", "--benchmark", "cis-azure-4.0"]);
    assert_eq!(code, Some(0));
    assert_eq!(report["plans"][0]["findings"], json!([]));
    let (code, report) =
        check(&project(&[pricing("Discovery")]), &["--pack", "logging", "--benchmark", "cis-azure-4.0"]);
    assert_eq!(report["plans"][0]["findings"][0]["rule"], "azure-defender-free-tier");
    assert_eq!(code, Some(i32::from(report["plans"][0]["findings"][0]["enforcement"] == "deny")));
}

/// A manifest of another kind is nothing that rules about pods and roles look at.
#[test]
fn a_manifest_of_another_kind_meets_nothing() {
    let manifest = json!({"manifest": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}}});
    let project = project(&[created("kubernetes_manifest.a", &manifest, &json!({}))]);
    let (code, report) = check(&project, &["--no-builtin", "--benchmark", "cis-kubernetes-1.10"]);
    assert_eq!(code, Some(0));
    let met: Vec<String> = controls(&report)
        .into_iter()
        .filter(|(_, control)| control["status"] == "met")
        .map(|(id, _)| id)
        .collect();
    assert!(met.is_empty(), "{met:?}");
}

#[test]
fn a_waived_violation_passes_and_stays_a_violation() {
    let project = project(&bucket());
    let waiver = "[[waivers]]\nrule = \"aws-efs-file-system-unencrypted\"\naddress = \"*\"\nreason = \"empty\"\n\
                  expires = 2099-01-01\n";
    fs::write(
        project.path().join("planguard.toml"),
        format!("[check]\nbenchmarks = [\"cis-aws-5.0\"]\n{waiver}"),
    )
    .expect("the settings");
    let (code, report) = check(&project, &[]);
    assert_eq!(code, Some(0), "{report:#}");
    let control = &controls(&report)["2.3.1"];
    assert_eq!(control["status"], "violated");
    assert_eq!(control["violations"][0]["enforcement"], "waived");
    let (_, text, _) = run(planguard(project.path(), &["check", "plan.json"]));
    assert!(text.contains("aws_efs_file_system.a (waived)"), "{text}");
}

#[test]
fn several_plans_are_told_together_and_merged_reports_say_the_same() {
    let project = project(&bucket());
    write(
        project.path(),
        "other.json",
        &[created("aws_efs_file_system.b", &json!({"encrypted": true}), &json!({}))],
    );
    let flags = ["--no-builtin", "--benchmark", "cis-aws-5.0"];
    let of = |arguments: &[&str]| run(planguard(project.path(), &[arguments, &flags].concat()));
    let (code, text, _) = of(&["check", "plan.json", "other.json"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("violated 2.3.1: EFS file systems are encrypted"), "{text}");
    assert!(text.contains("aws_efs_file_system.a in plan.json"), "{text}");
    for plan in ["plan.json", "other.json"] {
        let report = format!("report-{plan}");
        of(&["check", plan, "--format", "json", "--output", &report]);
    }
    let merge = ["merge", "report-plan.json", "report-other.json"];
    let (code, merged, stderr) = run(planguard(project.path(), &merge));
    assert_eq!(code, Some(1), "{stderr}");
    let section = |text: &str| {
        let start = text.find("cis-aws-5.0 (").unwrap_or_else(|| panic!("no section: {text}"));
        let end = text[start..].find("\n\n").expect("its end");
        text[start..start + end].to_owned()
    };
    assert_eq!(section(&merged), section(&text));
}

/// One range that is open violates the control about ranges of its kind alone.
#[test]
fn an_open_range_of_one_kind_violates_one_control() {
    let open = json!({"ingress": [{"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"],
        "ipv6_cidr_blocks": []}]});
    let project = project(&[created("aws_security_group.a", &open, &json!({}))]);
    let (code, report) = check(&project, &["--benchmark", "cis-aws-5.0"]);
    assert_eq!(code, Some(1));
    let controls = controls(&report);
    assert_eq!((&controls["5.3"]["status"], &controls["5.4"]["status"]), (&json!("violated"), &json!("met")));
}

#[test]
fn an_unknown_name_is_an_error_that_names_the_known_ones() {
    let project = project(&bucket());
    let (code, stdout, stderr) =
        run(planguard(project.path(), &["check", "plan.json", "--benchmark", "cis-aws-5"]));
    let said = (stdout + &stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(code, Some(2));
    for word in ["PG-CF-011", "did you mean cis-aws-5.0", "cis-kubernetes-1.10"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn the_rules_of_a_control_are_listed_or_the_reason() {
    let directory = tempfile::tempdir().expect("a directory");
    let rules = |id: &str| run(planguard(directory.path(), &["rules", id]));
    let (code, stdout, _) = rules("CIS AWS 5.0 5.4");
    assert_eq!(code, Some(0));
    assert!(stdout.contains("aws-security-group-open-rdp"), "{stdout}");
    let (code, _, stderr) = rules("cis-kubernetes-1.10 1.2.3");
    assert_eq!(code, Some(2));
    assert!(stderr.contains("cis-kubernetes-1.10 1.2.3: it cannot be seen in a plan"), "{stderr}");
}

#[test]
fn the_name_of_a_benchmark_lists_its_controls_with_what_decides_each() {
    let directory = tempfile::tempdir().expect("a directory");
    let rules = |arguments: &[&str]| run(planguard(directory.path(), &[&["rules"], arguments].concat()));
    let (code, stdout, _) = rules(&["cis-aws-5.0"]);
    assert_eq!(code, Some(0));
    for line in
        ["2.2.3 Databases are not public", "  aws-rds-instance-public", "  not decidable from a plan: "]
    {
        assert!(stdout.contains(line), "{line}: {stdout}");
    }
    let (_, stdout, _) = rules(&["cis-aws-5.0", "--format", "json"]);
    let controls: Vec<Value> = serde_json::from_str(&stdout).expect("JSON");
    let benchmark = planguard::check::Benchmarks::find("cis-aws-5.0").expect("the benchmark");
    assert_eq!(controls.len(), benchmark.controls.len());
    for control in &controls {
        // Rules decide it, or a reason says why none does.
        let rules = control["rules"].as_array().expect("rules");
        assert_eq!(
            rules.is_empty(),
            control["undecided"].is_string() && control["about"].is_string(),
            "{control}"
        );
    }
    let (_, stdout, _) = rules(&["cis-aws-5.0", "--format", "markdown"]);
    assert!(stdout.contains("| 2.2.3 | Databases are not public | `aws-rds-instance-public` |"), "{stdout}");
    let (code, _, stderr) = rules(&["cisaws5"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("did you mean cis-aws-5.0?"), "{stderr}");
}

#[test]
fn several_benchmarks_and_packs_may_be_one_list() {
    let project = project(&bucket());
    let (_, report) =
        check(&project, &["--benchmark", "cis-aws-5.0,cis-gcp-4.0", "--pack", "logging,hardening"]);
    let names = |list: &Value| {
        let list = list.as_array().expect("benchmarks");
        list.iter()
            .map(|benchmark| benchmark["name"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&report["plans"][0]["benchmarks"]), ["cis-aws-5.0", "cis-gcp-4.0"]);
}

/// The key of an instance is a text of a plan.
#[test]
fn addresses_do_not_steer_in_any_format_with_controls() {
    let key = "a\u{202e}\u{1b}[31m|`<script>";
    let mut change = created("aws_efs_file_system.a", &json!({"encrypted": false}), &json!({}));
    change["index"] = json!(key);
    change["address"] = json!(format!("aws_efs_file_system.a[{}]", Value::from(key)));
    let project = project(&[change]);
    for format in ["text", "markdown", "json"] {
        let arguments = ["check", "plan.json", "--benchmark", "cis-aws-5.0", "--format", format];
        let (code, text, stderr) = run(planguard(project.path(), &arguments));
        assert_eq!(code, Some(1), "{format}: {stderr}");
        assert!(text.contains("2.3.1"), "{format}: {text}");
        let steers = text.chars().find(|c| hides_or_steers(*c) && *c != '\n');
        assert_eq!(steers, None, "{format}: {text}");
        if format == "markdown" {
            let in_code = text.matches("`aws_efs_file_system.a").count() + text.matches("`` aws_efs").count();
            assert!(in_code > 0, "{text}");
            for row in text.lines().filter(|line| line.starts_with("| `2.3.1`")) {
                assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "no text ends a cell: {row}");
            }
        }
    }
}

#[test]
fn the_help_names_every_benchmark() {
    let directory = tempfile::tempdir().expect("a directory");
    let (_, help, _) = run(planguard(directory.path(), &["check", "--help"]));
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for benchmark in planguard::guardrails::benchmarks() {
        assert!(words.contains(&benchmark.name), "{}: {help}", benchmark.name);
    }
}
