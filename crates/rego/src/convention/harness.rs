//! Harness: `deny` of each policy, which is evaluated by itself. A policy's severity is in a policy set on the
//! platform, so every result denies here.

use super::location::{Grouping, Location};
use super::platform::{
    DecidingRules, LintFacts, Loading, Manual, Package, Packages, PlanPlace, Platform, PolicyKinds, Results,
    Sign,
};
use super::{Choice, Decider, Group, Reading, library};
use crate::context::RunFact;
use crate::options::PolicyOptions;
use crate::policies::SkippedPolicy;
use crate::rule::RuleKind;

pub(super) static PLATFORM: Platform = Platform {
    word: "harness",
    title: "Harness",
    help: "Harness: deny in each file",
    manual: Manual {
        recognised_by: "`package terraform_plan`, `terraform_plan_cost`",
        loaded_together: "each file with the packages that it imports",
        decides: "`deny`",
        levels: None,
        differences: &["A policy's severity is not in its file, so every result denies."],
    },
    plan: PlanPlace::RootAnd("plan"),
    context: &["costs"],
    configuration: &[],
    facts: &[
        (RunFact::MonthlyCost, "costs.totalMonthlyCost"),
        (RunFact::PastMonthlyCost, "costs.pastTotalMonthlyCost"),
    ],
    runner: None,
    variables: &[],
    // The packages of the platform's own examples.
    packages: &[
        Package::exactly("terraform_plan", Sign::Weak),
        Package::exactly("terraform_plan_cost", Sign::Weak),
        Package::exactly(STATE, Sign::Weak),
    ],
    settings: None,
    loading: Loading::Separately(group),
    rules: DecidingRules::Named { names: &["deny"], packages: Packages::Any },
    lint: LintFacts {
        results: Results::StringsAndObjects,
        kinds: PolicyKinds::Plan,
        other_rules: &[],
        resource_type_rule: None,
    },
};

/// The package of policies for a state.
const STATE: &str = "terraform_state";

fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    for source in location.sources.iter().filter(|source| !library::is_test(source)) {
        let pass_over = |reason| SkippedPolicy::File { file: source.name.clone(), reason };
        let package = library::package_of(&source.text).unwrap_or_default();
        let decides = library::parsed(source, library::rule_names).is_none_or(|names| names.contains("deny"));
        if package == STATE {
            grouping.passed_over.push(pass_over("it is a policy for Terraform state"));
            continue;
        }
        if !decides && !PLATFORM.has_package(&package) {
            // A library, which is loaded with the policies that import it.
            continue;
        }
        let decider = Decider::optional(&package, "deny", RuleKind::Deny, Reading::Messages);
        let mut sources = vec![source.clone()];
        sources.extend(library::needed(std::slice::from_ref(source), &location.sources));
        let choice = Choice::rules(&PLATFORM, &source.name, vec![decider], "a rule called deny");
        grouping
            .groups
            .push(Group { notes: library::named(source), ..Group::new(&PLATFORM, options, sources, choice) });
    }
}
