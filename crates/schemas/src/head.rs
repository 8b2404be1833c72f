//! What a packed file says of an attribute apart from its name: `oc block list 0..1`.

use crate::{Configurable, Kind, Nesting, Release, Sensitive};

/// The flags and the type of an attribute. Few of them occur, so each file holds each of them once.
pub(crate) struct Head {
    pub(crate) configurable: Configurable,
    pub(crate) sensitive: Sensitive,
    pub(crate) write_only: bool,
    pub(crate) deprecated: bool,
    pub(crate) forces_replacement: bool,
    pub(crate) release: Release,
    pub(crate) beta: bool,
    pub(crate) shape: Shape,
}

/// The type of an attribute; the attributes of nested objects stand elsewhere.
pub(crate) enum Shape {
    Plain(Kind),
    Nested { is_block: bool, nesting: Nesting, min: u32, max: Option<u32>, holds_sensitive: bool },
}

impl Head {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let flags = words.next()?;
        let has = |flag| flags.contains(flag);
        let holds_sensitive = has('i');
        let shape = match (words.next()?, words.next(), words.next()) {
            ("block", Some("any"), None) => Shape::Plain(Kind::Any),
            ("block", Some(nesting), Some(bounds)) => {
                let (min, max) = bounds.split_once("..")?;
                Shape::Nested {
                    is_block: true,
                    nesting: nesting_of(nesting)?,
                    min: min.parse().ok()?,
                    max: if max == "*" { None } else { Some(max.parse().ok()?) },
                    holds_sensitive,
                }
            }
            ("attr", Some(nesting), None) => {
                let nesting = nesting_of(nesting)?;
                Shape::Nested { is_block: false, nesting, min: 0, max: None, holds_sensitive }
            }
            (kind, None, None) => Shape::Plain(kind_of(kind)?),
            _ => return None,
        };
        Some(Self {
            configurable: match (has('r'), has('o'), has('c'), has('q')) {
                (true, ..) => Configurable::Required,
                (_, true, true, _) => Configurable::OptionalComputed,
                (_, _, _, true) => Configurable::OptionalUnclear,
                (_, _, true, _) => Configurable::Computed,
                (..) => Configurable::Optional,
            },
            sensitive: match (has('s'), has('S')) {
                (true, _) => Sensitive::Marked,
                (_, true) => Sensitive::Unmarked,
                (false, false) => Sensitive::No,
            },
            write_only: has('w'),
            deprecated: has('d'),
            forces_replacement: has('f'),
            release: match (has('-'), has('+')) {
                (true, _) => Release::Older,
                (_, true) => Release::Newer,
                (false, false) => Release::Present,
            },
            beta: has('b'),
            shape,
        })
    }

    pub(crate) fn has_body(&self) -> bool {
        matches!(self.shape, Shape::Nested { .. })
    }

    /// Whether the attribute is sensitive, or holds objects with a sensitive attribute at any depth.
    pub(crate) fn leads_to_sensitive(&self) -> bool {
        let holds_sensitive = match self.shape {
            Shape::Plain(_) => false,
            Shape::Nested { holds_sensitive, .. } => holds_sensitive,
        };
        self.sensitive != Sensitive::No || holds_sensitive
    }
}

fn nesting_of(word: &str) -> Option<Nesting> {
    Some(match word {
        "list" => Nesting::List,
        "set" => Nesting::Set,
        "map" => Nesting::Map,
        "single" => Nesting::Single,
        _ => return None,
    })
}

fn kind_of(text: &str) -> Option<Kind> {
    Some(match text {
        "any" => Kind::Any,
        "bool" => Kind::Bool,
        "string" => Kind::String,
        "number" => Kind::Number,
        "tuple" => Kind::Tuple,
        _ => {
            let (outer, element) = text.strip_suffix(')')?.split_once('(')?;
            let element = Box::new(kind_of(element)?);
            match outer {
                "list" => Kind::List(element),
                "set" => Kind::Set(element),
                "map" => Kind::Map(element),
                _ => return None,
            }
        }
    })
}
