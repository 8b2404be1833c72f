//! Writes values and strings as OPA does, and no text that would fill the memory.

use std::fmt::Write;
use std::sync::LazyLock;

use ::regex::Regex;
use regorus::Value;

use super::Failure;
use super::operators::sorted;

/// The longest text that a function builds, in bytes. Nothing that is meant to be read is this long, and the engine looks
/// at its limits only between calls: a value of forty levels, each of which has the one below twice, is written in
/// terabytes.
const LONGEST: usize = 64 << 20;

/// What is wrong with a text that is too long.
fn too_long() -> Failure {
    Failure::TooLarge(format!("the result is longer than {LONGEST} bytes"))
}

/// Fails if a text, or what there is of it, is too long.
pub(super) fn check_length(text: &str) -> Result<(), Failure> {
    if text.len() > LONGEST { Err(too_long()) } else { Ok(()) }
}

/// Which characters are left as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// All that Go calls printable.
    Printable,
    /// ASCII only.
    Ascii,
}

static PRINTABLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\pL\pM\pN\pP\pS ]$").ok());

/// Go's `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols, and of the spaces only the common one.
pub(super) fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    let mut buffer = [0; 4];
    PRINTABLE.as_ref().is_some_and(|printable| printable.is_match(c.encode_utf8(&mut buffer)))
}

/// Go's `strconv.Quote` and `strconv.QuoteToASCII`; with `'` as the quote, those for characters.
pub(super) fn quote(text: &str, quote: char, alphabet: Alphabet) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for c in text.chars() {
        match c {
            _ if c == quote || c == '\\' => quoted.extend(['\\', c]),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            _ if is_printable(c) && (alphabet == Alphabet::Printable || c.is_ascii()) => quoted.push(c),
            _ => {
                let code = u32::from(c);
                // Writing to a string cannot fail.
                let _ = match code {
                    0..0x20 | 0x7f => write!(quoted, "\\x{code:02x}"),
                    0..0x1_0000 => write!(quoted, "\\u{code:04x}"),
                    _ => write!(quoted, "\\U{code:08x}"),
                };
            }
        }
    }
    quoted.push(quote);
    quoted
}

/// A value as OPA writes it in Rego.
///
/// # Errors
/// The text would be too long.
pub(super) fn value_text(value: &Value) -> Result<String, Failure> {
    let mut text = String::new();
    write_value(value, &mut text)?;
    Ok(text)
}

fn write_value(value: &Value, out: &mut String) -> Result<(), Failure> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.format_decimal()),
        Value::String(text) => out.push_str(&quote(text, '"', Alphabet::Printable)),
        Value::Array(elements) => write_all('[', elements.iter(), ']', out)?,
        Value::Set(elements) if elements.is_empty() => out.push_str("set()"),
        Value::Set(elements) => write_all('{', sorted(elements.iter()), '}', out)?,
        Value::Object(object) => {
            out.push('{');
            for (index, (key, value)) in object.iter_sorted().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_value(key, out)?;
                out.push_str(": ");
                write_value(value, out)?;
            }
            out.push('}');
        }
        Value::Undefined => out.push_str("undefined"),
    }
    check_length(out)
}

fn write_all<'v>(
    open: char,
    elements: impl Iterator<Item = &'v Value>,
    close: char,
    out: &mut String,
) -> Result<(), Failure> {
    out.push(open);
    for (index, element) in elements.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_value(element, out)?;
    }
    out.push(close);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::json;

    #[test]
    fn a_value_that_shares_its_parts_is_not_written_without_end() {
        let mut value = Value::from("a".repeat(1 << 20));
        for _ in 0..60 {
            value = Value::from(vec![value.clone(), value]);
        }
        assert!(matches!(value_text(&value), Err(Failure::TooLarge(_))));
        assert!(matches!(json::text(&value), Err(Failure::TooLarge(_))));
    }
}
