//! Settings that have their name in an attribute: parameters of a database, flags of an instance.

use planguard_guardrail_format::change::{NamedSetting, Unset};
use planguard_plan::{ResourceState, View};

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, shown, sight};
use super::switch::{Wording, is_safe};
use super::tables::Table;

/// The findings for the settings of a table that one change turns to an unsafe value. What is known only after apply is
/// left out: these are words that people write.
pub(super) fn findings(pair: &Pair<'_>, table: &'static Table, wording: &Wording) -> Vec<ChangeFinding> {
    let settings = table.parameters(&pair.resource.address.resource_type);
    let named = settings.iter().flat_map(|setting| setting.names.iter().map(move |name| (setting, name)));
    named.filter_map(|(setting, name)| finding(pair, setting, name, wording)).collect()
}

fn finding(pair: &Pair<'_>, setting: &NamedSetting, name: &str, wording: &Wording) -> Option<ChangeFinding> {
    let (before, after) = (Found::of(&pair.before, setting, name)?, Found::of(&pair.after, setting, name)?);
    if !before.is_safe? || after.is_safe? {
        return None;
    }
    let from = before.shown.map(|value| format!(" (was {value})")).unwrap_or_default();
    let to = match (&after.place, after.shown) {
        (Some(_), Some(value)) => format!("is set to {value}"),
        (Some(_), None) => "changes to a weaker value".to_owned(),
        (None, _) => "is removed".to_owned(),
    };
    let message = format!("{} {}: the parameter `{name}` {to}{from}", pair.resource.address, wording.certain);
    let found = ChangeFinding::on(pair.resource, message);
    Some(match after.place {
        Some(place) => found.at(place.path().clone()),
        None => found,
    })
}

/// The findings for the settings of a table that are lists of words, such as what an audit log records, and lose some.
pub(super) fn shortened(pair: &Pair<'_>, table: &'static Table, wording: &Wording) -> Vec<ChangeFinding> {
    let settings = table.parameters(&pair.resource.address.resource_type);
    let named = settings.iter().flat_map(|setting| setting.names.iter().map(move |name| (setting, name)));
    named.filter_map(|(setting, name)| one_shortened(pair, setting, name, wording)).collect()
}

fn one_shortened(
    pair: &Pair<'_>,
    setting: &NamedSetting,
    name: &str,
    wording: &Wording,
) -> Option<ChangeFinding> {
    let (before, after) = (Found::of(&pair.before, setting, name)?, Found::of(&pair.after, setting, name)?);
    // What turns as a whole is told so.
    if !before.is_safe? || !after.is_safe? {
        return None;
    }
    let (old, place) = (before.place?, after.place?);
    let words = |place: &View<'_, '_>| -> Option<Vec<String>> {
        let text = sight(place).known()?.as_str()?;
        Some(
            text.split(',')
                .map(|word| word.trim().to_ascii_lowercase())
                .filter(|word| !word.is_empty())
                .collect(),
        )
    };
    let (old_words, new_words) = (words(&old)?, words(&place)?);
    let names_all = |words: &[String]| words.iter().any(|word| word == ALL);
    if old_words.len() < 2 && !names_all(&old_words) {
        return None;
    }
    // A word with a minus leaves out what another one brings in.
    let leaves_out = |word: &&String| word.starts_with('-');
    let mut lost: Vec<&String> =
        new_words.iter().filter(leaves_out).filter(|word| !old_words.contains(word)).collect();
    if !names_all(&new_words) {
        lost.extend(old_words.iter().filter(|word| !leaves_out(word) && !new_words.contains(word)));
    }
    if lost.is_empty() {
        return None;
    }
    let what = match old.is_sensitive() || place.is_sensitive() {
        true => "loses a word".to_owned(),
        false => match lost.into_iter().partition::<Vec<&String>, _>(leaves_out) {
            (left, gone) if gone.is_empty() => format!("now has {}", quoted(&left)),
            (_, gone) => format!("no longer contains {}", quoted(&gone)),
        },
    };
    let message = format!("{} {}: the parameter `{name}` {what}", pair.resource.address, wording.certain);
    Some(ChangeFinding::on(pair.resource, message).at(place.path().clone()))
}

