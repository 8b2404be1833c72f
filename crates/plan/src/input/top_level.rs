//! Reads the top-level keys of a document in one pass.

use std::fmt;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::position::Position;
use super::problem::Problem;
use crate::text::suggest;

/// The keys that distinguish kinds of documents, and those that plan parsers look up.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
pub(super) enum Key {
    FormatVersion,
    TerraformVersion,
    Variables,
    PlannedValues,
    ResourceDrift,
    ResourceChanges,
    DeferredChanges,
    ActionInvocations,
    DeferredActionInvocations,
    OutputChanges,
    PriorState,
    Configuration,
    RelevantAttributes,
    ConditionResults,
    Checks,
    Timestamp,
    Errored,
    Applyable,
    Complete,
    Values,
    Serial,
    Lineage,
    PlanFormatVersion,
    ProviderSchemas,
    RemotePlanFormat,
    RunId,
    EncryptedData,
    EncryptionVersion,
    RootModule,
    Valid,
    Diagnostics,
    #[serde(rename = "@level")]
    Level,
    #[serde(other)]
    Other,
}

impl Key {
    /// The name of a key that plan parsers look up, which must therefore be unique.
    const fn plan_name(self) -> Option<&'static str> {
        match self {
            Self::FormatVersion => Some("format_version"),
            Self::TerraformVersion => Some("terraform_version"),
            Self::Variables => Some("variables"),
            Self::PlannedValues => Some("planned_values"),
            Self::ResourceDrift => Some("resource_drift"),
            Self::ResourceChanges => Some("resource_changes"),
            Self::DeferredChanges => Some("deferred_changes"),
            Self::ActionInvocations => Some("action_invocations"),
            Self::DeferredActionInvocations => Some("deferred_action_invocations"),
            Self::OutputChanges => Some("output_changes"),
            Self::PriorState => Some("prior_state"),
            Self::Configuration => Some("configuration"),
            Self::RelevantAttributes => Some("relevant_attributes"),
            Self::ConditionResults => Some("condition_results"),
            Self::Checks => Some("checks"),
            Self::Timestamp => Some("timestamp"),
            Self::Errored => Some("errored"),
            Self::Applyable => Some("applyable"),
            Self::Complete => Some("complete"),
            Self::Values
            | Self::Serial
            | Self::Lineage
            | Self::PlanFormatVersion
            | Self::ProviderSchemas
            | Self::RemotePlanFormat
            | Self::RunId
            | Self::EncryptedData
            | Self::EncryptionVersion
            | Self::RootModule
            | Self::Valid
            | Self::Diagnostics
            | Self::Level
            | Self::Other => None,
        }
    }
}

/// The keys that plan parsers look up.
const PLAN_KEYS: [Key; 19] = [
    Key::FormatVersion,
    Key::TerraformVersion,
    Key::Variables,
    Key::PlannedValues,
    Key::ResourceDrift,
    Key::ResourceChanges,
    Key::DeferredChanges,
    Key::ActionInvocations,
    Key::DeferredActionInvocations,
    Key::OutputChanges,
    Key::PriorState,
    Key::Configuration,
    Key::RelevantAttributes,
    Key::ConditionResults,
    Key::Checks,
    Key::Timestamp,
    Key::Errored,
    Key::Applyable,
    Key::Complete,
];

/// The longest name that can be a typo of a plan's key.
const LONGEST_TYPO: usize = 32;

/// A key as it is read: one of the known ones, or a name.
enum Name {
    Known(Key),
    Unknown(String),
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
                Ok(match Key::deserialize(StrDeserializer::new(name))? {
                    Key::Other => Name::Unknown(name.to_owned()),
                    key => Name::Known(key),
                })
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

/// A set of keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Keys(u64);

impl Keys {
    pub(super) fn of(keys: &[Key]) -> Self {
        Self(keys.iter().fold(0, |set, &key| set | 1 << key as u32))
    }

    pub(super) fn contains(self, key: Key) -> bool {
        self.0 & (1 << key as u32) != 0
    }

    pub(super) fn contains_all(self, keys: &[Key]) -> bool {
        Self::of(keys).is_subset(self)
    }

    pub(super) const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    fn insert(&mut self, key: Key) {
        self.0 |= 1 << key as u32;
    }
}

/// The sections whose JSON type is checked before a document counts as a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// `planned_values`, an object.
    PlannedValues,
    /// `resource_changes`, an array.
    ResourceChanges,
}

