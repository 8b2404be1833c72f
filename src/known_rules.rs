//! The rules that a run knows, by every name that settings and waivers may give them.

use std::collections::BTreeSet;

use planguard_guardrails::change::GUARDS;
use planguard_guardrails::{Builtin, builtins};
use planguard_plan::text::suggest;
use planguard_rego::{rego_packs, rule_id};
use planguard_rule::RuleInfo;

use crate::check::Rules;
use crate::pattern::Pattern;
use crate::plan_rules::PlanRule;

/// The ids of all rules, enabled or not.
#[derive(Debug)]
pub struct KnownRules {
    /// Every id, with the other names of its rule.
    rules: Vec<(String, Vec<String>)>,
}

impl KnownRules {
    /// The built-in rules, and those of a run.
    pub fn of(rules: &Rules) -> Self {
        let infos = builtins().map(Builtin::info);
        let change = GUARDS.iter().map(|guard| guard.info.clone());
        let own = rules.guardrails.iter().map(|guardrail| guardrail.info.clone());
        let mut known: Vec<(String, Vec<String>)> =
            infos.chain(change).chain(own).map(|info| (info.id.to_string(), other_names(&info))).collect();
        known.extend(rego_packs().iter().flat_map(|pack| {
            let package = pack.outline().package;
            let rules = pack.rules().into_iter();
            rules.map(move |rule| {
                let path = format!("data.{package}.{}", rule.name);
                (rule_id(&path).into_owned(), Vec::new())
            })
        }));
        let sets = rules.policies.iter().flat_map(|policies| policies.sets());
        known.extend(
            sets.flat_map(|set| set.rules()).map(|rule| (rule_id(&rule.path).into_owned(), Vec::new())),
        );
        known.extend(PlanRule::all().map(|rule| (rule.id.to_owned(), Vec::new())));
        Self { rules: known }
    }

    /// The ids of the rules that a pattern means.
    pub(crate) fn meant_by(&self, pattern: &Pattern) -> BTreeSet<String> {
        let is_meant = |(id, names): &&(String, Vec<String>)| {
            pattern.matches(id) || names.iter().any(|name| pattern.matches(name))
        };
        self.rules.iter().filter(is_meant).map(|(id, _)| id.clone()).collect()
    }

    /// The id that was probably meant by one that no rule has.
    pub(crate) fn nearest(&self, id: &str) -> Option<&str> {
        suggest::nearest(id, self.rules.iter().map(|(id, _)| id.as_str()))
    }
}

/// Former ids, and the ids of corresponding rules of other tools.
fn other_names(info: &RuleInfo) -> Vec<String> {
    let foreign = info.also.by_tool().flat_map(|(_, ids)| ids);
    info.aliases.iter().chain(foreign).map(ToString::to_string).collect()
}
