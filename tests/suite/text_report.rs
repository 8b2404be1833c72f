//! The text report of `planguard check` on the terminals of its readers: how many lines it has, and how wide they are.

use std::fs;
use std::process::{Command, Output};

use planguard::check::{CheckOptions, Rules, check};
use planguard::input::{Batch, Document};
use planguard::render::{Colour, Detail, Layout, check::FORMATS};
use planguard::report::Report;
use serde_json::{Value, json};

/// A resource of a plan; one that exists is unchanged.
fn resource(resource_type: &str, name: &str, exists: bool, values: &Value) -> Value {
    json!({
        "address": format!("module.application.{resource_type}.{name}"),
        "module_address": "module.application",
        "mode": "managed", "type": resource_type, "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": [if exists { "no-op" } else { "create" }],
            "before": if exists { values.clone() } else { Value::Null },
            "after": values, "after_unknown": {},
        },
    })
}

fn plan(resource_changes: &[Value]) -> String {
    json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
        "resource_changes": resource_changes, "configuration": {"root_module": {}},
    })
    .to_string()
}

fn report(plans: &[(&str, String)]) -> Report {
    let document = |(name, text): &(&str, String)| Document::from_text(*name, text.clone()).expect("a plan");
    let batch = Batch { documents: plans.iter().map(document).collect(), ..Batch::default() };
    check(&batch, &Rules::default(), &CheckOptions::default(), &|_| {})
}

fn rendered(report: &Report, width: usize, detail: Detail) -> String {
    let layout = Layout { colour: Colour::Off, width, detail };
    (FORMATS.default().render)(report, layout).expect("a report")
}

/// Databases, instances, volumes and groups, some of them there before, with more than 45 findings.
fn many() -> Report {
    let mut resources = Vec::new();
    for number in 0..4 {
        let exists = number == 3;
        let name = |what: &str| format!("{what}{number}");
        let database = json!({
            "publicly_accessible": true, "storage_encrypted": false, "backup_retention_period": 0,
            "monitoring_interval": 0, "performance_insights_enabled": false,
        });
        resources.push(resource("aws_db_instance", &name("orders"), exists, &database));
        let instance = json!({
            "associate_public_ip_address": true, "monitoring": false,
            "metadata_options": [{ "http_tokens": "optional" }],
            "root_block_device": [{ "encrypted": false }],
        });
        resources.push(resource("aws_instance", &name("web"), exists, &instance));
        resources.push(resource("aws_ebs_volume", &name("data"), exists, &json!({ "encrypted": false })));
        let ingress = json!([{
            "cidr_blocks": ["0.0.0.0/0"], "from_port": 22, "to_port": 22, "protocol": "tcp",
            "ipv6_cidr_blocks": [], "description": "", "prefix_list_ids": [], "security_groups": [], "self": false,
        }]);
        resources.push(resource("aws_security_group", &name("door"), exists, &json!({ "ingress": ingress })));
        let subnet = json!({ "map_public_ip_on_launch": true });
        resources.push(resource("aws_subnet", &name("public"), exists, &subnet));
    }
    report(&[("plan.json", plan(&resources))])
}

fn number_of_findings(report: &Report) -> usize {
    report.plans.iter().map(|plan| plan.findings.len()).sum()
}

#[test]
fn a_report_of_dozens_of_findings_is_about_sixty_lines_long() {
    let report = many();
    let findings = number_of_findings(&report);
    assert!((40..=60).contains(&findings), "{findings}");
    let text = rendered(&report, 100, Detail::Failures);
    assert!(text.lines().count() <= 62, "{} lines:\n{text}", text.lines().count());
    let all = rendered(&report, 100, Detail::Everything);
    for plan in &report.plans {
        for finding in &plan.findings {
            let rule = format!("[{}]", finding.rule.id.unescaped());
            assert!(text.contains(&rule) && all.contains(&rule), "{rule}:\n{text}");
            let address = finding.subject.as_ref().expect("a resource").address.unescaped();
            assert!(all.contains(address), "{address}:\n{all}");
        }
    }
    assert!(!all.contains("--show all"), "{all}");
}

