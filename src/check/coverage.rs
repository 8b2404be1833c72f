//! Counts the resources that a plan changes and that no guardrail knows: about these, a pass says nothing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use planguard_guardrails::change::{self, GUARDS};
use planguard_guardrails::{Builtin, mapped};
use planguard_plan::{Address, Mode, Plan};

use super::{CheckError, OnUncovered, PlanCheck, Rules};
use crate::report::Coverage;

/// How many types an error names.
const NAMED_TYPES: usize = 5;

/// The changed resources of a plan by type, as far as no guardrail knows the type, and how many are changed in all.
///
/// An object of a generic provider is known if a mapping makes it one of a known type. A type is known if a built-in guardrail that is on, a guardrail of the user or, with change guards on, one of their
/// tables names it. What is written about every type does not count, and neither do Rego policies, which need not name
/// the types that they judge.
pub(super) fn unknown_types(plan: &Plan<'_>, rules: &Rules) -> (Vec<(String, usize)>, usize) {
    let mapped = mapped(plan);
    let judged: HashSet<&Address> = mapped.iter().map(|one| &one.change.address).collect();
    let mut changed = 0;
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for resource in &plan.resource_changes {
        match resource.address.mode {
            Mode::Managed if !resource.change.actions.is_no_op() => {
                changed += 1;
                if judged.contains(&resource.address) {
                    continue;
                }
                *numbers.entry(&resource.address.resource_type).or_default() += 1;
            }
            Mode::Managed | Mode::Data | Mode::Ephemeral | Mode::Action => {}
        }
    }
    let change_guards = GUARDS.iter().any(|guard| rules.packs.contains(&guard.info.pack));
    let is_known = |resource_type: &str| {
        Builtin::for_type(resource_type).any(|builtin| rules.enables(builtin, resource_type))
            || rules.guardrails.iter().any(|own| own.resources.iter().any(|named| named == resource_type))
            || change_guards && change::names_type(resource_type)
    };
    let mut unknown: Vec<(String, usize)> = numbers
        .into_iter()
        .filter(|(resource_type, _)| !is_known(resource_type))
        .map(|(resource_type, number)| (resource_type.to_owned(), number))
        .collect();
    // Equals stay in the order of their names.
    unknown.sort_by_key(|(_, number)| Reverse(*number));
    (unknown, changed)
}

impl PlanCheck<'_> {
    pub(super) fn coverage(&mut self) -> Coverage {
        let (unknown, changed) = unknown_types(self.plan, self.rules);
        let coverage = Coverage {
            changed,
            unknown_types: unknown
                .iter()
                .map(|(resource_type, number)| (self.redactor.text(resource_type), *number))
                .collect(),
        };
        match self.options.uncovered {
            OnUncovered::Undecided if coverage.unknown() > 0 => {
                let mut types: Vec<String> = unknown
                    .iter()
                    .take(NAMED_TYPES)
                    .map(|(resource_type, number)| format!("`{resource_type}` {number}"))
                    .collect();
                if unknown.len() > NAMED_TYPES {
                    types.push("…".to_owned());
                }
                let plan = self.origin.unescaped().to_owned();
                let (unknown, types) = (coverage.unknown(), types.join(", "));
                self.problem(&CheckError::Uncovered { plan, unknown, changed, types });
            }
            OnUncovered::Undecided | OnUncovered::Accept => {}
        }
        coverage
    }
}

#[cfg(test)]
mod tests {
    use planguard_guardrails::load_guardrails;

    use super::*;
    use crate::check::Packs;

    const PLAN: &str = r#"{"format_version": "1.2", "planned_values": {}, "resource_changes": [
        {"address": "oci_core_instance.a", "change": {"actions": ["create"], "after": {}, "after_unknown": {}}},
        {"address": "oci_core_vcn.a", "change": {"actions": ["update"], "before": {}, "after": {}}},
        {"address": "oci_core_instance.b", "change": {"actions": ["delete"], "before": {}, "after": null}},
        {"address": "oci_core_instance.c", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
        {"address": "data.oci_core_images.a", "mode": "data",
            "change": {"actions": ["read"], "before": null, "after": {}}},
        {"address": "aws_s3_bucket.a", "change": {"actions": ["update"], "before": {}, "after": {}}},
        {"address": "oci_kms_key.a", "change": {"actions": ["update"], "before": {}, "after": {}}}]}"#;

    fn unknown(rules: &Rules) -> (Vec<(String, usize)>, usize) {
        unknown_types(&Plan::parse(PLAN).unwrap(), rules)
    }

    #[test]
    fn changed_managed_resources_of_unknown_types_are_counted_by_type() {
        let expected = vec![("oci_core_instance".to_owned(), 2), ("oci_core_vcn".to_owned(), 1)];
        assert_eq!(unknown(&Rules::default()), (expected, 5));
    }

    #[test]
    fn without_rules_nothing_is_known_and_own_guardrails_make_types_known() {
        let none = Rules { packs: Packs::none(), ..Rules::default() };
        assert_eq!(unknown(&none).0.iter().map(|(_, number)| number).sum::<usize>(), 5);
        let guardrails = load_guardrails(&["tests/cmd/data/guardrails".into()]).unwrap();
        let own = Rules { packs: Packs::none(), guardrails, ..Rules::default() };
        let named = own.guardrails[0].resources[0].clone();
        let text = PLAN.replace("oci_core_vcn", &named);
        let names = |rules| unknown_types(&Plan::parse(&text).unwrap(), rules).0;
        assert!(names(&none).iter().any(|(resource_type, _)| *resource_type == named));
        assert!(names(&own).iter().all(|(resource_type, _)| *resource_type != named));
    }
}
