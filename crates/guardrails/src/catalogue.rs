//! Every built-in rule, from TOML and from Rust, for lists and explanations.

use planguard_guardrail_format::{Expectation, IfUnset, Parameter};
use planguard_rule::{RuleInfo, RuleKind};

use super::builtin::builtins;
use super::change::{ExampleSection, GUARDS};

/// A built-in rule.
#[derive(Clone, Debug)]
pub struct CatalogueEntry {
    /// Its id and texts.
    pub info: RuleInfo,
    /// Whether it judges states or changes.
    pub kind: RuleKind,
    /// The service of the provider that it is about; none for a rule about any change.
    pub service: Option<&'static str>,
    /// The resource types that it judges; none for a rule about any change.
    pub resources: Vec<String>,
    /// The kind of cause by which its findings are joined with those of other rules.
    pub cause: Option<String>,
    /// How a finding differs if the attribute that decided is not set.
    pub if_unset: Option<IfUnset>,
    /// What of it a project may set.
    pub parameters: Vec<Parameter>,
    /// A plan, or entries of `resource_changes`, that it reports.
    pub failing: Example,
    /// The same, that it does not report.
    pub passing: Example,
}

/// A plan as an example.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// What it shows.
    pub name: String,
    /// The entries of its `resource_changes`, as JSON text of an array.
    pub resource_changes: String,
}

/// Every built-in rule, ordered by id.
pub fn catalogue() -> Vec<CatalogueEntry> {
    let mut entries: Vec<CatalogueEntry> = builtins()
        .map(|builtin| {
            let definition = builtin.definition();
            let cases = builtin.cases();
            let example = |expectation| {
                let case = cases.iter().find(|case| case.expect == expectation);
                case.map_or_else(Example::default, |case| Example {
                    name: case.name.clone(),
                    resource_changes: resource_changes(&case.plan),
                })
            };
            CatalogueEntry {
                failing: example(Expectation::Fail),
                passing: example(Expectation::Pass),
                info: definition.info,
                cause: definition.cause,
                if_unset: definition.if_unset,
                service: Some(builtin.service()),
                kind: RuleKind::Guardrail,
                resources: definition.resources,
                parameters: definition.parameters,
            }
        })
        .collect();
    entries.extend(GUARDS.iter().map(|guard| {
        let example = |entries: &str| Example {
            name: String::new(),
            resource_changes: in_resource_changes(guard.example.section, entries),
        };
        CatalogueEntry {
            info: guard.info.clone(),
            kind: RuleKind::Change,
            service: None,
            resources: Vec::new(),
            cause: None,
            if_unset: None,
            parameters: Vec::new(),
            failing: example(guard.example.failing),
            passing: example(guard.example.passing),
        }
    }));
    entries.sort_by(|left, right| left.info.id.cmp(&right.info.id));
    entries
}

/// The entries of another section as resource changes, in which form examples are shown.
fn in_resource_changes(section: ExampleSection, entries: &str) -> String {
    if section == ExampleSection::OutputChanges {
        let outputs: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&format!("{{{entries}}}")).unwrap_or_default();
        let changes = outputs
            .into_iter()
            .map(|(name, change)| serde_json::json!({"address": format!("output.{name}"), "change": change}));
        return serde_json::Value::Array(changes.collect()).to_string();
    }
    let entries = format!("[{entries}]");
    match section {
        ExampleSection::ResourceChanges
        | ExampleSection::ResourceDrift
        | ExampleSection::OutputChanges
        | ExampleSection::Checks => entries,
        ExampleSection::DeferredChanges => {
            let deferred: Vec<serde_json::Value> = serde_json::from_str(&entries).unwrap_or_default();
            let changes = deferred.into_iter().map(|mut entry| entry["resource_change"].take());
            serde_json::Value::Array(changes.collect()).to_string()
        }
        ExampleSection::ActionInvocations => {
            let invoked: Vec<serde_json::Value> = serde_json::from_str(&entries).unwrap_or_default();
            let changes = invoked.into_iter().map(|entry| {
                serde_json::json!({"address": entry["address"], "change": {"actions": ["invoke"], "after": {}}})
            });
            serde_json::Value::Array(changes.collect()).to_string()
        }
    }
}

fn resource_changes(plan: &str) -> String {
    serde_json::from_str::<serde_json::Value>(plan)
        .map(|plan| plan["resource_changes"].to_string())
        .unwrap_or_default()
}
