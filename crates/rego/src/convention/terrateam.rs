//! Terrateam: its workflow step `conftest` runs conftest on the directory `policy`, or as conftest's
//! environment variables say (<https://docs.terrateam.io>).

use super::location::{Grouping, Location};
use super::platform::{DecidingRules, Loading, Manual, PlanPlace, Platform};
use super::{Group, conftest};
use crate::error::{PolicyError, ReadingError};
use crate::files;
use crate::options::{Namespaces, PolicyOptions};
use crate::source;

pub(super) static PLATFORM: Platform = Platform {
    word: "terrateam",
    title: "Terrateam",
    help: "Terrateam: conftest on the directory policy",
    manual: Manual {
        recognised_by: "only by name",
        loaded_together: "`policy` in the directory, or `CONFTEST_POLICY`",
        decides: "as conftest",
        levels: None,
        differences: &[],
    },
    plan: PlanPlace::Root,
    context: &[],
    configuration: &[],
    facts: &[],
    runner: None,
    variables: &[CONFTEST_POLICY, CONFTEST_NAMESPACE],
    packages: &[],
    settings: None,
    loading: Loading::Separately(group),
    rules: DecidingRules::Conftest,
    lint: conftest::LINT,
};

/// The directory of policies.
const CONFTEST_POLICY: &str = "CONFTEST_POLICY";
/// The packages, separated by commas.
const CONFTEST_NAMESPACE: &str = "CONFTEST_NAMESPACE";

fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    let variable = |name| options.context.environment.get(name).filter(|value| !value.is_empty());
    let directory = match variable(CONFTEST_POLICY) {
        Some(named) => location.root.join(named),
        None if files::is_dir(&location.path) && files::is_dir(&location.root.join("policy")) => {
            location.root.join("policy")
        }
        None => location.path.clone(),
    };
    let sources = source::load(std::slice::from_ref(&directory), &mut grouping.errors);
    if sources.is_empty() {
        grouping.errors.push(PolicyError::Reading(ReadingError::NoPolicies {
            searched: source::display_name(&directory),
        }));
        return;
    }
    let mut options = options.clone();
    if let Some(namespace) = variable(CONFTEST_NAMESPACE)
        && options.namespaces == Namespaces::default()
    {
        let names = namespace.split(',').map(|name| name.trim().to_owned());
        options.namespaces = Namespaces::Named(names.collect());
    }
    grouping.groups.push(Group::run_by_conftest(&PLATFORM, &options, sources));
}
