//! Switches: attributes that make a resource weaker when they are turned, and the comparison that sees it.

use std::cmp::Ordering;

use planguard_guardrail_format::Quantity;
use planguard_guardrail_format::change::{SafeSetting, Switch, Tells, Unset};
use planguard_plan::text::wildcard;
use planguard_plan::{AttributePath, PathStep, ResourceState, Value, View};

use super::changes::Changes;
use super::compare::{Pair, Sight, pairs, places_when, shown, sight};
use super::tables::Table;
use super::{Certainty, ChangeFinding, documents, parameters};
use crate::engine::{is_empty, quantity};

/// What a message says of a resource whose switch is turned; the attribute follows after a colon.
pub(super) struct Wording {
    /// Where the plan knows the new setting, for example `is no longer protected against deletion`.
    pub(super) certain: &'static str,
    /// Where it does not, for example `may no longer be protected against deletion`.
    pub(super) unknown: &'static str,
}

/// The findings for every switch of a table that a plan turns to its unsafe side.
pub(super) fn turned_off(plan: &Changes<'_>, table: &'static Table, wording: &Wording) -> Vec<ChangeFinding> {
    pairs(plan).flat_map(|pair| findings(&pair, table, wording)).collect()
}

/// The findings for every switch of a table that one change turns to its unsafe side.
pub(super) fn findings(pair: &Pair<'_>, table: &'static Table, wording: &Wording) -> Vec<ChangeFinding> {
    let switches = table.switches(&pair.resource.address.resource_type);
    let turns: Vec<Turn<'_>> = switches.filter_map(|switch| turn(switch, pair)).collect();
    let removed: Vec<AttributePath> =
        turns.iter().filter(|turn| turn.to == To::Nothing).map(|turn| turn.attribute.clone()).collect();
    // A block that goes takes along what is in it.
    let goes_along = |turn: &Turn<'_>| {
        let path = &turn.attribute.0;
        turn.to == To::Nothing
            && removed.iter().any(|block| block.0.len() < path.len() && path.starts_with(&block.0))
    };
    let off: Vec<AttributePath> =
        turns.iter().filter(|turn| turn.to == To::Off).map(|turn| turn.attribute.clone()).collect();
    let is_flag_below = |turn: &Turn<'_>, block: &AttributePath| {
        let path = &turn.attribute.0;
        turn.to == To::Value("`false`".to_owned()) && block.0.len() < path.len() && path.starts_with(&block.0)
    };
    // A block that is switched off is told once, with the first of its flags that did it.
    let is_off_with_block = |turn: &Turn<'_>| off.iter().any(|block| is_flag_below(turn, block));
    let by: Vec<(AttributePath, String)> = off
        .iter()
        .filter_map(|block| {
            let flag = turns.iter().find(|turn| is_flag_below(turn, block))?;
            Some((block.clone(), flag.describe()))
        })
        .collect();
    let mut told: Vec<AttributePath> = Vec::new();
    turns
        .into_iter()
        .filter(|turn| !goes_along(turn) && !is_off_with_block(turn))
        // Two rows may be about one place, each with something else beside it.
        .filter(|turn| {
            let is_first = !told.contains(&turn.attribute);
            told.push(turn.attribute.clone());
            is_first
        })
        .map(|turn| {
            let certainty = turn.certainty();
            let what = match certainty {
                Certainty::Certain => turn.tells.says.as_deref().unwrap_or(wording.certain),
                Certainty::DependsOnUnknown => wording.unknown,
            };
            let by = by.iter().find(|(block, _)| turn.to == To::Off && *block == turn.attribute);
            let by = by.map(|(_, flag)| format!(" ({flag})")).unwrap_or_default();
            let message = format!("{} {what}: {}{by}", pair.resource.address, turn.describe());
            ChangeFinding::on(pair.resource, message).at(turn.attribute).with(certainty).told(turn.tells)
        })
        .chain(parameters::findings(pair, table, wording))
        .chain(documents::findings(pair, table, wording))
        .collect()
}

/// How one side of a resource is set, for sentences about that side alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// A safe value is set.
    Safe,
    /// An unsafe value is set, or none; the text says which, for example `` `a` is `false` ``.
    Unsafe(String),
    /// The plan does not say.
    Undecided,
}

/// How a switch is set on one side. Blocks that occur several times are undecided.
pub(super) fn side(switch: &Switch, state: &ResourceState<'_>) -> Side {
    match settings(switch, state).as_slice() {
        [Placed { setting: Setting::Strong, value: Some(_), .. }] => Side::Safe,
        [Placed { attribute, setting: Setting::Weak, value: Some(value), .. }] => {
            Side::Unsafe(format!("`{attribute}` is {value}"))
        }
        [Placed { attribute, setting: Setting::Removed, .. }] => {
            Side::Unsafe(format!("`{attribute}` is not set"))
        }
        _ => Side::Undecided,
    }
}

