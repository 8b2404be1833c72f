//! Plans with so many of one thing.

use serde_json::{Value, json};

/// A plan with these changes and this configuration of its root module.
pub(super) fn plan(changes: Vec<Value>, root: Value) -> Value {
    json!({
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {}},
        "resource_changes": changes,
        "configuration": {"root_module": root},
    })
}

/// What a change does to an object.
enum Does<'v> {
    Creates(&'v Value),
    Destroys(&'v Value, &'static str),
    Updates(&'v Value, &'v Value),
    Keeps(&'v Value),
}

fn change(address: &str, does: Does<'_>) -> Value {
    let (block, key) = address.split_once('[').unwrap_or((address, ""));
    let mut names = block.rsplit('.');
    let (name, of_type) = (names.next().expect("a name"), names.next().expect("a type"));
    let (actions, before, after, reason) = match does {
        Does::Creates(after) => ("create", &Value::Null, after, None),
        Does::Destroys(before, reason) => ("delete", before, &Value::Null, Some(reason)),
        Does::Updates(before, after) => ("update", before, after, None),
        Does::Keeps(value) => ("no-op", value, value, None),
    };
    let mut change = json!({
        "address": address, "mode": "managed", "type": of_type, "name": name,
        "provider_name": format!("registry.terraform.io/hashicorp/{}", of_type.split('_').next().expect("a provider")),
        "change": {"actions": [actions], "before": before, "after": after, "after_unknown": {}},
    });
    if let Ok(index) = serde_json::from_str::<Value>(key.trim_end_matches(']')) {
        change["index"] = index;
    }
    if let Some(reason) = reason {
        change["action_reason"] = reason.into();
    }
    change
}

fn creates(address: &str, after: &Value) -> Value {
    change(address, Does::Creates(after))
}

fn each(number: usize, one: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..number).map(one).collect()
}

fn block(address: &str, expressions: &Value) -> Value {
    let (of_type, name) = address.split_once('.').expect("a type and a name");
    json!({"address": address, "mode": "managed", "type": of_type, "name": name, "expressions": expressions, "schema_version": 0})
}

fn refers(address: &str) -> Value {
    json!({"references": [format!("{address}.id"), address]})
}

fn rule(port: usize, group: &str, range: &str) -> Value {
    json!({"type": "ingress", "security_group_id": group, "protocol": "tcp", "from_port": port, "to_port": port,
        "cidr_blocks": [range]})
}

const NO_BLOCK: &str = "delete_because_no_resource_config";

fn recreated(number: usize, old: &str, new: &str, reason: &'static str, port: fn(usize) -> usize) -> Value {
    let mut changes = Vec::new();
    for at in 0..number {
        let value = rule(port(at), "sg-1", "10.0.0.0/8");
        changes.push(change(&format!("{old}[{at}]"), Does::Destroys(&value, reason)));
        changes.push(creates(&format!("{new}[\"{at}\"]"), &value));
    }
    plan(changes, json!({"resources": [block(new, &json!({}))]}))
}

pub(super) fn renamed(number: usize) -> Value {
    recreated(number, "aws_security_group_rule.a", "aws_security_group_rule.b", NO_BLOCK, |at| at)
}

pub(super) fn renamed_alike(number: usize) -> Value {
    recreated(number, "aws_security_group_rule.a", "aws_security_group_rule.b", NO_BLOCK, |_| 22)
}

pub(super) fn rekeyed(number: usize) -> Value {
    let block = "aws_security_group_rule.a";
    recreated(number, block, block, "delete_because_wrong_repetition", |at| at)
}

