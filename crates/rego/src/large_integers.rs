//! Keeps the digits of integers that are too large for the parser of JSON.
//!
//! The parser makes floats of integers beyond 64 bits. It reads those instead as texts that start with a mark, and the
//! mark is one that the document has nowhere else. What is written as JSON has them as such texts, too, until it is text.

use std::ops::Range;

use regorus::Value;

/// How long an integer of 64 bits can be.
const DIGITS: usize = 19;

/// A document whose large integers are texts.
pub(super) struct Marked {
    pub text: String,
    pub mark: String,
}

impl Marked {
    /// Marks the large integers of a JSON document, if it has any.
    pub(super) fn of(text: &str) -> Option<Self> {
        let integers = large_integers(text);
        if integers.is_empty() {
            return None;
        }
        let mut mark = MARK.to_owned();
        while text.contains(&mark) {
            mark.push(':');
        }
        let mut marked = String::with_capacity(text.len() + integers.len() * (mark.len() + 2));
        let mut read = 0;
        for Range { start, end } in integers {
            marked.push_str(&text[read..start]);
            marked.push_str(&format!("\"{mark}{}\"", &text[start..end]));
            read = end;
        }
        marked.push_str(&text[read..]);
        Some(Self { text: marked, mark })
    }
}

/// The mark of the large integers in what is written as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegerMark(String);

impl Default for IntegerMark {
    fn default() -> Self {
        Self(MARK.to_owned())
    }
}

/// The start of each mark.
const MARK: &str = "integer:";

impl IntegerMark {
    /// A mark that none of some texts and values contain.
    pub(super) fn for_values<'v>(texts: &[&str], values: impl Iterator<Item = &'v Value>) -> Self {
        let mut longest = texts.iter().map(|text| longest_mark(text)).max().unwrap_or(0);
        let mut values: Vec<&Value> = values.collect();
        while let Some(value) = values.pop() {
            match value {
                Value::String(text) => longest = longest.max(longest_mark(text)),
                Value::Array(items) => values.extend(items.iter()),
                Value::Set(items) => values.extend(items.iter()),
                Value::Object(fields) => {
                    for (key, value) in fields.iter() {
                        values.extend([key, value]);
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => {}
            }
        }
        Self(MARK.to_owned() + &":".repeat(longest))
    }

    /// The text that stands for an integer, if it is one that JSON has no room for here.
    pub(super) fn marked(&self, value: &Value) -> Option<String> {
        let Value::Number(number) = value else { return None };
        if number.as_i64().is_some() || number.as_u64().is_some() {
            return None;
        }
        let digits = number.format_decimal();
        is_integer(&digits).then(|| format!("{}{digits}", self.0))
    }

    /// The digits of an integer, if a text stands for one.
    pub fn digits<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.strip_prefix(self.0.as_str()).filter(|digits| is_integer(digits))
    }

    /// Writes the integers of a JSON document in their places.
    pub fn restored(&self, json: &str) -> String {
        let opening = format!("\"{}", self.0);
        let mut restored = String::with_capacity(json.len());
        let mut rest = json;
        while let Some(at) = rest.find(&opening) {
            let (before, text) = (&rest[..at], &rest[at + opening.len()..]);
            restored.push_str(before);
            let digits = text.find('"').map(|end| &text[..end]).filter(|digits| is_integer(digits));
            match digits {
                Some(digits) => {
                    restored.push_str(digits);
                    rest = &text[digits.len() + 1..];
                }
                // What is sensitive was taken out of it.
                None => {
                    restored.push('"');
                    rest = text;
                }
            }
        }
        restored.push_str(rest);
        restored
    }
}

/// One more than the colons after the longest mark in a text; 0 without one.
fn longest_mark(text: &str) -> usize {
    let colons = |(at, mark): (usize, &str)| {
        1 + text[at + mark.len()..].bytes().take_while(|byte| *byte == b':').count()
    };
    text.match_indices(MARK).map(colons).max().unwrap_or(0)
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The integer that a marked text is.
pub(super) fn integer(text: &str, mark: &str) -> Option<Value> {
    Value::from_numeric_string(text.strip_prefix(mark)?).ok()
}

/// Puts the integers of a marked document in their places.
pub(super) fn restore(value: &mut Value, mark: &str) {
    match value {
        Value::String(text) => {
            if let Some(integer) = integer(text, mark) {
                *value = integer;
            }
        }
        Value::Array(elements) => {
            *value = elements
                .iter()
                .cloned()
                .map(|mut element| {
                    restore(&mut element, mark);
                    element
                })
                .collect::<Vec<_>>()
                .into();
        }
        Value::Object(object) => {
            let entries = object.iter().map(|(key, value)| {
                let mut value = value.clone();
                restore(&mut value, mark);
                (key.clone(), value)
            });
            *value = entries.collect::<std::collections::BTreeMap<_, _>>().into();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Set(_) | Value::Undefined => {}
    }
}

/// Where in a JSON document, and outside of its texts, integers have more digits than those of 64 bits.
fn large_integers(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_text(bytes, at),
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let length = bytes[at..].iter().take_while(|byte| is_part(byte)).count();
                let number = &bytes[at..at + length];
                let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
                let sign = usize::from(*byte == b'-');
                if digits >= DIGITS && digits + sign == length && bytes[at + sign] != b'0' {
                    found.push(at..at + length);
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    found
}

/// The end of the text that starts with a quote.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_integers_outside_of_texts_are_marked() {
        let text = r#"{"a": 123456789012345678901, "b": "123456789012345678901\"12345678901234567890", "c": [-99999999999999999999]}"#;
        let marked = Marked::of(text).unwrap();
        let expected = r#"{"a": "integer:123456789012345678901", "b": "123456789012345678901\"12345678901234567890", "c": ["integer:-99999999999999999999"]}"#;
        assert_eq!(marked.text, expected);
        for text in ["[1, 1234567890123456789.5, 1e99]", "\"12345678901234567890", "[0.12345678901234567890]"]
        {
            assert!(Marked::of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn integers_are_written_in_their_places() {
        let large = Value::from_numeric_string("-123456789012345678901").unwrap();
        let values = [large.clone(), Value::from("integer:::7")];
        let mark = IntegerMark::for_values(&["integer:"], values.iter());
        let text = mark.marked(&large).unwrap();
        assert_eq!(mark.digits(&text), Some("-123456789012345678901"));
        let json = serde_json::json!({"integer:::7": [text, "integer:::7", format!("{text}x")]}).to_string();
        assert_eq!(
            mark.restored(&json),
            "{\"integer:::7\":[-123456789012345678901,\"integer:::7\",\"-123456789012345678901x\"]}"
        );
        for small in ["1", "18446744073709551615", "0.5"] {
            assert_eq!(mark.marked(&Value::from_numeric_string(small).unwrap()), None);
        }
    }

    #[test]
    fn a_mark_that_the_document_has_is_made_longer() {
        let text = "[\"integer::7\", 123456789012345678901]";
        let marked = Marked::of(text).unwrap();
        let mut value = Value::from_json_str(&marked.text).unwrap();
        restore(&mut value, &marked.mark);
        assert_eq!(value[0], Value::from("integer::7"));
        assert_eq!(value[1], Value::from_numeric_string("123456789012345678901").unwrap());
    }
}
