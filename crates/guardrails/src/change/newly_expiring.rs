//! Reports new rules that delete what is in a bucket by its age, where the bucket is older than the plan.

use std::collections::HashSet;

use planguard_plan::{Plan, ResourceChange, ResourceState, Side, Value, View};

use super::ChangeFinding;
use super::compare::{Sight, places, sight};
use super::twin::{created, says};

/// A type of rules, as resources of their own.
struct Rules {
    resource_type: &'static str,
    /// The type that the rules are for.
    of: &'static str,
    /// The attribute that names the object, in both types.
    object: &'static str,
    /// The way to a rule.
    rule: &'static [&'static str],
    /// The attribute of a rule that says whether it is on, and the value with which it is.
    on: (&'static str, &'static str),
    /// The way from a rule to the days.
    days: &'static [&'static str],
    /// The ways from a rule to what limits it to some objects.
    limits: &'static [&'static [&'static str]],
}

const RULES: &[Rules] = &[
    Rules {
        resource_type: "aws_s3_bucket_lifecycle_configuration",
        of: "aws_s3_bucket",
        object: "bucket",
        rule: &["rule"],
        on: ("status", "Enabled"),
        days: &["expiration", "days"],
        limits: &[
            &["prefix"],
            &["filter", "prefix"],
            &["filter", "tag"],
            &["filter", "and"],
            &["filter", "object_size_greater_than"],
            &["filter", "object_size_less_than"],
        ],
    },
    Rules {
        resource_type: "azurerm_storage_management_policy",
        of: "azurerm_storage_account",
        object: "storage_account_id",
        rule: &["rule"],
        on: ("enabled", "true"),
        days: &["actions", "base_blob", "delete_after_days_since_modification_greater_than"],
        limits: &[&["filters", "prefix_match"], &["filters", "match_blob_index_tag"]],
    },
];

/// The findings for new rules about everything in an object that is older than the plan.
pub(super) fn found(plan: &Plan<'_>) -> Vec<ChangeFinding> {
    // The name of a bucket of the same plan is known as well, and nothing is in it yet.
    let of_new = created(plan).filter_map(|new| {
        let rules = RULES.iter().find(|rules| rules.of == new.address.resource_type)?;
        new.change.after.as_deref()?.get(rules.object)?.as_str()
    });
    let of_new: HashSet<&str> = of_new.collect();
    created(plan)
        .filter_map(|new| {
            let rules = RULES.iter().find(|rules| rules.resource_type == new.address.resource_type)?;
            finding(plan, new, rules, &of_new)
        })
        .collect()
}

fn finding(
    plan: &Plan<'_>,
    new: &ResourceChange<'_>,
    rules: &Rules,
    of_new: &HashSet<&str>,
) -> Option<ChangeFinding> {
    let state = ResourceState::new(plan, new, Side::After)?;
    let root = state.root();
    let object = text(&root.key(rules.object))?;
    if of_new.contains(object.as_str()) {
        return None;
    }
    let lists = places(&root, rules.rule);
    let all = lists.iter().flat_map(|list| list.elements().unwrap_or_default());
    let (place, days) = all
        .filter(|rule| text(&rule.key(rules.on.0)).is_some_and(|on| on.eq_ignore_ascii_case(rules.on.1)))
        .filter(|rule| !rules.limits.iter().any(|way| places(rule, way).iter().any(is_set)))
        .find_map(|rule| {
            let place = places(&rule, rules.days).into_iter().next()?;
            let days = text(&place).filter(|days| days != "0")?;
            Some((place.path().clone(), days))
        })?;
    let message = format!(
        "{} is new: everything in `{object}` that is older than {days} days is deleted (`{place}`)",
        new.address
    );
    Some(ChangeFinding::on(new, message).at(place))
}

/// The text of a place, also of a number or a flag; `None` where it is not known, or sensitive.
fn text(place: &View<'_, '_>) -> Option<String> {
    match sight(place).known().filter(|_| !place.is_sensitive())? {
        Value::String(text) if !text.is_empty() => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_set(place: &View<'_, '_>) -> bool {
    match sight(place) {
        Sight::Known(value) => says(value),
        Sight::Unknown => true,
        Sight::Computed | Sight::Unset => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::retention_lowered::GUARD;
    use super::super::testing::find_in_changes;

    fn told(rule: &str, others: &str) -> Vec<String> {
        let entry = format!(
            r#"{{"address": "aws_s3_bucket_lifecycle_configuration.a", "change": {{"actions": ["create"], "before": null,
                "after": {{"bucket": "data", "rule": [{rule}]}}}}}}{others}"#
        );
        find_in_changes(&GUARD, &entry).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_new_rule_about_everything_in_an_old_bucket_is_told() {
        let rule = |status: &str, filter: &str| {
            format!(r#"{{"status": "{status}", "filter": [{filter}], "expiration": [{{"days": 30}}]}}"#)
        };
        let all = rule("Enabled", r#"{"prefix": ""}"#);
        assert_eq!(
            told(&all, ""),
            [
                "aws_s3_bucket_lifecycle_configuration.a is new: everything in `data` that is older than 30 days is deleted (`rule[0].expiration[0].days`)"
            ]
        );
        assert_eq!(told(&rule("Disabled", ""), ""), [""; 0]);
        assert_eq!(told(&rule("Enabled", r#"{"prefix": "tmp/"}"#), ""), [""; 0]);
        assert_eq!(told(r#"{"status": "Enabled", "transition": [{"days": 30}]}"#, ""), [""; 0]);
        let bucket = r#", {"address": "aws_s3_bucket.a", "change": {"actions": ["create"], "before": null, "after": {"bucket": "data"}}}"#;
        assert_eq!(told(&all, bucket), [""; 0], "nothing is in it yet");
    }

    #[test]
    fn the_rules_of_a_storage_account_are_read_as_well() {
        let found = find_in_changes(
            &GUARD,
            r#"{"address": "azurerm_storage_management_policy.a", "change": {"actions": ["create"], "before": null,
                "after": {"storage_account_id": "/s", "rule": [{"enabled": true, "filters": [{"prefix_match": []}],
                "actions": [{"base_blob": [{"delete_after_days_since_modification_greater_than": 7}]}]}]}}}"#,
        );
        assert_eq!(found.len(), 1);
    }
}
