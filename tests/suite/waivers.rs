//! Findings that somebody accepted: they stay in every report, deny nothing until their end, and mistakes in a waiver
//! are reported.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::process::{self, run};

const FAR: &str = "expires = 2999-12-31";

/// A directory with a plan that is denied for five findings on three resources, and these waivers.
fn project(settings: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/already-there/plan.json");
    fs::copy(plan, directory.path().join("plan.json")).expect("the fixture");
    fs::write(directory.path().join("planguard.toml"), settings).expect("the settings");
    directory
}

fn planguard(directory: &TempDir, arguments: &[&str]) -> (Option<i32>, String, String) {
    run(process::planguard(directory.path(), arguments))
}

fn report(directory: &TempDir) -> Value {
    let (_, report, errors) = planguard(directory, &["check", "plan.json", "--format", "json"]);
    serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error}: {report}{errors}"))
}

/// The enforcement of each finding, by rule and address.
fn enforcements(report: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["plans"][0]["findings"].as_array().expect("findings");
    let of = |finding: &Value| {
        let rule = text(&finding["rule"]);
        (rule, text(&finding["address"]), text(&finding["enforcement"]))
    };
    findings.iter().map(of).collect()
}

fn waived(report: &Value) -> Vec<(String, String)> {
    let all = enforcements(report).into_iter();
    all.filter(|(_, _, enforcement)| enforcement == "waived")
        .map(|(rule, address, _)| (rule, address))
        .collect()
}

/// The report with wrapped lines joined.
fn unwrapped(report: &str) -> String {
    let words: Vec<&str> = report.split_whitespace().filter(|word| *word != "|").collect();
    words.join(" ")
}

#[test]
fn a_waived_finding_stays_in_the_report_and_denies_nothing() {
    let waiver = format!(
        "[[waivers]]\nrule = \"aws-instance-public-ip\"\naddress = \"aws_instance.legacy\"\nreason = \"a bastion\"\n\
         owner = \"team-web\"\nticket = \"OPS-1\"\n{FAR}\n"
    );
    let directory = project(&waiver);
    let before = enforcements(&report(&project("")));
    let after = report(&directory);
    assert_eq!(enforcements(&after).len(), before.len());
    assert_eq!(waived(&after), [("aws-instance-public-ip".to_owned(), "aws_instance.legacy".to_owned())]);
    let (code, text, _) = planguard(&directory, &["check", "plan.json"]);
    assert_eq!(code, Some(1), "the others deny");
    let line = "waived until 2999-12-31 by team-web (OPS-1): a bastion (planguard.toml:1)";
    assert!(unwrapped(&text).contains(line), "{text}");
    assert!(text.contains("; 1 waived"), "{text}");
    let (_, bare, _) = planguard(&directory, &["check", "plan.json", "--no-waivers"]);
    assert!(!bare.contains("waived"), "{bare}");
}

