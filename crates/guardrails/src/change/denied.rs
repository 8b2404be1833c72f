//! Finds network rules that no longer deny what they denied: turned off, narrowed, or behind a rule that allows it first.

use std::collections::BTreeMap;

use planguard_guardrail_format::change::{Direction, TrafficEffect};
use planguard_plan::{Mode, Plan, ResourceChange, ResourceState, Side};

use super::ChangeFinding;
use super::exposure_split::name;
use super::openings::{Opening, Reader};

/// The findings for denials that are lost while their rule, or the object with it, stays. A rule that is destroyed is a
/// matter of `guard_removed`.
pub(super) fn findings(plan: &Plan<'_>) -> Vec<ChangeFinding> {
    let mut objects: BTreeMap<(&str, Direction, String), Object<'_>> = BTreeMap::new();
    let managed = plan.resource_changes.iter().filter(|change| {
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
                let found = reader.read(&state).known.into_iter().map(|opening| Rule { change, opening });
                match effect {
                    TrafficEffect::Allow => rules.allow.extend(found),
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
                continue;
            }
            // A rule that nothing changes is the one that another one passes by.
            let first = self.after.deny.iter().filter(|own| own.change.address == denial.change.address);
            let first = first.filter(|own| own.takes_in(denial)).find_map(|own| self.after.before(own));
            let is_changed = |change: &ResourceChange<'_>| !change.change.actions.is_no_op();
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
            let way = match direction {
                Direction::In => "from",
                Direction::Out => "to",
            };
            let what = format!("{} {way} {}", denial.opening.traffic, denial.opening.from);
            let message = match first {
                Some(allow) => format!(
                    "{} no longer denies {what}: {} comes first and allows it",
                    denial.change.address,
                    own_name(allow, denial)
                ),
                None => format!("{} no longer denies {what}", denial.change.address),
            };
            found.push(ChangeFinding::on(cause, message));
        }
        found
    }
}

/// The name of a rule that allows, beside the one that denies.
fn own_name(allow: &Rule<'_>, denial: &Rule<'_>) -> String {
    match (allow.change.address == denial.change.address, allow.opening.order) {
        (true, Some(order)) => format!("rule {order}"),
        _ => allow.change.address.to_string(),
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
