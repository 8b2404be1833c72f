//! What `check` hides of a plan, and what it leaves to be read.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

/// A policy that tells a resource and the variables, as they are and in other forms.
const POLICY: &str = r#"package main

deny contains sprintf("look: %v", [rc.change.after]) if some rc in input.resource_changes

warn contains sprintf("%v %s %s %s %s", [
	input.variables,
	base64.encode(v),
	base64url.encode_no_pad(concat("", ["user:", v])),
	hex.encode(v),
	urlquery.encode(v),
]) if {
	v := input.variables.key.value
}

warn contains {"msg": "meta", "details": {"plain": v, "upper": upper(v), "lower": lower(v), "json": json.marshal({v: v})}} if {
	v := input.variables.key.value
}
"#;

/// Both streams of a check in the format, with the policy where it is wanted.
fn checked(plan: &str, arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("plan.json"), plan).expect("written");
    fs::create_dir(directory.path().join("policy")).expect("made");
    fs::write(directory.path().join("policy/p.rego"), POLICY).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.args(["check", "plan.json"]).args(arguments).current_dir(directory.path());
    command.env_remove("GITHUB_ACTIONS");
    let output = command.output().expect("planguard runs");
    String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8")
}

fn plan(resource_changes: &Value) -> Value {
    json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "applyable": true, "complete": true, "errored": false,
        "planned_values": {"root_module": {}}, "resource_changes": resource_changes,
        "configuration": {"root_module": {}},
    })
}

fn create(address: &str, after: &Value, marks: &Value) -> Value {
    let (rest, name) = address.rsplit_once('.').expect("an address");
    let (module, resource_type) =
        rest.rsplit_once('.').map_or((None, rest), |(module, kind)| (Some(module), kind));
    let mut change = json!({
        "address": address, "mode": "managed", "type": resource_type, "name": name,
        "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {},
            "before_sensitive": false, "after_sensitive": marks},
    });
    if let Some(module) = module {
        change["module_address"] = module.into();
    }
    change
}

#[test]
fn an_address_stays_whatever_is_secret() {
    let open = json!({"name": "w", "ingress": [{"from_port": 22, "to_port": 22, "protocol": "tcp", "self": false,
        "cidr_blocks": ["0.0.0.0/0"]}]});
    let plan = plan(&json!([
        create(
            "aws_ssm_parameter.stage",
            &json!({"name": "/s", "type": "String", "value": "frankfurt"}),
            &json!({"value": true})
        ),
        create("module.frankfurt.aws_security_group.frankfurt", &open, &json!({})),
    ]));
    for format in planguard::render::check::FORMATS.all().iter().map(|format| format.name) {
        let told = checked(&plan.to_string(), &["--format", format]);
        // These two have no addresses.
        let has_addresses = !matches!(format, "gitlab-terraform" | "openmetrics");
        assert!(
            !has_addresses || told.contains("module.frankfurt.aws_security_group.frankfurt"),
            "{format}: {told}"
        );
        // The page shows that the value of the parameter is a secret, where it shows what changes.
        assert!(format == "html" || !told.contains("(sensitive value)"), "{format}: {told}");
    }
}

