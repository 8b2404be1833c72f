//! Finds audit trails, flow logs and threat detection that are destroyed, stopped or thinned out.

use planguard_plan::{Plan, Value, View};
use planguard_rule::Severity;

use super::about::About;
use super::compare::{Pair, Sight, destroyed, pairs, sight};
use super::switch::{Switch, Unset, Weak, Wording, findings};
use super::target::Targets;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-audit-trail-weakened",
        title: "An audit trail is destroyed, stopped or thinned out",
        severity: Severity::High,
        why: "Without the trail nobody sees what is done from then on, and nobody can tell afterwards. It is \
              what an attacker does first.",
        remediation: "Keep the trail, or have its successor running before it goes and waive this finding for \
                      the address.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_cloudtrail.main", "change": {"actions": ["update"],
            "before": {"enable_logging": true}, "after": {"enable_logging": false}}}"#,
        r#"{"address": "aws_flow_log.main", "change": {"actions": ["delete"],
            "before": {"id": "fl-1", "vpc_id": "vpc-1"}, "after": null}},
           {"address": "aws_vpc.main", "change": {"actions": ["delete"], "before": {"id": "vpc-1"}, "after": null}}"#,
    ),
    check,
};

/// Types whose objects watch, sorted. What keeps records itself (log groups, workspaces, buckets) is
/// stateful or has a retention.
const WATCHERS: &[&str] = &[
    "aws_accessanalyzer_analyzer",
    "aws_cloudtrail",
    "aws_config_configuration_recorder",
    "aws_config_configuration_recorder_status",
    "aws_config_delivery_channel",
    "aws_detective_graph",
    "aws_flow_log",
    "aws_guardduty_detector",
    "aws_guardduty_publishing_destination",
    "aws_inspector2_enabler",
    "aws_macie2_account",
    "aws_networkfirewall_logging_configuration",
    "aws_redshift_logging",
    "aws_route53_query_log",
    "aws_route53_resolver_query_log_config",
    "aws_s3_bucket_logging",
    "aws_securityhub_account",
    "aws_wafv2_web_acl_logging_configuration",
    "azurerm_advanced_threat_protection",
    "azurerm_monitor_aad_diagnostic_setting",
    "azurerm_monitor_diagnostic_setting",
    "azurerm_mssql_database_extended_auditing_policy",
    "azurerm_mssql_server_extended_auditing_policy",
    "azurerm_mssql_server_security_alert_policy",
    "azurerm_network_watcher_flow_log",
    "azurerm_security_center_subscription_pricing",
    "azurerm_sentinel_log_analytics_workspace_onboarding",
    "azurerm_synapse_workspace_extended_auditing_policy",
    "google_cloud_ids_endpoint",
    "google_folder_iam_audit_config",
    "google_logging_billing_account_sink",
    "google_logging_folder_sink",
    "google_logging_organization_sink",
    "google_logging_project_sink",
    "google_organization_iam_audit_config",
    "google_project_iam_audit_config",
    "google_scc_notification_config",
];

const SWITCHES: &[Switch] = &[
    Switch::on(&["aws_cloudtrail"], &["enable_logging"], Weak::False, Unset::SaysNothing),
    Switch::on(&["aws_cloudtrail"], &["enable_log_file_validation"], Weak::False, Unset::IsWeak),
    Switch::on(&["aws_cloudtrail"], &["include_global_service_events"], Weak::False, Unset::SaysNothing),
    Switch::on(&["aws_cloudtrail"], &["is_multi_region_trail"], Weak::False, Unset::IsWeak),
    Switch::on(&["aws_config_configuration_recorder_status"], &["is_enabled"], Weak::False, Unset::IsWeak),
    Switch::on(&["aws_guardduty_detector"], &["enable"], Weak::False, Unset::SaysNothing),
    Switch::on(&["aws_macie2_account"], &["status"], Weak::AllBut(&["ENABLED"]), Unset::SaysNothing),
    Switch::on(
        &["azurerm_mssql_database_extended_auditing_policy", "azurerm_mssql_server_extended_auditing_policy"],
        &["enabled"],
        Weak::False,
        Unset::SaysNothing,
    ),
    Switch::on(&["azurerm_network_watcher_flow_log"], &["enabled"], Weak::False, Unset::IsWeak),
    Switch::on(
        &["google_logging_folder_sink", "google_logging_organization_sink", "google_logging_project_sink"],
        &["disabled"],
        Weak::True,
        Unset::IsStrong,
    ),
];

