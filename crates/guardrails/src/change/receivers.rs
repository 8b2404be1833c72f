//! Receivers that stand in the text of an alert, as in `@pagerduty-team`, and are taken out of it.

use std::collections::BTreeSet;

use planguard_plan::{ResourceState, Value};

use super::ChangeFinding;
use super::compare::{Pair, Sight, sight};

/// Types with alerts, and the attributes with their texts.
const TEXTS: &[(&str, &[&str])] = &[
    ("datadog_monitor", &["message", "escalation_message"]),
    ("datadog_monitor_json", &["monitor"]),
    ("datadog_synthetics_test", &["message"]),
];

/// What the names of receivers start with that wake somebody.
const PAGERS: [&str; 6] = ["pagerduty", "opsgenie", "oncall", "on-call", "victorops", "splunk-oncall"];

/// The finding for an alert that fewer receive, or that wakes nobody any more.
pub(super) fn lost(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let address = &pair.resource.address;
    let (_, attributes) = TEXTS.iter().find(|(name, _)| *name == address.resource_type)?;
    let (before, after) = (all(&pair.before, attributes)?, all(&pair.after, attributes)?);
    let lost: Vec<&String> = before.difference(&after).collect();
    let gained = after.difference(&before).count();
    let wakes = |receivers: &BTreeSet<String>| receivers.iter().any(|receiver| is_pager(receiver));
    // Another receiver in the place of one may be the same people.
    let wakes_nobody_now = wakes(&before) && !wakes(&after);
    if lost.is_empty() || (gained > 0 && !wakes_nobody_now) {
        return None;
    }
    let is_sensitive = attributes.iter().any(|name| {
        pair.before.root().key(name).is_sensitive() || pair.after.root().key(name).is_sensitive()
    });
    let named: Vec<String> = lost.iter().map(|receiver| format!("`@{receiver}`")).collect();
    let who = if is_sensitive { "a receiver of it".to_owned() } else { named.join(", ") };
    let rest = match (after.is_empty(), wakes_nobody_now) {
        (true, _) => ", and nobody else",
        (false, true) => ", and nobody is woken",
        (false, false) => "",
    };
    let place = pair.after.root().key(attributes.first()?);
    let message = format!("{address} no longer tells {who}{rest}");
    Some(ChangeFinding::on(pair.resource, message).at(place.path().clone()))
}

/// The receivers in the texts of one side; `None` if one of them is known only after apply.
fn all(state: &ResourceState<'_>, attributes: &[&str]) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for name in attributes {
        match sight(&state.root().key(name)) {
            Sight::Known(Value::String(text)) => found.extend(receivers(text)),
            Sight::Known(_) | Sight::Unset => {}
            Sight::Unknown | Sight::Computed => return None,
        }
    }
    Some(found)
}

/// The names after an `@` that starts a word.
fn receivers(text: &str) -> impl Iterator<Item = String> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '@' | '+');
    text.split(move |letter: char| !is_part(letter)).filter_map(|word| {
        let name = word.strip_prefix('@')?.trim_end_matches('.');
        (!name.is_empty()).then(|| name.to_owned())
    })
}

fn is_pager(receiver: &str) -> bool {
    let receiver = receiver.to_ascii_lowercase();
    PAGERS.iter().any(|start| receiver.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::super::alarm_removed::GUARD;
    use super::super::testing::find_in_update;

    fn found(before: &str, after: &str) -> Vec<String> {
        let monitor = |text: &str| serde_json::json!({"name": "m", "message": text}).to_string();
        let found = find_in_update(&GUARD, "datadog_monitor.m", &monitor(before), &monitor(after), "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_receiver_that_is_taken_out_is_told() {
        assert_eq!(
            found("It fails. @pagerduty-pay @slack-pay", "It fails. @slack-pay"),
            ["datadog_monitor.m no longer tells `@pagerduty-pay`, and nobody is woken"]
        );
        assert_eq!(
            found("It fails: @ops@acme.example.", "It fails."),
            ["datadog_monitor.m no longer tells `@ops@acme.example`, and nobody else"]
        );
        assert_eq!(found("@pagerduty-pay", "@slack-pay").len(), 1);
        assert_eq!(found("@slack-a @slack-b", "@slack-b"), ["datadog_monitor.m no longer tells `@slack-a`"]);
    }

    #[test]
    fn other_words_and_other_names_for_the_same_are_none() {
        assert_eq!(found("Fails @pagerduty-pay", "It fails for mail a@b.example. @pagerduty-pay"), [""; 0]);
        assert_eq!(found("@pagerduty-pay", "@pagerduty-orders"), [""; 0]);
        assert_eq!(found("@slack-pay", "@slack-pay @pagerduty-pay"), [""; 0]);
        assert_eq!(found("mail a@b.example", "mail nobody"), [""; 0]);
    }
}