#[test]
fn a_plan_whose_findings_are_all_waived_passes() {
    let waiver = format!("[[waivers]]\nrule = \"*\"\naddress = \"aws_*\"\nreason = \"r\"\n{FAR}\n");
    let (code, text, _) = planguard(&project(&waiver), &["check", "plan.json"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("PASS: 0 denials, 0 warnings; 4 waived"), "{text}");
}

#[test]
fn rules_are_named_by_pattern_by_another_tool_and_by_policy() {
    for (rule, address, wanted) in [
        ("aws-instance-*", "aws_instance.legacy", 1),
        ("CKV_AWS_88", "aws_instance.legacy", 1),
        ("change-exposure-cidr", "aws_security_group.widened", 1),
        ("aws-security-group-*", "aws_security_group.*", 2),
        ("aws-instance-public-ip", "aws_instance.other", 0),
    ] {
        let waiver =
            format!("[[waivers]]\nrule = \"{rule}\"\naddress = \"{address}\"\nreason = \"r\"\n{FAR}\n");
        assert_eq!(waived(&report(&project(&waiver))).len(), wanted, "{rule} {address}");
    }
    let waiver = format!(
        "[policies]\npaths = [\"p.rego\"]\n[[waivers]]\nrule = \"data.main.deny\"\nreason = \"r\"\n{FAR}\n"
    );
    let directory = project(&waiver);
    fs::write(
        directory.path().join("p.rego"),
        "package main\ndeny contains \"no\" if input.resource_changes\n",
    )
    .unwrap();
    // Without an address, a waiver is for findings about the whole plan.
    assert_eq!(waived(&report(&directory)), [("data.main.deny".to_owned(), String::new())]);
}

#[test]
fn an_expired_waiver_denies_and_says_so() {
    let waiver = "[[waivers]]\nrule = \"aws-instance-public-ip\"\naddress = \"aws_instance.legacy\"\nreason = \"r\"\n\
                  expires = 2001-01-31\n";
    let directory = project(waiver);
    assert_eq!(waived(&report(&directory)), []);
    let (_, text, notes) = planguard(&directory, &["check", "plan.json"]);
    let line = "its waiver expired on 2001-01-31: r (planguard.toml:1)";
    assert!(unwrapped(&text).contains(line), "{text}");
    let note = "note[PG-WV-103]: planguard.toml:1: the waiver for aws-instance-public-ip on aws_instance.legacy \
                expired on 2001-01-31 and no longer accepts 1 finding";
    assert!(notes.contains(note), "{notes}");
}

#[test]
fn a_waiver_for_another_plan_counts_for_no_other() {
    let sha256 = |report: &Value| report["plans"][0]["sha256"].as_str().unwrap().to_owned();
    let own = sha256(&report(&project("")));
    let other = own.replace(|_: char| true, "0");
    for (sha256, wanted) in [(own.to_uppercase(), 1), (other, 0)] {
        let waiver = format!(
            "[[waivers]]\nrule = \"aws-instance-public-ip\"\naddress = \"*\"\nreason = \"r\"\nplan = \"{sha256}\"\n{FAR}\n"
        );
        assert_eq!(waived(&report(&project(&waiver))).len(), wanted);
    }
}

#[test]
fn what_a_waiver_does_not_do_is_reported_at_its_line() {
    let waiver = |rule: &str| {
        format!("[[waivers]]\nrule = \"{rule}\"\naddress = \"aws_instance.legacy\"\nreason = \"r\"\n{FAR}\n")
    };
    let text = [
        waiver("aws-instance-public-ip"),
        waiver("aws-instance-*"),
        waiver("aws-s3-bucket-public-acl"),
        waiver("aws-instance-pubic-ip"),
    ];
    let directory = project(&text.concat());
    let (_, _, notes) = planguard(&directory, &["check", "plan.json"]);
    for note in [
        "note[PG-WV-102]: planguard.toml:6: the waiver for aws-instance-* on aws_instance.legacy is not used: earlier",
        "note[PG-WV-101]: planguard.toml:11: ",
        "note[PG-WV-104]: planguard.toml:16: the waiver for aws-instance-pubic-ip on aws_instance.legacy is not used: \
         no rule has that id; did you mean aws-instance-public-ip?",
    ] {
        assert!(notes.contains(note), "{note}\n{notes}");
    }
    let states: Vec<Value> = report(&directory)["waivers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|waiver| waiver["state"].clone())
        .collect();
    assert_eq!(states, ["used", "shadowed", "unused", "unknown-rule"]);
}

/// Not every run enables every pack.
#[test]
fn a_waiver_for_a_pack_that_is_not_enabled_is_unused_and_not_unknown() {
    let waiver =
        format!("[[waivers]]\nrule = \"required-tags/missing\"\naddress = \"*\"\nreason = \"r\"\n{FAR}\n");
    assert_eq!(report(&project(&waiver))["waivers"][0]["state"], "unused");
}

#[test]
fn the_rules_are_listed_for_programs() {
    let directory = project("");
    let rules = |arguments: &[&str]| -> Vec<Value> {
        let (code, list, _) = planguard(&directory, &[&["rules", "--format", "json"], arguments].concat());
        assert_eq!(code, Some(0), "{list}");
        serde_json::from_str(&list).expect("JSON")
    };
    let all = rules(&[]);
    assert!(all.len() > 300);
    assert!(all.iter().all(|rule| rule["id"].is_string() && rule["severity"].is_string()));
    assert!(all.iter().any(|rule| rule["id"] == "required-tags/missing"));
    let one = rules(&["aws-instance-public-ip"]);
    assert_eq!(one.len(), 1);
    assert_eq!(one[0]["also"]["checkov"][0], "CKV_AWS_88");
    assert!(
        rules(&["--provider", "github"])
            .iter()
            .all(|rule| rule["id"].as_str().unwrap().starts_with("github-"))
    );
}

/// A typo in a filter must not look like an empty list.
#[test]
fn what_no_rule_has_is_an_error_that_suggests() {
    let directory = project("");
    for (arguments, wanted) in [
        (&["aws-instance-pubic-ip"][..], "did you mean aws-instance-public-ip?"),
        (&["required-tag"], "did you mean required-tags?"),
        (&["--provider=awz"], "did you mean aws?"),
        (&["--provider=zzz"], "use alicloud, aws, azure, azuread, azuredevops, change,"),
        (&["--service=s33"], "did you mean s3?"),
        (&["--provider=github", "--service=s3"], "use branch, provider, repository, secret, webhook"),
        (&["--pack=defualt"], "did you mean default?"),
        (&["--severity=hgih"], "'high'"),
        (&["--severity=info", "--service=msk"], "no rule matches these filters"),
    ] {
        let (code, _, errors) = planguard(&directory, &[&["rules"], arguments].concat());
        assert_eq!(code, Some(2), "{arguments:?}");
        assert!(errors.contains(wanted), "{errors}");
    }
    // The id of another tool may be that of several rules.
    let (code, list, _) = planguard(&directory, &["rules", "ckv_aws_88", "--format=markdown"]);
    assert_eq!(code, Some(0));
    assert!(list.contains("| `aws-instance-public-ip` | high | `default` | EC2 instance has"), "{list}");
}

/// Whoever pastes an example gets no error for it.
#[test]
fn examples_name_rules_that_exist() {
    let directory = project("");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |page: &str| fs::read_to_string(root.join(page)).expect("a page");
    let help = planguard(&directory, &["waive", "--help"]).1;
    let text = [read("docs/waivers.md"), read("docs/configuration.md"), help].concat();
    let named = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let named: Vec<&str> = named.filter(|word| word.starts_with("aws-")).collect();
    assert!(named.len() > 5, "{named:?}");
    for id in named {
        assert_eq!(planguard(&directory, &["rules", id]).0, Some(0), "{id}");
    }
}

#[test]
fn a_waiver_that_is_wrong_leaves_the_verdict_undecided() {
    for waiver in [
        "[[waivers]]\nrule = \"aws-instance-public-ip\"\nreason = \"r\"\n",
        "[[waivers]]\nrule = \"aws-instance-public-ip\"\nexpires = 2999-12-31\n",
        "[[waivers]]\nrul = \"aws-instance-public-ip\"\nreason = \"r\"\nexpires = 2999-12-31\n",
    ] {
        let (code, errors, _) = planguard(&project(waiver), &["check", "plan.json"]);
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains("PG-CF-00"), "{errors}");
    }
}

#[test]
fn settings_change_single_rules_and_the_report_says_so() {
    let with = |settings: &str| {
        let directory = project(&format!("[rules]\n{settings}\n"));
        let (code, text, errors) = planguard(&directory, &["check", "plan.json"]);
        (code, text, errors, report(&directory))
    };
    let of = |report: &Value, rule: &str| {
        let all = enforcements(report).into_iter();
        all.filter(|(id, ..)| id == rule).map(|(_, _, enforcement)| enforcement).collect::<Vec<_>>()
    };
    let (_, text, _, report) = with("CKV_AWS_88 = { enforcement = \"warn\", reason = \"we know\" }");
    assert_eq!(of(&report, "aws-instance-public-ip"), ["warn"]);
    let line = "planguard.toml:2: rules.CKV_AWS_88 = \"warn\": its findings do not deny: we know";
    assert!(text.contains(line), "{text}");
    let (_, _, _, report) = with("\"aws-*\" = { enforcement = \"off\", reason = \"r\" }");
    assert_eq!(of(&report, "aws-instance-public-ip"), [""; 0]);
    assert_eq!(of(&report, "change-exposure-cidr"), ["deny"]);
    let (_, _, _, report) = with("aws-instance-public-ip = { severity = \"info\", reason = \"r\" }");
    assert_eq!(of(&report, "aws-instance-public-ip"), ["warn"]);
    // Stricter settings weaken nothing.
    let (_, text, _, _) = with("aws-instance-public-ip = { enforcement = \"deny\", reason = \"r\" }");
    assert!(!text.contains("weaken"), "{text}");
    let (code, text, _, _) = with("aws-instance-pubic-ip = { enforcement = \"off\", reason = \"r\" }");
    assert_eq!(code, Some(2));
    assert!(text.contains("PG-CF-007") && text.contains("did you mean aws-instance-public-ip?"), "{text}");
}

#[test]
fn settings_change_rules_of_policies() {
    let directory = project(
        "[check]\nbuiltin = false\n[policies]\npaths = [\"p.rego\"]\n[rules]\n\"data.main.deny\" = { enforcement = \
         \"warn\", reason = \"trial\" }\n",
    );
    let policy = "package main\ndeny contains \"no\" if input.resource_changes\n";
    fs::write(directory.path().join("p.rego"), policy).unwrap();
    let (code, text, errors) = planguard(&directory, &["check", "plan.json"]);
    assert_eq!(code, Some(0), "{text}{errors}");
    assert!(text.contains("PASS: 0 denials, 1 warning"), "{text}");
}

#[test]
fn a_waiver_is_written_listed_and_used() {
    let directory = project("# ours\n[check]\nfail-on = \"medium\"\n");
    let add = |arguments: &[&str]| planguard(&directory, &[&["waive"], arguments].concat());
    let (code, text, errors) = add(&[
        "aws-instance-public-ip",
        "aws_instance.legacy",
        "--reason=a bastion",
        "--owner=team-web",
        "--expires=2999-12-31",
    ]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        text.starts_with("added to planguard.toml:\n\n[[waivers]]\nrule = \"aws-instance-public-ip\"\n"),
        "{text}"
    );
    let written = fs::read_to_string(directory.path().join("planguard.toml")).unwrap();
    assert!(written.starts_with("# ours\n[check]\nfail-on = \"medium\"\n\n[[waivers]]\n"), "{written}");
    assert_eq!(waived(&report(&directory)).len(), 1);
    let (code, list, _) = planguard(&directory, &["waivers", "plan.json"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        list,
        "planguard.toml:5: aws-instance-public-ip on aws_instance.legacy\n  a bastion (team-web), until 2999-12-31\n  \
         accepts aws-instance-public-ip in plan.json: aws_instance.legacy\n\n1 waiver\n"
    );
    let (_, list, _) = planguard(&directory, &["waivers", "--format=json"]);
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list[0]["accepts"], Value::Null);
    for (arguments, code, wanted) in [
        (
            &["aws-instance-pubic-ip", "a.b", "--reason=r", "--expires=2999-12-31"][..],
            2,
            "aws-instance-public-ip?",
        ),
        (&["aws-instance-public-ip", "a.b", "--reason=r"], 2, "--expires"),
        (&["aws-instance-public-ip", "a.b", "--reason=r", "--expires=2001-01-01"], 2, "is past"),
        (&["aws-instance-public-ip", "a.b", "--reason=r", "--expires=soon"], 2, "not a date"),
        (&["aws-instance-public-ip", "a.b"], 2, "--reason"),
    ] {
        let (exit, _, errors) = add(arguments);
        assert_eq!(exit, Some(code), "{arguments:?}");
        assert!(errors.contains(wanted), "{errors}");
    }
    assert_eq!(fs::read_to_string(directory.path().join("planguard.toml")).unwrap(), written);
}
