//! One resource instance: its values on both sides and what the plan says of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::random::Random;

/// A resource type with what its instances hold. Texts have places that are filled for each instance.
#[derive(Debug, Deserialize)]
pub(crate) struct Kind {
    #[serde(rename = "type")]
    pub(crate) resource_type: String,
    pub(crate) name: String,
    /// Whether the block has a `for_each` of its own.
    pub(crate) for_each: bool,
    /// The attributes that are sensitive as a whole.
    pub(crate) sensitive: Vec<String>,
    /// What the configuration sets to constants, or, where it is sensitive, from a variable.
    pub(crate) configured: Map<String, Value>,
    /// Attributes that the configuration sets from a variable or another resource.
    pub(crate) references: Map<String, Value>,
    /// What the provider fills in, and the values behind `references`.
    pub(crate) computed: Map<String, Value>,
    /// What an update changes.
    pub(crate) update: Map<String, Value>,
}

impl Kind {
    /// The reference of an attribute, if it has one.
    pub(crate) fn reference(&self, attribute: &str) -> Option<&str> {
        self.references.get(attribute).and_then(Value::as_str)
    }

    pub(crate) fn provider_name(&self) -> String {
        format!("registry.terraform.io/hashicorp/{}", self.provider())
    }

    pub(crate) fn provider(&self) -> &str {
        self.resource_type.split('_').next().unwrap_or_default()
    }
}

/// What the plan does with an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    NoOp,
    Create,
    Update,
    Replace,
    Delete,
}

impl Action {
    /// 56 % of what 420 public plans list is left as it is.
    pub(crate) fn draw(random: &mut Random) -> Self {
        match random.percent() {
            0..56 => Self::NoOp,
            56..80 => Self::Create,
            80..93 => Self::Update,
            93..97 => Self::Replace,
            _ => Self::Delete,
        }
    }

    pub(crate) fn exists_before(self) -> bool {
        self != Self::Create
    }

    pub(crate) fn exists_after(self) -> bool {
        self != Self::Delete
    }

    const fn verbs(self) -> &'static [&'static str] {
        match self {
            Self::NoOp => &["no-op"],
            Self::Create => &["create"],
            Self::Update => &["update"],
            Self::Replace => &["delete", "create"],
            Self::Delete => &["delete"],
        }
    }

    const fn reason(self) -> Option<&'static str> {
        match self {
            Self::NoOp | Self::Create | Self::Update => None,
            Self::Replace => Some("replace_because_cannot_update"),
            Self::Delete => Some("delete_because_each_key"),
        }
    }
}

/// One entry of `resource_changes`.
#[derive(Serialize)]
pub(crate) struct ResourceChange<'a> {
    pub(crate) address: &'a str,
    pub(crate) module_address: &'a str,
    pub(crate) mode: &'static str,
    #[serde(rename = "type")]
    pub(crate) resource_type: &'a str,
    pub(crate) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) index: Option<&'static str>,
    pub(crate) provider_name: String,
    pub(crate) change: Change<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) action_reason: Option<&'static str>,
}

/// Both sides and their masks.
#[derive(Serialize)]
pub(crate) struct Change<'a> {
    actions: &'static [&'static str],
    before: Option<&'a Value>,
    after: Option<&'a Value>,
    after_unknown: &'a Value,
    before_sensitive: Value,
    after_sensitive: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    replace_paths: Option<Value>,
}

/// One resource of a state.
#[derive(Serialize)]
pub(crate) struct StateResource<'a> {
    address: &'a str,
    mode: &'static str,
    #[serde(rename = "type")]
    resource_type: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<&'static str>,
    provider_name: String,
    schema_version: u8,
    values: &'a Value,
    sensitive_values: Value,
}

/// An instance with everything that sections of the plan say of it.
pub(crate) struct Instance<'k> {
    pub(crate) kind: &'k Kind,
    pub(crate) address: String,
    pub(crate) module_address: String,
    pub(crate) action: Action,
    before: Value,
    after: Value,
    after_unknown: Value,
}

