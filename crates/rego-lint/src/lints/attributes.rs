//! Holds paths below the attributes of resources against the provider schemas.

use std::collections::BTreeSet;

use planguard_plan::text::suggest;
use planguard_rego::plan_shape::{Node, Side};
use planguard_schemas::Kind;

use super::shape::{Attribute, Place};

/// Attributes that some provider computes, and that no configuration can set on some type: names that occur in
/// plans and not in the schemas of their types, one a line.
static COMPUTED: &str = include_str!("../../../../policies/schemas/computed.txt");

/// How many letters may be wrong in the name of an attribute. Names of attributes are more alike than others.
const SLIP: usize = 2;

/// What is wrong with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// There is no such attribute, and one that is spelt almost alike.
    Unknown { path: String, near: String },
    /// The schema, which has only what can be set, does not have it.
    Unlisted { path: String },
    /// Older versions of the provider have it.
    Removed { path: String, until: &'static str },
    /// A list, of which a key is taken.
    List { path: String, key: String },
    /// A text, number or boolean, of which a part is taken.
    Text { path: String },
}

/// Where a path has led so far.
enum At {
    Block(Vec<planguard_schemas::Attribute>),
    /// A value; blocks and lists are shown as lists.
    Value {
        kind: Kind,
        is_list: bool,
    },
    Anything,
}

/// What is wrong with a path of all these types, with the first of them. Nothing is if one of them has it, or is not
/// known.
pub(super) fn misfit(types: &BTreeSet<String>, place: &Place) -> Option<(String, Misfit)> {
    let mut first = None;
    for resource_type in types {
        match walk(resource_type, place)? {
            Ok(_) => return None,
            Err(misfit) => first = first.or(Some((resource_type.clone(), misfit))),
        }
    }
    first
}

/// What the attribute holds, if all types agree.
pub(super) fn kind(types: &BTreeSet<String>, place: &Place) -> Option<Kind> {
    let mut kinds = types.iter().map(|resource_type| match walk(resource_type, place)?.ok()? {
        At::Value { kind, .. } => Some(kind),
        At::Block(_) | At::Anything => None,
    });
    let first = kinds.next()??;
    kinds.all(|kind| kind.as_ref() == Some(&first)).then_some(first)
}

fn walk(resource_type: &str, place: &Place) -> Option<Result<At, Misfit>> {
    let Node::Values(side) = place.node else { return None };
    let schema = planguard_schemas::resource(resource_type)?;
    let mut at = At::Block(schema.attributes);
    let mut path = String::new();
    for step in &place.attributes {
        let before = path.clone();
        match step {
            Attribute::Key(key) if path.is_empty() => path.clone_from(key),
            Attribute::Key(key) => {
                path.push('.');
                path.push_str(key);
            }
            Attribute::Element => path.push_str("[_]"),
        }
        at = match (at, step) {
            (At::Anything, _) => return Some(Ok(At::Anything)),
            (At::Block(_), Attribute::Element) => At::Anything,
            (At::Block(attributes), Attribute::Key(key)) => {
                match attributes.into_iter().find(|attribute| attribute.name == *key) {
                    Some(attribute) => {
                        let is_list = attribute.is_list();
                        value(attribute.kind, is_list)
                    }
                    None => return Some(missing(resource_type, key, &before, &path, *side)),
                }
            }
            // What masks hold may stand for the whole of it.
            (At::Value { .. }, _) if *side == Side::Mask => At::Anything,
            (At::Value { kind, is_list: true }, Attribute::Element) => match kind {
                Kind::List(element) => value(*element, false),
                Kind::Block(attributes) => At::Block(attributes),
                Kind::Bool | Kind::String | Kind::Number | Kind::Any | Kind::Map(_) => At::Anything,
            },
            (At::Value { is_list: true, .. }, Attribute::Key(key)) => {
                return Some(Err(Misfit::List { path: before, key: key.clone() }));
            }
            (At::Value { kind: Kind::Map(element), .. }, _) => value(*element, false),
            (At::Value { kind: Kind::Bool | Kind::String | Kind::Number, .. }, _) => {
                return Some(Err(Misfit::Text { path: before }));
            }
            (At::Value { kind: Kind::List(_) | Kind::Block(_) | Kind::Any, .. }, _) => At::Anything,
        };
    }
    Some(Ok(at))
}

/// A value, or the block that it is. Within a list, a list is shown as one, too.
fn value(kind: Kind, is_list: bool) -> At {
    match kind {
        Kind::Block(attributes) if !is_list => At::Block(attributes),
        Kind::List(element) => At::Value { kind: Kind::List(element), is_list: true },
        kind => At::Value { kind, is_list },
    }
}

