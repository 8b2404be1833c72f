//! Cases beside a guardrail: a few lines of TOML, completed into a whole plan.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::raw::{RawCase, RawCaseResource};

/// A resource change, and what the guardrail must say of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    /// What the case shows.
    pub name: String,
    /// What the guardrail must say.
    pub expect: Expectation,
    /// The address that is judged.
    pub address: String,
    /// A whole plan as JSON text.
    pub plan: String,
}

/// What a guardrail must say of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// It finds something.
    Fail,
    /// It finds nothing.
    Pass,
    /// It cannot tell before apply.
    Undetermined,
    /// It does not apply.
    NotApplicable,
}

impl Case {
    /// Completes what an author wrote into a plan. The judged resource is called `example` unless it has a
    /// name of its own.
    pub(super) fn complete(raw: RawCase, first_type: &str) -> Self {
        let RawCase { name, expect, resource, others } = raw;
        let judged = Resource::new(resource, first_type);
        let others: Vec<Resource> =
            others.into_iter().map(|other| Resource::new(other, first_type)).collect();
        let all: Vec<&Resource> = std::iter::once(&judged).chain(&others).collect();
        let changes: Vec<Value> = all.iter().map(|resource| resource.change()).collect();
        let configuration: Vec<Value> = all.iter().map(|resource| resource.configuration()).collect();
        let plan = json!({
            "format_version": "1.2",
            "terraform_version": "1.11.4",
            "planned_values": {"root_module": {}},
            "resource_changes": changes,
            "configuration": {"root_module": {"resources": configuration}},
        });
        Self { name, expect, address: judged.address(), plan: plan.to_string() }
    }
}

struct Resource {
    mode: &'static str,
    resource_type: String,
    name: String,
    key: Option<Value>,
    raw: RawCaseResource,
}

impl Resource {
    fn new(raw: RawCaseResource, first_type: &str) -> Self {
        let written = raw.resource_type.clone().unwrap_or_else(|| first_type.to_owned());
        let (mode, resource_type) = match written.strip_prefix("data.") {
            Some(data) => ("data", data.to_owned()),
            None => ("managed", written),
        };
        let name = raw.resource_name.clone().unwrap_or_else(|| "example".to_owned());
        Self { mode, resource_type, name, key: raw.key.clone(), raw }
    }

    fn address(&self) -> String {
        let prefix = if self.mode == "data" { "data." } else { "" };
        let key = self.key.as_ref().map_or_else(String::new, |key| format!("[{key}]"));
        format!("{prefix}{}.{}{key}", self.resource_type, self.name)
    }

    fn change(&self) -> Value {
        let RawCaseResource { before, after, actions, unknown, sensitive, .. } = &self.raw;
        let default_actions = match (before, after, self.mode) {
            (_, _, "data") => json!(["read"]),
            (None, _, _) => json!(["create"]),
            (Some(_), None, _) => json!(["delete"]),
            (Some(before), Some(after), _) if before == after => json!(["no-op"]),
            (Some(_), Some(_), _) => json!(["update"]),
        };
        // A case about what is not set says nothing at all.
        let nothing_said = before.is_none() && after.is_none();
        let after = after.clone().or_else(|| nothing_said.then(|| Value::Object(Map::new())));
        json!({
            "address": self.address(),
            "mode": self.mode,
            "type": self.resource_type,
            "name": self.name,
            "change": {
                "actions": actions.clone().map_or(default_actions, |actions| json!(actions)),
                "before": before,
                "after": after,
                "after_unknown": unknown.clone().unwrap_or_else(|| json!({})),
                "before_sensitive": {},
                "after_sensitive": sensitive.clone().unwrap_or_else(|| json!({})),
            },
        })
    }

    fn configuration(&self) -> Value {
        let mut block = json!({
            "mode": self.mode,
            "type": self.resource_type,
            "name": self.name,
            "expressions": self.raw.expressions.clone().unwrap_or_else(|| json!({})),
        });
        if self.key.is_some() {
            block["for_each_expression"] = json!({});
        }
        block
    }
}
