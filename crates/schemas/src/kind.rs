//! What the schema says of one attribute.

use std::fmt;

use crate::Block;

/// An attribute or a nested block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Who sets it: the configuration, the provider, or either.
    pub configurable: Configurable,
    /// Whether its value is a secret.
    pub sensitive: Sensitive,
    /// Always null in plans, whatever the configuration sets.
    pub write_only: bool,
    /// The provider advises against it.
    pub deprecated: bool,
    /// A change of it replaces the resource. Never known for aws.
    pub forces_replacement: bool,
    /// Which releases of the provider have it.
    pub release: Release,
    /// Only google-beta has it.
    pub beta: bool,
}

/// The type of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A string.
    String,
    /// A number.
    Number,
    /// Anything; also a block whose attributes are not known.
    Any,
    /// A list whose elements have types of their own.
    Tuple,
    /// A list.
    List(Box<Self>),
    /// A set.
    Set(Box<Self>),
    /// Any key, with values of this type.
    Map(Box<Self>),
    /// Objects with attributes of their own: a nested block, or an attribute that holds objects.
    Nested(Nested),
}

/// Objects within a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nested {
    /// Whether the configuration writes it as a block (`ingress { … }`), not as an attribute (`ingress = …`).
    pub is_block: bool,
    /// How several of them are held.
    pub nesting: Nesting,
    /// How many there are at least.
    pub min: u32,
    /// How many there are at most; `None` without a limit.
    pub max: Option<u32>,
    /// Whether an attribute in them is sensitive, at any depth.
    pub holds_sensitive: bool,
    /// The attributes of each.
    pub block: Block,
}

/// How nested objects are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// In order.
    List,
    /// Without order.
    Set,
    /// By key.
    Map,
    /// One object that is shown as an object, for example `timeouts`.
    Single,
}

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Configurable {
    /// The configuration must.
    Required,
    /// The configuration can; otherwise it is null, or the provider's constant default.
    Optional,
    /// The configuration can; otherwise the provider fills it in.
    OptionalComputed,
    /// The configuration can; the schema's source does not tell whether the provider fills it in otherwise.
    OptionalUnclear,
    /// Only the provider.
    Computed,
}

/// Whether an attribute holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensitive {
    /// It does not.
    No,
    /// It does, and plans mark it so.
    Marked,
    /// It does, and plans do not mark it.
    Unmarked,
}

/// Which releases of a provider have something; [`crate::Provider`] says which releases were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The present one.
    Present,
    /// Only older ones: it was removed.
    Older,
    /// Only newer ones: it is to come.
    Newer,
}

impl Attribute {
    /// Whether the provider may fill it in when the configuration does not set it.
    pub fn may_be_computed(&self) -> bool {
        match self.configurable {
            Configurable::OptionalComputed | Configurable::OptionalUnclear | Configurable::Computed => true,
            Configurable::Required | Configurable::Optional => false,
        }
    }

    /// Whether every configuration has an expression for it: it must be set, and no `dynamic` block can do so.
    pub fn needs_expression(&self) -> bool {
        let is_block = self.kind.nested().is_some_and(|nested| nested.is_block);
        self.configurable == Configurable::Required && !is_block
    }

    /// Whether a configuration can set it.
    pub fn is_settable(&self) -> bool {
        self.configurable != Configurable::Computed
    }
}

impl Nested {
    /// Whether there is at most one, so that a path may pass through it without a position.
    pub fn is_single(&self) -> bool {
        self.nesting == Nesting::Single || self.max == Some(1)
    }
}

impl Kind {
    /// Whether a plan shows the value as a list. A block is one even where only one is allowed.
    pub fn is_list(&self) -> bool {
        match self {
            Self::Tuple | Self::List(_) | Self::Set(_) => true,
            Self::Nested(nested) => match nested.nesting {
                Nesting::List | Nesting::Set => true,
                Nesting::Map | Nesting::Single => false,
            },
            Self::Bool | Self::String | Self::Number | Self::Any | Self::Map(_) => false,
        }
    }

    /// The type of the elements of a list, set or map of plain values.
    pub fn element(&self) -> Option<&Self> {
        match self {
            Self::List(element) | Self::Set(element) | Self::Map(element) => Some(element),
            Self::Bool | Self::String | Self::Number | Self::Any | Self::Tuple | Self::Nested(_) => None,
        }
    }

    /// The objects that it holds, if it holds objects.
    pub fn nested(&self) -> Option<&Nested> {
        match self {
            Self::Nested(nested) => Some(nested),
            Self::Bool
            | Self::String
            | Self::Number
            | Self::Any
            | Self::Tuple
            | Self::List(_)
            | Self::Set(_)
            | Self::Map(_) => None,
        }
    }
}

/// As a message says it: `string`, `list(string)`, `list of objects`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::String => f.write_str("string"),
            Self::Number => f.write_str("number"),
            Self::Any => f.write_str("any"),
            Self::Tuple => f.write_str("tuple"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Set(element) => write!(f, "set({element})"),
            Self::Map(element) => write!(f, "map({element})"),
            Self::Nested(nested) => f.write_str(match nested.nesting {
                Nesting::List => "list of objects",
                Nesting::Set => "set of objects",
                Nesting::Map => "map of objects",
                Nesting::Single => "object",
            }),
        }
    }
}
