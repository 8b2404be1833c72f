//! Attributes that the release of the provider which made a plan does not have.

use planguard_schemas::{Configurable, Release};

use super::attribute::{ResourceState, Side};
use super::value::Value;

impl ResourceState<'_> {
    /// Whether the provider that made the plan does not know an attribute or block of its objects: it writes each one that it
    /// knows, with null for what is not set. A plan by hand leaves out what does not matter; it has no null, or few attributes.
    pub fn is_without(&self, name: &str) -> bool {
        let change = &self.change.change;
        let (value, mask) = match self.side {
            Side::Before => (change.before.as_deref(), None),
            Side::After => (change.after.as_deref(), change.after_unknown.as_ref()),
        };
        let is_there = |name: &str| {
            let value = value.is_some_and(|value| value.get(name).is_some());
            value || mask.is_some_and(|mask| *mask == Value::Bool(true) || mask.get(name).is_some())
        };
        let has_null =
            value.is_some_and(|value| value.members().iter().any(|(_, member)| *member == Value::Null));
        if is_there(name) || !has_null {
            return false;
        }
        let Some(schema) = self.change.schema() else { return false };
        let (mut all, mut there) = (0_usize, 0_usize);
        for attribute in schema.block.attributes() {
            if attribute.release == Release::Present && attribute.configurable != Configurable::Computed {
                all += 1;
                there += usize::from(is_there(&attribute.name));
            }
        }
        // Three quarters: releases of a provider differ in less.
        4 * there >= 3 * all
    }
}

#[cfg(test)]
mod tests {
    use super::super::Plan;
    use super::*;

    #[test]
    fn a_whole_object_without_an_attribute_is_of_another_release() {
        let names: Vec<String> = planguard_schemas::resource("aws_eks_cluster")
            .unwrap()
            .block
            .attributes()
            .filter(|attribute| attribute.name != "deletion_protection")
            .map(|attribute| format!("\"{}\": null", attribute.name))
            .collect();
        let is_without = |after: &str, name: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "resource_changes": [{{"address": "aws_eks_cluster.a",
                    "change": {{"actions": ["create"], "before": null, "after": {{{after}}}, "after_unknown": {{}}}}}}]}}"#
            );
            let plan = Plan::parse(&text).unwrap();
            ResourceState::new(&plan, &plan.resource_changes[0], Side::After).unwrap().is_without(name)
        };
        let whole = names.join(", ");
        assert!(is_without(&whole, "deletion_protection"));
        assert!(!is_without(&whole, "role_arn"));
        assert!(!is_without(r#""name": "a", "role_arn": null"#, "deletion_protection"), "a plan by hand");
        let without_null = whole.replace("null", "1");
        assert!(!is_without(&without_null, "deletion_protection"));
    }
}
