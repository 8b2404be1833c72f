use planguard_schemas::Configurable;

use super::table::{MIRRORS, Parts};
use super::*;

/// The own `attribute` of an object on both sides, as JSON.
fn own(object: &str, attribute: &str, others: &str, expressions: &str) -> Option<[String; 2]> {
    let text = format!(
        r#"{{"format_version": "1.2", "resource_changes": [{object}, {others}], "configuration": {{"root_module":
            {{"resources": [{{"mode": "managed", "type": "aws_security_group", "name": "g",
            "expressions": {expressions}}}]}}}}}}"#
    );
    let plan = Plan::parse(&text).unwrap();
    let change = Effective::new(&plan).own(&plan.resource_changes[0])?;
    let side = |side: &Option<Arc<Value<'_>>>| {
        side.as_ref().map(|side| json(side.get(attribute).unwrap())).unwrap_or_default()
    };
    Some([side(&change.change.before), side(&change.change.after)])
}

fn json(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(all) => format!("[{}]", all.iter().map(json).collect::<Vec<_>>().join(",")),
        Value::Object(object) => {
            let members = object.members().iter().map(|(name, value)| format!("{name}:{}", json(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
    }
}

fn entry(address: &str, actions: &str, before: &str, after: &str) -> String {
    format!(
        r#"{{"address": "{address}", "change": {{"actions": ["{actions}"], "before": {before}, "after": {after}}}}}"#
    )
}

fn unchanged(address: &str, values: &str) -> String {
    entry(address, "no-op", values, values)
}

fn group(ingress: &str) -> String {
    unchanged("aws_security_group.g", &format!(r#"{{"id": "sg-1", "ingress": [{ingress}]}}"#))
}

fn block(protocol: &str, port: u32, ranges: &str, rest: &str) -> String {
    format!(
        r#"{{"protocol": "{protocol}", "from_port": {port}, "to_port": {port}, "cidr_blocks": [{ranges}] {rest}}}"#
    )
}

fn rule(id: &str, port: u32, ranges: &str) -> String {
    format!(
        r#"{{"type": "ingress", "security_group_id": "{id}", "protocol": "tcp", "from_port": {port}, "to_port": {port},
            "cidr_blocks": [{ranges}]}}"#
    )
}

const OPEN: &str = r#""0.0.0.0/0""#;

fn ingress(blocks: &str, others: &str) -> Option<String> {
    own(&group(blocks), "ingress", others, r#"{"name": {"constant_value": "g"}}"#).map(|[_, after]| after)
}

#[test]
fn rules_that_a_plan_keeps_or_deletes_are_not_the_groups_own() {
    let ssh = block("tcp", 22, OPEN, "");
    let kept = unchanged("aws_security_group_rule.r", &rule("sg-1", 22, OPEN));
    assert_eq!(ingress(&ssh, &kept).unwrap(), "[]");
    let deleted = entry("aws_security_group_rule.r", "delete", &rule("sg-1", 22, OPEN), "null");
    assert_eq!(ingress(&ssh, &deleted).unwrap(), "[]");
    let of_one_range = r#"{"security_group_id": "sg-1", "ip_protocol": "6", "from_port": 22, "to_port": 22,
        "cidr_ipv4": "0.0.0.0/0"}"#;
    let other_style = unchanged("aws_vpc_security_group_ingress_rule.r", of_one_range);
    assert_eq!(ingress(&ssh, &other_style).unwrap(), "[]");
}

#[test]
fn what_no_rule_of_the_plan_explains_stays() {
    let both = block("tcp", 22, r#""10.0.0.0/8", "0.0.0.0/0""#, "");
    let lan = unchanged("aws_security_group_rule.r", &rule("sg-1", 22, r#""10.0.0.0/8""#));
    let rest = r#"[{cidr_blocks:["0.0.0.0/0"],from_port:22,protocol:"tcp",to_port:22}]"#;
    assert_eq!(ingress(&both, &lan).unwrap(), rest);
    let ssh = block("tcp", 22, OPEN, "");
    for other in [
        unchanged("aws_security_group_rule.r", &rule("sg-2", 22, OPEN)),
        unchanged("aws_security_group_rule.r", &rule("sg-1", 23, OPEN)),
        unchanged(
            "aws_security_group_rule.r",
            &rule("sg-1", 22, OPEN).replace(r#""ingress""#, r#""egress""#),
        ),
        // It does not exist yet: nothing of it can be in the mirror.
        entry("aws_security_group_rule.r", "create", "null", &rule("sg-1", 22, OPEN)),
    ] {
        assert_eq!(ingress(&ssh, &other), None, "{other}");
    }
}

#[test]
fn a_group_as_source_is_a_part_too() {
    let from_itself = block("tcp", 22, "", r#", "self": true, "security_groups": ["sg-9"]"#);
    let rule = r#"{"type": "ingress", "security_group_id": "sg-1", "protocol": "tcp", "from_port": 22, "to_port": 22,
        "self": true}"#;
    let itself = unchanged("aws_security_group_rule.r", rule);
    assert!(ingress(&from_itself, &itself).unwrap().contains(r#"security_groups:["sg-9"],self:false"#));
    let other = rule.replace(r#""self": true"#, r#""source_security_group_id": "sg-9""#);
    let both = format!("{itself}, {}", unchanged("aws_security_group_rule.s", &other));
    assert_eq!(ingress(&from_itself, &both).unwrap(), "[]");
}

#[test]
fn what_the_configuration_sets_is_the_objects_own() {
    let others = unchanged("aws_security_group_rule.r", &rule("sg-1", 22, OPEN));
    let set = r#"{"ingress": [{"from_port": {"constant_value": 22}}]}"#;
    assert_eq!(own(&group(&block("tcp", 22, OPEN, "")), "ingress", &others, set), None);
}

#[test]
fn positions_of_masks_are_kept() {
    let object = group(&block("tcp", 22, OPEN, ""))
        .replace(r#""before":"#, r#""after_sensitive": {"ingress": [{"description": true}]}, "before":"#);
    let others = unchanged("aws_security_group_rule.r", &rule("sg-1", 22, OPEN));
    assert_eq!(own(&object, "ingress", &others, "{}"), None);
    assert!(own(&object.replace("true", "false"), "ingress", &others, "{}").is_some());
}

#[test]
fn attachments_and_policies_are_found_by_what_they_name() {
    let role = unchanged(
        "aws_iam_role.r",
        r#"{"id": "r", "name": "r", "managed_policy_arns": ["a", "b"],
            "inline_policy": [{"name": "x", "policy": "{}"}, {"name": "y", "policy": "{}"}]}"#,
    );
    let others = [
        unchanged("aws_iam_role_policy.x", r#"{"role": "r", "name": "x", "policy": "{}"}"#),
        unchanged("aws_iam_policy_attachment.a", r#"{"roles": ["q", "r"], "policy_arn": "a"}"#),
        unchanged("aws_iam_role_policy_attachment.b", r#"{"role": "q", "policy_arn": "b"}"#),
    ];
    let others = others.join(",");
    assert_eq!(own(&role, "managed_policy_arns", &others, "{}").unwrap()[1], r#"["b"]"#);
    assert_eq!(own(&role, "inline_policy", &others, "{}").unwrap()[1], r#"[{name:"y",policy:"{}"}]"#);
    let queue = unchanged("aws_sqs_queue.q", r#"{"id": "https://q", "url": "https://q", "policy": "{}"}"#);
    let policy = unchanged("aws_sqs_queue_policy.q", r#"{"queue_url": "https://q", "policy": "{}"}"#);
    assert_eq!(own(&queue, "policy", &policy, "{}").unwrap(), ["null", "null"]);
    let rules = r#"{"name": "n", "resource_group_name": "g", "security_rule": [{"name": "ssh"}]}"#;
    let security = unchanged("azurerm_network_security_group.n", rules);
    let rule = |group: &str| {
        let values = format!(
            r#"{{"name": "ssh", "network_security_group_name": "n", "resource_group_name": "{group}"}}"#
        );
        unchanged("azurerm_network_security_rule.s", &values)
    };
    assert_eq!(own(&security, "security_rule", &rule("g"), "{}").unwrap()[1], "[]");
    assert_eq!(own(&security, "security_rule", &rule("other"), "{}"), None);
}

#[test]
fn the_table_names_attributes_that_exist_and_that_providers_compute() {
    let attribute = |resource_type: &str, name: &str| {
        let schema = planguard_schemas::resource(resource_type).unwrap_or_else(|| panic!("{resource_type}"));
        schema.block.attribute(name).unwrap_or_else(|| panic!("{resource_type}.{name}"))
    };
    for mirror in MIRRORS {
        let computed = attribute(mirror.object, mirror.attribute);
        assert_ne!(computed.configurable, Configurable::Required, "{}.{}", mirror.object, mirror.attribute);
        assert!(computed.may_be_computed(), "{}.{}", mirror.object, mirror.attribute);
        for filler in mirror.fillers {
            attribute(filler.resource_type, filler.names);
            filler.within.into_iter().chain(filler.when.map(|(name, _)| name)).for_each(|name| {
                attribute(filler.resource_type, name);
            });
            filler.identities.iter().filter(|name| **name != "id").for_each(|name| {
                attribute(mirror.object, name);
            });
            if let Parts::Texts(name) | Parts::Blocks(_, name) = mirror.parts {
                attribute(filler.resource_type, name);
            }
        }
    }
}

#[test]
fn what_a_resource_filled_in_that_the_plan_destroys_is_no_drift() {
    let topic = entry(
        "aws_sns_topic.t",
        "update",
        r#"{"id": "t", "policy": "default"}"#,
        r#"{"id": "t", "policy": "narrow"}"#,
    );
    let drift = |actions: &str, policy: &str| {
        let before = format!(r#"{{"arn": "t", "policy": "{policy}"}}"#);
        let after = if actions == "delete" { "null" } else { &before };
        let separate = entry("aws_sns_topic_policy.p", actions, &before, after);
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{separate}], "resource_drift": [{topic}], "configuration":
                {{"root_module": {{"resources": [{{"mode": "managed", "type": "aws_sns_topic", "name": "t",
                "expressions": {{"policy": {{"constant_value": "narrow"}}}}}}]}}}}}}"#
        );
        let plan = Plan::parse(&text).unwrap();
        let own = Effective::new(&plan).own_drift(&plan.resource_drift[0]);
        own.map(|own| json(own.change.after.as_deref().unwrap().get("policy").unwrap()))
    };
    assert_eq!(drift("delete", "narrow").as_deref(), Some("null"));
    assert_eq!(drift("no-op", "narrow").as_deref(), Some("null"), "the separate resource sets it");
    assert_eq!(drift("no-op", "other"), None, "the configuration sets it itself");
}
