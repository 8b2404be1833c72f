//! Keeps the digits of integers that are too large for the parser of JSON.
//!
//! The parser makes floats of integers beyond 64 bits. It reads those instead as texts that start with a mark, and the
//! mark is one that the document has nowhere else.

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
        let mut mark = "integer:".to_owned();
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
    fn a_mark_that_the_document_has_is_made_longer() {
        let text = "[\"integer::7\", 123456789012345678901]";
        let marked = Marked::of(text).unwrap();
        let mut value = Value::from_json_str(&marked.text).unwrap();
        restore(&mut value, &marked.mark);
        assert_eq!(value[0], Value::from("integer::7"));
        assert_eq!(value[1], Value::from_numeric_string("123456789012345678901").unwrap());
    }
}
