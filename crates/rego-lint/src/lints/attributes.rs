//! Checks paths below the attributes of resources against the provider schemas.

use std::collections::BTreeSet;

use planguard_plan::text::suggest;
use planguard_rego::plan_shape::{Node, Side};
use planguard_schemas::{Block, Configurable, Kind, Nesting, Release};

use super::null_booleans;
use super::shape::{Attribute, Place};

/// How many letters may be wrong in the name of an attribute. Names of attributes are more alike than others.
const SLIP: usize = 2;

/// What is wrong with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// There is no such attribute, and perhaps one that is spelt almost alike.
    Unknown { path: String, near: Option<String> },
    /// Only the provider sets it.
    Computed { path: String },
    /// Only older releases of the provider have it.
    Removed { path: String },
    /// A list, of which a key is taken.
    List { path: String, key: String },
    /// A string, number or boolean, of which a part is taken.
    Text { path: String },
}

/// Where a path has led so far.
enum At {
    Block(Block),
    Value(Kind),
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

/// What the attribute is, in words, if all types agree.
pub(super) fn kind(types: &BTreeSet<String>, place: &Place) -> Option<&'static str> {
    let mut words = types.iter().map(|resource_type| match walk(resource_type, place)? {
        Ok(At::Value(kind)) => word(&kind),
        // An attribute that only the provider sets has a type all the same.
        Ok(At::Block(_) | At::Anything) | Err(_) => None,
    });
    let first = words.next()??;
    words.all(|word| word == Some(first)).then_some(first)
}

/// What a plan writes for an attribute that the configuration does not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unset {
    /// `null`.
    Null,
    /// `null`, of a boolean.
    NullBoolean,
    /// `[]`: a block that may be repeated.
    NoBlocks,
}

/// What plans of all these types write for the attribute at the end of a path if the configuration does not set it, with
/// one of them. `None` if one must have it, if a boolean may have a default, or if the types disagree or are not known.
pub(super) fn unset(types: &BTreeSet<String>, place: &Place) -> Option<Unset> {
    let (Attribute::Key(name), before) = place.attributes.split_last()? else { return None };
    let around = Place { attributes: before.to_vec(), ..place.clone() };
    let mut found = types.iter().map(|resource_type| {
        let At::Block(block) = elements(walk(resource_type, &around)?.ok()?) else { return None };
        let attribute = block.attribute(name)?;
        match (attribute.configurable, &attribute.kind) {
            (Configurable::Required | Configurable::Computed, _) | (_, Kind::Any | Kind::Tuple) => None,
            (_, Kind::Nested(nested)) if nested.is_block && attribute.kind.is_list() => {
                (nested.min == 0).then_some(Unset::NoBlocks)
            }
            (_, Kind::Bool) => (before.is_empty() && null_booleans::is_null_if_unset(resource_type, name))
                .then_some(Unset::NullBoolean),
            // Where the provider fills it in, it is unknown until then.
            (Configurable::OptionalComputed | Configurable::OptionalUnclear, _) => None,
            (
                Configurable::Optional,
                Kind::String | Kind::Number | Kind::List(_) | Kind::Set(_) | Kind::Map(_) | Kind::Nested(_),
            ) => Some(Unset::Null),
        }
    });
    let first = found.next()??;
    found.all(|unset| unset == Some(first)).then_some(first)
}

/// What each element of a block is.
fn elements(at: At) -> At {
    match at {
        At::Value(Kind::Nested(nested)) => At::Block(nested.block),
        at => at,
    }
}

fn word(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Bool => Some("a boolean"),
        Kind::String => Some("a string"),
        Kind::Number => Some("a number"),
        Kind::Any => None,
        kind if kind.is_list() => Some("a list"),
        Kind::Tuple | Kind::List(_) | Kind::Set(_) | Kind::Map(_) | Kind::Nested(_) => Some("an object"),
    }
}

