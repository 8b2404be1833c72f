//! Findings point to the lines of the configuration that the plan was made of, and of no other.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const FIXTURE: &str = "fixtures/plans/already-there";

/// A directory with the fixture's plan, and its configuration in `configuration`.
fn project(configuration: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURE);
    fs::create_dir_all(directory.path().join(configuration)).expect("a directory");
    fs::copy(fixture.join("plan.json"), directory.path().join("plan.json")).expect("the plan");
    fs::copy(fixture.join("main.tf"), directory.path().join(configuration).join("main.tf"))
        .expect("the configuration");
    directory
}

fn check(directory: &TempDir, flags: &[&str]) -> (Option<i32>, Value) {
    let arguments = [&["check", "plan.json", "--no-config", "--format", "json"], flags].concat();
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    let Output { status, stdout, .. } =
        command.args(arguments).current_dir(directory.path()).output().expect("planguard starts");
    (status.code(), serde_json::from_slice(&stdout).expect("JSON"))
}

/// The file and line of each finding.
fn places(report: &Value) -> Vec<String> {
    let findings = report["plans"][0]["findings"].as_array().expect("findings");
    let place = |source: &Value| {
        source["file"].as_str().map(|file| format!("{}:{}", file.replace('\\', "/"), source["line"]))
    };
    findings.iter().filter_map(|finding| place(&finding["source"])).collect()
}

#[test]
fn the_configuration_beside_the_plan_or_in_a_named_directory_is_read() {
    let (_, report) = check(&project(""), &[]);
    assert_eq!(places(&report), ["main.tf:58", "main.tf:25", "main.tf:51"]);
    assert_eq!(places(&check(&project("infra"), &[]).1), [""; 0]);
    let (_, named) = check(&project("infra"), &["--source", "infra"]);
    assert_eq!(places(&named), ["infra/main.tf:58", "infra/main.tf:25", "infra/main.tf:51"]);
}

#[test]
fn lines_of_another_configuration_are_never_shown() {
    for change in [
        // A block of the plan is not in it.
        ("resource \"aws_instance\" \"legacy\"", "resource \"aws_instance\" \"other\""),
        // It cannot be read.
        ("resource \"aws_instance\" \"legacy\" {", "resource \"aws_instance\" \"legacy\" {{"),
    ] {
        let directory = project("");
        let path = directory.path().join("main.tf");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(change.0));
        fs::write(&path, text.replace(change.0, change.1)).unwrap();
        let (code, report) = check(&directory, &[]);
        assert_eq!(code, Some(1), "the verdict does not depend on it");
        assert_eq!(places(&report), [""; 0], "{change:?}");
    }
}

#[test]
fn whoever_names_a_configuration_learns_why_it_gives_no_lines() {
    let notices = |directory: &TempDir| {
        let (code, report) = check(directory, &["--source", "infra"]);
        (code, report["notices"].to_string(), report["problems"].to_string())
    };
    let directory = project("infra");
    fs::write(directory.path().join("infra/main.tf"), "resource \"aws_instance\" \"other\" {\n}\n").unwrap();
    let (code, said, _) = notices(&directory);
    assert_eq!(code, Some(1));
    assert!(said.contains("PG-CK-107") && said.contains("infra lacks blocks"), "{said}");
    let directory = project("infra");
    fs::write(directory.path().join("infra/broken.tf"), "resource {{\n").unwrap();
    let (_, said, _) = notices(&directory);
    assert!(said.contains("PG-CK-108") && said.contains("broken.tf"), "{said}");
    let (code, _, problems) = notices(&project("elsewhere"));
    assert_eq!(code, Some(2));
    assert!(problems.contains("PG-CF-008") && problems.contains("--source"), "{problems}");
}

