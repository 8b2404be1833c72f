//! Settings inside texts: JSON documents such as the containers of a task, and lines such as the properties of a server.

use std::collections::BTreeMap;

use planguard_guardrail_format::change::{DocumentSwitch, SafeSetting, Unset};
use planguard_plan::{DuplicateKeys, ResourceState, Value};

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, sight};
use super::switch::{Wording, is_safe, is_word, texts};
use super::tables::Table;

/// The findings for the settings inside texts that a change turns to their unsafe side.
pub(super) fn findings(pair: &Pair<'_>, table: &'static Table, wording: &Wording) -> Vec<ChangeFinding> {
    let switches = table.documents(&pair.resource.address.resource_type);
    switches.iter().filter_map(|switch| finding(pair, switch, wording)).collect()
}

/// The finding for one setting. Elements of lists are compared by their names, since their order means little; those that
/// are not on both sides are left out.
fn finding(pair: &Pair<'_>, setting: &DocumentSwitch, wording: &Wording) -> Option<ChangeFinding> {
    let (before, after) = (read(&pair.before, setting)?, read(&pair.after, setting)?);
    if before.is_sensitive || after.is_sensitive {
        return None;
    }
    let is_by_pattern = setting.switch.attribute.last().is_some_and(|key| key.len() > 1 && key.contains('*'));
    let (place, from, to) = after.settings.iter().find_map(|(place, new)| {
        // What a pattern matches on one side alone is not set on the other.
        let old = before.settings.get(place).or_else(|| is_by_pattern.then_some(&Setting::Unset))?;
        is_weaker(setting, old, new).then_some((place, old, new))
    })?;
    let attribute = setting.document.last()?;
    let (name, of) = match place.as_str() {
        place if is_by_pattern => (place.to_owned(), String::new()),
        "" => (setting.switch.attribute.join("."), String::new()),
        place => (setting.switch.attribute.join("."), format!(" of `{place}`")),
    };
    let change = match (from.shown(), to.shown()) {
        (Some(from), Some(to)) => format!("changes from {from} to {to}"),
        (None, Some(to)) => format!("is set to {to}"),
        (Some(from), None) => format!("is no longer set (was {from})"),
        (None, None) => "changes".to_owned(),
    };
    let what = setting.switch.tells.says.as_deref().unwrap_or(wording.certain);
    let message = format!("{} {what}: `{name}`{of} in `{attribute}` {change}", pair.resource.address);
    Some(ChangeFinding::on(pair.resource, message).told(&setting.switch.tells))
}

/// A setting as the text has it.
#[derive(Clone, Debug, PartialEq)]
enum Setting {
    Unset,
    Set {
        /// As messages show it.
        shown: Option<String>,
        is_safe: Option<bool>,
        /// Its place in the order of words, where the switch has one.
        rank: Option<usize>,
    },
}

impl Setting {
    fn of(setting: &DocumentSwitch, value: Option<&Value<'_>>) -> Self {
        let Some(value) = value.filter(|value| !matches!(value, Value::Null)) else { return Self::Unset };
        let rank = match &setting.switch.safe {
            SafeSetting::Order(words) => texts(value).and_then(|texts| {
                let ranks = texts.iter().map(|text| {
                    let own = words.iter().position(|word| is_word(word, text));
                    own.or_else(|| words.iter().position(|word| word == "*"))
                });
                ranks.collect::<Option<Vec<_>>>()?.into_iter().min()
            }),
            _ => None,
        };
        let is_safe = match (&setting.switch.safe, value) {
            // An empty object is there: `{"Block": {}}`.
            (SafeSetting::Present, Value::Object(_)) => Some(true),
            (SafeSetting::Absent, Value::Object(_)) => Some(false),
            (safe, value) => is_safe(safe, value),
        };
        Self::Set { shown: shown(value), is_safe, rank }
    }

    fn shown(&self) -> Option<String> {
        match self {
            Self::Unset => None,
            Self::Set { shown, .. } => shown.clone(),
        }
    }
}