fn walk(resource_type: &str, place: &Place) -> Option<Result<At, Misfit>> {
    let Node::Values(side) = place.node else { return None };
    let schema = planguard_schemas::resource(resource_type)?;
    let mut at = At::Block(schema.block);
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
            (At::Block(block), Attribute::Key(key)) => match block.attribute(key) {
                Some(attribute) if attribute.release == Release::Older => {
                    return Some(Err(Misfit::Removed { path: path.replace("[_]", "") }));
                }
                // An older release may have let the configuration set it.
                Some(attribute) if !attribute.is_settable() && *side == Side::After => {
                    return Some(Err(Misfit::Computed { path }));
                }
                Some(attribute) => value(attribute.kind),
                None => return Some(Err(unknown(block, key, &before, path))),
            },
            // What masks hold may stand for the whole of it.
            (At::Value(_), _) if *side == Side::Mask => At::Anything,
            (At::Value(kind), Attribute::Key(key)) if kind.is_list() => {
                return Some(Err(Misfit::List { path: before, key: key.clone() }));
            }
            (At::Value(Kind::List(element) | Kind::Set(element) | Kind::Map(element)), _) => value(*element),
            (At::Value(Kind::Nested(nested)), _) => At::Block(nested.block),
            (At::Value(Kind::Bool | Kind::String | Kind::Number), _) => {
                return Some(Err(Misfit::Text { path: before }));
            }
            (At::Value(Kind::Any | Kind::Tuple), _) => At::Anything,
        };
    }
    Some(Ok(at))
}

/// A value, or the block that it is.
fn value(kind: Kind) -> At {
    match kind {
        Kind::Nested(nested) if nested.nesting == Nesting::Single => At::Block(nested.block),
        kind => At::Value(kind),
    }
}

fn unknown(block: Block, key: &str, before: &str, path: String) -> Misfit {
    let names: Vec<String> = block.attributes().map(|attribute| attribute.name).collect();
    let near = suggest::nearest(key, names.iter().map(String::as_str))
        .filter(|near| suggest::distance(key, near) <= SLIP)
        .map(|near| if before.is_empty() { near.to_owned() } else { format!("{before}.{near}") });
    Misfit::Unknown { path, near }
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
        assert!(matches!(wrong("aws_s3_bucket", &["arn"]), Some(Misfit::Computed { .. })));
        assert_eq!(wrong("aws_s3_bucket", &["tags_all", "Owner"]), None);
        assert_eq!(wrong("aws_security_group", &["ingress", "_", "cidr_blocks", "_"]), None);
        assert_eq!(wrong("acme_widget", &["anything"]), None);
        assert!(
            matches!(wrong("aws_s3_bucket", &["acll"]), Some(Misfit::Unknown { near: Some(near), .. }) if near == "acl")
        );
        assert!(matches!(
            wrong("aws_security_group", &["ingress", "_", "cidr_block"]),
            Some(Misfit::Unknown { near: Some(near), .. }) if near == "ingress[_].cidr_blocks"
        ));
        assert!(matches!(wrong("aws_s3_bucket", &["versioning", "enabled"]), Some(Misfit::List { .. })));
        assert!(matches!(wrong("aws_iam_policy", &["policy", "Statement"]), Some(Misfit::Text { .. })));
        assert!(matches!(
            wrong("aws_s3_bucket", &["instance_type"]),
            Some(Misfit::Unknown { near: None, .. })
        ));
        assert!(matches!(
            wrong("azurerm_storage_account", &["enable_https_traffic_only"]),
            Some(Misfit::Removed { path }) if path == "enable_https_traffic_only"
        ));
    }

    #[test]
    fn what_is_not_set_is_null_or_no_blocks() {
        let written = |resource_type: &str, path: &[&str]| {
            unset(&BTreeSet::from([resource_type.to_owned()]), &place(path))
        };
        assert_eq!(written("aws_instance", &["tags"]), Some(Unset::Null));
        assert_eq!(written("aws_db_instance", &["storage_encrypted"]), Some(Unset::NullBoolean));
        assert_eq!(written("aws_db_instance", &["publicly_accessible"]), None, "it has a default");
        assert_eq!(written("aws_s3_bucket", &["logging"]), Some(Unset::NoBlocks));
        assert_eq!(written("aws_instance", &["tags", "Owner"]), None, "a key of a map is absent");
        assert_eq!(written("aws_s3_bucket_acl", &["bucket"]), None, "it must be set");
        assert_eq!(written("aws_instance", &["arn"]), None, "nobody can set it");
        assert_eq!(written("aws_instance", &["availability_zone"]), None, "it is unknown");
        assert_eq!(written("acme_widget", &["anything"]), None);
        assert_eq!(
            written("aws_db_instance", &["restore_to_point_in_time", "_", "restore_time"]),
            Some(Unset::Null)
        );
    }

    #[test]
    fn one_type_that_has_the_attribute_is_enough() {
        let types = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(misfit(&types(&["aws_s3_bucket", "aws_instance"]), &place(&["instance_type"])), None);
        assert!(misfit(&types(&["aws_s3_bucket", "aws_instance"]), &place(&["instance_typ"])).is_some());
        assert_eq!(misfit(&types(&["aws_s3_bucket", "foo_bar"]), &place(&["instance_typ"])), None);
    }
}
