//! Finds encryption that is switched off, at rest or on the way.

use planguard_plan::Plan;
use planguard_rule::Severity;

use super::about::About;
use super::compare::pairs;
use super::switch::{Switch, Unset, Weak, Wording, findings};
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-encryption-off",
        title: "Encryption is switched off",
        severity: Severity::Critical,
        why: "What was encrypted at rest or on the way no longer will be. For storage this mostly means a \
              replacement by an unencrypted copy, too.",
        remediation: "Set the attribute back. To change a key, name the new key instead of switching \
                      encryption off.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_ebs_volume.data", "change": {"actions": ["delete", "create"],
            "before": {"encrypted": true}, "after": {"encrypted": false}}}"#,
        r#"{"address": "aws_ebs_volume.data", "change": {"actions": ["delete", "create"],
            "before": {"encrypted": false}, "after": {"encrypted": true}}}"#,
    ),
    check,
};

/// Names that mean the same on every type stand for any type. An unset attribute says nothing: the provider
/// or the account has a default, and what exists keeps what it has.
pub(super) const SWITCHES: &[Switch] = &[
    Switch::any(&["at_rest_encryption_enabled"], Weak::False, Unset::SaysNothing),
    Switch::any(&["encrypted"], Weak::False, Unset::SaysNothing),
    Switch::any(&["encryption_at_host_enabled"], Weak::False, Unset::SaysNothing),
    Switch::any(&["encryption_in_transit_enabled"], Weak::False, Unset::SaysNothing),
    Switch::any(&["host_encryption_enabled"], Weak::False, Unset::SaysNothing),
    Switch::any(&["https_only"], Weak::False, Unset::SaysNothing),
    Switch::any(&["infrastructure_encryption_enabled"], Weak::False, Unset::SaysNothing),
    Switch::any(&["kms_encrypted"], Weak::False, Unset::SaysNothing),
    Switch::any(&["require_tls"], Weak::False, Unset::SaysNothing),
    Switch::any(&["ssl_enforcement_enabled"], Weak::False, Unset::SaysNothing),
    Switch::any(&["storage_encrypted"], Weak::False, Unset::SaysNothing),
    Switch::any(&["tls_enabled"], Weak::False, Unset::SaysNothing),
    Switch::any(&["transit_encryption_enabled"], Weak::False, Unset::SaysNothing),
    Switch::any(&["transparent_data_encryption_enabled"], Weak::False, Unset::SaysNothing),
    Switch::any(&["encrypt_at_rest", "enabled"], Weak::False, Unset::SaysNothing),
    Switch::any(&["node_to_node_encryption", "enabled"], Weak::False, Unset::SaysNothing),
    Switch::any(&["root_block_device", "encrypted"], Weak::False, Unset::SaysNothing),
    Switch::any(&["server_side_encryption", "enabled"], Weak::False, Unset::SaysNothing),
    Switch::on(&["aws_ebs_encryption_by_default"], &["enabled"], Weak::False, Unset::SaysNothing),
    Switch::on(&["aws_kinesis_stream"], &["encryption_type"], Weak::Words(&["NONE"]), Unset::SaysNothing),
    Switch::on(
        &["aws_msk_cluster"],
        &["encryption_info", "encryption_in_transit", "client_broker"],
        Weak::Words(&["PLAINTEXT", "TLS_PLAINTEXT"]),
        Unset::SaysNothing,
    ),
    Switch::on(&["aws_sqs_queue"], &["sqs_managed_sse_enabled"], Weak::False, Unset::SaysNothing),
    Switch::on(
        &["aws_workspaces_workspace"],
        &["user_volume_encryption_enabled"],
        Weak::False,
        Unset::SaysNothing,
    ),
    // The name until azurerm 3, then the one since 4.
    Switch::on(&["azurerm_storage_account"], &["enable_https_traffic_only"], Weak::False, Unset::SaysNothing),
    Switch::on(
        &["azurerm_storage_account"],
        &["https_traffic_only_enabled"],
        Weak::False,
        Unset::SaysNothing,
    ),
    Switch::on(&["azurerm_redis_cache"], &["non_ssl_port_enabled"], Weak::True, Unset::IsStrong),
    Switch::on(
        &["google_redis_instance"],
        &["transit_encryption_mode"],
        Weak::Words(&["DISABLED"]),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["google_sql_database_instance"],
        &["settings", "ip_configuration", "ssl_mode"],
        Weak::Words(&["ALLOW_UNENCRYPTED_AND_ENCRYPTED"]),
        Unset::SaysNothing,
    ),
];

const WORDING: Wording = Wording { certain: "loses its encryption", unknown: "may lose its encryption" };

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    pairs(plan).flat_map(|pair| findings(&pair, SWITCHES, &WORDING).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::{Schemas, find_in_update};
    use super::*;

    #[test]
    fn switches_are_in_the_provider_schemas() {
        let Some(schemas) = Schemas::read() else { return };
        for switch in SWITCHES.iter().filter(|switch| switch.path != ["enable_https_traffic_only"]) {
            switch.assert_in_schemas(schemas, &[]);
        }
    }

    #[test]
    fn a_word_inside_blocks_can_be_the_switch() {
        let cluster = |word: &str| {
            format!(
                r#"{{"encryption_info": [{{"encryption_in_transit": [{{"client_broker": "{word}"}}]}}]}}"#
            )
        };
        let findings = find_in_update(
            &GUARD,
            r#"aws_msk_cluster.a["x.y"]"#,
            &cluster("TLS"),
            &cluster("TLS_PLAINTEXT"),
            "{}",
        );
        assert_eq!(
            findings[0].message,
            r#"aws_msk_cluster.a["x.y"] loses its encryption: `encryption_info[0].encryption_in_transit[0].client_broker` gets a weaker setting"#
        );
    }

    #[test]
    fn unknown_is_a_perhaps_and_unset_is_nothing() {
        let on = r#"{"storage_encrypted": true}"#;
        let unknown = find_in_update(&GUARD, "aws_db_instance.a", on, "{}", on);
        assert_eq!(unknown[0].certainty, Certainty::DependsOnUnknown);
        assert_eq!(
            find_in_update(&GUARD, "aws_db_instance.a", on, r#"{"storage_encrypted": null}"#, "{}"),
            []
        );
    }
}
