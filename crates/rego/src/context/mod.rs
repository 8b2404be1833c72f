//! What policies may know about the run besides its plan: who started it, where, at what cost.

mod ci;
mod facts;
mod infracost;
mod run;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regorus::Value;
use serde_json::{Map, Value as Json};

pub use ci::context_variables;
pub(crate) use facts::{Field, Form, RunFact, Runner};
pub use run::{RunFacts, run_facts};

use super::convention::{Convention, Group, PlanPlace, Platform, plan_keys};
use super::error::PolicyError;
use super::files;
use super::plan_shape;
use super::syntax::{Absence, Step};

/// Where the context of the run comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextOptions {
    /// A JSON document with the keys of a platform's input: `{"run": {"workspace": {…}}}`.
    pub file: Option<PathBuf>,
    /// The output of `infracost breakdown --format json` or `infracost diff --format json`.
    pub infracost: Option<PathBuf>,
    /// The environment variables that are set and that state something about the run; see [`context_variables`].
    pub environment: BTreeMap<String, String>,
}

/// The context of a run, as keys of the input.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    values: Map<String, Json>,
}

impl Context {
    /// Reads all sources. The user's document wins over the costs, and the costs win over the environment.
    pub(super) fn load(options: &ContextOptions, errors: &mut Vec<PolicyError>) -> Self {
        let mut values = ci::context(&options.environment);
        if let Some(path) = &options.infracost {
            let costs = infracost::read(path).unwrap_or_else(|error| {
                errors.push(error);
                infracost::unread()
            });
            merge(&mut values, costs);
        }
        if let Some(path) = &options.file {
            match object(path).and_then(|context| known(path, context)) {
                Ok(context) => merge(&mut values, context),
                Err(error) => errors.push(error),
            }
        }
        Self { values }
    }

    /// What policies of a group find beside the plan. The context of the group's own files is only a default.
    pub(super) fn of_group(&self, group: &Group) -> GroupContext {
        let platform = group.convention.platform();
        let mut values = group.context.clone();
        if platform.plan == PlanPlace::Resources {
            return GroupContext { platform, values: Map::new(), optional: Vec::new() };
        }
        let own =
            self.values.iter().filter(|(key, _)| platform.context.contains(&key.as_str()) || !is_known(key));
        merge(&mut values, own.map(|(key, value)| (key.clone(), value.clone())).collect());
        GroupContext { platform, values, optional: group.optional.clone() }
    }
}

/// The context of one group of policies.
pub(super) struct GroupContext {
    pub platform: &'static Platform,
    values: Map<String, Json>,
    optional: Vec<Vec<String>>,
}

impl GroupContext {
    /// The part of a path into the input that should be in the context and is not. A `null` is there: its author
    /// states that there is no value.
    pub(super) fn missing(&self, steps: &[Step], absence: Absence) -> Option<Vec<String>> {
        let keys: Vec<&str> = steps.iter().map_while(Step::key).collect();
        let (first, rest) = keys.split_first()?;
        if !self.has(first) || self.is_optional(&keys) {
            return None;
        }
        let all = || keys.iter().map(|key| (*key).to_owned()).collect();
        let Some(mut value) = self.values.get(*first) else { return Some(all()) };
        if absence == Absence::Defaulted {
            // The context is there, and the policy has a default for a detail that is not.
            return None;
        }
        for key in rest {
            let Json::Object(object) = value else { return None };
            value = match object.get(*key) {
                Some(value) => value,
                None => return Some(all()),
            };
        }
        None
    }

    /// Whether a key of the input describes the run.
    pub(super) fn has(&self, key: &str) -> bool {
        self.platform.context.contains(&key) || self.values.contains_key(key)
    }

    fn is_optional(&self, keys: &[&str]) -> bool {
        let configuration = self.platform.configuration;
        if !configuration.is_empty() && keys.starts_with(configuration) {
            return true;
        }
        self.optional
            .iter()
            .any(|path| keys.iter().copied().take(path.len()).eq(path.iter().map(String::as_str)))
    }

    /// The entries of the input.
    pub(super) fn entries(&self) -> Vec<(Value, Value)> {
        let entry = |(key, value): (&String, &Json)| (Value::from(key.as_str()), Value::from(value.clone()));
        self.values.iter().map(entry).collect()
    }
}

/// A document with one key for each step of a path, as an example for the user.
pub(super) fn skeleton(path: &[String]) -> String {
    let opened: String = path.iter().map(|key| format!("{{{}: ", Json::from(key.as_str()))).collect();
    format!("{opened}…{}", "}".repeat(path.len()))
}

fn invalid(path: &Path, reason: impl Into<String>) -> PolicyError {
    PolicyError::InvalidContext { path: path.to_owned(), reason: reason.into() }
}