/// Only a command, an id, an address or a path may be longer than the line.
#[test]
fn lines_are_as_wide_as_the_terminal() {
    let report = many();
    for width in [60, 100, 200] {
        for detail in [Detail::Failures, Detail::Everything] {
            let text = rendered(&report, width, detail);
            for line in text.lines().filter(|line| line.chars().count() > width) {
                let words = line.split_whitespace().filter(|word| !["-->", "|", "·"].contains(word));
                let is_command = line.contains("planguard ");
                // It is one line, so that it can be found in a log.
                let is_verdict = line.starts_with("DENIED: ");
                assert!(is_command || is_verdict || words.count() <= 2, "{width}: {line}\n{text}");
            }
        }
    }
    let widest = |width| {
        let text = rendered(&report, width, Detail::Failures);
        text.lines().map(|line| line.chars().count()).max().expect("lines")
    };
    assert!(widest(200) > 110, "a wide terminal is used");
    // Below the narrowest layout nothing gets narrower.
    assert_eq!(rendered(&report, 1, Detail::Failures), rendered(&report, 40, Detail::Failures));
}

#[test]
fn many_plans_are_a_table_in_natural_order_and_details_of_what_denies() {
    let open = plan(&[resource("aws_ebs_volume", "data", false, &json!({ "encrypted": false }))]);
    let clean = plan(&[resource("aws_ebs_volume", "data", false, &json!({ "encrypted": true }))]);
    let names: Vec<String> = (1..=30).map(|number| format!("plan{number}.json")).collect();
    let plans: Vec<(&str, String)> = names
        .iter()
        .map(|name| {
            let denies = name == "plan10.json" || name == "plan2.json";
            (name.as_str(), if denies { open.clone() } else { clean.clone() })
        })
        .collect();
    let report = report(&plans);
    let text = rendered(&report, 100, Detail::Failures);
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}:\n{text}"));
    assert!(place("plan2.json ") < place("plan10.json "), "{text}");
    assert!(text.contains("… 28 more PASS"), "{text}");
    assert!(!text.contains("plan3.json"), "{text}");
    assert_eq!(text.matches("high[aws-ebs-volume-unencrypted]").count(), 2, "{text}");
    let last = text.lines().last().expect("a verdict");
    assert_eq!(last, "DENIED: 2 new findings (2 high) (30 plans: 28 pass, 2 denied)");
    let narrow = rendered(&report, 60, Detail::Failures);
    assert!(narrow.lines().any(|line| line == "DENIED     plan2.json · +1 ~0 -0 · 1 new"), "{narrow}");
}

/// `terraform workspace select` leaves the name beside the configuration, where plans are made.
#[test]
fn the_table_names_the_workspace_of_a_plan_whose_directory_has_one() {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, workspace) in [("api", Some("prod\n")), ("web", None), ("net", Some("bad/name"))] {
        let of_plan = directory.path().join(name);
        fs::create_dir_all(of_plan.join(".terraform")).expect("a directory");
        fs::copy("fixtures/plans/no-changes/plan.json", of_plan.join("tfplan.json")).expect("the fixture");
        if let Some(workspace) = workspace {
            fs::write(of_plan.join(".terraform/environment"), workspace).expect("written");
        }
    }
    let run = |plans: &[&str], columns: &str| {
        let mut command = planguard(&[&["check"], plans].concat());
        let output = command.current_dir(directory.path()).env("COLUMNS", columns).output();
        String::from_utf8(output.expect("planguard starts").stdout).expect("UTF-8")
    };
    let plans = ["api/tfplan.json", "net/tfplan.json", "web/tfplan.json"];
    let text = run(&plans, "120");
    let words = |line: &str| line.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = text.lines().map(words).collect();
    assert_eq!(lines[0][..3], ["plan", "workspace", "add"], "{text}");
    assert_eq!(lines[1][..3], ["api/tfplan.json", "prod", "0"], "{text}");
    assert_eq!(lines[2][..3], ["net/tfplan.json", "-", "0"], "{text}");
    assert!(run(&plans, "60").contains("PASS       api/tfplan.json · workspace prod · +0"), "{text}");
    // Without one, the column would say nothing.
    assert!(!run(&plans[1..], "120").contains("workspace"));
    let json: Value = serde_json::from_str(&run(&["api/tfplan.json", "--format=json"], "120")).expect("JSON");
    assert_eq!(json["plans"][0]["workspace"], "prod");
}

