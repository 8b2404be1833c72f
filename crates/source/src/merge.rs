//! What a resource has under one name, after override files.

use std::ops::Range;

use crate::body::{Attribute, Block, Body, Expression};
use crate::module::{Declaration, Definition};
use crate::place::Spot;
use crate::repeated::Values;

const LIFECYCLE: &str = "lifecycle";
const IGNORE_CHANGES: &str = "ignore_changes";

/// A body, and the file that its ranges are in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer<'c> {
    declaration: &'c Declaration,
    pub(crate) body: &'c Body,
}

/// What is written under a name.
#[derive(Debug)]
pub(crate) enum Written<'c> {
    Nothing,
    Attribute(Layer<'c>, &'c Attribute),
    Blocks(Layer<'c>, Vec<&'c Block>),
    /// An attribute and blocks: it is not certain which counts.
    Both,
}

impl<'c> Layer<'c> {
    /// The bodies of a resource from the one that wins to the base.
    pub(crate) fn of(definition: &'c Definition) -> Vec<Self> {
        definition
            .layers()
            .filter_map(|declaration| Some(Self { declaration, body: &declaration.block()?.body }))
            .collect()
    }

    /// A body in the same file.
    pub(crate) const fn inside(self, body: &'c Body) -> Self {
        Self { declaration: self.declaration, body }
    }

    pub(crate) fn spot(self, span: &Range<usize>) -> Spot {
        self.declaration.at(span)
    }
}

/// Where the values of a resource come from, by its `lifecycle`.
pub(crate) fn values(layers: &[Layer<'_>]) -> Values {
    let ignores = layers.iter().any(|layer| {
        let mut blocks = layer.body.blocks.iter().filter(|block| block.kind == LIFECYCLE);
        // In JSON it is a value, because no provider's schema has it.
        blocks.any(|block| block.body.attribute(IGNORE_CHANGES).is_some())
            || layer
                .body
                .attribute(LIFECYCLE)
                .is_some_and(|attribute| has_key(&attribute.value, IGNORE_CHANGES))
    });
    if ignores { Values::Mixed } else { Values::Configuration }
}

fn has_key(value: &Expression, key: &str) -> bool {
    match value {
        Expression::Object(members) => members.iter().any(|member| member.key.as_deref() == Some(key)),
        Expression::List(elements) => elements.iter().any(|element| has_key(element, key)),
        Expression::Null
        | Expression::Bool(_)
        | Expression::Number(_)
        | Expression::Text(_)
        | Expression::Reference(_)
        | Expression::Other => false,
    }
}

/// The attribute or the blocks of a name. An override replaces an attribute, or all blocks of a kind.
pub(crate) fn written<'c>(layers: &[Layer<'c>], name: &'c str) -> Written<'c> {
    let attribute = layers.iter().find_map(|layer| Some((*layer, layer.body.attribute(name)?)));
    let blocks = layers.iter().find_map(|layer| {
        let blocks: Vec<_> = layer.body.blocks_of(name).collect();
        (!blocks.is_empty()).then_some((*layer, blocks))
    });
    match (attribute, blocks) {
        (None, None) => Written::Nothing,
        (Some((layer, attribute)), None) => Written::Attribute(layer, attribute),
        (None, Some((layer, blocks))) => Written::Blocks(layer, blocks),
        (Some(_), Some(_)) => Written::Both,
    }
}
