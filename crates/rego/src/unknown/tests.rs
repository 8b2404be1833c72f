//! Policies in many styles on a plan of real Terraform, with what a reader of policy and configuration says.
//!
//! `fixtures/policies/unknown/main.tf` is the configuration.

use std::collections::BTreeMap;

use planguard_plan::Plan;

use crate::convention::Reading;
use crate::evaluate::{Evaluation, PolicyInput};
use crate::metadata::RuleMetadata;
use crate::options::PolicyOptions;
use crate::rule::{PolicyRule, RuleKind};
use crate::set::PolicySet;
use crate::source::Source;

const PLAN: &str = include_str!("../../../../fixtures/policies/unknown/plan.json");

fn evaluate(policy: &str, plan: &str) -> Evaluation {
    let directory = tempfile::tempdir().unwrap();
    let text = if policy.trim_start().starts_with("package") {
        policy.to_owned()
    } else {
        format!("package main\n\nimport rego.v1\n\n{policy}")
    };
    std::fs::write(directory.path().join("policy.rego"), text).unwrap();
    let options = PolicyOptions { paths: vec![directory.path().to_owned()], ..PolicyOptions::default() };
    let set = PolicySet::load(&options).unwrap_or_else(|errors| panic!("{policy}: {errors:?}"));
    assert!(set.problems().is_empty(), "{policy}: {:?}", set.problems());
    let model = Plan::parse(plan).unwrap();
    set.evaluate(PolicyInput { name: "plan.json", text: plan, plan: Some(&model) })
}

/// The findings as `! address` if certain, and as `? address path` if they depend on unknown values.
fn found(evaluation: &Evaluation) -> Vec<String> {
    assert!(evaluation.errors.is_empty(), "{:?}", evaluation.errors);
    assert!(evaluation.not_told.is_empty(), "not told: {:?}", evaluation.not_told);
    let mut found: Vec<String> = evaluation
        .findings
        .iter()
        .map(|finding| {
            let address = finding.address.as_deref().unwrap_or(&finding.message);
            let paths: Vec<String> =
                finding.waits_for.iter().map(|waits_for| waits_for.path.to_string()).collect();
            if finding.undetermined {
                format!("? {address} {}", paths.join(" "))
            } else {
                format!("! {address}")
            }
        })
        .collect();
    found.sort();
    found
}

include!("corpus.rs");

#[test]
fn policies_of_all_styles_say_what_a_reader_says() {
    let mut wrong = Vec::new();
    for (name, policy, expected) in CORPUS {
        let evaluation = evaluate(policy, PLAN);
        let messages: String = evaluation.findings.iter().map(|finding| finding.message.as_str()).collect();
        assert!(messages.is_ascii() && !messages.to_lowercase().contains("f5a7a"), "{name}: {messages}");
        let found = found(&evaluation);
        if found != *expected {
            wrong.push(format!("{name}:\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CORPUS.len(), wrong.join("\n"));
}

#[test]
fn a_text_that_looks_like_a_mark_is_only_a_text() {
    let policy = r#"deny contains {"msg": rc.change.after.bucket, "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.bucket
        rc.change.after.acl == "public-read"
    }"#;
    for name in
        ["\u{F5A7A}0u0\u{F5A7B}", "\\udb96\\ude7a0u0\\udb96\\ude7b", "\\uDB96\\uDE7A0m0\\udb96\\ude7b"]
    {
        let plan = PLAN.replace("known2", name);
        assert_eq!(
            found(&evaluate(policy, &plan)),
            ["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl bucket"]
        );
    }
}

#[test]
fn what_costs_too_much_is_told() {
    let policy = r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl == "public-read"
    }"#;
    let source = Source::new("p.rego", format!("package main\nimport rego.v1\n{policy}"));
    let sources = [source];
    let model = Plan::parse(PLAN).unwrap();
    let reader = super::Reader::default();
    let unknown = reader.relevant(&sources, &model);
    let rule = PolicyRule {
        path: "data.main.deny".to_owned(),
        name: "deny".to_owned(),
        kind: RuleKind::Deny,
        package: "main".to_owned(),
        file: "p.rego".to_owned(),
        line: 3,
        metadata: RuleMetadata::default(),
        notes: BTreeMap::new(),
        reading: Reading::Messages,
    };
    for (step_limit, not_told) in [(10, 1), (10_000, 0)] {
        let judged = super::Judged {
            reader: &reader,
            sources: &sources,
            rules: std::slice::from_ref(&rule),
            text: PLAN,
            plan: &model,
            unknown: &unknown,
            step_limit,
        };
        let mut evaluation = Evaluation::default();
        let plan = crate::plan_value::read(PLAN, &crate::plan_value::Sections::All).unwrap();
        let data = regorus::Value::new_object();
        super::judge(&judged, &plan, &regorus::Value::clone, data, &mut evaluation);
        assert_eq!(evaluation.not_told.len(), not_told);
        assert_eq!(evaluation.findings.is_empty(), not_told == 1);
    }
}

#[test]
fn a_plan_whose_unknown_values_no_policy_reads_is_not_judged_again() {
    let policy = r#"deny contains {"msg": "small", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        rc.change.after.instance_type == "t3.micro"
    }"#;
    let source = Source::new("p.rego", format!("package main\nimport rego.v1\n{policy}"));
    let model = Plan::parse(PLAN).unwrap();
    assert_eq!(super::Reader::default().relevant(&[source], &model), []);
}