/// How a switch is on, for example `` `a` is `true` ``, if it is safe on that side.
pub(super) fn safe_value(switch: &Switch, state: &ResourceState<'_>) -> Option<String> {
    match settings(switch, state).as_slice() {
        [Placed { attribute, setting: Setting::Strong, value: Some(value), .. }] => {
            Some(format!("`{attribute}` is {value}"))
        }
        _ => None,
    }
}

/// How a change turns a switch to its unsafe side, if it does.
///
/// Blocks that occur several times are judged together, since their order means nothing: the switch turns if all were safe
/// before and some will not be, or if fewer are safe than before and more are not.
fn turn<'t>(switch: &'t Switch, pair: &Pair<'_>) -> Option<Turn<'t>> {
    if leaves_unset(switch, pair) {
        return None;
    }
    if let SafeSetting::Order(words) = &switch.safe {
        return lowered(words, switch, pair);
    }
    let before = settings(switch, &pair.before);
    let after = settings(switch, &pair.after);
    let found = [&[Setting::Weak, Setting::Removed][..], &[Setting::Unknown]]
        .into_iter()
        .find_map(|unsafe_settings| newly(unsafe_settings, &before, &after))
        .or_else(|| vanished(switch, &before, &after))
        .or_else(|| {
            gains(switch, pair).then(|| after.iter().find(|placed| placed.setting == Setting::Weak))?
        })?;
    let to = match found.setting {
        Setting::Weak => match (&found.value, &switch.safe) {
            (value, SafeSetting::Absent) => To::Something(value.clone()),
            (Some(value), _) => To::Value(value.clone()),
            (None, _) if found.is_sensitive => To::Secret,
            (None, _) => To::Weaker,
        },
        Setting::Removed if found.is_there => To::Off,
        Setting::Removed => To::Nothing,
        Setting::Unknown => To::Unknown,
        Setting::Strong | Setting::Undecided => return None,
    };
    let safe = before.into_iter().filter(|placed| placed.setting == Setting::Strong);
    let from = safe.filter_map(|placed| placed.value).next();
    let (attribute, part) = (found.attribute.clone(), found.part.clone());
    Some(Turn { attribute, part, from, to, tells: &switch.tells })
}

/// How a change lowers a setting whose words have an order, the weakest first, if it does. Of several places the weakest
/// counts.
fn lowered<'t>(words: &[String], switch: &'t Switch, pair: &Pair<'_>) -> Option<Turn<'t>> {
    let rank = |place: &View<'_, '_>| match set(&switch.safe, sight(place)) {
        Sight::Known(value) => {
            let rank = |text: &String| {
                let own = words.iter().position(|word| is_word(word, text));
                own.or_else(|| words.iter().position(|word| word == "*"))
            };
            let ranks: Option<Vec<usize>> = texts(value)?.iter().map(rank).collect();
            ranks?.into_iter().min()
        }
        Sight::Unset => match switch.unset {
            Unset::Weak => Some(0),
            Unset::Strong => words.len().checked_sub(1),
            Unset::ProviderDecides => None,
        },
        Sight::Unknown | Sight::Computed => None,
    };
    let weakest = |state: &ResourceState<'_>| {
        let ranked = places_when(&state.root(), &switch.attribute, &switch.when).into_iter().map(|place| {
            let is_set = set(&switch.safe, sight(&place)) != Sight::Unset;
            let is_sensitive = place.is_sensitive();
            let value = shown(&place).or_else(|| shown_texts(&place));
            Some((rank(&place)?, place.path().clone(), is_set, value, is_sensitive))
        });
        ranked.collect::<Option<Vec<_>>>()?.into_iter().min_by_key(|(rank, ..)| *rank)
    };
    let (before, after) = (weakest(&pair.before)?, weakest(&pair.after)?);
    if after.0 >= before.0 {
        return None;
    }
    let (_, attribute, is_set, value, is_sensitive) = after;
    let to = match value {
        Some(value) => To::Value(value),
        None if is_sensitive => To::Secret,
        None if is_set => To::Weaker,
        None => To::Nothing,
    };
    let part = part(&pair.after, &attribute);
    Some(Turn { attribute, part, from: before.3, to, tells: &switch.tells })
}

/// A place without what must be there, if one had it before and none has it any more.
fn vanished<'s>(switch: &Switch, before: &[Placed], after: &'s [Placed]) -> Option<&'s Placed> {
    let has_any = |places: &[Placed]| places.iter().any(|placed| placed.setting == Setting::Strong);
    let is_lost = matches!(switch.safe, SafeSetting::Present) && has_any(before) && !has_any(after);
    let only_removed = after.iter().all(|placed| placed.setting == Setting::Removed);
    after.first().filter(|_| is_lost && only_removed)
}

