//! The number of threads changes nothing about a report.

use std::fs;
use std::num::NonZeroUsize;

use planguard::check::{self, CheckOptions, Rules};
use planguard_plan::input::{ReadOptions, Source};
use planguard_rego::{Policies, PolicyOptions};
use serde_json::{Value, json};

const RESOURCES: usize = 2_500;

const POLICIES: [(&str, &str); 3] = [
    (
        "exposed.rego",
        "package exposed\nimport data.lib.changes\ndeny contains msg if {\n\tsome c in changes\n\t\
         c.change.after.publicly_accessible\n\tmsg := sprintf(\"%s is public\", [c.address])\n}",
    ),
    (
        "named.rego",
        "package named\nwarn contains c.address if { some c in data.lib.changes; endswith(c.name, \"7\") }",
    ),
    (
        "lib.rego",
        "package lib\nchanges := [c | some c in input.resource_changes; c.change.actions != [\"no-op\"]]",
    ),
];

/// Databases, buckets, volumes and security groups that are created, updated, replaced or destroyed, in turn.
fn resource(index: usize) -> Value {
    let (resource_type, value) = match index % 4 {
        0 => (
            "aws_db_instance",
            json!({"publicly_accessible": index.is_multiple_of(8), "storage_encrypted": false}),
        ),
        1 => ("aws_s3_bucket", json!({"bucket": format!("bucket-{index}"), "force_destroy": true})),
        2 => ("aws_ebs_volume", json!({"encrypted": index.is_multiple_of(3), "size": index})),
        _ => (
            "aws_security_group_rule",
            json!({"type": "ingress", "from_port": 22, "to_port": 22, "protocol": "tcp",
                "cidr_blocks": [if index.is_multiple_of(5) { "10.0.0.0/8" } else { "0.0.0.0/0" }]}),
        ),
    };
    let (actions, before, after) = match index % 7 {
        0 => (json!(["delete"]), value, Value::Null),
        1 => (json!(["update"]), value.clone(), value),
        2 => (json!(["delete", "create"]), value.clone(), value),
        _ => (json!(["create"]), Value::Null, value),
    };
    json!({
        "address": format!("{resource_type}.r{index}"), "mode": "managed", "type": resource_type,
        "name": format!("r{index}"), "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {"actions": actions, "before": before, "after": after, "after_unknown": {},
            "before_sensitive": {}, "after_sensitive": {}},
    })
}

#[test]
fn reports_do_not_depend_on_the_number_of_threads() {
    let directory = tempfile::tempdir().expect("a directory");
    let changes: Vec<Value> = (0..RESOURCES).map(resource).collect();
    for (name, changes) in [("large.json", changes.as_slice()), ("small.json", &changes[..40])] {
        let plan =
            json!({"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": changes});
        fs::write(directory.path().join(name), plan.to_string()).expect("a plan");
    }
    let policies = directory.path().join("policies");
    fs::create_dir(&policies).expect("a directory");
    for (name, text) in POLICIES {
        fs::write(policies.join(name), text).expect("a policy");
    }
    // More files than one thread reads.
    for number in 0..40 {
        let text = format!(
            "package more.p{number}\ndeny contains {number} if input.resource_changes[_].x == {number}"
        );
        fs::write(policies.join(format!("p{number}.rego")), text).expect("a policy");
    }
    let sources: Vec<Source> =
        ["large.json", "small.json"].map(|name| Source::Path(directory.path().join(name))).into();
    let report = |threads: usize| {
        planguard_threads::set_count(NonZeroUsize::new(threads).expect("at least one thread"));
        let options = PolicyOptions { paths: vec![policies.clone()], ..PolicyOptions::default() };
        let rules = Rules { policies: Some(Policies::load(&options)), ..Rules::default() };
        let report = check::run(&sources, &ReadOptions::default(), &rules, &CheckOptions::default(), &|_| ());
        assert!(report.plans[0].findings.len() > 1_000, "{} findings", report.plans[0].findings.len());
        crate::properties::rendered("json", &report)
    };
    let alone = report(1);
    for threads in [2, 8] {
        assert!(report(threads) == alone, "{threads} threads report otherwise than one");
    }
}
