//! Rules by which a service puts findings or alarms away before anybody sees them, and that a change makes take in more.

use planguard_plan::{ResourceChange, ResourceState, Value, View};

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, sight};

/// The finding for a rule that puts away more than before.
pub(super) fn widened(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let address = &pair.resource.address;
    match address.resource_type.as_str() {
        GUARDDUTY | SECURITY_HUB => {}
        "azurerm_monitor_alert_processing_rule_suppression" => return more_scopes(pair),
        _ => return None,
    }
    if !archives(&pair.after)? {
        return None;
    }
    if !archives(&pair.before)? {
        let message = format!("{address} {}: it did not before", says(&address.resource_type));
        return Some(ChangeFinding::on(pair.resource, message));
    }
    let (before, after) = (criteria(&pair.before)?, criteria(&pair.after)?);
    let wider = before.iter().find(|old| after.iter().all(|new| !new.is_within(old)))?;
    let what = match after.iter().any(|new| new.field == wider.field) {
        true => "takes in more",
        false => "is no longer demanded",
    };
    let message =
        format!("{address} {}: its criterion `{}` {what}", says(&address.resource_type), wider.field);
    Some(ChangeFinding::on(pair.resource, message))
}

/// Whether a new object puts findings away.
pub(super) fn is_archiving(new: &ResourceChange<'_>, state: &ResourceState<'_>) -> bool {
    matches!(new.address.resource_type.as_str(), GUARDDUTY | SECURITY_HUB) && archives(state) == Some(true)
}

const GUARDDUTY: &str = "aws_guardduty_filter";
const SECURITY_HUB: &str = "aws_securityhub_automation_rule";

fn says(resource_type: &str) -> &'static str {
    match resource_type {
        GUARDDUTY => "archives findings that were shown",
        _ => "suppresses findings that were shown",
    }
}

/// Whether a rule puts findings away; `None` where that is known only after apply.
fn archives(state: &ResourceState<'_>) -> Option<bool> {
    let root = state.root();
    let has = |way: &[&str], word: &str| {
        let mut has = false;
        for place in places(&root, way) {
            match sight(&place) {
                Sight::Known(value) => {
                    has |= value.as_str().is_some_and(|own| own.eq_ignore_ascii_case(word))
                }
                Sight::Unset => {}
                Sight::Unknown | Sight::Computed => return None,
            }
        }
        Some(has)
    };
    match state.change.address.resource_type.as_str() {
        GUARDDUTY => has(&["action"], "ARCHIVE"),
        _ => {
            let status = ["actions", "finding_fields_update", "workflow", "status"];
            let puts_away = has(&status, "SUPPRESSED")? || has(&status, "RESOLVED")?;
            Some(puts_away && !has(&["rule_status"], "DISABLED")?)
        }
    }
}

/// What a finding has to meet: one attribute, with what is said of it as a whole.
#[derive(Debug, PartialEq)]
struct Criterion<'p> {
    field: String,
    /// The values of which one has to be there.
    any_of: Vec<&'p Value<'p>>,
    /// What else is said, by the name of the setting.
    rest: Vec<(String, &'p Value<'p>)>,
}

impl Criterion<'_> {
    /// Whether all findings that meet this criterion meet another one.
    fn is_within(&self, other: &Self) -> bool {
        self.field == other.field
            && self.rest == other.rest
            && (self.any_of.iter().all(|value| other.any_of.contains(value)))
            && self.any_of.is_empty() == other.any_of.is_empty()
    }
}

/// The criteria of one side; `None` if some are known only after apply.
fn criteria<'p>(state: &ResourceState<'p>) -> Option<Vec<Criterion<'p>>> {
    let root = state.root();
    match state.change.address.resource_type.as_str() {
        GUARDDUTY => {
            let lists = places(&root, &["finding_criteria", "criterion"]);
            let blocks = lists.iter().map(View::elements).collect::<Option<Vec<_>>>()?.concat();
            blocks.iter().map(of_guardduty).collect()
        }
        _ => {
            let blocks = root.key("criteria").elements()?;
            let members =
                blocks.iter().filter_map(|block| sight(block).known()).flat_map(|block| block.members());
            let set = members.filter(|(_, value)| !value.elements().is_empty());
            Some(
                set.map(|(name, value)| Criterion {
                    field: name.to_string(),
                    any_of: value.elements().iter().collect(),
                    rest: Vec::new(),
                })
                .collect(),
            )
        }
    }
}

fn of_guardduty<'p>(block: &View<'p, '_>) -> Option<Criterion<'p>> {
    let Sight::Known(value) = sight(block) else { return None };
    let is_said = |value: &Value<'_>| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    };
    let rest = value
        .members()
        .iter()
        .filter(|(name, value)| !matches!(name.as_ref(), "field" | "equals") && is_said(value));
    Some(Criterion {
        field: value.get("field")?.as_str()?.to_owned(),
        any_of: value.get("equals").map(|list| list.elements().iter().collect()).unwrap_or_default(),
        rest: rest.map(|(name, value)| (name.to_string(), value)).collect(),
    })
}

