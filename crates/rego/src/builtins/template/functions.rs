//! The functions of templates.

use std::cmp::Ordering;

use regorus::Value;

use super::evaluate::wrong;
use super::value::{Datum, Kind};
use crate::builtins::Failure;
use crate::builtins::sprintf::{self, Operand};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    And,
    Or,
    Not,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Length,
    Index,
    Slice,
    Print,
    PrintLine,
    PrintFormatted,
    Html,
    Javascript,
    UrlQuery,
    Call,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "and" => Self::And,
            "or" => Self::Or,
            "not" => Self::Not,
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "lt" => Self::Less,
            "le" => Self::LessOrEqual,
            "gt" => Self::Greater,
            "ge" => Self::GreaterOrEqual,
            "len" => Self::Length,
            "index" => Self::Index,
            "slice" => Self::Slice,
            "print" => Self::Print,
            "println" => Self::PrintLine,
            "printf" => Self::PrintFormatted,
            "html" => Self::Html,
            "js" => Self::Javascript,
            "urlquery" => Self::UrlQuery,
            "call" => Self::Call,
            _ => return None,
        })
    }

    /// Whether an argument decides what `and` or `or` answers.
    pub(super) fn is_settled_by(self, argument: &Datum) -> bool {
        match self {
            Self::And => !argument.is_true(),
            Self::Or => argument.is_true(),
            _ => false,
        }
    }

    pub(super) fn call(self, arguments: &[Datum]) -> Result<Datum, Failure> {
        match (self, arguments) {
            (Self::And | Self::Or, [.., last]) => Ok(last.clone()),
            (Self::Not, [value]) => Ok((!value.is_true()).into()),
            (Self::Equal, [first, others @ ..]) if !others.is_empty() => {
                equal(first, others).map(Datum::from)
            }
            (Self::NotEqual, [left, right]) => Ok((!equal(left, std::slice::from_ref(right))?).into()),
            (Self::Less, [left, right]) => Ok(order(left, right)?.is_lt().into()),
            (Self::LessOrEqual, [left, right]) => Ok(order(left, right)?.is_le().into()),
            (Self::Greater, [left, right]) => Ok(order(left, right)?.is_gt().into()),
            (Self::GreaterOrEqual, [left, right]) => Ok(order(left, right)?.is_ge().into()),
            (Self::Length, [value]) => length(value),
            (Self::Index, [value, keys @ ..]) => index(value, keys),
            (Self::Slice, [value, bounds @ ..]) => slice(value, bounds),
            (Self::Print, values) => Ok(print(values).into()),
            (Self::PrintLine, values) => {
                let written: Vec<String> = values.iter().map(Datum::written).collect();
                Ok(format!("{}\n", written.join(" ")).into())
            }
            (Self::PrintFormatted, [format, values @ ..]) => print_formatted(format, values),
            (Self::Html, values) => Ok(html(&escapable(values)).into()),
            (Self::Javascript, values) => Ok(javascript(&escapable(values)).into()),
            (Self::UrlQuery, values) => Ok(url_query(&escapable(values)).into()),
            (Self::Call, _) => Err(wrong("error calling call: non-function")),
            (
                Self::And
                | Self::Or
                | Self::Not
                | Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessOrEqual
                | Self::Greater
                | Self::GreaterOrEqual
                | Self::Length
                | Self::Index
                | Self::Slice
                | Self::PrintFormatted,
                _,
            ) => Err(wrong("wrong number of args")),
        }
    }
}

fn comparable(left: &Datum, right: &Datum) -> Result<(), Failure> {
    if left.kind() == right.kind() { Ok(()) } else { Err(wrong("incompatible types for comparison")) }
}

