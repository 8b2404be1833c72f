//! Reports public access blocks that are destroyed or weakened.

use std::cell::LazyCell;
use std::collections::HashMap;

use planguard_guardrail_format::{Effect, Truth};
use planguard_plan::{Address, AttributePath, Mode, Plan, ResourceChange, Value};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::pairs;
use super::loss::settings_before;
use super::switch::{self, Side, Wording};
use super::tables::PUBLIC_ACCESS_BLOCK_REMOVED;
use super::target::destroyed_alone;
use super::twin::created;
use super::{Certainty, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};
use crate::iam::{Document, Statement, is_for_anyone, is_not_narrowed};

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

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = Vec::new();
    let by_bucket = LazyCell::new(|| by_bucket(plan));
    for pair in pairs(plan) {
        let weaker = switch::findings(&pair, &PUBLIC_ACCESS_BLOCK_REMOVED, &WORDING);
        found.extend(weaker.into_iter().map(|finding| {
            let setting = finding.attribute.as_ref().and_then(AttributePath::last_key);
            let grant =
                setting.and_then(Overridden::by).and_then(|kind| opened(&by_bucket, pair.resource, &[kind]));
            match grant.filter(|_| finding.certainty == Certainty::Certain) {
                Some(grant) => {
                    let message = format!("{}; {grant}", finding.message);
                    ChangeFinding { message, ..finding }
                }
                None => finding,
            }
        }));
    }
    let blocks = destroyed_alone(plan, &PUBLIC_ACCESS_BLOCK_REMOVED);
    found.extend(blocks.filter(|block| blocked(plan, block)).map(|block| {
        let opened = opened(&by_bucket, block, &[Overridden::Policy, Overridden::Acl]);
        let opened = opened.unwrap_or_else(|| "what it blocked can be made public".to_owned());
        let message = match same_again(plan, block) {
            // Both are one setting of one object.
            Some(new) => format!(
                "{} is destroyed and {new} created for the same object, which Terraform does at once: if the new one \
                 comes first, the block is gone after the apply, and {opened}",
                block.address
            ),
            None => format!("{} is destroyed: {opened}", block.address),
        };
        ChangeFinding::on(block, message)
    }));
    found
}

/// The address of a block that the plan creates for the object of one that it destroys.
fn same_again<'p>(plan: &'p Plan<'p>, block: &ResourceChange<'_>) -> Option<&'p Address> {
    let name =
        |side: Option<&Value<'_>>| side.and_then(|side| side.get("bucket")?.as_str().map(ToOwned::to_owned));
    let bucket = name(block.change.before.as_deref());
    let is_same = |new: &&ResourceChange<'_>| {
        new.address.resource_type == block.address.resource_type
            && name(new.change.after.as_deref()) == bucket
    };
    created(plan).find(is_same).map(|new| &new.address)
}

/// What a setting of a block overrides while it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overridden {
    Policy,
    Acl,
}

impl Overridden {
    /// What a setting overrides. The other two settings refuse new grants, and leave those that exist.
    fn by(setting: &str) -> Option<Self> {
        match setting {
            "restrict_public_buckets" => Some(Self::Policy),
            "ignore_public_acls" => Some(Self::Acl),
            _ => None,
        }
    }
}

/// The managed objects that name a bucket which the plan knows, by that name, with their positions in the plan.
type ByBucket<'p> = HashMap<&'p str, Vec<(usize, &'p ResourceChange<'p>)>>;