/// Whether lists gain one more unsafe word than they had.
fn gains(switch: &Switch, pair: &Pair<'_>) -> bool {
    let SafeSetting::AllBut(unsafe_words) = &switch.safe else { return false };
    let words = |state: &ResourceState<'_>| {
        let mut words: Vec<String> = Vec::new();
        for place in places_when(&state.root(), &switch.attribute, &switch.when) {
            match sight(&place) {
                Sight::Known(value @ Value::Array(_)) => words.extend(texts(value)?),
                Sight::Unset => {}
                Sight::Known(_) | Sight::Unknown | Sight::Computed => return None,
            }
        }
        words.retain(|word| unsafe_words.iter().any(|unsafe_word| is_word(unsafe_word, word)));
        Some(words)
    };
    let (Some(before), Some(after)) = (words(&pair.before), words(&pair.after)) else { return false };
    !before.is_empty() && after.iter().any(|word| !before.contains(word))
}

/// A place that has one of some settings after a change, if the change turned the switch there.
fn newly<'s>(settings: &[Setting], before: &[Placed], after: &'s [Placed]) -> Option<&'s Placed> {
    let is_among = |placed: &&Placed| settings.contains(&placed.setting);
    let is_safe = |placed: &&Placed| placed.setting == Setting::Strong;
    let count = |places: &[Placed], of: &dyn Fn(&&Placed) -> bool| places.iter().filter(of).count();
    let were_safe = count(before, &is_safe);
    let turned = were_safe > 0
        && (were_safe == before.len()
            || (count(after, &is_safe) < were_safe && count(after, &is_among) > count(before, &is_among)));
    after.iter().find(is_among).filter(|_| turned)
}

/// Whether the switch cannot turn because its attribute is left out: before, which is safe only where nothing set is,
/// or else on both sides. Most switches are those of every type, and most resources have none of them.
fn leaves_unset(switch: &Switch, pair: &Pair<'_>) -> bool {
    let Some(name) = switch.attribute.first() else { return false };
    let (before, after) = (&pair.before.change.change.before, &pair.after.change.change);
    let is_left_out = |value: Option<&Value<'_>>| {
        value.is_some_and(|value| matches!(value.get(name), None | Some(Value::Null)))
    };
    let is_known = after.after_unknown.as_ref().is_none_or(|mask| match mask {
        Value::Object(_) => mask.get(name).is_none_or(|mask| !mask.has_true_leaf()),
        mask => !mask.has_true_leaf(),
    });
    is_left_out(before.as_deref())
        && match switch.unset {
            Unset::Weak | Unset::ProviderDecides => true,
            Unset::Strong => is_known && is_left_out(after.after.as_deref()),
        }
}

/// A place that a switch leads to.
struct Placed {
    attribute: AttributePath,
    setting: Setting,
    /// The value as messages show it.
    value: Option<String>,
    is_sensitive: bool,
    /// Whether something is there, even if that is switched off.
    is_there: bool,
    /// The name of the block that it is in, where there are several.
    part: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    Strong,
    Weak,
    /// Not set, which is the same as weak.
    Removed,
    /// Configured, and known only after apply.
    Unknown,
    /// Nothing that can be compared.
    Undecided,
}

/// What the block is called that a place is in, if it is one of several: a replica by its location, a container by its name.
fn part(state: &ResourceState<'_>, path: &AttributePath) -> Option<String> {
    const NAMES: [&str; 4] = ["name", "location", "region_name", "region"];
    let mut place = state.root();
    let mut part = None;
    for step in &path.0 {
        let is_list = matches!(step, PathStep::Index(_));
        let is_one_of_several = is_list && place.raw().is_some_and(|list| list.elements().len() > 1);
        place = match step {
            PathStep::Key(name) => place.key(name),
            PathStep::Index(position) => place.index(*position),
        };
        if is_one_of_several && matches!(place.raw(), Some(Value::Object(_))) {
            part = NAMES.iter().find_map(|name| shown(&place.key(name)));
        }
    }
    part
}

fn settings(switch: &Switch, state: &ResourceState<'_>) -> Vec<Placed> {
    places_when(&state.root(), &switch.attribute, &switch.when)
        .iter()
        .map(|place| Placed {
            attribute: place.path().clone(),
            setting: setting(switch, place),
            value: shown(place).or_else(|| shown_texts(place)),
            is_sensitive: place.is_sensitive(),
            is_there: sight(place).known().is_some_and(|value| !is_empty(value)),
            part: part(state, place.path()),
        })
        .collect()
}

