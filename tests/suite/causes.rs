//! Several rules that find one cause make one finding, and each of them can still be waived, set and accepted by itself.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::process;

/// A resource change that creates an object.
fn created(address: &str, after: &Value) -> Value {
    json!({"address": address, "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {}}})
}

/// A security group with one block for these ports from the whole internet.
fn group(from: u16, to: u16) -> Value {
    let rule = json!({"cidr_blocks": ["0.0.0.0/0"], "from_port": from, "to_port": to, "protocol": "tcp"});
    created("aws_security_group.a", &json!({"ingress": [rule]}))
}

/// The exit code and the report on a plan of these changes, with these settings, after these commands.
fn check(changes: &[Value], settings: &str, before: &[&[&str]]) -> (Option<i32>, Value) {
    let directory = tempdir().expect("a directory");
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": changes,
        "planned_values": {"root_module": {}}, "configuration": {"root_module": {}}});
    std::fs::write(directory.path().join("plan.json"), plan.to_string()).expect("the plan");
    std::fs::write(directory.path().join("planguard.toml"), settings).expect("the settings");
    for arguments in before {
        let (code, _, stderr) = process::run(process::planguard(directory.path(), arguments));
        assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
    }
    let arguments = ["check", "plan.json", "--format", "json"];
    let (code, stdout, stderr) = process::run(process::planguard(directory.path(), &arguments));
    (code, serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stderr}")))
}

/// The findings of a report that are not accepted.
fn open(report: &Value) -> Vec<Value> {
    let findings = report["plans"][0]["findings"].as_array().expect("findings").iter();
    let is_open = |finding: &&Value| {
        !["waived", "baseline"].contains(&finding["enforcement"].as_str().expect("an enforcement"))
    };
    findings.filter(is_open).cloned().collect()
}

/// The ids of the rules that a finding names.
fn rules(finding: &Value) -> Vec<&str> {
    match finding["shares"].as_array() {
        Some(shares) => shares.iter().filter_map(|share| share["rule"].as_str()).collect(),
        None => finding["rule"].as_str().into_iter().collect(),
    }
}

#[test]
fn a_range_of_ports_is_one_finding_that_names_what_is_behind_it() {
    let (code, report) = check(&[group(3300, 3400)], "", &[]);
    let findings = open(&report);
    assert_eq!((code, findings.len()), (Some(1), 1), "{findings:?}");
    assert_eq!(rules(&findings[0]), ["aws-security-group-open-database", "aws-security-group-open-rdp"]);
    assert_eq!((&findings[0]["severity"], &findings[0]["enforcement"]), (&json!("critical"), &json!("deny")));
    assert_eq!(
        findings[0]["message"],
        "aws_security_group.a allows ports 3300-3400 (MySQL, RDP) from the internet"
    );
    for rule in rules(&findings[0]) {
        assert_eq!(report["rules"][rule]["kind"], "guardrail", "{rule} is described");
    }
}

#[test]
fn a_single_rule_names_its_port() {
    let (_, report) = check(&[group(5432, 5432)], "", &[]);
    let findings = open(&report);
    assert_eq!(findings[0].get("shares"), None);
    assert_eq!(
        findings[0]["message"],
        "aws_security_group.a allows port 5432 (PostgreSQL) from the internet"
    );
}

#[test]
fn two_blocks_are_two_causes() {
    let rule = |port: u16| json!({"cidr_blocks": ["0.0.0.0/0"], "from_port": port, "to_port": port, "protocol": "tcp"});
    let change = created("aws_security_group.a", &json!({"ingress": [rule(22), rule(3389)]}));
    let (_, report) = check(&[change], "", &[]);
    assert_eq!(open(&report).len(), 2, "{report}");
}

