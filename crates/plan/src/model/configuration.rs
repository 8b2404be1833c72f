//! The configuration of a plan: modules, resources and their expressions.

use std::borrow::Cow;
use std::collections::HashMap;

use super::address::{Address, Mode};
use super::shape::{self, Mistyped};
use super::value::{DuplicateKeys, Object, Value};

/// The configuration's modules, flat, with an index by address.
///
/// Addresses in the configuration carry no instance keys: one block stands for all its instances.
#[derive(Debug)]
pub struct Configuration<'a> {
    modules: Vec<ConfigModule<'a>>,
    providers: Vec<ProviderConfig<'a>>,
    resources: HashMap<String, (usize, usize)>,
    by_path: HashMap<String, usize>,
}

/// One module: the root module or a called module.
#[derive(Debug)]
pub struct ConfigModule<'a> {
    /// `module.a.module.b`, empty for the root.
    pub path: String,
    /// The position of the calling module and of the call in it; `None` for the root.
    pub(super) caller: Option<(usize, usize)>,
    /// The module's resource and data blocks.
    pub resources: Vec<ConfigResource<'a>>,
    /// The module's calls of other modules.
    pub calls: Vec<ModuleCall<'a>>,
    /// The module's variables by name.
    pub variables: Vec<ConfigVariable<'a>>,
    /// The module's outputs by name.
    pub outputs: Vec<ConfigOutput<'a>>,
}

/// A `resource` or `data` block.
#[derive(Debug)]
pub struct ConfigResource<'a> {
    /// The address with the module path and without keys.
    pub address: String,
    /// Whether it is managed or read.
    pub mode: Mode,
    /// The resource type.
    pub resource_type: Cow<'a, str>,
    /// Which provider configuration it uses.
    pub provider_config_key: Option<Cow<'a, str>>,
    /// The expressions of its attributes and blocks. `dynamic` blocks are not among them.
    pub expressions: Value<'a>,
    /// The expression of `count` or `for_each`.
    pub repetition: Option<Value<'a>>,
    /// The types of its provisioners.
    pub provisioners: Vec<Cow<'a, str>>,
    /// The expressions of its provisioners.
    pub(super) provisioner_expressions: Vec<Value<'a>>,
    /// What it names in `depends_on`.
    pub(super) depends_on: Vec<Cow<'a, str>>,
}

/// A `module` block.
#[derive(Debug)]
pub struct ModuleCall<'a> {
    /// The name of the block.
    pub name: Cow<'a, str>,
    /// The module's source, as written.
    pub source: Option<Cow<'a, str>>,
    /// The version constraint, as written.
    pub version_constraint: Option<Cow<'a, str>>,
    /// The expressions of the arguments.
    pub expressions: Value<'a>,
    /// The expression of `count` or `for_each`.
    pub repetition: Option<Value<'a>>,
    /// The position of the called module, if it is in the plan.
    pub(super) module: Option<usize>,
    /// What it names in `depends_on`.
    pub(super) depends_on: Vec<Cow<'a, str>>,
}

/// A `variable` block.
#[derive(Debug)]
pub struct ConfigVariable<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// The default, `None` where there is none or it is null.
    pub default: Option<Value<'a>>,
    /// Whether the variable is marked as sensitive.
    pub sensitive: bool,
}

/// An `output` block.
#[derive(Debug)]
pub struct ConfigOutput<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// The expression of its value.
    pub expression: Option<Value<'a>>,
    /// Whether the output is marked as sensitive.
    pub sensitive: bool,
}

/// A `provider` block.
#[derive(Debug)]
pub struct ProviderConfig<'a> {
    /// The key by which resources name it, for example `aws.eu`.
    pub key: Cow<'a, str>,
    /// The provider's local name, for example `aws`.
    pub name: Cow<'a, str>,
    /// The version constraint, as written.
    pub version_constraint: Option<Cow<'a, str>>,
    /// The expressions of its arguments.
    pub expressions: Value<'a>,
}

