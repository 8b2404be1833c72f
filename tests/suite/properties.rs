//! What must hold for every plan: no secret leaves, order does not matter, more wrong is never better.

use std::collections::BTreeSet;
use std::fs;

use planguard::check::{CheckOptions, Details, Rules, check};
use planguard::input::{Batch, Document};
use planguard::rego::{Policies, PolicyOptions};
use planguard::render::{Colour, Detail, Layout, check as formats};
use planguard::report::Report;
use proptest::prelude::*;
use serde_json::{Value, json};

fn run(plan: &Value, rules: &Rules) -> Report {
    let document = Document::from_text("plan.json", plan.to_string()).expect("a plan");
    let batch = Batch { documents: vec![document], ..Batch::default() };
    let options = CheckOptions { details: Details::Wanted, ..CheckOptions::default() };
    check(&batch, rules, &options, &|_| {})
}

/// A report in the format of this name, without colours.
pub(crate) fn rendered(format: &str, report: &Report) -> String {
    let layout = Layout { colour: Colour::Off, width: 80, detail: Detail::default() };
    let format = formats::FORMATS.find(format).expect("there is such a format");
    (format.render)(report, layout).expect("a report")
}

/// Everything that a run may print, in every format.
fn everything(report: &Report) -> String {
    let mut all = String::new();
    for format in formats::FORMATS.all() {
        for colour in [Colour::Off, Colour::On] {
            for width in [40, 100, 1000] {
                let layout = Layout { colour, width, detail: Detail::Everything };
                all.push_str(&(format.render)(report, layout).expect("a report"));
            }
        }
    }
    for problem in &report.problems {
        let mut rendered = String::new();
        miette::NarratableReportHandler::new()
            .render_report(&mut rendered, problem)
            .expect("a String takes all");
        all.push_str(&rendered);
        all.push_str(&format!("{problem} {problem:?}"));
    }
    for notice in &report.notices {
        all.push_str(notice.message.unescaped());
    }
    all
}

pub(crate) fn plan(resource_changes: Value) -> Value {
    json!({
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_changes": resource_changes,
        "configuration": {"root_module": {}},
    })
}

pub(crate) fn create(resource_type: &str, name: &str, after: Value) -> Value {
    json!({
        "address": format!("{resource_type}.{name}"), "mode": "managed", "type": resource_type, "name": name,
        "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {}, "after_sensitive": {}},
    })
}

/// A policy that tells all it sees, as a message, as metadata, as a print and as a builtin's error.
const TELLTALE: &str = r#"
package main

deny contains {"msg": msg, "found": v, "address": v, "_loc": {"file": v, "line": 1}} if {
    walk(input, [p, v])
    is_string(v)
    msg := sprintf("%v is %v", [p, v])
    print(v)
}

deny_numbers contains sprintf("%v", [v]) if {
    walk(input, [_, v])
    is_number(v)
}

warn_whole contains json.marshal(input)

deny_error contains msg if {
    walk(input, [_, v])
    is_string(v)
    to_number(v) == 1
    msg := "one"
}
"#;

fn telltale() -> Rules {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("telltale.rego"), TELLTALE).expect("a file");
    let options = PolicyOptions { paths: vec![directory.path().to_owned()], ..PolicyOptions::default() };
    Rules { policies: Some(Policies::load(&options)), ..Rules::default() }
}

