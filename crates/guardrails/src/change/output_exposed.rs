//! Reports outputs that show what they did not show before: sensitive values, credentials, public endpoints.

use std::net::IpAddr;

use planguard_plan::{OutputChange, Plan, Value};
use planguard_rule::Severity;

use super::about::About;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, ExampleSection};
use crate::engine::{is_named_credential, token};
use crate::special_ranges::includes_public;

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-output-exposed",
        title: "An output shows what was hidden",
        severity: Severity::High,
        why: "Outputs are printed by every run, stored in plain text in the state, and read by other configurations. A \
              value that is no longer sensitive, or a credential that is not marked, is in every log from then on.",
        remediation: "Set `sensitive = true` for the output, or remove it. Revoke a credential that was printed already.",
    }
    .rule(),
    example: ChangeExample {
        section: ExampleSection::OutputChanges,
        failing: r#""db_password": {"actions": ["update"], "before": "x", "after": "x", "after_unknown": false,
            "before_sensitive": true, "after_sensitive": false}"#,
        passing: r#""db_password": {"actions": ["update"], "before": "x", "after": "y", "after_unknown": false,
            "before_sensitive": true, "after_sensitive": true}"#,
    },
    check,
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let changes = plan.output_changes.iter();
    let found =
        changes.filter_map(|(name, change)| Some((name, exposed(name, change, is_marked(plan, name))?)));
    found
        .map(|(name, what)| ChangeFinding {
            address: format!("output.{name}").parse().ok(),
            ..ChangeFinding::on_plan(format!("output `{name}` {what}"))
        })
        .collect()
}

/// Whether the configuration marks an output as sensitive; `None` without its block.
fn is_marked(plan: &Plan<'_>, name: &str) -> Option<bool> {
    let mut modules = plan.configuration.as_ref()?.modules().iter();
    let root = modules.find(|module| module.path.is_empty())?;
    Some(root.outputs.iter().find(|output| output.name == name)?.sensitive)
}

/// What an output shows that it did not show before.
fn exposed(name: &str, change: &OutputChange<'_>, in_configuration: Option<bool>) -> Option<String> {
    // What is removed shows nothing.
    if change.actions.deletes() {
        return None;
    }
    let is_marked = |mask: &Option<Value<'_>>| mask.as_ref().is_some_and(marks_something);
    // Terraform marks both sides of an output that was or will be sensitive; the configuration tells which.
    let is_sensitive = is_marked(&change.after_sensitive) && in_configuration != Some(false);
    match (is_marked(&change.before_sensitive) && !change.actions.creates(), is_sensitive) {
        (true, false) => return Some("is no longer sensitive: its value is printed and readable".to_owned()),
        (_, true) => return None,
        (false, false) => {}
    }
    let after = change.after.as_ref()?;
    if change.before.as_ref() == Some(after) {
        return None;
    }
    if let Some(kind) = first_text(after, &|text| token(text)) {
        return Some(format!("shows {kind}, and is not sensitive"));
    }
    let named = |name: &str, text: &str| is_named_credential(name, text);
    if holds_credential(name, after, &named) {
        return Some("shows a credential, and is not sensitive".to_owned());
    }
    let (was, is) = (address(change.before.as_ref()?)?, address(after)?);
    let is_public = |address: IpAddr| includes_public(&(address..=address));
    (!is_public(was) && is_public(is))
        .then(|| format!("changes from the private address {was} to the public address {is}"))
}

/// Whether a mask marks a part of a value.
fn marks_something(mask: &Value<'_>) -> bool {
    match mask {
        Value::Bool(marked) => *marked,
        Value::Array(elements) => elements.iter().any(marks_something),
        Value::Object(object) => object.members().iter().any(|(_, mask)| marks_something(mask)),
        Value::Null | Value::Number(_) | Value::String(_) => false,
    }
}

