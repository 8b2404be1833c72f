//! A schema that has been read.

use std::collections::BTreeMap;
use std::sync::Arc;

use regorus::Value;

use crate::builtins::decimal::Decimal;
use crate::builtins::regex::Pattern;

/// A version of JSON Schema, in the order in which they came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Draft {
    Four,
    Six,
    Seven,
    /// No known version is named: what any of them has counts.
    Any,
}

impl Draft {
    /// The version that `$schema` names.
    pub(super) fn named(schema: &str) -> Option<Self> {
        match schema.trim_end_matches('#') {
            "http://json-schema.org/draft-04/schema" => Some(Self::Four),
            "http://json-schema.org/draft-06/schema" => Some(Self::Six),
            "http://json-schema.org/draft-07/schema" => Some(Self::Seven),
            _ => None,
        }
    }
}

/// The types that JSON Schema tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Array,
    Boolean,
    Integer,
    Number,
    Null,
    Object,
    String,
}

impl Type {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "array" => Self::Array,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "null" => Self::Null,
            "object" => Self::Object,
            "string" => Self::String,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Null => "null",
            Self::Object => "object",
            Self::String => "string",
        }
    }
}

/// The place of a node in its schema.
pub(super) type Index = usize;

/// What is said of the elements or properties that nothing else says something of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Additional {
    #[default]
    Allowed,
    Refused,
    By(Index),
}

/// What is said of the elements of an array.
#[derive(Debug, Default)]
pub(super) enum Items {
    #[default]
    Any,
    All(Index),
    /// By position.
    Each(Vec<Index>),
}

/// What has to hold when a property is there.
#[derive(Debug)]
pub(super) enum Dependency {
    Properties(Vec<String>),
    Schema(Index),
}

/// One schema of the schemas in each other.
#[derive(Default)]
pub(super) struct Node {
    /// For the schemas `true` and `false`.
    pub pass: Option<bool>,
    /// What stands beside `$ref` does not count.
    pub reference: Option<Index>,
    pub types: Vec<Type>,
    pub properties: Vec<(String, Index)>,
    pub additional_properties: Additional,
    pub pattern_properties: Vec<(Arc<Pattern>, Index)>,
    pub property_names: Option<Index>,
    pub dependencies: BTreeMap<String, Dependency>,
    pub items: Items,
    pub additional_items: Additional,
    pub multiple_of: Option<Decimal>,
    pub minimum: Option<Decimal>,
    pub exclusive_minimum: Option<Decimal>,
    pub maximum: Option<Decimal>,
    pub exclusive_maximum: Option<Decimal>,
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
    pub pattern: Option<(String, Arc<Pattern>)>,
    pub format: Option<String>,
    pub min_properties: Option<usize>,
    pub max_properties: Option<usize>,
    pub required: Vec<String>,
    pub min_items: Option<usize>,
    pub max_items: Option<usize>,
    pub unique_items: bool,
    pub contains: Option<Index>,
    pub constant: Option<Value>,
    pub allowed: Option<Vec<Value>>,
    pub one_of: Vec<Index>,
    pub any_of: Vec<Index>,
    pub all_of: Vec<Index>,
    pub not: Option<Index>,
    pub condition: Option<Index>,
    pub consequence: Option<Index>,
    pub alternative: Option<Index>,
}

/// A schema with all that it refers to.
pub(super) struct Schema {
    pub nodes: Vec<Node>,
    pub root: Index,
}