/// A canary for each place where a plan can hold something sensitive; each place has its own, so that one
/// found elsewhere does not cover for it.
#[test]
fn no_sensitive_value_is_printed_from_any_place() {
    let canary = |place: &str| format!("canary-{place}-5f3a");
    let all = BTreeSet::from([
        "before",
        "after",
        "nested",
        "list",
        "map",
        "document",
        "whole",
        "drift-before",
        "drift-after",
        "deferred",
        "output-before",
        "output-after",
        "variable",
        "default",
        "planned",
        "planned-output",
        "prior",
        "prior-output",
        "call",
        "child-default",
        "output-constant",
        "action",
        "multi",
        "second",
    ]);
    let multi = format!("{}\nsecond line {}", canary("multi"), canary("second"));
    let document = json!({"password": canary("document")}).to_string();
    let mut plan = plan(json!([
        {
            "address": "aws_db_instance.a", "mode": "managed", "type": "aws_db_instance", "name": "a",
            "change": {
                "actions": ["update"],
                "before": {"password": canary("before"), "description": canary("after")},
                "after": {
                    "password": canary("after"),
                    "block": [{"secret": canary("nested"), "open": "x"}],
                    "list": ["x", canary("list")],
                    "map": {"key": canary("map")},
                    "policy": document,
                    "publicly_accessible": true,
                    "pin": 83_927_461,
                    "multi": multi,
                    // Copies that lost their marks.
                    "tags": {"copy": canary("before"), "quoted": format!("say \"{}\"", canary("variable"))},
                },
                "after_unknown": {},
                "before_sensitive": {"password": true},
                "after_sensitive": {
                    "password": true, "block": [{"secret": true}], "list": [false, true], "map": {"key": true},
                    "policy": true, "pin": true, "multi": true,
                },
            },
        },
        {
            "address": "aws_instance.whole", "mode": "managed", "type": "aws_instance", "name": "whole",
            "change": {"actions": ["create"], "before": null, "after": {"user_data": canary("whole")},
                "after_unknown": {}, "before_sensitive": false, "after_sensitive": true},
        },
    ]));
    plan["resource_drift"] = json!([{
        "address": "aws_x.d", "mode": "managed", "type": "aws_x", "name": "d",
        "change": {"actions": ["update"], "before": {"a": canary("drift-before")}, "after": {"a": canary("drift-after")},
            "before_sensitive": {"a": true}, "after_sensitive": {"a": true}},
    }]);
    plan["deferred_changes"] = json!([{"reason": "unknown", "resource_change": {
        "address": "aws_x.e", "mode": "managed", "type": "aws_x", "name": "e",
        "change": {"actions": ["create"], "before": null, "after": {"a": canary("deferred")}, "after_sensitive": {"a": true}},
    }}]);
    plan["action_invocations"] = json!([{"address": "action.x.y", "config_values": {"a": canary("action")},
        "config_sensitive": {"a": true}}]);
    plan["output_changes"] = json!({"o": {"actions": ["update"], "before": canary("output-before"),
        "after": {"x": canary("output-after")}, "after_unknown": false, "before_sensitive": true,
        "after_sensitive": {"x": true}}});
    plan["variables"] = json!({"v": {"value": canary("variable")}});
    plan["planned_values"] = json!({
        "outputs": {"o": {"sensitive": true, "value": canary("planned-output")}},
        "root_module": {"resources": [{"address": "aws_x.p", "values": {"a": canary("planned")}, "sensitive_values": {"a": true}}]},
    });
    plan["prior_state"] = json!({"format_version": "1.0", "values": {
        "outputs": {"o": {"sensitive": true, "value": canary("prior-output")}},
        "root_module": {"child_modules": [{"resources": [
            {"address": "data.x.y", "values": {"a": [canary("prior")]}, "sensitive_values": {"a": [true]}}]}]},
    }});
    plan["configuration"] = json!({"root_module": {
        "variables": {"v": {"sensitive": true, "default": canary("default")}},
        "outputs": {"o": {"sensitive": true, "expression": {"constant_value": canary("output-constant")}}},
        "module_calls": {"m": {"expressions": {"p": {"constant_value": canary("call")}},
            "module": {"variables": {"p": {"sensitive": true, "default": canary("child-default")}}}}},
    }});
    let report = run(&plan, &telltale());
    let printed = everything(&report);
    // The policy has told something: a run that prints nothing would prove nothing.
    assert!(printed.contains("(sensitive value)"));
    assert!(report.plans[0].findings.len() > 40, "{}", report.plans[0].findings.len());
    let leaked: Vec<&&str> = all.iter().filter(|place| printed.contains(&canary(place))).collect();
    assert!(leaked.is_empty(), "leaked from {leaked:?}");
    assert!(!printed.contains("83927461"), "leaked a number");
}

/// A plan's text that steers terminals or CI systems reaches nobody as it is.
#[test]
fn nothing_from_a_plan_steers_a_terminal_or_a_log() {
    let hostile = "x\u{1b}[31m\u{202e}\r\n::error::owned\n##[error]owned\n  ::set-output name=x::y\u{2028}z";
    let resource =
        create("aws_instance", "a", json!({"tags": {"name": hostile}, "associate_public_ip_address": true}));
    let report = run(&plan(json!([resource])), &telltale());
    let plain = rendered("text", &report);
    assert!(plain.contains("owned"), "the policy told nothing");
    for line in plain.lines() {
        let start = line.trim_start();
        assert!(!start.starts_with("::") && !start.starts_with("##"), "{line:?}");
    }
    assert!(!plain.contains(['\u{1b}', '\u{202e}', '\u{2028}', '\r']), "{plain:?}");
}