fn setting(switch: &Switch, place: &View<'_, '_>) -> Setting {
    match set(&switch.safe, sight(place)) {
        Sight::Known(value) => match is_safe(&switch.safe, value) {
            Some(true) => Setting::Strong,
            Some(false) if matches!(switch.safe, SafeSetting::Present) => Setting::Removed,
            Some(false) => Setting::Weak,
            None => Setting::Undecided,
        },
        // How many there will be is said where it is known.
        Sight::Unknown if matches!(switch.safe, SafeSetting::AtLeast(_) | SafeSetting::AtMost(_)) => {
            Setting::Undecided
        }
        // A block or name that is configured will be there, whatever its value.
        Sight::Unknown if matches!(switch.safe, SafeSetting::Present) => Setting::Undecided,
        Sight::Unknown if matches!(switch.safe, SafeSetting::Absent) => Setting::Weak,
        // A pattern is about how a value is written, and most of what is written is safe.
        Sight::Unknown if has_pattern(&switch.safe) => Setting::Undecided,
        Sight::Unknown => Setting::Unknown,
        Sight::Computed => Setting::Undecided,
        Sight::Unset => match switch.unset {
            Unset::Weak => Setting::Removed,
            Unset::Strong => Setting::Strong,
            Unset::ProviderDecides => Setting::Undecided,
        },
    }
}

/// What a place is set to: an empty text is no word of a list, and what Terraform writes for a text that is not set.
fn set<'p>(safe: &SafeSetting, sight: Sight<'p>) -> Sight<'p> {
    let is_none = |words: &[String]| !words.iter().any(String::is_empty);
    match (safe, sight) {
        (SafeSetting::AllBut(words) | SafeSetting::Order(words), Sight::Known(Value::String(text)))
            if text.is_empty() && is_none(words) =>
        {
            Sight::Unset
        }
        (_, sight) => sight,
    }
}

/// Whether the unsafe words of a switch are patterns.
fn has_pattern(safe: &SafeSetting) -> bool {
    match safe {
        SafeSetting::AllBut(words) => {
            words.iter().any(|word| word.len() > 1 && word.contains('*') && !word.contains(r"\*"))
        }
        SafeSetting::Flag(_)
        | SafeSetting::Words(_)
        | SafeSetting::Order(_)
        | SafeSetting::Present
        | SafeSetting::Absent
        | SafeSetting::AtLeast(_)
        | SafeSetting::AtMost(_) => false,
    }
}

/// Whether a value is safe; `None` for one that is neither safe nor unsafe.
pub(super) fn is_safe(safe: &SafeSetting, value: &Value<'_>) -> Option<bool> {
    let is_among = |words: &[String], text: &str| words.iter().any(|word| is_word(word, text));
    let bound = |bound: f64, is_unsafe| Some(amount(value)?.compare(Quantity::Number(bound))? != is_unsafe);
    match safe {
        SafeSetting::Flag(wanted) => flag(value).map(|set| set == *wanted),
        // A list is as safe as the least safe of its words.
        SafeSetting::Words(words) => {
            let texts = texts(value).filter(|texts| !texts.is_empty())?;
            Some(texts.iter().all(|text| is_among(words, text)))
        }
        SafeSetting::AllBut(words) => Some(!texts(value)?.iter().any(|text| is_among(words, text))),
        // Its settings are compared with each other.
        SafeSetting::Order(_) => None,
        SafeSetting::Present => Some(!is_empty(value) && !is_off(value)),
        SafeSetting::Absent => Some(is_empty(value)),
        SafeSetting::AtLeast(least) => bound(*least, Ordering::Less),
        SafeSetting::AtMost(most) => bound(*most, Ordering::Greater),
    }
}

/// A letter that no text has, in the place of a question mark.
const PRIVATE: &str = "\u{e000}";

/// Whether a text is a word of a table, in any case. A star in a longer word stands for any characters.
/// With a backslash in front of it, it is a star and nothing else, as in `https://\*`.
pub(super) fn is_word(word: &str, text: &str) -> bool {
    if word.contains(r"\*") {
        return word.replace(r"\*", "*").eq_ignore_ascii_case(text);
    }
    // Nor is a question mark any letter then.
    if word.contains(r"\?") {
        let (word, text) = (word.replace(r"\?", PRIVATE), text.replace('?', PRIVATE));
        return wildcard::matches_in_any_case(&word, &text);
    }
    match word.contains('*') && word != "*" {
        true => wildcard::matches_in_any_case(word, text),
        false => word.eq_ignore_ascii_case(text),
    }
}

/// Whether blocks are there and say themselves that they are off.
fn is_off(value: &Value<'_>) -> bool {
    let says_off = |block: &Value<'_>| {
        ["enabled", "enable"].iter().any(|name| block.get(name) == Some(&Value::Bool(false)))
    };
    match value {
        Value::Array(blocks) => !blocks.is_empty() && blocks.iter().all(says_off),
        block => says_off(block),
    }
}

/// The number that a value is, or how many elements a list has.
fn amount(value: &Value<'_>) -> Option<Quantity> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "no plan has a list of that length")]
        Value::Array(elements) => Some(Quantity::Number(elements.len() as f64)),
        value => quantity(value),
    }
}

