//! Reports security groups, firewalls and allow-lists that allow more network traffic than before.

use std::cell::LazyCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use planguard_guardrail_format::change::{Direction, TrafficEffect};
use planguard_plan::{Address, AttributePath, ResourceState, Value};
use planguard_rule::Severity;

use super::about::About;
use super::allowed::Allowed;
use super::changes::Changes;
use super::compare::{Pair, pairs, sight};
use super::network::{Addresses, Traffic};
use super::openings::{Opening, Openings, Reader};
use super::{Certainty, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};
use super::{created_rules, denied, ip_set};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-exposure-cidr",
        title: "A network rule allows a wider range or more ports than before",
        severity: Severity::High,
        why: "A wider rule exposes what already runs behind it. A range is reported if it contains more public \
              addresses than one site is given, if it contains a range that was allowed before, or if a network takes the \
              place of a group. So is a rule that is added to an object which exists, if it lets in most of the internet, and \
              a rule that applies to all targets instead of some. A rule that no longer denies what it denied is reported as well. What a resource may \
              reach is reported with severity medium, if it is most of the internet on other ports than 80 and 443.",
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

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found: Vec<ChangeFinding> =
        pairs(plan).flat_map(|pair| [findings(&pair), outgoing(&pair)].concat()).collect();
    let uses = LazyCell::new(|| ip_set::Uses::of(plan));
    found.extend(pairs(plan).filter_map(|pair| ip_set::finding(&pair, &uses)));
    found.extend(created_rules::findings(plan));
    // A rule that denied and allows now is reported already.
    let denied = denied::findings(plan).into_iter();
    let told: BTreeSet<Option<Address>> = found.iter().map(|finding| finding.address.clone()).collect();
    found.extend(denied.filter(|finding| !told.contains(&finding.address)));
    found
}

/// What a change lets in that was not let in before.
pub(super) fn findings(pair: &Pair<'_>) -> Vec<ChangeFinding> {
    let readers = Reader::all(&pair.resource.address.resource_type);
    readers
        .filter(|reader| reader.kind() == (Direction::In, TrafficEffect::Allow))
        .flat_map(|reader| incoming(pair, reader))
        .collect()
}