/// Resources of which some fail, some pass and some are of types that nobody guards.
fn resources() -> impl Strategy<Value = Vec<Value>> {
    let resource = (0..4usize, any::<bool>()).prop_map(|(kind, flag)| match kind {
        0 => ("aws_instance", json!({"associate_public_ip_address": flag})),
        1 => ("aws_db_instance", json!({"publicly_accessible": flag, "storage_encrypted": !flag})),
        2 => ("aws_s3_bucket", json!({"bucket": "b", "acl": if flag { "public-read" } else { "private" }})),
        _ => ("null_resource", json!({"triggers": null})),
    });
    proptest::collection::vec(resource, 1..8).prop_map(|resources| {
        resources
            .into_iter()
            .enumerate()
            .map(|(position, (resource_type, after))| create(resource_type, &format!("r{position}"), after))
            .collect()
    })
}

/// A text that can only be printed by telling it: its first ten characters are those of nothing else.
fn secret() -> impl Strategy<Value = Value> {
    ("Q[a-zA-Z0-9]{9}", "[ -~\n\tßé\u{202e}]{0,24}").prop_map(|(first, rest)| Value::from(first + &rest))
}

/// A value with its marks.
fn marked() -> impl Strategy<Value = (Value, Value)> {
    let open = "[a-z]{1,5}".prop_map(|text| (Value::from(text), Value::from(false)));
    let number = (1_000_000_u64..u64::MAX / 2).prop_map(|number| (Value::from(number), Value::from(true)));
    let hidden = secret().prop_map(|secret| (secret, Value::from(true)));
    // A whole tree under one mark.
    let whole = (secret(), secret()).prop_map(|(a, b)| (json!({"a": [a], "b": {"c": b}}), Value::from(true)));
    let leaf = prop_oneof![2 => open, 1 => number, 4 => hidden, 1 => whole];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|all| {
                let (values, marks): (Vec<Value>, Vec<Value>) = all.into_iter().unzip();
                (Value::from(values), Value::from(marks))
            }),
            proptest::collection::btree_map("[a-z]{1,6}", inner, 1..4).prop_map(|all| {
                let values: serde_json::Map<_, _> =
                    all.iter().map(|(k, (v, _))| (k.clone(), v.clone())).collect();
                let marks: serde_json::Map<_, _> = all.into_iter().map(|(k, (_, m))| (k, m)).collect();
                (Value::from(values), Value::from(marks))
            }),
        ]
    })
}

/// The texts and numbers below a mark.
fn hidden(value: &Value, marks: &Value, found: &mut Vec<String>) {
    match (value, marks) {
        (Value::Array(values), Value::Array(marks)) => {
            values.iter().zip(marks).for_each(|(value, marks)| hidden(value, marks, found));
        }
        (Value::Object(values), Value::Object(marks)) => {
            values.iter().for_each(|(key, value)| hidden(value, &marks[key], found));
        }
        (Value::Array(values), Value::Bool(true)) => {
            values.iter().for_each(|value| hidden(value, marks, found));
        }
        (Value::Object(values), Value::Bool(true)) => {
            values.values().for_each(|value| hidden(value, marks, found));
        }
        (Value::String(text), Value::Bool(true)) => found.push(text.clone()),
        (Value::Number(number), Value::Bool(true)) => found.push(number.to_string()),
        _ => {}
    }
}

