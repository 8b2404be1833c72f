//! Collects every sensitive value in a plan.

mod state;

use std::collections::BTreeSet;

use memchr::memmem;

use super::change::{Change, ResourceChange};
use super::section::Section;
use super::value::{DuplicateKeys, Value};
use super::{Plan, PlanError};
use state::StateWalk;

/// The texts of all leaves that a mask, a sensitive variable or a sensitive output marks, on both sides and
/// in every section. The leaves of a leaf that is JSON text are included.
///
/// # Errors
/// `planned_values` or `prior_state` contains a mark but is invalid.
pub fn sensitive_values(plan: &Plan<'_>) -> Result<BTreeSet<String>, PlanError> {
    let mut leaves = Leaves::default();
    let deferred = plan.deferred_changes.iter().map(|deferred| &deferred.resource_change);
    for resource in plan.resource_changes.iter().chain(&plan.resource_drift).chain(deferred) {
        leaves.resource(resource);
    }
    for output in plan.output_changes.values() {
        leaves.masked(output.before.as_ref(), output.before_sensitive.as_ref());
        leaves.masked(output.after.as_ref(), output.after_sensitive.as_ref());
    }
    for invocation in &plan.action_invocations {
        leaves.masked(invocation.config.as_ref(), invocation.config_sensitive.as_ref());
    }
    leaves.variables(plan);
    for section in [plan.planned_values, plan.prior_state] {
        leaves.state(section)?;
    }
    Ok(leaves.texts)
}

#[derive(Default)]
struct Leaves {
    texts: BTreeSet<String>,
}

impl Leaves {
    fn resource(&mut self, resource: &ResourceChange<'_>) {
        let Change { before, after, before_sensitive, after_sensitive, .. } = &resource.change;
        // Most masks have the structure of the values and mark nothing.
        let marking = |mask: &Option<Value<'_>>| mask.as_ref().is_some_and(Value::has_true_leaf);
        if marking(before_sensitive) {
            self.masked(before.as_deref(), before_sensitive.as_ref());
        }
        if marking(after_sensitive) {
            self.masked(after.as_deref(), after_sensitive.as_ref());
        }
    }

    fn variables(&mut self, plan: &Plan<'_>) {
        let Some(configuration) = &plan.configuration else { return };
        for (position, module) in configuration.modules().iter().enumerate() {
            for variable in module.variables.iter().filter(|variable| variable.sensitive) {
                if let Some(default) = &variable.default {
                    self.all(default);
                }
                if position == 0 {
                    let value =
                        plan.variables.get(&variable.name).and_then(|variable| variable.value.as_ref());
                    value.into_iter().for_each(|value| self.all(value));
                }
                if let Some(call) = module.caller.and_then(|caller| configuration.call(caller)) {
                    let constant =
                        call.expressions.get(&variable.name).and_then(|value| value.get("constant_value"));
                    constant.into_iter().for_each(|value| self.all(value));
                }
            }
            for output in module.outputs.iter().filter(|output| output.sensitive) {
                let constant = output.expression.as_ref().and_then(|value| value.get("constant_value"));
                constant.into_iter().for_each(|value| self.all(value));
            }
        }
    }

    /// Data sources that were read while planning are in `prior_state` only. The section is parsed only
    /// if a search of its text finds a mark.
    fn state(&mut self, section: Section<'_>) -> Result<(), PlanError> {
        let Some(text) = section.text().filter(|text| mentions_sensitive(text)) else { return Ok(()) };
        StateWalk::new(self).read(text).map_err(PlanError::Json)
    }

