//! A JSON value that borrows its text from the plan, with members sorted for lookup.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::number::{self, Number};

/// Levels of nesting that a value may have. Terraform's own plans stay below 30; a module adds two.
pub const MAX_DEPTH: u16 = 512;

/// A JSON value. Strings without escapes borrow from the document.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, with all its digits.
    Number(Number),
    /// A string.
    String(Cow<'a, str>),
    /// An array: a list, a set, a tuple, or blocks.
    Array(Vec<Self>),
    /// An object: a map, an object, or one block.
    Object(Object<'a>),
}

/// Up to it, a double is every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl<'a> Value<'a> {
    /// The member of an object, `None` for other values and for absent members.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(object) => object.get(key),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => None,
        }
    }

    /// The text of a string, `None` for other values.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The elements of an array, none for other values.
    pub fn elements(&self) -> &[Self] {
        match self {
            Self::Array(elements) => {
                // One of them is asked for as often as all are.
                planguard_work::steps(1);
                elements
            }
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Object(_) => &[],
        }
    }

    /// The members of an object in the order of their keys, none for other values.
    pub fn members(&self) -> &[(Cow<'a, str>, Self)] {
        match self {
            Self::Object(object) => object.members(),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => &[],
        }
    }

    /// Whether some leaf is `true`, the mark of unknown and sensitive places.
    /// Structure alone (`{}`, `[false]`) marks nothing.
    pub fn has_true_leaf(&self) -> bool {
        planguard_work::steps(1);
        match self {
            Self::Bool(marked) => *marked,
            Self::Array(elements) => elements.iter().any(Self::has_true_leaf),
            Self::Object(object) => object.members.iter().any(|(_, value)| value.has_true_leaf()),
            Self::Null | Self::Number(_) | Self::String(_) => false,
        }
    }

    /// The value as HCL writes what is short: JSON, but for the members of objects.
    pub fn written(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(truth) => truth.to_string(),
            Self::Number(number) => number.to_string(),
            Self::String(text) => serde_json::Value::from(text.as_ref()).to_string(),
            Self::Array(elements) => {
                format!("[{}]", elements.iter().map(Self::written).collect::<Vec<_>>().join(", "))
            }
            Self::Object(object) if object.members.is_empty() => "{}".to_owned(),
            Self::Object(object) => {
                let members = object.members().iter();
                let members =
                    members.map(|(name, value)| format!("{} = {}", written_key(name), value.written()));
                format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Reads a value from one section of a plan.
    ///
    /// # Errors
    /// The text is not JSON, or is nested deeper than [`MAX_DEPTH`].
    pub fn parse(text: &'a str, duplicates: &DuplicateKeys) -> serde_json::Result<Self> {
        let numbers = Numbers::default();
        let value = Self::read(text, ValueSeed { depth: 0, duplicates, numbers: &numbers })?;
        if !numbers.has_doubles.get() {
            return Ok(value);
        }
        // The parser does not tell how a number is written. Those that need it are rare: only then all is read again.
        let tokens = number::tokens(text);
        if !tokens.iter().any(|token| Number::may_be_inexact(token)) {
            return Ok(value);
        }
        let numbers = Numbers { tokens, ..Numbers::default() };
        // Duplicates are counted already.
        let duplicates = DuplicateKeys::default();
        Self::read(text, ValueSeed { depth: 0, duplicates: &duplicates, numbers: &numbers })
    }

    fn read(text: &'a str, seed: ValueSeed<'_>) -> serde_json::Result<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        // The seed counts levels itself, so that the limit is planguard's and not the parser's 128.
        deserializer.disable_recursion_limit();
        let value = seed.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    }

    /// An object with another value for a member that it has; any other value as it is.
    #[must_use]
    pub fn with(self, key: &str, value: Self) -> Self {
        let Self::Object(mut object) = self else { return self };
        if let Some((_, member)) = object.members.iter_mut().find(|(name, _)| name == key) {
            *member = value;
        }
        Self::Object(object)
    }

    /// Reads a raw section; see [`Value::parse`].
    pub(crate) fn from_raw(raw: &'a RawValue, duplicates: &DuplicateKeys) -> serde_json::Result<Self> {
        Self::parse(raw.get(), duplicates)
    }
}

/// The key of a map as HCL writes it: in quotes, unless it is an identifier.
pub fn written_key(key: &str) -> Cow<'_, str> {
    let mut characters = key.chars();
    let is_identifier = characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|other| other.is_alphanumeric() || matches!(other, '_' | '-'));
    if is_identifier { Cow::Borrowed(key) } else { Cow::Owned(serde_json::Value::from(key).to_string()) }
}

/// The members of a JSON object, sorted by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Object<'a> {
    /// An object with these members; the last of equal keys counts.
    pub fn new(members: Vec<(Cow<'a, str>, Value<'a>)>) -> Self {
        Self::from_members(members, &DuplicateKeys::default())
    }

    /// The member with this key.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        planguard_work::steps(1);
        let position = self.members.binary_search_by(|(name, _)| name.as_ref().cmp(key)).ok()?;
        self.members.get(position).map(|(_, value)| value)
    }

    /// The members in the order of their keys.
    pub fn members(&self) -> &[(Cow<'a, str>, Value<'a>)] {
        planguard_work::steps(self.members.len());
        &self.members
    }

    /// The members, by value.
    pub fn into_members(self) -> Vec<(Cow<'a, str>, Value<'a>)> {
        self.members
    }

    /// Terraform writes keys in order, so sorting is the exception. The last of equal keys wins, as in
    /// every other parser of plans; duplicates are counted.
    fn from_members(mut members: Vec<(Cow<'a, str>, Value<'a>)>, duplicates: &DuplicateKeys) -> Self {
        if !members.is_sorted_by(|(left, _), (right, _)| left < right) {
            members.reverse();
            members.sort_by(|(left, _), (right, _)| left.cmp(right));
            let before = members.len();
            members.dedup_by(|(left, _), (right, _)| left == right);
            duplicates.add(before - members.len());
        }
        Self { members }
    }
}

