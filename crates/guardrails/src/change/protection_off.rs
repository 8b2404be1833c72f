//! Finds protection against deletion that is switched off, as it is right before a deletion.

use planguard_plan::Plan;
use planguard_rule::Severity;

use super::about::About;
use super::compare::{destroyed, pairs};
use super::switch::{Switch, Unset, Weak, Wording, findings};
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-protection-off",
        title: "Protection against deletion is switched off",
        severity: Severity::High,
        why: "Protection that is taken off stays off: the next plan can destroy the resource without \
              anything standing in the way.",
        remediation: "Set the protection again, or keep the lock. If the resource is to be destroyed next, \
                      waive this finding for the address until then.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"deletion_protection": true}, "after": {"deletion_protection": false}}}"#,
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"deletion_protection": false}, "after": {"deletion_protection": true}}}"#,
    ),
    check,
};

const WORDING: Wording = Wording {
    certain: "loses its protection against deletion",
    unknown: "may lose its protection against deletion",
};

/// Names that mean the same on every type stand for any type, so that providers without a row of their own
/// are covered.
pub(super) const SWITCHES: &[Switch] = &[
    Switch::any(&["deletion_protection"], Weak::False, Unset::IsWeak),
    Switch::any(&["deletion_protection_enabled"], Weak::False, Unset::IsWeak),
    Switch::any(&["delete_protection"], Weak::False, Unset::IsWeak),
    Switch::any(&["enable_deletion_protection"], Weak::False, Unset::IsWeak),
    Switch::any(&["enable_drop_protection"], Weak::False, Unset::IsWeak),
    Switch::any(&["disable_api_stop"], Weak::False, Unset::SaysNothing),
    Switch::any(&["disable_api_termination"], Weak::False, Unset::SaysNothing),
    Switch::any(&["purge_protection_enabled"], Weak::False, Unset::IsWeak),
    Switch::any(&["termination_protection"], Weak::False, Unset::IsWeak),
    Switch::any(&["termination_protection_enabled"], Weak::False, Unset::IsWeak),
    Switch::on(
        &["aws_cognito_user_pool"],
        &["deletion_protection"],
        Weak::AllBut(&["ACTIVE"]),
        Unset::IsWeak,
    ),
    Switch::on(
        &["aws_verifiedpermissions_policy_store"],
        &["deletion_protection"],
        Weak::AllBut(&["ENABLED"]),
        Unset::IsWeak,
    ),
    Switch::on(
        &["google_bigtable_authorized_view", "google_bigtable_table"],
        &["deletion_protection"],
        Weak::AllBut(&["PROTECTED"]),
        Unset::IsWeak,
    ),
    Switch::on(
        &["google_firestore_database"],
        &["delete_protection_state"],
        Weak::AllBut(&["DELETE_PROTECTION_ENABLED"]),
        Unset::IsWeak,
    ),
    Switch::on(&["google_project"], &["deletion_policy"], Weak::AllBut(&["PREVENT"]), Unset::SaysNothing),
    Switch::on(
        &["google_sql_database_instance"],
        &["settings", "deletion_protection_enabled"],
        Weak::False,
        Unset::IsWeak,
    ),
    Switch::on(&["aws_route53domains_registered_domain"], &["transfer_lock"], Weak::False, Unset::IsWeak),
    Switch::on(&["aws_s3_bucket"], &["object_lock_enabled"], Weak::False, Unset::SaysNothing),
    // What stands in the way of deleting a bucket or zone that is not empty.
    Switch::on(
        &[
            "aws_backup_vault",
            "aws_route53_zone",
            "aws_s3_bucket",
            "aws_s3_directory_bucket",
            "aws_s3tables_table_bucket",
            "google_bigtable_instance",
            "google_dns_managed_zone",
            "google_spanner_instance",
            "google_storage_bucket",
        ],
        &["force_destroy"],
        Weak::True,
        Unset::IsStrong,
    ),
    Switch::on(&["aws_ecr_repository"], &["force_delete"], Weak::True, Unset::IsStrong),
    Switch::on(&["google_bigquery_dataset"], &["delete_contents_on_destroy"], Weak::True, Unset::IsStrong),
];

/// Types whose objects are themselves locks on others, sorted.
const LOCKS: &[&str] = &[
    "aws_backup_vault_lock_configuration",
    "aws_glacier_vault_lock",
    "aws_s3_bucket_object_lock_configuration",
    "azurerm_management_lock",
    "azurerm_recovery_services_vault_resource_guard_association",
    "azurerm_storage_container_immutability_policy",
    "google_resource_manager_lien",
];

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found: Vec<ChangeFinding> =
        pairs(plan).flat_map(|pair| findings(&pair, SWITCHES, &WORDING).collect::<Vec<_>>()).collect();
    let locks = destroyed(plan)
        .filter(|resource| LOCKS.binary_search(&resource.address.resource_type.as_str()).is_ok());
    found.extend(locks.map(|lock| {
        let message = format!("{} is destroyed: what it locks can be deleted", lock.address);
        ChangeFinding::on(lock, message)
    }));
    found
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::{Schemas, find_in_changes, find_in_update};
    use super::*;

    #[test]
    fn switches_and_locks_are_in_the_provider_schemas() {
        assert!(LOCKS.is_sorted_by(|left, right| left < right));
        let Some(schemas) = Schemas::read() else { return };
        for switch in SWITCHES {
            switch.assert_in_schemas(schemas, &[]);
        }
        assert!(LOCKS.iter().all(|lock| schemas.knows_type(lock)));
    }

    #[test]
    fn setting_to_false_and_taking_the_line_out_are_the_same() {
        for after in [r#"{"enable_deletion_protection": false}"#, r#"{"enable_deletion_protection": null}"#] {
            let findings = find_in_update(
                &GUARD,
                r#"aws_lb.a["x.y"]"#,
                r#"{"enable_deletion_protection": true}"#,
                after,
                "{}",
            );
            assert_eq!(findings.len(), 1, "{after}");
            assert!(findings[0].message.starts_with(r#"aws_lb.a["x.y"] loses its protection"#));
        }
    }

    #[test]
    fn an_unknown_setting_is_a_perhaps() {
        let findings = find_in_update(
            &GUARD,
            "google_sql_database_instance.a",
            r#"{"settings": [{"deletion_protection_enabled": true}]}"#,
            r#"{"settings": [{}]}"#,
            r#"{"settings": [{"deletion_protection_enabled": true}]}"#,
        );
        assert_eq!(findings[0].certainty, Certainty::DependsOnUnknown);
        assert_eq!(
            findings[0].message,
            "google_sql_database_instance.a may lose its protection against deletion: the new `settings[0].deletion_protection_enabled` is known only after apply"
        );
    }

    #[test]
    fn words_are_settings_too() {
        let findings = find_in_update(
            &GUARD,
            "aws_cognito_user_pool.a",
            r#"{"deletion_protection": "ACTIVE"}"#,
            r#"{"deletion_protection": "INACTIVE"}"#,
            "{}",
        );
        assert!(findings[0].message.ends_with("`deletion_protection` gets a weaker setting"));
    }

    #[test]
    fn a_lock_that_goes_is_found() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "azurerm_management_lock.a", "change": {"actions": ["delete"], "before": {}, "after": null}}"#,
        );
        assert_eq!(findings.len(), 1);
    }
}
