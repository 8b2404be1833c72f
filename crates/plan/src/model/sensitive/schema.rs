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
pub(super) struct Schemas {
    managed: HashMap<String, Option<SensitiveBlock>>,
    data: HashMap<String, Option<SensitiveBlock>>,
}

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

    fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.nested.is_empty()
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
        self.block(mode, type_name).is_some()
    }

    /// What is sensitive in a type; `None` if nothing is, or no schema is known.
    fn block(&mut self, mode: Mode, type_name: &str) -> Option<&mut SensitiveBlock> {
        let types = match mode {
            Mode::Managed => &mut self.managed,
            Mode::Data => &mut self.data,
            Mode::Ephemeral | Mode::Action => return None,
        };
        if !types.contains_key(type_name) {
            let schema = match mode {
                Mode::Managed => planguard_schemas::resource(type_name),
                Mode::Data => planguard_schemas::data(type_name),
                Mode::Ephemeral | Mode::Action => None,
            };
            let block = schema.map(|schema| SensitiveBlock::new(schema.block));
            types.insert(type_name.to_owned(), block.filter(|block| !block.is_empty()));
        }
        types.get_mut(type_name)?.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only then are the values of such objects in states parsed at all.
    #[test]
    fn a_type_may_be_sensitive_if_an_attribute_at_any_depth_is() {
        let mut schemas = Schemas::default();
        assert!(schemas.has_sensitive(Mode::Managed, "aws_db_instance"));
        assert!(schemas.has_sensitive(Mode::Managed, "azurerm_kubernetes_cluster"));
        assert!(schemas.has_sensitive(Mode::Data, "aws_secretsmanager_secret_version"));
        for resource_type in ["aws_security_group", "aws_s3_bucket", "aws_wafv2_web_acl", "acme_widget"] {
            assert!(!schemas.has_sensitive(Mode::Managed, resource_type), "{resource_type}");
        }
    }
}
