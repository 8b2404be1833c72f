//! Rules of a web application firewall that let requests through before another rule can stop them.

use planguard_guardrail_format::change::Mark;
use planguard_plan::{ResourceState, Value, View};

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, shown, sight};
use super::switch::texts;
use super::tables::ACCESS_RESTRICTION_REMOVED;

/// The finding for a rule that lets through and came behind one that stops, and comes before it now.
pub(super) fn passed_by(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let mut marked = ACCESS_RESTRICTION_REMOVED.marked(&pair.resource.address.resource_type, Mark::Filters);
    marked.find_map(|marked| match marked.attribute.as_slice() {
        [block, name] => passed_by_in(pair, block, name),
        _ => None,
    })
}

fn passed_by_in(pair: &Pair<'_>, block: &str, name: &str) -> Option<ChangeFinding> {
    let (before, after) = (rules(&pair.before, block, name)?, rules(&pair.after, block, name)?);
    let of = |name: &str, does: Does| before.iter().find(|rule| rule.name == name && rule.does == does);
    let mut letting = after.iter().filter(|rule| rule.does == Does::Allow);
    letting.find_map(|allow| {
        let old = of(&allow.name, Does::Allow)?;
        let mut stopping = after.iter().filter(|rule| rule.does == Does::Stop && allow.place < rule.place);
        let stop = stopping.find(|stop| of(&stop.name, Does::Stop).is_some_and(|was| was.place < old.place))?;
        let message = format!(
            "{} stops fewer requests than before: rule {} now comes before rule {} and lets through what it stopped",
            pair.resource.address, allow.name, stop.name
        );
        Some(ChangeFinding::on(pair.resource, message))
    })
}

/// What a rule does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Allow,
    Stop,
    /// It counts, or what it does is nowhere in it.
    Other,
}

struct Rule {
    /// As messages show it.
    name: String,
    place: u64,
    does: Does,
}

/// The rules of one side; `None` if some of it is known only after apply, or sensitive.
fn rules(state: &ResourceState<'_>, block: &str, name: &str) -> Option<Vec<Rule>> {
    let rules = state.root().key(block).elements()?;
    rules
        .iter()
        .map(|rule| {
            let Sight::Known(Value::Number(place)) = sight(&rule.key("priority")) else { return None };
            let name = match name {
                // Rules of Cloud Armor are called by their place, and are the same where they match the same.
                "priority" => matched(rule)?,
                name => shown(&rule.key(name))?,
            };
            Some(Rule { name, place: place.as_u64()?, does: does(rule) })
        })
        .collect()
}

/// What a rule of Cloud Armor is about: its ranges, or its expression.
fn matched(rule: &View<'_, '_>) -> Option<String> {
    if rule.key("match").is_sensitive() {
        return None;
    }
    let ranges = places(rule, &["match", "config", "src_ip_ranges"]);
    let texts = ranges.iter().filter_map(|place| texts(sight(place).known()?)).flatten().collect::<Vec<_>>();
    let expression = places(rule, &["match", "expr", "expression"]);
    let named = expression.iter().find_map(|place| Some(sight(place).known()?.as_str()?.to_owned()));
    let named = named.or_else(|| (!texts.is_empty()).then(|| texts.join(", ")))?;
    Some(format!("`{named}`"))
}

/// The actions with which a rule stops what it matches, in the words of all providers.
fn is_stop(word: &str) -> bool {
    word.eq_ignore_ascii_case("block") || word.to_ascii_lowercase().starts_with("deny")
}

fn does(rule: &View<'_, '_>) -> Does {
    let action = rule.key("action");
    let is_set = |name: &str| {
        let blocks = action.elements().unwrap_or_default();
        blocks.iter().any(|block| block.key(name).elements().is_some_and(|inner| !inner.is_empty()))
    };
    match sight(&action) {
        Sight::Known(Value::String(word)) if word.eq_ignore_ascii_case("allow") => Does::Allow,
        Sight::Known(Value::String(word)) if is_stop(word) => Does::Stop,
        Sight::Known(Value::String(_)) => Does::Other,
        _ if is_set("allow") => Does::Allow,
        _ if is_set("block") || is_set("captcha") || is_set("challenge") => Does::Stop,
        _ => Does::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::access_restriction_removed::GUARD;
    use super::super::testing::find_in_update;

    #[test]
    fn a_rule_that_lets_through_first_is_told() {
        let acl = |allow: u32, block: u32| {
            format!(
                r#"{{"rule": [{{"name": "office", "priority": {allow}, "action": [{{"allow": [{{}}], "block": []}}]}},
                    {{"name": "bad", "priority": {block}, "action": [{{"allow": [], "block": [{{}}]}}]}}]}}"#
            )
        };
        let found = |before: &str, after: &str| {
            let found = find_in_update(&GUARD, "aws_wafv2_web_acl.a", before, after, "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            found(&acl(20, 10), &acl(20, 30)),
            [
                "aws_wafv2_web_acl.a stops fewer requests than before: rule `office` now comes before rule `bad` and lets through what it stopped"
            ]
        );
        assert_eq!(found(&acl(20, 10), &acl(5, 10)).len(), 1);
        assert_eq!(found(&acl(20, 30), &acl(20, 10)), [""; 0]);
        assert_eq!(found(&acl(20, 10), &acl(40, 30)), [""; 0], "renumbered");
        let policy = |allow: u32, block: u32| {
            format!(
                r#"{{"custom_rules": [{{"name": "office", "priority": {allow}, "action": "Allow"}},
                    {{"name": "bad", "priority": {block}, "action": "Block"}}]}}"#
            )
        };
        let address = "azurerm_web_application_firewall_policy.a";
        assert_eq!(find_in_update(&GUARD, address, &policy(20, 10), &policy(20, 30), "{}").len(), 1);
    }

    #[test]
    fn a_rule_of_cloud_armor_that_comes_behind_one_that_lets_through_is_told() {
        let policy = |deny: u32, allow: u32| {
            format!(
                r#"{{"rule": [{{"priority": {deny}, "action": "deny(403)", "match": [{{"config": [{{"src_ip_ranges": ["203.0.113.0/24"]}}]}}]}},
                    {{"priority": {allow}, "action": "allow", "match": [{{"config": [{{"src_ip_ranges": ["*"]}}]}}]}}]}}"#
            )
        };
        let found = |before: &str, after: &str| {
            find_in_update(&GUARD, "google_compute_security_policy.a", before, after, "{}").len()
        };
        assert_eq!(found(&policy(1000, 2000), &policy(3000, 2000)), 1);
        assert_eq!(found(&policy(3000, 2000), &policy(1000, 2000)), 0);
        assert_eq!(found(&policy(1000, 2000), &policy(1100, 2000)), 0);
    }
}