/// Instances of one block, of which an attribute names as many other objects.
fn naming(number: usize, of_type: &str, attribute: &str, named: &str) -> Value {
    let address = |at: usize| format!("{named}.s{at}");
    let references: Vec<Value> =
        (0..number).flat_map(|at| [json!(format!("{}.id", address(at))), json!(address(at))]).collect();
    let mut blocks = each(number, |at| block(&address(at), &json!({})));
    let mut naming = block(&format!("{of_type}.a"), &json!({attribute: {"references": references}}));
    naming["count_expression"] = json!({"constant_value": number});
    blocks.push(naming);
    let mut changes = each(number, |at| creates(&address(at), &json!({})));
    for at in 0..number {
        let mut change = creates(
            &format!("{of_type}.a[{at}]"),
            &json!({"name": format!("n{at}"), "block_public_acls": true,
            "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true}),
        );
        change["change"]["after_unknown"] = json!({attribute: true, "id": true});
        changes.push(change);
    }
    plan(changes, json!({"resources": blocks}))
}

pub(super) fn instances_with_references(number: usize) -> Value {
    naming(number, "aws_lb", "subnets", "aws_subnet")
}

pub(super) fn companions(number: usize) -> Value {
    naming(number, "aws_s3_bucket_public_access_block", "bucket", "aws_s3_bucket")
}

fn policy(number: usize, statement: impl Fn(usize, usize) -> Value) -> Value {
    let document = |shift: usize| {
        let statements = each(number, |at| statement(at, shift));
        json!({"name": "a", "policy": json!({"Version": "2012-10-17", "Statement": statements}).to_string()})
    };
    plan(vec![change("aws_iam_policy.a", Does::Updates(&document(0), &document(1)))], json!({}))
}

pub(super) fn policy_statements(number: usize) -> Value {
    policy(number, |at, shift| {
        json!({"Sid": format!("s{at}"), "Effect": "Allow", "Action": [format!("s3:Get{}", at + shift)],
            "Resource": [format!("arn:aws:s3:::b{at}/*")]})
    })
}

fn policy_of_lists(number: usize, ending: &str) -> Value {
    let document = |shift: usize| {
        let list = |front: &str| each(number, |at| json!(format!("{front}{}{ending}", at + shift)));
        let statement =
            json!({"Effect": "Allow", "Action": list("s3:Get"), "Resource": list("arn:aws:s3:::b/")});
        json!({"name": "a", "policy": json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()})
    };
    plan(vec![change("aws_iam_policy.a", Does::Updates(&document(0), &document(1)))], json!({}))
}

pub(super) fn policy_lists(number: usize) -> Value {
    policy_of_lists(number, "")
}

pub(super) fn policy_wildcards(number: usize) -> Value {
    policy_of_lists(number, "/*")
}

fn ingress(number: usize, one: fn(usize) -> Value) -> Value {
    let group = |shift: usize| json!({"id": "sg-1", "name": "a", "ingress": each(number, |at| one(at + shift)), "egress": []});
    plan(vec![change("aws_security_group.a", Does::Updates(&group(0), &group(1)))], json!({}))
}

fn ingress_block(port: usize, at: usize) -> Value {
    json!({"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": [format!("10.{}.{}.0/24", at / 250, at % 250)]})
}

pub(super) fn ingress_blocks(number: usize) -> Value {
    ingress(number, |at| ingress_block(at, at))
}

pub(super) fn ingress_of_one_port(number: usize) -> Value {
    ingress(number, |at| ingress_block(5432, at))
}

pub(super) fn module_steps(number: usize) -> Value {
    let mut change = creates("aws_s3_bucket.a", &json!({"bucket": "b"}));
    let path = vec!["module.m"; number].join(".");
    change["address"] = format!("{path}.aws_s3_bucket.a").into();
    change["module_address"] = path.into();
    let mut plan = plan(vec![change], json!({}));
    // So deep a configuration is refused.
    plan.as_object_mut().expect("a plan").remove("configuration");
    plan
}

pub(super) fn found_by_one_rule(number: usize) -> Value {
    let database = |at: usize| {
        json!({"identifier": format!("d{at}"), "publicly_accessible": true, "storage_encrypted": false,
            "instance_class": "db.t3.micro", "engine": "postgres", "allocated_storage": 20})
    };
    let changes = each(number, |at| creates(&format!("aws_db_instance.a[{at}]"), &database(at)));
    plan(changes, json!({"resources": [block("aws_db_instance.a", &json!({}))]}))
}

pub(super) fn drifted(number: usize) -> Value {
    let group = |at: usize, words: &str| json!({"id": format!("sg-{at}"), "name": "a", "description": words});
    let address = |at: usize| format!("aws_security_group.a[{at}]");
    let kept = each(number, |at| change(&address(at), Does::Keeps(&group(at, "new"))));
    let mut plan = plan(kept, json!({"resources": [block("aws_security_group.a", &json!({}))]}));
    plan["resource_drift"] =
        each(number, |at| change(&address(at), Does::Updates(&group(at, "old"), &group(at, "new")))).into();
    plan
}

fn with_outputs(number: usize, output: impl Fn(usize) -> Value) -> Value {
    let mut plan = plan(vec![], json!({}));
    plan["output_changes"] = (0..number).map(|at| (format!("o{at}"), output(at))).collect();
    plan
}

pub(super) fn outputs(number: usize) -> Value {
    with_outputs(
        number,
        |at| json!({"actions": ["create"], "before": null, "after": format!("value {at}"), "after_unknown": false}),
    )
}

pub(super) fn sensitive_outputs(number: usize) -> Value {
    with_outputs(number, |at| {
        json!({"actions": ["update"], "before": format!("old value {at}"), "after": format!("value {at} secret"),
            "after_unknown": false, "before_sensitive": true, "after_sensitive": at % 2 == 0})
    })
}

pub(super) fn modules(number: usize) -> Value {
    let bucket = json!({"mode": "managed", "address": "aws_s3_bucket.a", "type": "aws_s3_bucket", "name": "a",
        "expressions": {"bucket": {"references": ["var.x"]}}});
    let module = json!({"variables": {"x": {}}, "resources": [bucket],
        "outputs": {"o": {"expression": {"references": ["aws_s3_bucket.a.id", "aws_s3_bucket.a"]}}}});
    let call = json!({"source": "./m", "expressions": {"x": {"references": ["var.a"]}}, "module": module});
    let calls: serde_json::Map<String, Value> =
        (0..number).map(|at| (format!("m{at}"), call.clone())).collect();
    let changes = each(number, |at| {
        let mut change =
            creates(&format!("module.m{at}.aws_s3_bucket.a"), &json!({"bucket": format!("b{at}")}));
        change["module_address"] = format!("module.m{at}").into();
        change
    });
    let mut plan = plan(changes, json!({"variables": {"a": {}}, "module_calls": calls}));
    plan["variables"] = json!({"a": {"value": "x"}});
    plan
}

pub(super) fn vanished_modules(number: usize) -> Value {
    let changes = each(number, |at| {
        let before = json!({"bucket": format!("b{at}"), "id": format!("b{at}")});
        let mut change = change(
            &format!("module.m{at}.aws_s3_bucket.a"),
            Does::Destroys(&before, "delete_because_no_module"),
        );
        change["module_address"] = format!("module.m{at}").into();
        change
    });
    plan(changes, json!({}))
}

pub(super) fn tags(number: usize) -> Value {
    let bucket = |shift: usize| {
        let tags: serde_json::Map<String, Value> =
            (0..number).map(|at| (format!("key{at}"), format!("value {}", at + shift).into())).collect();
        json!({"bucket": "a", "tags": tags, "tags_all": tags})
    };
    plan(vec![change("aws_s3_bucket.a", Does::Updates(&bucket(0), &bucket(1)))], json!({}))
}

pub(super) fn long_keys(number: usize) -> Value {
    let key = "k".repeat(200);
    let changes = each(number, |at| {
        creates(&format!("aws_s3_bucket.a[\"{key}{at}\"]"), &json!({"bucket": format!("b{at}")}))
    });
    plan(changes, json!({"resources": [block("aws_s3_bucket.a", &json!({}))]}))
}

pub(super) fn groups_with_rules(number: usize) -> Value {
    let (mut changes, mut blocks) = (Vec::new(), Vec::new());
    for at in 0..number {
        let (group, rule_of) =
            (format!("aws_security_group.g{at}"), format!("aws_security_group_rule.r{at}"));
        let id = format!("sg-{at}");
        changes
            .push(change(&group, Does::Keeps(&json!({"id": id, "name": "g", "ingress": [], "egress": []}))));
        changes.push(creates(&rule_of, &rule(22, &id, "0.0.0.0/0")));
        blocks.push(block(&rule_of, &json!({"security_group_id": refers(&group)})));
        blocks.push(block(&group, &json!({})));
    }
    plan(changes, json!({"resources": blocks}))
}

pub(super) fn rules_of_one_group(number: usize) -> Value {
    let group = "aws_security_group.g";
    let value = json!({"id": "sg-1", "name": "g", "ingress": [], "egress": []});
    let mut changes = vec![change(group, Does::Keeps(&value))];
    for at in 0..number {
        let rule = rule(at, "sg-1", "0.0.0.0/0");
        let does = if at % 2 == 0 { Does::Keeps(&rule) } else { Does::Creates(&rule) };
        changes.push(change(&format!("aws_security_group_rule.r[{at}]"), does));
    }
    let rules = block("aws_security_group_rule.r", &json!({"security_group_id": refers(group)}));
    plan(changes, json!({"resources": [block(group, &json!({})), rules]}))
}

pub(super) fn subnets_and_routes(number: usize) -> Value {
    let mut changes = Vec::new();
    for at in 0..number {
        let mut keep = |of_type: &str, value: Value| {
            changes.push(change(&format!("{of_type}.a[{at}]"), Does::Keeps(&value)))
        };
        keep("aws_subnet", json!({"id": format!("s-{at}"), "vpc_id": "v", "cidr_block": "10.0.0.0/24"}));
        keep("aws_route_table", json!({"id": format!("t-{at}"), "vpc_id": "v", "route": []}));
        keep(
            "aws_route_table_association",
            json!({"id": format!("a-{at}"), "subnet_id": format!("s-{at}"), "route_table_id": format!("t-{at}")}),
        );
        let route = json!({"route_table_id": format!("t-{at}"), "destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"});
        changes.push(creates(&format!("aws_route.a[{at}]"), &route));
    }
    let types = ["aws_subnet", "aws_route_table", "aws_route_table_association", "aws_route"];
    let blocks = types.map(|of_type| block(&format!("{of_type}.a"), &json!({})));
    plan(changes, json!({"resources": blocks}))
}

pub(super) fn attached_policies(number: usize) -> Value {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let mut changes = Vec::new();
    for at in 0..number {
        let role = json!({"name": format!("r{at}"), "assume_role_policy": trust.to_string()});
        let attached =
            json!({"role": format!("r{at}"), "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"});
        changes.push(creates(&format!("aws_iam_role.r[{at}]"), &role));
        changes.push(creates(&format!("aws_iam_role_policy_attachment.r[{at}]"), &attached));
    }
    let blocks =
        ["aws_iam_role.r", "aws_iam_role_policy_attachment.r"].map(|address| block(address, &json!({})));
    plan(changes, json!({"resources": blocks}))
}

pub(super) fn manifests(number: usize) -> Value {
    let changes = each(number, |at| {
        let manifest = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("x{at}"), "namespace": "d"},
            "spec": {"containers": [{"name": "a", "image": "nginx:latest", "securityContext": {"privileged": true}}]}});
        creates(&format!("kubernetes_manifest.m[{at}]"), &json!({"manifest": manifest}))
    });
    plan(changes, json!({"resources": [block("kubernetes_manifest.m", &json!({}))]}))
}

