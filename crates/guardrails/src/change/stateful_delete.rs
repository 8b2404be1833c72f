//! Finds databases, buckets and other holders of data that the plan destroys.

use planguard_plan::{Mode, Plan, ResourceChange, Value};
use planguard_rule::Severity;

use super::about::About;
use super::reason::why_destroyed;
use super::stateful::is_stateful;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-stateful-delete",
        title: "A resource that holds data is destroyed",
        severity: Severity::Critical,
        why: "Destroying a database, a bucket, a disk or a user directory takes what is in it along. \
              Bringing back the block brings back an empty resource.",
        remediation: "Keep the block. If it was renamed or moved, add a `moved` block; if the resource is to \
                      live on elsewhere, use a `removed` block with `destroy = false`. If the data may go, \
                      waive this finding for the address.",
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

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let destroyed = plan.resource_changes.iter().filter(|resource| {
        resource.address.mode == Mode::Managed
            && resource.change.actions.only_deletes()
            && is_stateful(&resource.address.resource_type)
    });
    destroyed.map(|resource| ChangeFinding::on(resource, message(resource))).collect()
}

fn message(resource: &ResourceChange<'_>) -> String {
    let address = &resource.address;
    // What an interrupted replacement left behind is the older object: the one with the data.
    let mut message = match &resource.deposed {
        Some(key) => {
            format!("the deposed object {key} of {address} is destroyed, and what it holds goes with it")
        }
        None => format!("{address} is destroyed, and what it holds goes with it"),
    };
    if skips_final_snapshot(resource) {
        message.push_str(" without a final snapshot");
    }
    if let Some(reason) = why_destroyed(resource) {
        message.push_str(&format!(": {reason}"));
    }
    message
}

/// Whether a database that could leave a last snapshot behind is set not to.
fn skips_final_snapshot(resource: &ResourceChange<'_>) -> bool {
    let before = resource.change.before.as_deref();
    before.and_then(|before| before.get("skip_final_snapshot")) == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    #[test]
    fn says_why_the_object_goes() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "module.db[\"eu.west\"].aws_db_instance.a[\"x.y\"]", "action_reason":
                "delete_because_each_key", "change": {"actions": ["delete"],
                "before": {"skip_final_snapshot": true}, "after": null}}"#,
        );
        assert_eq!(
            findings[0].message,
            r#"module.db["eu.west"].aws_db_instance.a["x.y"] is destroyed, and what it holds goes with it without a final snapshot: its key is gone from `for_each`"#
        );
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
    fn replacements_other_types_and_forgotten_objects_are_not_its_business() {
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
