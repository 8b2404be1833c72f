//! Finds created rules, each a resource of its own, that open an object to the internet which is older than they are.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::{Address, Mode, Plan, ResourceChange, ResourceState, Side, Value};
use planguard_rule::Severity;

use super::ChangeFinding;
use super::allowed::Allowed;
use super::changes::Changes;
use super::compare::{Sight, pairs, shown, sight};
use super::exposure_cidr::widened;
use super::network::Addresses;
use super::openings::{Opening, Reader};

/// The findings for rules that are added to an object: it allows more than before, as if one of its own rules had changed.
///
/// A range that is not most of the internet is everyday work, as one more element of a list is.
pub(super) fn findings(plan: &Changes<'_>) -> Vec<ChangeFinding> {
    let is_rule = |change: &ResourceChange<'_>| {
        change.address.mode == Mode::Managed
            && change.deposed.is_none()
            && Reader::of(&change.address.resource_type).is_some_and(|reader| reader.object().is_some())
    };
    let is_created = |change: &ResourceChange<'_>| !change.exists_before() && change.exists_after();
    let mut created = plan.each_change().filter(|change| is_rule(change) && is_created(change)).peekable();
    if created.peek().is_none() {
        return Vec::new();
    }
    // One that takes the place of another is compared with it.
    let successors: BTreeSet<&Address> = pairs(plan).map(|pair| &pair.resource.address).collect();
    let present = Present::of(plan);
    created
        .filter(|change| !successors.contains(&change.address))
        .flat_map(|change| opened(plan, change, &present))
        .collect()
}

/// What a created rule allows that its object did not.
fn opened(plan: &Plan<'_>, change: &ResourceChange<'_>, present: &Present<'_>) -> Vec<ChangeFinding> {
    let Some(reader) = Reader::of(&change.address.resource_type) else { return Vec::new() };
    let Some(state) = ResourceState::new(plan, change, Side::After) else { return Vec::new() };
    let Some(attribute) = reader.object() else { return Vec::new() };
    let place = state.root().key(attribute);
    // What has no identity yet is new itself, and nothing is behind it.
    let Sight::Known(Value::String(name)) = sight(&place) else { return Vec::new() };
    if name.is_empty() || present.created.contains(name.as_ref()) {
        return Vec::new();
    }
    let nothing = Allowed::default();
    let before = present.allowed.get(name.as_ref()).unwrap_or(&nothing);
    let was_limited = present.limited.contains(name.as_ref());
    let mut after = reader.read(&state).known;
    after.retain(|opening| Addresses::cover_half_the_internet(&[opening.from]));
    let object = shown(&place).map(|object| format!(" into {object}")).unwrap_or_default();
    widened(before, &after)
        .into_iter()
        .map(|widening| {
            let traffic = widening.told(&state);
            let message = format!("{} allows more traffic{object} than before: {traffic}", change.address);
            // Both ends of a range are new, and a guardrail about it names the first.
            let attribute = reader.first_end(&state).unwrap_or(widening.attribute);
            let finding = ChangeFinding::on(change, message).at(attribute);
            // A list of a subnet needs the ports of answers, and groups stand behind it.
            let is_list = change.address.resource_type.contains("network_acl");
            let is_for_answers = is_list && widening.traffic.is_for_answers();
            match widening.traffic.is_everyday() || is_for_answers {
                // Some ranges had been chosen for the object until now.
                true if was_limited && !is_for_answers => finding.weighing(Severity::Medium),
                true => finding.weighing(Severity::Low),
                false => finding,
            }
        })
        .collect()
}

/// What is there before a plan, and what it creates.
struct Present<'p> {
    /// What objects allow by their names: in rules of their own and in rules that are resources.
    allowed: BTreeMap<&'p str, Allowed>,
    /// Objects that allow something to some ranges, and nothing to most of the internet.
    limited: BTreeSet<&'p str>,
    /// How objects that are created are called, as far as that is known.
    created: BTreeSet<&'p str>,
}

/// The attributes with which a rule may name its object.
const IDENTITIES: [&str; 3] = ["id", "name", "self_link"];

impl<'p> Present<'p> {
    fn of(plan: &'p Plan<'p>) -> Self {
        let mut present =
            Self { allowed: BTreeMap::new(), limited: BTreeSet::new(), created: BTreeSet::new() };
        let mut openings: BTreeMap<&str, Vec<Opening>> = BTreeMap::new();
        let managed = plan.each_change().filter(|change| change.address.mode == Mode::Managed);
        for change in managed.filter(|change| change.deposed.is_none()) {
            let text = |side: Option<&'p Value<'p>>, name: &str| side?.get(name)?.as_str();
            let reader = Reader::of(&change.address.resource_type);
            if !change.exists_before() {
                // A rule may be called like its object.
                if reader.is_none_or(|reader| reader.object().is_none()) {
                    let after = change.change.after.as_deref();
                    present.created.extend(IDENTITIES.iter().filter_map(|name| text(after, name)));
                }
                continue;
            }
            let Some(reader) = reader else { continue };
            let Some(state) = ResourceState::new(plan, change, Side::Before) else { continue };
            let Some(object) = text(change.change.before.as_deref(), reader.object().unwrap_or("id")) else {
                continue;
            };
            openings.entry(object).or_default().extend(reader.read(&state).known);
        }
        let is_wide = |opening: &Opening| Addresses::cover_half_the_internet(&[opening.from]);
        let limited = openings.iter().filter(|(_, all)| !all.is_empty() && !all.iter().any(is_wide));
        present.limited = limited.map(|(object, _)| *object).collect();
        present.allowed =
            openings.into_iter().map(|(object, openings)| (object, Allowed::new(&openings))).collect();
        present
    }
}

