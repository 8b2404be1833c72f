//! env0: `package env0` or one below it, a directory at a time; `deny`, `pending`, `warn` and `allow` are sets of
//! reasons (<https://docs.envzero.com/guides/policies-governance/approval-policies>).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use super::location::{Grouping, Location};
use super::{
    Choice, Convention, Decider, Dialect, Group, PlanPlace, Platform, Presence, Reading, library, rule_path,
};
use crate::error::PolicyError;
use crate::files;
use crate::options::PolicyOptions;
use crate::rule::RuleKind;
use crate::source::Source;

pub(super) static PLATFORM: Platform = Platform {
    title: "env0",
    plan: PlanPlace::Under("plan"),
    context: &[
        "deploymentRequest",
        "template",
        "costEstimation",
        "deployerUser",
        "approvers",
        "policyData",
        "policyConfiguration",
    ],
    configuration: &[],
};

/// Where policies find their own parameters.
const PARAMETERS: [&str; 2] = ["policyData", "policyConfiguration"];

/// The file beside a policy that describes its parameters.
const SCHEMA: &str = "configurationSchema.json";

/// Whether policies of env0 have such a package.
pub(super) fn is_package(package: &str) -> bool {
    package == "env0" || package.starts_with("env0.")
}

pub(super) fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    let mut directories: BTreeMap<PathBuf, Vec<&Source>> = BTreeMap::new();
    for source in location.sources.iter().filter(|source| !library::is_test(source)) {
        if library::package_of(&source.text).is_some_and(|package| is_package(&package)) {
            let directory = Path::new(&source.name).parent().unwrap_or(Path::new(".")).to_owned();
            directories.entry(directory).or_default().push(source);
        }
    }
    for (directory, policies) in directories {
        let policies: Vec<Source> = policies.into_iter().cloned().collect();
        let Parameters { context, optional } = match parameters(&directory.join(SCHEMA)) {
            Ok(parameters) => parameters,
            Err(error) => {
                grouping.errors.push(error);
                Parameters::default()
            }
        };
        let file = policies.first().map(|source| source.name.clone()).unwrap_or_default();
        let deciders = deciders(&policies);
        let mut sources = policies;
        let libraries = library::needed(&sources, &location.sources);
        sources.extend(libraries);
        grouping.groups.push(Group {
            convention: Convention::Env0,
            sources,
            choice: Choice::Rules {
                deciders,
                nothing: Box::new(PolicyError::DecidesNothing {
                    file,
                    platform: PLATFORM.title,
                    expected: "a rule called deny, pending, warn or allow",
                }),
            },
            dialect: Dialect::of(options),
            notes: BTreeMap::new(),
            context,
            optional,
        });
    }
}

/// What decides in each package. Nobody approves a deployment here, so what is pending denies, and so does an
/// empty `allow` where nothing else could stop the deployment. Beside `deny` and `pending`, reasons to allow take
/// nothing back.
fn deciders(policies: &[Source]) -> Vec<Decider> {
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in policies {
        let package = library::package_of(&source.text).unwrap_or_default();
        packages
            .entry(package)
            .or_default()
            .extend(library::parsed(source, library::rule_names).unwrap_or_default());
    }
    let mut deciders = Vec::new();
    for (package, names) in &packages {
        let decider = |name: &str, kind, reading, notes: &[(&str, &str)]| Decider {
            path: rule_path(package, name),
            kind,
            reading,
            notes: notes.iter().map(|(key, note)| ((*key).to_owned(), (*note).to_owned())).collect(),
            description: None,
            presence: Presence::Optional,
        };
        let approval = [("overridable", "on env0, by an approval")];
        deciders.push(decider("deny", RuleKind::Deny, Reading::Messages, &[]));
        deciders.push(decider("pending", RuleKind::Deny, Reading::Messages, &approval));
        deciders.push(decider("warn", RuleKind::Warn, Reading::Messages, &[]));
        if !names.contains("deny") && !names.contains("pending") {
            deciders.push(decider("allow", RuleKind::Deny, Reading::Approval, &approval));
        }
    }
    deciders
}

/// What a schema says of parameters.
#[derive(Default)]
struct Parameters {
    context: Map<String, Json>,
    /// Paths of the input that may be absent.
    optional: Vec<Vec<String>>,
}

/// The parameters that a schema gives values to, and those that may be absent by it.
fn parameters(path: &Path) -> Result<Parameters, PolicyError> {
    if !path.is_file() {
        return Ok(Parameters::default());
    }
    let invalid =
        |reason: &str| PolicyError::InvalidSchema { path: path.to_owned(), reason: reason.to_owned() };
    let schema: Json =
        serde_json::from_str(&files::read(path)?).map_err(|error| invalid(&error.to_string()))?;
    let Some(properties) = schema.get("properties").and_then(Json::as_object) else {
        return Err(invalid("it has no properties"));
    };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    let mut values = Map::new();
    let mut optional = Vec::new();
    for (name, property) in properties {
        match property.get("default") {
            Some(value) => {
                values.insert(name.clone(), value.clone());
            }
            None if required.contains(&name.as_str()) => {}
            None => optional.extend(PARAMETERS.map(|place| vec![place.to_owned(), name.clone()])),
        }
    }
    let context =
        PARAMETERS.iter().map(|place| ((*place).to_owned(), Json::Object(values.clone()))).collect();
    Ok(Parameters { context, optional })
}
