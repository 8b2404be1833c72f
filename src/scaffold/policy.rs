//! The template of a Rego policy.

use super::name::{PolicyName, ResourceType};
use super::{Scaffold, fill};

const POLICY: &str = include_str!("templates/policy.rego");
const TEST: &str = include_str!("templates/policy_test.rego");
const CASES: &str = include_str!("templates/policy.cases.toml");

/// Returns a policy for resources of one type, its unit tests and plan cases, in `policies`.
pub fn policy(name: &PolicyName, resource_type: &ResourceType) -> Scaffold {
    let values = [
        ("name", name.to_string()),
        ("type", resource_type.to_string()),
        ("attribute", resource_type.owner_attribute().to_owned()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Scaffold::default()
        .with(format!("policies/{name}.rego"), fill(POLICY, &values))
        .with(format!("policies/{name}_test.rego"), fill(TEST, &values))
        .with(format!("policies/{name}.cases.toml"), fill(CASES, &values))
}