impl<'a> Configuration<'a> {
    /// Reads the text of a plan's `configuration`. If a key occurs twice in one object, its last value counts.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or nests too deep.
    pub fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        Ok(Self::new(Value::parse(text, &DuplicateKeys::default())?))
    }

    pub(super) fn new(value: Value<'a>) -> Self {
        let mut fields = Fields::of(value);
        let providers = fields.take_members("provider_config").into_iter().map(ProviderConfig::new).collect();
        let mut configuration =
            Self { modules: Vec::new(), providers, resources: HashMap::new(), by_path: HashMap::new() };
        configuration.add_module(String::new(), None, fields.take("root_module"));
        configuration
    }

    /// The first value that is not of the JSON type of the plan format: what it leads to would count as absent.
    pub(super) fn mistyped(value: &Value<'a>) -> Option<Mistyped> {
        shape::of_configuration(value)
    }

    fn add_module(&mut self, path: String, caller: Option<(usize, usize)>, value: Value<'a>) -> usize {
        let position = self.modules.len();
        let mut fields = Fields::of(value);
        let mut resources = Vec::new();
        for resource in fields.take_elements("resources") {
            if let Some(resource) = ConfigResource::new(&path, resource) {
                self.resources.insert(resource.address.clone(), (position, resources.len()));
                resources.push(resource);
            }
        }
        self.by_path.insert(path.clone(), position);
        self.modules.push(ConfigModule {
            path: path.clone(),
            caller,
            resources,
            calls: Vec::new(),
            variables: fields.take_members("variables").into_iter().map(ConfigVariable::new).collect(),
            outputs: fields.take_members("outputs").into_iter().map(ConfigOutput::new).collect(),
        });
        let mut calls = Vec::new();
        for (name, call) in fields.take_members("module_calls") {
            let mut call_fields = Fields::of(call);
            let child_path =
                if path.is_empty() { format!("module.{name}") } else { format!("{path}.module.{name}") };
            let child = call_fields.take("module");
            let module = match child {
                Value::Object(_) => Some(self.add_module(child_path, Some((position, calls.len())), child)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
            };
            calls.push(ModuleCall {
                name,
                source: call_fields.take_text("source"),
                version_constraint: call_fields.take_text("version_constraint"),
                expressions: call_fields.take("expressions"),
                repetition: call_fields.take_repetition(),
                module,
                depends_on: call_fields.take_texts("depends_on"),
            });
        }
        if let Some(module) = self.modules.get_mut(position) {
            module.calls = calls;
        }
        position
    }

    /// The call at a position of [`ConfigModule::caller`]: that of the calling module, and that of the call in it.
    pub(super) fn call(&self, (module, call): (usize, usize)) -> Option<&ModuleCall<'a>> {
        self.modules.get(module)?.calls.get(call)
    }

    /// All modules, the root first.
    pub fn modules(&self) -> &[ConfigModule<'a>] {
        &self.modules
    }

    /// All provider blocks.
    pub fn providers(&self) -> &[ProviderConfig<'a>] {
        &self.providers
    }

    /// A variable of the root module; `None` if the module does not declare it.
    pub fn root_variable(&self, name: &str) -> Option<&ConfigVariable<'a>> {
        self.modules.first()?.variable(name)
    }

    /// The block that a resource instance comes from, with the position of its module.
    pub fn resource(&self, address: &Address) -> Option<(usize, &ConfigResource<'a>)> {
        self.resource_by_address(&address.configuration_address())
    }

    /// Whether the module of an address is in the configuration; OpenTofu may leave out what a call leads to.
    pub(super) fn has_module(&self, address: &Address) -> bool {
        let names: Vec<String> = address.modules.iter().map(|step| format!("module.{}", step.name)).collect();
        self.by_path.contains_key(&names.join("."))
    }

    /// The module at a path without keys, which is empty for the root, with its position.
    pub fn module(&self, path: &str) -> Option<(usize, &ConfigModule<'a>)> {
        planguard_work::steps(1);
        let position = *self.by_path.get(path)?;
        Some((position, self.modules.get(position)?))
    }

    pub(super) fn resource_by_address(&self, address: &str) -> Option<(usize, &ConfigResource<'a>)> {
        let (module, resource) = *self.resources.get(address)?;
        Some((module, self.modules.get(module)?.resources.get(resource)?))
    }
}

impl<'a> ConfigModule<'a> {
    /// The call of this name.
    pub fn call(&self, name: &str) -> Option<&ModuleCall<'a>> {
        named(&self.calls, name, |call| &call.name)
    }

    /// The output of this name.
    pub fn output(&self, name: &str) -> Option<&ConfigOutput<'a>> {
        named(&self.outputs, name, |output| &output.name)
    }

    /// The variable of this name.
    pub fn variable(&self, name: &str) -> Option<&ConfigVariable<'a>> {
        named(&self.variables, name, |variable| &variable.name)
    }
}

