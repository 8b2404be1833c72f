//! Tags that choose what is backed up: an object that loses its tag is left out from then on, and nothing says so.

use planguard_plan::{Mode, Plan, Value};

use super::ChangeFinding;
use super::compare::{Pair, Sight, sight};

/// The attributes with tags.
const TAGS: [&str; 2] = ["tags", "labels"];

/// Names of tags that choose objects for backups by themselves.
const NAMES: [&str; 3] = ["backup", "snapshot", "dlm"];

/// Values of such a tag that leave an object out.
const OFF: [&str; 8] = ["", "false", "no", "none", "off", "disabled", "disable", "0"];

/// The finding for an object that loses a tag by which its backups are chosen.
pub(super) fn lost(pair: &Pair<'_>, selected: &[Tag]) -> Option<ChangeFinding> {
    TAGS.iter().find_map(|attribute| {
        let (before, after) = (pair.before.root().key(attribute), pair.after.root().key(attribute));
        let (Sight::Known(before), after) = (sight(&before), sight(&after)) else { return None };
        let after = match after {
            Sight::Known(value) => Some(value),
            Sight::Unset => None,
            Sight::Unknown | Sight::Computed => return None,
        };
        before.members().iter().find_map(|(name, value)| {
            let value = value.as_str()?;
            let now = after.and_then(|after| after.get(name)).map(|now| now.as_str().unwrap_or_default());
            let is_selected = |value: &str| {
                selected
                    .iter()
                    .any(|tag| tag.name == *name && tag.value.as_ref().is_none_or(|own| own == value))
            };
            let is_named = is_about_backups(name) && !is_off(value) && now.is_none_or(is_off);
            if now == Some(value)
                || !(is_named || (is_selected(value) && now.is_none_or(|now| !is_selected(now))))
            {
                return None;
            }
            let what = match now {
                None => format!("its tag `{name}` (was `{value}`) is removed"),
                Some(now) => format!("its tag `{name}` changes from `{value}` to `{now}`"),
            };
            let address = &pair.resource.address;
            let message = format!("{address} may be left out of backups: {what}");
            Some(ChangeFinding::on(pair.resource, message))
        })
    })
}

/// A tag that a plan for backups chooses objects by.
pub(super) struct Tag {
    name: String,
    /// Its value; `None` for any.
    value: Option<String>,
}

/// The tags that the plans for backups of a plan choose objects by, after it.
pub(super) fn selected(plan: &Plan<'_>) -> Vec<Tag> {
    let mut found = Vec::new();
    let managed = plan.each_change().filter(|change| change.address.mode == Mode::Managed);
    for change in managed {
        let Some(after) = change.change.after.as_deref() else { continue };
        let text = |value: &Value<'_>, name: &str| value.get(name)?.as_str().map(ToOwned::to_owned);
        match change.address.resource_type.as_str() {
            "aws_backup_selection" => {
                let tags = after.get("selection_tag").map(Value::elements).unwrap_or_default();
                found.extend(
                    tags.iter()
                        .filter_map(|tag| Some(Tag { name: text(tag, "key")?, value: text(tag, "value") })),
                );
            }
            "aws_dlm_lifecycle_policy" => {
                let policies = after.get("policy_details").map(Value::elements).unwrap_or_default();
                let tags = policies.iter().filter_map(|policy| policy.get("target_tags"));
                found.extend(tags.flat_map(Value::members).map(|(name, value)| Tag {
                    name: name.to_string(),
                    value: value.as_str().map(ToOwned::to_owned),
                }));
            }
            _ => {}
        }
    }
    found
}

/// Whether the name of a tag is about backups, and not about something of them such as their window.
fn is_about_backups(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let own = name.rsplit([':', '/', '.']).next().unwrap_or(&name);
    NAMES.iter().any(|word| {
        let rest = own.replace(['-', '_'], "");
        rest == *word
            || [
                format!("{word}plan"),
                format!("{word}policy"),
                format!("{word}enabled"),
                format!("enable{word}"),
                format!("{word}schedule"),
                format!("aws{word}"),
                format!("{word}s"),
                format!("daily{word}"),
            ]
            .contains(&rest)
    })
}

fn is_off(value: &str) -> bool {
    OFF.iter().any(|off| off.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use super::super::backup_removed::GUARD;
    use super::super::testing::find_in_changes;

    fn found(before: &str, after: &str, others: &str) -> Vec<String> {
        let change = format!(
            r#"{{"address": "aws_instance.a", "change": {{"actions": ["update"],
                "before": {{"tags": {before}, "tags_all": {before}}}, "after": {{"tags": {after}, "tags_all": {after}}}}}}}{others}"#
        );
        find_in_changes(&GUARD, &change).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_tag_that_chooses_backups_is_missed() {
        assert_eq!(
            found(r#"{"Backup": "daily", "Name": "a"}"#, r#"{"Name": "a"}"#, ""),
            ["aws_instance.a may be left out of backups: its tag `Backup` (was `daily`) is removed"]
        );
        assert_eq!(found(r#"{"backup-plan": "gold"}"#, r#"{"backup-plan": "none"}"#, "").len(), 1);
        for (before, after) in [
            (r#"{"Team": "a"}"#, "null"),
            (r#"{"Backup": "daily"}"#, r#"{"Backup": "hourly"}"#),
            (r#"{"Backup": "false"}"#, "{}"),
            (r#"{"BackupWindow": "3"}"#, "{}"),
        ] {
            assert!(found(before, after, "").is_empty(), "{before} {after}");
        }
    }

    #[test]
    fn a_tag_that_a_selection_names_is_missed() {
        let selection = r#", {"address": "aws_backup_selection.s", "change": {"actions": ["no-op"], "before": null, "after":
            {"selection_tag": [{"type": "STRINGEQUALS", "key": "tier", "value": "gold"}]}}}"#;
        assert_eq!(found(r#"{"tier": "gold"}"#, r#"{"tier": "tin"}"#, selection).len(), 1);
        assert!(found(r#"{"tier": "tin"}"#, r#"{"tier": "gold"}"#, selection).is_empty());
        assert!(found(r#"{"tier": "gold"}"#, r#"{"tier": "tin"}"#, "").is_empty());
    }
}
