//! Reads the JSON form of Terraform's files (`.tf.json`) into the same bodies as the native syntax.
//!
//! JSON does not tell a block from an attribute: the provider's schema does. Without a schema an object stays a value,
//! through which a path leads to the same lines.

use std::ops::Range;

use planguard_schemas::{Block as Schema, Nesting};

use crate::body::{Attribute, Block, Body, Expression, Member};
use crate::hcl::{self, SyntaxError};
use crate::json::{self, Key, Node, NodeValue};

/// The key of comments, which every body may have.
const COMMENT: &str = "//";

/// Reads a file.
///
/// # Errors
/// It is not JSON.
pub(crate) fn read(text: &str) -> Result<Body, SyntaxError> {
    let root = json::read(text)?;
    let mut body = Body::default();
    for (key, node) in members(&root) {
        top_level(key, node, &mut body.blocks);
    }
    Ok(body)
}

fn top_level(key: &Key, node: &Node, blocks: &mut Vec<Block>) {
    match key.name.as_str() {
        kind @ ("resource" | "data" | "ephemeral" | "action") => {
            for (resource_type, node) in members(node) {
                let schema = match kind {
                    "resource" => planguard_schemas::resource(&resource_type.name),
                    "data" => planguard_schemas::data(&resource_type.name),
                    _ => None,
                };
                for (name, node) in members(node) {
                    let labels = [resource_type.name.clone(), name.name.clone()];
                    blocks.extend(named(kind, &labels, &name.at, node, |node| {
                        nested(node, schema.map(|schema| schema.block))
                    }));
                }
            }
        }
        kind @ ("module" | "variable") => {
            for (name, node) in members(node) {
                blocks.extend(named(kind, std::slice::from_ref(&name.name), &name.at, node, |node| {
                    nested(node, None)
                }));
            }
        }
        kind @ "locals" => blocks.extend(named(kind, &[], &key.at, node, |node| nested(node, None))),
        // A check has data sources of its own.
        kind @ "check" => {
            for (name, node) in members(node) {
                let body = |node: &Node| {
                    let mut body = Body::default();
                    for (key, node) in members(node).filter(|(key, _)| key.name == "data") {
                        top_level(key, node, &mut body.blocks);
                    }
                    body
                };
                blocks.extend(named(kind, std::slice::from_ref(&name.name), &name.at, node, body));
            }
        }
        _ => {}
    }
}

/// The blocks of one name: an object is one, an array of objects is several.
fn named<'n>(
    kind: &str,
    labels: &[String],
    at: &Range<usize>,
    node: &'n Node,
    body: impl Fn(&'n Node) -> Body,
) -> Vec<Block> {
    let objects = objects(node);
    let several = objects.len() > 1;
    let block = |node: &'n Node| Block {
        kind: kind.to_owned(),
        labels: labels.to_vec(),
        // Only the brace tells one of several from the others.
        header: if several { node.at.start..node.at.start + 1 } else { at.clone() },
        body: body(node),
    };
    objects.into_iter().map(block).collect()
}

/// The body of a resource, or of a block in it.
fn nested(node: &Node, schema: Option<Schema>) -> Body {
    let mut body = Body::default();
    for (key, node) in members(node) {
        if key.name == "dynamic" {
            for (label, node) in members(node) {
                let inside = block_schema(schema, &label.name).map(|(_, inside)| inside);
                body.blocks.extend(named(
                    "dynamic",
                    std::slice::from_ref(&label.name),
                    &label.at,
                    node,
                    |node| dynamic(node, inside),
                ));
            }
            continue;
        }
        match block_schema(schema, &key.name) {
            Some((Nesting::Map, inside)) if is_of_objects(node) => {
                for (label, node) in members(node) {
                    let labels = [label.name.clone()];
                    body.blocks.extend(named(&key.name, &labels, &label.at, node, |node| {
                        nested(node, Some(inside))
                    }));
                }
            }
            Some((Nesting::List | Nesting::Set | Nesting::Single, inside)) if is_of_objects(node) => {
                body.blocks.extend(named(&key.name, &[], &key.at, node, |node| nested(node, Some(inside))));
            }
            _ => body.attributes.push(Attribute {
                name: key.name.clone(),
                at: key.at.start..node.at.end,
                value: expression(node),
                references: references(node),
            }),
        }
    }
    body
}

/// What the texts of a value refer to.
fn references(node: &Node) -> Vec<String> {
    match &node.value {
        NodeValue::Text(text) if text.contains("${") || text.contains("%{") => {
            hcl::references_of_template(text)
        }
        NodeValue::Array(elements) => elements.iter().flat_map(references).collect(),
        NodeValue::Object(members) => members.iter().flat_map(|(_, node)| references(node)).collect(),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => Vec::new(),
    }
}

/// `{"for_each": …, "content": {…}}`.
fn dynamic(node: &Node, inside: Option<Schema>) -> Body {
    let contents = members(node).filter(|(key, _)| key.name == "content");
    let blocks =
        contents.flat_map(|(key, node)| named("content", &[], &key.at, node, |node| nested(node, inside)));
    Body { attributes: Vec::new(), blocks: blocks.collect() }
}

fn block_schema(schema: Option<Schema>, name: &str) -> Option<(Nesting, Schema)> {
    let attribute = schema?.attribute(name)?;
    let nested = attribute.kind.nested()?;
    nested.is_block.then_some((nested.nesting, nested.block))
}

/// Whether blocks can be read off: a template in their place has to be evaluated.
fn is_of_objects(node: &Node) -> bool {
    match &node.value {
        NodeValue::Object(_) => true,
        NodeValue::Array(elements) => {
            elements.iter().all(|element| matches!(element.value, NodeValue::Object(_)))
        }
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => false,
    }
}

fn objects(node: &Node) -> Vec<&Node> {
    match &node.value {
        NodeValue::Object(_) => vec![node],
        NodeValue::Array(elements) => {
            elements.iter().filter(|element| matches!(element.value, NodeValue::Object(_))).collect()
        }
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => Vec::new(),
    }
}

/// The members of an object, or of all objects of an array.
fn members(node: &Node) -> impl Iterator<Item = (&Key, &Node)> {
    objects(node).into_iter().flat_map(|object| {
        let members = match &object.value {
            NodeValue::Object(members) => members.as_slice(),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Number(_)
            | NodeValue::Text(_)
            | NodeValue::Array(_) => &[],
        };
        members.iter().map(|(key, node)| (key, node)).filter(|(key, _)| key.name != COMMENT)
    })
}

fn expression(node: &Node) -> Expression {
    match &node.value {
        NodeValue::Null => Expression::Null,
        NodeValue::Bool(value) => Expression::Bool(*value),
        NodeValue::Number(number) => Expression::Number(number.clone()),
        NodeValue::Text(text) => Expression::of_quoted(text),
        NodeValue::Array(elements) => Expression::List(elements.iter().map(expression).collect()),
        NodeValue::Object(members) => {
            let members = members.iter().map(|(key, node)| Member {
                key: Expression::of_quoted(&key.name).as_text().map(str::to_owned),
                at: key.at.start..node.at.end,
                value: expression(node),
            });
            Expression::Object(members.collect())
        }
    }
}
