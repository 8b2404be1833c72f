//! Reports databases, buckets and other resources with data that the plan replaces with empty ones.

use planguard_plan::{Mode, Plan, ReplaceOrder, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::dependents::Dependents;
use super::final_snapshot_lost;
use super::reason::because_replaced;
use super::stateful::loss_of;
use super::{AttributeRole, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-stateful-replace",
        title: "A resource with data is replaced",
        severity: Severity::Critical,
        why: "The replacement is a new, empty resource at the same address: the data is destroyed with the old \
              one. The plan's summary counts it as one addition and one deletion like any other.",
        remediation: "Revert the attribute that forces the replacement, or ignore it with `ignore_changes`; \
                      untaint the object if it is sound. If it must be replaced, create the new resource at \
                      its own address, migrate the data, then remove the old one.",
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
    if address.mode != Mode::Managed {
        return None;
    }
    let loss = loss_of(plan, resource)?;
    let order = match resource.change.actions.replaces()? {
        ReplaceOrder::DestroyFirst => "destroy, then create",
        ReplaceOrder::CreateFirst => "create, then destroy",
    };
    let because = because_replaced(resource);
    let snapshot = loss.happens().then(|| final_snapshot_lost::of_destroyed(plan, resource)).flatten();
    let snapshot = snapshot.map(|when| format!(" {when}")).unwrap_or_default();
    let clause = dependents.clause(resource);
    let message = format!("{address} is replaced ({order}){because}; {loss}{snapshot}{clause}");
    Some(ChangeFinding {
        attribute: resource.change.replace_paths.first().cloned(),
        role: AttributeRole::Reason,
        severity: loss.severity(),
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
                r#"{{"address": "module.a[\"x.y\"].aws_efs_file_system.b", {fields} "change": {{"actions": {actions},
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
            r#"module.a["x.y"].aws_efs_file_system.b is replaced (destroy, then create) because `bucket`, `rule[0].id` force replacement; its data is destroyed"#
        );
    }

    #[test]
    fn says_who_asked_for_it() {
        let order = r#"["create", "delete"]"#;
        let tainted = message(r#""action_reason": "replace_because_tainted","#, order, "[]");
        assert!(tainted.contains("is replaced (create, then destroy) because it is tainted;"), "{tainted}");
        assert!(message(r#""action_reason": "replace_by_request","#, order, "[]").contains("`-replace`"));
        assert!(message(r#""action_reason": "replace_by_triggers","#, order, "[]").contains("triggered_by"));
        assert!(
            message("", order, "[]").ends_with("is replaced (create, then destroy); its data is destroyed")
        );
    }

    #[test]
    fn replaced_control_planes_caches_and_brokers_are_found() {
        for resource_type in [
            "aws_eks_cluster",
            "aws_elasticache_replication_group",
            "aws_mq_broker",
            "aws_msk_cluster",
            "aws_opensearch_domain",
            "azurerm_kubernetes_cluster",
            "azurerm_redis_cache",
            "azurerm_search_service",
            "google_container_cluster",
            "google_redis_instance",
        ] {
            let entry = format!(
                r#"{{"address": "{resource_type}.a", "change": {{"actions": ["create", "delete"], "before": {{}},
                    "after": {{}}}}}}"#
            );
            assert_eq!(find_in_changes(&GUARD, &entry).len(), 1, "{resource_type}");
        }
    }

    #[test]
    fn what_is_protected_against_deletion_stays() {
        let found = |resource_type: &str, before: &str, after: &str| {
            let entry = format!(
                r#"{{"address": "{resource_type}.a", "change": {{"actions": ["delete", "create"], "before": {before},
                    "after": {after}}}}}"#
            );
            let found = find_in_changes(&GUARD, &entry).pop().unwrap();
            (found.severity, found.message.rsplit_once("; ").unwrap().1.to_owned())
        };
        let on = r#"{"deletion_protection": true, "skip_final_snapshot": true}"#;
        let off = r#"{"deletion_protection": false, "skip_final_snapshot": true}"#;
        let refused = "the provider refuses to destroy it: `deletion_protection` is `true`".to_owned();
        assert_eq!(found("aws_db_instance", on, off), (Some(Severity::Medium), refused));
        let lost = "its data is destroyed without a final snapshot (`skip_final_snapshot` is `true`)";
        assert_eq!(found("aws_db_instance", off, on), (None, lost.to_owned()));
        let (severity, words) = found(
            "google_sql_database_instance",
            r#"{"settings": [{"deletion_protection_enabled": true}]}"#,
            "{}",
        );
        assert_eq!(severity, Some(Severity::Medium), "{words}");
        // The copy in another region is protected, and not the table.
        let replica = r#"{"replica": [{"region_name": "eu-west-1", "deletion_protection_enabled": true}]}"#;
        assert_eq!(found("aws_dynamodb_table", replica, "{}").0, None);
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