fn incoming(pair: &Pair<'_>, reader: Reader) -> Vec<ChangeFinding> {
    let before = reader.read(&pair.before);
    let after = reader.read(&pair.after);
    let nobody = |openings: &Openings| openings.known.is_empty() && openings.unknown.is_empty();
    if nobody(&before) && reader.is_open_when_empty(&pair.before) {
        return Vec::new();
    }
    let address = &pair.resource.address;
    if nobody(&after) && !nobody(&before) && reader.is_open_when_empty(&pair.after) {
        let message = format!("{address} no longer restricts source addresses: its list of ranges is empty");
        return vec![ChangeFinding::on(pair.resource, message).at(reader.place(&pair.after))];
    }
    let allowed = Allowed::new(&before.known);
    let mut found: Vec<ChangeFinding> = widened(&allowed, &after.known)
        .into_iter()
        .map(|widening| {
            let traffic = widening.told(&pair.after);
            let message = format!("{address} allows more traffic than before: {traffic}");
            let finding = ChangeFinding::on(pair.resource, message).at(widening.attribute);
            match widening.traffic.is_everyday() {
                true => finding.weighing(Severity::Medium),
                false => finding,
            }
        })
        .collect();
    found.extend(in_place_of_groups(pair, &before, &allowed, &after));
    found.extend(for_all_targets(pair, reader, &before, &after));
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

/// The finding for networks from which some traffic is allowed in the place of groups. One site more is everyday work.
fn in_place_of_groups(
    pair: &Pair<'_>,
    before: &Openings,
    allowed: &Allowed,
    after: &Openings,
) -> Option<ChangeFinding> {
    let is_kept = |traffic: &Traffic| after.members.iter().any(|member| member.traffic.overlaps(traffic));
    let lost: Vec<_> = before.members.iter().filter(|member| !is_kept(&member.traffic)).collect();
    if lost.is_empty() {
        return None;
    }
    let internet = Internet::newly_allowed(allowed, &after.known);
    let is_new = |opening: &&Opening| {
        opening.from.is_a_network()
            && !allowed.is_exceeded_by(opening)
            && !internet.includes(opening)
            && !allowed.covers(&opening.traffic, opening.from)
            && lost.iter().any(|member| opening.traffic.overlaps(&member.traffic))
    };
    let new: Vec<&Opening> = after.known.iter().filter(is_new).collect();
    let first = new.first()?;
    let mut ranges: Vec<String> = Vec::new();
    for opening in new.iter().filter(|opening| opening.traffic == first.traffic) {
        let range = opening.from.to_string();
        if !ranges.contains(&range) {
            ranges.push(range);
        }
    }
    let group = lost.iter().find_map(|member| member.name.clone());
    let group = group.unwrap_or_else(|| "a group".to_owned());
    let message = format!(
        "{} allows more traffic than before: {} in the place of {group} on {}",
        pair.resource.address,
        ranges.join(", "),
        first.traffic
    );
    Some(ChangeFinding::on(pair.resource, message).at(first.attribute.clone()))
}

/// What is newly allowed to most of the internet: a range within it is no cause of its own.
struct Internet(Allowed);

impl Internet {
    fn newly_allowed(before: &Allowed, after: &[Opening]) -> Self {
        let is_told = |opening: &&Opening| covers_the_internet(opening) && before.is_exceeded_by(opening);
        Self(Allowed::new(&after.iter().filter(is_told).cloned().collect::<Vec<_>>()))
    }

    fn includes(&self, opening: &Opening) -> bool {
        !covers_the_internet(opening) && self.0.covers(&opening.traffic, opening.from)
    }
}

fn covers_the_internet(opening: &Opening) -> bool {
    Addresses::cover_half_the_internet(&[opening.from])
}

/// The finding for a rule that applied to some targets and applies to all of them now.
fn for_all_targets(
    pair: &Pair<'_>,
    reader: Reader,
    before: &Openings,
    after: &Openings,
) -> Option<ChangeFinding> {
    // All that a group of rules is about is in its network.
    let is_limit = |target: &String| !target.is_empty() && !target.eq_ignore_ascii_case("VirtualNetwork");
    let is_limited = |opening: &Opening| opening.targets.iter().any(is_limit);
    if !before.known.iter().any(is_limited) {
        return None;
    }
    let same = |new: &Opening| -> Vec<&Opening> {
        let same = before.known.iter().filter(|old| old.traffic.contains(&new.traffic));
        same.filter(|old| old.from.contains(new.from)).collect()
    };
    let is_new = |new: &&Opening| {
        let same = same(new);
        !new.targets.is_empty() && !is_limited(new) && !same.is_empty() && same.into_iter().all(is_limited)
    };
    let new = after.known.iter().find(is_new)?;
    let old = same(new).into_iter().next()?;
    let (name, target) = reader.targets().iter().zip(&old.targets).find(|(_, target)| is_limit(target))?;
    let address = &pair.resource.address;
    let message = format!(
        "{address} allows more traffic than before: {} on {} to all targets, since `{name}` no longer limits it to `{target}`",
        new.from, new.traffic
    );
    Some(ChangeFinding::on(pair.resource, message))
}

/// The remedy for what a resource may reach.
const OF_OUTGOING: &str = "List the ranges and ports that the workload calls, or reach them through prefix lists and private \
                           endpoints.";

/// What a resource may reach that it could not reach before: most of the internet, on other ports than those of web sites.
fn outgoing(pair: &Pair<'_>) -> Vec<ChangeFinding> {
    let readers = Reader::all(&pair.resource.address.resource_type);
    let readers = readers.filter(|reader| reader.kind() == (Direction::Out, TrafficEffect::Allow));
    let matters = |opening: &Opening| covers_the_internet(opening) && !opening.traffic.is_everyday_outgoing();
    readers
        .flat_map(|reader| {
            let (before, mut after) = (reader.read(&pair.before).known, reader.read(&pair.after).known);
            after.retain(matters);
            widened(&Allowed::new(&before), &after)
        })
        .map(|widening| {
            let (address, traffic) = (&pair.resource.address, widening.told(&pair.after));
            let message = format!("{address} allows more outgoing traffic than before: {traffic}");
            ChangeFinding::on(pair.resource, message)
                .at(widening.attribute)
                .weighing(Severity::Medium)
                .mended_by(OF_OUTGOING)
        })
        .collect()
}

/// Ranges that are newly allowed for the same traffic.
pub(super) struct Widening {
    pub(super) traffic: Traffic,
    pub(super) ranges: Vec<Addresses>,
    pub(super) attribute: AttributePath,
}

impl Widening {
    /// From where to which ports, as the object that opens them means it.
    pub(super) fn told(&self, state: &ResourceState<'_>) -> String {
        let ranges = self.ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let resource_type = state.change.address.resource_type.as_str();
        let is_zero =
            |name| sight(&state.root().key(name)).known().and_then(Value::as_str) == Some("0.0.0.0");
        if resource_type.starts_with("azurerm_") && is_zero("start_ip_address") && is_zero("end_ip_address") {
            // By this range the services of Azure are meant.
            return "every address in Azure, including those of other customers".to_owned();
        }
        if resource_type.starts_with("aws_ec2_managed_prefix_list") {
            return format!("{ranges} wherever a rule names the list");
        }
        format!("{ranges} on {}", self.traffic)
    }
}

/// What some openings allow beyond what is allowed already.
pub(super) fn widened(before: &Allowed, after: &[Opening]) -> Vec<Widening> {
    let mut found: Vec<Widening> = Vec::new();
    let mut positions: HashMap<&Traffic, usize> = HashMap::new();
    let mut met: HashSet<(&Traffic, Addresses)> = HashSet::new();
    let internet = Internet::newly_allowed(before, after);
    for opening in after.iter().filter(|opening| before.is_exceeded_by(opening)) {
        if !met.insert((&opening.traffic, opening.from)) || internet.includes(opening) {
            continue;
        }
        let position = *positions.entry(&opening.traffic).or_insert(found.len());
        match found.get_mut(position) {
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
    fn a_range_within_a_wider_one_is_told_with_it() {
        let rule = |ranges: &str, group: &str| {
            format!(
                r#"{{"type": "ingress", "protocol": "tcp", "from_port": 3306, "to_port": 3306, "cidr_blocks": {ranges},
                    "security_group_id": "sg-1", "source_security_group_id": {group}}}"#
            )
        };
        let found = |ranges: &str| {
            let (before, after) = (rule("null", r#""sg-2""#), rule(ranges, "null"));
            let found =
                find_in_update(&GUARD, "aws_security_group_rule.db", &before, &after, "{}").into_iter();
            found.map(|finding| finding.message.rsplit_once(": ").unwrap().1.to_owned()).collect::<Vec<_>>()
        };
        let all = "0.0.0.0/0 on tcp port 3306 (MySQL)";
        assert_eq!(found(r#"["10.0.0.0/8", "0.0.0.0/0"]"#), [all]);
        assert_eq!(found(r#"["0.0.0.0/0", "52.0.0.0/8", "0.0.0.0/0"]"#), [all]);
        assert_eq!(
            found(r#"["10.0.0.0/8"]"#),
            ["10.0.0.0/8 in the place of `sg-2` on tcp port 3306 (MySQL)"]
        );
        assert_eq!(
            found(r#"["10.0.0.0/8", "::/0"]"#).len(),
            2,
            "ranges of two families have nothing in common"
        );
    }

    #[test]
    fn a_rule_for_another_element_of_a_list_is_compared_with_the_one_that_goes() {
        let rule = |range: &str, actions: &str| {
            let value = format!(
                r#"{{"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 5432, "to_port": 5432, "cidr_ipv4": "{range}"}}"#
            );
            let (before, after) =
                if actions == "create" { ("null", value.as_str()) } else { (value.as_str(), "null") };
            format!(
                r#"{{"address": "aws_vpc_security_group_ingress_rule.db[\"{range}\"]", "change": {{"actions": ["{actions}"],
                    "before": {before}, "after": {after}, "after_unknown": {{}}}}}}"#
            )
        };
        let told = |gone: &[&str], new: &[&str]| {
            let gone = gone.iter().map(|range| rule(range, "delete"));
            let changes: Vec<String> = gone.chain(new.iter().map(|range| rule(range, "create"))).collect();
            find_in_changes(&GUARD, &changes.join(",")).len()
        };
        assert_eq!(told(&["10.60.16.0/20"], &["10.0.0.0/8"]), 1);
        assert_eq!(told(&["10.0.0.0/8"], &["10.60.16.0/20"]), 0);
        assert_eq!(
            told(&["10.1.0.0/16", "10.2.0.0/16"], &["10.0.0.0/8"]),
            0,
            "nobody can tell which one's place"
        );
        assert_eq!(told(&[], &["10.0.0.0/8"]), 0);
    }

    #[test]
    fn a_rule_that_applies_to_all_targets_is_wider() {
        let google = |targets: &str| {
            format!(
                r#"{{"network": "main", "direction": "INGRESS", "source_ranges": ["198.51.100.0/24"], {targets}
                    "allow": [{{"protocol": "tcp", "ports": ["22"]}}]}}"#
            )
        };
        let found = |address: &str, before: &str, after: &str| {
            let found = find_in_update(&GUARD, address, before, after, "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let firewall = "google_compute_firewall.f";
        let (some, accounts) = (r#""target_tags": ["bastion"],"#, r#""target_service_accounts": ["b@x"],"#);
        assert_eq!(
            found(firewall, &google(some), &google("")),
            [
                "google_compute_firewall.f allows more traffic than before: 198.51.100.0/24 on tcp port 22 (SSH) to all targets, since `target_tags` no longer limits it to `bastion`"
            ]
        );
        assert_eq!(found(firewall, &google(accounts), &google(r#""target_service_accounts": [],"#)).len(), 1);
        assert_eq!(found(firewall, &google(""), &google(some)), [""; 0]);
        assert_eq!(found(firewall, &google(some), &google(accounts)), [""; 0], "limited in another way");
        let azure = |target: &str| {
            format!(
                r#"{{"network_security_group_name": "main", "direction": "Inbound", "access": "Allow", "priority": 100,
                    "protocol": "Tcp", "source_address_prefix": "10.0.0.0/8", "destination_port_range": "22",
                    "destination_address_prefix": "{target}"}}"#
            )
        };
        let rule = "azurerm_network_security_rule.r";
        assert_eq!(found(rule, &azure("10.1.2.3"), &azure("*")).len(), 1);
        assert_eq!(found(rule, &azure("*"), &azure("10.1.2.3")), [""; 0]);
        assert_eq!(found(rule, &azure("VirtualNetwork"), &azure("*")), [""; 0]);
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
    fn only_what_opens_most_of_the_internet_is_reported_of_egress() {
        let rule = |protocol: &str, ranges: &str| {
            format!(
                r#"{{"type": "egress", "protocol": "{protocol}", "from_port": 443, "to_port": 443, "cidr_blocks": ["{ranges}"]}}"#
            )
        };
        let narrow = rule("tcp", "10.0.0.0/16");
        let of = |after: &str| {
            let found = find_in_update(&GUARD, "aws_security_group_rule.x", &narrow, after, "{}");
            found.into_iter().map(|finding| (finding.message, finding.severity)).collect::<Vec<_>>()
        };
        let message =
            "aws_security_group_rule.x allows more outgoing traffic than before: 0.0.0.0/0 on all ports";
        assert_eq!(of(&rule("-1", "0.0.0.0/0")), [(message.to_owned(), Some(Severity::Medium))]);
        assert_eq!(of(&rule("tcp", "0.0.0.0/0")), [], "HTTPS alone");
        assert_eq!(of(&rule("-1", "10.0.0.0/8")), [], "private networks");
    }

    #[test]
    fn a_network_in_the_place_of_a_group_is_reported() {
        let group = r#"{"ip_protocol": "tcp", "from_port": 5432, "to_port": 5432, "referenced_security_group_id": "sg-1"}"#;
        let range = |range: &str| {
            format!(r#"{{"ip_protocol": "tcp", "from_port": 5432, "to_port": 5432, "cidr_ipv4": "{range}"}}"#)
        };
        let address = "aws_vpc_security_group_ingress_rule.x";
        let of = |before: &str, after: &str| {
            let found = find_in_update(&GUARD, address, before, after, "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            of(group, &range("10.0.0.0/8")),
            [format!(
                "{address} allows more traffic than before: 10.0.0.0/8 in the place of `sg-1` on tcp port 5432 (PostgreSQL)"
            )]
        );
        assert_eq!(of(group, &range("0.0.0.0/0")).len(), 1, "and once");
        assert!(of(group, &range("10.0.0.4/32")).is_empty());
        assert!(of(&range("10.0.0.0/8"), group).is_empty());
    }

    #[test]
    fn what_a_rule_may_reach_and_what_it_denies_is_no_way_in() {
        let rule = |kind: &str, range: &str| {
            format!(
                r#"{{"type": "{kind}", "protocol": "tcp", "from_port": 1, "to_port": 2, "cidr_blocks": ["{range}"]}}"#
            )
        };
        let address = "aws_security_group_rule.x";
        let of =
            |kind| find_in_update(&GUARD, address, &rule(kind, "10.0.0.0/8"), &rule(kind, "0.0.0.0/0"), "{}");
        assert_eq!(of("ingress")[0].severity, None);
        assert_eq!(of("egress")[0].severity, Some(Severity::Medium));
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
            "azurerm_mssql_firewall_rule.x allows more traffic than before: every address in Azure, including those of \
             other customers"
        );
        let list = |range: &str| format!(r#"{{"entry": [{{"cidr": "{range}"}}]}}"#);
        let lists = find_in_update(
            &GUARD,
            "aws_ec2_managed_prefix_list.a",
            &list("203.0.113.0/24"),
            &list("0.0.0.0/1"),
            "{}",
        );
        assert_eq!(
            lists[0].message,
            "aws_ec2_managed_prefix_list.a allows more traffic than before: 0.0.0.0/1 wherever a rule names the list"
        );
        let entry = r#"{"address": "azurerm_mssql_firewall_rule.new", "change": {"actions": ["create"], "before": null,
            "after": {"start_ip_address": "0.0.0.0", "end_ip_address": "255.255.255.255"}}}"#;
        assert_eq!(find_in_changes(&GUARD, entry), []);
    }
}