fn object(path: &Path) -> Result<Map<String, Json>, PolicyError> {
    let text = files::read(path)?;
    match serde_json::from_str(&text) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(invalid(path, "its root is not an object")),
        Err(error) => Err(invalid(path, error.to_string())),
    }
}

/// Refuses keys that would replace the plan. What the file says to planguard itself is no part of any input.
fn known(path: &Path, mut context: Map<String, Json>) -> Result<Map<String, Json>, PolicyError> {
    context.remove(plan_shape::INDEX_KEY);
    let is_plan =
        |key: &&String| plan_keys().chain(plan_shape::PLAN.keys()).any(|of_plan| of_plan == key.as_str());
    match context.keys().find(is_plan) {
        Some(key) => Err(invalid(path, format!("`{key}` is part of the plan, which context cannot replace"))),
        None => Ok(context),
    }
}

/// Whether some platform has this key beside the plan. Other keys may be new to a platform, or a user's own.
fn is_known(key: &str) -> bool {
    Convention::ALL.iter().any(|convention| convention.platform().context.contains(&key))
}

/// The places where platforms have a fact.
fn places(fact: RunFact) -> impl Iterator<Item = &'static str> {
    let all = Convention::ALL.into_iter().flat_map(|known| known.platform().facts);
    all.filter(move |(own, _)| *own == fact).map(|(_, place)| *place)
}

/// Adds `over` to `base`, object by object; where both have a value, that of `over` wins.
fn merge(base: &mut Map<String, Json>, over: Map<String, Json>) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Json::Object(inner)), Json::Object(value)) => merge(inner, value),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn context(values: Json) -> GroupContext {
        let Json::Object(values) = values else { panic!("no object") };
        let optional = vec![vec!["run".to_owned(), "vcs".to_owned()]];
        GroupContext { platform: "hcp".parse::<Convention>().unwrap().platform(), values, optional }
    }

    fn missing(context: &GroupContext, path: &str, absence: Absence) -> Option<String> {
        let steps: Vec<Step> = path
            .split('.')
            .map(|key| if key == "_" { Step::Dynamic } else { Step::Key(key.to_owned()) })
            .collect();
        context.missing(&steps, absence).map(|path| path.join("."))
    }

    #[test]
    fn context_that_is_read_and_not_given_is_missing() {
        let given = context(json!({"run": {"workspace": {"name": "a", "tags": [], "vcs_repo": null}}}));
        let read = |path| missing(&given, path, Absence::Undefined);
        assert_eq!(read("run.workspace.name"), None);
        assert_eq!(read("run.workspace.auto_apply").as_deref(), Some("run.workspace.auto_apply"));
        assert_eq!(read("run.workspace.tags._.x"), None);
        assert_eq!(read("run.workspace.vcs_repo.branch"), None, "null states that there is none");
        assert_eq!(read("run._.name"), None);
        assert_eq!(read("run.vcs.branch"), None, "it is optional");
        assert_eq!(read("plan.resource_changes"), None, "the plan is not context");
        let nothing = context(json!({}));
        assert_eq!(missing(&nothing, "run", Absence::Undefined).as_deref(), Some("run"));
    }

    #[test]
    fn a_default_excuses_a_missing_detail_but_not_missing_context() {
        let given = context(json!({"run": {}}));
        assert_eq!(missing(&given, "run.message", Absence::Defaulted), None);
        assert_eq!(
            missing(&context(json!({})), "run.message", Absence::Defaulted).as_deref(),
            Some("run.message")
        );
    }

    #[test]
    fn the_skeleton_has_one_key_for_each_step() {
        assert_eq!(skeleton(&["run".to_owned(), "id".to_owned()]), r#"{"run": {"id": …}}"#);
    }

    #[test]
    fn what_a_file_says_to_planguard_is_for_no_policy() {
        let of = |context: Json| {
            let Json::Object(context) = context else { panic!("no object") };
            known(Path::new("run.json"), context).map(Json::from)
        };
        let context = json!({"planguard": {"branch": "main", "cost": {"delta": 0}}, "run": {"id": 1}});
        assert_eq!(of(context).unwrap(), json!({"run": {"id": 1}}));
        assert!(of(json!({"resource_changes": []})).is_err());
    }

    #[test]
    fn later_sources_win_key_by_key() {
        let Json::Object(mut base) = json!({"run": {"id": 1, "x": {"a": 1}}}) else { panic!() };
        let Json::Object(over) = json!({"run": {"id": 2, "x": {"b": 2}}}) else { panic!() };
        merge(&mut base, over);
        assert_eq!(Json::from(base), json!({"run": {"id": 2, "x": {"a": 1, "b": 2}}}));
    }
}
