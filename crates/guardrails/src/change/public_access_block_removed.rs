//! Finds blocks against public access that are removed or made weaker.

use planguard_plan::Plan;
use planguard_rule::Severity;

use super::about::About;
use super::compare::{destroyed, pairs};
use super::switch::{Switch, Unset, Weak, Wording, findings};
use super::target::Targets;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-public-access-block-removed",
        title: "A block against public access is removed or made weaker",
        severity: Severity::Critical,
        why: "The block is what keeps a mistaken policy or access list from publishing a bucket, a snapshot \
              or a whole account. Without it old grants that it held back take effect at once.",
        remediation: "Keep the block with all its settings on. If one object has to be public, serve it \
                      through a content delivery network, or exempt that one bucket only.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_s3_bucket_public_access_block.logs", "change": {"actions": ["update"],
            "before": {"block_public_acls": true, "block_public_policy": true},
            "after": {"block_public_acls": true, "block_public_policy": false}}}"#,
        r#"{"address": "aws_s3_bucket_public_access_block.logs", "change": {"actions": ["update"],
            "before": {"block_public_acls": true, "block_public_policy": false},
            "after": {"block_public_acls": true, "block_public_policy": true}}}"#,
    ),
    check,
};

const WORDING: Wording = Wording {
    certain: "blocks public access less than before",
    unknown: "may block public access less than before",
};

const S3: &[&str] = &["aws_s3_account_public_access_block", "aws_s3_bucket_public_access_block"];

pub(super) const SWITCHES: &[Switch] = &[
    Switch::on(S3, &["block_public_acls"], Weak::False, Unset::IsWeak),
    Switch::on(S3, &["block_public_policy"], Weak::False, Unset::IsWeak),
    Switch::on(S3, &["ignore_public_acls"], Weak::False, Unset::IsWeak),
    Switch::on(S3, &["restrict_public_buckets"], Weak::False, Unset::IsWeak),
    Switch::on(
        &["aws_ebs_snapshot_block_public_access"],
        &["state"],
        Weak::Words(&["unblocked"]),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["aws_ec2_image_block_public_access"],
        &["state"],
        Weak::Words(&["unblocked"]),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["aws_emr_block_public_access_configuration"],
        &["block_public_security_group_rules"],
        Weak::False,
        Unset::SaysNothing,
    ),
    Switch::on(
        &["aws_secretsmanager_secret_policy"],
        &["block_public_policy"],
        Weak::False,
        Unset::SaysNothing,
    ),
    Switch::on(
        &["aws_vpc_block_public_access_options"],
        &["internet_gateway_block_mode"],
        Weak::Words(&["off"]),
        Unset::SaysNothing,
    ),
    Switch::on(&["azurerm_storage_account"], &["allow_nested_items_to_be_public"], Weak::True, Unset::IsWeak),
    // The name until azurerm 3.
    Switch::on(&["azurerm_storage_account"], &["allow_blob_public_access"], Weak::True, Unset::SaysNothing),
    Switch::on(
        &["google_storage_bucket"],
        &["public_access_prevention"],
        Weak::AllBut(&["enforced"]),
        Unset::SaysNothing,
    ),
    Switch::on(&["google_storage_bucket"], &["uniform_bucket_level_access"], Weak::False, Unset::SaysNothing),
];

/// Types whose objects block public access to others, sorted.
const BLOCKS: &[&str] = &[
    "aws_ebs_snapshot_block_public_access",
    "aws_ec2_image_block_public_access",
    "aws_emr_block_public_access_configuration",
    "aws_s3_account_public_access_block",
    "aws_s3_bucket_public_access_block",
    "aws_vpc_block_public_access_options",
];

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let targets = Targets::of(plan);
    let mut found: Vec<ChangeFinding> =
        pairs(plan).flat_map(|pair| findings(&pair, SWITCHES, &WORDING).collect::<Vec<_>>()).collect();
    let blocks = destroyed(plan).filter(|resource| {
        BLOCKS.binary_search(&resource.address.resource_type.as_str()).is_ok()
            && !targets.take_along(resource)
    });
    found.extend(blocks.map(|block| {
        let message = format!("{} is destroyed, and what it blocked can be made public", block.address);
        ChangeFinding::on(block, message)
    }));
    found
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::{Schemas, find_in_changes, find_in_update};
    use super::*;

    #[test]
    fn switches_and_blocks_are_in_the_provider_schemas() {
        assert!(BLOCKS.is_sorted_by(|left, right| left < right));
        let Some(schemas) = Schemas::read() else { return };
        for switch in SWITCHES.iter().filter(|switch| switch.path != ["allow_blob_public_access"]) {
            switch.assert_in_schemas(schemas, &[]);
        }
        assert!(BLOCKS.iter().all(|block| schemas.knows_type(block)));
    }

    #[test]
    fn a_destroyed_block_is_found_unless_the_bucket_goes_with_it() {
        let block = r#"{"address": "aws_s3_bucket_public_access_block.a[\"x.y\"]",
            "change": {"actions": ["delete"], "before": {"bucket": "logs", "id": "logs"}, "after": null}}"#;
        assert_eq!(find_in_changes(&GUARD, block).len(), 1);
        let both = format!(
            r#"{block}, {{"address": "aws_s3_bucket.a", "change": {{"actions": ["delete"],
                "before": {{"bucket": "logs", "id": "logs"}}, "after": null}}}}"#
        );
        assert_eq!(find_in_changes(&GUARD, &both), []);
    }

    #[test]
    fn each_setting_that_is_weakened_is_named() {
        let findings = find_in_update(
            &GUARD,
            "aws_s3_account_public_access_block.a",
            r#"{"block_public_acls": true, "restrict_public_buckets": true}"#,
            r#"{"block_public_acls": false}"#,
            r#"{"restrict_public_buckets": true}"#,
        );
        let certainties: Vec<_> = findings.iter().map(|finding| finding.certainty).collect();
        assert_eq!(certainties, [Certainty::Certain, Certainty::DependsOnUnknown]);
    }

    #[test]
    fn prevention_that_is_only_inherited_is_weaker() {
        let address = "google_storage_bucket.a";
        let enforced = r#"{"public_access_prevention": "enforced"}"#;
        let inherited = r#"{"public_access_prevention": "inherited"}"#;
        assert_eq!(find_in_update(&GUARD, address, enforced, inherited, "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, address, inherited, enforced, "{}"), []);
    }
}
