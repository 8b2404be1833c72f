//! Terrateam: its workflow step `conftest` runs conftest on the directory `policy`, or on what the variables of
//! conftest say (<https://docs.terrateam.io>).

use super::location::{Grouping, Location};
use super::{Convention, Group, PlanPlace, Platform};
use crate::context::{CONFTEST_NAMESPACE, CONFTEST_POLICY};
use crate::error::PolicyError;
use crate::options::{Namespaces, PolicyOptions};
use crate::source;

pub(super) static PLATFORM: Platform =
    Platform { title: "Terrateam", plan: PlanPlace::Root, context: &[], configuration: &[] };

pub(super) fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    let variable = |name| options.context.environment.get(name).filter(|value| !value.is_empty());
    let directory = match variable(CONFTEST_POLICY) {
        Some(named) => location.root.join(named),
        None if location.path.is_dir() && location.root.join("policy").is_dir() => {
            location.root.join("policy")
        }
        None => location.path.clone(),
    };
    let sources = source::load(std::slice::from_ref(&directory), &mut grouping.errors);
    if sources.is_empty() {
        grouping.errors.push(PolicyError::NoPolicies { searched: source::display_name(&directory) });
        return;
    }
    let mut options = options.clone();
    if let Some(namespace) = variable(CONFTEST_NAMESPACE)
        && options.namespaces == Namespaces::default()
    {
        let names = namespace.split(',').map(|name| name.trim().to_owned());
        options.namespaces = Namespaces::Named(names.collect());
    }
    grouping.groups.push(Group { convention: Convention::Terrateam, ..Group::conftest(&options, sources) });
}