/// The text that a value is, or the texts that it contains; `None` where it is or contains anything else.
pub(super) fn texts(value: &Value<'_>) -> Option<Vec<String>> {
    let text = |value: &Value<'_>| match value {
        Value::String(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Value::Array(elements) => elements.iter().map(text).collect(),
        value => text(value).map(|text| vec![text]),
    }
}

/// The texts of a list as messages show them; `None` where there are none, many, or sensitive ones.
fn shown_texts(place: &View<'_, '_>) -> Option<String> {
    const MOST: usize = 4;
    let elements = place.elements().filter(|elements| (1..=MOST).contains(&elements.len()))?;
    let shown: Option<Vec<String>> = elements.iter().map(shown).collect();
    shown.filter(|_| !place.is_sensitive()).map(|shown| shown.join(", "))
}

/// A boolean, which some providers write as a word.
fn flag(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(set) => Some(*set),
        Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
        Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A switch that a change turns to its unsafe side.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Turn<'t> {
    /// The attribute after the change.
    attribute: AttributePath,
    /// The name of the block that it is in, where there are several.
    part: Option<String>,
    /// The value before, as messages show it.
    from: Option<String>,
    to: To,
    tells: &'t Tells,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum To {
    /// A value, as messages show it.
    Value(String),
    /// A value that messages must not show.
    Secret,
    /// A value that is too long to show.
    Weaker,
    /// Something, where nothing was; its value, if messages show it.
    Something(Option<String>),
    Nothing,
    /// A block that is there, and is switched off inside.
    Off,
    Unknown,
}

impl Turn<'_> {
    /// Whether the plan knows the new setting.
    fn certainty(&self) -> Certainty {
        match self.to {
            To::Value(_) | To::Secret | To::Weaker | To::Something(_) | To::Nothing | To::Off => {
                Certainty::Certain
            }
            To::Unknown => Certainty::DependsOnUnknown,
        }
    }

    /// What happens to the attribute, as the second half of a sentence.
    fn describe(&self) -> String {
        let of = self.part.as_ref().map(|part| format!(" of {part}")).unwrap_or_default();
        let attribute = &self.attribute;
        match (&self.to, &self.from) {
            (To::Value(to), Some(from)) => format!("`{attribute}`{of} changes from {from} to {to}"),
            (To::Value(to), None) => format!("`{attribute}`{of} changes to {to}"),
            (To::Secret, _) => format!("`{attribute}`{of} changes to a weaker value, which is sensitive"),
            (To::Weaker, _) => format!("`{attribute}`{of} changes to a weaker value"),
            (To::Something(Some(to)), _) => format!("`{attribute}`{of} is set to {to}"),
            (To::Something(None), _) => format!("`{attribute}`{of} is added"),
            (To::Nothing, Some(from)) => format!("`{attribute}`{of} is no longer set (was {from})"),
            (To::Nothing, None) => format!("`{attribute}`{of} is removed"),
            (To::Off, _) => format!("`{attribute}`{of} is switched off"),
            (To::Unknown, Some(from)) => format!("`{attribute}`{of} (now {from}) is known only after apply"),
            (To::Unknown, None) => format!("`{attribute}`{of} is known only after apply"),
        }
    }
}

#[cfg(test)]
mod tests {
    use planguard_guardrail_format::change::Beside;

    use super::super::testing::{find_in_update, update};
    use super::*;

