//! Reports entry points and clusters that are unavailable for a while because they are destroyed first.

use planguard_plan::{Mode, Plan, ReplaceOrder, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::reason::because_replaced;
use super::tables::DESTROY_BEFORE_CREATE;
use super::{AttributeRole, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-destroy-before-create",
        title: "A resource that serves requests is destroyed before its replacement exists",
        severity: Severity::High,
        why: "Terraform destroys first by default. For a load balancer, a certificate, a cluster or a public \
              address this is an outage, and it comes back with another name or address.",
        remediation: "Set `create_before_destroy = true` in the `lifecycle` block (and use `name_prefix` instead \
                      of a fixed name), or revert the change that forces the replacement.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_lb.front", "action_reason": "replace_because_cannot_update",
            "change": {"actions": ["delete", "create"], "before": {"name": "front"},
            "after": {"name": "edge"}, "replace_paths": [["name"]]}}"#,
        r#"{"address": "aws_lb.front", "action_reason": "replace_because_cannot_update",
            "change": {"actions": ["create", "delete"], "before": {"name": "front"},
            "after": {"name": "edge"}, "replace_paths": [["name"]]}}"#,
    ),
    check,
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    plan.resource_changes.iter().filter_map(finding).collect()
}

fn finding(resource: &ResourceChange<'_>) -> Option<ChangeFinding> {
    let address = &resource.address;
    let serves = DESTROY_BEFORE_CREATE.group(&address.resource_type).is_some();
    if address.mode != Mode::Managed
        || !serves
        || resource.change.actions.replaces() != Some(ReplaceOrder::DestroyFirst)
    {
        return None;
    }
    let because = because_replaced(resource);
    let message = format!(
        "{address} is replaced (destroy, then create){because}: it is unavailable until its replacement exists"
    );
    Some(ChangeFinding {
        attribute: resource.change.replace_paths.first().cloned(),
        role: AttributeRole::Reason,
        ..ChangeFinding::on(resource, message)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    #[test]
    fn a_tainted_cluster_is_found_and_an_instance_is_not() {
        let entry = |address: &str| {
            format!(
                r#"{{"address": "{address}", "action_reason": "replace_because_tainted",
                    "change": {{"actions": ["delete", "create"], "before": {{}}, "after": {{}}}}}}"#
            )
        };
        let findings = find_in_changes(&GUARD, &entry(r#"aws_eks_cluster.main[\"a.b\"]"#));
        assert_eq!(
            findings[0].message,
            r#"aws_eks_cluster.main["a.b"] is replaced (destroy, then create) because it is tainted: it is unavailable until its replacement exists"#
        );
        assert_eq!(find_in_changes(&GUARD, &entry("aws_instance.web")), []);
        assert_eq!(find_in_changes(&GUARD, &entry("aws_db_instance.orders")), []);
    }
}
