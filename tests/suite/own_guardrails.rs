//! The user's own guardrails are held against the provider schemas when they are loaded.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

const PLAN: &str = r#"{"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [],
    "planned_values": {"root_module": {}}, "configuration": {"root_module": {}}}"#;

/// A directory with a plan and a guardrail on an attribute of a type.
fn project(resource_type: &str, attribute: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let guardrail = format!(
        "[[guardrail]]\nid = \"own-rule\"\ntitle = \"t\"\nseverity = \"high\"\ncategory = \"resilience\"\n\
         pack = \"default\"\nresources = [\"{resource_type}\"]\nmessage = \"{{address}} is small\"\nwhy = \"w\"\n\
         remediation = \"r\"\nfail = {{ attribute = \"{attribute}\", is = \"small\" }}\n"
    );
    fs::write(directory.path().join("plan.json"), PLAN).expect("the plan");
    fs::write(directory.path().join("own.toml"), guardrail).expect("the guardrail");
    directory
}

fn planguard(directory: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    let Output { status, stdout, stderr } =
        command.args(arguments).current_dir(directory.path()).output().expect("planguard starts");
    // `check` has problems in its report, other commands beside theirs.
    let text = String::from_utf8([stdout, stderr].concat()).expect("UTF-8");
    // Long lines are wrapped.
    let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "│").collect();
    (status.code(), words.join(" "))
}

fn check(directory: &TempDir) -> (Option<i32>, String) {
    planguard(directory, &["check", "plan.json", "--guardrails", "own.toml"])
}

#[test]
fn a_misspelt_type_or_attribute_is_an_error_with_a_suggestion() {
    for (resource_type, attribute, line, problem, meant) in [
        ("aws_instnce", "instance_type", 7, "the resource type `aws_instnce`", "aws_instance"),
        ("data.aws_amii", "name", 7, "the resource type `data.aws_amii`", "data.aws_ami"),
        ("aws_instance", "instance_typ", 11, "`aws_instance.instance_typ`", "instance_type"),
    ] {
        let project = project(resource_type, attribute);
        for (code, text) in [check(&project), planguard(&project, &["lint", "own.toml"])] {
            assert_eq!(code, Some(2), "{text}");
            assert!(text.contains("PG-GR-005"), "{text}");
            let message = format!("own.toml:{line}: guardrail `own-rule`: no schema has {problem}");
            assert!(text.contains(&message), "{text}");
            assert!(text.contains(&format!("did you mean `{meant}`?")), "{text}");
        }
    }
}

#[test]
fn a_test_that_does_not_fit_the_type_is_an_error() {
    let (code, text) = check(&project("aws_instance", "ebs_optimized"));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("`aws_instance.ebs_optimized` is of type bool"), "{text}");
}

#[test]
fn what_the_schemas_have_and_types_of_other_providers_are_accepted() {
    for (resource_type, attribute) in [("aws_instance", "instance_type"), ("nobodys_machine", "size")] {
        let project = project(resource_type, attribute);
        for (code, text) in [check(&project), planguard(&project, &["lint", "own.toml"])] {
            assert_eq!(code, Some(0), "{text}");
        }
    }
}

/// A case of a type or with an attribute that does not exist shows nothing.
#[test]
fn a_case_is_held_against_the_schemas_too() {
    let case = |resource_type: &str, attribute: &str| {
        format!(
            "\n[[guardrail.cases]]\nname = \"c\"\nexpect = \"not-applicable\"\ntype = \"{resource_type}\"\n\
             after = {{ {attribute} = \"x\" }}\n"
        )
    };
    for (resource_type, attribute, wrong) in [
        (
            "aws_instnce",
            "ami",
            Some("own.toml:16: guardrail `own-rule`: no schema has the resource type `aws_instnce`"),
        ),
        (
            "aws_s3_bucket",
            "bukcet",
            Some("own.toml:17: guardrail `own-rule`: no schema has `aws_s3_bucket.bukcet`"),
        ),
        ("aws_s3_bucket", "bucket", None),
        ("data.aws_ami", "most_recent", None),
        ("acme_widget", "anything", None),
    ] {
        let directory = project("aws_instance", "instance_type");
        let path = directory.path().join("own.toml");
        let text = fs::read_to_string(&path).expect("the guardrail");
        fs::write(&path, text + &case(resource_type, attribute)).expect("the guardrail");
        let (code, said) = check(&directory);
        let (test, told) = planguard(&directory, &["test", "own.toml"]);
        match wrong {
            // The guardrail is not about the type, so its case may fail; what matters is that it runs.
            None => {
                assert_eq!(code, Some(0), "{resource_type}: {said}");
                assert!(test != Some(2) && !told.contains("PG-GR-005"), "{resource_type}: {told}");
            }
            Some(wrong) => {
                assert_eq!((code, test), (Some(2), Some(2)), "{resource_type}: {said} {told}");
                assert!(said.contains(wrong) && told.contains(wrong), "{said} {told}");
            }
        }
    }
}