/// The word that stands for all others.
const ALL: &str = "all";

fn quoted(words: &[&String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// A setting on one side.
struct Found<'p, 's> {
    /// Where its value is; `None` where there is no such setting.
    place: Option<View<'p, 's>>,
    /// Whether it is safe, where anybody can tell.
    is_safe: Option<bool>,
    shown: Option<String>,
}

impl<'p, 's> Found<'p, 's> {
    /// Looks for a setting; `None` if names are known only after apply.
    fn of(state: &'s ResourceState<'p>, setting: &NamedSetting, name: &str) -> Option<Self> {
        let lists = match setting.list.as_slice() {
            [] => vec![state.root()],
            list => {
                let lists = places(&state.root(), list);
                let blocks = lists.iter().map(View::elements).collect::<Option<Vec<_>>>();
                match blocks {
                    Some(blocks) => blocks.concat(),
                    None if lists.iter().all(|list| sight(list) == Sight::Unset) => Vec::new(),
                    None => return None,
                }
            }
        };
        for block in lists {
            let key = ["name", "key"].map(|key| sight(&block.key(key)));
            match key.into_iter().find(|key| *key != Sight::Unset).unwrap_or(Sight::Unset) {
                Sight::Known(own) if own.as_str().is_some_and(|own| own.eq_ignore_ascii_case(name)) => {
                    let place = block.key("value");
                    let is_safe = sight(&place).known().and_then(|value| is_safe(&setting.safe, value));
                    return Some(Self { is_safe, shown: shown(&place), place: Some(place) });
                }
                Sight::Known(_) | Sight::Unset => {}
                Sight::Unknown | Sight::Computed => return None,
            }
        }
        let is_safe = match setting.unset {
            Unset::Weak => Some(false),
            Unset::Strong => Some(true),
            Unset::ProviderDecides => None,
        };
        Some(Self { place: None, is_safe, shown: None })
    }
}

#[cfg(test)]
mod tests {
    use super::super::encryption_off::GUARD;
    use super::super::testing::find_in_update;

    #[test]
    fn a_parameter_that_is_turned_or_removed_is_named() {
        let group = |parameters: &str| {
            format!(r#"{{"parameter": [{{"name": "log_connections", "value": "1"}}{parameters}]}}"#)
        };
        let ssl = |value: &str| group(&format!(r#", {{"name": "rds.force_ssl", "value": "{value}"}}"#));
        let found = |before: &str, after: &str| {
            let found = find_in_update(&GUARD, "aws_db_parameter_group.a", before, after, "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            found(&ssl("1"), &ssl("0")),
            [
                "aws_db_parameter_group.a is encrypted less than before: the parameter `rds.force_ssl` is set to `0` (was `1`)"
            ]
        );
        assert!(found(&ssl("0"), &ssl("1")).is_empty() && found(&ssl("1"), &ssl("1")).is_empty());
        let server = |value: &str| format!(r#"{{"name": "require_secure_transport", "value": "{value}"}}"#);
        let address = "azurerm_postgresql_flexible_server_configuration.a";
        assert_eq!(find_in_update(&GUARD, address, &server("on"), &server("off"), "{}").len(), 1);
    }

    #[test]
    fn a_list_of_what_is_recorded_that_gets_shorter_is_told() {
        use super::super::audit_trail_weakened::GUARD;
        let found = |before: &str, after: &str| {
            let group =
                |value: &str| format!(r#"{{"parameter": [{{"name": "pgaudit.log", "value": "{value}"}}]}}"#);
            let found =
                find_in_update(&GUARD, "aws_db_parameter_group.a", &group(before), &group(after), "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            found("ddl,role,write", "ddl"),
            [
                "aws_db_parameter_group.a records less than before: the parameter `pgaudit.log` no longer contains `role`, `write`"
            ]
        );
        assert_eq!(found("all", "ddl").len(), 1);
        assert_eq!(found("all", "all,-read").len(), 1);
        assert_eq!(found("ddl,role", "all"), [""; 0]);
        assert_eq!(found("ddl", "role,ddl"), [""; 0]);
    }
}
