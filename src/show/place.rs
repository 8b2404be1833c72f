//! A value on one side of a change with its masks, and what the schema says of it.

use planguard_plan::{Mask, Value};
use planguard_schemas::{Block, Kind, Nesting, Sensitive};

/// A value on one side, with its masks.
#[derive(Clone, Copy)]
pub(super) struct Place<'v> {
    pub(super) value: Option<&'v Value<'v>>,
    pub(super) unknown: Mask<'v>,
    pub(super) sensitive: Mask<'v>,
}

impl<'v> Place<'v> {
    pub(super) fn new(
        value: Option<&'v Value<'v>>,
        unknown: Option<&'v Value<'v>>,
        sensitive: Option<&'v Value<'v>>,
    ) -> Self {
        Self { value, unknown: Mask::of(unknown), sensitive: Mask::of(sensitive) }
    }

    pub(super) const fn absent() -> Self {
        Self { value: None, unknown: Mask::Nothing, sensitive: Mask::Nothing }
    }

    pub(super) fn key(self, name: &str) -> Self {
        Self {
            value: self.value.and_then(|value| value.get(name)),
            unknown: self.unknown.key(name),
            sensitive: self.sensitive.key(name),
        }
    }

    pub(super) fn index(self, position: Option<usize>) -> Self {
        let Some(position) = position else { return Self::absent() };
        Self {
            value: self.value.and_then(|value| value.elements().get(position)),
            unknown: self.unknown.index(position),
            sensitive: self.sensitive.index(position),
        }
    }

    /// The value, unless it is null, which is how plans write what is not set.
    pub(super) fn set(self) -> Option<&'v Value<'v>> {
        self.value.filter(|value| **value != Value::Null)
    }

    pub(super) const fn is_unknown(self) -> bool {
        matches!(self.unknown, Mask::Whole)
    }

    pub(super) fn is_absent(self) -> bool {
        self.set().is_none() && !self.unknown.marks_something()
    }

    /// The keys of its members, known or not.
    pub(super) fn keys(self) -> Vec<&'v str> {
        let known = self.value.map(Value::members).unwrap_or_default();
        let unknown = match self.unknown {
            Mask::Parts(parts) => parts.members(),
            Mask::Nothing | Mask::Whole => &[],
        };
        known.iter().chain(unknown).map(|(name, _)| name.as_ref()).collect()
    }
}

/// What the schema says of a place.
#[derive(Clone, Default)]
pub(super) struct Known {
    /// The attributes of its members.
    pub(super) block: Option<Block>,
    /// Whether it is written as blocks.
    pub(super) is_block: bool,
    /// Whether its elements have no order.
    pub(super) is_set: bool,
    /// Whether it is a secret.
    pub(super) is_sensitive: bool,
}

impl Known {
    pub(super) fn of(block: Option<Block>, name: &str) -> Self {
        let Some(attribute) = block.and_then(|block| block.attribute(name)) else { return Self::default() };
        let is_sensitive = match attribute.sensitive {
            Sensitive::No => false,
            Sensitive::Marked | Sensitive::Unmarked => true,
        };
        let known = Self { is_sensitive, ..Self::default() };
        match &attribute.kind {
            Kind::Nested(nested) => Self {
                block: Some(nested.block),
                is_block: nested.is_block,
                is_set: nested.nesting == Nesting::Set,
                ..known
            },
            Kind::Set(_) => Self { is_set: true, ..known },
            Kind::Bool
            | Kind::String
            | Kind::Number
            | Kind::Any
            | Kind::Tuple
            | Kind::List(_)
            | Kind::Map(_) => known,
        }
    }
}

/// The names of both sides, in order.
pub(super) fn names<'v>(before: Place<'v>, after: Place<'v>) -> Vec<&'v str> {
    let mut names = [before.keys(), after.keys()].concat();
    names.sort_unstable();
    names.dedup();
    names
}