    fn masked(&mut self, value: Option<&Value<'_>>, mask: Option<&Value<'_>>) {
        let (Some(value), Some(mask)) = (value, mask) else { return };
        match mask {
            Value::Bool(true) => self.all(value),
            Value::Array(masks) => {
                for (element, mask) in value.elements().iter().zip(masks) {
                    self.masked(Some(element), Some(mask));
                }
            }
            Value::Object(masks) => {
                for (key, mask) in masks.members() {
                    self.masked(value.get(key), Some(mask));
                }
            }
            Value::Bool(false) | Value::Null | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn all(&mut self, value: &Value<'_>) {
        match value {
            Value::String(text) => {
                self.texts.insert(text.clone().into_owned());
                if text.starts_with(['{', '['])
                    && let Ok(inner) = Value::parse(text, &DuplicateKeys::default())
                {
                    self.all(&inner);
                }
            }
            Value::Number(number) => {
                self.texts.insert(number.to_string());
            }
            Value::Array(elements) => elements.iter().for_each(|element| self.all(element)),
            Value::Object(object) => object.members().iter().for_each(|(_, member)| self.all(member)),
            Value::Null | Value::Bool(_) => {}
        }
    }
}

/// Whether the text of a state contains a non-empty mask or a sensitive output.
fn mentions_sensitive(text: &str) -> bool {
    let bytes = text.as_bytes();
    let after_colon = |position: usize| {
        let rest = bytes.get(position..).unwrap_or_default().trim_ascii_start();
        rest.strip_prefix(b":").unwrap_or_default().trim_ascii_start()
    };
    let masks = memmem::find_iter(bytes, "\"sensitive_values\"").any(|position| {
        let mask = after_colon(position + "\"sensitive_values\"".len());
        let empty = mask.strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"}"));
        !empty && mask.starts_with(b"{") || mask.starts_with(b"true")
    });
    masks
        || memmem::find_iter(bytes, "\"sensitive\"")
            .any(|position| after_colon(position + "\"sensitive\"".len()).starts_with(b"true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(plan: &str) -> Vec<String> {
        sensitive_values(&Plan::parse(plan).unwrap()).unwrap().into_iter().collect()
    }

    #[test]
    fn finds_values_in_every_section() {
        let plan = r#"{"format_version": "1.2",
            "variables": {"v": {"value": "from-variable"}, "plain": {"value": "open"}},
            "planned_values": {"outputs": {"o": {"sensitive": true, "value": ["from-output"]}}},
            "prior_state": {"values": {"root_module": {"resources": [
                {"values": {"a": "from-state", "b": "open"}, "sensitive_values": {"a": true}}]}}},
            "resource_drift": [{"address": "a.b", "change": {"actions": ["update"],
                "before": {"x": "drift-before"}, "after": {"x": "drift-after"},
                "before_sensitive": {"x": true}, "after_sensitive": true}}],
            "resource_changes": [{"address": "a.b", "change": {"actions": ["update"],
                "before": {"l": ["open", {"p": 123456}]}, "after": {"j": "{\"k\": \"inside-json\"}"},
                "before_sensitive": {"l": [false, {"p": true}]}, "after_sensitive": {"j": true}}}],
            "output_changes": {"o": {"actions": ["create"], "after": "from-output-change", "after_sensitive": true}},
            "configuration": {"root_module": {
                "variables": {"v": {"sensitive": true, "default": "from-default"}, "plain": {}},
                "module_calls": {"m": {"expressions": {"p": {"constant_value": "from-call"}},
                    "module": {"variables": {"p": {"sensitive": true}}}}}}}}"#;
        assert_eq!(
            collected(plan),
            [
                "123456",
                "drift-after",
                "drift-before",
                "from-call",
                "from-default",
                "from-output",
                "from-output-change",
                "from-state",
                "from-variable",
                "inside-json",
                "{\"k\": \"inside-json\"}",
            ]
        );
    }

    #[test]
    fn empty_masks_are_not_parsed() {
        assert!(!mentions_sensitive(r#"{"sensitive_values" : { }, "sensitive": false}"#));
        assert!(mentions_sensitive(r#"{"sensitive_values": {"a": true}}"#));
        assert!(mentions_sensitive(r#"{"sensitive" : true}"#));
    }
}
