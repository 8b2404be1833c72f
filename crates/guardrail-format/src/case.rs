//! Cases beside a guardrail: a few lines of TOML, completed into a whole plan.

use std::fmt;

use planguard_rule::Severity;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::raw::{RawCase, RawCaseResource};
use super::schema::Contradiction;

/// A resource change, and what the guardrail must say of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    /// What the case shows.
    pub name: String,
    /// What the guardrail must say.
    pub expect: Expectation,
    /// The severity of what it finds, if the case says so.
    pub severity: Option<Severity>,
    /// The line of its file, counted from 1.
    pub line: usize,
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

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fail => "fail",
            Self::Pass => "pass",
            Self::Undetermined => "undetermined",
            Self::NotApplicable => "not-applicable",
        })
    }
}

impl Case {
    /// Completes what an author wrote into a plan. The judged resource is called `example` unless it has a
    /// name of its own. The contradictions are those of all resources with the schemas.
    pub(crate) fn complete(
        raw: RawCase,
        first_type: &str,
        line: usize,
    ) -> Result<(Self, Vec<Contradiction>), String> {
        let RawCase { name, expect, severity, resource, others } = raw;
        let severity = severity.map(|word| word.parse::<Severity>()).transpose();
        let severity = severity.map_err(|error| format!("case `{name}`: {error}"))?;
        let new =
            |raw| CaseResource::new(raw, first_type).map_err(|problem| format!("case `{name}`: {problem}"));
        let mut resources = vec![new(resource)?];
        for other in others {
            resources.push(new(other)?);
        }
        let (address, plan) = (resources[0].address(), complete(&resources).to_string());
        let contradictions = resources.iter().flat_map(CaseResource::contradictions).collect();
        Ok((Self { name, expect, severity, line, address, plan }, contradictions))
    }
}

/// When the plans of cases were made.
const TODAY: &str = "2026-01-01T00:00:00Z";

/// A plan that holds these resources and nothing else.
pub fn complete(resources: &[CaseResource]) -> Value {
    let mut root = Map::new();
    let mut providers = Map::new();
    for resource in resources {
        if let Some((key, block)) = resource.provider_block() {
            providers.insert(key, block);
            continue;
        }
        let mut module = &mut root;
        for step in &resource.modules {
            module = step.within(module);
        }
        let blocks = list(module, "resources");
        let block = resource.configuration();
        // The instances of one block share its configuration.
        if !blocks.iter().any(|other| other["address"] == block["address"]) {
            blocks.push(block);
        }
    }
    let changes: Vec<Value> = resources
        .iter()
        .filter(|resource| resource.provider_block().is_none())
        .map(CaseResource::change)
        .collect();
    json!({
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_changes": changes,
        "timestamp": TODAY,
        "configuration": {"provider_config": providers, "root_module": root},
    })
}

/// The object at a key, made if there is none.
fn object<'m>(map: &'m mut Map<String, Value>, key: &str) -> &'m mut Map<String, Value> {
    let value = map.entry(key).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was made one")
}

/// The list at a key, made if there is none.
fn list<'m>(map: &'m mut Map<String, Value>, key: &str) -> &'m mut Vec<Value> {
    let value = map.entry(key).or_insert_with(|| json!([]));
    if !value.is_array() {
        *value = json!([]);
    }
    value.as_array_mut().expect("it was made one")
}

/// A module call on the way to a resource.
#[derive(Clone, Debug)]
struct ModuleCall {
    name: String,
    keyed: bool,
}

impl ModuleCall {
    /// The calls of `module.a["key"].module.b`.
    fn parse(module: &str) -> Option<Vec<Self>> {
        let mut calls = Vec::new();
        let mut rest = module;
        loop {
            rest = rest.strip_prefix("module.")?;
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let name = rest[..end].to_owned();
            rest = &rest[end..];
            let key = rest.starts_with('[');
            if key {
                rest = &rest[after_key(rest)?..];
            }
            if name.is_empty() {
                return None;
            }
            calls.push(Self { name, keyed: key });
            if rest.is_empty() {
                return Some(calls);
            }
            rest = rest.strip_prefix('.')?;
        }
    }

    /// The configuration of the called module, in that of the caller.
    fn within<'m>(&self, caller: &'m mut Map<String, Value>) -> &'m mut Map<String, Value> {
        let call = object(object(caller, "module_calls"), &self.name);
        call.entry("source").or_insert_with(|| json!(format!("./{}", self.name)));
        if self.keyed {
            call.insert("for_each_expression".to_owned(), json!({}));
        }
        object(call, "module")
    }
}

/// Where a text goes on behind the instance key that it starts with.
fn after_key(text: &str) -> Option<usize> {
    let quoted = text.strip_prefix("[\"");
    let Some(quoted) = quoted else { return text.find(']').map(|end| end + 1) };
    let mut escaped = false;
    for (position, character) in quoted.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let end = position + "[\"".len();
                return text[end..].starts_with("\"]").then_some(end + "\"]".len());
            }
            _ => {}
        }
    }
    None
}

