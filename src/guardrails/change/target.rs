//! Tells what is destroyed on its own from what goes together with the object that it belongs to.

use super::compare::destroyed;
use crate::plan::{Plan, ResourceChange, Value};

/// Whether a destroyed object names, in one of its attributes, another object that the plan destroys.
///
/// A flow log of a network that goes as well, or the access block of a bucket that does, is no loss. An
/// object of its own type is no target, since types such as bucket settings take the id of what they belong
/// to for their own.
pub(super) fn goes_with_its_target(plan: &Plan<'_>, resource: &ResourceChange<'_>) -> bool {
    let Some(before) = resource.change.before.as_deref() else { return false };
    let named: Vec<&str> = before.members().iter().filter_map(|(_, value)| text(value)).collect();
    destroyed(plan).filter(|other| other.address.resource_type != resource.address.resource_type).any(
        |other| {
            let Some(target) = other.change.before.as_deref() else { return false };
            // Another setting of the same bucket shares its id, but has a `bucket` of its own that says so.
            let identities = ["id", "arn", "self_link"].iter().filter_map(|name| text(target.get(name)?));
            let is_setting = target.get("id").is_some()
                && target.get("bucket") == target.get("id")
                && other.address.resource_type != "aws_s3_bucket";
            !is_setting && identities.into_iter().any(|identity| named.contains(&identity))
        },
    )
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
        goes_with_its_target(&plan, &plan.resource_changes[0])
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
    }
}
