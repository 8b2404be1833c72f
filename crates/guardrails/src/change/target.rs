//! Distinguishes what is destroyed on its own from what is destroyed together with the object that it belongs to.

use std::collections::HashMap;

use planguard_plan::{Plan, ResourceChange, Value};

use super::compare::destroyed;
use super::tables::Table;

/// The objects of a table's group that a plan destroys without the object that they belong to.
pub(super) fn destroyed_alone<'p>(
    plan: &'p Plan<'p>,
    table: &'static Table,
) -> impl Iterator<Item = &'p ResourceChange<'p>> {
    let targets = Targets::of(plan);
    destroyed(plan).filter(move |resource| {
        table.group(&resource.address.resource_type).is_some() && !targets.take_along(resource)
    })
}

/// Attributes that name what a guard uses, not what it guards: where it writes to, as whom, by which policy. A flow log
/// whose log group goes as well still leaves its network without a log.
const SERVING: &[&str] = &[
    "alarm_actions",
    "backup_policy_id",
    "backup_vault_id",
    "cloud_watch_logs_group_arn",
    "cloud_watch_logs_role_arn",
    "code_signing_config_arn",
    "destination",
    "destination_arn",
    "execution_role_arn",
    "firewall_policy",
    "firewall_policy_arn",
    "firewall_policy_id",
    "firewall_rule_group_id",
    "iam_role_arn",
    "kms_key_arn",
    "kms_key_id",
    "kms_master_key_id",
    "log_analytics_workspace_id",
    "log_destination",
    "log_group_name",
    "network_security_group_id",
    "plan_id",
    "policy_id",
    "role",
    "role_arn",
    "rotation_lambda_arn",
    "s3_bucket_name",
    "security_group_id",
    "security_policy",
    "sns_topic",
    "sns_topic_arn",
    "sns_topic_name",
    "storage_account_id",
    "target_bucket",
    "web_acl_arn",
    "web_acl_id",
    "workspace_id",
];

/// The objects that a plan destroys, by what others call them.
struct Targets<'p> {
    types_by_identity: HashMap<&'p str, Vec<&'p str>>,
    types_by_name: HashMap<&'p str, Vec<&'p str>>,
}

impl<'p> Targets<'p> {
    /// The targets in a plan.
    fn of(plan: &'p Plan<'p>) -> Self {
        let mut types_by_identity: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut types_by_name: HashMap<&str, Vec<&str>> = HashMap::new();
        for resource in destroyed(plan) {
            let Some(before) = resource.change.before.as_deref() else { continue };
            if is_bucket_setting(resource, before) {
                continue;
            }
            for identity in ["id", "arn", "self_link"].iter().filter_map(|name| text(before.get(name)?)) {
                types_by_identity.entry(identity).or_default().push(&resource.address.resource_type);
            }
            if let Some(name) = before.get("name").and_then(text) {
                types_by_name.entry(name).or_default().push(&resource.address.resource_type);
            }
        }
        Self { types_by_identity, types_by_name }
    }

    /// Whether the namespace of Kubernetes that an object is in is destroyed as well, with all that is in it.
    fn takes_namespace(&self, resource: &ResourceChange<'_>) -> bool {
        let metadata = resource.change.before.as_deref().and_then(|before| before.get("metadata"));
        let block = metadata.and_then(|blocks| blocks.elements().first());
        let namespace = block.and_then(|block| text(block.get("namespace")?));
        let called = namespace.and_then(|name| self.types_by_identity.get(name));
        called.is_some_and(|types| types.iter().any(|other| other.starts_with("kubernetes_namespace")))
    }

    /// Whether a destroyed object names, in one of its attributes, another object that the plan destroys.
    ///
    /// The flow log of a network that is destroyed too, or the public access block of such a bucket, is no loss. An
    /// object of its own type is no target: its attributes contain its own id as well.
    fn take_along(&self, resource: &ResourceChange<'_>) -> bool {
        let own_type = resource.address.resource_type.as_str();
        let attributes = resource.change.before.as_deref().map(Value::members).unwrap_or_default();
        if self.takes_namespace(resource) {
            return true;
        }
        attributes.iter().any(|(name, value)| {
            let is_target = |other: &&str| *other != own_type && !SERVING.contains(&name.as_ref());
            let is_whole = |other: &&str| is_part_of(own_type, other);
            // Others may have the same name, so that the attribute has to say whose it is.
            let is_named = |other: &&str| is_whole(other) || names_type(name, other);
            let Some(called) = text(value) else { return false };
            let of = |types: &HashMap<&str, Vec<&'p str>>| types.get(called).cloned().unwrap_or_default();
            of(&self.types_by_identity).iter().any(|other| is_target(other) || is_whole(other))
                || of(&self.types_by_name).iter().any(is_named)
        })
    }
}

