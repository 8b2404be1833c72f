//! Finds DNS records, certificates, public addresses and custom domains that the plan destroys for good.

use planguard_plan::{Plan, ResourceChange, Value};
use planguard_rule::Severity;

use super::about::About;
use super::compare::destroyed;
use super::reason::why_destroyed;
use super::twin::created;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-live-name-deleted",
        title: "A name, address or certificate that clients use is destroyed",
        severity: Severity::High,
        why: "Clients find a service by its name, its address and its certificate. A public address does not \
              come back, and a dangling name can be taken over by somebody else.",
        remediation: "Keep the record until nobody asks for it any more. If it moves to another block, add a \
                      `moved` block; if it is to go, waive this finding for the address.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_route53_record.shop", "change": {"actions": ["delete"],
            "before": {"name": "shop.example.com", "type": "A"}, "after": null}}"#,
        r#"{"address": "aws_route53_record.shop", "change": {"actions": ["delete"],
            "before": {"name": "shop.example.com", "type": "A"}, "after": null}},
           {"address": "aws_route53_record.shop_alias", "change": {"actions": ["create"],
            "before": null, "after": {"name": "shop.example.com", "type": "A"}}}"#,
    ),
    check,
};

/// Types that clients hold on to by name or address, sorted. Zones hold records and are stateful; records
/// that only prove something (validation) are told by their block, not by their type, and are found too.
const LIVE_NAMES: &[&str] = &[
    "aws_acm_certificate",
    "aws_api_gateway_domain_name",
    "aws_apigatewayv2_domain_name",
    "aws_cloudfront_distribution",
    "aws_cognito_user_pool_domain",
    "aws_eip",
    "aws_globalaccelerator_accelerator",
    "aws_iam_server_certificate",
    "aws_lightsail_static_ip",
    "aws_route53_record",
    "azurerm_app_service_certificate",
    "azurerm_app_service_custom_hostname_binding",
    "azurerm_app_service_managed_certificate",
    "azurerm_cdn_endpoint_custom_domain",
    "azurerm_cdn_frontdoor_custom_domain",
    "azurerm_container_app_custom_domain",
    "azurerm_dns_a_record",
    "azurerm_dns_aaaa_record",
    "azurerm_dns_cname_record",
    "azurerm_dns_mx_record",
    "azurerm_dns_ns_record",
    "azurerm_dns_srv_record",
    "azurerm_dns_txt_record",
    "azurerm_public_ip",
    "azurerm_public_ip_prefix",
    "azurerm_static_web_app_custom_domain",
    "azurerm_traffic_manager_profile",
    "cloudflare_dns_record",
    "cloudflare_record",
    "digitalocean_record",
    "digitalocean_reserved_ip",
    "google_certificate_manager_certificate",
    "google_cloud_run_domain_mapping",
    "google_compute_address",
    "google_compute_global_address",
    "google_compute_managed_ssl_certificate",
    "google_compute_region_ssl_certificate",
    "google_compute_ssl_certificate",
    "google_dns_record_set",
    "hcloud_floating_ip",
    "hcloud_primary_ip",
];

/// Attributes that hold the name that clients use.
const NAMES: &[&str] = &["name", "domain_name", "hostname", "custom_domain_name"];

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let gone = destroyed(plan).filter(|resource| {
        LIVE_NAMES.binary_search(&resource.address.resource_type.as_str()).is_ok()
            && !is_internal_address(resource)
            && !created(plan).any(|new| takes_over(resource, new))
    });
    gone.map(|resource| {
        let mut message =
            format!("{} is destroyed, and clients that use it no longer find it", resource.address);
        if let Some(reason) = why_destroyed(resource) {
            message.push_str(&format!(": {reason}"));
        }
        ChangeFinding::on(resource, message)
    })
    .collect()
}

/// Google's reserved addresses may be internal ones.
fn is_internal_address(resource: &ResourceChange<'_>) -> bool {
    let before = resource.change.before.as_deref();
    let address_type = before.and_then(|before| before.get("address_type")).and_then(Value::as_str);
    address_type.is_some_and(|kind| kind.eq_ignore_ascii_case("INTERNAL"))
}

/// Whether a new object of any of the types bears the same name.
fn takes_over(old: &ResourceChange<'_>, new: &ResourceChange<'_>) -> bool {
    let (Some(before), Some(after)) = (old.change.before.as_deref(), new.change.after.as_deref()) else {
        return false;
    };
    LIVE_NAMES.binary_search(&new.address.resource_type.as_str()).is_ok()
        && NAMES.iter().any(|name| match (before.get(name), after.get(name)) {
            (Some(Value::String(old)), Some(Value::String(new))) => !old.is_empty() && old == new,
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::super::stateful::is_stateful;
    use super::super::testing::{Schemas, find_in_changes};
    use super::*;

    #[test]
    fn types_are_sorted_known_and_hold_no_data() {
        assert!(LIVE_NAMES.is_sorted_by(|left, right| left < right));
        assert!(LIVE_NAMES.iter().all(|name| !is_stateful(name)));
        let Some(schemas) = Schemas::read() else { return };
        let unknown: Vec<_> = LIVE_NAMES.iter().filter(|name| !schemas.knows_type(name)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn a_public_address_is_found_and_an_internal_one_is_not() {
        let entry = |kind: &str| {
            format!(
                r#"{{"address": "module.a[\"x.y\"].google_compute_address.ip", "action_reason": "delete_because_no_module",
                    "change": {{"actions": ["delete"], "before": {{"name": "ip", "address_type": "{kind}"}}, "after": null}}}}"#
            )
        };
        assert_eq!(
            find_in_changes(&GUARD, &entry("EXTERNAL"))[0].message,
            r#"module.a["x.y"].google_compute_address.ip is destroyed, and clients that use it no longer find it: its module is gone from the configuration"#
        );
        assert_eq!(find_in_changes(&GUARD, &entry("INTERNAL")), []);
    }

    #[test]
    fn a_new_name_that_is_unknown_does_not_count_as_the_same() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "aws_eip.a", "change": {"actions": ["delete"], "before": {"domain": null}, "after": null}},
               {"address": "aws_eip.b", "change": {"actions": ["create"], "before": null, "after": {}, "after_unknown": {"domain": true}}}"#,
        );
        assert_eq!(findings.len(), 1);
    }
}
