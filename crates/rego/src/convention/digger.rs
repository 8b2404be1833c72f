//! Digger: the query `data.digger.deny` on one file, which stands alone (`libs/policy/policy.go`).

use std::collections::BTreeMap;

use super::location::{Grouping, Location};
use super::{
    Choice, Convention, Decider, Dialect, Group, PlanPlace, Platform, Presence, Reading, library, rule_path,
};
use crate::error::PolicyError;
use crate::options::PolicyOptions;
use crate::policies::PassedOver;
use crate::rule::RuleKind;
use crate::source::Source;

pub(super) static PLATFORM: Platform =
    Platform { title: "Digger", plan: PlanPlace::Under("terraform"), context: &[], configuration: &[] };

/// The package of every policy.
pub(super) const PACKAGE: &str = "digger";

pub(super) fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    let is_of_digger = |source: &&Source| {
        !library::is_test(source) && library::package_of(&source.text).as_deref() == Some(PACKAGE)
    };
    let mut plan_policies = Vec::new();
    for source in location.sources.iter().filter(is_of_digger) {
        let names = library::parsed(source, library::rule_names);
        let is_other = |names: &std::collections::BTreeSet<String>| {
            !names.contains("deny") && (names.contains("allow") || names.contains("enable"))
        };
        if names.as_ref().is_some_and(is_other) {
            grouping.passed_over.push(PassedOver::File {
                file: source.name.clone(),
                reason: "it is a policy of Digger about access or drift",
            });
        } else {
            plan_policies.push(source);
        }
    }
    if plan_policies.len() > 1 {
        let files: Vec<&str> = plan_policies.iter().map(|source| source.name.as_str()).collect();
        grouping
            .errors
            .push(PolicyError::SeveralPolicies { platform: PLATFORM.title, files: files.join(", ") });
        return;
    }
    for source in plan_policies {
        let decider = Decider {
            path: rule_path(PACKAGE, "deny"),
            kind: RuleKind::Deny,
            reading: Reading::Array,
            notes: BTreeMap::new(),
            description: None,
            presence: Presence::Optional,
        };
        grouping.groups.push(Group {
            convention: Convention::Digger,
            sources: vec![source.clone()],
            choice: Choice::Rules {
                deciders: vec![decider],
                nothing: Box::new(PolicyError::DecidesNothing {
                    file: source.name.clone(),
                    platform: PLATFORM.title,
                    expected: "data.digger.deny",
                }),
            },
            dialect: Dialect::of(options),
            notes: BTreeMap::new(),
            context: serde_json::Map::new(),
            optional: Vec::new(),
        });
    }
}
