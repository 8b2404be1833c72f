//! Reports security groups, firewalls and allow-lists that allow more network traffic than before.

use planguard_plan::{AttributePath, Plan};
use planguard_rule::Severity;

use super::about::About;
use super::compare::{Pair, pairs};
use super::network::{Addresses, Traffic};
use super::openings::{Opening, Openings, Reader};
use super::{Certainty, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-exposure-cidr",
        title: "A network rule allows a wider range or more ports than before",
        severity: Severity::High,
        why: "A wider rule exposes what already runs behind it. A range is reported if it contains more public \
              addresses than one site is given, or if it contains a range that was allowed before.",
        remediation: "List the ranges and ports that are needed; where possible, allow security groups or \
                      service accounts instead of addresses.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_security_group.db", "change": {"actions": ["update"],
            "before": {"ingress": [{"protocol": "tcp", "from_port": 5432, "to_port": 5432, "cidr_blocks": ["10.0.0.0/16"]}]},
            "after": {"ingress": [{"protocol": "tcp", "from_port": 5432, "to_port": 5432, "cidr_blocks": ["0.0.0.0/0"]}]}}}"#,
        r#"{"address": "aws_security_group.db", "change": {"actions": ["update"],
            "before": {"ingress": [{"protocol": "tcp", "from_port": 5432, "to_port": 5432, "cidr_blocks": ["10.0.0.0/16"]}]},
            "after": {"ingress": [{"protocol": "tcp", "from_port": 5432, "to_port": 5432, "cidr_blocks": ["10.0.0.0/16", "203.0.113.7/32"]}]}}}"#,
    ),
    check,
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    pairs(plan).flat_map(|pair| findings(&pair)).collect()
}

/// What a change allows that was not allowed before.
pub(super) fn findings(pair: &Pair<'_>) -> Vec<ChangeFinding> {
    let Some(reader) = Reader::of(&pair.resource.address.resource_type) else { return Vec::new() };
    let before = reader.read(&pair.before);
    let after = reader.read(&pair.after);
    let nobody = |openings: &Openings| openings.known.is_empty() && openings.unknown.is_empty();
    if nobody(&before) && reader.is_open_when_empty(&pair.before) {
        return Vec::new();
    }
    let address = &pair.resource.address;
    if nobody(&after) && !nobody(&before) && reader.is_open_when_empty(&pair.after) {
        let message = format!("{address} no longer restricts source addresses: its list of ranges is empty");
        return vec![ChangeFinding::on(pair.resource, message)];
    }
    let mut found: Vec<ChangeFinding> = widened(&before.known, &after.known)
        .into_iter()
        .map(|Widening { traffic, ranges, attribute }| {
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            let message =
                format!("{address} allows more traffic than before: {} on {traffic}", ranges.join(", "));
            ChangeFinding::on(pair.resource, message).at(attribute)
        })
        .collect();
    let all_open = Addresses::EVERYWHERE.iter().all(|range| {
        before.known.iter().any(|opening| opening.from == *range && opening.traffic == Traffic::ALL)
    });
    if !all_open {
        found.extend(after.unknown.into_iter().map(|attribute| {
            let message = format!(
                "{address} may allow more traffic than before: `{attribute}` is known only after apply"
            );
            ChangeFinding::on(pair.resource, message).at(attribute).with(Certainty::DependsOnUnknown)
        }));
    }
    found
}

/// Ranges that are newly allowed for the same traffic.
struct Widening {
    traffic: Traffic,
    ranges: Vec<Addresses>,
    attribute: AttributePath,
}

fn widened(before: &[Opening], after: &[Opening]) -> Vec<Widening> {
    let mut found: Vec<Widening> = Vec::new();
    for opening in after.iter().filter(|opening| is_wider(before, opening)) {
        match found.iter_mut().find(|widening| widening.traffic == opening.traffic) {
            Some(widening) if widening.ranges.contains(&opening.from) => {}
            Some(widening) => widening.ranges.push(opening.from),
            None => found.push(Widening {
                traffic: opening.traffic.clone(),
                ranges: vec![opening.from],
                attribute: opening.attribute.clone(),
            }),
        }
    }
    found
}