/// The finding for alarms of more objects that nobody is told of.
fn more_scopes(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let scopes = |state: &ResourceState<'_>| -> Option<Vec<String>> {
        let Sight::Known(value) = sight(&state.root().key("scopes")) else { return None };
        value.elements().iter().map(|scope| scope.as_str().map(ToOwned::to_owned)).collect()
    };
    let (before, after) = (scopes(&pair.before)?, scopes(&pair.after)?);
    let is_covered = |scope: &String| {
        before.iter().any(|old| {
            let rest = scope.to_ascii_lowercase();
            rest.strip_prefix(&old.to_ascii_lowercase())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let new = after.iter().find(|scope| !is_covered(scope))?;
    let place = pair.after.root().key("scopes");
    let named = if place.is_sensitive() { "one more".to_owned() } else { format!("`{new}`") };
    let message = format!(
        "{} silences alarms of more objects than before: `scopes` now has {named}",
        pair.resource.address
    );
    Some(ChangeFinding::on(pair.resource, message).at(place.path().clone()))
}

#[cfg(test)]
mod tests {
    use super::super::audit_trail_weakened::GUARD;
    use super::super::exception_created;
    use super::super::testing::{find_in_changes, find_in_update};

    fn filter(action: &str, criteria: &[(&str, &[&str])]) -> String {
        let criteria: Vec<_> = criteria
            .iter()
            .map(|(field, equals)| serde_json::json!({"field": field, "equals": equals, "less_than": "", "matches": []}))
            .collect();
        serde_json::json!({"action": action, "finding_criteria": [{"criterion": criteria}]}).to_string()
    }

    fn found(before: &str, after: &str) -> Vec<String> {
        let found = find_in_update(&GUARD, "aws_guardduty_filter.a", before, after, "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_filter_that_archives_more_is_told() {
        let of_one = filter("ARCHIVE", &[("type", &["A"]), ("ip", &["192.0.2.1"])]);
        assert_eq!(
            found(&of_one, &filter("ARCHIVE", &[("type", &["A"])])),
            [
                "aws_guardduty_filter.a archives findings that were shown: its criterion `ip` is no longer demanded"
            ]
        );
        assert_eq!(
            found(&of_one, &filter("ARCHIVE", &[("type", &["A", "B"]), ("ip", &["192.0.2.1"])])),
            ["aws_guardduty_filter.a archives findings that were shown: its criterion `type` takes in more"]
        );
        assert_eq!(found(&filter("ARCHIVE", &[("type", &["A", "B"])]), &of_one), [""; 0]);
        let shows = filter("NOOP", &[("type", &["A"])]);
        assert_eq!(found(&shows, &filter("ARCHIVE", &[("type", &["A"])])).len(), 1);
        assert_eq!(found(&shows, &filter("NOOP", &[("type", &["A", "B"])])), [""; 0]);
    }

    #[test]
    fn a_new_filter_that_archives_is_an_exception() {
        let found = |action: &str| {
            let entry = format!(
                r#"{{"address": "aws_guardduty_filter.a", "change": {{"actions": ["create"], "before": null, "after": {}}}}}"#,
                filter(action, &[("severity", &["1"])])
            );
            find_in_changes(&exception_created::GUARD, &entry).len()
        };
        assert_eq!((found("ARCHIVE"), found("NOOP")), (1, 0));
    }

    #[test]
    fn a_rule_that_suppresses_more_is_told() {
        let rule = |status: &str, criteria: &str| {
            format!(
                r#"{{"rule_status": "ENABLED", "criteria": [{criteria}],
                    "actions": [{{"finding_fields_update": [{{"workflow": [{{"status": "{status}"}}]}}]}}]}}"#
            )
        };
        let found = |before: &str, after: &str| {
            find_in_update(&GUARD, "aws_securityhub_automation_rule.a", before, after, "{}").len()
        };
        let both = r#"{"title": [{"value": "a"}], "severity_label": [{"value": "LOW"}]}"#;
        let one = r#"{"title": [], "severity_label": [{"value": "LOW"}]}"#;
        assert_eq!(found(&rule("SUPPRESSED", both), &rule("SUPPRESSED", one)), 1);
        assert_eq!(found(&rule("SUPPRESSED", one), &rule("SUPPRESSED", both)), 0);
        assert_eq!(found(&rule("NOTIFIED", one), &rule("SUPPRESSED", one)), 1);
        assert_eq!(found(&rule("NOTIFIED", both), &rule("NOTIFIED", one)), 0);
    }

    #[test]
    fn alarms_of_a_whole_subscription_are_more_than_those_of_a_group() {
        let found = |before: &str, after: &str| {
            let scopes = |scope: &str| format!(r#"{{"scopes": ["{scope}"]}}"#);
            let address = "azurerm_monitor_alert_processing_rule_suppression.a";
            find_in_update(&GUARD, address, &scopes(before), &scopes(after), "{}").len()
        };
        assert_eq!(found("/subscriptions/s/resourceGroups/a", "/subscriptions/s"), 1);
        assert_eq!(found("/subscriptions/s", "/subscriptions/s/resourceGroups/a"), 0);
    }
}
