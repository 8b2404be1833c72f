//! What kinds of values an attribute can hold; shared with `build.rs`.

use serde::{Deserialize, Serialize};

/// What an attribute holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// Text.
    String,
    /// A number.
    Number,
    /// Anything.
    Any,
    /// Any key, and for each a value of this kind.
    Map(Box<Self>),
    /// A list, a set, or blocks that can stand several times.
    List(Box<Self>),
    /// The attributes of a block. A block that can stand once is this without a list around it, and plans show
    /// it as a list of one all the same; see [`Attribute::is_list`].
    Block(Vec<Attribute>),
}

/// An attribute that a configuration can set, or a nested block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

impl Attribute {
    /// Whether a plan shows the value as a list. Every nested block is one but `timeouts`: the providers speak
    /// protocol 5, which knows single blocks as lists of one.
    pub fn is_list(&self) -> bool {
        match self.kind {
            Kind::List(_) => true,
            Kind::Block(_) => self.name != "timeouts",
            Kind::Bool | Kind::String | Kind::Number | Kind::Any | Kind::Map(_) => false,
        }
    }
}
