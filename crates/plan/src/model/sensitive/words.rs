//! Decides which texts of sensitive outputs and variables are ordinary words, and which are names of attributes.
//!
//! An output is often sensitive as a whole for one of its members. Then its other members, such as `forward`, would
//! be replaced wherever they occur, and hide more than they protect.

use std::collections::{BTreeMap, BTreeSet};

use super::credentials::is_credential;
use crate::model::Plan;
use crate::model::value::Value;
use crate::redact::SHORTEST_TAINT;

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

/// Short ones: settings, and the words that sentences are made of.
const SHORT_SETTINGS: [&str; 84] = [
    "all", "allow", "and", "any", "are", "arm64", "audit", "auto", "basic", "block", "both", "but", "can",
    "day", "days", "deny", "dev", "else", "email", "error", "every", "fail", "for", "from", "full", "has",
    "have", "high", "host", "http", "https", "info", "into", "ipv4", "ipv6", "json", "key", "keys", "lax",
    "less", "log", "logs", "low", "max", "min", "mode", "more", "must", "name", "never", "none", "not",
    "off", "one", "only", "open", "path", "plan", "port", "prod", "read", "rsa", "sse", "ssh", "ssl", "sso",
    "tag", "tags", "tcp", "than", "that", "the", "this", "tls", "type", "udp", "user", "users", "value",
    "warn", "with", "write", "yaml", "yes",
];

/// So many places at which the value of a variable, or a short one, stands unmarked make an ordinary word of it.
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

/// Whether a text is a word of sentences, or one with which many attributes choose among a few settings.
pub(crate) fn is_setting(text: &str) -> bool {
    SETTINGS.iter().chain(&SHORT_SETTINGS).any(|setting| setting.eq_ignore_ascii_case(text))
}

/// Whether a key is a short name with one digit at most, such as `ipv4` or `md5_a`: a map that is sensitive as a whole is
/// most often an object, and its attributes have such names.
pub(super) fn is_short_name(key: &str) -> bool {
    key.len() < SHORTEST_TAINT
        && key.starts_with(|first: char| first.is_ascii_lowercase())
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && key.bytes().filter(u8::is_ascii_digit).count() <= 1
}

/// The candidates that are no secrets by themselves.
pub(super) fn ordinary(plan: &Plan<'_>, candidates: &BTreeMap<String, Source>) -> BTreeSet<String> {
    let mut places: BTreeMap<&str, usize> =
        candidates.keys().filter(|word| is_word(word)).map(|word| (word.as_str(), 0)).collect();
    count_all(plan, &mut places);
    let is_ordinary = |word: &&str, places: usize| match candidates.get(*word) {
        _ if is_setting(word) => true,
        Some(Source::Output) => places >= 1,
        Some(Source::Variable) => places >= MANY,
        None => false,
    };
    let ordinary = places.into_iter().filter(|(word, places)| is_ordinary(word, *places));
    ordinary.map(|(word, _)| word.to_owned()).collect()
}

/// The short texts among these that stand unmarked in many places of the plan: what is said of it often contains them,
/// whether it is about the secret or not.
pub(crate) fn common_among<'t>(plan: &Plan<'_>, texts: BTreeSet<&'t str>) -> BTreeSet<&'t str> {
    let mut places: BTreeMap<&str, usize> = texts.into_iter().map(|text| (text, 0)).collect();
    count_all(plan, &mut places);
    places.into_iter().filter(|(_, places)| *places >= MANY).map(|(text, _)| text).collect()
}

/// Counts the places of the plan's resources at which texts stand without a mark.
fn count_all(plan: &Plan<'_>, places: &mut BTreeMap<&str, usize>) {
    if places.is_empty() {
        return;
    }
    for resource in &plan.resource_changes {
        let change = &resource.change;
        let sides = [
            (change.before.as_deref(), change.before_sensitive.as_ref()),
            (change.after.as_deref(), change.after_sensitive.as_ref()),
        ];
        for (value, mask) in sides {
            value.into_iter().for_each(|value| count(value, mask, None, places));
        }
    }
}

/// The keys that lead to a value, the last first.
#[derive(Clone, Copy)]
struct Keys<'k> {
    key: &'k str,
    outer: Option<&'k Self>,
}

impl Keys<'_> {
    /// Whether a credential is under one of them.
    fn lead_to_credential(&self) -> bool {
        is_credential(self.key) || self.outer.is_some_and(Self::lead_to_credential)
    }
}

/// Counts the places at which words stand without a mark.
fn count(
    value: &Value<'_>,
    mask: Option<&Value<'_>>,
    keys: Option<&Keys<'_>>,
    places: &mut BTreeMap<&str, usize>,
) {
    let mut found = |text: &str| {
        // Most texts are none of these, and to look at their keys takes longer.
        if let Some(places) = places.get_mut(text)
            && !keys.is_some_and(Keys::lead_to_credential)
        {
            *places += 1;
        }
    };
    match value {
        _ if mask == Some(&Value::Bool(true)) => {}
        Value::String(text) => found(text),
        Value::Number(number) => found(&number.to_string()),
        Value::Array(elements) => {
            let masks = mask.map(Value::elements).unwrap_or_default();
            elements
                .iter()
                .enumerate()
                .for_each(|(position, element)| count(element, masks.get(position), keys, places));
        }
        Value::Object(object) => {
            for (key, member) in object.members() {
                let keys = Keys { key, outer: keys };
                count(member, mask.and_then(|mask| mask.get(key)), Some(&keys), places);
            }
        }
        Value::Null | Value::Bool(_) => {}
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
    use std::collections::BTreeSet;

    use super::{is_short_name, is_word, names_among};
    use crate::model::Plan;

    #[test]
    fn words_are_letters_of_one_case() {
        for word in ["forward", "HTTP", "fixed-response", "public read"] {
            assert!(is_word(word), "{word}");
        }
        for text in ["", "hunter2", "Sup3r-Secret", "aBcDeF", "a--b", "x:y"] {
            assert!(!is_word(text), "{text}");
        }
    }

    /// Names of attributes, and not secrets of five characters that are keys.
    #[test]
    fn short_names_have_one_digit_at_most() {
        for name in ["ipv4", "md5_a", "name", "a"] {
            assert!(is_short_name(name), "{name}");
        }
        for key in ["123456", "ab12", "12345", "aB3dE", "a-b", "longer_name", "abcdef"] {
            assert!(!is_short_name(key), "{key}");
        }
    }

    /// A key that is no identifier is one of a map, which may be a secret.
    #[test]
    fn names_are_identifiers_that_are_attributes_or_belong_to_the_format() {
        let plan = r#"{"format_version": "1.2", "resource_changes": [{"address": "aws_x.a", "change": {"actions": ["create"],
            "after": {"my_name": 1, "other": 2, "hunter2-key": 3, "Abc": 4, "1abc": 5, "block": [{"inner_2": 6}]}}}]}"#;
        let plan = Plan::parse(plan).unwrap();
        let texts = ["my_name", "hunter2-key", "Abc", "1abc", "inner_2", "after", "absent"];
        let names = names_among(&plan, &texts.map(str::to_owned).into());
        assert_eq!(names, BTreeSet::from(["after", "inner_2", "my_name"].map(str::to_owned)));
    }
}
