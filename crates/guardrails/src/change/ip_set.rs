//! Finds sets of addresses of a web application firewall that let in more: a list of allowed ones that grows, a list of
//! blocked ones that shrinks. What a set is for, only the rules say that refer to it.

use std::collections::HashMap;
use std::ops::Deref;

use planguard_plan::{Mode, Plan, Value};
use planguard_rule::Severity;

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, sight};
use super::network::{Addresses, Union};

/// The types of sets, with the way to their ranges.
const SETS: &[(&str, &[&str])] = &[
    ("aws_wafv2_ip_set", &["addresses"]),
    ("aws_waf_ipset", &["ip_set_descriptors", "value"]),
    ("aws_wafregional_ipset", &["ip_set_descriptors", "value"]),
];

/// What the rules do with the addresses of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Allowed,
    Blocked,
}

/// The finding for a set that lets in more than before.
pub(super) fn finding<'p>(pair: &Pair<'_>, uses: &impl Deref<Target = Uses<'p>>) -> Option<ChangeFinding> {
    let own_type = pair.resource.address.resource_type.as_str();
    let (_, way) = SETS.iter().find(|(name, _)| *name == own_type)?;
    let ranges = |state| -> Option<Vec<Addresses>> {
        let mut ranges = Vec::new();
        for place in places(&planguard_plan::ResourceState::root(state), way) {
            match sight(&place) {
                Sight::Known(Value::Array(elements)) => {
                    ranges.extend(elements.iter().filter_map(Value::as_str).flat_map(Addresses::parse));
                }
                Sight::Known(value) => ranges.extend(value.as_str().into_iter().flat_map(Addresses::parse)),
                Sight::Unset => {}
                Sight::Unknown | Sight::Computed => return None,
            }
        }
        Some(ranges)
    };
    let (before, after) = (ranges(&pair.before)?, ranges(&pair.after)?);
    let new = beyond(&after, &before);
    let address = &pair.resource.address;
    let uses = uses.of_set(pair);
    let allows = new.iter().any(|range| range.is_wide_and_public());
    // Nobody blocks half of the internet by its addresses.
    let is_everyone = Addresses::cover_half_the_internet(&new);
    let (message, remedy) = if uses.contains(&Use::Allowed) && allows {
        let message = format!(
            "{address} allows more traffic than before: {} in a set of addresses that rules allow",
            shown(&new)
        );
        (message, ALLOW_LESS)
    } else if uses.is_empty() && is_everyone {
        let message = format!(
            "{address} allows more traffic than before: {} if rules allow its addresses",
            shown(&new)
        );
        (message, ALLOW_LESS)
    } else if uses.contains(&Use::Blocked) {
        let lost = beyond(&before, &after);
        if lost.is_empty() {
            return None;
        }
        let message =
            format!("{address} allows more traffic than before: rules no longer block {}", shown(&lost));
        // A few addresses of a list of blocked ones come and go; a wide range is another matter.
        let found = ChangeFinding::on(pair.resource, message).mended_by(BLOCK_AGAIN);
        let is_wide = lost.iter().any(|range| range.is_wide_and_public());
        return Some(if is_wide { found } else { found.weighing(Severity::Medium) });
    } else {
        return None;
    };
    Some(ChangeFinding::on(pair.resource, message).mended_by(remedy))
}

const ALLOW_LESS: &str = "List the addresses alone that the rules are to let in.";

const BLOCK_AGAIN: &str = "Put the addresses back into the set. If they are to be let in again, waive this finding for the address.";

/// The ranges of one list that another one does not cover.
fn beyond(list: &[Addresses], other: &[Addresses]) -> Vec<Addresses> {
    let other = Union::of(other.to_vec());
    list.iter().copied().filter(|range| !other.covers(*range)).collect()
}

fn shown(ranges: &[Addresses]) -> String {
    const MOST: usize = 4;
    let mut shown: Vec<String> = ranges.iter().take(MOST).map(ToString::to_string).collect();
    if ranges.len() > MOST {
        shown.push(format!("{} more", ranges.len() - MOST));
    }
    shown.join(", ")
}

/// What the rules of a plan do with the addresses of sets, by the ARN or the identifier of the set.
pub(super) struct Uses<'p>(HashMap<&'p str, Vec<Use>>);

