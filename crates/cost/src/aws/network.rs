//! Gateways, load balancers and endpoints of AWS.

use crate::bill::{Bill, Missing, Part, Service, Unit};
use crate::facts::{Resource, number_of};

pub(super) fn nat_gateway(_: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    bill.add(Part::aws("Gateway", Service::Vpc, Unit::Hour, "nat-gateway-hour"));
    bill.usage("Data processed", Service::Vpc, "GB", Some("nat-gateway-gb"));
}

pub(super) fn load_balancer(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let part = |name, key| Part::aws(name, Service::LoadBalancing, Unit::Hour, key);
    match resource.root().text("load_balancer_type") {
        Ok(Some("network")) => bill.add(part("Network load balancer", "nlb-hour")),
        Ok(Some("application") | None) => bill.add(part("Application load balancer", "alb-hour")),
        Ok(Some(_)) => {
            let missing = Missing::no_price("the price book has no prices of this type of load balancer");
            bill.missing("Load balancer", Service::LoadBalancing, Unit::Hour, None, missing);
        }
        Err(missing) => bill.missing("Load balancer", Service::LoadBalancing, Unit::Hour, None, missing),
    }
    bill.usage("Capacity units", Service::LoadBalancing, "capacity unit", None);
}

pub(super) fn classic_load_balancer(_: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    bill.add(Part::aws("Classic load balancer", Service::LoadBalancing, Unit::Hour, "elb-hour"));
    bill.usage("Data processed", Service::LoadBalancing, "GB", None);
}

pub(super) fn vpc_endpoint(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let key = match root.text("vpc_endpoint_type") {
        Ok(Some("Gateway") | None) => return bill.free("Gateway endpoint", None),
        Ok(Some("GatewayLoadBalancer")) => "vpc-endpoint-gwlb-hour",
        Ok(Some(_)) => "vpc-endpoint-hour",
        Err(missing) => return bill.missing("Endpoint", Service::Vpc, Unit::Hour, None, missing),
    };
    // An endpoint has an interface in each subnet, and costs one even where none is named yet.
    let subnets = root.list("subnet_ids").map(|subnets| number_of(&subnets).max(1.into()));
    bill.add(Part::aws("Endpoint in a subnet", Service::Vpc, Unit::Hour, key).times(subnets));
    bill.usage("Data processed", Service::Vpc, "GB", None);
}

pub(super) fn elastic_ip(_: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    bill.add(Part::aws("Public IPv4 address", Service::Vpc, Unit::Hour, "public-ipv4-hour"));
}

pub(super) fn vpn_connection(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    bill.add(Part::aws("Connection", Service::Vpc, Unit::Hour, "vpn-connection-hour"));
    // One that ends at a transit gateway is attached to it, whichever it will be.
    if !matches!(resource.root().text("transit_gateway_id"), Ok(None)) {
        bill.add(Part::aws("Attachment", Service::Vpc, Unit::Hour, "transit-gateway-attachment-hour"));
    }
}

pub(super) fn transit_gateway_attachment(_: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    bill.add(Part::aws("Attachment", Service::Vpc, Unit::Hour, "transit-gateway-attachment-hour"));
    bill.usage("Data processed", Service::Vpc, "GB", None);
}

#[cfg(test)]
mod tests {
    use crate::testing::{costs, one};

    #[test]
    fn gateways_and_balancers_cost_their_hours() {
        for (resource_type, after, monthly) in [
            ("aws_nat_gateway", "{}", "32.85"),                            // 0.045
            ("aws_nat_gateway", r#"{"region": "eu-central-1"}"#, "37.96"), // 0.052
            ("aws_lb", "{}", "16.43"),                                     // 0.0225: 16.425
            ("aws_lb", r#"{"load_balancer_type": "network"}"#, "16.43"),
            ("aws_alb", r#"{"region": "eu-central-1"}"#, "19.71"), // 0.027
            ("aws_elb", "{}", "18.25"),                            // 0.025
            ("aws_eip", "{}", "3.65"),                             // 0.005
            ("aws_vpn_connection", "{}", "36.50"),                 // 0.05
            ("aws_vpn_connection", r#"{"transit_gateway_id": "tgw-1"}"#, "73.00"), // 0.05 + 0.05
            ("aws_ec2_transit_gateway_peering_attachment", "{}", "36.50"), // 0.05
            ("aws_vpc_endpoint", r#"{"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b"]}"#, "14.60"), // 2 * 0.01
        ] {
            assert_eq!(costs(resource_type, after).total, monthly, "{resource_type} {after}");
        }
        assert_eq!(one("aws_vpc_endpoint", "{}").state, "free");
        assert_eq!(one("aws_lb", r#"{"load_balancer_type": "gateway"}"#).state, "no_price");
    }
}
