//! Policies in many styles on a plan of real Terraform, with what a reader of policy and configuration says.
//!
//! `fixtures/policies/unknown/main.tf` is the configuration.

use planguard_plan::Plan;

use crate::evaluate::{Evaluation, PolicyInput};
use crate::options::PolicyOptions;
use crate::set::PolicySet;
use crate::source::Source;

const PLAN: &str = include_str!("../../../../fixtures/policies/unknown/plan.json");

fn load(policy: &str) -> PolicySet {
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
    set
}

fn evaluate(policy: &str, plan: &str) -> Evaluation {
    let set = load(policy);
    let model = Plan::parse(plan).unwrap();
    set.evaluate(PolicyInput { name: "plan.json", text: plan, plan: Some(&model), cost: None })
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

/// Evaluates policies in three values alone. Returns the steps that it took.
fn judge(set: &PolicySet, plan: &str, step_limit: u64) -> (u64, Evaluation) {
    let model = Plan::parse(plan).unwrap();
    let reader = super::Reader::default();
    let unknown = reader.relevant(&set.sources, &model);
    let judged = super::Judged {
        reader: &reader,
        sources: &set.sources,
        rules: set.rules(),
        text: plan,
        plan: &model,
        unknown: &unknown,
        step_limit,
    };
    let mut evaluation = Evaluation::default();
    let value = crate::plan_value::read(plan, &crate::plan_value::Sections::All).unwrap();
    let data = regorus::Value::new_object();
    let steps = super::judge(&judged, &value, &regorus::Value::clone, data, &mut evaluation);
    (steps, evaluation)
}

#[test]
fn what_costs_too_much_is_told() {
    let set = load(
        r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl == "public-read"
    }"#,
    );
    for (step_limit, not_told) in [(3, 1), (10_000, 0)] {
        let (_, evaluation) = judge(&set, PLAN, step_limit);
        assert_eq!(evaluation.not_told.len(), not_told);
        assert_eq!(evaluation.findings.is_empty(), not_told == 1);
    }
}

/// A plan with buckets: of so many the name is known only after apply, and of so many all is known.
fn buckets(unknown: usize, known: usize) -> String {
    let change = |number: usize, after: &str, after_unknown: &str| {
        format!(
            r#"{{"address": "aws_s3_bucket.b{number}", "mode": "managed", "type": "aws_s3_bucket", "name": "b{number}",
                "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": {{"actions": ["create"], "before": null, "after": {{"force_destroy": true{after}}},
                            "after_unknown": {{{after_unknown}}}}}}}"#
        )
    };
    let changes: Vec<String> = (0..unknown)
        .map(|number| change(number, "", r#""bucket": true"#))
        .chain((unknown..unknown + known).map(|number| change(number, r#", "bucket": "known""#, "")))
        .collect();
    format!(
        r#"{{"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [{}]}}"#,
        changes.join(",")
    )
}

/// Policies that read the name of a bucket, each in its own way.
const READS_THE_NAME: [&str; 4] = [
    r#"deny contains {"msg": "its name", "address": rc.address} if {
        some rc in input.resource_changes
        rc.change.after.bucket == "public"
    }"#,
    r#"deny contains {"msg": "its name", "address": rc.address} if {
        rc := input.resource_changes[_]
        rc.change.after != null
        is_public(rc)
    }
    is_public(rc) if object.get(rc.change.after, "bucket", "") == "public""#,
    r#"import data.planguard.lib.changes
    import data.planguard.lib.findings
    deny contains findings.about(rc, "low", "its name") if {
        some rc in changes.resulting
        changes.attribute(rc, ["bucket"], null) == "public"
    }"#,
    r#"deny contains {"msg": "its name", "address": rc.address} if {
        some rc in input.resource_changes
        names[rc.address] == "public"
    }
    names[address] := name if {
        some rc in input.resource_changes
        address := rc.address
        name := rc.change.after.bucket
    }"#,
];

#[test]
fn the_search_grows_with_the_unknown_values_that_policies_read() {
    for policy in READS_THE_NAME {
        let set = load(policy);
        let steps = |unknown: usize, known: usize| {
            let (steps, evaluation) = judge(&set, &buckets(unknown, known), u64::MAX);
            assert_eq!(evaluation.not_told, [""; 0], "{policy}");
            assert_eq!(evaluation.findings.len(), unknown, "{policy}");
            steps
        };
        let (few, many) = (steps(4, 40), steps(16, 160));
        assert!(many <= 5 * few, "{policy}: {few} and {many} steps");
        // What the library lists is listed once, with all resources.
        if !policy.contains("planguard.lib") && !policy.contains("names[") {
            assert_eq!(steps(4, 400), few, "{policy}");
        }
    }
}

#[test]
fn nothing_is_searched_where_no_policy_reads_an_unknown_value() {
    for policy in READS_THE_NAME {
        let set = load(&policy.replace("bucket", "force_destroy"));
        assert_eq!(judge(&set, &buckets(10, 10), 0).0, 0, "{policy}");
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
