//! Reports objects that are destroyed and created again because their block was renamed or moved.

use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::destroyed;
use super::equal_successor::is_as_good_as_its_equal;
use super::hollow::is_hollow;
use super::twin::{Place, recreated, twins};
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-renamed",
        title: "An object is destroyed and created again because its block was renamed or moved",
        severity: Severity::High,
        why: "A renamed block, or one that is moved into a module, gives the object a new address. Terraform \
              destroys the object at the old address and creates it at the new one, although nothing about it \
              changed.",
        remediation: "Add a `moved` block from the old address to the new one; the plan then keeps the object.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_iam_role.app", "action_reason": "delete_because_no_resource_config",
            "change": {"actions": ["delete"], "before": {"name": "app", "path": "/", "id": "app"}, "after": null}},
           {"address": "module.app.aws_iam_role.this",
            "change": {"actions": ["create"], "before": null, "after": {"name": "app", "path": "/"}}}"#,
        r#"{"address": "aws_iam_role.app", "action_reason": "delete_because_no_resource_config",
            "change": {"actions": ["delete"], "before": {"name": "app", "path": "/", "id": "app"}, "after": null}},
           {"address": "module.app.aws_iam_role.this",
            "change": {"actions": ["create"], "before": null, "after": {"name": "other", "path": "/"}}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let is_object_of_its_own = |of_type: &str| !is_hollow(of_type) && !is_as_good_as_its_equal(of_type);
    let gone = destroyed(plan).filter(|resource| is_object_of_its_own(&resource.address.resource_type));
    // `change-rekeyed` reports those in one block.
    twins(plan, gone, Place::OtherBlock).into_iter().map(recreated).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    #[test]
    fn a_move_that_the_plan_knows_is_no_finding() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "aws_iam_role.b[\"x.y\"]", "previous_address": "aws_iam_role.a",
                "change": {"actions": ["no-op"], "before": {"name": "app", "path": "/"}, "after": {"name": "app", "path": "/"}}}"#,
        );
        assert_eq!(findings, []);
    }

    #[test]
    fn another_type_or_a_replacement_is_no_twin() {
        let old = r#"{"address": "aws_iam_role.a", "change": {"actions": ["delete"],
            "before": {"name": "app", "path": "/"}, "after": null}}"#;
        for (address, actions) in
            [("aws_iam_user.a", r#""create""#), ("aws_iam_role.b", r#""delete", "create""#)]
        {
            let findings = find_in_changes(
                &GUARD,
                &format!(
                    r#"{old}, {{"address": "{address}", "change": {{"actions": [{actions}],
                        "before": null, "after": {{"name": "app", "path": "/"}}}}}}"#
                ),
            );
            assert_eq!(findings, [], "{address}");
        }
    }
}
