//! The values of templates, and how they are written.

use regorus::Value;

/// A value: of the document, or one that only templates have. Numbers of the document are what Go calls
/// `json.Number`, which are texts.
#[derive(Clone, Debug)]
pub(super) enum Datum {
    Document(Value),
    Integer(i64),
    Float(f64),
    /// What a key means that is not there.
    Missing,
}

impl From<bool> for Datum {
    fn from(value: bool) -> Self {
        Self::Document(value.into())
    }
}

impl From<&str> for Datum {
    fn from(text: &str) -> Self {
        Self::Document(text.into())
    }
}

impl From<String> for Datum {
    fn from(text: String) -> Self {
        Self::Document(text.into())
    }
}

impl From<&Value> for Datum {
    fn from(value: &Value) -> Self {
        Self::Document(value.clone())
    }
}

/// What a value is taken for when two are compared.
#[derive(PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Integer,
    Float,
    Text,
    Other,
}

impl Datum {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Integer(_) => Kind::Integer,
            Self::Float(_) => Kind::Float,
            Self::Document(Value::Bool(_)) => Kind::Boolean,
            Self::Document(Value::String(_) | Value::Number(_)) => Kind::Text,
            Self::Document(_) | Self::Missing => Kind::Other,
        }
    }

    /// The text of a string or of a number of the document.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Document(Value::String(text)) => Some(text.to_string()),
            Self::Document(Value::Number(number)) => Some(number.format_decimal()),
            Self::Document(_) | Self::Integer(_) | Self::Float(_) | Self::Missing => None,
        }
    }

    /// Whether there is nothing: a key that is not there, or null.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Missing | Self::Document(Value::Null | Value::Undefined))
    }

    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Missing => false,
            Self::Integer(integer) => *integer != 0,
            Self::Float(float) => *float != 0.0,
            Self::Document(value) => match value {
                Value::Null | Value::Undefined => false,
                Value::Bool(value) => *value,
                Value::Number(_) => true,
                Value::String(text) => !text.is_empty(),
                Value::Array(elements) => !elements.is_empty(),
                Value::Set(elements) => !elements.is_empty(),
                Value::Object(object) => !object.is_empty(),
            },
        }
    }

    /// As it is written by itself.
    pub(super) fn printed(&self) -> String {
        if self.is_nothing() { "<undefined>".to_owned() } else { self.written() }
    }

    /// As Go's `%v` writes it.
    pub(super) fn written(&self) -> String {
        let mut out = String::new();
        match self {
            Self::Missing => out.push_str("<nil>"),
            Self::Integer(integer) => out.push_str(&integer.to_string()),
            Self::Float(float) => out.push_str(&super::functions::float_text(*float)),
            Self::Document(value) => write(value, &mut out),
        }
        out
    }
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Undefined => out.push_str("<nil>"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.format_decimal()),
        Value::String(text) => out.push_str(text),
        Value::Array(elements) => write_all("[", elements.iter(), out),
        Value::Set(elements) => write_all("[", elements.iter_sorted(), out),
        Value::Object(object) => {
            out.push_str("map[");
            for (index, (key, value)) in object.iter_sorted().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                write(key, out);
                out.push(':');
                write(value, out);
            }
            out.push(']');
        }
    }
}

fn write_all<'v>(open: &str, elements: impl Iterator<Item = &'v Value>, out: &mut String) {
    out.push_str(open);
    for (index, element) in elements.enumerate() {
        if index > 0 {
            out.push(' ');
        }
        write(element, out);
    }
    out.push(']');
}