fn equal(first: &Datum, others: &[Datum]) -> Result<bool, Failure> {
    for other in others {
        // Nothing can be compared with anything.
        if first.is_nothing() || other.is_nothing() {
            if first.is_nothing() && other.is_nothing() {
                return Ok(true);
            }
            continue;
        }
        comparable(first, other)?;
        let same = match (first, other) {
            (Datum::Integer(left), Datum::Integer(right)) => left == right,
            (Datum::Float(left), Datum::Float(right)) => left == right,
            (Datum::Document(Value::Bool(left)), Datum::Document(Value::Bool(right))) => left == right,
            _ => match (first.text(), other.text()) {
                (Some(left), Some(right)) => left == right,
                _ => return Err(wrong("non-comparable type")),
            },
        };
        if same {
            return Ok(true);
        }
    }
    Ok(false)
}

fn order(left: &Datum, right: &Datum) -> Result<Ordering, Failure> {
    if left.is_nothing() || right.is_nothing() {
        return Err(wrong("invalid type for comparison"));
    }
    comparable(left, right)?;
    match (left, right) {
        (Datum::Integer(left), Datum::Integer(right)) => Ok(left.cmp(right)),
        (Datum::Float(left), Datum::Float(right)) => Ok(left.total_cmp(right)),
        _ => match (left.text(), right.text()) {
            (Some(left), Some(right)) => Ok(left.cmp(&right)),
            _ => Err(wrong("invalid type for comparison")),
        },
    }
}

fn integer(length: usize) -> Datum {
    Datum::Integer(i64::try_from(length).unwrap_or(i64::MAX))
}

fn length(value: &Datum) -> Result<Datum, Failure> {
    match value {
        Datum::Document(Value::Array(elements)) => Ok(integer(elements.iter().len())),
        Datum::Document(Value::Object(members)) => Ok(integer(members.iter().count())),
        other => match other.text() {
            Some(text) => Ok(integer(text.len())),
            None => Err(wrong("error calling len: len of that type")),
        },
    }
}

fn index(value: &Datum, keys: &[Datum]) -> Result<Datum, Failure> {
    let mut value = value.clone();
    for key in keys {
        value = match (&value, key) {
            (Datum::Document(Value::Array(elements)), Datum::Integer(position)) => {
                let element = usize::try_from(*position).ok().and_then(|position| elements.get(position));
                Datum::from(element.ok_or_else(|| wrong("error calling index: index out of range"))?)
            }
            (Datum::Document(Value::Object(members)), Datum::Document(name @ Value::String(_))) => {
                members.get(name).map_or(Datum::Missing, Datum::from)
            }
            (Datum::Document(Value::String(text)), Datum::Integer(position)) => {
                let byte = usize::try_from(*position).ok().and_then(|position| text.as_bytes().get(position));
                Datum::Integer(i64::from(
                    *byte.ok_or_else(|| wrong("error calling index: index out of range"))?,
                ))
            }
            _ => return Err(wrong("error calling index: can't index item")),
        };
    }
    Ok(value)
}

fn slice(value: &Datum, bounds: &[Datum]) -> Result<Datum, Failure> {
    let bad = || wrong("error calling slice: index out of range");
    let mut limits = Vec::new();
    for bound in bounds {
        let Datum::Integer(bound) = bound else {
            return Err(wrong("error calling slice: cannot index slice/array"));
        };
        limits.push(usize::try_from(*bound).map_err(|_| bad())?);
    }
    match (value, limits.as_slice()) {
        (_, [_, _, _, ..]) => {
            Err(Failure::Unsupported("`slice` with three bounds is not supported in templates".to_owned()))
        }
        (Datum::Document(Value::String(text)), limits) => {
            let (start, end) =
                (limits.first().copied().unwrap_or(0), limits.get(1).copied().unwrap_or(text.len()));
            text.get(start..end).map(Datum::from).ok_or_else(bad)
        }
        (Datum::Document(Value::Array(elements)), limits) => {
            let elements = elements.to_vec();
            let (start, end) =
                (limits.first().copied().unwrap_or(0), limits.get(1).copied().unwrap_or(elements.len()));
            let part = elements.get(start..end).ok_or_else(bad)?;
            Ok(Datum::Document(part.to_vec().into()))
        }
        _ => Err(wrong("error calling slice: can't slice item")),
    }
}