    #[test]
    fn one_of_several_blocks_is_named() {
        let replicas = |zones: [bool; 2]| {
            format!(
                r#"{{"georeplications": [{{"location": "northeurope", "zone_redundancy_enabled": {}}},
                    {{"location": "westeurope", "zone_redundancy_enabled": {}}}]}}"#,
                zones[0], zones[1]
            )
        };
        let guard = &super::super::resilience_reduced::GUARD;
        let (before, after) = (replicas([true, true]), replicas([true, false]));
        let found = find_in_update(guard, "azurerm_container_registry.a", &before, &after, "{}");
        assert_eq!(
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>(),
            ["azurerm_container_registry.a survives fewer failures than before: \
              `georeplications[1].zone_redundancy_enabled` of `westeurope` changes from `true` to `false`"]
        );
    }

    #[test]
    fn a_block_that_stays_is_switched_off_and_not_removed() {
        let block =
            |on: bool| format!(r#"{{"deployment_circuit_breaker": [{{"enable": {on}, "rollback": {on}}}]}}"#);
        let guard = &super::super::resilience_reduced::GUARD;
        let found = |after: &str| {
            let found = find_in_update(guard, "aws_ecs_service.a", &block(true), after, "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let says = |how: &str| format!("aws_ecs_service.a survives fewer failures than before: {how}");
        let off = "`deployment_circuit_breaker` is switched off \
                   (`deployment_circuit_breaker[0].enable` changes from `true` to `false`)";
        assert_eq!(found(&block(false)), [says(off)]);
        let gone = found(r#"{"deployment_circuit_breaker": []}"#);
        assert_eq!(gone, [says("`deployment_circuit_breaker` is removed")]);
        let halfway = r#"{"deployment_circuit_breaker": [{"enable": true, "rollback": false}]}"#;
        let rollback = "`deployment_circuit_breaker[0].rollback` changes from `true` to `false`";
        assert_eq!(found(halfway), [says(rollback)]);
    }

    fn switch(path: &[&str], safe: SafeSetting, unset: Unset) -> Switch {
        Switch {
            attribute: path.iter().map(ToString::to_string).collect(),
            safe,
            unset,
            when: Vec::new(),
            tells: Tells::default(),
        }
    }

    fn lock() -> Switch {
        switch(&["guard", "lock"], SafeSetting::Flag(true), Unset::Weak)
    }

    fn turned(switch: &Switch, before: &str, after: &str, unknown: &str) -> Option<String> {
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{}]}}"#,
            update("aws_x.a", before, after, unknown)
        );
        let plan = planguard_plan::Plan::parse(&text).unwrap();
        let pair = pairs(&Changes::new(&plan)).next().unwrap();
        turn(switch, &pair).map(|turn| turn.describe())
    }

    #[test]
    fn a_star_or_a_question_mark_behind_a_backslash_is_itself() {
        assert!(is_word(r"https://\*", "HTTPS://*") && !is_word(r"https://\*", "https://example.com"));
        assert!(is_word(r"*spf1*\?all*", "v=spf1 ?all") && !is_word(r"*spf1*\?all*", "v=spf1 -all"));
        assert!(is_word("https://*", "https://example.com"));
    }

    #[test]
    fn a_switch_turns_off_by_value_by_absence_and_perhaps_by_what_is_unknown() {
        let on = r#"{"guard": [{"lock": true}]}"#;
        let turned = |after: &str, unknown: &str| turned(&lock(), on, after, unknown);
        assert_eq!(
            turned(r#"{"guard": [{"lock": false}]}"#, "{}").unwrap(),
            "`guard[0].lock` changes from `true` to `false`"
        );
        assert_eq!(
            turned(r#"{"guard": [{"lock": null}]}"#, "{}").unwrap(),
            "`guard[0].lock` is no longer set (was `true`)"
        );
        assert!(turned(r#"{"guard": []}"#, "{}").unwrap().contains("no longer set"));
        assert_eq!(
            turned(r#"{"guard": [{}]}"#, r#"{"guard": [{"lock": true}]}"#).unwrap(),
            "`guard[0].lock` (now `true`) is known only after apply"
        );
        assert_eq!(turned(on, "{}"), None);
    }

    #[test]
    fn what_was_weak_or_unset_before_does_not_turn_off() {
        let off = r#"{"guard": [{"lock": false}]}"#;
        assert_eq!(turned(&lock(), off, off, "{}"), None);
        assert_eq!(turned(&lock(), r#"{"guard": []}"#, off, "{}"), None);
        assert_eq!(turned(&lock(), "{}", off, "{}"), None);
    }

    #[test]
    fn absence_can_be_the_safe_setting() {
        let open = switch(&["public"], SafeSetting::Flag(false), Unset::Strong);
        assert_eq!(turned(&open, "{}", r#"{"public": true}"#, "{}").unwrap(), "`public` changes to `true`");
        assert_eq!(turned(&open, r#"{"public": null}"#, r#"{"public": false}"#, "{}"), None);
    }

    /// Otherwise every switch would be compared on both sides of every change.
    #[test]
    fn a_switch_that_is_left_out_is_not_looked_at() {
        let is_skipped = |unset: Unset, before: &str, after: &str, unknown: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "resource_changes": [{}]}}"#,
                update("aws_x.a", before, after, unknown)
            );
            let plan = planguard_plan::Plan::parse(&text).unwrap();
            let pair = pairs(&Changes::new(&plan)).next().unwrap();
            leaves_unset(&switch(&["public"], SafeSetting::Flag(false), unset), &pair)
        };
        let (left_out, set) = ("{}", r#"{"public": true}"#);
        for unset in [Unset::Weak, Unset::ProviderDecides, Unset::Strong] {
            assert!(is_skipped(unset, left_out, r#"{"public": null}"#, r#"{"other": true}"#), "{unset:?}");
            assert!(!is_skipped(unset, set, left_out, "{}"), "{unset:?}");
        }
        assert!(is_skipped(Unset::Weak, left_out, set, "{}"));
        assert!(!is_skipped(Unset::Strong, left_out, set, "{}"));
        assert!(!is_skipped(Unset::Strong, left_out, left_out, r#"{"public": true}"#));
        assert!(!is_skipped(Unset::Strong, left_out, left_out, "true"));
    }

    #[test]
    fn a_block_that_must_be_there_turns_off_when_it_goes() {
        let log = switch(&["log"], SafeSetting::Present, Unset::Weak);
        let on = r#"{"log": [{"bucket": "b"}]}"#;
        assert_eq!(turned(&log, on, r#"{"log": []}"#, "{}").unwrap(), "`log` is removed");
        assert!(turned(&log, on, "{}", "{}").is_some());
        assert_eq!(turned(&log, on, r#"{"log": [{"bucket": "c"}]}"#, "{}"), None);
        assert_eq!(turned(&log, r#"{"log": []}"#, r#"{"log": []}"#, "{}"), None);
    }

    #[test]
    fn a_block_that_must_not_be_there_turns_when_it_comes() {
        let remote = switch(&["remote"], SafeSetting::Absent, Unset::Strong);
        let on = r#"{"remote": [{"key": "k"}]}"#;
        assert_eq!(turned(&remote, "{}", on, "{}").unwrap(), "`remote` is added");
        assert_eq!(turned(&remote, on, "{}", "{}"), None);
        let port = switch(&["port"], SafeSetting::Absent, Unset::Strong);
        assert_eq!(turned(&port, "{}", r#"{"port": 22}"#, "{}").unwrap(), "`port` is set to `22`");
    }

    #[test]
    fn numbers_and_lengths_turn_where_they_cross_the_bound() {
        let two = switch(&["nodes"], SafeSetting::AtLeast(2.0), Unset::ProviderDecides);
        let nodes = |nodes: &str| format!(r#"{{"nodes": {nodes}}}"#);
        let found = |before: &str, after: &str| turned(&two, &nodes(before), &nodes(after), "{}");
        assert_eq!(found("3", "1").unwrap(), "`nodes` changes from `3` to `1`");
        assert_eq!(found(r#"["a", "b"]"#, r#"["a"]"#).unwrap(), "`nodes` changes from `a`, `b` to `a`");
        assert_eq!((found("3", "2"), found("1", "0")), (None, None));
        let hops = switch(&["nodes"], SafeSetting::AtMost(2.0), Unset::ProviderDecides);
        assert!(turned(&hops, &nodes("1"), &nodes("3"), "{}").is_some());
    }

    #[test]
    fn words_in_order_turn_towards_the_first() {
        let words = ["OFF", "OPTIONAL", "ON"].map(ToOwned::to_owned).to_vec();
        let mode = switch(&["mfa"], SafeSetting::Order(words), Unset::Weak);
        let mfa = |word: &str| format!(r#"{{"mfa": "{word}"}}"#);
        let found = |before: &str, after: &str| turned(&mode, &mfa(before), &mfa(after), "{}");
        assert_eq!(found("ON", "OPTIONAL").unwrap(), "`mfa` changes from `ON` to `OPTIONAL`");
        assert!(found("optional", "off").is_some());
        assert_eq!((found("OFF", "ON"), found("ON", "OTHER")), (None, None));
        assert_eq!(turned(&mode, &mfa("ON"), "{}", "{}").unwrap(), "`mfa` is no longer set (was `ON`)");
    }

    #[test]
    fn a_list_is_as_safe_as_its_least_safe_word() {
        let not_all = switch(&["from"], SafeSetting::AllBut(vec!["*".to_owned()]), Unset::Strong);
        let from = |words: &str| format!(r#"{{"from": [{words}]}}"#);
        let found = |before: &str, after: &str| turned(&not_all, &from(before), &from(after), "{}");
        assert_eq!(found(r#""a""#, r#""a", "*""#).unwrap(), "`from` changes from `a` to `a`, `*`");
        assert!(turned(&not_all, "{}", &from(r#""*""#), "{}").is_some());
        assert_eq!((found(r#""*""#, r#""*", "b""#), found(r#""a""#, "")), (None, None));
        let weak =
            switch(&["from"], SafeSetting::AllBut(vec!["1.0".to_owned(), "2".to_owned()]), Unset::Strong);
        assert!(turned(&weak, &from(r#""1.0""#), &from(r#""1.0", 2"#), "{}").is_some(), "one more");
    }

    #[test]
    fn a_setting_means_what_the_name_beside_it_says() {
        let beside = Beside { attribute: vec!["name".to_owned()], words: vec!["ssl".to_owned()] };
        let words = ["off", "flexible", "full", "strict"].map(ToOwned::to_owned).to_vec();
        let ssl = Switch {
            when: vec![beside],
            ..switch(&["value"], SafeSetting::Order(words), Unset::ProviderDecides)
        };
        let of = |name: &str, value: &str| format!(r#"{{"name": "{name}", "value": "{value}"}}"#);
        let turned =
            |name: &str, before: &str, after: &str| turned(&ssl, &of(name, before), &of(name, after), "{}");
        assert_eq!(
            turned("ssl", "strict", "flexible").unwrap(),
            "`value` changes from `strict` to `flexible`"
        );
        assert_eq!((turned("ssl", "flexible", "strict"), turned("polish", "strict", "off")), (None, None));
    }

    #[test]
    fn an_empty_text_is_not_set() {
        let name = |text: &str| format!(r#"{{"policy": "{text}"}}"#);
        let of = |safe: SafeSetting| {
            let policy = switch(&["policy"], safe, Unset::Weak);
            turned(&policy, &name("strict"), &name(""), "{}")
        };
        let gone = "`policy` is no longer set (was `strict`)";
        assert_eq!(of(SafeSetting::AllBut(vec!["open".to_owned()])).unwrap(), gone);
        let words = ["none", "strict"].map(ToOwned::to_owned).to_vec();
        assert_eq!(of(SafeSetting::Order(words)).unwrap(), gone);
    }

    #[test]
    fn one_of_several_blocks_turns() {
        let blocks = |locks: &[&str]| {
            let blocks: Vec<String> = locks.iter().map(|lock| format!(r#"{{"lock": {lock}}}"#)).collect();
            format!(r#"{{"guard": [{}]}}"#, blocks.join(","))
        };
        let found = |before: &[&str], after: &[&str]| turned(&lock(), &blocks(before), &blocks(after), "{}");
        assert!(found(&["true", "true", "false"], &["true", "false", "false"]).is_some());
        assert_eq!(found(&["true", "false"], &["false"]), None, "the safe one is gone");
        assert_eq!(found(&["true", "false"], &["true", "false", "false"]), None);
    }

    #[test]
    fn what_no_block_has_any_more_is_removed() {
        let login = switch(&["action", "login"], SafeSetting::Present, Unset::Weak);
        let actions = |actions: &[&str]| format!(r#"{{"action": [{}]}}"#, actions.join(","));
        let (asks, forwards) = (r#"{"login": [{"issuer": "i"}]}"#, r#"{"login": []}"#);
        assert_eq!(
            turned(&login, &actions(&[asks, forwards]), &actions(&[forwards]), "{}").unwrap(),
            "`action[0].login` is removed"
        );
        assert_eq!(turned(&login, &actions(&[asks, forwards]), &actions(&[asks]), "{}"), None);
        let off = switch(&["log"], SafeSetting::Present, Unset::Weak);
        assert_eq!(turned(&off, r#"{"log": [{"enabled": false}]}"#, r#"{"log": []}"#, "{}"), None);
    }

    #[test]
    fn what_is_in_a_block_goes_along_with_it() {
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{}]}}"#,
            update(
                "azurerm_storage_account.a",
                r#"{"immutability_policy": [{"state": "Locked"}]}"#,
                "{}",
                "{}"
            )
        );
        let plan = planguard_plan::Plan::parse(&text).unwrap();
        let wording = Wording { certain: "is weaker", unknown: "may be weaker" };
        let found = turned_off(&Changes::new(&plan), &super::super::tables::PROTECTION_OFF, &wording);
        let messages: Vec<_> = found.into_iter().map(|finding| finding.message).collect();
        assert_eq!(messages, ["azurerm_storage_account.a is weaker: `immutability_policy` is removed"]);
    }

    #[test]
    fn words_are_compared_in_any_case() {
        let deny = switch(&["default"], SafeSetting::Words(vec!["Deny".to_owned()]), Unset::ProviderDecides);
        assert_eq!(
            turned(&deny, r#"{"default": "deny"}"#, r#"{"default": "Allow"}"#, "{}").unwrap(),
            "`default` changes from `deny` to `Allow`"
        );
        assert_eq!(turned(&deny, r#"{"default": "Deny"}"#, r#"{"default": "DENY"}"#, "{}"), None);
        assert_eq!(turned(&deny, r#"{"default": "Deny"}"#, r#"{"default": null}"#, "{}"), None);
    }

    #[test]
    fn the_order_of_blocks_means_nothing() {
        let one = r#"{"guard": [{"lock": true}, {"lock": false}]}"#;
        let other = r#"{"guard": [{"lock": false}, {"lock": true}]}"#;
        assert_eq!(turned(&lock(), one, other, "{}"), None);
    }

    #[test]
    fn a_sensitive_value_is_not_shown() {
        let text = r#"{"format_version": "1.2", "resource_changes": [{"address": "aws_x.a", "change": {
            "actions": ["update"], "before": {"default": "Deny"}, "after": {"default": "Allow"},
            "before_sensitive": {"default": true}, "after_sensitive": {"default": true}}}]}"#;
        let plan = planguard_plan::Plan::parse(text).unwrap();
        let deny = switch(&["default"], SafeSetting::Words(vec!["Deny".to_owned()]), Unset::ProviderDecides);
        let turn = turn(&deny, &pairs(&Changes::new(&plan)).next().unwrap()).unwrap();
        assert_eq!(turn.describe(), "`default` changes to a weaker value, which is sensitive");
    }
}
