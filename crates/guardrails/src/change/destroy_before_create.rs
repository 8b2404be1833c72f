//! Finds entry points and clusters that are gone for a while because they are destroyed first.

use planguard_plan::{Mode, Plan, ReplaceOrder, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::reason::why_replaced;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-destroy-before-create",
        title: "A resource that serves requests is destroyed before its replacement exists",
        severity: Severity::High,
        why: "Terraform destroys first unless told otherwise. For a load balancer, a certificate, a cluster \
              or a public address that is an outage, and it comes back under another name or address.",
        remediation: "Set `create_before_destroy = true` in the `lifecycle` block (and a name that is not \
                      fixed, such as `name_prefix`), or take back the change that forces the replacement.",
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

/// Types that requests go to or through, sorted. Holders of data and keys are not among them: for those
/// `change-stateful-replace` and `change-key-destroyed` say the same and worse. Nor are single machines and tasks: replacing one of
/// several is everyday work.
const SERVING: &[&str] = &[
    "aws_acm_certificate",
    "aws_alb",
    "aws_alb_listener",
    "aws_api_gateway_domain_name",
    "aws_api_gateway_rest_api",
    "aws_apigatewayv2_api",
    "aws_apigatewayv2_domain_name",
    "aws_apprunner_service",
    "aws_appsync_graphql_api",
    "aws_autoscaling_group",
    "aws_cloudfront_distribution",
    "aws_db_proxy",
    "aws_directory_service_trust",
    "aws_dx_connection",
    "aws_dx_gateway",
    "aws_ec2_client_vpn_endpoint",
    "aws_ec2_transit_gateway",
    "aws_ecs_cluster",
    "aws_ecs_service",
    "aws_eip",
    "aws_eks_cluster",
    "aws_eks_node_group",
    "aws_elastic_beanstalk_environment",
    "aws_elasticache_cluster",
    "aws_elb",
    "aws_globalaccelerator_accelerator",
    "aws_iam_server_certificate",
    "aws_internet_gateway",
    "aws_lambda_function",
    "aws_lambda_function_url",
    "aws_lb",
    "aws_lb_listener",
    "aws_mwaa_environment",
    "aws_nat_gateway",
    "aws_networkfirewall_firewall",
    "aws_rds_cluster_instance",
    "aws_redshiftserverless_workgroup",
    "aws_route53_record",
    "aws_route53_resolver_endpoint",
    "aws_transfer_server",
    "aws_vpc",
    "aws_vpc_endpoint",
    "aws_vpn_connection",
    "aws_vpn_gateway",
    "azurerm_api_management",
    "azurerm_app_service",
    "azurerm_app_service_certificate",
    "azurerm_app_service_environment_v3",
    "azurerm_application_gateway",
    "azurerm_bastion_host",
    "azurerm_cdn_frontdoor_endpoint",
    "azurerm_cdn_frontdoor_profile",
    "azurerm_container_app",
    "azurerm_container_app_environment",
    "azurerm_dns_a_record",
    "azurerm_dns_aaaa_record",
    "azurerm_dns_cname_record",
    "azurerm_express_route_circuit",
    "azurerm_express_route_gateway",
    "azurerm_firewall",
    "azurerm_frontdoor",
    "azurerm_function_app",
    "azurerm_kubernetes_cluster",
    "azurerm_kubernetes_cluster_node_pool",
    "azurerm_lb",
    "azurerm_linux_function_app",
    "azurerm_linux_virtual_machine_scale_set",
    "azurerm_linux_web_app",
    "azurerm_nat_gateway",
    "azurerm_private_endpoint",
    "azurerm_public_ip",
    "azurerm_public_ip_prefix",
    "azurerm_redhat_openshift_cluster",
    "azurerm_service_plan",
    "azurerm_traffic_manager_profile",
    "azurerm_virtual_network",
    "azurerm_virtual_network_gateway",
    "azurerm_vpn_gateway",
    "azurerm_windows_function_app",
    "azurerm_windows_virtual_machine_scale_set",
    "azurerm_windows_web_app",
    "google_api_gateway_gateway",
    "google_certificate_manager_certificate",
    "google_cloud_run_service",
    "google_cloud_run_v2_service",
    "google_cloudfunctions2_function",
    "google_cloudfunctions_function",
    "google_compute_address",
    "google_compute_backend_service",
    "google_compute_forwarding_rule",
    "google_compute_global_address",
    "google_compute_global_forwarding_rule",
    "google_compute_ha_vpn_gateway",
    "google_compute_instance_group_manager",
    "google_compute_interconnect_attachment",
    "google_compute_managed_ssl_certificate",
    "google_compute_network",
    "google_compute_region_instance_group_manager",
    "google_compute_router_nat",
    "google_compute_ssl_certificate",
    "google_compute_target_https_proxy",
    "google_compute_url_map",
    "google_compute_vpn_tunnel",
    "google_container_cluster",
    "google_container_node_pool",
    "google_dns_record_set",
    "google_vpc_access_connector",
    "kubernetes_daemon_set_v1",
    "kubernetes_deployment",
    "kubernetes_deployment_v1",
    "kubernetes_ingress",
    "kubernetes_ingress_v1",
    "kubernetes_service",
    "kubernetes_service_v1",
    "kubernetes_stateful_set",
    "kubernetes_stateful_set_v1",
];

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    plan.resource_changes.iter().filter_map(finding).collect()
}

fn finding(resource: &ResourceChange<'_>) -> Option<ChangeFinding> {
    let address = &resource.address;
    let serves = SERVING.binary_search(&address.resource_type.as_str()).is_ok();
    if address.mode != Mode::Managed
        || !serves
        || resource.change.actions.replaces() != Some(ReplaceOrder::DestroyFirst)
    {
        return None;
    }
    let mut message = format!("{address} is destroyed before its replacement exists");
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
    use super::super::key_destroyed::is_key;
    use super::super::stateful::is_stateful;
    use super::super::testing::{Schemas, find_in_changes};
    use super::*;

    /// Types that their provider has dropped, or that only its beta variant has.
    const ELSEWHERE: &[&str] = &["google_api_gateway_gateway"];

    #[test]
    fn types_are_sorted_known_and_hold_no_data() {
        assert!(SERVING.is_sorted_by(|left, right| left < right));
        assert!(SERVING.iter().all(|resource_type| !is_stateful(resource_type) && !is_key(resource_type)));
        let Some(schemas) = Schemas::read() else { return };
        let unknown: Vec<_> =
            SERVING.iter().filter(|t| !ELSEWHERE.contains(t) && !schemas.knows_type(t)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
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
            r#"aws_eks_cluster.main["a.b"] is destroyed before its replacement exists: it is marked as tainted"#
        );
        assert_eq!(find_in_changes(&GUARD, &entry("aws_instance.web")), []);
        assert_eq!(find_in_changes(&GUARD, &entry("aws_db_instance.orders")), []);
    }
}
