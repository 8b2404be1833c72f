//! Writes the sections of a plan, one instance after the other, so that its size costs no memory.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::random::Random;
use crate::resource::{Instance, Kind, StateResource};

/// The instances that each module call has.
const ENVIRONMENTS: [&str; 3] = ["dev", "prod", "staging"];

/// So many of the types stand in the called module, the others in one that it calls in turn.
const IN_OUTER_MODULE: usize = 13;

/// Which section of the plan a state is.
#[derive(Clone, Copy)]
enum State {
    Planned,
    Prior,
}

pub(crate) struct PlanWriter<'o, W> {
    out: &'o mut W,
    layout: Layout,
}

/// Which instances the plan has, and in which modules.
struct Layout {
    kinds: Vec<Kind>,
    resources: u32,
    seed: u64,
}

impl Layout {
    /// How many instances one module call brings.
    fn per_call(&self) -> u32 {
        (self.kinds.len() * ENVIRONMENTS.len()) as u32
    }

    fn calls(&self) -> u32 {
        self.resources.div_ceil(self.per_call())
    }

    fn instance(&self, position: u32) -> Instance<'_> {
        let call = position / self.per_call();
        let within = (position % self.per_call()) as usize;
        let environment = ENVIRONMENTS[within / self.kinds.len()];
        let kind = within % self.kinds.len();
        let inner = if kind < IN_OUTER_MODULE { "" } else { ".module.cloud" };
        let module = format!("module.service_{call}[\"{environment}\"]{inner}");
        let name = format!("svc{call}-{environment}");
        Instance::new(&self.kinds[kind], module, &name, Random::new(self.seed, position))
    }
}

impl<'o, W: Write> PlanWriter<'o, W> {
    pub(crate) fn new(out: &'o mut W, resources: u32, seed: u64) -> io::Result<Self> {
        let kinds = serde_json::from_str(include_str!("../resources.json"))?;
        Ok(Self { out, layout: Layout { kinds, resources, seed } })
    }