#[test]
fn a_plan_that_cannot_be_read_has_its_row() {
    let arguments = ["check", "fixtures/plans/no-changes/plan.json", "tests/cmd/data/any-name/plan.log"];
    let output = planguard(&arguments).env("COLUMNS", "120").output().expect("planguard starts");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let row = text.lines().find(|line| line.starts_with("tests/cmd/data/any-name/plan.log ")).expect("a row");
    assert!(row.ends_with("-  INCOMPLETE (PG-IN-022)"), "{text}");
    assert!(text.contains("PG-IN-022"), "{text}");
    assert!(text.ends_with("INCOMPLETE: 1 error (above) (2 plans: 1 pass, 1 incomplete)\n"), "{text}");
}

/// What no guardrail knows is named for plans without details as well.
#[test]
fn passing_plans_say_what_was_not_judged() {
    let unknown = plan(&[resource("nobodys_machine", "a", false, &json!({ "size": 1 }))]);
    let text = rendered(&report(&[("a", unknown.clone()), ("b", unknown)]), 100, Detail::Failures);
    assert!(
        text.contains("not judged by any guardrail: 2 of 2 changed resources (nobodys_machine 2)"),
        "{text}"
    );
    assert!(
        text.contains("PASS: 0 denials, 0 warnings; 2 of 2 changed resources not judged (2 plans"),
        "{text}"
    );
}

#[test]
fn the_verdict_says_what_would_make_a_plan_pass() {
    let closed = json!({ "encrypted": false });
    let last = |report: &Report| {
        let text = rendered(report, 100, Detail::Failures);
        (text.lines().last().expect("a verdict").to_owned(), text)
    };
    let old = report(&[("p", plan(&[resource("aws_ebs_volume", "data", true, &closed)]))]);
    let (verdict, text) = last(&old);
    assert_eq!(verdict, "DENIED: 1 pre-existing finding (1 high); passes with --gate introduced");
    assert!(!text.contains("planguard waive"), "{text}");
    let new = report(&[("p", plan(&[resource("aws_ebs_volume", "data", false, &closed)]))]);
    let (verdict, text) = last(&new);
    assert_eq!(verdict, "DENIED: 1 new finding (1 high)");
    let command = "  planguard waive aws-ebs-volume-unencrypted module.application.aws_ebs_volume.data \
                   --reason 'WHY' --expires YYYY-MM-DD";
    assert!(text.lines().any(|line| line == command), "{text}");
    assert!(!text.contains("--gate"), "{text}");
}

/// A text that nobody can read does not become readable at apply.
#[test]
fn what_cannot_be_read_is_not_called_unknown() {
    let policy = json!({ "name": "p", "policy": "{\"Statement\": [" });
    let report = report(&[("p", plan(&[resource("aws_iam_policy", "cut", false, &policy)]))]);
    let text = rendered(&report, 100, Detail::Failures);
    assert!(text.contains("undetermined") && text.contains("is not valid JSON"), "{text}");
    assert!(!text.contains("known after apply"), "{text}");
}

fn planguard(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.args(arguments).env_remove("COLUMNS");
    command
}

#[test]
fn problems_are_in_the_report_and_not_printed_twice() {
    let errored = "fixtures/plans/errored/plan.json";
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let Output { stdout, stderr, .. } = planguard(&["check", errored]).output().expect("planguard starts");
    assert!(text(&stdout).contains("PG-CK-004") && text(&stdout).contains("--allow-errored"));
    assert!(!text(&stderr).contains("PG-CK-004"));
    // A report for programs has them in its own form; whoever sees the log must see them too.
    let json = planguard(&["check", "--format", "json", errored]).output().expect("planguard starts");
    assert!(text(&json.stderr).contains("PG-CK-004"));
    // Nobody sees a file now.
    let directory = tempfile::tempdir().expect("a directory");
    let file = fs::File::create(directory.path().join("report.txt")).expect("a file");
    let output = planguard(&["check", errored]).stdout(file).output().expect("planguard starts");
    assert!(text(&output.stderr).contains("PG-CK-004"));
    let written = fs::read_to_string(directory.path().join("report.txt")).expect("the report");
    assert!(written.contains("PG-CK-004"), "{written}");
}

#[test]
fn columns_is_honoured_where_there_is_no_terminal() {
    let widest = |columns: &str| {
        let mut command = planguard(&["check", "fixtures/plans/stateful-changes/plan.json"]);
        let output = command.env("COLUMNS", columns).output().expect("planguard starts");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().map(|line| line.chars().count()).max().expect("lines")
    };
    assert!(widest("60") <= 70, "a path with an address may be longer");
    assert!(widest("160") > 120);
    assert_eq!(widest("wide"), widest("100"));
    assert_eq!(widest("0"), widest("100"));
}
