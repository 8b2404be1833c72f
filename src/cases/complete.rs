//! Completes the resource changes of a case to a plan in Terraform's format.

use std::collections::BTreeMap;
use std::ops::Range;

use planguard_guardrail_format::{
    CaseResource, Contradiction, RawCaseResource, complete as complete_changes,
};
use planguard_plan::Address;
use serde_json::{Map, Value, json};
use toml::Spanned;

/// Providers by the prefix of their resource types. HashiCorp's providers have the name of the prefix.
const OTHER_PROVIDERS: [(&str, &str); 4] = [
    ("terraform", "terraform.io/builtin/terraform"),
    ("github", "registry.terraform.io/integrations/github"),
    ("datadog", "registry.terraform.io/datadog/datadog"),
    ("cloudflare", "registry.terraform.io/cloudflare/cloudflare"),
];

/// HashiCorp's providers.
const HASHICORP: [&str; 16] = [
    "aws",
    "azuread",
    "azurerm",
    "consul",
    "external",
    "google",
    "helm",
    "http",
    "kubernetes",
    "local",
    "nomad",
    "null",
    "random",
    "time",
    "tls",
    "vault",
];

/// The parts of a plan that a case defines.
pub(super) struct PlanParts {
    pub(super) resources: Vec<Spanned<RawCaseResource>>,
    pub(super) variables: BTreeMap<String, Value>,
    pub(super) terraform_version: Option<String>,
}

/// A resource that cannot be completed, or that no provider can have.
pub(super) struct Unfit {
    /// The place of the resource.
    pub(super) span: Range<usize>,
    pub(super) problem: UnfitProblem,
}

pub(super) enum UnfitProblem {
    Incomplete(String),
    Contradiction(Contradiction),
}

/// Returns the plan as JSON.
///
/// # Errors
/// The first resource that cannot be completed; without one, every contradiction with the provider schemas.
pub(super) fn complete(parts: PlanParts) -> Result<String, Vec<Unfit>> {
    let mut contradictions = Vec::new();
    let mut resources = Vec::with_capacity(parts.resources.len());
    let mut addresses: Vec<Address> = Vec::with_capacity(parts.resources.len());
    for spanned in parts.resources {
        let span = spanned.span();
        let unfit = |problem| vec![Unfit { span: span.clone(), problem: UnfitProblem::Incomplete(problem) }];
        let raw = spanned.into_inner();
        if raw.resource_type.as_ref().is_none_or(String::is_empty) {
            return Err(unfit("missing `type`".to_owned()));
        }
        let resource = CaseResource::new(raw, "").map_err(unfit)?;
        let address = resource.address();
        let parsed: Address = address.parse().map_err(|error| unfit(format!("{error}")))?;
        if addresses.contains(&parsed) {
            return Err(unfit(format!("duplicate resource `{address}`")));
        }
        addresses.push(parsed);
        contradictions.extend(resource.contradictions().into_iter().map(|contradiction| Unfit {
            span: span.clone(),
            problem: UnfitProblem::Contradiction(contradiction),
        }));
        resources.push(resource);
    }
    if !contradictions.is_empty() {
        return Err(contradictions);
    }
    let mut plan = complete_changes(&resources);
    let mut root = Map::new();
    if let Some(changes) = plan["resource_changes"].as_array_mut() {
        for (change, address) in changes.iter_mut().zip(&addresses) {
            if let Some(provider) = provider(&address.resource_type) {
                change["provider_name"] = json!(provider);
            }
            plan_value(&mut root, change, address);
        }
    }
    plan["planned_values"] = json!({"root_module": root});
    if let Some(version) = parts.terraform_version {
        plan["terraform_version"] = json!(version);
    }
    if !parts.variables.is_empty() {
        let declared: Map<String, Value> =
            parts.variables.keys().map(|name| (name.clone(), json!({}))).collect();
        plan["configuration"]["root_module"]["variables"] = Value::Object(declared);
        let values = parts.variables.into_iter().map(|(name, value)| (name, json!({"value": value})));
        plan["variables"] = Value::Object(values.collect());
    }
    Ok(plan.to_string())
}

/// Returns a plan with one new resource, named `example`, as JSON.
pub(crate) fn plan_of_one(resource_type: &str, after: Value, unknown: Value) -> String {
    let raw = RawCaseResource {
        resource_type: Some(resource_type.to_owned()),
        after: Some(after),
        unknown: Some(unknown),
        ..RawCaseResource::default()
    };
    let resources = vec![Spanned::new(0..0, raw)];
    let parts = PlanParts { resources, variables: BTreeMap::new(), terraform_version: None };
    // A type from a schema is a valid address, and a single resource has no duplicate.
    complete(parts).unwrap_or_default()
}

/// Returns the full address of a resource type's provider, if it is known.
fn provider(resource_type: &str) -> Option<String> {
    let front = resource_type.split('_').next().unwrap_or_default();
    let other = OTHER_PROVIDERS.iter().find(|(other, _)| *other == front);
    other
        .map(|(_, provider)| (*provider).to_owned())
        .or_else(|| HASHICORP.contains(&front).then(|| format!("registry.terraform.io/hashicorp/{front}")))
}

/// Adds the result of a change to the planned values of its module.
fn plan_value(root: &mut Map<String, Value>, change: &Value, address: &Address) {
    let state = &change["change"];
    if state["after"].is_null() {
        return;
    }
    let mut module = root;
    let mut steps = Vec::new();
    for step in &address.modules {
        steps.push(step.to_string());
        module = child(module, &steps.join("."));
    }
    let mut entry = Map::new();
    for key in ["address", "mode", "type", "name", "index", "provider_name"] {
        if let Some(value) = change.get(key) {
            entry.insert(key.to_owned(), value.clone());
        }
    }
    entry.insert("schema_version".to_owned(), json!(0));
    entry.insert("values".to_owned(), state["after"].clone());
    entry.insert("sensitive_values".to_owned(), state["after_sensitive"].clone());
    elements(module, "resources").push(Value::Object(entry));
}

/// Returns the child module with that address, and adds it if it is missing.
fn child<'m>(module: &'m mut Map<String, Value>, address: &str) -> &'m mut Map<String, Value> {
    let children = elements(module, "child_modules");
    let position = children.iter().position(|child| child["address"] == address).unwrap_or_else(|| {
        children.push(json!({"address": address}));
        children.len() - 1
    });
    children[position].as_object_mut().expect("only objects are put there")
}

fn elements<'m>(module: &'m mut Map<String, Value>, key: &str) -> &'m mut Vec<Value> {
    module.entry(key).or_insert_with(|| json!([])).as_array_mut().expect("only a list is put there")
}
