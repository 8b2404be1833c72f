//! Parameters of rules: settings change what a guardrail judges by, and a mistake in one is an error at its line.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::{self, run};

/// A directory with a plan of these resources and these settings of `[rules]`.
fn project(resources: &[(&str, Value)], rules: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let provider = "registry.terraform.io/hashicorp/aws";
    let changes: Vec<Value> = resources
        .iter()
        .map(|(resource_type, after)| {
            json!({
                "address": format!("{resource_type}.a"), "mode": "managed", "type": resource_type, "name": "a",
                "provider_name": provider,
                "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {}},
            })
        })
        .collect();
    let planned: Vec<Value> = resources
        .iter()
        .map(|(resource_type, after)| {
            json!({
                "address": format!("{resource_type}.a"), "mode": "managed", "type": resource_type, "name": "a",
                "provider_name": provider, "values": after,
            })
        })
        .collect();
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": planned}}, "resource_changes": changes,
    });
    fs::write(directory.path().join("plan.json"), plan.to_string()).expect("the plan");
    fs::write(directory.path().join("planguard.toml"), format!("[rules]\n{rules}\n")).expect("the settings");
    directory
}

fn check(directory: &TempDir) -> (Option<i32>, Value) {
    let (code, report, errors) =
        run(process::planguard(directory.path(), &["check", "plan.json", "--format", "json"]));
    (code, serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error}: {report}{errors}")))
}

/// The messages of the findings of a rule.
fn messages(report: &Value, rule: &str) -> Vec<String> {
    let findings = report["plans"][0]["findings"].as_array().expect("findings").iter();
    let of = findings.filter(|finding| finding["rule"] == rule);
    of.map(|finding| finding["message"].as_str().expect("a message").to_owned()).collect()
}

fn ssh_from(range: &str) -> Value {
    let rule = json!({"cidr_blocks": [range], "from_port": 22, "to_port": 22, "protocol": "tcp"});
    json!({"ingress": [rule], "egress": [], "description": "d", "name": "n"})
}

#[test]
fn allowed_ranges_make_a_rule_look_at_all_other_public_ones() {
    const RULE: &str = "aws-security-group-open-ssh";
    let allowed =
        format!("{RULE} = {{ params = {{ allowed = [\"8.8.8.0/24\"] }}, reason = \"the office\" }}");
    for (range, without, with) in
        [("8.8.8.8/32", 0, 0), ("9.9.9.9/32", 0, 1), ("10.0.0.0/8", 0, 0), ("0.0.0.0/0", 1, 1)]
    {
        let resources = [("aws_security_group", ssh_from(range))];
        let (_, report) = check(&project(&resources, ""));
        assert_eq!(messages(&report, RULE).len(), without, "{range}");
        let (_, report) = check(&project(&resources, &allowed));
        let found = messages(&report, RULE);
        assert_eq!(found.len(), with, "{range}");
        let says = "aws_security_group.a allows port 22 (SSH) from a public range that is not allowed";
        assert!(found.iter().all(|message| message == says), "{found:?}");
        assert_eq!(report["weakenings"], json!([]), "it is stricter");
    }
}

#[test]
fn a_number_and_a_list_of_ports_can_be_set() {
    let database = json!({"engine": "postgres", "backup_retention_period": 3});
    let resources = [
        ("aws_db_instance", database),
        (
            "aws_security_group",
            json!({"ingress": [
                {"cidr_blocks": ["0.0.0.0/0"], "from_port": 9100, "to_port": 9100, "protocol": "tcp"}
            ]}),
        ),
    ];
    let rules = "aws-db-instance-no-backup = { params = { minimum-days = 14 }, reason = \"r\" }\n\
                 \"aws-security-group-*\" = { params = { ports = [\"9100-9101\", 9100] }, reason = \"metrics\" }";
    let (_, before) = check(&project(&resources, ""));
    assert_eq!(messages(&before, "aws-db-instance-no-backup"), [""; 0]);
    assert_eq!(messages(&before, "aws-security-group-open-admin-port"), [""; 0]);
    let (_, report) = check(&project(&resources, rules));
    assert_eq!(
        messages(&report, "aws-db-instance-no-backup"),
        ["aws_db_instance.a keeps automated backups for less than 14 days"]
    );
    assert_eq!(messages(&report, "aws-security-group-open-admin-port").len(), 1);
    let weakenings = report["weakenings"].as_array().unwrap();
    assert!(
        weakenings.iter().all(|weakening| weakening["line"] == 3),
        "ports that are left out: {weakenings:?}"
    );
    assert!(!weakenings.is_empty());
}

