//! Provider blocks as objects that guardrails judge: what their arguments are, as far as the configuration tells.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use super::Plan;
use super::actions::Actions;
use super::address::{Address, Mode, ModuleStep};
use super::change::{Change, ResourceChange};
use super::configuration::ProviderConfig;
use super::references::is_expression;
use super::section::Section;
use super::value::{Object, Value};

impl<'a> Plan<'a> {
    /// The provider blocks with arguments, each as an object that does not change. Its address is `provider.aws`, with the
    /// alias as in `provider.aws.eu`, in its module. What an expression makes of references is unknown.
    pub fn provider_changes(&self) -> Vec<ResourceChange<'a>> {
        let providers = self.configuration.as_ref().map(|all| all.providers()).unwrap_or_default();
        providers
            .iter()
            .filter(|provider| !provider.expressions.members().is_empty())
            .map(ProviderConfig::as_object)
            .collect()
    }
}

impl<'a> ProviderConfig<'a> {
    /// The type by which guardrails name it.
    pub fn type_name(&self) -> String {
        format!("{TYPE}.{}", self.name)
    }

    fn as_object(&self) -> ResourceChange<'a> {
        let (module, name) = self.key.rsplit_once(':').unwrap_or(("", &self.key));
        let steps = module.split('.').filter(|step| *step != "module" && !step.is_empty());
        let (after, unknown) = arguments(&self.expressions);
        ResourceChange {
            address: Address {
                modules: steps.map(|step| ModuleStep { name: step.to_owned(), key: None }).collect(),
                mode: Mode::Managed,
                resource_type: TYPE.to_owned(),
                name: name.to_owned(),
                key: None,
            },
            previous_address: None,
            deposed: None,
            provider_name: None,
            action_reason: None,
            change: Change {
                actions: Actions::from_words(["no-op"]),
                before: None,
                after: Some(Arc::new(after)),
                after_unknown: Some(unknown),
                before_sensitive: None,
                after_sensitive: None,
                replace_paths: Vec::new(),
                importing: None,
                generated_config: None,
                before_identity: None,
                after_identity: None,
                before_text: Section::default(),
                after_text: Section::default(),
            },
            mismatch: None,
            is_translated: true,
            schema: OnceLock::new(),
        }
    }
}

/// What stands in the place of a resource type in the address of a provider block.
const TYPE: &str = "provider";

/// The values of arguments and the mask of what is unknown of them.
fn arguments<'a>(expressions: &Value<'a>) -> (Value<'a>, Value<'a>) {
    match expressions {
        expression if is_expression(expression) && !expression.members().is_empty() => {
            match expression.get("constant_value") {
                Some(constant) => (constant.clone(), Value::Bool(false)),
                None => (Value::Null, Value::Bool(true)),
            }
        }
        Value::Array(blocks) => {
            let (values, masks) = blocks.iter().map(arguments).unzip();
            (Value::Array(values), Value::Array(masks))
        }
        Value::Object(block) => {
            let parts = block.members().iter().map(|(name, expression)| {
                let (value, mask) = arguments(expression);
                ((name.clone(), value), (name.clone(), mask))
            });
            let (values, masks): (Vec<(Cow<'a, str>, _)>, Vec<_>) = parts.unzip();
            (Value::Object(Object::new(values)), Value::Object(Object::new(masks)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            (Value::Null, Value::Bool(false))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::attribute::{Attribute, ResourceState, Side};
    use super::*;

    #[test]
    fn arguments_are_known_if_they_are_literals() {
        let text = r#"{"format_version": "1.2", "resource_changes": [], "configuration": {"provider_config": {
            "aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-1"},
                "access_key": {"references": ["var.key"]},
                "assume_role": [{"role_arn": {"constant_value": "arn:aws:iam::1:role/a"}}]}},
            "module.m:aws.eu": {"name": "aws", "expressions": {"insecure": {"constant_value": true}}},
            "random": {"name": "random"}}}}"#;
        let plan = Plan::parse(text).unwrap();
        let providers = plan.provider_changes();
        let addresses: Vec<String> = providers.iter().map(|one| one.address.to_string()).collect();
        assert_eq!(addresses, ["provider.aws", "module.m.provider.aws.eu"]);
        let state = ResourceState::new(&plan, &providers[0], Side::After).unwrap();
        let root = state.root();
        let known = |view: super::super::attribute::View<'_, '_>| match view.attribute() {
            Attribute::Known(value) => value.as_str().unwrap_or_default().to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(known(root.key("region")), "eu-west-1");
        assert_eq!(known(root.key("access_key")), "Unknown");
        assert_eq!(known(root.key("secret_key")), "Unset");
        assert_eq!(known(root.key("assume_role").index(0).key("role_arn")), "arn:aws:iam::1:role/a");
    }
}