pub(super) fn sensitive_lines(number: usize) -> Value {
    let lines: Vec<String> = (0..number).map(|at| format!("line {at} of what nobody may see")).collect();
    let value = json!({"name": "a", "type": "String", "value": lines.join("\n")});
    let mut change = creates("aws_ssm_parameter.a", &value);
    change["change"]["after_sensitive"] = json!({"value": true});
    plan(vec![change], json!({"resources": [block("aws_ssm_parameter.a", &json!({}))]}))
}

pub(super) fn sensitive_values(number: usize) -> Value {
    let changes = each(number, |at| {
        let value = json!({"identifier": format!("d{at}"), "password": format!("pass-word-{}", at * 7919)});
        let mut change = creates(&format!("aws_db_instance.a[{at}]"), &value);
        change["change"]["after_sensitive"] = json!({"password": true});
        change
    });
    plan(changes, json!({"resources": [block("aws_db_instance.a", &json!({}))]}))
}

/// Guards that go, and others that come for other objects.
pub(super) fn guards_and_successors(number: usize) -> Value {
    let association =
        |at: usize| json!({"id": format!("a{at}"), "resource_arn": format!("lb-{at}"), "web_acl_arn": "acl"});
    let mut changes = Vec::new();
    for at in 0..number {
        changes.push(change(
            &format!("aws_wafv2_web_acl_association.a[{at}]"),
            Does::Destroys(&association(at), NO_BLOCK),
        ));
        changes.push(creates(&format!("aws_wafv2_web_acl_association.b[{at}]"), &association(at + number)));
    }
    plan(changes, json!({"resources": [block("aws_wafv2_web_acl_association.b", &json!({}))]}))
}
