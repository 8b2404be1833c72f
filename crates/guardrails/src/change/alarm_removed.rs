//! Reports alarms, alert rules and budgets that are destroyed or silenced.

use std::collections::HashSet;

use planguard_plan::{Address, Plan, ResourceChange, ResourceState, Value};
use planguard_rule::Severity;

use super::about::About;
use super::alarm_threshold::weakened;
use super::changes::Changes;
use super::compare::{Pair, destroyed, pairs, sight};
use super::loss::{is_no_loss, losses};
use super::reason::because_destroyed;
use super::switch::{Wording, findings};
use super::tables::ALARM_REMOVED;
use super::twin::created;
use super::{
    ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, entry_filter, lists, numbers, receivers,
};
use crate::engine::is_empty;

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-alarm-removed",
        title: "An alarm is destroyed, silenced or told later",
        severity: Severity::Medium,
        why: "What an alarm watched goes on, and nobody is told when it fails, is attacked, or costs more than expected.",
        remediation: "Keep the alarm and its actions, or create its successor in the same plan. If nobody needs it any more, waive \
                      this finding for the address.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_cloudwatch_metric_alarm.errors", "change": {"actions": ["delete"],
            "before": {"alarm_name": "errors", "alarm_actions": ["arn:aws:sns:eu-west-1:111122223333:ops"]}, "after": null}}"#,
        r#"{"address": "aws_cloudwatch_metric_alarm.errors", "change": {"actions": ["update"],
            "before": {"alarm_name": "errors", "threshold": 5}, "after": {"alarm_name": "errors", "threshold": 4}}}"#,
    ),
    check,
};

const WORDING: Wording =
    Wording { certain: "no longer tells anybody", unknown: "may no longer tell anybody" };

const LISTS: lists::Wording =
    lists::Wording { what: "tells fewer than before", lost: "no longer contains", gained: "now leaves out" };

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = losses(plan, &ALARM_REMOVED);
    let is_no_loss = is_no_loss(&found);
    found.extend(
        pairs(plan)
            .filter(|pair| !is_by_the_clock(pair) && is_no_loss(pair))
            .flat_map(|pair| findings(&pair, &ALARM_REMOVED, &WORDING)),
    );
    for pair in pairs(plan).filter(&is_no_loss) {
        let changed = lists::changed(plan, &pair, &ALARM_REMOVED, &LISTS).into_iter();
        let is_narrower = counts_less(&pair);
        found.extend(changed.map(|finding| match is_narrower {
            true => finding.weighing(Severity::Medium),
            false => finding,
        }));
        found.extend(receivers::lost(&pair));
        found.extend(weakened(&pair));
        found.extend(entry_filter::of_alarms(&pair));
        found.extend(numbers::moved(&pair, &ALARM_REMOVED, LISTS.what));
    }
    found.extend(lost_receivers(plan, &found));
    found
}

/// Whether a filter of logs demands something more of a line than before, so that it counts fewer.
fn counts_less(pair: &Pair<'_>) -> bool {
    if pair.resource.address.resource_type != "aws_cloudwatch_log_metric_filter" {
        return false;
    }
    let pattern = |state: &ResourceState<'_>| {
        let text =
            sight(&state.root().key("pattern")).known()?.as_str()?.trim_matches(['{', '}', ' ']).to_owned();
        Some((text.matches("&&").count(), text.matches("||").count(), text))
    };
    match (pattern(&pair.before), pattern(&pair.after)) {
        (Some(before), Some(after)) => {
            after.0 > before.0 || after.1 < before.1 && before.2.contains(&after.2)
        }
        _ => false,
    }
}

const SUBSCRIPTION: &str = "aws_sns_topic_subscription";

/// A known text of an object.
fn text_of(values: Option<&Value<'_>>, name: &str) -> Option<String> {
    values?.get(name)?.as_str().map(ToOwned::to_owned)
}

