//! Decides which texts of sensitive outputs and variables are ordinary words, and which are names of attributes.
//!
//! An output is often sensitive as a whole for one of its members. Then its other members, such as `forward`, would
//! be replaced wherever they occur, and hide more than they protect.

use std::collections::{BTreeMap, BTreeSet};

use super::credentials::is_credential;
use crate::model::Plan;
use crate::model::value::Value;

/// Words with which many attributes choose among a few settings.
const SETTINGS: [&str; 24] = [
    "administrator",
    "authenticated",
    "default",
    "dedicated",
    "disabled",
    "enabled",
    "enforced",
    "fixed-response",
    "forward",
    "internal",
    "inherited",
    "ipv4-only",
    "managed",
    "optional",
    "private",
    "production",
    "provisioned",
    "public-read",
    "redirect",
    "required",
    "service",
    "standard",
    "staging",
    "development",
];

/// So many places at which the value of a variable stands unmarked make an ordinary word of it.
const MANY: usize = 3;

/// Longer texts are no words.
const LONGEST: usize = 32;

/// Names of the plan format itself.
const FORMAT: [&str; 20] = [
    "actions",
    "address",
    "after",
    "before",
    "change",
    "changes",
    "configuration",
    "constant_value",
    "expressions",
    "module_address",
    "outputs",
    "planned_values",
    "prior_state",
    "provider_name",
    "references",
    "resource_changes",
    "resources",
    "sensitive",
    "values",
    "variables",
];

/// Where the candidates of a plan come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Output,
    Variable,
}

/// Whether a text consists of words: letters of one case, with marks between them.
pub(super) fn is_word(text: &str) -> bool {
    text.len() <= LONGEST
        && text.split(['-', '_', '.', ' ']).all(|part| {
            !part.is_empty()
                && (part.bytes().all(|byte| byte.is_ascii_lowercase())
                    || part.bytes().all(|byte| byte.is_ascii_uppercase()))
        })
}

/// The candidates that are no secrets by themselves.
pub(super) fn ordinary(plan: &Plan<'_>, candidates: &BTreeMap<String, Source>) -> BTreeSet<String> {
    let mut places: BTreeMap<&str, usize> =
        candidates.keys().filter(|word| is_word(word)).map(|word| (word.as_str(), 0)).collect();
    if places.is_empty() {
        return BTreeSet::new();
    }
    for resource in &plan.resource_changes {
        let change = &resource.change;
        let sides = [
            (change.before.as_deref(), change.before_sensitive.as_ref()),
            (change.after.as_deref(), change.after_sensitive.as_ref()),
        ];
        for (value, mask) in sides {
            value.into_iter().for_each(|value| count(value, mask, &mut places));
        }
    }
    let is_ordinary = |word: &&str, places: usize| match candidates.get(*word) {
        _ if SETTINGS.contains(word) => true,
        Some(Source::Output) => places >= 1,
        Some(Source::Variable) => places >= MANY,
        None => false,
    };
    let ordinary = places.into_iter().filter(|(word, places)| is_ordinary(word, *places));
    ordinary.map(|(word, _)| word.to_owned()).collect()
}

/// Counts the places at which words stand without a mark.
fn count(value: &Value<'_>, mask: Option<&Value<'_>>, places: &mut BTreeMap<&str, usize>) {
    match value {
        _ if mask == Some(&Value::Bool(true)) => {}
        Value::String(text) => {
            if let Some(places) = places.get_mut(text.as_ref()) {
                *places += 1;
            }
        }
        Value::Array(elements) => {
            let masks = mask.map(Value::elements).unwrap_or_default();
            elements
                .iter()
                .enumerate()
                .for_each(|(position, element)| count(element, masks.get(position), places));
        }
        Value::Object(object) => {
            for (key, member) in object.members().iter().filter(|(key, _)| !is_credential(key)) {
                count(member, mask.and_then(|mask| mask.get(key)), places);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The texts among these that are also names of attributes of the plan's resources, or of the plan format: where they
/// stand as names, they are no secrets.
pub(crate) fn names_among(plan: &Plan<'_>, texts: &BTreeSet<String>) -> BTreeSet<String> {
    let is_name = |text: &&String| {
        text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let wanted: BTreeSet<&str> = texts.iter().filter(is_name).map(String::as_str).collect();
    let mut names = BTreeSet::new();
    if wanted.is_empty() {
        return names;
    }
    names.extend(FORMAT.iter().filter(|name| wanted.contains(**name)).map(|name| (*name).to_owned()));
    for resource in &plan.resource_changes {
        let change = &resource.change;
        for value in [&change.before, &change.after].into_iter().flatten() {
            attributes(value, &wanted, &mut names);
        }
    }
    names
}

/// The names of an object's attributes and of those of its blocks. An object in an object may be a map, whose keys
/// are data.
fn attributes(value: &Value<'_>, wanted: &BTreeSet<&str>, names: &mut BTreeSet<String>) {
    for (key, member) in value.members() {
        if wanted.contains(key.as_ref()) && !names.contains(key.as_ref()) {
            names.insert(key.clone().into_owned());
        }
        member.elements().iter().for_each(|element| attributes(element, wanted, names));
    }
}

#[cfg(test)]
mod tests {
    use super::is_word;

    #[test]
    fn words_are_letters_of_one_case() {
        for word in ["forward", "HTTP", "fixed-response", "public read"] {
            assert!(is_word(word), "{word}");
        }
        for text in ["", "hunter2", "Sup3r-Secret", "aBcDeF", "a--b", "x:y"] {
            assert!(!is_word(text), "{text}");
        }
    }
}
