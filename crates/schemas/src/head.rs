//! What a packed file says of an attribute apart from its name: `oc block list 0..1`.

use crate::{Configurable, Kind, Nesting, Release, Sensitive};

/// A head as the file holds it, once for all attributes that have it, with what is asked of every attribute of a body.
/// The rest is read for the attributes that somebody looks at.
pub(crate) struct Written {
    text: &'static str,
    /// Whether the attribute holds objects with attributes of their own.
    pub(crate) has_body: bool,
    /// Whether the attribute is sensitive, or holds objects with a sensitive attribute at any depth.
    pub(crate) leads_to_sensitive: bool,
}

impl Written {
    pub(crate) fn new(text: &'static str) -> Self {
        let (flags, kind) = text.split_once(' ').unwrap_or((text, ""));
        let is_sensitive = |flag| matches!(flag, b's' | b'S' | HOLDS_SENSITIVE);
        Self {
            text,
            has_body: kind.starts_with("attr ") || kind.starts_with("block ") && kind != "block any",
            leads_to_sensitive: flags.bytes().any(is_sensitive),
        }
    }
}

/// The flag of an attribute that holds objects with something sensitive in them.
const HOLDS_SENSITIVE: u8 = b'i';

/// The flags and the type of an attribute.
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
    pub(crate) fn read(written: &Written) -> Option<Self> {
        let mut words = written.text.split(' ');
        let flags = words.next()?;
        let has = |flag| flags.contains(flag);
        let holds_sensitive = has(char::from(HOLDS_SENSITIVE));
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