#[test]
fn what_accepts_one_rule_takes_its_share_away_and_no_more() {
    let waive: &[&str] = &[
        "waive",
        "aws-security-group-open-database",
        "aws_security_group.a",
        "--reason",
        "r",
        "--expires",
        "2099-01-01",
    ];
    let (code, report) = check(&[group(3300, 3400)], "", &[waive]);
    let findings = open(&report);
    assert_eq!((code, findings.len()), (Some(1), 1));
    assert_eq!(
        (rules(&findings[0]), &findings[0]["severity"]),
        (vec!["aws-security-group-open-rdp"], &json!("high"))
    );
    let other: &[&str] = &[
        "waive",
        "aws-security-group-open-rdp",
        "aws_security_group.a",
        "--reason",
        "r",
        "--expires",
        "2099-01-01",
    ];
    assert_eq!(check(&[group(3300, 3400)], "", &[waive, other]).0, Some(0));
}

/// A rule that only warns makes the finding no worse than what denies.
#[test]
fn settings_of_one_rule_count_for_its_share() {
    let warn = "[rules.aws-security-group-open-database]\nenforcement = \"warn\"\nreason = \"r\"\n";
    let (code, report) = check(&[group(3300, 3400)], warn, &[]);
    let findings = open(&report);
    assert_eq!((code, findings.len()), (Some(1), 1), "{report}");
    assert_eq!((&findings[0]["severity"], &findings[0]["enforcement"]), (&json!("high"), &json!("deny")));
    assert_eq!(findings[0]["shares"][1]["enforcement"], "warn");
    let off = "[rules.aws-security-group-open-database]\nenforcement = \"off\"\nreason = \"r\"\n";
    assert_eq!(rules(&open(&check(&[group(3300, 3400)], off, &[]).1)[0]), ["aws-security-group-open-rdp"]);
}

#[test]
fn a_baseline_has_an_entry_for_each_rule() {
    let write: &[&str] = &["baseline", "plan.json"];
    let settings = "[check]\nbaseline = \"planguard-baseline.json\"\n";
    let (code, report) = check(&[group(3300, 3400)], settings, &[write]);
    assert_eq!((code, open(&report).len()), (Some(0), 0), "{report}");
    assert_eq!(report["baseline"]["findings"], 2);
}

#[test]
fn statements_of_a_policy_are_causes_of_their_own() {
    let policy = json!({"Statement": [
        {"Sid": "Admin", "Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"},
    ]});
    let change = created("aws_iam_policy.a", &json!({"policy": policy.to_string()}));
    let (_, report) = check(&[change], "", &[]);
    let findings = open(&report);
    assert_eq!(findings.len(), 1, "the first statement is the first that violates each rule: {findings:?}");
    assert!(rules(&findings[0]).contains(&"aws-iam-policy-admin"), "{findings:?}");
    let message = findings[0]["message"].as_str().expect("a message");
    assert!(message.contains("(statement `Admin`)"), "{message}");
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"},
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
    ]});
    let change = created("aws_iam_policy.a", &json!({"policy": policy.to_string()}));
    let findings = open(&check(&[change], "", &[]).1);
    assert_eq!(findings.len(), 2, "{findings:?}");
}

#[test]
fn an_unknown_value_is_one_line_with_the_rules_that_wait_for_it() {
    let mut change = created("aws_security_group.a", &json!({}));
    change["change"]["after_unknown"] = json!({"ingress": true});
    let directory = tempdir().expect("a directory");
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [change],
        "planned_values": {"root_module": {}}, "configuration": {"root_module": {"resources": [
            {"address": "aws_security_group.a", "mode": "managed", "type": "aws_security_group", "name": "a",
             "expressions": {"ingress": {"references": ["terraform_data.x.output", "terraform_data.x"]}}}]}}});
    std::fs::write(directory.path().join("plan.json"), plan.to_string()).expect("the plan");
    let arguments = ["check", "plan.json", "--format", "json"];
    let (_, stdout, _) = process::run(process::planguard(directory.path(), &arguments));
    let report: Value = serde_json::from_str(&stdout).expect("a report");
    let findings = open(&report);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        findings[0]["message"],
        "aws_security_group.a may allow all ports from the internet, and violate 7 more rules, depending on `ingress`"
    );
    assert_eq!((&findings[0]["undetermined"], rules(&findings[0]).len()), (&json!(true), 8));
    let (_, text, _) = process::run(process::planguard(directory.path(), &["check", "plan.json"]));
    assert!(text.contains("also: aws-security-group-open-"), "{text}");
}

