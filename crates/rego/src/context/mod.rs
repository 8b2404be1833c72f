//! What policies may know of the run besides its plan: who started it, where, at what cost.

mod ci;
mod infracost;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regorus::Value;
use serde_json::{Map, Value as Json};

pub use ci::context_variables;
pub(super) use ci::{CONFTEST_NAMESPACE, CONFTEST_POLICY};

use super::convention::{Convention, Group, PLAN_ALIASES, PlanPlace, Platform};
use super::error::PolicyError;
use super::files;
use super::input_paths::PLAN_KEYS;
use super::syntax::{Absence, Step};

/// Where the context of the run comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextOptions {
    /// A JSON document whose keys are those of the platforms' inputs: `{"run": {"workspace": {…}}}`.
    pub file: Option<PathBuf>,
    /// A report that `infracost breakdown --format json` or `infracost diff --format json` wrote.
    pub infracost: Option<PathBuf>,
    /// The variables of a CI system that are set, by name; see [`context_variables`].
    pub environment: BTreeMap<String, String>,
}

/// The context of a run, as keys of the input.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    values: Map<String, Json>,
}

impl Context {
    /// Reads all sources; what the user wrote down wins over the costs, and these over the environment.
    pub(super) fn load(options: &ContextOptions, errors: &mut Vec<PolicyError>) -> Self {
        let mut values = ci::context(&options.environment);
        if let Some(path) = &options.infracost {
            match object(path).and_then(|report| infracost::context(path, report)) {
                Ok(costs) => merge(&mut values, costs),
                Err(error) => errors.push(error),
            }
        }
        if let Some(path) = &options.file {
            match object(path).and_then(|context| known(path, context)) {
                Ok(context) => merge(&mut values, context),
                Err(error) => errors.push(error),
            }
        }
        Self { values }
    }

    /// What policies of a group find beside the plan. What its files bring is only a default.
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
    /// The part of a path into the input that the context should hold and lacks. `null` is something: whoever
    /// writes it says that there is nothing.
    pub(super) fn missing(&self, steps: &[Step], absence: Absence) -> Option<Vec<String>> {
        let keys: Vec<&str> = steps.iter().map_while(Step::key).collect();
        let (first, rest) = keys.split_first()?;
        if !self.has(first) || self.is_optional(&keys) {
            return None;
        }
        let all = || keys.iter().map(|key| (*key).to_owned()).collect();
        let Some(mut value) = self.values.get(*first) else { return Some(all()) };
        if absence == Absence::Defaulted {
            // The policy says what to do without one detail of a context that is there.
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

/// A document with one key for each step of a path, to show what is to be written.
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
        Ok(_) => Err(invalid(path, "its root is no object")),
        Err(error) => Err(invalid(path, error.to_string())),
    }
}

/// Refuses keys that would replace the plan.
fn known(path: &Path, context: Map<String, Json>) -> Result<Map<String, Json>, PolicyError> {
    let is_plan = |key: &&String| PLAN_ALIASES.contains(&key.as_str()) || PLAN_KEYS.contains(&key.as_str());
    match context.keys().find(is_plan) {
        Some(key) => Err(invalid(path, format!("`{key}` is part of the plan, which it may not replace"))),
        None => Ok(context),
    }
}

/// Whether some platform has this key beside the plan. Others may be new to a platform, or a user's own.
fn is_known(key: &str) -> bool {
    Convention::ALL.iter().any(|convention| convention.platform().context.contains(&key))
}

/// Lays `over` upon `base`, object by object.
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
        GroupContext { platform: Convention::Hcp.platform(), values, optional }
    }

    fn missing(context: &GroupContext, path: &str, absence: Absence) -> Option<String> {
        let steps: Vec<Step> = path
            .split('.')
            .map(|key| if key == "_" { Step::Dynamic } else { Step::Key(key.to_owned()) })
            .collect();
        context.missing(&steps, absence).map(|path| path.join("."))
    }

    #[test]
    fn what_is_read_and_not_given_is_missing() {
        let given = context(json!({"run": {"workspace": {"name": "a", "tags": [], "vcs_repo": null}}}));
        let read = |path| missing(&given, path, Absence::Undefined);
        assert_eq!(read("run.workspace.name"), None);
        assert_eq!(read("run.workspace.auto_apply").as_deref(), Some("run.workspace.auto_apply"));
        assert_eq!(read("run.workspace.tags._.x"), None);
        assert_eq!(read("run.workspace.vcs_repo.branch"), None, "null says that there is none");
        assert_eq!(read("run._.name"), None);
        assert_eq!(read("run.vcs.branch"), None, "it is optional");
        assert_eq!(read("plan.resource_changes"), None, "the plan is no context");
        let nothing = context(json!({}));
        assert_eq!(missing(&nothing, "run", Absence::Undefined).as_deref(), Some("run"));
    }

    #[test]
    fn a_default_excuses_a_detail_and_not_the_whole() {
        let given = context(json!({"run": {}}));
        assert_eq!(missing(&given, "run.message", Absence::Defaulted), None);
        assert_eq!(
            missing(&context(json!({})), "run.message", Absence::Defaulted).as_deref(),
            Some("run.message")
        );
    }

    #[test]
    fn the_skeleton_is_what_is_to_be_written() {
        assert_eq!(skeleton(&["run".to_owned(), "id".to_owned()]), r#"{"run": {"id": …}}"#);
    }

    #[test]
    fn later_sources_win_key_by_key() {
        let Json::Object(mut base) = json!({"run": {"id": 1, "x": {"a": 1}}}) else { panic!() };
        let Json::Object(over) = json!({"run": {"id": 2, "x": {"b": 2}}}) else { panic!() };
        merge(&mut base, over);
        assert_eq!(Json::from(base), json!({"run": {"id": 2, "x": {"a": 1, "b": 2}}}));
    }
}