/// Whether objects of a type are parts of those of another: `aws_iam_role_policy` of `aws_iam_role`. What ties two objects
/// together is part of neither.
fn is_part_of(part: &str, whole: &str) -> bool {
    let ties = ["_association", "_attachment"].iter().any(|ending| part.ends_with(ending));
    !ties && part.strip_prefix(whole).is_some_and(|rest| rest.starts_with('_'))
}

/// Whether an attribute such as `network_security_group_name` names objects of a type.
fn names_type(attribute: &str, resource_type: &str) -> bool {
    let named = attribute.strip_suffix("_name").filter(|named| !named.is_empty());
    named.zip(resource_type.split_once('_')).is_some_and(|(named, (_, own))| named == own)
}

/// Whether an object is one of several settings of a bucket: their id is the bucket's.
fn is_bucket_setting(resource: &ResourceChange<'_>, before: &Value<'_>) -> bool {
    resource.address.resource_type != "aws_s3_bucket"
        && before.get("id").is_some()
        && before.get("bucket") == before.get("id")
}

fn text<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    value.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_goes(others: &str) -> bool {
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [
                {{"address": "aws_flow_log.a", "change": {{"actions": ["delete"],
                    "before": {{"id": "fl-1", "vpc_id": "vpc-1", "subnet_id": ""}}, "after": null}}}}, {others}]}}"#
        );
        let plan = Plan::parse(&text).unwrap();
        Targets::of(&plan).take_along(&plan.resource_changes[0])
    }

    #[test]
    fn only_a_target_that_is_destroyed_counts() {
        let target = |actions: &str, id: &str| {
            format!(
                r#"{{"address": "aws_vpc.a", "change": {{"actions": [{actions}], "before": {{"id": "{id}"}}, "after": {{}}}}}}"#
            )
        };
        assert!(first_goes(&target(r#""delete""#, "vpc-1")));
        assert!(!first_goes(&target(r#""update""#, "vpc-1")));
        assert!(!first_goes(&target(r#""delete", "create""#, "vpc-1")));
        assert!(!first_goes(&target(r#""delete""#, "vpc-2")));
        assert!(!first_goes(&target(r#""delete""#, "")));
        let setting = r#"{"address": "aws_s3_bucket_acl.a", "change": {"actions": ["delete"],
            "before": {"id": "vpc-1", "bucket": "vpc-1"}, "after": null}}"#;
        assert!(!first_goes(setting));
    }

    #[test]
    fn a_part_goes_with_its_whole_and_a_rule_with_the_group_that_it_names() {
        let goes = |part: &str, attribute: &str, whole: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "resource_changes": [
                    {{"address": "{part}.a", "change": {{"actions": ["delete"],
                        "before": {{"id": "1", "{attribute}": "x"}}, "after": null}}}},
                    {{"address": "{whole}.a", "change": {{"actions": ["delete"],
                        "before": {{"id": "2", "name": "x"}}, "after": null}}}}]}}"#
            );
            let plan = Plan::parse(&text).unwrap();
            Targets::of(&plan).take_along(&plan.resource_changes[0])
        };
        assert!(goes("aws_iam_role_policy", "role", "aws_iam_role"));
        assert!(!goes("aws_iam_role_policy", "role", "aws_instance"));
        let group = "azurerm_network_security_group";
        assert!(goes("azurerm_network_security_rule", "network_security_group_name", group));
        assert!(!goes("azurerm_network_security_rule", "name", group));
        assert!(!goes("google_compute_firewall", "network", "google_compute_network_firewall_policy"));
    }

    #[test]
    fn what_is_in_a_namespace_goes_with_it() {
        let goes = |namespace: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "resource_changes": [
                    {{"address": "kubernetes_network_policy_v1.a", "change": {{"actions": ["delete"], "after": null,
                        "before": {{"id": "pay/deny", "metadata": [{{"name": "deny", "namespace": "pay"}}]}}}}}},
                    {{"address": "kubernetes_namespace_v1.a", "change": {{"actions": ["delete"], "after": null,
                        "before": {{"id": "{namespace}"}}}}}}]}}"#
            );
            let plan = Plan::parse(&text).unwrap();
            Targets::of(&plan).take_along(&plan.resource_changes[0])
        };
        assert!(goes("pay") && !goes("other"));
    }
}
