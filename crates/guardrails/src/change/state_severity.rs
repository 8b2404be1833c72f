//! How much the guardrails about an attribute make of it: what changed weighs as the state that it leads to.

use std::collections::HashMap;

use planguard_guardrail_format::{ElementsPredicate, PathPattern, PatternStep, Predicate, Test};
use planguard_plan::{AttributePath, PathStep};
use planguard_rule::{Category, Severity};

use super::ChangeFinding;
use crate::builtin::Builtin;

/// The severity of the guardrails of a category about an attribute of a type, the highest of them; `None` where there is
/// none.
pub(super) fn of_state(
    resource_type: &str,
    category: Category,
    attribute: &AttributePath,
) -> Option<Severity> {
    let names = attribute.0.iter().filter_map(|step| match step {
        PathStep::Key(name) => Some(name.as_str()),
        PathStep::Index(_) => None,
    });
    let names: Vec<&str> = names.collect();
    let guardrails = Builtin::for_type(resource_type).filter(|builtin| builtin.info().category == category);
    let about = guardrails.map(Builtin::definition).filter(|guardrail| {
        let (Test::Fail(test) | Test::Require(test)) = &guardrail.test;
        tests(test, &names)
    });
    about.map(|guardrail| guardrail.info.severity).max()
}

/// Weighs findings about a setting that got worse as the guardrails of a category weigh it, but not less than `least`.
pub(super) fn weighed(found: Vec<ChangeFinding>, category: Category, least: Severity) -> Vec<ChangeFinding> {
    // Guardrails are decoded for it, and many objects of one type change alike.
    let mut known: HashMap<(String, String), Option<Severity>> = HashMap::new();
    let mut weigh = |finding: ChangeFinding| {
        let (None, Some(address), Some(attribute)) = (finding.severity, &finding.address, &finding.attribute)
        else {
            return finding;
        };
        let names = attribute.0.iter().filter(|step| matches!(step, PathStep::Key(_))).cloned().collect();
        let key = (address.resource_type.clone(), AttributePath(names).to_string());
        let of_it = || of_state(&address.resource_type, category, attribute);
        match *known.entry(key).or_insert_with(of_it) {
            Some(severity) => finding.weighing(severity.max(least)),
            None => finding,
        }
    };
    found.into_iter().map(&mut weigh).collect()
}

/// Whether a predicate tests the attribute that names lead to, or what is in it if it is a block.
fn tests(predicate: &Predicate, names: &[&str]) -> bool {
    let leads_there = |path: &PathPattern| rest(path, names).is_some_and(<[&str]>::is_empty);
    match predicate {
        Predicate::All(some) | Predicate::Any(some) => some.iter().any(|one| tests(one, names)),
        Predicate::Not(inner) => tests(inner, names),
        Predicate::Attribute(attribute) => attribute.paths.iter().any(leads_there),
        Predicate::Elements(ElementsPredicate { paths, condition, .. }) => {
            paths.iter().any(|path| rest(path, names).is_some_and(|rest| tests(condition, rest)))
        }
        Predicate::Count(_)
        | Predicate::Document { .. }
        | Predicate::Ports(_)
        | Predicate::Range(_)
        | Predicate::Companion(_)
        | Predicate::PlanHas { .. }
        | Predicate::Was(_)
        | Predicate::Becomes(_)
        | Predicate::Actions(_) => false,
    }
}

/// What is left of names behind a path that they start with; nothing if the path leads further than they do.
fn rest<'n, 's>(path: &PathPattern, names: &'n [&'s str]) -> Option<&'n [&'s str]> {
    let keys = path.0.iter().filter_map(|step| match step {
        PatternStep::Key(name) => Some(name.as_str()),
        PatternStep::Select { .. } => None,
    });
    let mut left = names;
    for key in keys {
        if left.is_empty() {
            break;
        }
        left = left.split_first().filter(|(first, _)| **first == key)?.1;
    }
    Some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_of_those_about_the_attribute_counts() {
        let severity = |resource_type: &str, path: &[&str]| {
            let steps = path.iter().map(|name| PathStep::Key((*name).to_owned())).collect();
            of_state(resource_type, Category::Encryption, &AttributePath(steps))
        };
        assert_eq!(severity("aws_ebs_volume", &["encrypted"]), Some(Severity::High));
        assert_eq!(severity("aws_sqs_queue", &["sqs_managed_sse_enabled"]), Some(Severity::Medium));
        // Another guardrail, of the medium severity, is about customer managed keys.
        assert_eq!(severity("aws_sns_topic", &["kms_master_key_id"]), Some(Severity::Medium));
        assert_eq!(
            severity("aws_instance", &["ebs_block_device", "encrypted"]),
            severity("aws_instance", &["root_block_device", "encrypted"]),
        );
        // A block goes with what is in it.
        assert_eq!(severity("aws_dax_cluster", &["server_side_encryption"]), Some(Severity::High));
        assert_eq!(severity("aws_sqs_queue", &["name"]), None);
        assert_eq!(severity("no_such_type", &["encrypted"]), None);
    }
}
