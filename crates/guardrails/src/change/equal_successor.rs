//! Finds guards that a plan creates again with the same content: under another name, or at another address.

use planguard_plan::{Plan, ResourceChange, ResourceState, Side, Value};

use super::compare::{Sight, sight};
use super::succession::{is_about_others, without_version};
use super::tables::{ALARM_REMOVED, AUDIT_TRAIL_WEAKENED, GUARD_REMOVED};
use super::twin::{INCIDENTAL, created, says};
use crate::engine::is_empty;

/// How the names of types end whose objects have a name that is a label: what they guard is in the rest.
const LABELLED: &[&str] = &[
    "_compute_firewall",
    "_limit_range",
    "_network_policy",
    "_network_security_rule",
    "_pod_disruption_budget",
    "_policy_assignment",
    "_resource_quota",
    "_ruleset",
    "_webhook_configuration",
];

/// The attributes with such a name, and what the provider makes of it.
const LABELS: &[&str] = &["id", "name", "display_name", "self_link", "creation_timestamp"];

/// How many new objects of a type are compared with a lost one.
const MOST: usize = 256;

/// Whether it makes no difference that an object is another one, as long as it says the same: a guard or an alarm about other
/// objects, which holds no data.
pub(super) fn is_as_good_as_its_equal(resource_type: &str) -> bool {
    let watches_others = |table: &'static super::tables::Table| {
        table.group(resource_type).is_some_and(|group| !group.subject.is_empty())
    };
    ALARM_REMOVED.names(resource_type)
        || watches_others(&AUDIT_TRAIL_WEAKENED)
        || (GUARD_REMOVED.names(resource_type) && is_about_others(resource_type))
}

/// Whether the plan creates a guard with all that a lost one said, but its name.
pub(super) fn has_equal(plan: &Plan<'_>, guard: &ResourceChange<'_>) -> bool {
    let of_type = guard.address.resource_type.as_str();
    let name = without_version(of_type);
    if !LABELLED.iter().any(|ending| name.ends_with(ending)) {
        return false;
    }
    let Some(before) = guard.change.before.as_deref() else { return false };
    let same_type = created(plan).filter(|new| new.address.resource_type == of_type);
    same_type.take(MOST).any(|new| {
        planguard_work::steps(1);
        ResourceState::new(plan, new, Side::After).is_some_and(|after| is_equal(before, &after))
    })
}

fn is_equal(before: &Value<'_>, after: &ResourceState<'_>) -> bool {
    let root = after.root();
    let mut same = 0;
    for (name, old) in before.members() {
        let name = name.as_ref();
        if LABELS.contains(&name) || INCIDENTAL.contains(&name) {
            continue;
        }
        if name == "metadata" {
            let namespace = root.key(name).index(0).key("namespace");
            let old = old.elements().first().and_then(|old| old.get("namespace")).filter(|old| says(old));
            if sight(&namespace).known().filter(|new| says(new)) != old {
                return false;
            }
            continue;
        }
        let new = root.key(name);
        match sight(&new) {
            // The provider fills it in for both.
            Sight::Computed => continue,
            Sight::Unknown => return false,
            Sight::Unset if !is_empty(old) => return false,
            Sight::Known(new) if !is_same(old, new) => return false,
            Sight::Known(_) | Sight::Unset => same += usize::from(says(old)),
        }
    }
    let is_new = |(name, new): (&str, &Value<'_>)| {
        let is_label = name == "metadata" || LABELS.contains(&name) || INCIDENTAL.contains(&name);
        !is_label && !is_empty(new) && before.get(name).is_none()
    };
    let members = after.change.change.after.as_deref().map(Value::members).unwrap_or_default();
    same > 0 && !members.iter().any(|(name, new)| is_new((name.as_ref(), new)))
}

/// Whether two values are the same. An empty block is one, and can allow everything; what is empty as a whole is not set.
fn is_same(old: &Value<'_>, new: &Value<'_>) -> bool {
    match (old, new) {
        (old, new) if is_empty(old) && is_empty(new) => true,
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_same(old, new))
        }
        (Value::Object(_), Value::Object(_)) => {
            let holds_in = |one: &Value<'_>, other: &Value<'_>| {
                one.members().iter().all(|(name, value)| {
                    other.get(name).map_or_else(|| is_empty(value), |other| is_same(value, other))
                })
            };
            holds_in(old, new) && holds_in(new, old)
        }
        (old, new) => old == new,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::super::{guard_removed, renamed};

    fn lost(namespace: &str, ingress: &str, unknown: &str) -> usize {
        let policy = |name: &str, namespace: &str, ingress: &str| {
            format!(
                r#"{{"metadata": [{{"name": "{name}", "namespace": "{namespace}", "uid": null}}], "spec": [{{"egress": [],
                    "ingress": {ingress}, "pod_selector": [{{"match_labels": null}}], "policy_types": ["Ingress", "Egress"]}}]}}"#
            )
        };
        let changes = format!(
            r#"{{"address": "kubernetes_network_policy_v1.deny", "change": {{"actions": ["delete"], "before": {}, "after": null}}}},
               {{"address": "kubernetes_network_policy_v1.deny_all", "change": {{"actions": ["create"], "before": null,
                "after": {}, "after_unknown": {unknown}}}}}"#,
            policy("default-deny", "web", "[]"),
            policy("deny-all", namespace, ingress)
        );
        find_in_changes(&guard_removed::GUARD, &changes).len()
    }

    #[test]
    fn a_guard_under_another_name_is_no_loss_if_it_says_the_same() {
        assert_eq!(lost("web", "[]", r#"{"id": true, "metadata": [{"uid": true}]}"#), 0);
        assert_eq!(lost("pay", "[]", "{}"), 1, "another namespace");
        assert_eq!(lost("web", r#"[{"from": []}]"#, "{}"), 1, "it lets in");
        assert_eq!(lost("web", "[]", r#"{"spec": true}"#), 1, "nobody knows yet");
    }

    #[test]
    fn what_watches_others_may_come_from_another_block() {
        let found = |of_type: &str| {
            let side = r#"{"log_destination": "arn:aws:s3:::logs", "log_destination_type": "s3", "vpc_id": "vpc-1",
                "policy_arn": "p"}"#;
            let changes = format!(
                r#"{{"address": "{of_type}.old", "change": {{"actions": ["delete"], "before": {side}, "after": null}}}},
                   {{"address": "{of_type}.new", "change": {{"actions": ["create"], "before": null, "after": {side}}}}}"#
            );
            find_in_changes(&renamed::GUARD, &changes).len()
        };
        assert_eq!((found("aws_flow_log"), found("aws_db_instance")), (0, 1));
    }
}