#[test]
fn the_four_settings_of_a_public_access_block_are_one_cause() {
    let change = created(
        "aws_s3_bucket_public_access_block.a",
        &json!({"bucket": "b", "block_public_acls": false,
        "block_public_policy": false, "ignore_public_acls": false, "restrict_public_buckets": false}),
    );
    let findings = open(&check(&[change], "", &[]).1);
    assert_eq!((findings.len(), rules(&findings[0]).len()), (1, 4), "{findings:?}");
    let message = findings[0]["message"].as_str().expect("a message");
    for setting in
        ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]
    {
        assert!(message.contains(setting), "{message}");
    }
}

#[test]
fn what_a_change_switches_off_is_one_finding_with_what_is_off_then() {
    let side = |encrypted: bool| json!({"storage_encrypted": encrypted, "cluster_identifier": "c"});
    let change = json!({"address": "aws_rds_cluster.a", "change": {"actions": ["delete", "create"],
        "before": side(true), "after": side(false), "after_unknown": {}, "replace_paths": [["storage_encrypted"]]}});
    let findings = open(&check(&[change], "", &[]).1);
    // That the data is destroyed is something else.
    let is_about_it = |finding: &&Value| {
        finding["attribute"] == "storage_encrypted" && finding["rule"] != "change-stateful-replace"
    };
    let about: Vec<&Value> = findings.iter().filter(is_about_it).collect();
    assert_eq!(about.len(), 1, "{findings:?}");
    assert!(rules(about[0]).contains(&"change-encryption-off"), "{findings:?}");
}

#[test]
fn rules_of_azure_and_google_are_one_finding_as_well() {
    let rule = created(
        "azurerm_network_security_rule.a",
        &json!({"name": "r", "access": "Allow", "direction": "Inbound",
        "priority": 100, "protocol": "Tcp", "source_port_range": "*", "source_address_prefix": "*",
        "destination_address_prefix": "*", "destination_port_range": "22-3389"}),
    );
    let firewall = created(
        "google_compute_firewall.a",
        &json!({"direction": "INGRESS", "source_ranges": ["0.0.0.0/0"],
        "allow": [{"protocol": "tcp", "ports": ["22"]}, {"protocol": "tcp", "ports": ["5432"]}]}),
    );
    let findings = open(&check(&[rule, firewall], "", &[]).1);
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings.iter().all(|finding| rules(finding).len() > 1), "{findings:?}");
    assert_eq!(
        findings[1]["message"],
        "google_compute_firewall.a opens ports 22, 5432 (SSH, PostgreSQL) to the internet"
    );
}

#[test]
fn sarif_and_csv_name_every_rule() {
    let directory = tempdir().expect("a directory");
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [group(3300, 3400)],
        "planned_values": {"root_module": {}}, "configuration": {"root_module": {}}});
    std::fs::write(directory.path().join("plan.json"), plan.to_string()).expect("the plan");
    for format in ["sarif", "csv", "markdown", "gitlab", "github", "azure", "junit", "tap", "text"] {
        let arguments = ["check", "plan.json", "--format", format];
        let (_, text, _) = process::run(process::planguard(directory.path(), &arguments));
        for rule in ["aws-security-group-open-database", "aws-security-group-open-rdp"] {
            assert!(text.contains(rule), "{format}: {text}");
        }
    }
}

/// The elements of a list of databases, before and after.
fn list(before: &[&str], after: &[&str]) -> Vec<Value> {
    let side = |names: &[&str], position: usize| {
        let object = |name: &&str| {
            json!({"identifier": name, "storage_encrypted": true, "backup_retention_period": 7, "skip_final_snapshot": true,
                "monitoring_interval": 60, "performance_insights_enabled": true})
        };
        names.get(position).map(object).unwrap_or(Value::Null)
    };
    let entry = |position: usize| {
        let (old, new) = (before.get(position), after.get(position));
        let actions = match (old, new) {
            (Some(old), Some(new)) if old == new => json!(["no-op"]),
            (Some(_), Some(_)) => json!(["delete", "create"]),
            (Some(_), None) => json!(["delete"]),
            (None, _) => json!(["create"]),
        };
        json!({"address": format!("aws_db_instance.a[{position}]"), "change": {"actions": actions,
            "before": side(before, position), "after": side(after, position), "after_unknown": {},
            "replace_paths": [["identifier"]]}})
    };
    (0..before.len().max(after.len())).map(entry).collect()
}