/// `planguard test` reads a guardrail as `planguard check` does.
#[test]
fn a_misspelt_type_is_an_error_of_its_tests() {
    let (code, said) = planguard(&project("aws_instnce", "instance_type"), &["test", "own.toml"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("PG-GR-005") && said.contains("did you mean `aws_instance`?"), "{said}");
}

#[test]
fn no_files_are_written_for_a_type_that_does_not_exist() {
    for (resource_type, code, meant) in [
        ("aws_instnce", 2, "did you mean `aws_instance`?"),
        ("aws_caller_identity", 2, "it is the data source `data.aws_caller_identity`"),
        ("azurerm_sql_server", 0, ""),
        ("acme_widgett", 0, ""),
    ] {
        for what in [["policy", "owner"], ["guardrail", "acme-owner"]] {
            let directory = tempfile::tempdir().expect("a directory");
            let (found, said) =
                planguard(&directory, &[&["new"], &what[..], &["--type", resource_type]].concat());
            assert_eq!(found, Some(code), "{resource_type}: {said}");
            assert!(said.contains(meant) && said.contains("PG-NW-006") == (code == 2), "{said}");
            let written = fs::read_dir(directory.path()).expect("the directory").count();
            assert_eq!(written == 0, code == 2, "{resource_type}");
        }
    }
}

#[test]
fn a_misspelt_type_of_a_list_of_rules_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let (code, said) = planguard(&directory, &["rules", "--type", "aws_instnce"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("help: did you mean `aws_instance`?"), "{said}");
    let (code, said) = planguard(&directory, &["rules", "--type", "acme_widget"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("no rule matches these filters"), "{said}");
}

/// A guardrail with this id and these lines, and what it says of a resource.
fn guardrail(id: &str, lines: &str) -> String {
    format!(
        "[[guardrail]]\nid = \"own-{id}\"\ntitle = \"t\"\nseverity = \"high\"\ncategory = \"resilience\"\npack = \"default\"\n\
         why = \"w\"\nremediation = \"r\"\n{lines}\n"
    )
}

/// The findings of guardrails on a plan: the id and the address.
fn findings(guardrails: &str, plan: &str) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("plan.json"), plan).expect("the plan");
    fs::write(directory.path().join("own.toml"), guardrails).expect("the guardrail");
    let arguments = ["check", "plan.json", "--no-builtin", "--guardrails", "own.toml", "--format", "json"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    let output = command.args(arguments).current_dir(directory.path()).output().expect("planguard starts");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
    let findings = report["plans"][0]["findings"].as_array().unwrap_or_else(|| panic!("{report:#}"));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines: Vec<String> =
        findings.iter().map(|one| format!("{} {}", text(&one["rule"]), text(&one["address"]))).collect();
    lines.sort();
    lines
}

#[test]
fn what_is_said_once_is_said_once_in_the_plan_module_or_provider() {
    let lacks = |once: &str| {
        guardrail(
            once,
            &format!(
                "resources = [\"aws_vpc\"]\nonce = \"{once}\"\nmessage = \"the plan has no detector\"\n\
                 fail = {{ not = {{ plan_has = \"aws_guardduty_detector\" }} }}"
            ),
        )
    };
    let all = format!("{}{}{}", lacks("plan"), lacks("module"), lacks("provider"));
    let vpc = |address: &str| {
        format!(
            r#"{{"address": "{address}", "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": {{"actions": ["create"], "before": null, "after": {{"cidr_block": "10.0.0.0/16"}},
                    "after_unknown": {{}}}}}}"#
        )
    };
    let block = |name: &str, provider: &str| {
        format!(
            r#"{{"mode": "managed", "type": "aws_vpc", "name": "{name}", "provider_config_key": "{provider}",
                "expressions": {{"cidr_block": {{}}}}}}"#
        )
    };
    let plan = |more: &str| {
        format!(
            r#"{{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {{"root_module": {{}}}},
            "resource_changes": [{}, {}, {}{more}], "configuration": {{"root_module": {{"resources": [{}, {}],
            "module_calls": {{"m": {{"module": {{"resources": [{}]}}}}}}}}}}}}"#,
            vpc("aws_vpc.a"),
            vpc("aws_vpc.b"),
            vpc("module.m.aws_vpc.a"),
            block("a", "aws"),
            block("b", "aws.eu"),
            block("a", "aws"),
        )
    };
    assert_eq!(
        findings(&all, &plan("")),
        [
            "own-module aws_vpc.a",
            "own-module module.m.aws_vpc.a",
            "own-plan aws_vpc.a",
            "own-provider aws_vpc.a",
            "own-provider aws_vpc.b",
        ]
    );
    let detector = r#", {"address": "module.m.aws_guardduty_detector.d",
        "change": {"actions": ["no-op"], "before": {"enable": true}, "after": {"enable": true}, "after_unknown": {}}}"#;
    assert_eq!(findings(&all, &plan(detector)), [""; 0]);
}

