//! Finds databases, buckets and other holders of data that the plan destroys.

use std::borrow::Cow;

use super::stateful::is_stateful;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};
use crate::plan::{Mode, Plan};
use crate::rule::{Also, Category, RuleInfo};
use crate::severity::Severity;

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: RuleInfo {
        id: Cow::Borrowed("change-stateful-delete"),
        title: Cow::Borrowed("A resource that holds data is destroyed"),
        severity: Severity::Critical,
        category: Category::Change,
        pack: Cow::Borrowed("default"),
        why: Cow::Borrowed(
            "Destroying a database, a bucket, a disk or a key takes its data along. Bringing back the block \
             brings back an empty resource.",
        ),
        remediation: Cow::Borrowed(
            "Keep the block. If the resource is to live on elsewhere, use a `removed` block with `destroy = \
             false`, or a `moved` block. If the data may go, waive this finding for the address.",
        ),
        aliases: Cow::Borrowed(&[]),
        also: Also::NONE,
    },
    example: ChangeExample {
        failing: r#"{"address": "aws_db_instance.orders", "type": "aws_db_instance", "change": {"actions": ["delete"], "before": {"identifier": "orders"}, "after": null}}"#,
        passing: r#"{"address": "aws_db_instance.orders", "type": "aws_db_instance", "change": {"actions": ["update"], "before": {"identifier": "orders"}, "after": {"identifier": "orders"}}}"#,
    },
    check,
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let destroyed = plan.resource_changes.iter().filter(|resource| {
        resource.address.mode == Mode::Managed
            && resource.change.actions.only_deletes()
            && resource.deposed.is_none()
            && is_stateful(&resource.address.resource_type)
    });
    destroyed
        .map(|resource| {
            ChangeFinding::on(resource, format!("{} is destroyed together with its data", resource.address))
        })
        .collect()
}
