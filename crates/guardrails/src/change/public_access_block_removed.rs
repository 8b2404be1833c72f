//! Reports public access blocks that are destroyed or weakened.

use planguard_plan::{Plan, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::loss::settings_before;
use super::switch::{Side, Wording, turned_off};
use super::tables::PUBLIC_ACCESS_BLOCK_REMOVED;
use super::target::destroyed_alone;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-public-access-block-removed",
        title: "A public access block is removed or weakened",
        severity: Severity::Critical,
        why: "The block prevents a wrong policy or ACL from making a bucket, a snapshot or a whole account \
              public. Without it, existing grants that it overrode take effect at once.",
        remediation: "Keep the block with all of its settings enabled. To publish one object, serve it through \
                      a content delivery network, or exempt that one bucket only.",
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
    certain: "blocks less public access than before",
    unknown: "may block less public access than before",
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = turned_off(plan, &PUBLIC_ACCESS_BLOCK_REMOVED, &WORDING);
    let blocks = destroyed_alone(plan, &PUBLIC_ACCESS_BLOCK_REMOVED);
    found.extend(blocks.filter(|block| blocked(plan, block)).map(|block| {
        let message = format!("{} is destroyed: what it blocked can be made public", block.address);
        ChangeFinding::on(block, message)
    }));
    found
}

/// Whether an object blocked anything before: one of its settings was not off.
fn blocked(plan: &Plan<'_>, block: &ResourceChange<'_>) -> bool {
    let settings = settings_before(plan, block, &PUBLIC_ACCESS_BLOCK_REMOVED);
    settings.is_empty() || settings.iter().any(|setting| !matches!(setting, Side::Unsafe(_)))
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::{find_in_changes, find_in_update};
    use super::*;

    #[test]
    fn a_destroyed_block_is_reported_unless_the_bucket_is_destroyed_too() {
        let block = r#"{"address": "aws_s3_bucket_public_access_block.a[\"x.y\"]",
            "change": {"actions": ["delete"], "before": {"bucket": "logs", "id": "logs", "block_public_acls": true},
            "after": null}}"#;
        assert_eq!(find_in_changes(&GUARD, block).len(), 1);
        let both = format!(
            r#"{block}, {{"address": "aws_s3_bucket.a", "change": {{"actions": ["delete"],
                "before": {{"bucket": "logs", "id": "logs"}}, "after": null}}}}"#
        );
        assert_eq!(find_in_changes(&GUARD, &both), []);
    }

    #[test]
    fn a_block_that_blocked_nothing_is_no_loss() {
        let removed = |resource_type: &str, before: &str| {
            let entry = format!(
                r#"{{"address": "{resource_type}.a", "change": {{"actions": ["delete"], "before": {before}, "after": null}}}}"#
            );
            find_in_changes(&GUARD, &entry).len()
        };
        let bucket = "aws_s3_bucket_public_access_block";
        let settings = |policy: bool| {
            format!(
                r#"{{"bucket": "b", "id": "b", "block_public_acls": false, "block_public_policy": {policy},
                    "ignore_public_acls": false, "restrict_public_buckets": false}}"#
            )
        };
        assert_eq!(removed(bucket, &settings(false)), 0);
        assert_eq!(removed(bucket, &settings(true)), 1);
        // A plan without the settings says nothing of them.
        assert_eq!(removed(bucket, r#"{"bucket": "b", "id": "b"}"#), 1);
        assert_eq!(removed("aws_ebs_snapshot_block_public_access", r#"{"state": "unblocked"}"#), 0);
        assert_eq!(removed("aws_ebs_snapshot_block_public_access", r#"{"state": "block-all-sharing"}"#), 1);
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