#[test]
fn guardrails_judge_provider_blocks_and_changes() {
    let all = guardrail(
        "key",
        "resources = [\"provider.aws\"]\nmessage = \"{address} has a key\"\n\
         fail = { attribute = \"access_key\", present = true, unknown = \"passes\" }",
    ) + &guardrail(
        "off",
        "resources = [\"aws_cloudtrail\"]\nmessage = \"{address} stops\"\nfail = { any = [{ actions = [\"delete\"] },\n\
         { all = [{ was = { attribute = \"enable_logging\", is = true } },\n\
         { becomes = { attribute = \"enable_logging\", is = false } }] }] }",
    );
    let trail = |name: &str, action: &str, before: &str, after: &str| {
        format!(
            r#"{{"address": "aws_cloudtrail.{name}", "change": {{"actions": ["{action}"], "before": {before}, "after": {after},
                "after_unknown": {{}}}}}}"#
        )
    };
    let (on, off) = (r#"{"enable_logging": true}"#, r#"{"enable_logging": false}"#);
    let changes = [
        trail("stopped", "update", on, off),
        trail("off", "no-op", off, off),
        trail("new", "create", "null", off),
        trail("gone", "delete", off, "null"),
        trail("started", "update", off, on),
    ];
    let plan = format!(
        r#"{{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {{"root_module": {{}}}},
            "resource_changes": [{}], "configuration": {{"root_module": {{}}, "provider_config": {{
            "aws": {{"name": "aws", "expressions": {{"region": {{"constant_value": "eu-west-1"}}}}}},
            "aws.eu": {{"name": "aws", "expressions": {{"access_key": {{"constant_value": "A"}}}}}},
            "module.m:aws": {{"name": "aws", "expressions": {{"access_key": {{"references": ["var.k"]}}}}}}}}}}}}"#,
        changes.join(", ")
    );
    assert_eq!(
        findings(&all, &plan),
        ["own-key provider.aws.eu", "own-off aws_cloudtrail.gone", "own-off aws_cloudtrail.stopped",]
    );
}

/// What `test` finds in a directory, `lint` finds too: guardrails and plan cases.
#[test]
fn a_directory_of_guardrails_and_cases_is_linted() {
    let directory = project("aws_s3_bucket", "bukcet");
    let inner = directory.path().join("rules");
    fs::create_dir(&inner).expect("the directory");
    fs::rename(directory.path().join("own.toml"), inner.join("own.toml")).expect("moved");
    let case = "packs = [\"default\"]\n[[case]]\nname = \"c\"\nresources = [{ type = \"aws_s3_bucket\", after = { bukcet = \"b\" } }]\n\
                findings = []\n";
    fs::write(inner.join("cases.toml"), case).expect("the cases");
    for command in ["lint", "test"] {
        let (code, said) = planguard(&directory, &[command, "rules"]);
        assert_eq!(code, Some(2), "{command}: {said}");
        for place in ["rules/own.toml:", "rules/cases.toml"] {
            assert!(said.contains(place), "{command}: {said}");
        }
        assert!(!said.contains("no policy found"), "{command}: {said}");
    }
    let (code, said) = planguard(&directory, &["lint", "rules/cases.toml"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("rules/cases.toml") && !said.contains("own.toml"), "{said}");
}