#[test]
fn a_mistake_names_file_line_rule_and_parameter() {
    let resources = [("aws_security_group", ssh_from("0.0.0.0/0"))];
    for (rules, wanted) in [
        (
            "aws-security-group-open-ssh = { params = { alowed = [] }, reason = \"r\" }",
            "planguard.toml:2: rules.aws-security-group-open-ssh: there is no parameter `alowed`|did you mean `allowed`?",
        ),
        (
            "aws-security-group-open-ssh = { params = { allowed = \"8.8.8.0/24\" }, reason = \"r\" }",
            "planguard.toml:2: rules.aws-security-group-open-ssh: the parameter `allowed`: expected a list of network ranges",
        ),
        (
            "aws-security-group-open-admin-port = { params = { ports = [99999] }, reason = \"r\" }",
            "the parameter `ports`: 99999 is neither a port nor a range of ports",
        ),
        (
            "aws-instance-public-ip = { params = { days = 1 }, reason = \"r\" }",
            "there is no parameter `days`|the rule has no parameters",
        ),
        (
            "change-exposure-cidr = { params = { days = 1 }, reason = \"r\" }",
            "there is no parameter `days`|the rule has no parameters",
        ),
    ] {
        let (code, report) = check(&project(&resources, rules));
        assert_eq!(code, Some(2), "{rules}");
        let problem = &report["problems"][0];
        assert_eq!(problem["code"], "PG-CF-010", "{problem}");
        let text = format!("{} {}", problem["message"].as_str().unwrap(), problem["help"].as_str().unwrap());
        assert!(wanted.split('|').all(|part| text.contains(part)), "{text}");
    }
}

#[test]
fn a_rule_shows_its_parameters() {
    let directory = project(&[], "");
    let rules = |format: &str| {
        let arguments = ["rules", "aws-db-instance-no-backup", "--format", format];
        run(process::planguard(directory.path(), &arguments)).1
    };
    assert!(rules("text").contains("minimum-days = 1\n  For how many days"), "{}", rules("text"));
    assert!(rules("markdown").contains("| `minimum-days` | `1` | For how many days"));
    let list: Value = serde_json::from_str(&rules("json")).unwrap();
    assert_eq!(list[0]["parameters"][0]["name"], "minimum-days");
    assert_eq!(list[0]["parameters"][0]["type"], "number");
}

/// A guardrail of the project has parameters as built-in ones have.
#[test]
fn own_guardrails_have_parameters() {
    let resources = [("aws_security_group", ssh_from("0.0.0.0/0"))];
    let directory = project(
        &resources,
        "team-description = { params = { refused = [\"d\"] }, reason = \"r\" }\n[check]\nguardrails = [\"g.toml\"]",
    );
    let guardrail = "[[guardrail]]\nid = \"team-description\"\ntitle = \"t\"\nseverity = \"high\"\ncategory = \"iam\"\n\
        pack = \"default\"\nresources = [\"aws_security_group\"]\nfail = { attribute = \"description\", in = { param = \
        \"refused\" } }\nmessage = \"{address} is wrong\"\nwhy = \"w\"\nremediation = \"r\"\n\
        [guardrail.params.refused]\ntype = \"texts\"\ndefault = [\"x\"]\nweaker = \"less\"\nabout = \"a\"\n";
    fs::write(directory.path().join("g.toml"), guardrail).unwrap();
    let (_, report) = check(&directory);
    assert_eq!(messages(&report, "team-description").len(), 1, "{report}");
}
