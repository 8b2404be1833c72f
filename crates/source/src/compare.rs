//! Compares what is written with values of a plan, to rule out what cannot be the same.
//!
//! Providers rewrite values: they change case, write numbers as text, and leave out what is empty. So a difference counts
//! only where none of these explains it.

use std::collections::BTreeSet;

use planguard_plan::Value;
use planguard_schemas::{Block as Schema, Kind, Nesting};

use crate::body::{Body, Expression, Member};

/// The attributes of a block, or of an object in a list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'c> {
    Body(&'c Body),
    Object(&'c [Member]),
}

impl<'c> Content<'c> {
    fn attributes(self) -> Vec<(&'c str, &'c Expression)> {
        match self {
            Self::Body(body) => {
                body.attributes.iter().map(|attribute| (attribute.name.as_str(), &attribute.value)).collect()
            }
            Self::Object(members) => {
                members.iter().filter_map(|member| Some((member.key.as_deref()?, &member.value))).collect()
            }
        }
    }
}

/// Compares contents with the elements of one list or set.
#[derive(Debug)]
pub(crate) struct Comparison<'c> {
    schema: Option<Schema>,
    /// The contents, by position, and their attributes that the provider rewrites: the literal is nowhere in the plan.
    rewritten: BTreeSet<(usize, &'c str)>,
}

impl<'c> Comparison<'c> {
    /// A comparison that takes every difference for one.
    pub(crate) const fn strict(schema: Option<Schema>) -> Self {
        Self { schema, rewritten: BTreeSet::new() }
    }

    /// The same for `contents` that made the elements: a literal that differs from all of them was rewritten, or is of a
    /// `dynamic` block that made none, so it rules out nothing.
    pub(crate) fn of(
        schema: Option<Schema>,
        contents: impl Iterator<Item = (usize, Content<'c>)>,
        elements: &[Value<'_>],
    ) -> Self {
        let strict = Self::strict(schema);
        let attributes = contents
            .flat_map(|(at, content)| content.attributes().into_iter().map(move |attribute| (at, attribute)));
        let nowhere = attributes.filter(|(at, (name, written))| {
            elements.iter().all(|element| strict.attribute_differs(*at, name, written, element))
        });
        let rewritten = nowhere.map(|(at, (name, _))| (at, name)).collect();
        Self { schema, rewritten }
    }

    /// Whether the provider has rewritten some literal.
    pub(crate) fn has_rewritten(&self) -> bool {
        !self.rewritten.is_empty()
    }

    /// Whether an element of the plan cannot come from the content at a position.
    pub(crate) fn contradicts(&self, at: usize, content: Content<'_>, element: &Value<'_>) -> bool {
        // An unknown element is null.
        if !matches!(element, Value::Object(_)) {
            return false;
        }
        let attributes = content.attributes();
        attributes.into_iter().any(|(name, written)| self.attribute_differs(at, name, written, element))
            || match content {
                Content::Object(_) => false,
                Content::Body(body) => {
                    body.blocks.iter().any(|block| nested_differ(body, block.made(), element, self.schema))
                        || has_unwritten_block(body, element, self.schema)
                }
            }
    }

    fn attribute_differs(&self, at: usize, name: &str, written: &Expression, element: &Value<'_>) -> bool {
        let is_write_only = || {
            let attribute = self.schema.and_then(|schema| schema.attribute(name));
            attribute.is_some_and(|attribute| attribute.write_only)
        };
        element.get(name).is_some_and(|value| differ(written, value))
            && !self.rewritten.contains(&(at, name))
            && !is_write_only()
    }
}

/// Whether the plan has other nested blocks of a kind than the body.
fn nested_differ(body: &Body, kind: &str, element: &Value<'_>, schema: Option<Schema>) -> bool {
    let Some(Value::Array(elements)) = element.get(kind) else { return false };
    let blocks: Vec<_> = body.blocks_of(kind).collect();
    if blocks.iter().any(|block| block.is_dynamic()) {
        return false;
    }
    let attribute = schema.and_then(|schema| schema.attribute(kind));
    let nested = attribute.as_ref().and_then(|attribute| attribute.kind.nested());
    let inner = nested.map(|nested| nested.block);
    match (blocks.as_slice(), elements.as_slice()) {
        (_, []) => true,
        ([block], [element]) => Comparison::strict(inner).contradicts(0, Content::Body(&block.body), element),
        // Equal blocks are one element of a set.
        (blocks, elements) => {
            elements.len() > blocks.len()
                || (elements.len() < blocks.len()
                    && nested.is_some_and(|nested| nested.nesting == Nesting::List))
        }
    }
}

/// Whether the plan has a nested block that the body does not write. A block is never filled in by a provider.
fn has_unwritten_block(body: &Body, element: &Value<'_>, schema: Option<Schema>) -> bool {
    let Some(schema) = schema else { return false };
    element.members().iter().any(|(name, value)| {
        !value.elements().is_empty()
            && body.attribute(name).is_none()
            && body.blocks_of(name).next().is_none()
            && schema.attribute(name).is_some_and(|attribute| {
                !attribute.may_be_computed()
                    && matches!(&attribute.kind, Kind::Nested(nested) if nested.is_block)
            })
    })
}

/// Whether a value is certainly another than the one that is written.
fn differ(written: &Expression, value: &Value<'_>) -> bool {
    match (written, value) {
        (Expression::List(elements), Value::Array(values)) => {
            let written: Option<Vec<String>> = elements.iter().map(plain_expression).collect();
            let planned: Option<Vec<String>> = values.iter().map(plain_value).collect();
            let (Some(mut written), Some(mut planned)) = (written, planned) else { return false };
            // A set has neither order nor duplicates.
            for list in [&mut written, &mut planned] {
                list.sort();
                list.dedup();
            }
            written != planned
        }
        (_, Value::Null) => plain_expression(written).is_some_and(|text| !is_empty(&text)),
        _ => match (plain_expression(written), plain_value(value)) {
            (Some(written), Some(planned)) => written != planned,
            (None, _) | (_, None) => false,
        },
    }
}

/// Whether a provider may leave out a value: its type's zero.
fn is_empty(text: &str) -> bool {
    matches!(text, "" | "0" | "false")
}

/// A plain value as a text that is the same for values that providers treat as equal; `None` for what they rewrite.
fn plain_expression(expression: &Expression) -> Option<String> {
    match expression {
        Expression::Bool(value) => Some(value.to_string()),
        Expression::Number(text) => Some(plain_number(text).unwrap_or_else(|| text.clone())),
        Expression::Text(text) => plain_text(text),
        Expression::Null
        | Expression::List(_)
        | Expression::Object(_)
        | Expression::Reference(_)
        | Expression::Other => None,
    }
}

fn plain_value(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => {
            let text = number.to_string();
            Some(plain_number(&text).unwrap_or(text))
        }
        Value::String(text) => plain_text(text),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn plain_text(text: &str) -> Option<String> {
    // Documents are rewritten: JSON, YAML, scripts.
    let is_document = text.contains(['{', '\n']);
    (!is_document).then(|| plain_number(text).unwrap_or_else(|| text.trim().to_lowercase()))
}

/// A number in one form: `80`, `80.0` and `8e1` are equal.
fn plain_number(text: &str) -> Option<String> {
    let starts = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let number: f64 = text.parse().ok().filter(|number: &f64| starts && number.is_finite())?;
    Some(number.to_string())
}
