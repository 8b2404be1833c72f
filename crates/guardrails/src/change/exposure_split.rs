//! Reports rules that let in the internet only together: each of them a resource of its own with a part of it.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::{Address, Mode, ResourceChange, ResourceState, Side};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Sight, sight};
use super::network::{Addresses, Traffic};
use super::openings::{Opening, Reader};
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-exposure-split",
        title: "Rules of one object allow traffic from the internet together",
        severity: Severity::High,
        why: "Four rules for a quarter of the internet each are as open as one rule for all of it. Rules for HTTP and \
              HTTPS alone are not reported.",
        remediation: "List the ranges that need access; where possible, allow security groups or service accounts \
                      instead of addresses.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_vpc_security_group_ingress_rule.low", "change": {"actions": ["create"], "before": null,
            "after": {"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": "0.0.0.0/2"}}},
           {"address": "aws_vpc_security_group_ingress_rule.high", "change": {"actions": ["create"], "before": null,
            "after": {"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": "64.0.0.0/2"}}}"#,
        r#"{"address": "aws_vpc_security_group_ingress_rule.low", "change": {"actions": ["create"], "before": null,
            "after": {"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": "0.0.0.0/2"}}},
           {"address": "aws_vpc_security_group_ingress_rule.high", "change": {"actions": ["create"], "before": null,
            "after": {"security_group_id": "sg-2", "ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": "64.0.0.0/2"}}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut objects: BTreeMap<String, Object<'_>> = BTreeMap::new();
    for change in plan.each_change().filter(|change| change.address.mode == Mode::Managed) {
        let Some(reader) = Reader::of(&change.address.resource_type) else { continue };
        let Some(attribute) = reader.object() else { continue };
        for side in [Side::Before, Side::After] {
            let Some(state) = ResourceState::new(plan, change, side) else { continue };
            let Some(name) = name(plan, &state, attribute) else { continue };
            let object = objects.entry(name).or_default();
            let openings = reader.read(&state).known.into_iter().map(|opening| (change, opening));
            match side {
                Side::Before => object.before.extend(openings),
                Side::After => object.after.extend(openings),
            }
        }
    }
    objects.values().filter_map(Object::finding).collect()
}

/// The rules of an object that are resources of their own.
#[derive(Default)]
struct Object<'p> {
    before: Vec<(&'p ResourceChange<'p>, Opening)>,
    after: Vec<(&'p ResourceChange<'p>, Opening)>,
}

impl Object<'_> {
    /// The finding for the traffic of the first rule that others open to the internet together with it.
    fn finding(&self) -> Option<ChangeFinding> {
        let mut seen = BTreeSet::new();
        let wide = self.after.iter().filter(|(_, opening)| opening.from.is_wide_and_public());
        let traffics = wide.map(|(_, opening)| &opening.traffic).filter(|traffic| seen.insert(*traffic));
        traffics.filter(|traffic| !traffic.is_everyday()).find_map(|traffic| {
            let rules = rules_of(&self.after, traffic);
            let ranges: Vec<Addresses> = rules.iter().map(|(_, opening)| opening.from).collect();
            if !Addresses::cover_half_the_internet(&ranges) {
                return None;
            }
            let before: Vec<Addresses> =
                rules_of(&self.before, traffic).iter().map(|(_, opening)| opening.from).collect();
            if Addresses::cover_half_the_internet(&before) || is_one_resource(&rules) {
                return None;
            }
            let changed = rules.iter().find(|(change, _)| !change.change.actions.is_no_op())?;
            let mut names: Vec<String> = Vec::new();
            for (change, opening) in &rules {
                let name = format!("{} ({})", change.address, opening.from);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            let message = format!("rules open {traffic} to the internet together: {}", names.join(", "));
            Some(ChangeFinding::on(changed.0, message).at(changed.1.attribute.clone()))
        })
    }
}