/// The expressions of a value that is written in a provider block: blocks are lists of tables.
fn constants(value: &Value) -> Value {
    match value {
        Value::Array(blocks) if !blocks.is_empty() && blocks.iter().all(Value::is_object) => {
            let block = |block: &Value| {
                let members = block.as_object().into_iter().flatten();
                members.map(|(name, value)| (name.clone(), constants(value))).collect::<Map<_, _>>().into()
            };
            Value::Array(blocks.iter().map(block).collect())
        }
        value => json!({"constant_value": value}),
    }
}

/// A resource change in few words, and what follows from them.
#[derive(Clone, Debug)]
pub struct CaseResource {
    mode: &'static str,
    resource_type: String,
    name: String,
    modules: Vec<ModuleCall>,
    raw: RawCaseResource,
}

impl CaseResource {
    /// A resource of the type that is written, or else of `first_type`. Fails if its module is no module.
    pub fn new(raw: RawCaseResource, first_type: &str) -> Result<Self, String> {
        let written = raw.resource_type.clone().unwrap_or_else(|| first_type.to_owned());
        let (mode, resource_type) = match written.strip_prefix("data.") {
            Some(data) => ("data", data.to_owned()),
            None => ("managed", written),
        };
        let modules = match &raw.module {
            None => Vec::new(),
            Some(module) => ModuleCall::parse(module)
                .ok_or_else(|| format!("`{module}` is not the address of a module, such as `module.x`"))?,
        };
        let name = raw.resource_name.clone().unwrap_or_else(|| "example".to_owned());
        Ok(Self { mode, resource_type, name, modules, raw })
    }

    /// Its type as authors write it: a data source starts with `data.`.
    pub(crate) fn type_as_written(&self) -> String {
        let prefix = if self.mode == "data" { "data." } else { "" };
        format!("{prefix}{}", self.resource_type)
    }

    /// Its attributes, before and after, and the masks on them.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        let RawCaseResource { before, after, unknown, sensitive, .. } = &self.raw;
        [before, after, unknown, sensitive].into_iter().flatten()
    }

    /// The names of the attributes that its configuration sets.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &str> {
        let set = self.raw.expressions.iter().filter_map(Value::as_object);
        set.flat_map(|set| set.keys().map(String::as_str))
    }

    /// The address of the block within its module.
    fn block(&self) -> String {
        format!("{}.{}", self.type_as_written(), self.name)
    }

    /// Its key and its block in the configuration of the plan, if it is a provider block. What `after` has is written in
    /// the block, as far as `expressions` does not say otherwise.
    fn provider_block(&self) -> Option<(String, Value)> {
        let name = self.resource_type.strip_prefix("provider.")?;
        let mut expressions =
            self.raw.expressions.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        for (argument, value) in self.raw.after.as_ref().and_then(Value::as_object).into_iter().flatten() {
            expressions.entry(argument.clone()).or_insert_with(|| constants(value));
        }
        let key = match &self.raw.resource_name {
            Some(alias) => format!("{name}.{alias}"),
            None => name.to_owned(),
        };
        Some((key, json!({"name": name, "expressions": expressions})))
    }

    /// Its address: the type and the name, in its module, with its key.
    pub fn address(&self) -> String {
        if let Some((key, _)) = self.provider_block() {
            return format!("provider.{key}");
        }
        let module = self.raw.module.as_ref().map_or_else(String::new, |module| format!("{module}."));
        let key = self.raw.key.as_ref().map_or_else(String::new, |key| format!("[{key}]"));
        format!("{module}{}{key}", self.block())
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
        let mut change = json!({
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
        });
        for (key, value) in
            [("module_address", &self.raw.module), ("previous_address", &self.raw.previous_address)]
        {
            if let Some(value) = value {
                change[key] = json!(value);
            }
        }
        if let Some(key) = &self.raw.key {
            change["index"] = key.clone();
        }
        change
    }

    /// The expressions of its block: those that are written, and one for each other attribute that the provider requires
    /// and `after` has. Where the value comes from, nobody can tell: a plan does not explain local values.
    fn block_expressions(&self) -> Map<String, Value> {
        let mut expressions =
            self.raw.expressions.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let schema = match self.mode {
            "data" => planguard_schemas::data(&self.resource_type),
            _ => planguard_schemas::resource(&self.resource_type),
        };
        let Some(after) = self.raw.after.as_ref().and_then(Value::as_object) else { return expressions };
        let schema = schema.as_ref();
        for attribute in schema.into_iter().flat_map(|schema| schema.block.attributes()) {
            let is_set = after.get(&attribute.name).is_some_and(|value| !value.is_null());
            if attribute.needs_expression() && is_set {
                expressions.entry(attribute.name).or_insert_with(|| json!({"references": ["local.given"]}));
            }
        }
        expressions
    }

    fn configuration(&self) -> Value {
        let mut block = json!({
            "address": self.block(),
            "mode": self.mode,
            "type": self.resource_type,
            "name": self.name,
            "expressions": self.block_expressions(),
        });
        if self.raw.key.is_some() {
            block["for_each_expression"] = json!({});
        }
        block
    }
}