#[cfg(test)]
mod tests {
    use super::super::exposure_cidr::GUARD;
    use super::super::testing::find_in_changes;
    use super::*;

    fn found(entries: &[String]) -> Vec<(Option<Severity>, String)> {
        let found = find_in_changes(&GUARD, &entries.join(","));
        found.into_iter().map(|finding| (finding.severity, finding.message)).collect()
    }

    fn created(address: &str, after: &str) -> String {
        format!(
            r#"{{"address": "{address}", "change": {{"actions": ["create"], "before": null, "after": {after}, "after_unknown": {{}}}}}}"#
        )
    }

    fn kept(address: &str, values: &str) -> String {
        format!(
            r#"{{"address": "{address}", "change": {{"actions": ["no-op"], "before": {values}, "after": {values}}}}}"#
        )
    }

    fn rule(range: &str, from: u32, to: u32) -> String {
        let list = if range.contains(':') { "ipv6_cidr_blocks" } else { "cidr_blocks" };
        format!(
            r#"{{"type": "ingress", "security_group_id": "sg-1", "protocol": "tcp", "from_port": {from}, "to_port": {to}, "{list}": ["{range}"]}}"#
        )
    }

    #[test]
    fn a_rule_that_is_added_to_a_group_is_a_change_of_the_group() {
        let added =
            |range: &str, from, to| found(&[created("aws_security_group_rule.a", &rule(range, from, to))]);
        assert_eq!(
            added("::/0", 8080, 8090),
            [(
                None,
                "aws_security_group_rule.a allows more traffic into `sg-1` than before: ::/0 on tcp ports 8080-8090 (HTTP)"
                    .to_owned()
            )]
        );
        assert_eq!(added("0.0.0.0/0", 9999, 9999).len(), 1);
        assert_eq!(added("0.0.0.0/0", 443, 443)[0].0, Some(Severity::Low), "web sites are open to everyone");
        let limited = kept("aws_security_group_rule.b", &rule("198.51.100.0/24", 443, 443));
        let all = created("aws_security_group_rule.a", &rule("0.0.0.0/0", 443, 443));
        assert_eq!(found(&[limited, all])[0].0, Some(Severity::Medium), "it was meant for some");
        for everyday in ["10.0.0.0/8", "203.0.113.0/24", "8.8.0.0/16"] {
            assert_eq!(added(everyday, 9999, 9999), [], "{everyday}");
        }
    }

    #[test]
    fn a_group_that_is_new_or_open_already_is_no_change() {
        let new = created("aws_security_group_rule.a", &rule("0.0.0.0/0", 9999, 9999));
        let group = |range: &str| {
            kept(
                "aws_security_group.g",
                &format!(
                    r#"{{"id": "sg-1", "ingress": [{{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["{range}"]}}]}}"#
                ),
            )
        };
        assert_eq!(found(&[group("10.0.0.0/8"), new.clone()]).len(), 1);
        assert_eq!(found(&[group("0.0.0.0/0"), new.clone()]), []);
        assert_eq!(found(&[kept("aws_security_group_rule.b", &rule("0.0.0.0/0", 1, 10000)), new]), []);
        let unknown = rule("0.0.0.0/0", 9999, 9999).replace(r#""sg-1""#, "null");
        assert_eq!(found(&[created("aws_security_group_rule.a", &unknown)]), []);
    }

    #[test]
    fn rules_of_other_providers_are_judged_alike() {
        let google = r#"{"name": "r", "network": "main", "direction": "INGRESS", "source_ranges": ["0.0.0.0/0"],
            "allow": [{"protocol": "tcp", "ports": ["9200"]}]}"#;
        let azure = r#"{"name": "r", "network_security_group_name": "main", "direction": "Inbound", "access": "Allow",
            "protocol": "Tcp", "source_address_prefix": "Internet", "destination_port_range": "9200", "priority": 100}"#;
        for (address, values) in
            [("google_compute_firewall.r", google), ("azurerm_network_security_rule.r", azure)]
        {
            assert_eq!(found(&[created(address, values)]).len(), 1, "{address}");
            let object = created("x_network.main", r#"{"name": "main"}"#);
            assert_eq!(found(&[created(address, values), object]), [], "{address}");
        }
        let list = |from: u32, to: u32| {
            let rule = format!(
                r#"{{"network_acl_id": "acl-1", "egress": false, "rule_action": "allow", "rule_number": 10, "protocol": "6",
                    "cidr_block": "0.0.0.0/0", "from_port": {from}, "to_port": {to}}}"#
            );
            found(&[created("aws_network_acl_rule.r", &rule)])
        };
        assert_eq!(list(1024, 65535)[0].0, Some(Severity::Low));
        assert_eq!(list(5432, 5432)[0].0, None);
    }
}
