//! A part of the plan's text that is kept as it stands until something asks for it.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::PlanError;
use super::value::{DuplicateKeys, Value};

/// The raw text of a field, if the field is present. Unlike `Option`, it tells `null` from absence.
#[derive(Clone, Copy, Debug, Default)]
pub struct Section<'a>(Option<&'a RawValue>);

impl<'a> Section<'a> {
    /// The text of the field, `None` where the plan does not have it.
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

/// Reads sections into values and counts the keys that stand twice in them.
#[derive(Default)]
pub(super) struct SectionReader {
    /// How many keys stood twice so far.
    pub(super) duplicates: DuplicateKeys,
}

impl SectionReader {
    /// The section's value; `None` where the section is absent.
    pub(super) fn value<'a>(&self, section: Section<'a>) -> Result<Option<Value<'a>>, PlanError> {
        section.0.map(|raw| Value::from_raw(raw, &self.duplicates)).transpose().map_err(PlanError::Json)
    }
}
