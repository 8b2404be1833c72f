//! Finds the values that a provider's schema calls sensitive. Terraform before 0.15 marks none of them, and marks get
//! lost later as well.

use std::collections::HashMap;

use planguard_schemas::{Block, Kind, Sensitive};

use super::Leaves;
use crate::model::address::Mode;
use crate::model::value::Value;

/// The sensitive attributes of the types that were met. A schema is read once for each type, and a nested block when a
/// value has it: some blocks nest in themselves to a great depth.
#[derive(Default)]
pub(super) struct Schemas(HashMap<(Mode, String), Option<SensitiveBlock>>);

struct SensitiveBlock {
    attributes: Vec<String>,
    nested: Vec<(String, Nested)>,
}

struct Nested {
    block: Block,
    read: Option<Box<SensitiveBlock>>,
}

impl SensitiveBlock {
    fn new(block: Block) -> Self {
        let (mut attributes, mut nested) = (Vec::new(), Vec::new());
        for attribute in block.leading_to_sensitive() {
            match (attribute.sensitive, attribute.kind) {
                (Sensitive::Marked | Sensitive::Unmarked, _) => attributes.push(attribute.name),
                (Sensitive::No, Kind::Nested(inner)) => {
                    nested.push((attribute.name, Nested { block: inner.block, read: None }));
                }
                (Sensitive::No, _) => {}
            }
        }
        Self { attributes, nested }
    }

    fn collect(&mut self, object: &Value<'_>, leaves: &mut Leaves) {
        for name in &self.attributes {
            object.get(name).into_iter().for_each(|value| leaves.all(value));
        }
        for (name, nested) in &mut self.nested {
            let Some(value) = object.get(name) else { continue };
            match value {
                Value::Array(elements) => {
                    elements.iter().for_each(|element| nested.read().collect(element, leaves));
                }
                // One object, or a map of them.
                Value::Object(members) => {
                    let nested = nested.read();
                    nested.collect(value, leaves);
                    members.members().iter().for_each(|(_, member)| nested.collect(member, leaves));
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
    }
}

impl Nested {
    fn read(&mut self) -> &mut SensitiveBlock {
        let block = self.block;
        self.read.get_or_insert_with(|| Box::new(SensitiveBlock::new(block)))
    }
}

impl Schemas {
    /// Collects from the values of a resource of this type.
    pub(super) fn collect(&mut self, mode: Mode, type_name: &str, values: &Value<'_>, leaves: &mut Leaves) {
        if let Some(block) = self.block(mode, type_name) {
            block.collect(values, leaves);
        }
    }

    /// Whether values of this type may be sensitive.
    pub(super) fn has_sensitive(&mut self, mode: Mode, type_name: &str) -> bool {
        let block = self.block(mode, type_name);
        block.is_some_and(|block| !block.attributes.is_empty() || !block.nested.is_empty())
    }

    fn block(&mut self, mode: Mode, type_name: &str) -> Option<&mut SensitiveBlock> {
        let block = self.0.entry((mode, type_name.to_owned())).or_insert_with(|| {
            let schema = match mode {
                Mode::Managed => planguard_schemas::resource(type_name),
                Mode::Data => planguard_schemas::data(type_name),
                Mode::Ephemeral | Mode::Action => None,
            };
            schema.map(|schema| SensitiveBlock::new(schema.block))
        });
        block.as_mut()
    }
}