/// What a rule finds in a resource.
fn found(resources: Vec<Value>) -> BTreeSet<(String, String)> {
    let report = run(&plan(Value::Array(resources)), &Rules::default());
    let findings = report.plans.iter().flat_map(|plan| &plan.findings);
    findings
        .map(|finding| {
            let address = finding.subject.as_ref().map(|subject| subject.address.unescaped().to_owned());
            (finding.rule.id.unescaped().to_owned(), address.unwrap_or_default())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.div_ceil(10)))]

    /// Every value that a mark hides, wherever it is copied to, is in no output of any format.
    #[test]
    fn nothing_hidden_is_printed((after, marks) in marked(), (before, before_marks) in marked()) {
        let mut secrets = Vec::new();
        hidden(&after, &marks, &mut secrets);
        hidden(&before, &before_marks, &mut secrets);
        let copies: Vec<Value> = secrets.iter().map(|secret| json!({"copy": secret, "within": format!("<{secret}>")})).collect();
        let mut copied = create("aws_instance", "copies", json!({"tags": copies, "associate_public_ip_address": true}));
        copied["change"]["actions"] = json!(["create"]);
        let mut plan = plan(json!([
            {"address": "aws_db_instance.a", "mode": "managed", "type": "aws_db_instance", "name": "a", "change": {
                "actions": ["update"], "before": {"a": before}, "after": {"a": after, "publicly_accessible": true},
                "after_unknown": {}, "before_sensitive": {"a": before_marks}, "after_sensitive": {"a": marks}}},
            copied,
        ]));
        plan["output_changes"] = json!({"o": {"actions": ["create"], "before": null, "after": copies,
            "after_unknown": false, "before_sensitive": false, "after_sensitive": false}});
        let printed = everything(&run(&plan, &telltale()));
        for secret in &secrets {
            let first: String = secret.chars().take(10).collect();
            prop_assert!(!printed.contains(&first), "{secret:?} is printed");
        }
    }

    #[test]
    fn one_more_resource_never_hides_a_finding(resources in resources(), more in resources()) {
        let mut all = resources.clone();
        all.extend(more.into_iter().map(|mut resource| {
            let address = resource["address"].as_str().unwrap_or_default().replace(".r", ".more");
            resource["name"] = Value::from(address.rsplit('.').next().unwrap_or_default());
            resource["address"] = Value::from(address);
            resource
        }));
        let (before, after) = (found(resources), found(all));
        prop_assert!(before.is_subset(&after), "{:?} are hidden", before.difference(&after));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.div_ceil(4)))]

    #[test]
    fn the_order_of_resources_changes_nothing(resources in resources(), seed in any::<u64>()) {
        let mut shuffled = resources.clone();
        let length = shuffled.len();
        for position in 0..length {
            let other = usize::try_from(seed.rotate_left(u32::try_from(position).unwrap_or(0)) % length as u64).unwrap_or(0);
            shuffled.swap(position, other);
        }
        let report = |resources: Vec<Value>| {
            let mut report = run(&plan(Value::Array(resources)), &Rules::default());
            // The digest is of the bytes, which do differ.
            report.plans[0].sha256 = planguard::redact::SafeText::default();
            rendered("json", &report)
        };
        prop_assert_eq!(report(resources), report(shuffled));
    }

    #[test]
    fn one_more_resource_never_makes_a_verdict_better(resources in resources(), more in resources()) {
        let verdict = |resources: Vec<Value>| run(&plan(Value::Array(resources)), &Rules::default()).verdict();
        let mut all = resources.clone();
        all.extend(more.into_iter().map(|mut resource| {
            let address = resource["address"].as_str().unwrap_or_default().replace(".r", ".more");
            resource["address"] = Value::from(address);
            resource
        }));
        prop_assert!(verdict(all) >= verdict(resources));
    }

    #[test]
    fn an_unchanged_resource_adds_nothing_but_its_own_findings(resources in resources()) {
        let findings = |resources: Vec<Value>| -> Vec<_> {
            let report = run(&plan(Value::Array(resources)), &Rules::default());
            let findings = report.plans.into_iter().flat_map(|plan| plan.findings);
            findings.filter(|finding| finding.subject.as_ref().is_none_or(|s| !s.address.unescaped().contains("still"))).collect()
        };
        let mut with_still = resources.clone();
        let same = json!({"associate_public_ip_address": true});
        with_still.push(json!({"address": "aws_instance.still", "mode": "managed", "type": "aws_instance", "name": "still",
            "change": {"actions": ["no-op"], "before": same, "after": same, "after_unknown": {}}}));
        prop_assert_eq!(findings(with_still), findings(resources));
    }

    #[test]
    fn a_module_and_a_key_keep_findings(resources in resources()) {
        let findings = |resources: Vec<Value>| -> Vec<_> {
            let report = run(&plan(Value::Array(resources)), &Rules::default());
            report.plans[0].findings.iter().map(|f| (f.rule.clone(), f.severity, f.enforcement)).collect::<Vec<_>>()
        };
        let moved = resources.iter().cloned().map(|mut resource| {
            let address = format!(r#"module.m["a.b"].{}"#, resource["address"].as_str().unwrap_or_default());
            resource["address"] = Value::from(address);
            resource
        });
        prop_assert_eq!(findings(moved.collect()), findings(resources));
    }

    #[test]
    fn plans_checked_together_are_told_as_if_checked_alone(first in resources(), second in resources()) {
        let documents: Vec<Document> = [first, second]
            .into_iter()
            .map(|resources| Document::from_text("plan.json", plan(Value::Array(resources)).to_string()).expect("a plan"))
            .collect();
        let check = |documents: Vec<Document>| {
            let batch = Batch { documents, ..Batch::default() };
            check(&batch, &Rules::default(), &CheckOptions::default(), &|_| {})
        };
        let together = check(documents.clone());
        let alone: Vec<Report> = documents.into_iter().map(|document| check(vec![document])).collect();
        let worst = alone.iter().map(Report::verdict).max();
        prop_assert_eq!(Some(together.verdict()), worst);
        let alone = Report { plans: alone.into_iter().flat_map(|report| report.plans).collect(), ..Report::default() };
        prop_assert_eq!(rendered("json", &together), rendered("json", &alone));
    }
}
