//! Scalr: `scalr-policy.hcl` declares the policies of its directory, each of which is evaluated by itself
//! (<https://docs.scalr.io/docs/policy-as-code>).

use std::path::{Path, PathBuf};

use super::config::{Attribute, Block, ConfigFile, Scalar};
use super::location::{Grouping, Location};
use super::platform::{
    DecidingRules, Levels, LintFacts, Loading, Manual, Package, Packages, PlanPlace, Platform, PolicyKinds,
    Results, Settings, Sign,
};
use super::{Choice, Decider, Group, Reading, library};
use crate::context::RunFact;
use crate::error::{ConventionError, PolicyError};
use crate::files;
use crate::options::PolicyOptions;
use crate::policies::SkippedPolicy;
use crate::rule::RuleKind;
use crate::source::{self, Source};

pub(super) static PLATFORM: Platform = Platform {
    word: "scalr",
    title: "Scalr",
    help: "Scalr: scalr-policy.hcl",
    manual: Manual {
        recognised_by: "`scalr-policy.hcl`",
        loaded_together: "each declared file with the packages that it imports",
        decides: "`data.terraform.deny`",
        levels: Some(Levels { denies: "`hard-mandatory`, `soft-mandatory`", warns: "`advisory`" }),
        differences: &[],
    },
    plan: PlanPlace::Under("tfplan"),
    context: &["tfrun", "run_tasks"],
    configuration: &[],
    facts: &[
        (RunFact::CommitMessage, "tfrun.message"),
        (RunFact::WorkingDirectory, "tfrun.workspace.working_directory"),
        (RunFact::MonthlyCost, "tfrun.cost_estimate.proposed_monthly_cost"),
        (RunFact::PastMonthlyCost, "tfrun.cost_estimate.prior_monthly_cost"),
        (RunFact::MonthlyCostDifference, "tfrun.cost_estimate.delta_monthly_cost"),
    ],
    runner: None,
    variables: &[],
    packages: &[Package::exactly(PACKAGE, Sign::None)],
    settings: Some(Settings { is: is_config, in_directory: config }),
    loading: Loading::Separately(group),
    rules: DecidingRules::Named { names: &["deny"], packages: Packages::Own },
    lint: LintFacts {
        results: Results::StringsAndObjects,
        kinds: PolicyKinds::Plan,
        other_rules: &[],
        resource_type_rule: None,
    },
};

/// The name of the settings file.
const CONFIG: &str = "scalr-policy.hcl";

/// The package of every policy.
const PACKAGE: &str = "terraform";

fn is_config(path: &Path) -> bool {
    path.ends_with(CONFIG)
}

fn config(root: &Path) -> Option<PathBuf> {
    configs(root, &mut Vec::new()).into_iter().next()
}

/// Every settings file below a directory.
fn configs(root: &Path, errors: &mut Vec<PolicyError>) -> Vec<PathBuf> {
    let mut found = files::find(&[root.to_owned()], &["hcl"], errors);
    found.retain(|path| path.file_name().is_some_and(|name| name == CONFIG));
    found
}

fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    let configs = configs(&location.root, &mut grouping.errors);
    if configs.is_empty() {
        grouping.errors.push(PolicyError::Convention(ConventionError::NoConfiguration {
            platform: PLATFORM.title,
            path: location.root.clone(),
            expected: CONFIG.to_owned(),
        }));
    }
    for config in configs {
        match ConfigFile::read(&config) {
            Ok(file) => of_config(&file, &config, location, options, grouping),
            Err(error) => grouping.errors.push(error),
        }
    }
}

fn of_config(
    file: &ConfigFile,
    path: &Path,
    location: &Location,
    options: &PolicyOptions,
    grouping: &mut Grouping,
) {
    let directory = path.parent().map(source::display_name).unwrap_or_default();
    let is_beside = |source: &&Source| {
        Path::new(&source.name).parent().map(source::display_name).unwrap_or_default() == directory
    };
    let mut beside: Vec<&Source> =
        location.sources.iter().filter(|source| !library::is_test(source)).filter(is_beside).collect();
    grouping.errors.extend(file.attributes.iter().filter_map(|attribute| unknown_version(file, attribute)));
    for block in &file.blocks {
        let declared = match declared(file, block) {
            Ok(declared) => declared,
            Err(error) => {
                grouping.errors.push(error);
                continue;
            }
        };
        let Some(at) = beside.iter().position(|source| library::stem(source) == declared.policy) else {
            let reason = format!("{}.rego not found beside this file", declared.policy);
            grouping.errors.push(file.invalid(
                block.at,
                &reason,
                "give the policy the name of its file, without .rego",
            ));
            continue;
        };
        let source = beside.remove(at);
        match declared.level {
            Some(level) => grouping.groups.push(alone(source, level, location, options)),
            None => grouping.passed_over.push(SkippedPolicy::File {
                file: source.name.clone(),
                reason: "scalr-policy.hcl disables it",
            }),
        }
    }
    let is_policy = |source: &&&Source| library::package_of(&source.text).as_deref() == Some(PACKAGE);
    grouping.passed_over.extend(beside.iter().filter(is_policy).map(|source| SkippedPolicy::File {
        file: source.name.clone(),
        reason: "scalr-policy.hcl does not declare it",
    }));
}