#[test]
fn an_element_that_left_the_middle_of_a_list_is_the_cause_of_all_that_follows() {
    let (code, report) = check(&list(&["ann", "bob", "cid", "dan"], &["ann", "cid", "dan"]), "", &[]);
    // That the databases have no deletion protection and leave no snapshot was so before.
    let findings: Vec<Value> =
        open(&report).into_iter().filter(|finding| finding["pre_existing"] != true).collect();
    assert_eq!((code, findings.len()), (Some(1), 1), "{findings:?}");
    assert_eq!(findings[0]["rule"], "change-count-shifted");
    assert_eq!(
        (&findings[0]["severity"], &findings[0]["address"]),
        (&json!("critical"), &json!("aws_db_instance.a[1]"))
    );
    assert_eq!(
        findings[0]["message"],
        "aws_db_instance.a[1] left the middle of the `count` list: the 2 objects behind it take the place of the one \
         before, and aws_db_instance.a[3] is destroyed instead; a resource with data is replaced (2 objects); a resource \
         with data is destroyed (1 object)"
    );
    let shares = findings[0]["shares"].as_array().expect("shares");
    let of = |rule: &str| -> Vec<&str> {
        let shares = shares.iter().filter(|share| share["rule"] == rule);
        shares.filter_map(|share| share["address"].as_str()).collect()
    };
    assert_eq!(of("change-stateful-replace"), ["aws_db_instance.a[1]", "aws_db_instance.a[2]"]);
    assert_eq!(of("change-stateful-delete"), ["aws_db_instance.a[3]"]);
    // Without the rule about the list, the others stand for themselves.
    let off = "[rules.change-count-shifted]\nenforcement = \"off\"\nreason = \"r\"\n";
    let (_, report) = check(&list(&["ann", "bob", "cid", "dan"], &["ann", "cid", "dan"]), off, &[]);
    assert!(open(&report).len() > 2, "{report}");
}

#[test]
fn an_element_that_left_the_end_of_a_list_is_no_shift() {
    let (_, report) = check(&list(&["ann", "bob"], &["ann"]), "", &[]);
    let findings = open(&report);
    assert!(findings.iter().all(|finding| finding["rule"] != "change-count-shifted"), "{findings:?}");
    assert!(!findings.is_empty());
}

#[test]
fn what_a_change_opens_is_one_finding_with_what_is_open_then() {
    let change = |address: &str, before: Value, after: Value| json!({"address": address, "change": {"actions": ["update"], "before": before, "after": after, "after_unknown": {}}});
    let rule = |range: &str| json!({"type": "ingress", "protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": [range]});
    let rule = change("aws_security_group_rule.a", rule("10.0.0.0/8"), rule("0.0.0.0/0"));
    let cluster = |public: bool| {
        json!({"enabled_cluster_log_types": ["api", "audit", "authenticator"], "vpc_config": [
            {"endpoint_public_access": public, "public_access_cidrs": ["0.0.0.0/0"]}]})
    };
    let cluster = change("aws_eks_cluster.a", cluster(false), cluster(true));
    let findings = open(&check(&[rule, cluster], "", &[]).1);
    let all: Vec<Vec<&str>> = findings.iter().map(rules).collect();
    assert_eq!(
        all,
        [
            ["aws-eks-public-endpoint-open", "change-exposure-flag"],
            ["aws-security-group-rule-open-ssh", "change-exposure-cidr"],
        ]
    );
}

/// A resource change that updates an object.
fn updated(address: &str, before: &Value, after: &Value) -> Value {
    json!({"address": address, "change": {"actions": ["update"], "before": before, "after": after, "after_unknown": {}}})
}

