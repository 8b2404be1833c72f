//! JSON as it may be printed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::short::SHORTEST_NUMBER;
use super::{PLACEHOLDER, Redactor};
use crate::model::{Plan, PlanError, sensitive_values};

/// The masks and the members that they mark.
const MASKED: [(&str, &str); 2] = [("after", "after_sensitive"), ("before", "before_sensitive")];

/// Replaces the sensitive values of one plan in JSON: in every text as a [`Redactor`] does, texts
/// and numbers that equal a sensitive value, and the values that a mask beside them marks.
#[derive(Debug, Default)]
pub struct JsonRedactor {
    texts: Redactor,
    values: BTreeSet<String>,
}

impl JsonRedactor {
    /// A redactor for these values, for example those of [`crate::model::sensitive_values`].
    pub fn new(sensitive: BTreeSet<String>) -> Self {
        Self { texts: Redactor::new(&sensitive), values: sensitive }
    }

    /// The redactor for what is told of a plan.
    ///
    /// # Errors
    /// Those of [`sensitive_values`].
    pub fn for_plan(plan: &Plan<'_>) -> Result<Self, PlanError> {
        let values = sensitive_values(plan)?;
        Ok(Self { texts: Redactor::with_names(plan, &values), values })
    }

    /// The redactor for texts that are not JSON.
    pub const fn texts(&self) -> &Redactor {
        &self.texts
    }

    /// The value as it may be printed. A replaced number or boolean becomes a text.
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => {
                let text = number.to_string();
                if text.len() >= SHORTEST_NUMBER && self.values.contains(&text) {
                    hidden()
                } else {
                    value.clone()
                }
            }
            Value::String(text)
                if !text.is_empty() && self.values.contains(text) && !self.texts.is_address(text) =>
            {
                hidden()
            }
            Value::String(text) => self.texts.text(text).unescaped().into(),
            Value::Array(elements) => elements.iter().map(|element| self.value(element)).collect(),
            Value::Object(object) => {
                let mut shown: serde_json::Map<String, Value> = object
                    .iter()
                    .map(|(key, value)| (self.texts.key(key).unescaped().to_owned(), self.value(value)))
                    .collect();
                for (key, mask) in MASKED {
                    if let (Some(value), Some(mask)) = (shown.get_mut(key), object.get(mask)) {
                        hide(value, mask);
                    }
                }
                // An output of a state.
                if let (Some(value), Some(Value::Bool(true))) =
                    (shown.get_mut("value"), object.get("sensitive"))
                {
                    hide(value, &Value::Bool(true));
                }
                Value::Object(shown)
            }
        }
    }
}

fn hidden() -> Value {
    PLACEHOLDER.into()
}

/// Replaces the values that a mask marks.
fn hide(value: &mut Value, mask: &Value) {
    match (value, mask) {
        (Value::Null, _) => {}
        (value, Value::Bool(true)) => *value = hidden(),
        (Value::Array(elements), Value::Array(masks)) => {
            elements.iter_mut().zip(masks).for_each(|(element, mask)| hide(element, mask));
        }
        (Value::Object(object), Value::Object(masks)) => {
            for (key, mask) in masks {
                if let Some(value) = object.get_mut(key) {
                    hide(value, mask);
                }
            }
        }
        (
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
            Value::Null
            | Value::Bool(false)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
        ) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn redactor() -> JsonRedactor {
        JsonRedactor::new(["hunter2-secret", "pin", "4711", "80"].map(str::to_owned).into())
    }

    #[test]
    fn leaves_and_keys_are_hidden_by_value() {
        let value = json!({"a": ["x hunter2-secret", "pin", "pinned", 4711, 80], "hunter2-secret": null});
        assert_eq!(
            redactor().value(&value),
            json!({"a": ["x (sensitive value)", "(sensitive value)", "pinned", "(sensitive value)", 80], "(sensitive value)": null})
        );
    }

    #[test]
    fn an_address_that_equals_a_sensitive_value_stays_and_two_letters_go() {
        assert_eq!(
            JsonRedactor::new(["ab".to_owned()].into()).value(&json!(["ab", "abc"])),
            json!([PLACEHOLDER, "abc"])
        );
        let plan = r#"{"format_version": "1.2", "resource_changes": [{"address": "aws_x.secret", "change": {
            "actions": ["create"], "after": {"a": "aws_x.secret"}, "after_sensitive": {"a": true}}}]}"#;
        let redactor = JsonRedactor::for_plan(&Plan::parse(plan).unwrap()).unwrap();
        assert_eq!(redactor.value(&json!("aws_x.secret")), json!("aws_x.secret"));
        assert_eq!(redactor.value(&json!("aws_x.secrets")), json!("(sensitive value)s"));
    }

    #[test]
    fn masks_hide_what_stands_beside_them() {
        let change = json!({
            "after": {"port": 80, "on": true, "name": "n", "gone": null, "list": [1, 2]},
            "after_sensitive": {"port": true, "on": true, "gone": true, "list": [false, true], "more": true},
            "before": 1,
            "before_sensitive": false,
        });
        let shown = JsonRedactor::default().value(&json!([change]));
        assert_eq!(
            shown[0]["after"],
            json!({"port": PLACEHOLDER, "on": PLACEHOLDER, "name": "n", "gone": null, "list": [1, PLACEHOLDER]})
        );
        assert_eq!(shown[0]["before"], json!(1));
    }
}