/// Lists of the kinds of logs that a type writes.
const LOG_LISTS: &[(&[&str], &str)] = &[
    (&["aws_db_instance", "aws_docdb_cluster", "aws_rds_cluster"], "enabled_cloudwatch_logs_exports"),
    (&["aws_eks_cluster"], "enabled_cluster_log_types"),
    (&["aws_neptune_cluster"], "enable_cloudwatch_logs_exports"),
];

const WORDING: Wording =
    Wording { certain: "watches less than before", unknown: "may watch less than before" };

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let targets = Targets::of(plan);
    let watchers = destroyed(plan).filter(|resource| {
        WATCHERS.binary_search(&resource.address.resource_type.as_str()).is_ok()
            && !targets.take_along(resource)
    });
    let mut found: Vec<ChangeFinding> = watchers
        .map(|watcher| {
            let message = format!("{} is destroyed, and what it watched is watched no more", watcher.address);
            ChangeFinding::on(watcher, message)
        })
        .collect();
    for pair in pairs(plan) {
        found.extend(findings(&pair, SWITCHES, &WORDING));
        found.extend(LOG_LISTS.iter().filter_map(|(types, list)| thinned_out(&pair, types, list)));
    }
    found
}

/// The finding for a list of logs that loses some of its elements.
fn thinned_out(pair: &Pair<'_>, types: &[&str], list: &str) -> Option<ChangeFinding> {
    let address = &pair.resource.address;
    if !types.contains(&address.resource_type.as_str()) {
        return None;
    }
    let (before, after) = (pair.before.root().key(list), pair.after.root().key(list));
    let kept = match sight(&after) {
        Sight::Known(_) | Sight::Unset => texts(&after),
        Sight::Unknown | Sight::Computed => return None,
    };
    let lost = texts(&before).into_iter().filter(|log| !kept.contains(log)).count();
    if lost == 0 {
        return None;
    }
    let path = after.path().clone();
    let message = format!("{address} watches less than before: `{path}` loses {lost} of its kinds of logs");
    Some(ChangeFinding::on(pair.resource, message).at(path))
}

fn texts<'p>(list: &View<'p, '_>) -> Vec<&'p str> {
    list.raw().map(Value::elements).unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::{Schemas, find_in_changes, find_in_update};
    use super::*;

    #[test]
    fn types_and_attributes_are_in_the_provider_schemas() {
        assert!(WATCHERS.is_sorted_by(|left, right| left < right));
        let Some(schemas) = Schemas::read() else { return };
        assert!(WATCHERS.iter().all(|watcher| schemas.knows_type(watcher)));
        for switch in SWITCHES {
            switch.assert_in_schemas(schemas, &[]);
        }
        for (types, list) in LOG_LISTS {
            assert!(
                types.iter().all(|resource_type| schemas.knows_attribute(resource_type, &[list])),
                "{list}"
            );
        }
    }

    #[test]
    fn a_trail_that_goes_is_found() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "module.a[\"x.y\"].aws_cloudtrail.main", "change": {"actions": ["delete"],
                "before": {"id": "main"}, "after": null}}"#,
        );
        assert_eq!(
            findings[0].message,
            r#"module.a["x.y"].aws_cloudtrail.main is destroyed, and what it watched is watched no more"#
        );
    }

    #[test]
    fn kinds_of_logs_that_are_taken_out_are_counted() {
        let logs = |kinds: &str| format!(r#"{{"enabled_cluster_log_types": [{kinds}]}}"#);
        let all = logs(r#""api", "audit", "scheduler""#);
        let address = "aws_eks_cluster.a";
        let findings = find_in_update(&GUARD, address, &all, &logs(r#""api""#), "{}");
        assert!(findings[0].message.ends_with("`enabled_cluster_log_types` loses 2 of its kinds of logs"));
        assert_eq!(find_in_update(&GUARD, address, &logs(r#""api""#), &all, "{}"), []);
        assert_eq!(
            find_in_update(&GUARD, address, &all, r#"{"enabled_cluster_log_types": null}"#, "{}").len(),
            1
        );
    }

    #[test]
    fn an_unknown_switch_is_a_perhaps() {
        let on = r#"{"enable": true}"#;
        let findings = find_in_update(&GUARD, "aws_guardduty_detector.a", on, "{}", on);
        assert_eq!(findings[0].certainty, Certainty::DependsOnUnknown);
    }
}