#[test]
fn each_setting_of_a_weakened_block_is_told_once() {
    let settings = |policy: bool| {
        json!({"bucket": "b", "block_public_acls": true, "ignore_public_acls": true,
            "block_public_policy": policy, "restrict_public_buckets": policy})
    };
    let address = "aws_s3_bucket_public_access_block.b";
    let (_, report) = check(&[updated(address, &settings(true), &settings(false))], "", &[]);
    let findings = open(&report);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        findings[0]["message"],
        "aws_s3_bucket_public_access_block.b blocks less public access than before: `block_public_policy` changes \
         from `true` to `false`, `restrict_public_buckets` changes from `true` to `false`"
    );
    assert_eq!(rules(&findings[0]).len(), 4);
}

#[test]
fn two_guards_about_one_change_of_a_setting_tell_it_once() {
    let database = |skip: bool| json!({"identifier": "d", "skip_final_snapshot": skip, "final_snapshot_identifier": "f"});
    let (_, report) = check(&[updated("aws_db_instance.d", &database(false), &database(true))], "", &[]);
    let findings = open(&report);
    let finding = findings.iter().find(|finding| rules(finding).contains(&"change-final-snapshot-lost"));
    let finding = finding.expect("a finding");
    assert!(rules(finding).contains(&"change-protection-off"), "{finding}");
    let message = finding["message"].as_str().expect("a message");
    assert_eq!(message.matches("`skip_final_snapshot` changes").count(), 1, "{message}");
}

#[test]
fn a_clause_of_a_finding_does_not_name_the_object_again() {
    let database = |enabled: bool, days: u32| json!({"name": "d", "settings": [{"backup_configuration": [{"enabled": enabled, "transaction_log_retention_days": days}]}]});
    let change = updated("google_sql_database_instance.d", &database(true, 7), &database(false, 1));
    let findings = open(&check(&[change], "", &[]).1);
    let finding = findings.iter().find(|finding| rules(finding).contains(&"google-sql-instance-no-backups"));
    let message = finding.expect("a finding")["message"].as_str().expect("a message");
    assert!(message.contains("; retention is reduced from 7 days to 1 day"), "{message}");
    assert_eq!(message.matches("google_sql_database_instance.d").count(), 1, "{message}");
}

#[test]
fn a_change_that_says_what_a_guardrail_says_adds_the_setting_alone() {
    let service = |public: bool| json!({"network_configuration": [{"assign_public_ip": public}]});
    let (_, report) = check(&[updated("aws_ecs_service.s", &service(false), &service(true))], "", &[]);
    let findings = open(&report);
    let finding = findings.iter().find(|finding| rules(finding).contains(&"change-exposure-flag"));
    assert_eq!(
        finding.expect("a finding")["message"],
        "aws_ecs_service.s assigns public IP addresses to its tasks: `network_configuration[0].assign_public_ip` \
         changes from `false` to `true`"
    );
}

#[test]
fn undetermined_rules_are_counted_with_the_findings_that_they_are() {
    let unknown = json!({"address": "aws_ecs_task_definition.t", "change": {"actions": ["create"], "before": null,
        "after": {"family": "web"}, "after_unknown": {"container_definitions": true}}});
    let directory = tempdir().expect("a directory");
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [unknown],
        "planned_values": {"root_module": {}}, "configuration": {"root_module": {}}});
    std::fs::write(directory.path().join("plan.json"), plan.to_string()).expect("the plan");
    let (_, stdout, stderr) = process::run(process::planguard(directory.path(), &["check", "plan.json"]));
    assert!(stdout.contains("; 2 undetermined in 1 finding\n"), "{stdout}{stderr}");
}

#[test]
fn who_sets_an_attribute_is_another_cause_than_what_it_lets_in() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/azure-vm");
    let (_, stdout, _) = process::run(process::planguard(
        &fixture,
        &["check", "plan.json", "--no-config", "--format", "json"],
    ));
    let report: Value = serde_json::from_str(&stdout).expect("a report");
    let findings = open(&report);
    let of_group: Vec<&str> = findings
        .iter()
        .filter(|finding| finding["address"] == "azurerm_network_security_group.web")
        .filter_map(|finding| finding["rule"].as_str())
        .collect();
    assert_eq!(of_group, ["azure-security-group-open-rdp", "change-managed-twice"]);
}
