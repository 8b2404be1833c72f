//! Atlantis: runs conftest for each policy set in a server's configuration
//! (<https://www.runatlantis.io/docs/policy-checking>).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::NamedSource;
use regorus::Value;

use super::location::{Grouping, Location};
use super::platform::{DecidingRules, Loading, Manual, PlanPlace, Platform, Settings};
use super::{Group, conftest};
use crate::context::{Field, Form, RunFact, Runner};
use crate::error::{ConventionError, PolicyError, PolicyText};
use crate::options::PolicyOptions;
use crate::{files, source, yaml};

pub(super) static PLATFORM: Platform = Platform {
    word: "atlantis",
    title: "Atlantis",
    help: "Atlantis: the policy sets in a server's repos.yaml",
    manual: Manual {
        recognised_by: "a YAML file with `policies.policy_sets`",
        loaded_together: "each policy set",
        decides: "as conftest",
        levels: None,
        differences: &["A policy set that has to be fetched is an error: planguard fetches nothing."],
    },
    plan: PlanPlace::Root,
    context: &[],
    configuration: &[],
    facts: &[],
    runner: Some(RUNNER),
    variables: &[],
    packages: &[],
    // In a directory, a YAML file with these keys may be for another tool.
    settings: Some(Settings { is: is_config, in_directory: |_| None }),
    loading: Loading::BySettings(group),
    rules: DecidingRules::Conftest,
    lint: conftest::LINT,
};

/// <https://www.runatlantis.io/docs/custom-workflows#native-environment-variables>
const RUNNER: Runner = Runner {
    mark: "ATLANTIS_TERRAFORM_VERSION",
    fields: &[
        Field::fact("HEAD_COMMIT", Form::Text, RunFact::CommitSha),
        Field::fact("HEAD_BRANCH_NAME", Form::Text, RunFact::Branch),
        Field::fact("REPO_REL_DIR", Form::Text, RunFact::WorkingDirectory),
        Field::fact("BASE_REPO_NAME", Form::Text, RunFact::Repository),
        Field::fact("BASE_BRANCH_NAME", Form::Text, RunFact::TargetBranch),
        Field::fact("WORKSPACE", Form::Text, RunFact::Workspace),
        Field::fact("PULL_AUTHOR", Form::Text, RunFact::Author),
        Field::fact("HEAD_COMMIT", Form::Text, RunFact::ReviewedCommit),
    ],
};

/// Whether a file is a server's configuration with policy sets.
fn is_config(path: &Path) -> bool {
    is_yaml(path)
        && files::read(path).and_then(|text| read(path, &text)).is_ok_and(|config| sets(&config).is_some())
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn read(path: &Path, text: &str) -> Result<Value, PolicyError> {
    yaml::parse(text, yaml::Booleans::TrueAndFalse).map_err(|reason| {
        PolicyError::Convention(ConventionError::InvalidConfiguration {
            place: source::display_name(path),
            reason: format!("this is not YAML: {reason}"),
            text: named(path, text),
            at: (0, 0).into(),
            help: "correct the file".to_owned(),
        })
    })
}

fn named(path: &Path, text: &str) -> PolicyText {
    Arc::new(NamedSource::new(source::display_name(path), Arc::<str>::from(text)))
}

fn sets(config: &Value) -> Option<&Value> {
    let sets = &config["policies"]["policy_sets"];
    (*sets != Value::Undefined).then_some(sets)
}

fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    let Some(path) = config(location) else {
        grouping.errors.push(PolicyError::Convention(ConventionError::NoConfiguration {
            platform: PLATFORM.title,
            path: location.path.clone(),
            expected: "YAML file with policies.policy_sets".to_owned(),
        }));
        return;
    };
    let config = files::read(&path).and_then(|text| Ok((read(&path, &text)?, text)));
    let (config, text) = match config {
        Ok(config) => config,
        Err(error) => return grouping.errors.push(error),
    };
    let root = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let invalid = |near: &str, reason: String| {
        let at = text.find(near).unwrap_or(0);
        let line = text[..at].matches('\n').count() + 1;
        PolicyError::Convention(ConventionError::InvalidConfiguration {
            place: format!("{}:{line}", source::display_name(&path)),
            reason,
            text: named(&path, &text),
            at: (at, near.len().min(text.len() - at)).into(),
            help: "a policy set has name, path and source: local".to_owned(),
        })
    };
    let Some(Value::Array(sets)) = sets(&config) else {
        grouping.errors.push(invalid("policy_sets", "policy_sets is not a list".to_owned()));
        return;
    };
    if sets.is_empty() {
        grouping.errors.push(invalid("policy_sets", "policy_sets is empty".to_owned()));
    }
    for set in sets.iter() {
        match policy_set(set) {
            Ok(PolicySet { name, paths }) => {
                let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
                let sources = source::load(&paths, &mut grouping.errors);
                if sources.is_empty() {
                    let reason = format!("policy set `{name}` has no policies");
                    grouping.errors.push(invalid(&name, reason));
                    continue;
                }
                let notes =
                    [("policy_set", name.as_str()), ("overridable", "on Atlantis, by approve_policies")];
                let notes = notes.map(|(key, note)| (key.to_owned(), note.to_owned()));
                grouping.groups.push(Group {
                    notes: BTreeMap::from(notes),
                    ..Group::run_by_conftest(&PLATFORM, options, sources)
                });
            }
            Err(Wrong { near, reason }) => grouping.errors.push(invalid(&near, reason)),
        }
    }
}

/// The named file itself, or the only file of a directory that has policy sets.
fn config(location: &Location) -> Option<PathBuf> {
    if files::is_file(&location.path) {
        return Some(location.path.clone());
    }
    let mut configs: Vec<PathBuf> =
        files::inside(&location.root).into_iter().filter(|path| is_config(path)).collect();
    configs.sort();
    match configs.as_slice() {
        [config] => Some(config.clone()),
        _ => None,
    }
}

struct PolicySet {
    name: String,
    paths: Vec<String>,
}

/// What is wrong with a policy set.
struct Wrong {
    /// A word of the file near the error.
    near: String,
    reason: String,
}

fn policy_set(set: &Value) -> Result<PolicySet, Wrong> {
    let text = |value: &Value| value.as_string().ok().map(|text| text.to_string());
    let Some(name) = text(&set["name"]) else {
        return Err(Wrong { near: "policy_sets".to_owned(), reason: "a policy set has no name".to_owned() });
    };
    let wrong = |reason: String| Err(Wrong { near: name.clone(), reason });
    match text(&set["source"]).as_deref() {
        None | Some("local") => {}
        Some(other) => {
            return wrong(format!("policy set `{name}` has the source `{other}`; only `local` is supported"));
        }
    }
    let listed = match &set["paths"] {
        Value::Array(paths) => paths.iter().filter_map(text).collect(),
        _ => Vec::new(),
    };
    let paths: Vec<String> = text(&set["path"]).into_iter().chain(listed).collect();
    if paths.is_empty() {
        return wrong(format!("policy set `{name}` has no path"));
    }
    Ok(PolicySet { name, paths })
}
