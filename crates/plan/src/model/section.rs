//! A part of the plan's text that is parsed on demand.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::PlanError;
use super::value::{DuplicateKeys, Value};

/// The raw text of a field, if it is present. Unlike `Option`, it distinguishes `null` from absence.
#[derive(Clone, Copy, Debug, Default)]
pub struct Section<'a>(Option<&'a RawValue>);

impl<'a> Section<'a> {
    /// The text of the field; `None` if it is absent.
    pub fn text(self) -> Option<&'a str> {
        self.0.map(RawValue::get)
    }

    /// Whether both fields are present with the same text.
    pub(super) fn same_text(self, other: Self) -> bool {
        matches!((self.text(), other.text()), (Some(left), Some(right)) if left == right)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Section<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw)))
    }
}

/// Parses sections and counts their duplicate keys.
#[derive(Default)]
pub(super) struct SectionReader {
    /// The number of duplicate keys so far.
    pub(super) duplicates: DuplicateKeys,
}

impl SectionReader {
    /// The section's value; `None` if it is absent.
    pub(super) fn value<'a>(&self, section: Section<'a>) -> Result<Option<Value<'a>>, PlanError> {
        section.0.map(|raw| Value::from_raw(raw, &self.duplicates)).transpose().map_err(PlanError::from)
    }
}
