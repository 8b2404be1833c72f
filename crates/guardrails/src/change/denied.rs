//! Finds network rules that no longer deny what they denied: turned off, narrowed, or behind a rule that allows it first.

use std::collections::BTreeMap;

use planguard_guardrail_format::change::{Direction, TrafficEffect};
use planguard_plan::{Mode, ResourceChange, ResourceState, Side};

use super::ChangeFinding;
use super::changes::Changes;
use super::exposure_split::name;
use super::network::Addresses;
use super::openings::{Opening, Reader, Tagged};

/// The findings for denials that are lost while their rule, or the object with it, stays. A rule that is destroyed is a
/// matter of `guard_removed`.
pub(super) fn findings(plan: &Changes<'_>) -> Vec<ChangeFinding> {
    let mut objects: BTreeMap<(&str, Direction, String), Object<'_>> = BTreeMap::new();
    let managed = plan.each_change().filter(|change| {
        change.address.mode == Mode::Managed
            && change.deposed.is_none()
            && Reader::all(&change.address.resource_type).any(|reader| reader.kind().1 == TrafficEffect::Deny)
    });
    for change in managed {
        for reader in Reader::all(&change.address.resource_type) {
            let (direction, effect) = reader.kind();
            for side in [Side::Before, Side::After] {
                let Some(state) = ResourceState::new(plan, change, side) else { continue };
                // A rule whose object the plan does not name stands alone.
                let name = reader.object().and_then(|attribute| name(plan, &state, attribute));
                let name = name.unwrap_or_else(|| change.address.to_string());
                let object = objects.entry((&change.address.resource_type, direction, name)).or_default();
                let rules = match side {
                    Side::Before => &mut object.before,
                    Side::After => {
                        object.stays = true;
                        &mut object.after
                    }
                };
                let openings = reader.read(&state);
                let found = openings.known.into_iter().map(|opening| Rule { change, opening });
                match effect {
                    TrafficEffect::Allow => {
                        rules.allow.extend(found);
                        rules.tagged.extend(openings.tagged.into_iter().map(|tagged| (change, tagged)));
                    }
                    TrafficEffect::Deny => rules.deny.extend(found),
                }
            }
        }
    }
    objects
        .iter()
        .filter(|(_, object)| object.stays)
        .flat_map(|(key, object)| object.findings(key.1))
        .collect()
}

/// A rule, and the resource that it is in.
struct Rule<'p> {
    change: &'p ResourceChange<'p>,
    opening: Opening,
}

impl Rule<'_> {
    /// Whether this rule is about all that another one is about.
    fn takes_in(&self, other: &Self) -> bool {
        let (own, other) = (&self.opening, &other.opening);
        own.traffic.contains(&other.traffic) && own.is_for_targets_of(other)
    }
}

impl Opening {
    /// Whether a rule is for all targets that another one is for.
    fn is_for_targets_of(&self, other: &Self) -> bool {
        self.targets.iter().zip(&other.targets).all(|(own, other)| own.is_empty() || own == other)
    }
}

/// The rules of an object on one side.
#[derive(Default)]
struct Rules<'p> {
    allow: Vec<Rule<'p>>,
    deny: Vec<Rule<'p>>,
    /// What is allowed for sources without a range.
    tagged: Vec<(&'p ResourceChange<'p>, Tagged)>,
}