/// The number of duplicate object keys.
#[derive(Debug, Default)]
pub struct DuplicateKeys(Cell<usize>);

impl DuplicateKeys {
    fn add(&self, count: usize) {
        self.0.set(self.0.get() + count);
    }

    /// The number of keys that a later one of the same name overrode.
    pub fn count(&self) -> usize {
        self.0.get()
    }
}

/// What is known of the numbers of a document while it is read.
#[derive(Default)]
struct Numbers<'t> {
    /// Whether some are doubles, which may stand for others.
    has_doubles: Cell<bool>,
    /// How they are written, in their order; none if they are read for the first time.
    tokens: Vec<&'t str>,
    /// How many were read.
    count: Cell<usize>,
}

impl Numbers<'_> {
    /// The next number of the document, of which the parser makes this.
    fn next(&self, nearest: serde_json::Number) -> Number {
        let at = self.count.replace(self.count.get() + 1);
        match self.tokens.get(at) {
            Some(token) => Number::written_as(token, nearest),
            None => Number::from(nearest),
        }
    }
}

#[derive(Clone, Copy)]
struct ValueSeed<'d> {
    depth: u16,
    duplicates: &'d DuplicateKeys,
    numbers: &'d Numbers<'d>,
}

impl ValueSeed<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(self.numbers.next(value.into())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(self.numbers.next(value.into())))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        self.numbers.has_doubles.set(true);
        // A whole number is one however it is written: what rewrites plans may make `22.0` of `22`.
        let nearest = if value.fract() == 0.0 && value.abs() <= EXACT {
            Some((value as i64).into())
        } else {
            serde_json::Number::from_f64(value)
        };
        nearest
            .map(|nearest| Value::Number(self.numbers.next(nearest)))
            .ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Value::String(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Value::String(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let seed = self.deeper()?;
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(seed)? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let seed = self.deeper()?;
        let mut members = Vec::new();
        while let Some(key) = access.next_key_seed(KeySeed)? {
            members.push((key, access.next_value_seed(seed)?));
        }
        Ok(Value::Object(Object::from_members(members, self.duplicates)))
    }
}

/// Reads an object's key, borrowed where it has no escapes.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object key")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Value<'_> {
        Value::parse(text, &DuplicateKeys::default()).unwrap()
    }

    #[test]
    fn members_are_found_whatever_their_order() {
        let value = parse(r#"{"b": 1, "a": {"c": [true, null, "x"]}, "z": -2, "m": 1.5}"#);
        assert_eq!(value.get("b"), Some(&Value::Number(1.into())));
        assert_eq!(value.get("a").and_then(|a| a.get("c")).map(|c| c.elements().len()), Some(3));
        assert_eq!(value.get("absent"), None);
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for written in ["22", "22.0", "22e0", "2.2e1", "220E-1"] {
            assert_eq!(parse(written), Value::Number(22.into()), "{written}");
        }
        assert_eq!(parse("-0.0"), Value::Number(0.into()));
        // Beyond what a double tells exactly, nothing is made of it.
        assert!(matches!(parse("1e300"), Value::Number(number) if number.is_f64()));
        assert!(matches!(parse("1.5"), Value::Number(number) if number.is_f64()));
    }

    #[test]
    fn keys_are_written_in_quotes_unless_they_are_identifiers() {
        let value = parse(r#"{"ok": 1, "x-y": [], "é": {}, "": 2, "1x": 3, "a.b": "t", "q\"t": null}"#);
        assert_eq!(
            value.written(),
            r#"{ "" = 2, "1x" = 3, "a.b" = "t", ok = 1, "q\"t" = null, x-y = [], é = {} }"#
        );
    }

    #[test]
    fn strings_borrow_unless_they_are_escaped() {
        let value = parse(r#"["plain", "with\nescape"]"#);
        assert!(matches!(&value.elements()[0], Value::String(Cow::Borrowed("plain"))));
        assert!(matches!(&value.elements()[1], Value::String(Cow::Owned(text)) if text == "with\nescape"));
    }

    #[test]
    fn the_last_of_equal_keys_wins_and_is_counted() {
        let duplicates = DuplicateKeys::default();
        let value = Value::parse(r#"{"a": 1, "b": 2, "a": 3, "a": 4}"#, &duplicates).unwrap();
        assert_eq!(value.get("a"), Some(&Value::Number(4.into())));
        assert_eq!(duplicates.count(), 2);
    }

    #[test]
    fn nesting_is_limited_by_our_own_count() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let duplicates = DuplicateKeys::default();
        assert!(Value::parse(&nested(usize::from(MAX_DEPTH)), &duplicates).is_ok());
        let error = Value::parse(&nested(usize::from(MAX_DEPTH) + 1), &duplicates).unwrap_err();
        assert!(error.to_string().contains("nested deeper"), "{error}");
    }

    #[test]
    fn structure_alone_marks_nothing() {
        assert!(!parse(r#"{"a": [false, {}], "b": []}"#).has_true_leaf());
        assert!(parse(r#"{"a": [false, {"c": true}]}"#).has_true_leaf());
    }
}
