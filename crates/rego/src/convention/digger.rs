//! Digger: the query `data.digger.deny` on one file, which is loaded alone (`libs/policy/policy.go`).

use std::collections::BTreeSet;

use super::location::{Grouping, Location};
use super::platform::{
    DecidingRules, LintFacts, Loading, Manual, Package, Packages, PlanPlace, Platform, PolicyKinds, Results,
    Sign,
};
use super::{Choice, Decider, Group, Reading, library};
use crate::error::{ConventionError, PolicyError};
use crate::options::PolicyOptions;
use crate::policies::SkippedPolicy;
use crate::rule::RuleKind;
use crate::source::Source;

pub(super) static PLATFORM: Platform = Platform {
    word: "digger",
    title: "Digger",
    help: "Digger: data.digger.deny in plan.rego",
    manual: Manual {
        recognised_by: "`package digger`",
        loaded_together: "one file",
        decides: "`data.digger.deny`",
        levels: None,
        differences: &[
            "The platform evaluates the policy nearest to a project. If a directory has several, name the file.",
        ],
    },
    plan: PlanPlace::Under("terraform"),
    context: &[],
    configuration: &[],
    facts: &[],
    runner: None,
    variables: &[],
    packages: &[Package::exactly(PACKAGE, Sign::Strong)],
    settings: None,
    loading: Loading::Separately(group),
    rules: DecidingRules::Named { names: &["deny"], packages: Packages::Own },
    lint: LintFacts {
        results: Results::StringsAndObjects,
        kinds: PolicyKinds::Plan,
        other_rules: &[],
        resource_type_rule: None,
    },
};

/// The package of every policy.
const PACKAGE: &str = "digger";

fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    let is_of_digger = |source: &&Source| {
        !library::is_test(source) && library::package_of(&source.text).as_deref() == Some(PACKAGE)
    };
    let mut plan_policies = Vec::new();
    for source in location.sources.iter().filter(is_of_digger) {
        let names = library::parsed(source, library::rule_names);
        let is_other = |names: &BTreeSet<String>| {
            !names.contains("deny") && (names.contains("allow") || names.contains("enable"))
        };
        if names.as_ref().is_some_and(is_other) {
            grouping.passed_over.push(SkippedPolicy::File {
                file: source.name.clone(),
                reason: "it is a Digger policy for access or drift",
            });
        } else {
            plan_policies.push(source);
        }
    }
    if plan_policies.len() > 1 {
        let files: Vec<&str> = plan_policies.iter().map(|source| source.name.as_str()).collect();
        grouping.errors.push(PolicyError::Convention(ConventionError::SeveralPolicies {
            platform: PLATFORM.title,
            files: files.join(", "),
        }));
        return;
    }
    for source in plan_policies {
        let decider = Decider::optional(PACKAGE, "deny", RuleKind::Deny, Reading::Array);
        let choice = Choice::rules(&PLATFORM, &source.name, vec![decider], "data.digger.deny");
        grouping.groups.push(Group::new(&PLATFORM, options, vec![source.clone()], choice));
    }
}
