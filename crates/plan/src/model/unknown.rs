//! The values of a plan that are known only after apply.

use planguard_schemas::Kind;

use super::Plan;
use super::attribute::{Attribute, ResourceState, Side, View};
use super::attribute_path::AttributePath;
use super::value::Value;

/// A value that is known only after apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownValue {
    /// What it belongs to.
    pub owner: Owner,
    /// The path to the value; empty if all of it is unknown.
    pub path: AttributePath,
    /// Who sets it.
    pub set_by: SetBy,
    /// What the schema says that it holds.
    pub holds: Holds,
    /// The attributes of resources that its expression refers to, by their addresses in the configuration.
    pub depends_on: Vec<String>,
}

/// What an unknown value belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A resource change, by its position in the plan.
    Change(usize),
    /// An output of the root module, by its name.
    Output(String),
}

/// What the provider's schema says that a value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    /// A text, a number or a boolean.
    Scalar,
    /// Any number of members: it is a list, a set, a map or a block.
    Members,
    /// The schema does not say.
    Anything,
}

/// Who sets a value that is known only after apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// An expression of the configuration, as far as the plan shows.
    Configuration,
    /// The provider: the configuration does not set it.
    Provider,
}

impl Plan<'_> {
    /// The values of resource changes and of outputs that are known only after apply, in the order of the plan. A value
    /// is listed once, at the place where all of it is unknown.
    pub fn unknown_values(&self) -> Vec<UnknownValue> {
        let mut found = Vec::new();
        for (position, change) in self.resource_changes.iter().enumerate() {
            let (Some(state), Some(mask)) =
                (ResourceState::new(self, change, Side::After), &change.change.after_unknown)
            else {
                continue;
            };
            collect(position, &state.root(), mask, &mut found);
        }
        for (name, output) in &self.output_changes {
            if let Some(mask) = &output.after_unknown {
                let owner = Owner::Output(name.clone().into_owned());
                collect_output(&owner, &AttributePath::default(), mask, &mut found);
            }
        }
        found
    }
}

fn collect(change: usize, view: &View<'_, '_>, mask: &Value<'_>, found: &mut Vec<UnknownValue>) {
    match mask {
        Value::Bool(true) => {
            let set_by = match view.attribute() {
                Attribute::Unset => SetBy::Provider,
                Attribute::Unknown | Attribute::Known(_) => SetBy::Configuration,
            };
            let resources = view.state().references(view.path()).map(|found| found.resources);
            let mut depends_on: Vec<String> =
                resources.into_iter().flatten().map(|resource| resource.to_string()).collect();
            depends_on.sort();
            depends_on.dedup();
            let holds = view.schema().map_or(Holds::Anything, |attribute| match attribute.kind {
                Kind::List(_) | Kind::Set(_) | Kind::Map(_) | Kind::Tuple | Kind::Nested(_) => Holds::Members,
                Kind::Bool | Kind::String | Kind::Number => Holds::Scalar,
                Kind::Any => Holds::Anything,
            });
            let owner = Owner::Change(change);
            found.push(UnknownValue { owner, path: view.path().clone(), set_by, holds, depends_on });
        }
        Value::Object(_) => {
            for (name, mask) in mask.members() {
                collect(change, &view.key(name), mask, found);
            }
        }
        Value::Array(elements) => {
            for (position, mask) in elements.iter().enumerate() {
                collect(change, &view.index(position), mask, found);
            }
        }
        Value::Bool(false) | Value::Null | Value::Number(_) | Value::String(_) => {}
    }
}

fn collect_output(owner: &Owner, path: &AttributePath, mask: &Value<'_>, found: &mut Vec<UnknownValue>) {
    match mask {
        Value::Bool(true) => found.push(UnknownValue {
            owner: owner.clone(),
            path: path.clone(),
            set_by: SetBy::Configuration,
            holds: Holds::Anything,
            depends_on: Vec::new(),
        }),
        Value::Object(_) => {
            for (name, mask) in mask.members() {
                collect_output(owner, &path.key(name), mask, found);
            }
        }
        Value::Array(elements) => {
            for (position, mask) in elements.iter().enumerate() {
                collect_output(owner, &path.index(position), mask, found);
            }
        }
        Value::Bool(false) | Value::Null | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_expression_sets_is_told_from_what_the_provider_fills_in() {
        let text = r#"{"format_version": "1.2", "resource_changes": [
            {"address": "aws_s3_bucket_acl.a", "mode": "managed", "type": "aws_s3_bucket_acl", "name": "a",
             "change": {"actions": ["create"], "before": null, "after": {"grant": [{}]},
                        "after_unknown": {"acl": true, "id": true, "grant": [{"name": true}]}}}],
            "configuration": {"root_module": {"resources": [
                {"address": "aws_s3_bucket_acl.a", "mode": "managed", "type": "aws_s3_bucket_acl", "name": "a",
                 "expressions": {"acl": {"references": ["terraform_data.x.output", "terraform_data.x"]}}},
                {"address": "terraform_data.x", "mode": "managed", "type": "terraform_data", "name": "x"}]}}}"#;
        let plan = Plan::parse(text).unwrap();
        let found: Vec<(String, SetBy, Vec<String>)> = plan
            .unknown_values()
            .into_iter()
            .map(|value| (value.path.to_string(), value.set_by, value.depends_on))
            .collect();
        assert_eq!(
            found,
            [
                ("acl".to_owned(), SetBy::Configuration, vec!["terraform_data.x.output".to_owned()]),
                ("grant[0].name".to_owned(), SetBy::Configuration, Vec::new()),
                ("id".to_owned(), SetBy::Provider, Vec::new()),
            ]
        );
    }

    #[test]
    fn what_is_unknown_of_an_output_is_listed_where_all_of_it_is() {
        let text = r#"{"format_version": "1.2", "resource_changes": [], "output_changes": {
            "all": {"actions": ["create"], "before": null, "after_unknown": true},
            "known": {"actions": ["create"], "before": null, "after": 1, "after_unknown": false},
            "part": {"actions": ["create"], "before": null, "after": {"b": [1]}, "after_unknown": {"a": true, "b": [false, true]}}}}"#;
        let plan = Plan::parse(text).unwrap();
        let found: Vec<(Owner, String)> =
            plan.unknown_values().into_iter().map(|value| (value.owner, value.path.to_string())).collect();
        let output = |name: &str| Owner::Output(name.to_owned());
        let path = |path: &str| path.to_owned();
        assert_eq!(
            found,
            [(output("all"), path("")), (output("part"), path("a")), (output("part"), path("b[1]"))]
        );
    }
}