impl<'p> Uses<'p> {
    /// Reads the rules of a plan.
    pub(super) fn of(plan: &'p Plan<'p>) -> Self {
        let mut found: HashMap<&str, Vec<Use>> = HashMap::new();
        let firewalls = plan.each_change().filter(|change| {
            change.address.mode == Mode::Managed && change.address.resource_type.starts_with("aws_waf")
        });
        let values = firewalls.filter_map(|one| one.change.after.as_deref().or(one.change.before.as_deref()));
        for rule in values.filter_map(|values| values.get("rule")).flat_map(Value::elements) {
            let is_set = |name: &str| {
                rule.get("action").is_some_and(|action| match action {
                    Value::Array(blocks) => blocks
                        .iter()
                        .any(|block| block.get(name).is_some_and(|own| !own.elements().is_empty())),
                    action => action.as_str().is_some_and(|own| own.eq_ignore_ascii_case(name)),
                })
            };
            let is_allowed = is_set("allow");
            for (set, naming) in named_sets(rule) {
                found.entry(set).or_default().push(match (is_allowed, naming) {
                    (true, Naming::Plain) => Use::Allowed,
                    // What is not in the set is blocked, or counted, or has to prove more.
                    (false, Naming::Negated) => Use::Allowed,
                    (true, Naming::Negated) | (false, Naming::Plain) => Use::Blocked,
                });
            }
        }
        Self(found)
    }

    fn of_set(&self, pair: &Pair<'_>) -> Vec<Use> {
        let before = pair.resource.change.before.as_deref();
        let names = ["arn", "id"].iter().filter_map(|name| before?.get(name)?.as_str());
        names.filter_map(|name| self.0.get(name)).flatten().copied().collect()
    }
}

/// How a rule names a set.
#[derive(Clone, Copy)]
enum Naming {
    Plain,
    /// Its statement is about what is not in the set.
    Negated,
}

impl Naming {
    const fn negated(self) -> Self {
        match self {
            Self::Plain => Self::Negated,
            Self::Negated => Self::Plain,
        }
    }
}

/// The sets that a rule names, and how.
fn named_sets<'v>(rule: &'v Value<'_>) -> Vec<(&'v str, Naming)> {
    let mut found = Vec::new();
    let mut left = vec![(rule, Naming::Plain)];
    while let Some((value, naming)) = left.pop() {
        match value {
            Value::Array(elements) => left.extend(elements.iter().map(|element| (element, naming))),
            Value::Object(_) => {
                for (key, member) in value.members() {
                    match (key.as_ref(), member.as_str()) {
                        ("arn" | "data_id" | "rule_id", Some(set)) => found.push((set, naming)),
                        ("not_statement", _) => left.push((member, naming.negated())),
                        _ => left.push((member, naming)),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::exposure_cidr::GUARD;
    use super::super::testing::find_in_changes;

    fn found(before: &str, after: &str, action: &str, statement: &str) -> Vec<String> {
        let changes = format!(
            r#"{{"address": "aws_wafv2_ip_set.s", "change": {{"actions": ["update"],
                "before": {{"arn": "x", "addresses": [{before}]}}, "after": {{"arn": "x", "addresses": [{after}]}}}}}},
               {{"address": "aws_wafv2_web_acl.w", "change": {{"actions": ["no-op"], "before": null,
                "after": {{"rule": [{{"action": [{{"{action}": [{{}}]}}], "statement": [{statement}]}}]}}}}}}"#
        );
        find_in_changes(&GUARD, &changes).into_iter().map(|finding| finding.message).collect()
    }

    const IN: &str = r#"{"ip_set_reference_statement": [{"arn": "x"}]}"#;
    const OUTSIDE: &str =
        r#"{"not_statement": [{"statement": [{"ip_set_reference_statement": [{"arn": "x"}]}]}]}"#;
    const OTHER: &str = r#"{"ip_set_reference_statement": [{"arn": "y"}]}"#;

    #[test]
    fn a_set_is_judged_by_what_rules_do_with_it() {
        let (office, world) = (r#""198.51.100.0/24""#, r#""198.51.100.0/24", "0.0.0.0/1", "128.0.0.0/1""#);
        assert_eq!(
            found(office, world, "allow", IN),
            [
                "aws_wafv2_ip_set.s allows more traffic than before: 0.0.0.0/1, 128.0.0.0/1 in a set of addresses that \
              rules allow"
            ]
        );
        assert_eq!(found(office, world, "block", OUTSIDE).len(), 1);
        assert!(found(office, world, "block", IN).is_empty());
        assert!(found(world, office, "allow", IN).is_empty());
        assert_eq!(
            found(world, office, "block", IN),
            [
                "aws_wafv2_ip_set.s allows more traffic than before: rules no longer block 0.0.0.0/1, 128.0.0.0/1"
            ]
        );
        assert_eq!(
            found(office, world, "block", OTHER).len(),
            1,
            "who uses it is not known, and it is everyone"
        );
        let site = r#""198.51.100.0/24", "203.0.113.0/28""#;
        assert!(found(office, site, "allow", IN).is_empty(), "one more site");
    }
}
