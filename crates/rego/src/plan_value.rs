//! Parses a plan's text into the engine's value in one pass, skipping sections that no policy reads.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

use regorus::Value;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::large_integers::{self, Marked};

/// A plan nests two levels for each module; a deeper value is hostile, and the engine visits values by recursion.
pub(super) const DEPTH_LIMIT: usize = 512;

/// The smallest number that the parser may have made a float of.
const SMALLEST_LARGE: f64 = 9.2e18;

/// The sections of a plan that policies can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sections {
    /// All, because a policy reads the input as a whole.
    All,
    /// Only these, which policies name.
    Named(BTreeSet<String>),
}

impl Sections {
    /// Returns the sections of both.
    pub(super) fn with(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Named(mut names), Self::Named(more)) => {
                names.extend(more.iter().cloned());
                Self::Named(names)
            }
            (Self::All, _) | (_, Self::All) => Self::All,
        }
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(name),
        }
    }
}

/// Parses a plan. If an object has duplicate keys, the last value wins.
///
/// # Errors
///
/// The reason with line and column, if the text is not a single JSON object or nests deeper than [`DEPTH_LIMIT`].
pub(super) fn read(text: &str, sections: &Sections) -> Result<Value, String> {
    let keys = Keys::default();
    let value = read_with(text, sections, &keys)?;
    if !keys.large.get() {
        return Ok(value);
    }
    let Some(marked) = Marked::of(text) else { return Ok(value) };
    read_with(&marked.text, sections, &Keys { mark: Some(marked.mark), ..Keys::default() })
}

fn read_with(text: &str, sections: &Sections, keys: &Keys) -> Result<Value, String> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // The visitor counts levels itself: serde_json's limit of 128 is too low for valid plans.
    deserializer.disable_recursion_limit();
    let value = Root { keys, sections }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| error.to_string())
}

/// What is known of the document while it is read.
#[derive(Default)]
struct Keys {
    /// The keys seen so far, so that ten thousand `address` keys share one allocation.
    seen: RefCell<HashSet<Arc<str>>>,
    /// Whether a number may be an integer beyond 64 bits, whose digits are lost.
    large: Cell<bool>,
    /// What integers beyond 64 bits start with, which are then texts.
    mark: Option<String>,
}

impl Keys {
    fn get(&self, key: &str) -> Arc<str> {
        let mut keys = self.seen.borrow_mut();
        if let Some(known) = keys.get(key) {
            return Arc::clone(known);
        }
        let key: Arc<str> = key.into();
        keys.insert(Arc::clone(&key));
        key
    }
}

struct Root<'k> {
    keys: &'k Keys,
    sections: &'k Sections,
}

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a plan object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(Key(self.keys))? {
            if self.sections.has(&key) {
                let place = match key.as_ref() {
                    "resource_changes" | "resource_drift" => PlanPosition::Changes,
                    _ => PlanPosition::Anywhere,
                };
                let value = map.next_value_seed(Node { keys: self.keys, place, depth: 1 })?;
                entries.push((Value::String(key), value));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(object(entries))
    }
}

/// The last of duplicate keys wins: the sort is stable, and collecting keeps the last.
fn object(entries: Vec<(Value, Value)>) -> Value {
    Value::from(entries.into_iter().collect::<BTreeMap<_, _>>())
}

struct Key<'k>(&'k Keys);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Arc<str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Arc<str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Arc<str>, E> {
        Ok(self.0.get(key))
    }
}

/// The position in the plan, as far as it matters for sharing `before` with `after`.
#[derive(Clone, Copy)]
enum PlanPosition {
    /// The array of a section of resource changes.
    Changes,
    /// One resource change.
    ResourceChange,
    /// Its `change`, whose `before` and `after` are equal except for changed attributes.
    Change,
    Anywhere,
}

impl PlanPosition {
    fn below(self, key: &str) -> Self {
        match self {
            Self::ResourceChange if key == "change" => Self::Change,
            Self::Changes | Self::ResourceChange | Self::Change | Self::Anywhere => Self::Anywhere,
        }
    }

    fn of_element(self) -> Self {
        match self {
            Self::Changes => Self::ResourceChange,
            Self::ResourceChange | Self::Change | Self::Anywhere => Self::Anywhere,
        }
    }
}

#[derive(Clone, Copy)]
struct Node<'k> {
    keys: &'k Keys,
    place: PlanPosition,
    depth: usize,
}