/// The rules that allow some traffic from more than one site of the internet.
fn rules_of<'r, 'p>(
    rules: &'r [(&'p ResourceChange<'p>, Opening)],
    traffic: &Traffic,
) -> Vec<&'r (&'p ResourceChange<'p>, Opening)> {
    let counts = |opening: &Opening| opening.traffic.contains(traffic) && opening.from.is_wide_and_public();
    rules.iter().filter(|(_, opening)| counts(opening)).collect()
}

/// Whether one resource alone opens what all of them do: its own guardrail reports it.
fn is_one_resource(rules: &[&(&ResourceChange<'_>, Opening)]) -> bool {
    let mut by_resource: BTreeMap<&Address, Vec<Addresses>> = BTreeMap::new();
    for (change, opening) in rules {
        by_resource.entry(&change.address).or_default().push(opening.from);
    }
    by_resource.values().any(|own| Addresses::cover_half_the_internet(own))
}

/// What a rule calls its object: the known name, or else the one object that it refers to.
pub(super) fn name(plan: &Changes<'_>, state: &ResourceState<'_>, attribute: &str) -> Option<String> {
    let place = state.root().key(attribute);
    if let Sight::Known(value) = sight(&place) {
        return value.as_str().map(ToOwned::to_owned);
    }
    let found = state.references(place.path())?;
    let [reference] = found.resources.as_slice() else { return None };
    let key = reference.key.as_deref().unwrap_or_default();
    // Without a key, nobody can tell which of several objects is meant.
    if key.is_empty() && plan.index().of_block(&reference.address).len() > 1 {
        return None;
    }
    let modules = state.change.address.modules.iter().filter_map(|step| step.key.as_ref());
    let modules: Vec<String> = modules.map(ToString::to_string).collect();
    Some(format!("{}{key} {}", reference.address, modules.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    fn rule(name: &str, actions: &str, port: u32, before: &str, after: &str) -> String {
        let values = |range: &str| match range {
            "" => "null".to_owned(),
            range => format!(
                r#"{{"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": {port}, "to_port": {port},
                    "cidr_ipv4": "{range}"}}"#
            ),
        };
        format!(
            r#"{{"address": "aws_vpc_security_group_ingress_rule.{name}", "change": {{"actions": ["{actions}"],
                "before": {}, "after": {}}}}}"#,
            values(before),
            values(after)
        )
    }

    fn messages(rules: &[String]) -> Vec<String> {
        find_in_changes(&GUARD, &rules.join(",")).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn the_rules_are_named_with_their_ranges() {
        let found = messages(&[
            rule("a", "no-op", 22, "0.0.0.0/2", "0.0.0.0/2"),
            rule("b", "update", 22, "10.0.0.0/8", "128.0.0.0/2"),
        ]);
        let expected = "rules open tcp port 22 (SSH) to the internet together: \
             aws_vpc_security_group_ingress_rule.a (0.0.0.0/2), aws_vpc_security_group_ingress_rule.b (128.0.0.0/2)";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn nothing_new_nothing_for_the_web_and_nothing_that_one_rule_does_alone() {
        let halves = |port, actions, before: [&str; 2]| {
            messages(&[
                rule("a", actions, port, before[0], "0.0.0.0/2"),
                rule("b", actions, port, before[1], "128.0.0.0/2"),
            ])
        };
        assert_eq!(halves(22, "create", ["", ""]).len(), 1);
        assert!(halves(443, "create", ["", ""]).is_empty());
        assert!(halves(22, "update", ["0.0.0.0/2", "128.0.0.0/2"]).is_empty());
        let one = [rule("a", "create", 22, "", "0.0.0.0/0"), rule("b", "create", 22, "", "128.0.0.0/2")];
        assert!(messages(&one).is_empty());
        let other_port =
            [rule("a", "create", 22, "", "0.0.0.0/2"), rule("b", "create", 23, "", "128.0.0.0/2")];
        assert!(messages(&other_port).is_empty());
    }
}