/// Whether an opening is new, and either wide and public or a widening of one before.
fn is_wider(before: &[Opening], new: &Opening) -> bool {
    let same_traffic = before.iter().filter(|old| old.traffic.contains(&new.traffic));
    if new.from.is_covered_by(same_traffic.map(|old| old.from).collect()) {
        return false;
    }
    let takes_in = |old: &Opening| new.traffic.contains(&old.traffic) && new.from.contains(old.from);
    new.from.is_wide_and_public() || before.iter().any(takes_in)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{find_in_changes, find_in_update};
    use super::*;

    fn group(rules: &[(&str, u32, u32, &str)]) -> String {
        let rules: Vec<String> = rules
            .iter()
            .map(|(protocol, from, to, ranges)| {
                format!(
                    r#"{{"protocol": "{protocol}", "from_port": {from}, "to_port": {to}, "cidr_blocks": [{ranges}]}}"#
                )
            })
            .collect();
        format!(r#"{{"ingress": [{}]}}"#, rules.join(","))
    }

    fn messages(before: &[(&str, u32, u32, &str)], after: &[(&str, u32, u32, &str)]) -> Vec<String> {
        let address = r#"module.a["b.c"].aws_security_group.x"#;
        let findings = find_in_update(&GUARD, address, &group(before), &group(after), "{}");
        findings
            .into_iter()
            .map(|finding| {
                finding.message.replace(&format!("{address} allows more traffic than before: "), "")
            })
            .collect()
    }

    #[test]
    fn ranges_and_ports_that_grow_are_named() {
        let web = ("tcp", 443, 443, r#""10.0.0.0/16""#);
        assert_eq!(
            messages(&[web], &[("tcp", 443, 443, r#""0.0.0.0/0""#)]),
            ["0.0.0.0/0 on tcp port 443 (HTTPS)"]
        );
        assert_eq!(
            messages(&[web], &[("tcp", 443, 443, r#""10.0.0.0/8""#)]),
            ["10.0.0.0/8 on tcp port 443 (HTTPS)"]
        );
        assert_eq!(
            messages(&[web], &[("tcp", 1, 1024, r#""10.0.0.0/16""#)]),
            ["10.0.0.0/16 on tcp ports 1-1024 (FTP data, FTP, SSH, Telnet and 14 more)"]
        );
        assert_eq!(messages(&[web], &[("-1", 0, 0, r#""10.0.0.0/16""#)]), ["10.0.0.0/16 on all ports"]);
        assert_eq!(messages(&[], &[("tcp", 22, 22, r#""0.0.0.0/0""#)]), ["0.0.0.0/0 on tcp port 22 (SSH)"]);
    }

    #[test]
    fn the_same_ranges_written_differently_are_no_finding() {
        let whole = ("tcp", 443, 443, r#""0.0.0.0/0""#);
        let halves = ("tcp", 443, 443, r#""128.0.0.0/1", "0.0.0.0/1""#);
        assert!(messages(&[halves], &[whole]).is_empty());
        assert!(messages(&[whole], &[halves]).is_empty());
        assert!(messages(&[("-1", 0, 0, r#""0.0.0.0/0""#)], &[whole]).is_empty());
        let two = [whole, ("udp", 53, 53, r#""0.0.0.0/0""#)];
        assert!(messages(&two, &[two[1], two[0]]).is_empty());
    }

    #[test]
    fn one_more_site_or_private_network_is_everyday_work() {
        let web = ("tcp", 443, 443, r#""10.0.0.0/16""#);
        let more = ("tcp", 443, 443, r#""10.0.0.0/16", "203.0.113.0/29", "10.9.0.0/16""#);
        assert!(messages(&[web], &[more]).is_empty());
    }

    #[test]
    fn unknown_ranges_are_reported_unless_everything_is_open() {
        let before = group(&[("tcp", 443, 443, r#""10.0.0.0/16""#)]);
        let after = group(&[("tcp", 443, 443, r#""10.0.0.0/16", null"#)]);
        let unknown = r#"{"ingress": [{"cidr_blocks": [false, true]}]}"#;
        let findings = find_in_update(&GUARD, "aws_security_group.x", &before, &after, unknown);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].certainty, Certainty::DependsOnUnknown);
        assert_eq!(
            findings[0].message,
            "aws_security_group.x may allow more traffic than before: `ingress[0].cidr_blocks[1]` is known only after apply"
        );
        let open = r#"{"ingress": [{"protocol": "-1", "from_port": 0, "to_port": 0,
            "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": ["::/0"]}]}"#;
        assert_eq!(find_in_update(&GUARD, "aws_security_group.x", open, &after, unknown), []);
    }

    #[test]
    fn egress_and_denying_rules_are_not_reported() {
        let rule = |kind: &str, range: &str| {
            format!(
                r#"{{"type": "{kind}", "protocol": "tcp", "from_port": 1, "to_port": 2, "cidr_blocks": ["{range}"]}}"#
            )
        };
        let address = "aws_security_group_rule.x";
        let of =
            |kind| find_in_update(&GUARD, address, &rule(kind, "10.0.0.0/8"), &rule(kind, "0.0.0.0/0"), "{}");
        assert_eq!(of("ingress").len(), 1);
        assert_eq!(of("egress"), []);
        let azure = |access: &str, prefix: &str| {
            format!(
                r#"{{"access": "{access}", "direction": "Inbound", "protocol": "Tcp", "destination_port_range": "22",
                    "source_address_prefix": "{prefix}"}}"#
            )
        };
        let address = "azurerm_network_security_rule.x";
        let of = |access| {
            find_in_update(&GUARD, address, &azure(access, "VirtualNetwork"), &azure(access, "*"), "{}")
        };
        assert_eq!(
            of("Allow")[0].message,
            "azurerm_network_security_rule.x allows more traffic than before: 0.0.0.0/0, ::/0 on tcp port 22 (SSH)"
        );
        assert_eq!(of("Deny"), []);
    }

    #[test]
    fn a_google_firewall_joins_its_ranges_with_its_blocks() {
        let firewall = |ranges: &str, ports: &str| {
            format!(
                r#"{{"direction": "INGRESS", "disabled": false, "source_ranges": [{ranges}],
                    "allow": [{{"protocol": "tcp", "ports": [{ports}]}}, {{"protocol": "icmp", "ports": []}}]}}"#
            )
        };
        let findings = find_in_update(
            &GUARD,
            "google_compute_firewall.x",
            &firewall(r#""0.0.0.0/0""#, r#""443""#),
            &firewall(r#""0.0.0.0/0""#, r#""443", "3000-3999""#),
            "{}",
        );
        let messages: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "google_compute_firewall.x allows more traffic than before: 0.0.0.0/0 on tcp ports 3000-3999 (MySQL, RDP)"
            ]
        );
    }

    #[test]
    fn an_allow_list_that_is_emptied_opens() {
        let address = "azurerm_kubernetes_cluster.x";
        let limited = r#"{"api_server_access_profile": [{"authorized_ip_ranges": ["203.0.113.0/24"]}]}"#;
        let unlimited = r#"{"api_server_access_profile": []}"#;
        assert_eq!(find_in_update(&GUARD, address, limited, unlimited, "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, address, unlimited, limited, "{}"), []);
        let address = "google_container_cluster.x";
        let limited =
            r#"{"master_authorized_networks_config": [{"cidr_blocks": [{"cidr_block": "203.0.113.0/24"}]}]}"#;
        let closed = r#"{"master_authorized_networks_config": [{"cidr_blocks": []}]}"#;
        let open = r#"{"master_authorized_networks_config": []}"#;
        assert_eq!(find_in_update(&GUARD, address, limited, closed, "{}"), []);
        assert_eq!(find_in_update(&GUARD, address, limited, open, "{}").len(), 1);
    }

    #[test]
    fn databases_of_azure_name_the_ends_of_a_range() {
        let rule = |first: &str, last: &str| {
            format!(r#"{{"start_ip_address": "{first}", "end_ip_address": "{last}"}}"#)
        };
        let findings = find_in_update(
            &GUARD,
            "azurerm_mssql_firewall_rule.x",
            &rule("203.0.113.1", "203.0.113.9"),
            &rule("0.0.0.0", "0.0.0.0"),
            "{}",
        );
        assert_eq!(
            findings[0].message,
            "azurerm_mssql_firewall_rule.x allows more traffic than before: 0.0.0.0/0 on all ports"
        );
        let entry = r#"{"address": "azurerm_mssql_firewall_rule.new", "change": {"actions": ["create"], "before": null,
            "after": {"start_ip_address": "0.0.0.0", "end_ip_address": "255.255.255.255"}}}"#;
        assert_eq!(find_in_changes(&GUARD, entry), []);
    }
}
