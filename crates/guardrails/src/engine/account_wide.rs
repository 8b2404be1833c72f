//! Resources that act on a whole account or region: they belong to every resource there, which none of them names.

use planguard_plan::{Plan, ResourceChange};

/// Types whose resources set a default for all others.
const DEFAULTS: &[&str] = &["aws_ebs_encryption_by_default", "aws_ec2_instance_metadata_defaults"];

/// Types that act on one object, and the type that does the same for all of them.
const SAME_FOR_ALL: &[(&str, &str)] =
    &[("aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block")];

/// The type whose resources belong to every other one where a guardrail asks for this one; `None` where there is none.
pub(super) fn stand_in(resource_type: &str) -> Option<&str> {
    let same = SAME_FOR_ALL.iter().find(|(of_one, _)| *of_one == resource_type);
    same.map(|(_, of_all)| *of_all).or_else(|| DEFAULTS.contains(&resource_type).then_some(resource_type))
}

/// What names the account and region of a resource, as far as the plan tells: the configuration of its provider.
pub(super) fn account_of(plan: &Plan<'_>, change: &ResourceChange<'_>) -> Option<String> {
    let (_, block) = plan.configuration.as_ref()?.resource(&change.address)?;
    // A module that passes nothing on names the configuration of its caller behind its own path.
    block.provider_config_key.as_deref().map(|key| key.rsplit(':').next().unwrap_or(key).to_owned())
}

/// Whether two accounts are the same, or may be.
pub(super) fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_one_of_the_provider() {
        let all = SAME_FOR_ALL.iter().flat_map(|(one, other)| [one, other]).chain(DEFAULTS);
        for resource_type in all {
            assert!(planguard_schemas::resource(resource_type).is_some(), "{resource_type}");
        }
    }

    #[test]
    fn another_configuration_of_the_provider_is_another_account() {
        let same = |key: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "resource_changes": [
                    {{"address": "aws_s3_bucket.a", "change": {{"actions": ["no-op"], "before": {{}}, "after": {{}}}}}},
                    {{"address": "aws_s3_account_public_access_block.a",
                        "change": {{"actions": ["no-op"], "before": {{}}, "after": {{}}}}}}],
                "configuration": {{"root_module": {{"resources": [
                    {{"mode": "managed", "type": "aws_s3_bucket", "name": "a", "provider_config_key": "aws"}},
                    {{"mode": "managed", "type": "aws_s3_account_public_access_block", "name": "a",
                        "provider_config_key": "{key}"}}]}}}}}}"#
            );
            let plan = Plan::parse(&text).unwrap();
            let account = |change: usize| account_of(&plan, &plan.resource_changes[change]);
            is_same(account(0).as_deref(), account(1).as_deref())
        };
        assert!(same("aws") && same("module.m:aws"));
        assert!(!same("aws.other"));
    }
}
