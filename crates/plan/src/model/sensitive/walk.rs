//! Finds the marks that a value of a state has in itself: some providers report objects that look like states.

use std::fmt;

use memchr::memmem;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Leaves;
use crate::model::value::{DuplicateKeys, MAX_DEPTH, Value};

/// Collects the sensitive leaves of one value of a state, and of everything in it.
pub(super) struct StateWalk<'l> {
    leaves: &'l mut Leaves,
    depth: u16,
}

/// The members with which a state marks sensitive values: of a resource, and of an output.
#[derive(Default)]
struct Marks<'a> {
    values: Option<&'a RawValue>,
    sensitive_values: Option<&'a RawValue>,
    value: Option<&'a RawValue>,
    sensitive: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Member {
    Values,
    SensitiveValues,
    Value,
    Sensitive,
    #[serde(other)]
    Other,
}

impl<'l> StateWalk<'l> {
    pub(super) const fn new(leaves: &'l mut Leaves) -> Self {
        Self { leaves, depth: 0 }
    }

    /// Collects from the text of a state.
    pub(super) fn read(self, text: &str) -> serde_json::Result<()> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        // The walk counts levels itself, as values do.
        deserializer.disable_recursion_limit();
        self.deserialize(&mut deserializer)?;
        deserializer.end()
    }

    fn deeper<E: Error>(&mut self) -> Result<StateWalk<'_>, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(StateWalk { leaves: &mut *self.leaves, depth: self.depth + 1 })
    }

    fn marks(&mut self, marks: &Marks<'_>) -> serde_json::Result<()> {
        let duplicates = DuplicateKeys::default();
        if let (Some(values), Some(mask)) = (marks.values, marks.sensitive_values)
            && memmem::find(mask.get().as_bytes(), b"true").is_some()
        {
            let (values, mask) = (Value::from_raw(values, &duplicates)?, Value::from_raw(mask, &duplicates)?);
            self.leaves.masked(Some(&values), Some(&mask));
        }
        if let (Some(value), Some("true")) = (marks.value, marks.sensitive.map(RawValue::get)) {
            self.leaves.all(&Value::from_raw(value, &duplicates)?);
        }
        for text in [marks.values, marks.value].into_iter().flatten().map(RawValue::get) {
            if memmem::find(text.as_bytes(), b"\"sensitive").is_some() {
                self.deeper::<serde_json::Error>()?.read(text)?;
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for StateWalk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StateWalk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<(), A::Error> {
        while access.next_element_seed(self.deeper()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<(), A::Error> {
        let mut marks = Marks::default();
        while let Some(member) = access.next_key()? {
            match member {
                Member::Values => marks.values = Some(access.next_value()?),
                Member::SensitiveValues => marks.sensitive_values = Some(access.next_value()?),
                Member::Value => marks.value = Some(access.next_value()?),
                Member::Sensitive => marks.sensitive = Some(access.next_value()?),
                Member::Other => access.next_value_seed(self.deeper()?)?,
            }
        }
        self.marks(&marks).map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(state: &str) -> Vec<String> {
        let mut leaves = Leaves::default();
        StateWalk::new(&mut leaves).read(state).unwrap();
        leaves.texts.into_iter().collect()
    }

    #[test]
    fn finds_marked_values_in_nested_modules_and_outputs() {
        let state = r#"{"format_version": "1.0", "values": {
            "outputs": {"o": {"sensitive": true, "value": {"k": "output"}}, "p": {"sensitive": false, "value": "open"}},
            "root_module": {"child_modules": [{"child_modules": [{"resources": [
                {"sensitive_values": {"a": true, "b": [false]}, "values": {"a": "inner", "b": ["open"]}}]}],
                "resources": [{"values": {"c": "outer"}, "sensitive_values": true}]}]}}}"#;
        assert_eq!(collected(state), ["inner", "outer", "output"]);
    }

    #[test]
    fn values_may_hold_marks_of_their_own() {
        let state =
            r#"{"values": {"settings": [{"sensitive": true, "value": "hidden"}]}, "sensitive_values": {}}"#;
        assert_eq!(collected(state), ["hidden"]);
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let read = |text: &str| StateWalk::new(&mut Leaves::default()).read(text);
        assert!(read(&nested(usize::from(MAX_DEPTH))).is_ok());
        assert!(read(&nested(usize::from(MAX_DEPTH) + 1)).is_err());
    }
}
