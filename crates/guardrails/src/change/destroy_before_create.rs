//! Reports entry points and clusters that are unavailable for a while because they are destroyed first.

use std::collections::HashMap;

use planguard_plan::{
    ActionReason, AttributePath, Mode, Plan, ReplaceOrder, ResourceChange, ResourceState, Side,
};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Sight, sight};
use super::reason::because_replaced;
use super::stateful::{loss_of, protection};
use super::tables::DESTROY_BEFORE_CREATE;
use super::{AttributeRole, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};
use crate::engine::{is_same_instance, place_at};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-destroy-before-create",
        title: "A resource that serves requests is destroyed before its replacement exists",
        severity: Severity::High,
        why: "Terraform destroys first by default. For a load balancer, a certificate, a cluster or a public \
              address this is an outage, and it comes back with another name or address.",
        remediation: "Set `create_before_destroy = true` in the `lifecycle` block, or revert the change that forces \
                      the replacement. While both exist, they need different names: `name_prefix` gives them, where the \
                      resource has it.",
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

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found: Vec<_> = plan.each_change().filter(|resource| is_interrupted(resource)).collect();
    if found.is_empty() {
        return Vec::new();
    }
    let is_told = |resource: &&ResourceChange<'_>| {
        resource.change.actions.replaces().is_some()
            && (is_interrupted(resource) || loss_of(plan, resource).is_some())
    };
    let mut told: HashMap<String, Vec<&ResourceChange<'_>>> = HashMap::new();
    for resource in plan.each_change().filter(is_told) {
        told.entry(resource.address.configuration_address()).or_default().push(resource);
    }
    found.retain(|resource| !is_told_with_another(plan, resource, &told));
    found.into_iter().map(|resource| finding(plan, resource)).collect()
}

/// Whether an object that serves requests is destroyed before its replacement exists.
fn is_interrupted(resource: &ResourceChange<'_>) -> bool {
    resource.address.mode == Mode::Managed
        && DESTROY_BEFORE_CREATE.group(&resource.address.resource_type).is_some()
        && resource.change.actions.replaces() == Some(ReplaceOrder::DestroyFirst)
}

/// Whether an object is replaced only because others are of which a finding tells: one cause is told once. What forces the
/// replacement is then known only after apply, and refers to them. `told` has them by their blocks.
fn is_told_with_another(
    plan: &Plan<'_>,
    resource: &ResourceChange<'_>,
    told: &HashMap<String, Vec<&ResourceChange<'_>>>,
) -> bool {
    let paths = &resource.change.replace_paths;
    let is_forced = matches!(resource.action_reason, None | Some(ActionReason::ReplaceBecauseCannotUpdate));
    let Some(after) = ResourceState::new(plan, resource, Side::After) else { return false };
    let is_of_told = |path: &AttributePath| {
        let Some(found) = after.references(path) else { return false };
        sight(&place_at(&after.root(), path)) == Sight::Unknown
            && found.unresolved.is_empty()
            && !found.resources.is_empty()
            && found.resources.iter().all(|reference| {
                told.get(&reference.address).into_iter().flatten().any(|other| {
                    is_same_instance(&other.address, &resource.address, reference.key.as_deref())
                })
            })
    };
    is_forced && !paths.is_empty() && paths.iter().all(is_of_told)
}

fn finding(plan: &Plan<'_>, resource: &ResourceChange<'_>) -> ChangeFinding {
    let address = &resource.address;
    let because = because_replaced(resource);
    let before = ResourceState::new(plan, resource, Side::Before);
    let refused = before.as_ref().and_then(protection);
    let what = match &refused {
        Some(protection) => {
            format!("the provider refuses to destroy it ({protection}), and the apply fails on the way")
        }
        None => "it is unavailable until its replacement exists".to_owned(),
    };
    let message = format!("{address} is replaced (destroy, then create){because}: {what}");
    let finding = ChangeFinding {
        attribute: resource.change.replace_paths.first().cloned(),
        role: AttributeRole::Reason,
        ..ChangeFinding::on(resource, message)
    };
    match refused {
        Some(_) => finding.mended_by(
            "Revert the change that forces the replacement. If it is wanted, add the new object beside the old one, move its \
             users, and destroy the old one in a later plan, after one that turns the protection off.",
        ),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{find, find_in_changes};
    use super::*;

    #[test]
    fn what_the_provider_refuses_to_destroy_is_no_outage() {
        let replaced = |protected: bool| {
            let text = format!(
                r#"{{"address": "aws_lb.front", "action_reason": "replace_because_cannot_update",
                    "change": {{"actions": ["delete", "create"],
                    "before": {{"internal": true, "enable_deletion_protection": {protected}}},
                    "after": {{"internal": false, "enable_deletion_protection": false}}, "replace_paths": [["internal"]]}}}}"#
            );
            find_in_changes(&GUARD, &text).remove(0)
        };
        let refused = replaced(true);
        assert!(refused.message.contains("refuses to destroy it (`enable_deletion_protection` is `true`)"));
        assert!(refused.remedy.is_some());
        assert!(replaced(false).message.ends_with("unavailable until its replacement exists"));
    }

    #[test]
    fn what_follows_from_another_replacement_is_told_with_it() {
        let replaced = |address: &str, before: &str, after: &str, unknown: &str, path: &str| {
            format!(
                r#"{{"address": "{address}", "action_reason": "replace_because_cannot_update", "change": {{
                    "actions": ["delete", "create"], "before": {before}, "after": {after}, "after_unknown": {unknown},
                    "replace_paths": [["{path}"]]}}}}"#
            )
        };
        let found = |cause: &str, record: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "resource_changes": [{cause}, {record}], "configuration": {{"root_module": {{
                    "resources": [
                        {{"address": "aws_route53_zone.z", "mode": "managed", "type": "aws_route53_zone", "name": "z"}},
                        {{"address": "aws_route53_record.a", "mode": "managed", "type": "aws_route53_record", "name": "a",
                            "expressions": {{"zone_id": {{"references": ["aws_route53_zone.z.id", "aws_route53_zone.z"]}},
                                "name": {{"constant_value": "b"}}}}}}]}}}}}}"#
            );
            let found = find(&GUARD, &text).into_iter();
            found.map(|finding| finding.address.unwrap().to_string()).collect::<Vec<_>>()
        };
        let zone = replaced("aws_route53_zone.z", r#"{"name": "o"}"#, r#"{"name": "n"}"#, "{}", "name");
        let follows = replaced(
            "aws_route53_record.a",
            r#"{"zone_id": "Z1", "name": "b"}"#,
            r#"{"name": "b"}"#,
            r#"{"zone_id": true}"#,
            "zone_id",
        );
        let own = replaced(
            "aws_route53_record.a",
            r#"{"zone_id": "Z1", "name": "a"}"#,
            r#"{"zone_id": "Z1", "name": "b"}"#,
            "{}",
            "name",
        );
        assert_eq!(found(&zone, &follows), [""; 0]);
        assert_eq!(found(&zone, &own), ["aws_route53_record.a"]);
        let unchanged = r#"{"address": "aws_route53_zone.z", "change": {"actions": ["update"], "before": {}, "after": {}}}"#;
        assert_eq!(found(unchanged, &follows), ["aws_route53_record.a"]);
    }

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
