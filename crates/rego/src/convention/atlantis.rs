//! Atlantis: runs conftest for each of the policy sets that a server's configuration names
//! (<https://www.runatlantis.io/docs/policy-checking>).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::NamedSource;
use regorus::Value;

use super::location::{Grouping, Location};
use super::{Convention, Group, PlanPlace, Platform};
use crate::error::{PolicyError, PolicyText};
use crate::options::PolicyOptions;
use crate::{files, source, yaml};

pub(super) static PLATFORM: Platform =
    Platform { title: "Atlantis", plan: PlanPlace::Root, context: &[], configuration: &[] };

/// Whether a file is a server's configuration with policy sets.
pub(super) fn is_config(path: &Path) -> bool {
    is_yaml(path)
        && files::read(path).and_then(|text| read(path, &text)).is_ok_and(|config| sets(&config).is_some())
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn read(path: &Path, text: &str) -> Result<Value, PolicyError> {
    yaml::parse(text, yaml::Booleans::TrueAndFalse).map_err(|reason| PolicyError::InvalidConfiguration {
        place: source::display_name(path),
        reason: format!("this is no YAML: {reason}"),
        text: named(path, text),
        at: (0, 0).into(),
        help: "correct the file".to_owned(),
    })
}

fn named(path: &Path, text: &str) -> PolicyText {
    Arc::new(NamedSource::new(source::display_name(path), Arc::<str>::from(text)))
}

fn sets(config: &Value) -> Option<&Value> {
    let sets = &config["policies"]["policy_sets"];
    (*sets != Value::Undefined).then_some(sets)
}

pub(super) fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    let Some(path) = config(location) else {
        grouping.errors.push(PolicyError::NoConfiguration {
            platform: PLATFORM.title,
            path: location.path.clone(),
            expected: "YAML file with policies.policy_sets".to_owned(),
        });
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
        PolicyError::InvalidConfiguration {
            place: format!("{}:{line}", source::display_name(&path)),
            reason,
            text: named(&path, &text),
            at: (at, near.len().min(text.len() - at)).into(),
            help: "a policy set has name, path and source: local".to_owned(),
        }
    };
    let Some(Value::Array(sets)) = sets(&config) else {
        grouping.errors.push(invalid("policy_sets", "policy_sets is no list".to_owned()));
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
                    convention: Convention::Atlantis,
                    notes: BTreeMap::from(notes),
                    ..Group::conftest(options, sources)
                });
            }
            Err(Wrong { near, reason }) => grouping.errors.push(invalid(&near, reason)),
        }
    }
}

/// The file itself, or the only one of a directory that has policy sets.
fn config(location: &Location) -> Option<PathBuf> {
    if location.path.is_file() {
        return Some(location.path.clone());
    }
    let entries = std::fs::read_dir(&location.root).ok()?;
    let mut configs: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_config(path)).collect();
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

/// What is wrong with a set, and a word of the file near which it is.
struct Wrong {
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
            return wrong(format!("policy set `{name}` comes from `{other}`, and nothing is fetched here"));
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