fn by_bucket<'p>(plan: &'p Plan<'p>) -> ByBucket<'p> {
    let mut found = ByBucket::new();
    let managed = |(_, change): &(usize, &ResourceChange<'_>)| change.address.mode == Mode::Managed;
    for (position, change) in plan.each_change().enumerate().filter(managed) {
        planguard_work::steps(1);
        let name = change.change.after.as_deref().and_then(|after| after.get("bucket")?.as_str());
        if let Some(name) = name {
            found.entry(name).or_default().push((position, change));
        }
    }
    found
}

/// What is public of a bucket as soon as nothing overrides it, as a clause: a policy or an ACL that the plan keeps.
fn opened(by_bucket: &ByBucket<'_>, block: &ResourceChange<'_>, kinds: &[Overridden]) -> Option<String> {
    let bucket = match block.address.resource_type.as_str() {
        "aws_s3_account_public_access_block" => None,
        "aws_s3_bucket_public_access_block" => {
            Some(block.change.before.as_deref()?.get("bucket").and_then(Value::as_str)?)
        }
        _ => return None,
    };
    let mut named = match bucket {
        Some(bucket) => by_bucket.get(bucket).cloned().unwrap_or_default(),
        None => by_bucket.values().flatten().copied().collect(),
    };
    named.sort_unstable_by_key(|(position, _)| *position);
    let mut grants: Vec<(&ResourceChange<'_>, String)> =
        named.into_iter().filter_map(|(_, change)| Some((change, public_grant(change, kinds)?))).collect();
    // A provider reads policies and ACLs that are resources of their own back into their bucket.
    let own = grants.iter().filter(|(change, _)| change.address.resource_type != BUCKET);
    let own: Vec<String> = own.map(|(_, grant)| grant.clone()).collect();
    grants.retain(|(change, grant)| change.address.resource_type != BUCKET || !own.contains(grant));
    let grants: Vec<String> =
        grants.iter().map(|(change, grant)| format!("{} {grant}", change.address)).collect();
    (!grants.is_empty()).then(|| format!("{}, which it overrode until now", grants.join(", and ")))
}

/// What a bucket, its policy or its ACL grants to everyone.
fn public_grant(change: &ResourceChange<'_>, kinds: &[Overridden]) -> Option<String> {
    let (of_policy, of_acl) = match change.address.resource_type.as_str() {
        BUCKET => (true, true),
        "aws_s3_bucket_policy" => (true, false),
        "aws_s3_bucket_acl" => (false, true),
        _ => return None,
    };
    let after = change.change.after.as_deref()?;
    let is_shown = !change.change.after_sensitive.as_ref().is_some_and(Value::has_true_leaf);
    let text = |name: &str| after.get(name).and_then(Value::as_str);
    if of_policy && kinds.contains(&Overridden::Policy) {
        let document = text("policy").and_then(|text| Document::parse(text).ok()).unwrap_or_default();
        let is_public = |statement: &&Statement| {
            statement.effect == Some(Effect::Allow)
                && is_for_anyone(statement) == Truth::True
                && is_not_narrowed(&document, statement) == Truth::True
        };
        if let Some(statement) = document.statements.iter().find(is_public) {
            let actions =
                statement.actions.these.as_ref().map(|these| these.known.as_slice()).unwrap_or_default();
            let actions: Vec<String> = actions.iter().take(3).map(|action| format!("`{action}`")).collect();
            let actions =
                if is_shown && !actions.is_empty() { actions.join(", ") } else { "access".to_owned() };
            return Some(format!("allows anyone {actions}"));
        }
    }
    let acl = text("acl").filter(|acl| PUBLIC_ACLS.contains(acl));
    let acl = acl.filter(|_| of_acl && kinds.contains(&Overridden::Acl))?;
    Some(format!("has the ACL `{acl}`"))
}

const BUCKET: &str = "aws_s3_bucket";

/// Canned ACLs that grant something to everyone, or to everyone with an account of AWS.
const PUBLIC_ACLS: &[&str] = &["authenticated-read", "public-read", "public-read-write"];

/// Whether an object blocked anything before: one of its settings was not off.
fn blocked(plan: &Plan<'_>, block: &ResourceChange<'_>) -> bool {
    let settings = settings_before(plan, block, &PUBLIC_ACCESS_BLOCK_REMOVED);
    settings.is_empty() || settings.iter().any(|setting| !matches!(setting, Side::Unsafe(_)))
}

#[cfg(test)]
mod tests {
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
    fn a_block_under_another_name_may_be_gone_after_the_apply() {
        let settings = r#"{"bucket": "b", "id": "b", "restrict_public_buckets": true}"#;
        let found = find_in_changes(
            &GUARD,
            &format!(
                r#"{{"address": "aws_s3_bucket_public_access_block.old", "change": {{"actions": ["delete"], "before": {settings}, "after": null}}}},
                   {{"address": "aws_s3_bucket_public_access_block.new", "change": {{"actions": ["create"], "before": null, "after": {settings}}}}}"#
            ),
        );
        assert_eq!(
            found[0].message,
            "aws_s3_bucket_public_access_block.old is destroyed and aws_s3_bucket_public_access_block.new created for the same object, which Terraform does at once: if the new one comes first, the block is gone after the apply, and what it blocked can be made public"
        );
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

    #[test]
    fn what_the_block_overrode_is_named() {
        let settings = |restrict: bool, ignore: bool| {
            format!(
                r#"{{"bucket": "b", "id": "b", "block_public_acls": true, "block_public_policy": true,
                    "ignore_public_acls": {ignore}, "restrict_public_buckets": {restrict}}}"#
            )
        };
        let text = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}"#;
        let policy = serde_json::json!({"bucket": "b", "policy": text});
        let kept = |address: &str, values: &str| {
            format!(
                r#"{{"address": "{address}", "change": {{"actions": ["no-op"], "before": {values}, "after": {values}}}}}"#
            )
        };
        let others = format!(
            "{}, {}, {}",
            kept("aws_s3_bucket.b", &policy.to_string()),
            kept("aws_s3_bucket_policy.p", &policy.to_string()),
            kept("aws_s3_bucket_acl.a", r#"{"bucket": "b", "acl": "public-read"}"#)
        );
        let messages = |actions: &str, after: &str| {
            let block = format!(
                r#"{{"address": "aws_s3_bucket_public_access_block.b", "change": {{"actions": ["{actions}"],
                    "before": {}, "after": {after}}}}}"#,
                settings(true, true)
            );
            let found = find_in_changes(&GUARD, &format!("{block}, {others}"));
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let name = "aws_s3_bucket_public_access_block.b";
        assert_eq!(
            messages("delete", "null"),
            [format!(
                "{name} is destroyed: aws_s3_bucket_policy.p allows anyone `s3:GetObject`, and aws_s3_bucket_acl.a has the ACL `public-read`, which it overrode until now"
            )]
        );
        assert_eq!(
            messages("update", &settings(false, true)),
            [format!(
                "{name} blocks less public access than before: `restrict_public_buckets` changes from `true` to `false`; aws_s3_bucket_policy.p allows anyone `s3:GetObject`, which it overrode until now"
            )]
        );
        assert_eq!(
            messages("update", &settings(true, false)),
            [format!(
                "{name} blocks less public access than before: `ignore_public_acls` changes from `true` to `false`; aws_s3_bucket_acl.a has the ACL `public-read`, which it overrode until now"
            )]
        );
    }
}
