//! Reports databases, buckets and other resources with data that the plan destroys.

use planguard_plan::{Mode, Plan, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::dependents::Dependents;
use super::final_snapshot_lost;
use super::reason::because_destroyed;
use super::stateful::loss_of;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-stateful-delete",
        title: "A resource with data is destroyed",
        severity: Severity::Critical,
        why: "Destroying a database, a bucket, a disk or a user directory destroys its contents. Adding the \
              block again creates an empty resource.",
        remediation: "Keep the block. If it was renamed or moved, add a `moved` block; if the resource is to be \
                      kept but no longer managed here, use a `removed` block with `destroy = false`. If the data \
                      is no longer needed, waive this finding for the address.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["delete"],
            "before": {"identifier": "orders"}, "after": null}}"#,
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"identifier": "orders", "instance_class": "db.t4g.small"},
            "after": {"identifier": "orders", "instance_class": "db.t4g.large"}}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let dependents = Dependents::new(plan);
    plan.each_change().filter_map(|resource| finding(plan, resource, &dependents)).collect()
}

fn finding(
    plan: &Plan<'_>,
    resource: &ResourceChange<'_>,
    dependents: &Dependents<'_>,
) -> Option<ChangeFinding> {
    let address = &resource.address;
    if address.mode != Mode::Managed || !resource.change.actions.only_deletes() {
        return None;
    }
    let loss = loss_of(plan, resource)?;
    // What an interrupted replacement left is the older object: the one with the data.
    let object = match &resource.deposed {
        Some(key) => format!("the deposed object {key} of {address}"),
        None => address.to_string(),
    };
    let because = because_destroyed(resource);
    let snapshot = loss.happens().then(|| final_snapshot_lost::of_destroyed(plan, resource)).flatten();
    let snapshot = snapshot.map(|when| format!(" {when}")).unwrap_or_default();
    let message = format!("{object} is destroyed{because}; {loss}{snapshot}{}", dependents.clause(resource));
    Some(ChangeFinding { severity: loss.severity(), ..ChangeFinding::on(resource, message) })
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    #[test]
    fn says_why_the_object_is_destroyed_and_whether_there_is_a_snapshot() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "module.db[\"eu.west\"].aws_db_instance.a[\"x.y\"]", "action_reason":
                "delete_because_each_key", "change": {"actions": ["delete"],
                "before": {"skip_final_snapshot": true}, "after": null}}"#,
        );
        assert_eq!(
            findings[0].message,
            r#"module.db["eu.west"].aws_db_instance.a["x.y"] is destroyed because its key was removed from `for_each`; its data is destroyed without a final snapshot (`skip_final_snapshot` is `true`)"#
        );
    }

    fn destroyed(resource_type: &str, before: &str) -> Option<String> {
        let entry = format!(
            r#"{{"address": "{resource_type}.a", "change": {{"actions": ["delete"], "before": {before}, "after": null}}}}"#
        );
        find_in_changes(&GUARD, &entry).pop().map(|finding| finding.message)
    }

    #[test]
    fn what_the_provider_keeps_is_not_lost() {
        assert_eq!(destroyed("github_repository", r#"{"archive_on_destroy": true}"#), None);
        assert!(destroyed("github_repository", r#"{"archive_on_destroy": false}"#).is_some());
        assert!(destroyed("github_repository", "{}").is_some());
        assert_eq!(destroyed("google_sql_database", r#"{"deletion_policy": "ABANDON"}"#), None);
        assert!(destroyed("google_sql_database", r#"{"deletion_policy": "DELETE"}"#).is_some());
        assert_eq!(destroyed("aws_cloudwatch_log_group", r#"{"skip_destroy": true}"#), None);
    }

    #[test]
    fn says_when_the_provider_refuses_to_destroy_what_is_not_empty() {
        let bucket = |before| destroyed("aws_s3_bucket", before).unwrap();
        let refused = "aws_s3_bucket.a is destroyed; the provider refuses unless it is empty: `force_destroy` is not `true`";
        assert_eq!(bucket(r#"{"bucket": "b"}"#), refused);
        assert_eq!(bucket(r#"{"force_destroy": false}"#), refused);
        assert_eq!(
            bucket(r#"{"force_destroy": true}"#),
            "aws_s3_bucket.a is destroyed; its objects are destroyed (`force_destroy` is `true`)"
        );
        assert!(destroyed("aws_ecr_repository", r#"{"force_delete": false}"#).unwrap().contains("refuses"));
    }

    #[test]
    fn what_the_provider_refuses_weighs_less_than_what_is_lost() {
        let severity = |before: &str| {
            let entry = format!(
                r#"{{"address": "aws_s3_bucket.a", "change": {{"actions": ["delete"], "before": {before}, "after": null}}}}"#
            );
            find_in_changes(&GUARD, &entry)[0].severity
        };
        assert_eq!(severity(r#"{"force_destroy": false}"#), Some(Severity::Medium));
        assert_eq!(severity(r#"{"force_destroy": true}"#), None);
    }

    #[test]
    fn says_how_long_a_secret_can_be_restored() {
        let secret = |before| destroyed("aws_secretsmanager_secret", before).unwrap();
        assert!(
            secret(r#"{"recovery_window_in_days": 7}"#)
                .ends_with("it can be restored for 7 days (`recovery_window_in_days`)")
        );
        assert!(
            secret("{}").ends_with("it can be restored for 30 days (`recovery_window_in_days` is not set)")
        );
        assert!(secret(r#"{"recovery_window_in_days": 0}"#).ends_with("is destroyed"));
    }

    #[test]
    fn a_deposed_object_is_named_by_its_key() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "aws_db_instance.a", "deposed": "0a1b2c3d",
                "change": {"actions": ["delete"], "before": {}, "after": null}},
               {"address": "aws_db_instance.a", "change": {"actions": ["no-op"], "before": {}, "after": {}}}"#,
        );
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].deposed.as_deref(), Some("0a1b2c3d"));
        assert!(findings[0].message.starts_with("the deposed object 0a1b2c3d of aws_db_instance.a"));
    }

    #[test]
    fn replacements_other_types_and_forgotten_objects_are_not_reported() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "aws_db_instance.a", "change": {"actions": ["delete", "create"], "before": {}, "after": {}}},
               {"address": "aws_db_instance.b", "change": {"actions": ["forget"], "before": {}, "after": null}},
               {"address": "aws_iam_role.c", "change": {"actions": ["delete"], "before": {}, "after": null}},
               {"address": "data.aws_s3_bucket.d", "change": {"actions": ["delete"], "before": {}, "after": null}}"#,
        );
        assert_eq!(findings, []);
    }
}
