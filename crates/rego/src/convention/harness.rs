//! Harness: `deny` of each policy, which stands by itself. How severe a policy is says a policy set on the
//! platform, so that everything denies here.

use std::collections::BTreeMap;

use super::location::{Grouping, Location};
use super::{
    Choice, Convention, Decider, Dialect, Group, PlanPlace, Platform, Presence, Reading, library, rule_path,
};
use crate::error::PolicyError;
use crate::options::PolicyOptions;
use crate::policies::PassedOver;
use crate::rule::RuleKind;

pub(super) static PLATFORM: Platform =
    Platform { title: "Harness", plan: PlanPlace::RootAnd("plan"), context: &["costs"], configuration: &[] };

/// The packages of the platform's own examples for plans, their costs and states.
pub(super) const PACKAGES: [&str; 3] = ["terraform_plan", "terraform_plan_cost", STATE];

/// The package of policies about a state.
const STATE: &str = "terraform_state";

pub(super) fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    for source in location.sources.iter().filter(|source| !library::is_test(source)) {
        let pass_over = |reason| PassedOver::File { file: source.name.clone(), reason };
        let package = library::package_of(&source.text).unwrap_or_default();
        let decides = library::parsed(source, library::rule_names).is_none_or(|names| names.contains("deny"));
        if package == STATE {
            grouping.passed_over.push(pass_over("it is a policy about a state"));
            continue;
        }
        if !decides && !PACKAGES.contains(&package.as_str()) {
            // A library; those that import it load it.
            continue;
        }
        let decider = Decider {
            path: rule_path(&package, "deny"),
            kind: RuleKind::Deny,
            reading: Reading::Messages,
            notes: BTreeMap::new(),
            description: None,
            presence: Presence::Optional,
        };
        let mut sources = vec![source.clone()];
        sources.extend(library::needed(std::slice::from_ref(source), &location.sources));
        grouping.groups.push(Group {
            convention: Convention::Harness,
            sources,
            choice: Choice::Rules {
                deciders: vec![decider],
                nothing: Box::new(PolicyError::DecidesNothing {
                    file: source.name.clone(),
                    platform: PLATFORM.title,
                    expected: "a rule called deny",
                }),
            },
            dialect: Dialect::of(options),
            notes: library::named(source),
            context: serde_json::Map::new(),
            optional: Vec::new(),
        });
    }
}