impl Node<'_> {
    fn below<E: serde::de::Error>(&self, place: PlanPosition) -> Result<Self, E> {
        if self.depth >= DEPTH_LIMIT {
            return Err(E::custom(format_args!("values nest deeper than {DEPTH_LIMIT} levels")));
        }
        Ok(Self { keys: self.keys, place, depth: self.depth + 1 })
    }

    fn read_raw<E: serde::de::Error>(self, raw: &RawValue) -> Result<Value, E> {
        let mut deserializer = serde_json::Deserializer::from_str(raw.get());
        deserializer.disable_recursion_limit();
        self.deserialize(&mut deserializer).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        if value.abs() >= SMALLEST_LARGE {
            self.keys.large.set(true);
        }
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        if let Some(mark) = &self.keys.mark
            && let Some(integer) = large_integers::integer(value, mark)
        {
            return Ok(integer);
        }
        Ok(Value::String(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let node = self.below(self.place.of_element())?;
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element_seed(node)? {
            elements.push(element);
        }
        Ok(Value::from(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        // The text and the value of the last `before` or `after`.
        let mut side: Option<(&'de str, Value)> = None;
        while let Some(key) = map.next_key_seed(Key(self.keys))? {
            let node = self.below(self.place.below(&key))?;
            let value = match self.place {
                PlanPosition::Change if matches!(key.as_ref(), "before" | "after") => {
                    let raw: &'de RawValue = map.next_value()?;
                    let value = match &side {
                        Some((text, value)) if *text == raw.get() => value.clone(),
                        _ => node.read_raw(raw)?,
                    };
                    side = Some((raw.get(), value.clone()));
                    value
                }
                PlanPosition::Changes
                | PlanPosition::ResourceChange
                | PlanPosition::Change
                | PlanPosition::Anywhere => map.next_value_seed(node)?,
            };
            entries.push((Value::String(key), value));
        }
        Ok(object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(sections: &[&str]) -> Sections {
        Sections::Named(sections.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn the_value_equals_that_of_the_engines_parser() {
        let text = r#"{"a": [1, -2, 3.5, 18446744073709551615, true, null, "\u00e9\n"], "a": {"b": {}}, "c": [],
            "resource_changes": [{"change": {"before": {"x": [1]}, "after": {"x": [1]}}}]}"#;
        assert_eq!(read(text, &Sections::All).unwrap(), Value::from_json_str(text).unwrap());
    }

    #[test]
    fn integers_keep_their_digits() {
        let text = r#"{"a": [123456789012345678901234567890], "b": "integer:1", "c": 1.5e300}"#;
        let value = read(text, &Sections::All).unwrap();
        let expected = Value::from_numeric_string("123456789012345678901234567890").unwrap();
        assert_eq!(value["a"][0], expected);
        assert_eq!(value["b"], Value::from("integer:1"));
        assert_eq!(value["c"], Value::from(1.5e300));
    }

    #[test]
    fn unnamed_sections_are_left_out() {
        let text = r#"{"planned_values": {"x": [[]]}, "resource_changes": [], "variables": {}}"#;
        let value = read(text, &named(&["resource_changes"])).unwrap();
        assert_eq!(value, Value::from_json_str(r#"{"resource_changes": []}"#).unwrap());
    }

    #[test]
    fn equal_sides_are_one_allocation() {
        let text = r#"{"resource_changes": [{"change": {"before": {"x": [1]}, "after": {"x": [1]}}}]}"#;
        let value = read(text, &Sections::All).unwrap();
        let change = &value["resource_changes"][0]["change"];
        let (Value::Object(before), Value::Object(after)) = (&change["before"], &change["after"]) else {
            panic!("both sides are objects");
        };
        assert!(Arc::ptr_eq(before, after));
    }

    #[test]
    fn depth_is_limited_wherever_it_occurs() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let at = |levels| shell_read(&format!("{{\"a\": {}}}", nested(levels)));
        assert!(at(DEPTH_LIMIT - 1).is_ok());
        assert!(at(DEPTH_LIMIT).unwrap_err().contains("deeper than 512"));
        let side = format!("{{\"resource_changes\":[{{\"change\":{{\"after\":{}}}}}]}}", nested(600));
        assert!(shell_read(&side).unwrap_err().contains("deeper than 512"));
        // Sections that no policy names are skipped, and may nest to any depth.
        let text = format!("{{\"a\": {}}}", nested(100_000));
        assert_eq!(read(&text, &named(&["b"])).unwrap(), Value::new_object());
    }

    fn shell_read(text: &str) -> Result<Value, String> {
        crate::shell::run(|| read(text, &Sections::All)).unwrap()
    }

    #[test]
    fn published_plans_read_as_the_engine_reads_them() {
        let plans = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/plans/real"));
        if !plans.exists() {
            println!("skipped: {} is absent", plans.display());
            return;
        }
        let mut compared = 0;
        for entry in walkdir::WalkDir::new(plans).into_iter().map(Result::unwrap) {
            let is_small = entry.metadata().unwrap().len() < 200_000;
            if !is_small || !entry.file_type().is_file() {
                continue;
            }
            let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
            let Ok(expected @ Value::Object(_)) = Value::from_json_str(&text) else { continue };
            assert_eq!(read(&text, &Sections::All).unwrap(), expected, "{}", entry.path().display());
            compared += 1;
        }
        assert!(compared > 10, "only {compared} plans were found");
    }

    #[test]
    fn texts_other_than_objects_are_rejected() {
        for text in ["", "[]", "{} {}", "{\"a\": 1e400}", "{\"a\": tru}", "\u{feff}{}"] {
            assert!(read(text, &Sections::All).is_err(), "{text}");
        }
    }
}