impl<'k> Instance<'k> {
    pub(crate) fn new(kind: &'k Kind, module_address: String, name: &str, mut random: Random) -> Self {
        let action = Action::draw(&mut random);
        let key = if kind.for_each { "[\"primary\"]" } else { "" };
        let address = format!("{module_address}.{}.{}{key}", kind.resource_type, kind.name);
        let configured = fill_members(&kind.configured, name, &mut random);
        let computed = fill_members(&kind.computed, name, &mut random);
        let mut existing = configured.clone();
        existing.extend(computed.clone());
        let mut after = match action {
            Action::NoOp | Action::Update | Action::Delete => existing.clone(),
            Action::Create | Action::Replace => {
                let mut known = configured;
                let is_known =
                    |name: &String| kind.reference(name).is_some_and(|text| text.starts_with("var."));
                known.extend(computed.clone().into_iter().filter(|(name, _)| is_known(name)));
                known
            }
        };
        if matches!(action, Action::Update | Action::Replace) {
            after.extend(fill_members(&kind.update, name, &mut random));
        }
        let mut unknown = structure(&after);
        for attribute in computed.keys().filter(|attribute| !after.contains_key(*attribute)) {
            unknown.insert(attribute.clone(), Value::Bool(true));
        }
        Self {
            kind,
            address,
            module_address,
            action,
            before: Value::Object(existing),
            after: Value::Object(after),
            after_unknown: Value::Object(unknown),
        }
    }

    pub(crate) fn change(&self) -> ResourceChange<'_> {
        let nothing = Value::Bool(false);
        let side = |exists, value| if exists { Some(value) } else { None };
        let (before, after) = (self.action.exists_before(), self.action.exists_after());
        ResourceChange {
            address: &self.address,
            module_address: &self.module_address,
            mode: "managed",
            resource_type: &self.kind.resource_type,
            name: &self.kind.name,
            index: self.index(),
            provider_name: self.kind.provider_name(),
            change: Change {
                actions: self.action.verbs(),
                before: side(before, &self.before),
                after: side(after, &self.after),
                after_unknown: &self.after_unknown,
                before_sensitive: if before { self.sensitive(&self.before) } else { nothing.clone() },
                after_sensitive: if after { self.sensitive(&self.after) } else { nothing },
                replace_paths: (self.action == Action::Replace)
                    .then(|| json!([self.kind.update.keys().collect::<Vec<_>>()])),
            },
            action_reason: self.action.reason(),
        }
    }

    pub(crate) fn planned(&self) -> Option<StateResource<'_>> {
        self.action.exists_after().then(|| self.state(&self.after))
    }

    pub(crate) fn prior(&self) -> Option<StateResource<'_>> {
        self.action.exists_before().then(|| self.state(&self.before))
    }

    fn state<'a>(&'a self, values: &'a Value) -> StateResource<'a> {
        StateResource {
            address: &self.address,
            mode: "managed",
            resource_type: &self.kind.resource_type,
            name: &self.kind.name,
            index: self.index(),
            provider_name: self.kind.provider_name(),
            schema_version: 1,
            values,
            sensitive_values: self.sensitive(values),
        }
    }

    fn index(&self) -> Option<&'static str> {
        self.kind.for_each.then_some("primary")
    }

    fn sensitive(&self, values: &Value) -> Value {
        let mut mask = values.as_object().map(structure).unwrap_or_default();
        for attribute in &self.kind.sensitive {
            mask.insert(attribute.clone(), Value::Bool(true));
        }
        Value::Object(mask)
    }
}

fn fill_members(template: &Map<String, Value>, name: &str, random: &mut Random) -> Map<String, Value> {
    template.iter().map(|(key, value)| (key.clone(), fill(value, name, random))).collect()
}

fn fill(template: &Value, name: &str, random: &mut Random) -> Value {
    match template {
        Value::String(text) => Value::String(random.fill(text, name)),
        Value::Array(elements) => elements.iter().map(|element| fill(element, name, random)).collect(),
        Value::Object(members) => Value::Object(fill_members(members, name, random)),
        Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
    }
}

/// The mask of an object in which nothing is marked: Terraform leaves out plain attributes and keeps the
/// structure of collections.
fn structure(values: &Map<String, Value>) -> Map<String, Value> {
    let members = values.iter().filter_map(|(key, value)| match value {
        Value::Array(elements) => Some((key.clone(), elements.iter().map(structure_of_element).collect())),
        Value::Object(members) => Some((key.clone(), Value::Object(structure(members)))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    });
    members.collect()
}

fn structure_of_element(element: &Value) -> Value {
    match element {
        Value::Array(elements) => elements.iter().map(structure_of_element).collect(),
        Value::Object(members) => Value::Object(structure(members)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Bool(false),
    }
}
