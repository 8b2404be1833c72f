//! Reports rules of an intrusion prevention system, in the language of Suricata, that no longer stop what they stopped.

use std::collections::BTreeMap;

use planguard_plan::{ResourceState, Value};

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, sight};

/// Where a rule group has the text of its rules.
const TEXTS: &[&[&str]] = &[&["rules"], &["rule_group", "rules_source", "rules_string"]];

/// How many rules a message names.
const MOST: usize = 3;

/// The finding for rules that are gone, or only tell now.
pub(super) fn let_through(pair: &Pair<'_>) -> Option<ChangeFinding> {
    if pair.resource.address.resource_type != "aws_networkfirewall_rule_group" {
        return None;
    }
    let (before, after) = (rules(&pair.before)?, rules(&pair.after)?);
    let stops = |rule: &&Rule| rule.stops;
    let is_new = |name: &&String| !before.contains_key(*name);
    let new = after.iter().filter(|(name, rule)| stops(rule) && is_new(name)).count();
    let mut weaker = Vec::new();
    let mut gone = Vec::new();
    for (name, rule) in before.iter().filter(|(_, rule)| stops(rule)) {
        match after.get(name) {
            Some(new) if new.stops => {}
            Some(new) => weaker.push(format!("{name} changes from `{}` to `{}`", rule.action, new.action)),
            None => gone.push(format!("{name} is removed")),
        }
    }
    // A rule under another number may do the same.
    if gone.len() > new {
        weaker.append(&mut gone);
    }
    let more = match weaker.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    weaker.truncate(MOST);
    (!weaker.is_empty()).then(|| {
        let message =
            format!("{} stops less traffic than before: {}{more}", pair.resource.address, weaker.join(", "));
        ChangeFinding::on(pair.resource, message)
    })
}

/// A rule: what it does with traffic.
struct Rule {
    action: String,
    /// Whether it stops traffic.
    stops: bool,
}

/// The rules of one side by their names; `None` if their text is known only after apply, or sensitive.
fn rules(state: &ResourceState<'_>) -> Option<BTreeMap<String, Rule>> {
    let mut rules = BTreeMap::new();
    for way in TEXTS {
        for place in places(&state.root(), way) {
            match sight(&place) {
                Sight::Known(Value::String(text)) if !place.is_sensitive() => {
                    rules.extend(text.lines().filter_map(rule));
                }
                Sight::Known(Value::Null) | Sight::Computed | Sight::Unset => {}
                Sight::Known(_) | Sight::Unknown => return None,
            }
        }
    }
    Some(rules)
}

/// A line as a rule: its number, or else all of it but its action, is its name.
fn rule(line: &str) -> Option<(String, Rule)> {
    let (action, rest) =
        line.trim().split_once(char::is_whitespace).filter(|(action, _)| !action.starts_with('#'))?;
    let action = action.to_ascii_lowercase();
    let stops = match action.as_str() {
        "drop" | "reject" | "rejectsrc" | "rejectdst" | "rejectboth" => true,
        "alert" | "pass" => false,
        _ => return None,
    };
    let options = rest.split_once('(').map(|(_, options)| options).unwrap_or_default();
    let number = options.split(';').find_map(|option| option.trim().strip_prefix("sid:"));
    let name = match number.map(str::trim) {
        Some(number) => format!("rule {number}"),
        None => format!("`{}`", rest.split('(').next().unwrap_or_default().trim()),
    };
    Some((name, Rule { action, stops }))
}

#[cfg(test)]
mod tests {
    use super::super::access_restriction_removed::GUARD;
    use super::super::testing::find_in_update;

    fn found(before: &str, after: &str) -> Vec<String> {
        let group = |text: &str| {
            serde_json::json!({"rule_group": [{"rules_source": [{"rules_string": text}]}]}).to_string()
        };
        let address = "aws_networkfirewall_rule_group.a";
        let found = find_in_update(&GUARD, address, &group(before), &group(after), "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    const SSH: &str = "tcp any any -> any 22 (msg:\"ssh\"; sid:1; rev:1;)";

    #[test]
    fn a_rule_that_only_tells_now_is_told() {
        assert_eq!(
            found(&format!("drop {SSH}"), &format!("# SSH\nalert {SSH}")),
            [
                "aws_networkfirewall_rule_group.a stops less traffic than before: rule 1 changes from `drop` to `alert`"
            ]
        );
        assert_eq!(found(&format!("reject {SSH}"), &format!("pass {SSH}")).len(), 1);
        assert_eq!(found(&format!("alert {SSH}"), &format!("drop {SSH}")), [""; 0]);
        assert_eq!(found(&format!("drop {SSH}"), &format!("reject {SSH}")), [""; 0]);
    }

    #[test]
    fn a_rule_that_is_gone_is_told_unless_another_one_comes() {
        let other = "drop tcp any any -> any 23 (sid:2;)";
        assert_eq!(found(&format!("drop {SSH}\n{other}"), other).len(), 1);
        assert_eq!(found(&format!("drop {SSH}"), other), [""; 0]);
        assert_eq!(found(&format!("drop {SSH}"), &format!("#drop {SSH}")).len(), 1);
    }
}