    /// Writes the plan with its sections in the order in which Terraform writes them.
    pub(crate) fn write(mut self) -> io::Result<()> {
        self.text(r#"{"format_version":"1.2","terraform_version":"1.13.4","variables":"#)?;
        self.value(&self.root_variables())?;
        self.text(r#","planned_values":{"outputs":"#)?;
        self.value(&self.outputs())?;
        self.text(r#","root_module":"#)?;
        self.state(State::Planned)?;
        self.text(r#"},"resource_changes":["#)?;
        for position in 0..self.layout.resources {
            self.separator(position > 0)?;
            let instance = self.layout.instance(position);
            serde_json::to_writer(&mut *self.out, &instance.change())?;
        }
        self.text(r#"],"output_changes":"#)?;
        self.value(&self.output_changes())?;
        self.text(
            r#","prior_state":{"format_version":"1.0","terraform_version":"1.13.4","values":{"outputs":"#,
        )?;
        self.value(&self.outputs())?;
        self.text(r#","root_module":"#)?;
        self.state(State::Prior)?;
        self.text(r#"}},"configuration":{"provider_config":"#)?;
        self.value(&self.provider_config())?;
        self.text(r#","root_module":"#)?;
        self.configuration()?;
        self.text(r#"},"relevant_attributes":[{"resource":"module.service_0.aws_iam_role.task","attribute":["arn"]}],"timestamp":"2026-03-05T07:30:00Z","applyable":true,"complete":true,"errored":false}"#)?;
        self.text("\n")
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut *self.out, value).map_err(Into::into)
    }

    fn separator(&mut self, wanted: bool) -> io::Result<()> {
        if wanted { self.text(",") } else { Ok(()) }
    }

    /// Writes the tree of modules with the instances that exist in a state.
    fn state(&mut self, state: State) -> io::Result<()> {
        self.text(r#"{"child_modules":["#)?;
        let mut first = true;
        for start in (0..self.layout.resources).step_by(self.layout.kinds.len()) {
            self.separator(!first)?;
            first = false;
            let end = (start + self.layout.kinds.len() as u32).min(self.layout.resources);
            let boundary = (start + IN_OUTER_MODULE as u32).min(end);
            self.state_resources(start, boundary, state)?;
            if boundary < end {
                self.text(r#","child_modules":["#)?;
                self.state_resources(boundary, end, state)?;
                self.text("}]")?;
            }
            self.text("}")?;
        }
        self.text("]}")
    }

    /// Writes a module up to, and without, its closing brace.
    fn state_resources(&mut self, start: u32, end: u32, state: State) -> io::Result<()> {
        self.text(r#"{"resources":["#)?;
        let mut first = true;
        for position in start..end {
            let instance = self.layout.instance(position);
            let resource: Option<StateResource<'_>> = match state {
                State::Planned => instance.planned(),
                State::Prior => instance.prior(),
            };
            let Some(resource) = resource else { continue };
            if !first {
                self.out.write_all(b",")?;
            }
            first = false;
            serde_json::to_writer(&mut *self.out, &resource)?;
        }
        let module = self.layout.instance(start).module_address;
        self.text(r#"],"address":"#)?;
        self.value(&module)
    }

    fn configuration(&mut self) -> io::Result<()> {
        let names = self.variable_names();
        let arguments: Map<String, Value> =
            names.iter().map(|name| (name.clone(), json!({"references": [format!("var.{name}")]}))).collect();
        let variables: Map<String, Value> = names
            .iter()
            .map(|name| {
                let value = if name == "secret" {
                    json!({"sensitive": true})
                } else {
                    json!({"description": format!("The {name}")})
                };
                (name.clone(), value)
            })
            .collect();
        let (outer, inner) = self.layout.kinds.split_at(IN_OUTER_MODULE);
        let module = |kinds: &[Kind], calls: Value| {
            json!({
                "resources": kinds.iter().map(config_resource).collect::<Vec<_>>(),
                "module_calls": calls,
                "variables": variables,
            })
        };
        let inner = json!({"cloud": {
            "source": "./cloud",
            "expressions": arguments,
            "module": module(inner, json!({})),
        }});
        let call = json!({
            "source": "./modules/service",
            "expressions": arguments,
            "for_each_expression": {"references": ["var.environments"]},
            "module": module(outer, inner),
        });
        self.text(r#"{"variables":"#)?;
        self.value(&variables)?;
        self.text(r#","module_calls":{"#)?;
        for position in 0..self.layout.calls() {
            self.separator(position > 0)?;
            self.text(&format!("\"service_{position}\":"))?;
            self.value(&call)?;
        }
        self.text("}}")
    }

    /// The variables that resources refer to, and the secret behind every password.
    fn variable_names(&self) -> BTreeSet<String> {
        let references = self.layout.kinds.iter().flat_map(|kind| kind.references.values());
        let mut names: BTreeSet<String> = references
            .filter_map(|reference| reference.as_str()?.strip_prefix("var."))
            .map(ToOwned::to_owned)
            .collect();
        names.insert("secret".to_owned());
        names
    }

    fn root_variables(&self) -> Value {
        let mut variables: Map<String, Value> = self
            .variable_names()
            .into_iter()
            .map(|name| {
                let value = json!({"value": format!("the-{name}-of-this-plan")});
                (name, value)
            })
            .collect();
        variables.insert("environments".to_owned(), json!({"value": ENVIRONMENTS}));
        Value::Object(variables)
    }

    fn outputs(&self) -> Value {
        let outputs: Map<String, Value> = (0..self.layout.calls())
            .map(|call| {
                let value = json!({"sensitive": false, "type": "string", "value": format!("https://svc{call}.example.com")});
                (format!("url_{call}"), value)
            })
            .collect();
        Value::Object(outputs)
    }

    fn output_changes(&self) -> Value {
        let changes: Map<String, Value> = (0..self.layout.calls())
            .map(|call| {
                let url = format!("https://svc{call}.example.com");
                let change = json!({
                    "actions": ["no-op"], "before": url, "after": url,
                    "after_unknown": false, "before_sensitive": false, "after_sensitive": false,
                });
                (format!("url_{call}"), change)
            })
            .collect();
        Value::Object(changes)
    }

    fn provider_config(&self) -> Value {
        let providers: BTreeSet<&str> = self.layout.kinds.iter().map(Kind::provider).collect();
        let configured: Map<String, Value> = providers
            .into_iter()
            .map(|name| {
                let provider = json!({
                    "name": name, "full_name": format!("registry.terraform.io/hashicorp/{name}"),
                    "version_constraint": "~> 6.0",
                    "expressions": {"region": {"constant_value": "eu-central-1"}},
                });
                (name.to_owned(), provider)
            })
            .collect();
        Value::Object(configured)
    }
}

fn config_resource(kind: &Kind) -> Value {
    let mut expressions: Map<String, Value> = Map::new();
    for (name, value) in &kind.configured {
        let expression = match value {
            _ if kind.sensitive.contains(name) => json!({"references": ["var.secret"]}),
            Value::Array(blocks) if blocks.first().is_some_and(Value::is_object) => {
                blocks.iter().map(block_expressions).collect()
            }
            Value::Array(_) | Value::Object(_) | Value::String(_) => {
                let text = value.to_string();
                if text.contains('{') && !value.is_object() {
                    json!({})
                } else {
                    json!({"constant_value": value})
                }
            }
            Value::Null => continue,
            Value::Bool(_) | Value::Number(_) => json!({"constant_value": value}),
        };
        expressions.insert(name.clone(), expression);
    }
    for (name, reference) in &kind.references {
        let mut references = vec![reference.clone()];
        if let Some(block) = reference.as_str().filter(|text| !text.starts_with("var.")) {
            references.insert(0, json!(format!("{block}.id")));
        }
        expressions.insert(name.clone(), json!({"references": references}));
    }
    let mut resource = json!({
        "address": format!("{}.{}", kind.resource_type, kind.name),
        "mode": "managed",
        "type": kind.resource_type,
        "name": kind.name,
        "provider_config_key": kind.provider(),
        "expressions": expressions,
        "schema_version": 1,
    });
    if kind.for_each {
        resource["for_each_expression"] = json!({"constant_value": ["primary"]});
    }
    resource
}

fn block_expressions(block: &Value) -> Value {
    let members = block.as_object().into_iter().flatten().map(|(name, value)| {
        let expression = match value {
            Value::Array(blocks) if blocks.first().is_some_and(Value::is_object) => {
                blocks.iter().map(block_expressions).collect()
            }
            _ => json!({"constant_value": value}),
        };
        (name.clone(), expression)
    });
    Value::Object(members.collect())
}