fn unknown_version(file: &ConfigFile, attribute: &Attribute) -> Option<PolicyError> {
    match (attribute.key.as_str(), &attribute.value) {
        ("version", Scalar::Text(version)) if version == "v1" => None,
        ("version", _) => {
            Some(file.invalid(attribute.at, "unknown version of the settings file", "write version = \"v1\""))
        }
        (key, _) => Some(file.invalid(attribute.at, &format!("unknown key `{key}`"), "remove it")),
    }
}

/// How strictly a policy is enforced.
#[derive(Clone, Copy)]
enum Level {
    Hard,
    Soft,
    Advisory,
}

/// A policy in the settings file.
struct Declared {
    policy: String,
    /// `None` if the policy is disabled.
    level: Option<Level>,
}

const DECLARE: &str =
    "declare each policy: policy \"file name\" { enabled = true  enforcement_level = \"hard-mandatory\" }";

fn declared(file: &ConfigFile, block: &Block) -> Result<Declared, PolicyError> {
    let ("policy", [policy]) = (block.kind.as_str(), block.labels.as_slice()) else {
        return Err(file.invalid(block.at, "this block does not declare a policy", DECLARE));
    };
    let mut enabled = true;
    let mut level = None;
    for attribute in &block.attributes {
        let wrong = |reason: &str, help: &str| Err(file.invalid(attribute.at, reason, help));
        match (attribute.key.as_str(), &attribute.value) {
            ("enabled", Scalar::Bool(value)) => enabled = *value,
            ("enabled", _) => return wrong("`enabled` is neither true nor false", "write true or false"),
            ("enforcement_level", Scalar::Text(text)) => {
                level = Some(match text.as_str() {
                    "hard-mandatory" => Level::Hard,
                    "soft-mandatory" => Level::Soft,
                    "advisory" => Level::Advisory,
                    other => {
                        let reason = format!("unknown enforcement level `{other}`");
                        return wrong(&reason, "the levels are hard-mandatory, soft-mandatory and advisory");
                    }
                });
            }
            ("enforcement_level", _) => {
                return wrong("`enforcement_level` is not a string", "write it in double quotes");
            }
            (key, _) => {
                return wrong(&format!("unknown key `{key}`"), "a policy has enabled and enforcement_level");
            }
        }
    }
    if level.is_none() {
        return Err(file.invalid(block.at, &format!("policy `{policy}` has no enforcement_level"), DECLARE));
    }
    Ok(Declared { policy: policy.clone(), level: level.filter(|_| enabled) })
}

/// A policy with the packages that it imports. Policies define helpers with the same names, so none may see
/// another.
fn alone(source: &Source, level: Level, location: &Location, options: &PolicyOptions) -> Group {
    let mut notes = library::named(source);
    let (kind, word) = match level {
        Level::Hard => (RuleKind::Deny, "hard-mandatory"),
        Level::Soft => {
            notes.insert("overridable".to_owned(), "on Scalr, by users who may override policies".to_owned());
            (RuleKind::Deny, "soft-mandatory")
        }
        Level::Advisory => (RuleKind::Warn, "advisory"),
    };
    notes.insert("enforcement_level".to_owned(), word.to_owned());
    let decider = Decider::optional(PACKAGE, "deny", kind, Reading::Messages);
    let mut sources = vec![source.clone()];
    sources.extend(library::needed(std::slice::from_ref(source), &location.sources));
    let choice = Choice::rules(&PLATFORM, &source.name, vec![decider], "data.terraform.deny");
    Group { notes, ..Group::new(&PLATFORM, options, sources, choice) }
}
