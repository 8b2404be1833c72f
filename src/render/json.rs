//! JSON documents.

use std::io;

use planguard_plan::text::escape;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

/// A value as indented JSON with a line feed at the end. A reader gets every text exactly; what could steer a terminal
/// or a CI system is written as an escape of JSON.
///
/// # Errors
/// If a map has a key that is no text.
pub(super) fn indented(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(escape::json(&serde_json::to_string_pretty(value)?) + "\n")
}

/// A value as [`indented`] writes it down to a level, counted from 1. What is deeper is on one line, which is not indented:
/// a reader of lines finds it, and many of them are small.
///
/// # Errors
/// If a map has a key that is no text.
pub(super) fn shallow(value: &impl Serialize, levels: usize) -> Result<String, serde_json::Error> {
    let mut text = Vec::new();
    let formatter = Shallow { pretty: PrettyFormatter::new(), level: 0, levels };
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, formatter))?;
    Ok(escape::json(&String::from_utf8_lossy(&text)) + "\n")
}

/// Indents arrays and objects down to a level.
struct Shallow {
    pretty: PrettyFormatter<'static>,
    level: usize,
    levels: usize,
}

impl Shallow {
    /// Does what either formatter does at this level.
    fn either<W: ?Sized>(
        &mut self,
        writer: &mut W,
        pretty: impl FnOnce(&mut PrettyFormatter<'static>, &mut W) -> io::Result<()>,
        compact: impl FnOnce(CompactFormatter, &mut W) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.level <= self.levels {
            pretty(&mut self.pretty, writer)
        } else {
            compact(CompactFormatter, writer)
        }
    }
}

impl Formatter for Shallow {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.level += 1;
        self.either(writer, |pretty, w| pretty.begin_array(w), |mut compact, w| compact.begin_array(w))
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.either(writer, |pretty, w| pretty.end_array(w), |mut compact, w| compact.end_array(w))?;
        self.level -= 1;
        Ok(())
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.level == self.levels {
            return writer.write_all(if first { b"\n" } else { b",\n" });
        }
        self.either(
            writer,
            |pretty, w| pretty.begin_array_value(w, first),
            |mut compact, w| compact.begin_array_value(w, first),
        )
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.either(
            writer,
            |pretty, w| pretty.end_array_value(w),
            |mut compact, w| compact.end_array_value(w),
        )
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.level += 1;
        self.either(writer, |pretty, w| pretty.begin_object(w), |mut compact, w| compact.begin_object(w))
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.either(writer, |pretty, w| pretty.end_object(w), |mut compact, w| compact.end_object(w))?;
        self.level -= 1;
        Ok(())
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.either(
            writer,
            |pretty, w| pretty.begin_object_key(w, first),
            |mut compact, w| compact.begin_object_key(w, first),
        )
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.either(
            writer,
            |pretty, w| pretty.begin_object_value(w),
            |mut compact, w| compact.begin_object_value(w),
        )
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.either(
            writer,
            |pretty, w| pretty.end_object_value(w),
            |mut compact, w| compact.end_object_value(w),
        )
    }
}

/// A value as JSON on one line, without a line feed.
///
/// # Errors
/// If a map has a key that is no text.
pub(super) fn compact(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(escape::json(&serde_json::to_string(value)?))
}

/// A value as JSON on a line.
///
/// # Errors
/// If a map has a key that is no text.
pub(super) fn line(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(compact(value)? + "\n")
}

/// The published schema of a document: the file in `docs` is what the type says, and validates.
#[cfg(test)]
pub(super) mod published {
    use std::path::Path;

    use serde_json::Value;

    /// Checks that a file of `docs` is the schema of a type, or writes it with `UPDATE` set; returns what validates by it.
    pub(in crate::render) fn schema<T: schemars::JsonSchema>(file: &str) -> jsonschema::Validator {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let schema = settings.into_generator().into_root_schema_for::<T>();
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let on_disk = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(on_disk == text, "docs/{file} is out of date: run UPDATE=1 cargo test --lib");
        jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
    }

    /// Checks that a document is as the schema says, and that one of another version is not.
    pub(in crate::render) fn validates(validator: &jsonschema::Validator, document: &str) -> Value {
        let document: Value = serde_json::from_str(document).unwrap();
        if let Err(error) = validator.validate(&document) {
            panic!("{error}");
        }
        let mut other = document.clone();
        other["version"] = Value::from(7);
        assert!(!validator.is_valid(&other));
        document
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_deep_is_on_one_line() {
        let value = json!({"a": [{"b": [1, {"c": "##[d"}]}, []], "e": {}});
        let text = shallow(&value, 2).unwrap();
        assert_eq!(text, "{\n  \"a\": [\n{\"b\":[1,{\"c\":\"\\u0023#[d\"}]},\n[]\n  ],\n  \"e\": {}\n}\n");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        assert_eq!(shallow(&value, 9).unwrap(), indented(&value).unwrap());
    }
}