fn missing(resource_type: &str, key: &str, before: &str, path: &str, side: Side) -> Result<At, Misfit> {
    let plain = path.replace("[_]", "");
    if let Some(removed) = planguard_schemas::removed(&format!("{resource_type}.{plain}")) {
        return Err(Misfit::Removed { path: plain, until: removed.until });
    }
    let names = names_below(resource_type, before);
    let near = suggest::nearest(key, names.iter().map(String::as_str));
    let near = near.filter(|near| suggest::distance(key, near) <= SLIP);
    // Blocks have few attributes that no schema lists, and the same name may be one elsewhere.
    let is_slip_in_block = near.is_some() && !before.is_empty();
    if !is_slip_in_block && COMPUTED.lines().any(|known| known == key) {
        return Ok(At::Anything);
    }
    match near {
        Some(near) => {
            let near = if before.is_empty() { near.to_owned() } else { format!("{before}.{near}") };
            Err(Misfit::Unknown { path: path.to_owned(), near })
        }
        None if side == Side::After || side == Side::State => Err(Misfit::Unlisted { path: path.to_owned() }),
        None => Ok(At::Anything),
    }
}

/// The names of the attributes where a path leads.
fn names_below(resource_type: &str, path: &str) -> Vec<String> {
    let Some(schema) = planguard_schemas::resource(resource_type) else { return Vec::new() };
    let mut attributes = schema.attributes;
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let name = name.trim_end_matches("[_]");
        let Some(found) = attributes.into_iter().find(|attribute| attribute.name == name) else {
            return Vec::new();
        };
        let mut kind = found.kind;
        while let Kind::List(element) = kind {
            kind = *element;
        }
        attributes = match kind {
            Kind::Block(attributes) => attributes,
            Kind::Bool | Kind::String | Kind::Number | Kind::Any | Kind::Map(_) | Kind::List(_) => Vec::new(),
        };
    }
    attributes.into_iter().map(|attribute| attribute.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lints::shape::{Shape, Step};
    use planguard_rego::plan_shape::RESOURCE_CHANGE;

    fn place(path: &[&str]) -> Place {
        let mut shape = Shape::Place(Place::new(&RESOURCE_CHANGE, "rc".to_owned()));
        for step in ["change", "after"].iter().chain(path) {
            let step =
                if *step == "_" { Step::Element(String::new()) } else { Step::Key((*step).to_owned()) };
            shape = shape.step(&step).0;
        }
        shape.place().unwrap().clone()
    }

    fn wrong(resource_type: &str, path: &[&str]) -> Option<Misfit> {
        misfit(&BTreeSet::from([resource_type.to_owned()]), &place(path)).map(|(_, misfit)| misfit)
    }

    #[test]
    fn attributes_are_held_against_their_type() {
        assert_eq!(wrong("aws_s3_bucket", &["acl"]), None);
        assert_eq!(wrong("aws_s3_bucket", &["versioning", "_", "enabled"]), None);
        assert_eq!(wrong("aws_s3_bucket", &["tags", "Owner"]), None);
        assert_eq!(wrong("aws_s3_bucket", &["arn"]), None);
        assert_eq!(wrong("aws_security_group", &["ingress", "_", "cidr_blocks", "_"]), None);
        assert_eq!(wrong("null_resource", &["anything"]), None);
        assert!(
            matches!(wrong("aws_s3_bucket", &["acll"]), Some(Misfit::Unknown { near, .. }) if near == "acl")
        );
        assert!(matches!(
            wrong("aws_security_group", &["ingress", "_", "cidr_block"]),
            Some(Misfit::Unknown { near, .. }) if near == "ingress[_].cidr_blocks"
        ));
        assert!(matches!(wrong("aws_s3_bucket", &["versioning", "enabled"]), Some(Misfit::List { .. })));
        assert!(matches!(wrong("aws_iam_policy", &["policy", "Statement"]), Some(Misfit::Text { .. })));
        assert!(matches!(wrong("aws_s3_bucket", &["instance_type"]), Some(Misfit::Unlisted { .. })));
        assert!(matches!(
            wrong("azurerm_storage_account", &["enable_https_traffic_only"]),
            Some(Misfit::Removed { until: "3", .. })
        ));
    }

    #[test]
    fn one_type_that_has_the_attribute_is_enough() {
        let types = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(misfit(&types(&["aws_s3_bucket", "aws_instance"]), &place(&["instance_type"])), None);
        assert!(misfit(&types(&["aws_s3_bucket", "aws_instance"]), &place(&["instance_typ"])).is_some());
        assert_eq!(misfit(&types(&["aws_s3_bucket", "foo_bar"]), &place(&["instance_typ"])), None);
    }
}