/// The findings for queues and functions that no longer get what alarms of the plan send: those work for people.
fn lost_receivers(plan: &Plan<'_>, found: &[ChangeFinding]) -> Vec<ChangeFinding> {
    let is_alarm = |change: &&ResourceChange<'_>| {
        change.address.resource_type == "aws_cloudwatch_metric_alarm" && change.exists_after()
    };
    let actions = plan
        .each_change()
        .filter(is_alarm)
        .filter_map(|alarm| alarm.change.after.as_deref()?.get("alarm_actions"));
    let targets: HashSet<&str> =
        actions.flat_map(|actions| actions.elements()).filter_map(Value::as_str).collect();
    let topic_of = |new: &'_ ResourceChange<'_>| text_of(new.change.after.as_deref(), "topic_arn");
    let new: HashSet<String> =
        created(plan).filter(|new| new.address.resource_type == SUBSCRIPTION).filter_map(topic_of).collect();
    let told: HashSet<&Address> = found.iter().filter_map(|finding| finding.address.as_ref()).collect();
    let subscriptions = destroyed(plan).filter(|change| change.address.resource_type == SUBSCRIPTION);
    let lost = subscriptions.filter(|change| {
        text_of(change.change.before.as_deref(), "topic_arn").is_some_and(|topic| {
            targets.contains(topic.as_str()) && !told.contains(&change.address) && !new.contains(&topic)
        })
    });
    lost.map(|change| {
        let address = &change.address;
        let because = because_destroyed(change);
        let message = format!(
            "{address} is destroyed{because}; its subscriber no longer gets the alarms that go to the topic"
        );
        ChangeFinding::on(change, message)
    })
    .collect()
}

/// Whether a change is about the rule of an event bus that waits for no event: it starts something at a time.
fn is_by_the_clock(pair: &Pair<'_>) -> bool {
    pair.resource.address.resource_type == "aws_cloudwatch_event_rule"
        && sight(&pair.before.root().key("event_pattern")).known().is_none_or(is_empty)
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn a_filter_that_demands_more_of_a_line_is_no_small_matter() {
        let filter = |pattern: &str| serde_json::json!({"name": "f", "pattern": pattern}).to_string();
        let found = |before: &str, after: &str| {
            let address = "aws_cloudwatch_log_metric_filter.f";
            find_in_update(&GUARD, address, &filter(before), &filter(after), "{}")[0].severity
        };
        let root = "{ $.userIdentity.type = \"Root\" }";
        let less = "{ $.userIdentity.type = \"Root\" && $.eventType = \"X\" }";
        assert_eq!(found(root, less), Some(Severity::Medium));
        assert_eq!(found(less, root), Some(Severity::Low));
        assert_eq!(found("{ $.a = 1 || $.b = 2 }", "{ $.a = 1 }"), Some(Severity::Medium));
        assert_eq!(found("{ $.a = 1 }", "{ $.a = 1 || $.b = 2 }"), Some(Severity::Low));
    }

    #[test]
    fn a_rule_that_waits_for_events_is_an_alarm_and_one_by_the_clock_is_not() {
        let found = |when: &str| {
            let rule = |state: &str| format!(r#"{{"name": "a", {when}, "state": "{state}"}}"#);
            let address = "aws_cloudwatch_event_rule.a";
            find_in_update(&GUARD, address, &rule("ENABLED"), &rule("DISABLED"), "{}").len()
        };
        assert_eq!(found(r#""event_pattern": "{\"source\": [\"aws.guardduty\"]}""#), 1);
        assert_eq!(found(r#""schedule_expression": "rate(1 day)", "event_pattern": """#), 0);
    }

    #[test]
    fn an_alarm_without_actions_tells_nobody() {
        let before = r#"{"alarm_name": "a", "actions_enabled": true, "alarm_actions": ["t"]}"#;
        for (after, attribute) in [
            (r#"{"alarm_name": "a", "actions_enabled": false, "alarm_actions": ["t"]}"#, "actions_enabled"),
            (r#"{"alarm_name": "a", "actions_enabled": true, "alarm_actions": []}"#, "alarm_actions"),
        ] {
            let findings = find_in_update(&GUARD, "aws_cloudwatch_metric_alarm.a", before, after, "{}");
            let paths: Vec<String> =
                findings.iter().flat_map(|finding| &finding.attribute).map(ToString::to_string).collect();
            assert_eq!(paths, [attribute]);
        }
        let another = r#"{"alarm_name": "a", "actions_enabled": true, "alarm_actions": ["u"]}"#;
        let found = find_in_update(&GUARD, "aws_cloudwatch_metric_alarm.a", before, another, "{}");
        assert_eq!(found[0].severity, Some(Severity::Low), "somebody else is told");
    }
}
