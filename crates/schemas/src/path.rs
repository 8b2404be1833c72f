//! Follows paths such as `ingress[0].cidr_blocks` through a schema.

use crate::{Attribute, Block, Kind};

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// To this attribute or block, or to an element of it.
    Attribute(Attribute),
    /// Into this attribute, which takes any key.
    Open(Attribute),
}

impl Place {
    /// The attribute that the path leads to or into.
    pub fn attribute(&self) -> &Attribute {
        match self {
            Self::Attribute(attribute) | Self::Open(attribute) => attribute,
        }
    }

    /// The same, taken out.
    pub fn into_attribute(self) -> Attribute {
        match self {
            Self::Attribute(attribute) | Self::Open(attribute) => attribute,
        }
    }
}

/// A name on a path that the schema does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The position of the name among the names of the path.
    pub position: usize,
    /// The block that lacks it, whose attributes are the candidates for what was meant; `None` below a plain
    /// value, which has no attributes.
    pub block: Option<Block>,
}

impl Block {
    /// Follows the names of a path. Positions in lists are left out: `["ingress", "cidr_blocks"]`.
    ///
    /// # Errors
    /// The first name that the schema does not have. An empty path has none that could be found.
    pub fn descend<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<Place, Missing> {
        let mut block = Some(*self);
        let mut place: Option<Place> = None;
        for (position, name) in names.into_iter().enumerate() {
            place = Some(match (place, block) {
                (Some(Place::Open(attribute)), _) => Place::Open(attribute),
                (Some(Place::Attribute(attribute)), None) if is_open(&attribute.kind) => {
                    Place::Open(attribute)
                }
                (_, Some(inside)) => {
                    let missing = || Missing { position, block: Some(inside) };
                    let attribute = inside.attribute(name).ok_or_else(missing)?;
                    block = attribute.kind.nested().map(|nested| nested.block);
                    Place::Attribute(attribute)
                }
                (_, None) => return Err(Missing { position, block: None }),
            });
        }
        place.ok_or(Missing { position: 0, block })
    }

    /// Follows a path as people write it: `ingress[0].cidr_blocks`, `tags["a.b"]`.
    ///
    /// # Errors
    /// The first name that the schema does not have.
    pub fn at(&self, path: &str) -> Result<Place, Missing> {
        self.descend(names(path))
    }
}

/// Whether a value takes keys that no schema lists, itself or in its elements.
fn is_open(kind: &Kind) -> bool {
    match kind {
        Kind::Any | Kind::Tuple | Kind::Map(_) => true,
        Kind::List(element) | Kind::Set(element) => is_open(element),
        Kind::Bool | Kind::String | Kind::Number | Kind::Nested(_) => false,
    }
}

/// The names of a path, without positions and wildcards.
fn names(path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix("[\"") {
            let (name, after) = quoted.split_once("\"]").unwrap_or((quoted, ""));
            names.push(name);
            rest = after;
        } else if rest.starts_with('[') {
            rest = rest.split_once(']').map_or("", |(_, after)| after);
        } else {
            let plain = rest.trim_start_matches('.');
            let (name, after) = plain.split_at(plain.find(['.', '[']).unwrap_or(plain.len()));
            if !name.is_empty() {
                names.push(name);
            }
            rest = after;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource;

    #[test]
    fn paths_are_split_into_names() {
        assert_eq!(names("ingress[0].cidr_blocks[_]"), ["ingress", "cidr_blocks"]);
        assert_eq!(names(r#"spec[0].labels["a.b/c"].x"#), ["spec", "labels", "a.b/c", "x"]);
        assert_eq!(names(""), [""; 0]);
    }

    #[test]
    fn paths_lead_to_attributes() {
        let group = resource("aws_security_group").unwrap().block;
        let blocks = group.at("ingress[0].cidr_blocks").unwrap();
        assert_eq!(blocks.attribute().kind, Kind::List(Box::new(Kind::String)));
        assert!(matches!(group.at("tags.Owner").unwrap(), Place::Open(tags) if tags.name == "tags"));
    }

    #[test]
    fn a_missing_name_comes_with_the_block_that_lacks_it() {
        let group = resource("aws_security_group").unwrap().block;
        let missing = group.at("ingress[0].cidr_block").unwrap_err();
        assert_eq!(missing.position, 1);
        assert!(missing.block.unwrap().attributes().any(|attribute| attribute.name == "cidr_blocks"));
        assert_eq!(group.at("name.first").unwrap_err(), Missing { position: 1, block: None });
    }
}
