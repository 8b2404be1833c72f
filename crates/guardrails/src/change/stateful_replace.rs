//! Finds databases, buckets and other holders of data that the plan replaces by empty ones.

use planguard_plan::{Mode, Plan, ReplaceOrder, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::reason::why_replaced;
use super::stateful::is_stateful;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-stateful-replace",
        title: "A resource that holds data is replaced",
        severity: Severity::Critical,
        why: "A replacement is a new, empty resource under the old address: the data goes with the old one. \
              It is easily overlooked, since the summary counts it like any other addition.",
        remediation: "Take back the change of the attribute that forces the replacement, or ignore it with \
                      `ignore_changes`; untaint the object if it is sound. If it must be replaced, create \
                      the new one beside the old under its own address, move the data, then remove the old.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_db_instance.orders", "action_reason": "replace_because_cannot_update",
            "change": {"actions": ["delete", "create"], "before": {"engine": "mysql"},
            "after": {"engine": "postgres"}, "replace_paths": [["engine"]]}}"#,
        r#"{"address": "aws_instance.web", "action_reason": "replace_because_cannot_update",
            "change": {"actions": ["delete", "create"], "before": {"ami": "ami-1"},
            "after": {"ami": "ami-2"}, "replace_paths": [["ami"]]}}"#,
    ),
    check,
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    plan.resource_changes.iter().filter_map(finding).collect()
}

fn finding(resource: &ResourceChange<'_>) -> Option<ChangeFinding> {
    let address = &resource.address;
    if address.mode != Mode::Managed || !is_stateful(&address.resource_type) {
        return None;
    }
    let when = match resource.change.actions.replaces()? {
        ReplaceOrder::DestroyFirst => "before the new one exists",
        ReplaceOrder::CreateFirst => "once the new one exists",
    };
    let mut message = format!("{address} is replaced, and what it holds is destroyed {when}");
    if let Some(reason) = why_replaced(resource) {
        message.push_str(&format!(": {reason}"));
    }
    Some(ChangeFinding {
        attribute: resource.change.replace_paths.first().cloned(),
        ..ChangeFinding::on(resource, message)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    fn message(fields: &str, actions: &str, paths: &str) -> String {
        let findings = find_in_changes(
            &GUARD,
            &format!(
                r#"{{"address": "module.a[\"x.y\"].aws_s3_bucket.b", {fields} "change": {{"actions": {actions},
                    "before": {{}}, "after": {{}}, "replace_paths": {paths}}}}}"#
            ),
        );
        findings[0].message.clone()
    }

    #[test]
    fn names_each_attribute_that_forces_it_once() {
        let paths = r#"[["bucket"], ["rule", 0, "id"], ["bucket"]]"#;
        assert_eq!(
            message(r#""action_reason": "replace_because_cannot_update","#, r#"["delete", "create"]"#, paths),
            r#"module.a["x.y"].aws_s3_bucket.b is replaced, and what it holds is destroyed before the new one exists: `bucket`, `rule[0].id` cannot be changed in place"#
        );
    }

    #[test]
    fn says_who_asked_for_it() {
        let order = r#"["create", "delete"]"#;
        let tainted = message(r#""action_reason": "replace_because_tainted","#, order, "[]");
        assert!(tainted.ends_with("destroyed once the new one exists: it is marked as tainted"), "{tainted}");
        assert!(message(r#""action_reason": "replace_by_request","#, order, "[]").contains("`-replace`"));
        assert!(message(r#""action_reason": "replace_by_triggers","#, order, "[]").contains("triggered_by"));
        assert!(message("", order, "[]").ends_with("once the new one exists"));
    }

    #[test]
    fn a_replacement_that_forgets_the_old_object_loses_nothing() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "aws_s3_bucket.b", "change": {"actions": ["create", "forget"], "before": {}, "after": {}}}"#,
        );
        assert_eq!(findings, []);
    }
}