#[test]
fn words_of_planguard_stay_whatever_is_secret() {
    let after = json!({"identifier": "d", "engine": "postgres", "username": "u", "password": "password",
        "publicly_accessible": true});
    let mut plan = plan(&json!([create("aws_db_instance.d", &after, &json!({"password": true}))]));
    plan["configuration"]["root_module"]["resources"] = json!([{"address": "aws_db_instance.d", "mode": "managed",
        "type": "aws_db_instance", "name": "d", "provider_config_key": "aws", "schema_version": 0,
        "expressions": {"password": {"constant_value": "password"}}}]);
    let told = checked(&plan.to_string(), &[]);
    assert!(
        told.contains("has a hard-coded master password") && told.contains("remove `password`"),
        "{told}"
    );
    assert!(!told.contains("(sensitive value)"), "{told}");
    // Its value in a policy's text goes, its name does not.
    let told = checked(&plan.to_string(), &["-p", "policy", "--format", "json"]);
    assert!(told.contains(r#"\"password\": \"(sensitive value)\""#), "{told}");
}

#[test]
fn words_that_stand_unmarked_are_no_secrets() {
    let listener = json!({"port": 80, "protocol": "HTTP", "default_action": [{"type": "forward"}]});
    let mut plan = plan(&json!([create("aws_lb_listener.a", &listener, &json!({}))]));
    plan["output_changes"] = json!({"o": {"actions": ["create"], "before": null, "after": {"action": "forward"},
        "after_unknown": false, "before_sensitive": true, "after_sensitive": true}});
    let told = checked(&plan.to_string(), &[]);
    assert!(told.contains(r#"default_action[0].type = "forward""#), "{told}");
}

#[test]
fn values_are_hidden_in_every_form() {
    let secret = "K3y-Of/The+House";
    let after = json!({"name": "n", "tags": {"x": secret}, "user_data": "IyEvYmluL3NoCmxvZ2luIEszeS1PZi9UaGUrSG91c2UK"});
    let mut plan = plan(&json!([create("aws_instance.a", &after, &json!({}))]));
    plan["variables"] = json!({"key": {"value": secret}});
    plan["configuration"]["root_module"]["variables"] = json!({"key": {"sensitive": true}});
    let told = checked(&plan.to_string(), &["-p", "policy", "--format", "json"]);
    assert!(told.contains("look: "), "{told}");
    let encoded = [
        "SzN5LU9mL1RoZStIb3VzZ",
        "dXNlcjpLM3ktT2YvVGhlK0hvdXNl",
        "4b33792d4f662f546865",
        "K3y-Of%2FThe",
        "EszeS1PZi9UaGUr",
    ];
    for form in [secret, &secret.to_uppercase(), &secret.to_lowercase()].into_iter().chain(encoded) {
        assert!(!told.contains(form), "{form}: {told}");
    }
}

#[test]
fn keys_of_a_sensitive_map_are_hidden() {
    let after = json!({"name": "n", "tags": {"hunter2-Key": "hunter3-Value"}});
    let plan = plan(&json!([create("aws_ssm_parameter.a", &after, &json!({"tags": true}))]));
    let told = checked(&plan.to_string(), &["-p", "policy", "--format", "json"]);
    assert!(told.contains("look: ") && !told.contains("hunter"), "{told}");
}

#[test]
fn short_values_that_a_plan_marks_are_hidden() {
    let after = json!({"name": "n", "tags": {"hunter2-Sup3rS3cret": "hunter3-Sup3rS3cret"}, "pin": "12345",
        "code": 6789, "short": "x7z"});
    let marks = json!({"tags": true, "pin": true, "code": true, "short": true});
    let plan = plan(&json!([create("aws_ssm_parameter.p", &after, &marks)]));
    let policy = r#"package main
import rego.v1
deny contains sprintf("tags %v pin %v", [r.change.after.tags, r.change.after.pin]) if some r in input.resource_changes
deny contains sprintf("%s code %d: %s", [r.address, r.change.after.code, upper(r.change.after.short)]) if some r in input.resource_changes
deny contains {"msg": "as metadata", "pin": base64.encode(r.change.after.pin)} if some r in input.resource_changes
warn contains "nothing" if { some r in input.resource_changes; print("printed", r.change.after.pin, r.change.after) }
deny contains "error" if { some r in input.resource_changes; json.unmarshal(sprintf("%v x", [r.change.after.pin])) }
"#;
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("p.rego"), policy).expect("written");
    let policy = directory.path().to_str().expect("UTF-8");
    for format in planguard::render::check::FORMATS.all().iter().map(|format| format.name) {
        let told = checked(&plan.to_string(), &["-p", policy, "--format", format]);
        for secret in ["12345", "6789", "x7z", "X7Z", "MTIzNDU", "Sup3rS3cret"] {
            assert!(!told.contains(secret), "{format}: {secret} in {told}");
        }
    }
    let told = checked(&plan.to_string(), &["-p", policy]);
    assert!(
        told.contains("pin (sensitive value)") && told.contains("aws_ssm_parameter.p code (sens"),
        "{told}"
    );
}

#[test]
fn a_fixture_has_neither_short_values_nor_keys_that_a_plan_marks() {
    let after = json!({"name": "n", "tags": {"hunter2-Key": "hunter3-Value"}, "pin": "12345", "code": 6789,
        "description": "pin 12345, code 6789"});
    let marks = json!({"tags": true, "pin": true, "code": true});
    let plan = plan(&json!([create("aws_ssm_parameter.p", &after, &marks)]));
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("plan.json"), plan.to_string()).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_planguard"));
    command.args(["fixture", "plan.json", "-r", "aws_ssm_parameter.p"]).current_dir(directory.path());
    let output = command.output().expect("planguard runs");
    let made = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(made.contains("aws_ssm_parameter.p"), "{made}");
    for secret in ["hunter2", "hunter3", "12345", "6789"] {
        assert!(!made.contains(secret), "{secret} in {made}");
    }
}

#[test]
fn what_a_schema_calls_sensitive_is_hidden_without_marks() {
    let plan = plan(&json!([
        create("aws_db_instance.a", &json!({"engine": "mysql", "password": "hunter2-hunter2"}), &json!({})),
        create(
            "vault_generic_secret.a",
            &json!({"path": "p", "data_json": "{\"k\":\"hunter3-hunter3\"}"}),
            &json!({})
        ),
    ]));
    let told = checked(&plan.to_string(), &["-p", "policy", "--format", "json"]);
    assert!(told.contains("look: ") && !told.contains("hunter"), "{told}");
}

#[test]
fn an_error_about_the_shape_quotes_no_value() {
    let mut plan = plan(&json!([]));
    plan["variables"] = json!({"key": "hunter2-hunter2"});
    let told = checked(&plan.to_string(), &[]).replace("\n  │ ", " ");
    assert!(told.contains("invalid type: string, expected") && !told.contains("hunter"), "{told}");
}
