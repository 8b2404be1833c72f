//! A place in a document's text.

use std::fmt;

/// A place in the decoded text. Messages give only positions of a broken document: its text may
/// contain secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The byte within the line, counted from 1.
    pub column: usize,
    /// The byte within the text, counted from 0.
    pub byte: usize,
}

impl Position {
    /// The position of a byte; beyond the end it is the end.
    pub(super) fn of_byte(text: &str, byte: usize) -> Self {
        let before = text.as_bytes().get(..byte).unwrap_or(text.as_bytes());
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        Self {
            line: 1 + memchr::memchr_iter(b'\n', before).count(),
            column: 1 + before.len() - line_start,
            byte: before.len(),
        }
    }

    /// The position that the parser gave while reading `text[start..]`.
    pub(super) fn of_error(text: &str, start: usize, error: &serde_json::Error) -> Self {
        let parsed = text.as_bytes().get(start..).unwrap_or_default();
        let line_start = match error.line() {
            0 | 1 => 0,
            line => memchr::memchr_iter(b'\n', parsed).nth(line - 2).map_or(0, |newline| newline + 1),
        };
        Self::of_byte(text, start + line_start + error.column().saturating_sub(1))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, byte } = self;
        write!(f, "line {line}, column {column} (byte {byte})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_columns_from_one() {
        let text = "{\n \"a\"\n}";
        assert_eq!(Position::of_byte(text, 0), Position { line: 1, column: 1, byte: 0 });
        assert_eq!(Position::of_byte(text, 3), Position { line: 2, column: 2, byte: 3 });
        assert_eq!(Position::of_byte(text, 99), Position { line: 3, column: 2, byte: 8 });
    }

    #[test]
    fn finds_the_byte_that_the_parser_stumbled_on() {
        let text = "skip\n{\n \"a\" 1}";
        let error = serde_json::from_str::<serde::de::IgnoredAny>(&text[5..]).unwrap_err();
        assert_eq!(text.as_bytes()[Position::of_error(text, 5, &error).byte], b'1');
    }
}
