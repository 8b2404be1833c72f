//! Reports objects that are removed from the state and left running, unmanaged.

use planguard_plan::{Mode, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::hollow::is_hollow;
use super::stateful::is_stateful;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

// Low: `change-stateful-delete` recommends it, nothing is destroyed by it, and somebody wrote a `removed` block for
// it.
pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-forgotten",
        title: "A resource is forgotten and keeps running",
        severity: Severity::Low,
        why: "A forgotten resource still costs money, answers requests and grants rights, but no plan, check or \
              drift detection covers it.",
        remediation: "Import the resource where it will be managed, and name its owner there; if it is not \
                      needed, destroy it instead.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_instance.web", "change": {"actions": ["forget"], "before": {}, "after": null}}"#,
        r#"{"address": "aws_instance.web", "change": {"actions": ["delete"], "before": {}, "after": null}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let forgotten = plan.each_change().filter(|resource| {
        resource.address.mode == Mode::Managed
            && resource.change.actions.forgets()
            && !is_hollow(&resource.address.resource_type)
    });
    forgotten.map(|resource| ChangeFinding::on(resource, message(resource))).collect()
}

fn message(resource: &ResourceChange<'_>) -> String {
    let address = &resource.address;
    let object = match &resource.deposed {
        Some(key) => format!("the deposed object {key} of {address}"),
        None if resource.change.actions.creates() => format!("the object that {address} replaces"),
        None => address.to_string(),
    };
    let data = if is_stateful(&address.resource_type) { " with its data" } else { "" };
    format!("{object} is forgotten: it still exists{data}, but is no longer managed")
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    fn messages(entry: &str) -> Vec<String> {
        find_in_changes(&GUARD, entry).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn names_the_forgotten_object() {
        assert_eq!(
            messages(
                r#"{"address": "module.a[\"x.y\"].aws_s3_bucket.b", "action_reason": "delete_because_no_resource_config",
                    "change": {"actions": ["forget"], "before": {}, "after": null}}"#
            ),
            [
                r#"module.a["x.y"].aws_s3_bucket.b is forgotten: it still exists with its data, but is no longer managed"#
            ]
        );
        for actions in [r#"["create", "forget"]"#, r#"["forget", "create"]"#] {
            let entry = format!(
                r#"{{"address": "aws_instance.a", "change": {{"actions": {actions}, "before": {{}}, "after": {{}}}}}}"#
            );
            assert!(messages(&entry)[0].starts_with("the object that aws_instance.a replaces is forgotten"));
        }
    }

    #[test]
    fn triggers_and_random_values_are_not_reported() {
        let entry = r#"{"address": "null_resource.a", "change": {"actions": ["forget"], "before": {}, "after": null}}"#;
        assert!(messages(entry).is_empty());
    }
}
