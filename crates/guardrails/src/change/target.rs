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
}

impl<'p> Targets<'p> {
    /// The targets in a plan.
    fn of(plan: &'p Plan<'p>) -> Self {
        let mut types_by_identity: HashMap<&str, Vec<&str>> = HashMap::new();
        for resource in destroyed(plan) {
            let Some(before) = resource.change.before.as_deref() else { continue };
            if is_bucket_setting(resource, before) {
                continue;
            }
            for identity in ["id", "arn", "self_link"].iter().filter_map(|name| text(before.get(name)?)) {
                types_by_identity.entry(identity).or_default().push(&resource.address.resource_type);
            }
        }
        Self { types_by_identity }
    }

    /// Whether a destroyed object names, in one of its attributes, another object that the plan destroys.
    ///
    /// The flow log of a network that is destroyed too, or the public access block of such a bucket, is no loss. An
    /// object of its own type is no target: its attributes contain its own id as well.
    fn take_along(&self, resource: &ResourceChange<'_>) -> bool {
        let attributes = resource.change.before.as_deref().map(Value::members).unwrap_or_default();
        attributes
            .iter()
            .filter(|(name, _)| !SERVING.contains(&name.as_ref()))
            .filter_map(|(_, value)| self.types_by_identity.get(text(value)?))
            .any(|types| types.iter().any(|other| *other != resource.address.resource_type))
    }
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
}
