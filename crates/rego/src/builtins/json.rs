//! JSON as Go writes it.

use std::collections::BTreeMap;

use regorus::Value;

use super::arguments::{Arguments, type_name};
use super::operators::sorted;
use super::text::{check_length, value_text};
use super::{Builtin, Failure, Outcome};
use crate::large_integers::{self, Marked};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "json.marshal", arity: 1, run: marshal },
    Builtin { name: "json.marshal_with_options", arity: 2, run: marshal_with_options },
    Builtin { name: "json.unmarshal", arity: 1, run: unmarshal },
];

/// How lines are broken.
#[derive(Clone, Copy)]
enum Lines<'o> {
    /// Not at all.
    One,
    Many {
        prefix: &'o str,
        indent: &'o str,
    },
}

/// `json.marshal(value)`: the value as JSON on one line.
fn marshal(arguments: &[Value]) -> Outcome {
    Ok(text(Arguments(arguments).value(0))?.into())
}

/// `json.unmarshal(text)`: what a JSON document says, with all digits of its integers.
fn unmarshal(arguments: &[Value]) -> Outcome {
    let text = Arguments(arguments).text(0)?;
    let marked = Marked::of(text);
    let read = Value::from_json_str(marked.as_ref().map_or(text, |marked| &marked.text));
    let mut value = read.map_err(|error| Failure::unsuitable(format!("invalid JSON: {error}")))?;
    if let Some(Marked { mark, .. }) = &marked {
        large_integers::restore(&mut value, mark);
    }
    Ok(value)
}

/// `json.marshal_with_options(value, options)`: the value as JSON, on several lines if `pretty` is true or `prefix`
/// or `indent` is given.
fn marshal_with_options(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let Value::Object(options) = arguments.value(1) else { return Err(arguments.wrong(1, "object")) };
    let (mut prefix, mut indent, mut pretty) = (None, None, None);
    for (key, value) in options.iter_sorted() {
        let wrong = |expected: &str| match value_text(key) {
            Ok(key) => {
                let got = type_name(value);
                Failure::unsuitable(format!("operand 2 key {key} must be {expected} but got {got}"))
            }
            Err(failure) => failure,
        };
        match key.as_string().map(|key| key.as_ref()) {
            Ok("prefix") => prefix = Some(value.as_string().map_err(|_| wrong("string"))?.as_ref()),
            Ok("indent") => indent = Some(value.as_string().map_err(|_| wrong("string"))?.as_ref()),
            Ok("pretty") => pretty = Some(*value.as_bool().map_err(|_| wrong("boolean"))?),
            _ => {
                let key = value_text(key)?;
                return Err(Failure::unsuitable(format!("operand 2 object contained unknown key {key}")));
            }
        }
    }
    let lines = if pretty.unwrap_or(prefix.is_some() || indent.is_some()) {
        Lines::Many { prefix: prefix.unwrap_or(""), indent: indent.unwrap_or("\t") }
    } else {
        Lines::One
    };
    let mut out = String::new();
    if let Lines::Many { prefix, .. } = lines {
        out.push_str(prefix);
    }
    write_value(arguments.value(0), lines, 0, &mut out)?;
    Ok(out.into())
}

/// The value as JSON on one line.
///
/// # Errors
/// The text would be too long.
pub(super) fn text(value: &Value) -> Result<String, Failure> {
    let mut out = String::new();
    write_value(value, Lines::One, 0, &mut out)?;
    Ok(out)
}

fn write_value(value: &Value, lines: Lines<'_>, depth: usize, out: &mut String) -> Result<(), Failure> {
    match value {
        Value::Null | Value::Undefined => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.format_decimal()),
        Value::String(text) => write_string(text, out),
        Value::Array(elements) => write_all(elements.iter(), lines, depth, out)?,
        Value::Set(elements) => write_all(sorted(elements.iter()), lines, depth, out)?,
        Value::Object(object) if object.is_empty() => out.push_str("{}"),
        Value::Object(object) => {
            let key =
                |key: &Value| key.as_string().map_or_else(|_| value_text(key), |key| Ok(key.to_string()));
            let entries: BTreeMap<String, &Value> =
                object.iter().map(|(name, value)| Ok((key(name)?, value))).collect::<Result<_, Failure>>()?;
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                break_line(lines, depth + 1, out);
                write_string(&key, out);
                out.push(':');
                if let Lines::Many { .. } = lines {
                    out.push(' ');
                }
                write_value(value, lines, depth + 1, out)?;
            }
            break_line(lines, depth, out);
            out.push('}');
        }
    }
    check_length(out)
}

fn write_all<'v>(
    elements: impl ExactSizeIterator<Item = &'v Value>,
    lines: Lines<'_>,
    depth: usize,
    out: &mut String,
) -> Result<(), Failure> {
    if elements.len() == 0 {
        out.push_str("[]");
        return Ok(());
    }
    out.push('[');
    for (index, element) in elements.enumerate() {
        if index > 0 {
            out.push(',');
        }
        break_line(lines, depth + 1, out);
        write_value(element, lines, depth + 1, out)?;
    }
    break_line(lines, depth, out);
    out.push(']');
    Ok(())
}

fn break_line(lines: Lines<'_>, depth: usize, out: &mut String) {
    if let Lines::Many { prefix, indent } = lines {
        out.push('\n');
        out.push_str(prefix);
        out.push_str(&indent.repeat(depth));
    }
}

/// Go also escapes what would mean something in HTML, and the line ends that JavaScript has and JSON has not.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