fn shown(value: &Value<'_>) -> Option<String> {
    const LONGEST: usize = 80;
    match value {
        Value::Bool(flag) => Some(format!("`{flag}`")),
        Value::Number(number) => Some(format!("`{number}`")),
        Value::String(text) if !text.is_empty() && text.len() <= LONGEST => Some(format!("`{text}`")),
        Value::Array(_) => texts(value)
            .filter(|texts| !texts.is_empty() && texts.iter().map(String::len).sum::<usize>() <= LONGEST)
            .map(|texts| texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")),
        Value::Null | Value::String(_) | Value::Object(_) => None,
    }
}

fn is_weaker(setting: &DocumentSwitch, before: &Setting, after: &Setting) -> bool {
    let last = match &setting.switch.safe {
        SafeSetting::Order(words) => {
            let rank = |side: &Setting| match (side, setting.switch.unset) {
                (Setting::Set { rank, .. }, _) => *rank,
                (Setting::Unset, Unset::Weak) => Some(0),
                (Setting::Unset, Unset::Strong) => words.len().checked_sub(1),
                (Setting::Unset, Unset::ProviderDecides) => None,
            };
            return rank(before).zip(rank(after)).is_some_and(|(before, after)| after < before);
        }
        _ => setting.switch.unset,
    };
    let is_strong = |side: &Setting| match (side, last) {
        (Setting::Set { is_safe, .. }, _) => *is_safe,
        (Setting::Unset, Unset::Weak) => Some(false),
        (Setting::Unset, Unset::Strong) => Some(true),
        (Setting::Unset, Unset::ProviderDecides) => None,
    };
    is_strong(before) == Some(true) && is_strong(after) == Some(false)
}

/// The settings of one side, by where they are.
struct Read {
    settings: BTreeMap<String, Setting>,
    is_sensitive: bool,
}

/// Reads one side; `None` where the plan does not have the text, or it is of another form.
fn read(state: &ResourceState<'_>, setting: &DocumentSwitch) -> Option<Read> {
    let root = state.root();
    let places = places(&root, &setting.document);
    let mut found = Read { settings: BTreeMap::new(), is_sensitive: false };
    for place in &places {
        let Sight::Known(value) = sight(place) else { return None };
        found.is_sensitive |= place.is_sensitive();
        match value {
            Value::String(text) => {
                let document = Value::parse(text, &DuplicateKeys::default());
                match document {
                    Ok(document @ (Value::Object(_) | Value::Array(_))) => {
                        collect(setting, &document, &setting.switch.attribute, String::new(), &mut found);
                    }
                    _ => property(setting, text, &mut found),
                }
            }
            Value::Object(_) => collect(setting, value, &setting.switch.attribute, String::new(), &mut found),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
        }
    }
    Some(found)
}

fn collect(setting: &DocumentSwitch, value: &Value<'_>, keys: &[String], place: String, found: &mut Read) {
    match (value, keys) {
        (Value::Array(elements), [_, ..]) => {
            for (position, element) in elements.iter().enumerate() {
                let name = NAMES.iter().find_map(|name| element.get(name)?.as_str());
                let name = name.map_or_else(|| position.to_string(), ToOwned::to_owned);
                let place = if place.is_empty() { name } else { format!("{place}.{name}") };
                collect(setting, element, keys, place, found);
            }
        }
        (Value::Object(_), [key, rest @ ..]) => match (key.as_str(), value.get(key)) {
            (key, _) if key.contains('*') => {
                let named = value.members().iter().filter(|(name, _)| key == "*" || is_word(key, name));
                for (name, member) in named {
                    let place = if place.is_empty() { name.to_string() } else { format!("{place}.{name}") };
                    if rest.is_empty() {
                        found.settings.insert(place, Setting::of(setting, Some(member)));
                    } else {
                        collect(setting, member, rest, place, found);
                    }
                }
            }
            (_, Some(member)) if !rest.is_empty() => collect(setting, member, rest, place, found),
            (_, member) => {
                let member = if rest.is_empty() { member } else { None };
                found.settings.insert(place, Setting::of(setting, member));
            }
        },
        (_, keys) => {
            let value = if keys.is_empty() { Some(value) } else { None };
            found.settings.insert(place, Setting::of(setting, value));
        }
    }
}

/// What names an element of a list.
const NAMES: [&str; 3] = ["name", "Name", "id"];

/// Reads lines of the form `name = value`.
fn property(setting: &DocumentSwitch, text: &str, found: &mut Read) {
    let wanted = setting.switch.attribute.join(".");
    let value = text.lines().filter_map(|line| line.split_once('=')).find(|(name, _)| name.trim() == wanted);
    let value = value.map(|(_, value)| Value::String(value.trim().to_owned().into()));
    found.settings.insert(String::new(), Setting::of(setting, value.as_ref()));
}
