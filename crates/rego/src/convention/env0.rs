//! env0: `package env0` or a package below it, a directory at a time; `deny`, `pending`, `warn` and `allow` are sets of
//! reasons (<https://docs.envzero.com/guides/policies-governance/approval-policies>).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use super::location::{Grouping, Location};
use super::platform::{
    DecidingRules, Levels, LintFacts, Loading, Manual, Package, PackageName, Packages, PlanPlace, Platform,
    PolicyKinds, Results, Sign,
};
use super::{Choice, Decider, Group, Reading, library};
use crate::context::RunFact;
use crate::error::{ConventionError, PolicyError};
use crate::files;
use crate::options::PolicyOptions;
use crate::rule::RuleKind;
use crate::source::Source;

pub(super) static PLATFORM: Platform = Platform {
    word: "env0",
    title: "env0",
    help: "env0: package env0, a directory at a time",
    manual: Manual {
        recognised_by: "`package env0` or `env0.…`",
        loaded_together: "each directory",
        decides: "`deny`, `pending`, `warn`; `allow` if there is neither `deny` nor `pending`",
        levels: Some(Levels { denies: "`deny`, `pending`, an empty `allow`", warns: "`warn`" }),
        differences: &["Reasons in `allow` do not cancel results of `deny` or `pending`."],
    },
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
    facts: &[
        (RunFact::MonthlyCost, "costEstimation.totalMonthlyCost"),
        (RunFact::MonthlyCostDifference, "costEstimation.monthlyCostDiff"),
    ],
    runner: None,
    variables: &[],
    packages: &[Package { name: PackageName::AtOrBelow("env0"), sign: Sign::Strong }],
    settings: None,
    loading: Loading::Separately(group),
    rules: DecidingRules::Named { names: &["deny", "warn", "pending", "allow"], packages: Packages::Own },
    lint: LintFacts {
        results: Results::Any,
        kinds: PolicyKinds::Plan,
        other_rules: &[],
        resource_type_rule: None,
    },
};

/// The keys of the input that have a policy's parameters.
const PARAMETERS: [&str; 2] = ["policyData", "policyConfiguration"];

/// The file beside a policy that describes its parameters.
const SCHEMA: &str = "configurationSchema.json";

fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    let mut directories: BTreeMap<PathBuf, Vec<&Source>> = BTreeMap::new();
    for source in location.sources.iter().filter(|source| !library::is_test(source)) {
        if library::package_of(&source.text).is_some_and(|package| PLATFORM.has_package(&package)) {
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
        let expected = "a rule called deny, pending, warn or allow";
        let choice = Choice::rules(&PLATFORM, &file, deciders, expected);
        grouping.groups.push(Group { context, optional, ..Group::new(&PLATFORM, options, sources, choice) });
    }
}

/// The rules that decide in each package. Nobody approves a deployment here, so `pending` denies, and so does an
/// empty `allow` in a package where no other rule could stop the deployment. Beside `deny` and `pending`, `allow`
/// changes nothing.
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
        let decider = |name, kind, reading| Decider::optional(package, name, kind, reading);
        let overridable = |decider: Decider| {
            let approval = ("overridable".to_owned(), "on env0, by an approval".to_owned());
            Decider { notes: BTreeMap::from([approval]), ..decider }
        };
        deciders.push(decider("deny", RuleKind::Deny, Reading::Messages));
        deciders.push(overridable(decider("pending", RuleKind::Deny, Reading::Messages)));
        deciders.push(decider("warn", RuleKind::Warn, Reading::Messages));
        if !names.contains("deny") && !names.contains("pending") {
            deciders.push(overridable(decider("allow", RuleKind::Deny, Reading::Approval)));
        }
    }
    deciders
}

/// A policy's parameters, by its schema.
#[derive(Default)]
struct Parameters {
    context: Map<String, Json>,
    /// Paths of the input that may be absent.
    optional: Vec<Vec<String>>,
}

/// The parameters that have defaults in a schema, and those that it does not require.
fn parameters(path: &Path) -> Result<Parameters, PolicyError> {
    if !files::is_file(path) {
        return Ok(Parameters::default());
    }
    let invalid = |reason: &str| {
        PolicyError::Convention(ConventionError::InvalidSchema {
            path: path.to_owned(),
            reason: reason.to_owned(),
        })
    };
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