impl Section {
    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::PlannedValues => "an object",
            Self::ResourceChanges => "an array",
        }
    }

    const fn opening(self) -> char {
        match self {
            Self::PlannedValues => '{',
            Self::ResourceChanges => '[',
        }
    }

    /// Whether a value is present: an absent section may be written as `null`.
    pub(super) fn is_present(self, value: Option<&RawValue>) -> Result<bool, Problem> {
        match value.map(RawValue::get) {
            None | Some("null") => Ok(false),
            Some(json) if json.starts_with(self.opening()) => Ok(true),
            Some(_) => Err(Problem::MistypedSection(self)),
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PlannedValues => "planned_values",
            Self::ResourceChanges => "resource_changes",
        })
    }
}

/// The top level of an object.
#[derive(Debug, Default)]
pub(super) struct TopLevel<'a> {
    pub(super) keys: Keys,
    pub(super) repeated: Option<&'static str>,
    /// The keys of no kind of document, as far as they are short enough for a typo.
    unknown: Vec<String>,
    pub(super) format_version: Option<&'a RawValue>,
    pub(super) planned_values: Option<&'a RawValue>,
    pub(super) resource_changes: Option<&'a RawValue>,
}

impl TopLevel<'_> {
    /// The first unknown key that is almost one of a plan's keys which the document does not have, with that key.
    pub(super) fn typo(&self) -> Option<(&str, &'static str)> {
        let absent: Vec<&'static str> = PLAN_KEYS
            .into_iter()
            .filter(|key| !self.keys.contains(*key))
            .filter_map(Key::plan_name)
            .collect();
        self.unknown
            .iter()
            .find_map(|name| Some((name.as_str(), suggest::nearest(name, absent.iter().copied())?)))
    }
}

impl<'de> Deserialize<'de> for TopLevel<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TopLevelVisitor)
    }
}

struct TopLevelVisitor;

impl<'de> Visitor<'de> for TopLevelVisitor {
    type Value = TopLevel<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut top = TopLevel::default();
        while let Some(name) = map.next_key::<Name>()? {
            let key = match name {
                Name::Known(key) => key,
                Name::Unknown(name) => {
                    if name.len() <= LONGEST_TYPO {
                        top.unknown.push(name);
                    }
                    Key::Other
                }
            };
            if top.keys.contains(key) && top.repeated.is_none() {
                top.repeated = key.plan_name();
            }
            top.keys.insert(key);
            match key {
                Key::FormatVersion => top.format_version = Some(map.next_value()?),
                Key::PlannedValues => top.planned_values = Some(map.next_value()?),
                Key::ResourceChanges => top.resource_changes = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(top)
    }
}

/// Reads the object that starts at `start` and returns where it ends. The caller checks what follows.
///
/// Values are skipped without recursion.
pub(super) fn read(text: &str, start: usize) -> Result<(TopLevel<'_>, usize), Problem> {
    let mut documents =
        serde_json::Deserializer::from_str(text.get(start..).unwrap_or_default()).into_iter::<TopLevel<'_>>();
    match documents.next() {
        Some(Ok(top)) => Ok((top, start + documents.byte_offset())),
        Some(Err(error)) => Err(syntax_problem(text, start, &error)),
        None => Err(Problem::Empty),
    }
}

/// What the parser's error means for the document; `start` is where it began to read.
pub(super) fn syntax_problem(text: &str, start: usize, error: &serde_json::Error) -> Problem {
    if error.is_eof() {
        return Problem::Truncated { position: Position::of_byte(text, text.len()) };
    }
    let position = Position::of_error(text, start, error);
    // Only the parser's message, which never quotes the text; the position is reported separately.
    let words = error.to_string();
    let expected = words.split(" at line ").next().unwrap_or_default().to_owned();
    Problem::Syntax { expected, position }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_keys_through_escapes_and_counts_a_repeated_one() {
        let text = r#"{"resource_changes": [], "resource\u005fchanges": [1]}"#;
        let (top, end) = read(text, 0).unwrap();
        assert_eq!(top.repeated, Some("resource_changes"));
        assert_eq!(end, text.len());
    }

    #[test]
    fn unknown_keys_may_repeat() {
        let (top, _) = read(r#"{"a": 1, "a": 2, "b": {}}"#, 0).unwrap();
        assert_eq!(top.repeated, None);
        assert_eq!(top.keys, Keys::of(&[Key::Other]));
    }

    #[test]
    fn a_million_levels_do_not_overflow_the_stack() {
        let text = format!("{{\"a\":{}", "[".repeat(1_000_000));
        assert!(matches!(read(&text, 0), Err(Problem::Truncated { .. })));
    }

    #[test]
    fn syntax_errors_do_not_quote_the_text() {
        let text = r#"{"password": "hunter2" hunter3}"#;
        let Err(Problem::Syntax { expected, position }) = read(text, 0) else { panic!("read it") };
        assert_eq!(expected, "expected `,` or `}`");
        assert_eq!(&text[position.byte..position.byte + 7], "hunter3");
    }
}
