//! Finds resources that are made reachable from the internet by a switch.

use planguard_plan::Plan;
use planguard_rule::Severity;

use super::about::About;
use super::compare::pairs;
use super::switch::{Switch, Unset, Weak, Wording, findings};
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-exposure-flag",
        title: "A resource is opened to the internet",
        severity: Severity::Critical,
        why: "The resource was closed and now is not: what runs behind it was never meant to face the \
              internet, and scanners find it within minutes.",
        remediation: "Take back the change and reach the resource through a private endpoint, a bastion host \
                      or a load balancer.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"publicly_accessible": false}, "after": {"publicly_accessible": true}}}"#,
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"publicly_accessible": true}, "after": {"publicly_accessible": false}}}"#,
    ),
    check,
};

const WORDING: Wording =
    Wording { certain: "is opened to the internet", unknown: "may be opened to the internet" };

/// Words with which a provider says that nobody from outside gets in.
const CLOSED_WORDS: &[&str] = &["Deny", "Disabled", "SecuredByPerimeter"];

/// Names that mean the same on every type stand for any type. Where the provider's default is closed, an
/// unset attribute is; where the default is open, leaving the attribute out opens.
pub(super) const SWITCHES: &[Switch] = &[
    Switch::any(&["publicly_accessible"], Weak::True, Unset::IsStrong),
    Switch::any(&["associate_public_ip_address"], Weak::True, Unset::SaysNothing),
    Switch::any(&["map_public_ip_on_launch"], Weak::True, Unset::IsStrong),
    Switch::any(&["public_network_access_enabled"], Weak::True, Unset::IsWeak),
    Switch::any(&["public_network_enabled"], Weak::True, Unset::IsWeak),
    Switch::any(&["public_network_access"], Weak::AllBut(CLOSED_WORDS), Unset::SaysNothing),
    Switch::any(&["public_endpoint_enabled"], Weak::True, Unset::IsStrong),
    Switch::any(&["public_ip_enabled"], Weak::True, Unset::SaysNothing),
    Switch::any(&["node_public_ip_enabled"], Weak::True, Unset::SaysNothing),
    Switch::any(&["anonymous_pull_enabled"], Weak::True, Unset::IsStrong),
    Switch::any(&["network_configuration", "assign_public_ip"], Weak::True, Unset::IsStrong),
    Switch::on(
        &["aws_alb", "aws_elb", "aws_lb"],
        &["internal"],
        Weak::False,
        // An existing internal load balancer whose line is taken out becomes public.
        Unset::IsWeak,
    ),
    Switch::on(&["aws_api_gateway_method"], &["authorization"], Weak::Words(&["NONE"]), Unset::SaysNothing),
    Switch::on(&["aws_apigatewayv2_route"], &["authorization_type"], Weak::Words(&["NONE"]), Unset::IsWeak),
    Switch::on(
        &["aws_apprunner_service"],
        &["network_configuration", "ingress_configuration", "is_publicly_accessible"],
        Weak::True,
        Unset::SaysNothing,
    ),
    Switch::on(&["aws_eks_cluster"], &["vpc_config", "endpoint_public_access"], Weak::True, Unset::IsWeak),
    Switch::on(
        &["aws_lambda_function_url"],
        &["authorization_type"],
        Weak::Words(&["NONE"]),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["aws_msk_cluster"],
        &["broker_node_group_info", "connectivity_info", "public_access", "type"],
        Weak::AllBut(&["DISABLED"]),
        Unset::SaysNothing,
    ),
    Switch::on(&["aws_neptunegraph_graph"], &["public_connectivity"], Weak::True, Unset::IsStrong),
    Switch::on(
        &["aws_opensearch_domain"],
        &["advanced_security_options", "anonymous_auth_enabled"],
        Weak::True,
        Unset::SaysNothing,
    ),
    Switch::on(
        &["aws_s3_bucket", "aws_s3_bucket_acl"],
        &["acl"],
        Weak::Words(&["public-read", "public-read-write", "authenticated-read"]),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["aws_sagemaker_notebook_instance"],
        &["direct_internet_access"],
        Weak::AllBut(&["Disabled"]),
        Unset::IsWeak,
    ),
    Switch::on(
        &[
            "azurerm_ai_services",
            "azurerm_cognitive_account",
            "azurerm_key_vault",
            "azurerm_key_vault_managed_hardware_security_module",
        ],
        &["network_acls", "default_action"],
        Weak::AllBut(CLOSED_WORDS),
        Unset::IsWeak,
    ),
    Switch::on(
        &["azurerm_container_registry", "azurerm_iothub", "azurerm_servicebus_namespace"],
        &["network_rule_set", "default_action"],
        Weak::AllBut(CLOSED_WORDS),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["azurerm_cosmosdb_postgresql_cluster"],
        &["coordinator_public_ip_access_enabled"],
        Weak::True,
        Unset::SaysNothing,
    ),
    Switch::on(
        &["azurerm_databricks_workspace"],
        &["custom_parameters", "no_public_ip"],
        Weak::False,
        Unset::SaysNothing,
    ),
    Switch::on(
        &["azurerm_eventhub_namespace"],
        &["network_rulesets", "default_action"],
        Weak::AllBut(CLOSED_WORDS),
        Unset::SaysNothing,
    ),
    Switch::on(&["azurerm_kubernetes_cluster"], &["private_cluster_enabled"], Weak::False, Unset::IsWeak),
    Switch::on(
        &[
            "azurerm_linux_function_app",
            "azurerm_linux_web_app",
            "azurerm_windows_function_app",
            "azurerm_windows_web_app",
        ],
        &["site_config", "ip_restriction_default_action"],
        Weak::AllBut(CLOSED_WORDS),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["azurerm_mssql_managed_instance"],
        &["public_data_endpoint_enabled"],
        Weak::True,
        Unset::IsStrong,
    ),
    Switch::on(
        &["azurerm_storage_account"],
        &["network_rules", "default_action"],
        Weak::AllBut(CLOSED_WORDS),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["azurerm_storage_account_network_rules"],
        &["default_action"],
        Weak::AllBut(CLOSED_WORDS),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["azurerm_storage_container"],
        &["container_access_type"],
        Weak::AllBut(&["private"]),
        Unset::SaysNothing,
    ),
    Switch::on(&["github_repository"], &["visibility"], Weak::Words(&["public"]), Unset::SaysNothing),
    Switch::on(
        &["google_alloydb_instance"],
        &["network_config", "enable_public_ip"],
        Weak::True,
        Unset::IsStrong,
    ),
    Switch::on(
        &["google_cloud_run_v2_service"],
        &["ingress"],
        Weak::Words(&["INGRESS_TRAFFIC_ALL"]),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["google_cloudfunctions2_function"],
        &["service_config", "ingress_settings"],
        Weak::Words(&["ALLOW_ALL"]),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["google_cloudfunctions_function"],
        &["ingress_settings"],
        Weak::Words(&["ALLOW_ALL"]),
        Unset::IsWeak,
    ),
    Switch::on(
        &["google_composer_environment"],
        &["config", "private_environment_config", "enable_private_endpoint"],
        Weak::False,
        Unset::SaysNothing,
    ),
    Switch::on(
        &["google_container_cluster"],
        &["private_cluster_config", "enable_private_endpoint"],
        Weak::False,
        Unset::SaysNothing,
    ),
    Switch::on(
        &["google_container_cluster"],
        &["private_cluster_config", "enable_private_nodes"],
        Weak::False,
        Unset::SaysNothing,
    ),
    Switch::on(&["google_data_fusion_instance"], &["private_instance"], Weak::False, Unset::IsWeak),
    Switch::on(&["google_notebooks_instance"], &["no_public_ip"], Weak::False, Unset::IsWeak),
    Switch::on(
        &["google_sql_database_instance"],
        &["settings", "ip_configuration", "ipv4_enabled"],
        Weak::True,
        Unset::SaysNothing,
    ),
    Switch::on(
        &["google_workbench_instance"],
        &["gce_setup", "disable_public_ip"],
        Weak::False,
        Unset::SaysNothing,
    ),
];

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    pairs(plan).flat_map(|pair| findings(&pair, SWITCHES, &WORDING).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::{Schemas, find_in_changes, find_in_update};
    use super::*;

    #[test]
    fn switches_are_in_the_provider_schemas() {
        let Some(schemas) = Schemas::read() else { return };
        for switch in SWITCHES {
            switch.assert_in_schemas(schemas, &[]);
        }
    }

    #[test]
    fn a_cluster_endpoint_inside_a_block_is_seen() {
        let findings = find_in_update(
            &GUARD,
            r#"module.a["b.c"].aws_eks_cluster.main"#,
            r#"{"vpc_config": [{"endpoint_public_access": false}]}"#,
            r#"{"vpc_config": [{"endpoint_public_access": true}]}"#,
            "{}",
        );
        assert_eq!(
            findings[0].message,
            r#"module.a["b.c"].aws_eks_cluster.main is opened to the internet: `vpc_config[0].endpoint_public_access` goes from false to true"#
        );
    }

    #[test]
    fn leaving_out_what_is_open_by_default_opens() {
        let address = "azurerm_key_vault.a";
        let before = r#"{"network_acls": [{"default_action": "Deny"}]}"#;
        let findings = find_in_update(&GUARD, address, before, r#"{"network_acls": []}"#, "{}");
        assert!(findings[0].message.ends_with("is no longer set"));
    }

    #[test]
    fn an_unknown_flag_is_a_perhaps_and_one_that_nobody_set_is_not() {
        let before = r#"{"publicly_accessible": false}"#;
        let unknown = r#"{"publicly_accessible": true}"#;
        let configured = find_in_update(&GUARD, "aws_rds_cluster_instance.a", before, "{}", unknown);
        assert_eq!(configured[0].certainty, Certainty::DependsOnUnknown);
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{}], "configuration": {{"root_module": {{
                "resources": [{{"mode": "managed", "type": "aws_rds_cluster_instance", "name": "a", "expressions": {{}}}}]}}}}}}"#,
            super::super::testing::update("aws_rds_cluster_instance.a", before, "{}", unknown)
        );
        assert_eq!(super::super::testing::find(&GUARD, &text), []);
    }

    #[test]
    fn a_replacement_is_compared_like_an_update() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "aws_instance.a", "change": {"actions": ["delete", "create"],
                "before": {"associate_public_ip_address": false}, "after": {"associate_public_ip_address": true}}}"#,
        );
        assert_eq!(findings.len(), 1);
    }
}
