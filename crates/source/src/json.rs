//! Reads JSON with the range of every key and value.

use std::ops::Range;

use serde::de::IgnoredAny;

use crate::hcl::SyntaxError;

/// Levels of nesting that a file may have.
const MAX_DEPTH: usize = 200;

/// A value and its range.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: Range<usize>,
    pub(crate) value: NodeValue,
}

#[derive(Debug)]
pub(crate) enum NodeValue {
    Null,
    Bool(bool),
    /// A number, as written.
    Number(String),
    Text(String),
    Array(Vec<Node>),
    /// The members in the order of the text, repeated keys included.
    Object(Vec<(Key, Node)>),
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) at: Range<usize>,
}

/// Reads a document.
///
/// # Errors
/// It is not JSON, or nests deeper than [`MAX_DEPTH`].
pub(crate) fn read(text: &str) -> Result<Node, SyntaxError> {
    // The parser that knows JSON judges the text, so the scanner below only divides what is valid.
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let line = error.line().saturating_sub(1);
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let at = (start + error.column().saturating_sub(1)).min(text.len());
        let message = error.to_string();
        let reason = message.split(" at line ").next().unwrap_or_default().to_owned();
        return Err(SyntaxError { at, reason });
    }
    let mut scanner = Scanner { text, at: 0, depth: 0 };
    let too_deep = |at| SyntaxError { at, reason: format!("more than {MAX_DEPTH} levels of nesting") };
    scanner.value().ok_or_else(|| too_deep(scanner.at))
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Scanner<'_> {
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips a character if it is the next one.
    fn skip(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Option<Node> {
        let first = self.peek()?;
        let start = self.at;
        let value = match first {
            b'{' => self.nested(Self::object)?,
            b'[' => self.nested(Self::array)?,
            b'"' => NodeValue::Text(self.text()?),
            _ => {
                let rest = self.text.get(start..)?;
                let end = rest.find(|c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace());
                let word = rest.get(..end.unwrap_or(rest.len()))?;
                self.at += word.len();
                match word {
                    "null" => NodeValue::Null,
                    "true" => NodeValue::Bool(true),
                    "false" => NodeValue::Bool(false),
                    number => NodeValue::Number(number.to_owned()),
                }
            }
        };
        Some(Node { at: start..self.at, value })
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<NodeValue>) -> Option<NodeValue> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Some(value)
    }

    fn object(&mut self) -> Option<NodeValue> {
        let mut members = Vec::new();
        while !self.skip(b'}') {
            self.skip(b',');
            self.peek()?;
            let start = self.at;
            let name = self.text()?;
            let key = Key { name, at: start..self.at };
            self.skip(b':');
            members.push((key, self.value()?));
        }
        Some(NodeValue::Object(members))
    }

    fn array(&mut self) -> Option<NodeValue> {
        let mut elements = Vec::new();
        while !self.skip(b']') {
            self.skip(b',');
            elements.push(self.value()?);
        }
        Some(NodeValue::Array(elements))
    }

    fn text(&mut self) -> Option<String> {
        let quoted = self.text.get(self.at..)?;
        let mut escaped = false;
        let end = quoted.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        let quoted = quoted.get(..end + 2)?;
        self.at += quoted.len();
        // An escape of half a character is valid to the parser only where the value is ignored.
        Some(serde_json::from_str(quoted).unwrap_or_else(|_| quoted.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_and_values_have_their_ranges() {
        let text = "{ \"a\\\"é\" : [1, {\"b\":null}],\n\t\"a\": \"x\\\\\", \"c\": {} , \"d\":[]}";
        let node = read(text).unwrap();
        assert_eq!(node.at, 0..text.len());
        let NodeValue::Object(members) = node.value else { panic!("an object") };
        let shown: Vec<_> = members.iter().map(|(k, v)| (&text[k.at.clone()], &text[v.at.clone()])).collect();
        let expected =
            [("\"a\\\"é\"", "[1, {\"b\":null}]"), ("\"a\"", "\"x\\\\\""), ("\"c\"", "{}"), ("\"d\"", "[]")];
        assert_eq!(shown, expected);
        assert_eq!(members[0].0.name, "a\"é");
    }

    #[test]
    fn an_error_says_where() {
        let error = read("{\n  \"a\": 1\n  \"b\": 2\n}").unwrap_err();
        assert_eq!(&"{\n  \"a\": 1\n  \"b\": 2\n}"[error.at..=error.at], "\"");
        assert!(!error.reason.contains("line"), "{}", error.reason);
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&deep(MAX_DEPTH)).is_ok());
        assert!(read(&deep(MAX_DEPTH + 1)).is_err());
        assert!(read(&deep(1_000_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_scanner_panic(text in "[\\[\\]{}:,\"\\\\a1 \n]{0,30}") {
            let _ = read(&text);
        }

        #[test]
        fn every_string_is_found_again(name in any::<String>(), value in any::<String>()) {
            let text = serde_json::json!({ name.clone(): [value.clone()] }).to_string();
            let NodeValue::Object(members) = read(&text).unwrap().value else { panic!("an object") };
            prop_assert_eq!(&members[0].0.name, &name);
            let NodeValue::Array(elements) = &members[0].1.value else { panic!("an array") };
            prop_assert!(matches!(&elements[0].value, NodeValue::Text(text) if *text == value));
        }
    }
}