fn first_text<T>(value: &Value<'_>, found: &dyn Fn(&str) -> Option<T>) -> Option<T> {
    match value {
        Value::String(text) => found(text),
        Value::Array(elements) => elements.iter().find_map(|element| first_text(element, found)),
        Value::Object(object) => object.members().iter().find_map(|(_, member)| first_text(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Whether a text under a name that promises a credential is one.
fn holds_credential(name: &str, value: &Value<'_>, is_one: &dyn Fn(&str, &str) -> bool) -> bool {
    match value {
        Value::String(text) => is_one(name, text),
        Value::Array(elements) => elements.iter().any(|element| holds_credential(name, element, is_one)),
        Value::Object(object) => {
            object.members().iter().any(|(name, member)| holds_credential(name, member, is_one))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn address(value: &Value<'_>) -> Option<IpAddr> {
    value.as_str()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::testing::find;
    use super::*;

    fn message(name: &str, change: &str) -> Option<String> {
        let plan = format!(r#"{{"format_version": "1.2", "output_changes": {{"{name}": {{{change}}}}}}}"#);
        find(&GUARD, &plan).pop().map(|finding| finding.message)
    }

    #[test]
    fn what_becomes_readable_is_told_without_its_value() {
        for (name, change, expected) in [
            (
                "db",
                r#""actions": ["update"], "before": {"p": "x"}, "after": {"p": "x"}, "before_sensitive": {"p": true},
                   "after_sensitive": {"p": false}"#,
                "output `db` is no longer sensitive: its value is printed and readable",
            ),
            (
                "ci",
                r#""actions": ["create"], "before": null, "after": "ghp_0123456789abcdefghijABCDEFGHIJ012345",
                   "after_sensitive": false"#,
                "output `ci` shows a GitHub token, and is not sensitive",
            ),
            (
                "db_password",
                r#""actions": ["create"], "before": null, "after": "kX9-vR2mQ7pL", "after_sensitive": false"#,
                "output `db_password` shows a credential, and is not sensitive",
            ),
            (
                "host",
                r#""actions": ["update"], "before": "10.0.0.7", "after": "52.94.76.10", "after_sensitive": false"#,
                "output `host` changes from the private address 10.0.0.7 to the public address 52.94.76.10",
            ),
        ] {
            assert_eq!(message(name, change).as_deref(), Some(expected));
        }
    }

    /// What Terraform 1.11 writes.
    #[test]
    fn the_configuration_tells_whether_an_output_is_sensitive_from_now_on() {
        let of = |block: &str| {
            let plan = format!(
                r#"{{"format_version": "1.2", "output_changes": {{"pw": {{"actions": ["update"], "before": "x", "after": "x",
                    "after_unknown": false, "before_sensitive": true, "after_sensitive": true}}}},
                    "configuration": {{"root_module": {{"outputs": {{"pw": {block}}}}}}}}}"#
            );
            find(&GUARD, &plan).pop().map(|finding| finding.message)
        };
        assert_eq!(
            of(r#"{"expression": {"constant_value": "x"}}"#).as_deref(),
            Some("output `pw` is no longer sensitive: its value is printed and readable")
        );
        assert_eq!(of(r#"{"sensitive": true, "expression": {"constant_value": "x"}}"#), None);
    }

    #[test]
    fn what_stays_hidden_or_shows_nothing_is_no_finding() {
        for (name, change) in [
            (
                "db_password",
                r#""actions": ["create"], "before": null, "after": "kX9-vR2mQ7pL", "after_sensitive": true"#,
            ),
            (
                "db_password",
                r#""actions": ["delete"], "before": "x", "after": null, "before_sensitive": true, "after_sensitive": false"#,
            ),
            (
                "db_password_arn",
                r#""actions": ["create"], "before": null, "after": "arn:aws:secretsmanager:eu-west-1:1:secret:a", "after_sensitive": false"#,
            ),
            (
                "host",
                r#""actions": ["update"], "before": "10.0.0.7", "after": "10.0.0.8", "after_sensitive": false"#,
            ),
            (
                "host",
                r#""actions": ["create"], "before": null, "after": "52.94.76.10", "after_sensitive": false"#,
            ),
            (
                "db",
                r#""actions": ["no-op"], "before": "x", "after": "x", "before_sensitive": true, "after_sensitive": true"#,
            ),
        ] {
            assert_eq!(message(name, change), None, "{name}");
        }
    }
}
