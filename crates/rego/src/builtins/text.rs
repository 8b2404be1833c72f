//! Writes values and strings as OPA does.

use std::fmt::Write;
use std::sync::LazyLock;

use ::regex::Regex;
use regorus::Value;

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
pub(super) fn value_text(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, &mut text);
    text
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.format_decimal()),
        Value::String(text) => out.push_str(&quote(text, '"', Alphabet::Printable)),
        Value::Array(elements) => write_all('[', elements.iter(), ']', out),
        Value::Set(elements) if elements.is_empty() => out.push_str("set()"),
        Value::Set(elements) => {
            // For OPA, sets come after objects; for the engine, before them.
            let (sets, others): (Vec<&Value>, Vec<&Value>) =
                elements.iter_sorted().partition(|element| matches!(element, Value::Set(_)));
            write_all('{', others.into_iter().chain(sets), '}', out);
        }
        Value::Object(object) => {
            out.push('{');
            for (index, (key, value)) in object.iter_sorted().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_value(key, out);
                out.push_str(": ");
                write_value(value, out);
            }
            out.push('}');
        }
        Value::Undefined => out.push_str("undefined"),
    }
}

fn write_all<'v>(open: char, elements: impl Iterator<Item = &'v Value>, close: char, out: &mut String) {
    out.push(open);
    for (index, element) in elements.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_value(element, out);
    }
    out.push(close);
}