impl<'p> Rules<'p> {
    /// A rule that allows all that another one denies, and comes first.
    fn before(&self, denial: &Rule<'_>) -> Option<&Rule<'p>> {
        self.allow.iter().find(|allow| {
            let orders = allow.opening.order.zip(denial.opening.order);
            orders.is_some_and(|(allow, denial)| allow < denial)
                && allow.takes_in(denial)
                && allow.opening.from.contains(denial.opening.from)
        })
    }

    /// Whether something is denied all the same.
    fn deny(&self, denial: &Rule<'_>) -> bool {
        let same = self.deny.iter().filter(|own| own.takes_in(denial) && self.before(own).is_none());
        denial.opening.from.is_covered_by(same.map(|own| own.opening.from).collect())
    }

    /// The places of the rules that allow some of what one denies: their resources, what tells them apart, their orders.
    fn allowing(&self, denial: &Opening) -> Vec<(&'p ResourceChange<'p>, String, u64)> {
        let ranges =
            self.allow.iter().filter(|allow| allow.opening.from.overlaps(denial.from)).map(|allow| {
                let Opening { from, traffic, order, targets, .. } = &allow.opening;
                (allow.change, from.to_string(), traffic, *order, targets)
            });
        let is_everything = Addresses::EVERYWHERE.contains(&denial.from);
        let tags = self.tagged.iter().filter(|_| is_everything).map(|(change, tagged)| {
            (*change, tagged.tag.clone(), &tagged.traffic, tagged.order, &tagged.targets)
        });
        let overlapping = ranges.chain(tags).filter(|(_, _, traffic, _, targets)| {
            let mut both = targets.iter().zip(&denial.targets);
            traffic.overlaps(&denial.traffic)
                && both.all(|(own, other)| own.is_empty() || other.is_empty() || own == other)
        });
        overlapping
            .filter_map(|(change, from, traffic, order, targets)| {
                Some((change, format!("{from} {traffic} {}", targets.join(" ")), order?))
            })
            .collect()
    }

    /// Whether the rules, as far as the plan has them, allow nothing of what one denies.
    fn allow_nothing_of(&self, denial: &Opening) -> bool {
        let overlaps = |allow: &Rule<'_>| {
            allow.opening.traffic.overlaps(&denial.traffic) && allow.opening.from.overlaps(denial.from)
        };
        !self.allow.is_empty() && !self.allow.iter().any(overlaps)
    }
}

/// An object with its rules, such as a list of a network.
#[derive(Default)]
struct Object<'p> {
    before: Rules<'p>,
    after: Rules<'p>,
    /// Whether some of it is there after the plan.
    stays: bool,
}

impl Object<'_> {
    /// One finding for each resource that is the cause.
    fn findings(&self, direction: Direction) -> Vec<ChangeFinding> {
        let mut found: Vec<ChangeFinding> = Vec::new();
        for denial in &self.before.deny {
            let is_lost = denial.change.exists_after()
                && self.before.before(denial).is_none()
                && !self.after.deny(denial)
                && !self.after.allow_nothing_of(&denial.opening);
            if !is_lost {
                found.extend(self.overtaken(denial, direction));
                continue;
            }
            // A rule that nothing changes is the one that another one passes by.
            let first = self.after.deny.iter().filter(|own| own.change.address == denial.change.address);
            let first = first.filter(|own| own.takes_in(denial)).find_map(|own| self.after.before(own));
            let Some(cause) = [Some(denial.change), first.map(|allow| allow.change)]
                .into_iter()
                .flatten()
                .find(|change| is_changed(change))
            else {
                continue;
            };
            if found.iter().any(|finding| finding.address.as_ref() == Some(&cause.address)) {
                continue;
            }
            let what = described(denial, direction);
            let message = match first {
                Some(allow) => format!(
                    "{} no longer denies {what}: {} comes first and allows it",
                    denial.change.address,
                    own_name(allow.change, allow.opening.order, denial)
                ),
                None => format!("{} no longer denies {what}", denial.change.address),
            };
            found.push(ChangeFinding::on(cause, message));
        }
        found.dedup_by(|new, old| new.address == old.address);
        found
    }

    /// The finding for a denial that is still there, but now behind a rule that allows some of the same and was behind it.
    fn overtaken(&self, denial: &Rule<'_>, direction: Direction) -> Option<ChangeFinding> {
        let is_same = |own: &&Rule<'_>| {
            own.change.address == denial.change.address
                && own.opening.traffic == denial.opening.traffic
                && own.opening.from == denial.opening.from
                && own.opening.targets == denial.opening.targets
        };
        // Where a resource has several rules alike, nobody can tell which is which.
        if self.before.deny.iter().filter(is_same).nth(1).is_some() {
            return None;
        }
        let now = self.after.deny.iter().find(is_same)?;
        let (old, new) = (denial.opening.order?, now.opening.order?);
        let behind = self.before.allowing(&denial.opening);
        let was_behind = |change: &ResourceChange<'_>, what: &String| {
            behind
                .iter()
                .any(|(other, same, order)| other.address == change.address && same == what && *order > old)
        };
        let (allow, _, order) = self
            .after
            .allowing(&now.opening)
            .into_iter()
            .find(|(change, what, order)| *order < new && was_behind(change, what))?;
        let cause = [now.change, allow].into_iter().find(|change| is_changed(change))?;
        let message = format!(
            "{} denies less than before: of {}, {} now comes first and allows a part",
            denial.change.address,
            described(denial, direction),
            own_name(allow, Some(order), denial)
        );
        Some(ChangeFinding::on(cause, message))
    }
}

