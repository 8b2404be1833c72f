//! Finds objects that leave the state and live on, unmanaged.

use planguard_plan::{Mode, Plan, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::hollow::is_hollow;
use super::stateful::is_stateful;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

// Low, although the catalogue has high: to forget is what `change-stateful-delete` advises, nothing is lost
// by it, and somebody wrote a `removed` block to get it.
pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-forgotten",
        title: "A resource is forgotten and keeps running",
        severity: Severity::Low,
        why: "A forgotten resource still costs, still answers requests and still grants what it grants, but \
              no plan, no check and no drift detection looks at it any more.",
        remediation: "Import the resource where it is to be managed from now on, and say there who owns it; \
                      if it is not needed, destroy it instead.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_instance.web", "change": {"actions": ["forget"], "before": {}, "after": null}}"#,
        r#"{"address": "aws_instance.web", "change": {"actions": ["delete"], "before": {}, "after": null}}"#,
    ),
    check,
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let forgotten = plan.resource_changes.iter().filter(|resource| {
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
    format!("{object} leaves the state and lives on{data}, managed by nobody")
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    fn messages(entry: &str) -> Vec<String> {
        find_in_changes(&GUARD, entry).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn says_which_object_lives_on() {
        assert_eq!(
            messages(
                r#"{"address": "module.a[\"x.y\"].aws_s3_bucket.b", "action_reason": "delete_because_no_resource_config",
                    "change": {"actions": ["forget"], "before": {}, "after": null}}"#
            ),
            [
                r#"module.a["x.y"].aws_s3_bucket.b leaves the state and lives on with its data, managed by nobody"#
            ]
        );
        for actions in [r#"["create", "forget"]"#, r#"["forget", "create"]"#] {
            let entry = format!(
                r#"{{"address": "aws_instance.a", "change": {{"actions": {actions}, "before": {{}}, "after": {{}}}}}}"#
            );
            assert!(messages(&entry)[0].starts_with("the object that aws_instance.a replaces leaves"));
        }
    }

    #[test]
    fn triggers_and_random_values_are_nothing_that_lives_on() {
        let entry = r#"{"address": "null_resource.a", "change": {"actions": ["forget"], "before": {}, "after": null}}"#;
        assert!(messages(entry).is_empty());
    }
}