/// Go puts a space between two values of which none is a string.
fn print(values: &[Datum]) -> String {
    let is_string = |value: &Datum| matches!(value, Datum::Document(Value::String(_)));
    let mut out = String::new();
    for (position, value) in values.iter().enumerate() {
        if position > 0 && !is_string(value) && !is_string(&values[position - 1]) {
            out.push(' ');
        }
        out.push_str(&value.written());
    }
    out
}

/// What is escaped: the texts one after the other, or what `print` makes of other values.
fn escapable(values: &[Datum]) -> String {
    match values {
        [Datum::Document(Value::String(text))] => text.to_string(),
        values => print(values),
    }
}

fn print_formatted(format: &Datum, values: &[Datum]) -> Result<Datum, Failure> {
    let Datum::Document(Value::String(format)) = format else {
        return Err(wrong("wrong type for value; expected string"));
    };
    let mut verbs = directives(format);
    let mut operands = Vec::new();
    for value in values {
        let directive = verbs.next();
        let is_supported = |verbs: &[char]| {
            directive.is_some_and(|directive| {
                directive.chars().last().is_some_and(|verb| verbs.contains(&verb))
                    && !directive.contains(['*', '[', '#', '+', 'T'])
            })
        };
        let supported = match value {
            Datum::Integer(_) | Datum::Float(_) => true,
            Datum::Document(Value::String(_) | Value::Number(_)) => true,
            Datum::Document(Value::Bool(_)) => is_supported(&['t', 'v']),
            Datum::Document(_) | Datum::Missing => is_supported(&['v']),
        };
        if !supported || (format.contains('[') && !operands_are_plain(values)) {
            let directive =
                directive.map_or_else(|| "no directive".to_owned(), |directive| format!("`{directive}`"));
            return Err(Failure::Unsupported(format!(
                "`printf` with {directive} for {} is not supported in templates",
                value.written()
            )));
        }
        operands.push(match value {
            Datum::Integer(integer) => Operand::Integer(*integer),
            Datum::Float(float) => Operand::Float(*float),
            Datum::Document(Value::String(text)) => Operand::Text(text.to_string()),
            Datum::Document(Value::Number(number)) => Operand::Written(number.format_decimal()),
            other => Operand::Text(other.written()),
        });
    }
    // To a text, `%t` is a mistake; the booleans that it is right for are texts by now.
    let has_boolean = values.iter().any(|value| value.kind() == Kind::Boolean);
    let format = if has_boolean { format.replace("%t", "%v") } else { format.to_string() };
    sprintf::print(&format, &operands).map(Datum::from)
}

fn operands_are_plain(values: &[Datum]) -> bool {
    values.iter().all(|value| !matches!(value.kind(), Kind::Boolean | Kind::Other))
}

/// The directives of a format, as they are written.
fn directives(format: &str) -> impl Iterator<Item = &str> {
    let mut rest = format;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find('%')?;
            let after = &rest[start + 1..];
            let Some(verb) = after.find(|c: char| c.is_alphabetic() || c == '%') else {
                rest = "";
                return None;
            };
            let length = after[verb..].chars().next().map_or(0, char::len_utf8);
            let directive = &rest[start..start + 1 + verb + length];
            rest = &after[verb + length..];
            if !directive.ends_with('%') {
                return Some(directive);
            }
        }
    })
}

/// Go's `%v` of a float: with an exponent from seven digits on.
pub(super) fn float_text(float: f64) -> String {
    let scientific = format!("{float:e}");
    let exponent: i32 =
        scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return float.to_string();
    }
    let mantissa = scientific.split('e').next().unwrap_or("");
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn javascript(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' | '\0'..' ' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c if c.is_ascii() || crate::builtins::text::is_printable(c) => out.push(c),
            c => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        }
    }
    out
}

fn url_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' | b'~' => out.push(byte.into()),
            byte if byte.is_ascii_alphanumeric() => out.push(byte.into()),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