fn is_changed(change: &ResourceChange<'_>) -> bool {
    !change.change.actions.is_no_op()
}

/// What a rule denies, for people.
fn described(denial: &Rule<'_>, direction: Direction) -> String {
    let way = match direction {
        Direction::In => "from",
        Direction::Out => "to",
    };
    format!("{} {way} {}", denial.opening.traffic, denial.opening.from)
}

/// The name of a rule that allows, beside the one that denies.
fn own_name(allow: &ResourceChange<'_>, order: Option<u64>, denial: &Rule<'_>) -> String {
    match (allow.address == denial.change.address, order) {
        (true, Some(order)) => format!("rule {order}"),
        _ => allow.address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::exposure_cidr::GUARD;
    use super::super::testing::find_in_changes;

    fn rule(name: &str, before: &str, after: &str) -> String {
        let actions = if before == after { "no-op" } else { "update" };
        format!(
            r#"{{"address": "aws_network_acl_rule.{name}", "change": {{"actions": ["{actions}"], "before": {before}, "after": {after}}}}}"#
        )
    }

    fn values(action: &str, number: u32, range: &str) -> String {
        format!(
            r#"{{"network_acl_id": "acl", "egress": false, "rule_action": "{action}", "rule_number": {number}, "protocol": "-1",
                "cidr_block": "{range}"}}"#
        )
    }

    fn found(rules: &[String]) -> Vec<(String, String)> {
        let found = find_in_changes(&GUARD, &rules.join(",")).into_iter();
        found.map(|finding| (finding.address.unwrap().name, finding.message)).collect()
    }

    #[test]
    fn a_denial_behind_a_rule_that_allows_is_lost() {
        let all = values("allow", 100, "0.0.0.0/0");
        let denial = |number| values("deny", number, "203.0.113.0/24");
        let passed = "aws_network_acl_rule.d no longer denies all ports from 203.0.113.0/24: \
                      aws_network_acl_rule.a comes first and allows it";
        assert_eq!(
            found(&[rule("a", &all, &all), rule("d", &denial(90), &denial(210))]),
            [("d".to_owned(), passed.to_owned())]
        );
        assert!(found(&[rule("a", &all, &all), rule("d", &denial(90), &denial(95))]).is_empty());
        assert!(found(&[rule("a", &all, &all), rule("d", &denial(110), &denial(210))]).is_empty(), "it was");
        assert_eq!(
            found(&[rule("a", &all, &values("allow", 80, "0.0.0.0/0")), rule("d", &denial(90), &denial(90))]),
            [("a".to_owned(), passed.to_owned())]
        );
    }

    #[test]
    fn a_denial_that_falls_behind_a_rule_for_a_part_is_told() {
        let azure = |access: &str, priority: u32, source: &str, port: &str| {
            format!(
                r#"{{"network_security_group_name": "n", "direction": "Inbound", "access": "{access}", "priority": {priority},
                    "protocol": "*", "source_address_prefix": "{source}", "destination_port_range": "{port}",
                    "destination_address_prefix": "*"}}"#
            )
        };
        let change = |name: &str, before: &str, after: &str| {
            rule(name, before, after).replace("aws_network_acl_rule", "azurerm_network_security_rule")
        };
        let allow = |priority| azure("Allow", priority, "VirtualNetwork", "*");
        let deny = |priority| azure("Deny", priority, "*", "3389");
        let of = |allowed: (u32, u32), denied: (u32, u32)| {
            found(&[
                change("a", &allow(allowed.0), &allow(allowed.1)),
                change("d", &deny(denied.0), &deny(denied.1)),
            ])
        };
        let told = "azurerm_network_security_rule.d denies less than before: of any port 3389 (RDP) from 0.0.0.0/0, \
                    azurerm_network_security_rule.a now comes first and allows a part";
        assert_eq!(of((300, 300), (100, 400)), [("d".to_owned(), told.to_owned())]);
        assert_eq!(of((300, 90), (100, 100)), [("a".to_owned(), told.to_owned())]);
        assert!(of((300, 300), (100, 200)).is_empty());
        assert!(of((300, 500), (100, 400)).is_empty(), "renumbered");
        assert!(of((300, 300), (400, 100)).is_empty());
        let new = r#"{"address": "azurerm_network_security_rule.n", "change": {"actions": ["create"], "before": null, "after": "#;
        let new = format!("{new}{}}}}}", azure("Allow", 50, "10.1.0.0/16", "3389"));
        assert!(
            found(&[change("d", &deny(100), &deny(100)), new]).is_empty(),
            "an exception is everyday work"
        );
        let (net, all) = (values("allow", 300, "10.0.0.0/8"), |number| values("deny", number, "0.0.0.0/0"));
        assert_eq!(found(&[rule("a", &net, &net), rule("d", &all(100), &all(400))]).len(), 1);
    }

    #[test]
    fn a_denial_that_is_narrowed_is_lost_unless_nothing_allows_it() {
        let (wide, narrow) = (values("deny", 90, "203.0.113.0/24"), values("deny", 90, "203.0.113.0/25"));
        let (all, office) = (values("allow", 100, "0.0.0.0/0"), values("allow", 100, "198.51.100.0/24"));
        let narrowed = rule("d", &wide, &narrow);
        assert_eq!(
            found(&[rule("a", &all, &all), narrowed.clone()])[0].1,
            "aws_network_acl_rule.d no longer denies all ports from 203.0.113.0/24"
        );
        assert!(found(&[rule("a", &office, &office), narrowed]).is_empty());
        assert!(found(&[rule("a", &all, &all), rule("d", &narrow, &wide)]).is_empty());
    }

    #[test]
    fn a_denial_that_is_turned_off_is_lost() {
        let firewall = |disabled: bool, tags: &str| {
            format!(
                r#"{{"network": "n", "direction": "EGRESS", "disabled": {disabled}, "destination_ranges": ["0.0.0.0/0"],
                    "deny": [{{"protocol": "all"}}], "priority": 65534, "target_tags": [{tags}]}}"#
            )
        };
        let changed = |before: &str, after: &str| {
            let change = format!(
                r#"{{"address": "google_compute_firewall.f", "change": {{"actions": ["update"], "before": {before}, "after": {after}}}}}"#
            );
            found(&[change]).len()
        };
        let on = firewall(false, "");
        assert_eq!(
            (
                changed(&on, &firewall(true, "")),
                changed(&on, &firewall(false, r#""db""#)),
                changed(&firewall(true, ""), &on)
            ),
            (1, 1, 0)
        );
    }
}