#[test]
fn a_secret_of_the_plan_is_not_shown_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let plan = r#"{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {"resources": [
        {"address": "aws_db_instance.d", "mode": "managed", "type": "aws_db_instance", "name": "d",
         "values": {"password": "hunter2hunter2", "publicly_accessible": true}}]}},
      "resource_changes": [{"address": "aws_db_instance.d", "mode": "managed", "type": "aws_db_instance", "name": "d",
        "provider_name": "registry.terraform.io/hashicorp/aws", "change": {"actions": ["create"], "before": null,
        "after": {"password": "hunter2hunter2", "publicly_accessible": true}, "after_unknown": {},
        "after_sensitive": {"password": true}}}],
      "configuration": {"root_module": {"resources": [{"address": "aws_db_instance.d", "mode": "managed",
        "type": "aws_db_instance", "name": "d", "expressions": {"password": {"constant_value": "hunter2hunter2"},
        "publicly_accessible": {"constant_value": true}}}]}}}"#;
    fs::write(directory.path().join("plan.json"), plan).unwrap();
    let source = "resource \"aws_db_instance\" \"d\" {\n  password = \"hunter2hunter2\"\n  publicly_accessible = true\n}\n";
    fs::write(directory.path().join("main.tf"), source).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    let output =
        command.args(["check", "plan.json", "--no-config"]).current_dir(directory.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("main.tf:2") && text.contains("main.tf:3"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

/// The fixture's configuration with a line above the line that contains `above`.
fn with_comment(comment: &str, above: &str) -> TempDir {
    let directory = project("");
    let path = directory.path().join("main.tf");
    let text = fs::read_to_string(&path).expect("the configuration");
    let changed: Vec<String> = text
        .lines()
        .map(|line| if line.contains(above) { format!("{comment}\n{line}") } else { line.to_owned() })
        .collect();
    assert_ne!(changed.join("\n"), text.trim_end(), "{above}");
    fs::write(&path, changed.join("\n")).expect("written");
    directory
}

/// The rules and addresses of the waived findings, and the notices.
fn waived(directory: &TempDir, flags: &[&str]) -> (Vec<String>, Vec<String>) {
    let (_, report) = check(directory, flags);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["plans"][0]["findings"].as_array().expect("findings").iter();
    let waived = findings.filter(|finding| finding["enforcement"] == "waived");
    let waived = waived.map(|finding| {
        let waiver = &finding["waiver"];
        format!("{} {}:{}", text(&finding["address"]), text(&waiver["file"]), waiver["line"])
    });
    let notices = report["notices"].as_array().expect("notices").iter();
    (
        waived.collect(),
        notices.map(|notice| format!("{}: {}", text(&notice["code"]), text(&notice["message"]))).collect(),
    )
}

const LEGACY: &str = "resource \"aws_instance\" \"legacy\"";

#[test]
fn a_comment_accepts_the_findings_of_the_block_or_the_attribute_below_it() {
    let comment = "# planguard:ignore aws-instance-public-ip until 2999-12-31 a bastion";
    let (on_block, _) = waived(&with_comment(comment, LEGACY), &[]);
    assert_eq!(on_block.len(), 1, "{on_block:?}");
    assert!(on_block[0].starts_with("aws_instance.legacy main.tf:"), "{on_block:?}");
    // On the line of the attribute, with a pattern and the other sign of a comment.
    let comment = "  // planguard:ignore CKV_AWS_88 until 2999-12-31 a bastion\n  # another comment\n";
    let directory = project("");
    let path = directory.path().join("main.tf");
    let text = fs::read_to_string(&path).unwrap();
    let at = text.rfind("  associate_public_ip_address").unwrap();
    fs::write(&path, format!("{}{comment}{}", &text[..at], &text[at..])).unwrap();
    assert_eq!(waived(&directory, &[]).0.len(), 1);
    assert_eq!(waived(&directory, &["--no-waivers"]).0, [""; 0]);
}

#[test]
fn a_comment_that_does_not_count_says_why() {
    for (comment, above, wanted) in [
        ("# planguard:ignore aws-instance-public-ip a bastion", LEGACY, "PG-WV-105: main.tf:"),
        ("# planguard:ignore aws-instance-public-ip until soon x", LEGACY, "`soon` is not a date"),
        ("# planguard:ignore aws-instance-public-ip until 2001-01-01 x", LEGACY, "PG-WV-103: main.tf:"),
        (
            "# planguard:ignore aws-instance-pubic-ip until 2999-12-31 x",
            LEGACY,
            "did you mean aws-instance-public-ip?",
        ),
        (
            "# planguard:ignore aws-instance-public-ip until 2999-12-31 x",
            "resource \"aws_security_group\" \"legacy\"",
            "PG-WV-101",
        ),
    ] {
        let (waived, notices) = waived(&with_comment(comment, above), &[]);
        assert_eq!(waived, [""; 0], "{comment}");
        assert!(notices.iter().any(|notice| notice.contains(wanted)), "{comment}: {notices:?}");
    }
}

#[test]
fn a_change_cannot_accept_its_own_findings_where_trust_is_asked_for() {
    let comment = "# planguard:ignore aws-instance-public-ip until 2999-12-31 a bastion";
    let trusted = tempfile::tempdir().unwrap();
    let place = trusted.path().to_string_lossy().into_owned();
    let (waived, notices) = waived(&with_comment(comment, LEGACY), &["--trusted", &place]);
    assert_eq!(waived, [""; 0]);
    assert!(notices.iter().any(|notice| notice.starts_with("PG-WV-106: main.tf:")), "{notices:?}");
}

#[test]
fn a_line_of_a_heredoc_is_no_comment() {
    let directory = project("");
    let path = directory.path().join("main.tf");
    let text = fs::read_to_string(&path).unwrap();
    let heredoc = "locals {\n  script = <<-EOT\n    # planguard:ignore aws-instance-public-ip until 2999-12-31 x\n  EOT\n}\n";
    fs::write(&path, format!("{heredoc}{text}")).unwrap();
    assert_eq!(waived(&directory, &[]).0, [""; 0]);
}