/// What has a name, of things in the order of their names: that of the members of an object.
fn named<'t, T>(all: &'t [T], name: &str, name_of: impl Fn(&T) -> &str) -> Option<&'t T> {
    let position = all.binary_search_by(|one| name_of(one).cmp(name)).ok()?;
    all.get(position)
}

impl<'a> ConfigResource<'a> {
    fn new(module: &str, value: Value<'a>) -> Option<Self> {
        let mut fields = Fields::of(value);
        let mode = match fields.take_text("mode").as_deref() {
            Some("data") => Mode::Data,
            Some("ephemeral") => Mode::Ephemeral,
            Some(_) | None => Mode::Managed,
        };
        let resource_type = fields.take_text("type")?;
        let name = fields.take_text("name")?;
        let mut address = String::with_capacity(module.len() + resource_type.len() + name.len() + 8);
        if !module.is_empty() {
            address.push_str(module);
            address.push('.');
        }
        match mode {
            Mode::Managed => {}
            Mode::Data | Mode::Ephemeral | Mode::Action => {
                address.push_str(mode.as_str());
                address.push('.');
            }
        }
        address.push_str(&resource_type);
        address.push('.');
        address.push_str(&name);
        let (mut provisioners, mut provisioner_expressions) = (Vec::new(), Vec::new());
        for provisioner in fields.take_elements("provisioners") {
            let mut fields = Fields::of(provisioner);
            provisioners.extend(fields.take_text("type"));
            provisioner_expressions.push(fields.take("expressions"));
        }
        Some(Self {
            address,
            mode,
            resource_type,
            provider_config_key: fields.take_text("provider_config_key"),
            expressions: fields.take("expressions"),
            repetition: fields.take_repetition(),
            provisioners,
            provisioner_expressions,
            depends_on: fields.take_texts("depends_on"),
        })
    }
}

impl<'a> ConfigVariable<'a> {
    fn new((name, value): (Cow<'a, str>, Value<'a>)) -> Self {
        let mut fields = Fields::of(value);
        let default = Some(fields.take("default")).filter(|default| *default != Value::Null);
        Self { name, default, sensitive: fields.take("sensitive") == Value::Bool(true) }
    }
}

impl<'a> ConfigOutput<'a> {
    fn new((name, value): (Cow<'a, str>, Value<'a>)) -> Self {
        let mut fields = Fields::of(value);
        let expression = Some(fields.take("expression")).filter(|expression| *expression != Value::Null);
        Self { name, expression, sensitive: fields.take("sensitive") == Value::Bool(true) }
    }
}

impl<'a> ProviderConfig<'a> {
    fn new((key, value): (Cow<'a, str>, Value<'a>)) -> Self {
        let mut fields = Fields::of(value);
        Self {
            name: fields.take_text("name").unwrap_or_else(|| key.clone()),
            key,
            version_constraint: fields.take_text("version_constraint"),
            expressions: fields.take("expressions"),
        }
    }
}

/// The members of an object, taken out one by one.
struct Fields<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Fields<'a> {
    fn of(value: Value<'a>) -> Self {
        Self(match value {
            Value::Object(object) => object.into_members(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Vec::new()
            }
        })
    }

    fn take(&mut self, name: &str) -> Value<'a> {
        self.0
            .iter_mut()
            .find(|(key, _)| key == name)
            .map_or(Value::Null, |(_, value)| std::mem::replace(value, Value::Null))
    }

    fn take_text(&mut self, name: &str) -> Option<Cow<'a, str>> {
        match self.take(name) {
            Value::String(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn take_elements(&mut self, name: &str) -> Vec<Value<'a>> {
        match self.take(name) {
            Value::Array(elements) => elements,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Vec::new()
            }
        }
    }

    fn take_texts(&mut self, name: &str) -> Vec<Cow<'a, str>> {
        let elements = self.take_elements(name).into_iter();
        elements
            .filter_map(|element| match element {
                Value::String(text) => Some(text),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
            })
            .collect()
    }

    fn take_members(&mut self, name: &str) -> Vec<(Cow<'a, str>, Value<'a>)> {
        match self.take(name) {
            Value::Object(object) => Object::into_members(object),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Vec::new()
            }
        }
    }

    fn take_repetition(&mut self) -> Option<Value<'a>> {
        let expression = match self.take("for_each_expression") {
            Value::Null => self.take("count_expression"),
            for_each => for_each,
        };
        Some(expression).filter(|expression| *expression != Value::Null)
    }
}
