//! How much a change weighs, for all change guards: as the state that it leads to.
//!
//! The twin of a finding is the guardrail about the same attribute that finds something in its new value, in whatever pack.
//! What got worse weighs as its twin, and at least medium, since it takes away what protected something that exists. What
//! opens to everyone what was made for few, or ends a record, weighs one step more than its twin, up to high. A number that still meets what the
//! guardrails about it ask for is low.

use std::collections::{BTreeMap, HashMap};

use planguard_guardrail_format::{
    AttributeTest, ElementsPredicate, Guardrail, PathPattern, PatternStep, Predicate, Quantity, Scope, Test,
};
use planguard_plan::{Address, AttributePath, PathStep, ResourceChange};
use planguard_rule::Severity;

use super::{
    AttributeRole, Certainty, ChangeFinding, ChangeGuard, Changes, audit_trail_weakened, drift,
    drift_security, exposure_cidr, exposure_flag, iam_widened,
};
use crate::builtin::Builtin;
use crate::engine::{Outcome, evaluate, judged_state};

/// The findings of a guard, with the severity of their twins where nothing else decides it. A finding about exposure or a
/// record has the remedy of its twin as well, which is about objects of the type.
pub(super) fn weighed(
    plan: &Changes<'_>,
    guard: &ChangeGuard,
    mut found: Vec<ChangeFinding>,
) -> Vec<ChangeFinding> {
    // What was changed outside of Terraform is not what the plan leads to, and networks and policies weigh by what they let in.
    let with_own_weights =
        [&drift::GUARD, &drift_security::GUARD, &exposure_cidr::GUARD, &iam_widened::GUARD];
    if with_own_weights.iter().any(|own| own.info.id == guard.info.id) || !found.iter().any(is_about_a_value)
    {
        return found;
    }
    let index = plan.index();
    let present = plan.each_change().filter(|change| change.deposed.is_none());
    let changes: BTreeMap<&Address, &ResourceChange<'_>> =
        present.map(|change| (&change.address, change)).collect();
    let named_by_twin = [&exposure_flag::GUARD, &audit_trail_weakened::GUARD];
    let has_remedy_of_twin = named_by_twin.iter().any(|own| own.info.id == guard.info.id);
    let is_raised = has_remedy_of_twin || guard.info.severity == Severity::Critical;
    // Guardrails are decoded for it, and many objects of one type change alike.
    let mut known: HashMap<(String, Vec<String>), Vec<Guardrail>> = HashMap::new();
    for finding in found.iter_mut().filter(|finding| is_about_a_value(finding)) {
        let (Some(address), Some(attribute)) = (&finding.address, &finding.attribute) else { continue };
        let key = (address.resource_type.clone(), names(attribute));
        let about = known.entry(key).or_insert_with_key(|(kind, names)| about_attribute(kind, names));
        let Some(change) = changes.get(address).filter(|_| !about.is_empty()) else { continue };
        let twins: Vec<Twin<'_>> = about
            .iter()
            .filter_map(|guardrail| {
                let state = judged_state(guardrail, plan, change)?;
                let evaluation = evaluate(guardrail, &state, index);
                let severity = evaluation.severity(guardrail);
                let place = evaluation.evidence.as_ref().map(|evidence| evidence.path.first_key());
                let is_elsewhere = place.is_some_and(|place| place != attribute.first_key());
                (!is_elsewhere).then_some(Twin { guardrail, outcome: evaluation.outcome, severity })
            })
            .collect();
        if has_remedy_of_twin && let Some(twin) = twins.iter().find(|twin| twin.outcome == Outcome::Fail) {
            let remedy = || Some(twin.guardrail.info.remediation.clone());
            finding.remedy = finding.remedy.take().or_else(remedy);
        }
        let weight = weight(&twins, &names(attribute), is_raised, finding.certainty);
        finding.severity = finding.severity.or(weight);
    }
    found
}

/// A guardrail about the attribute of a finding, with what it says of the new value.
struct Twin<'g> {
    guardrail: &'g Guardrail,
    outcome: Outcome,
    severity: Severity,
}

/// How much a finding with such twins weighs; `None` where none of them says something of it.
fn weight(twins: &[Twin<'_>], names: &[String], is_raised: bool, certainty: Certainty) -> Option<Severity> {
    let objects = |twin: &&Twin<'_>| match certainty {
        Certainty::Certain => twin.outcome == Outcome::Fail,
        Certainty::DependsOnUnknown => matches!(twin.outcome, Outcome::Fail | Outcome::Undetermined),
    };
    let worst = twins.iter().filter(objects).map(|twin| twin.severity).max();
    let meets_the_standard = || {
        let asks = |twin: &Twin<'_>| {
            let (Test::Fail(test) | Test::Require(test)) = &twin.guardrail.test;
            twin.outcome == Outcome::Pass && asks_for_more_than_one(test, names)
        };
        certainty == Certainty::Certain && twins.iter().any(asks)
    };
    match worst {
        Some(severity @ (Severity::High | Severity::Critical)) => Some(severity),
        Some(Severity::Medium) if is_raised => Some(Severity::High),
        Some(Severity::Info | Severity::Low | Severity::Medium) => Some(Severity::Medium),
        None => meets_the_standard().then_some(Severity::Low),
    }
}

/// Whether a finding is about a new value of an attribute, which a guardrail may judge.
fn is_about_a_value(finding: &ChangeFinding) -> bool {
    finding.role == AttributeRole::Wrong
        && finding.attribute.as_ref().is_some_and(|attribute| !attribute.is_empty())
        && finding.severity.is_none()
}

/// The names that lead to an attribute, without positions.
fn names(attribute: &AttributePath) -> Vec<String> {
    let names = attribute.0.iter().filter_map(|step| match step {
        PathStep::Key(name) => Some(name.clone()),
        PathStep::Index(_) => None,
    });
    names.collect()
}

/// The guardrails about an attribute of a type, of all packs.
fn about_attribute(resource_type: &str, names: &[String]) -> Vec<Guardrail> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let guardrails = Builtin::for_type(resource_type).map(Builtin::definition);
    let is_about = |guardrail: &Guardrail| {
        let (Test::Fail(test) | Test::Require(test)) = &guardrail.test;
        guardrail.scope == Scope::State && tests(test, &names)
    };
    guardrails.filter(is_about).collect()
}

/// Whether a predicate compares the attribute that names lead to with a number that is more than to have it at all.
fn asks_for_more_than_one(predicate: &Predicate, names: &[String]) -> bool {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    compares(predicate, &names)
}

fn compares(predicate: &Predicate, names: &[&str]) -> bool {
    match predicate {
        Predicate::All(some) | Predicate::Any(some) => some.iter().any(|one| compares(one, names)),
        Predicate::Not(inner) => compares(inner, names),
        Predicate::Attribute(attribute) => {
            let is_more = match &attribute.test {
                AttributeTest::AtLeast(quantity)
                | AttributeTest::AtMost(quantity)
                | AttributeTest::LongerThan(quantity) => match quantity {
                    Quantity::Number(number) | Quantity::Seconds(number) => *number > 1.0,
                },
                _ => false,
            };
            is_more && attribute.paths.iter().any(|path| rest(path, names).is_some_and(<[&str]>::is_empty))
        }
        Predicate::Elements(ElementsPredicate { paths, condition, .. }) => {
            paths.iter().any(|path| rest(path, names).is_some_and(|rest| compares(condition, rest)))
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
    use super::super::testing::find_in_update;
    use super::super::{encryption_off, exposure_flag, hardening_off, retention_lowered};
    use super::*;

    fn weight(guard: &ChangeGuard, address: &str, before: &str, after: &str) -> Option<Severity> {
        let found = find_in_update(guard, address, before, after, "{}");
        assert_eq!(found.len(), 1, "{address}");
        found[0].severity
    }

    #[test]
    fn what_got_worse_weighs_as_the_guardrail_about_the_new_value() {
        let flag = |name: &str, on: bool| format!(r#"{{"{name}": {on}}}"#);
        let off = |address: &str, name: &str| {
            weight(&encryption_off::GUARD, address, &flag(name, true), &flag(name, false))
        };
        assert_eq!(off("aws_ebs_volume.a", "encrypted"), Some(Severity::High));
        assert_eq!(off("aws_sqs_queue.a", "sqs_managed_sse_enabled"), Some(Severity::Medium));
        let public = |address: &str, name: &str| {
            weight(&exposure_flag::GUARD, address, &flag(name, false), &flag(name, true))
        };
        assert_eq!(public("aws_db_instance.a", "publicly_accessible"), Some(Severity::Critical));
        let detector = find_in_update(
            &audit_trail_weakened::GUARD,
            "aws_guardduty_detector.a",
            &flag("enable", true),
            &flag("enable", false),
            "{}",
        );
        assert_eq!(detector[0].severity, Some(Severity::High));
        assert!(detector[0].remedy.as_ref().unwrap().contains("`enable"));
    }

    #[test]
    fn a_number_that_meets_the_standard_is_low() {
        let password = |length: u32| format!(r#"{{"minimum_password_length": {length}}}"#);
        let shortened = |to: u32| {
            let policy = "aws_iam_account_password_policy.a";
            weight(&hardening_off::GUARD, policy, &password(20), &password(to))
        };
        assert_eq!((shortened(14), shortened(13)), (Some(Severity::Low), Some(Severity::Medium)));
        let log = |days: u32| format!(r#"{{"retention_in_days": {days}}}"#);
        let kept =
            |to: u32| weight(&retention_lowered::GUARD, "aws_cloudwatch_log_group.a", &log(731), &log(to));
        assert_eq!((kept(365), kept(30)), (Some(Severity::Low), Some(Severity::Medium)));
        let backup = |days: u32| format!(r#"{{"backup_retention_period": {days}}}"#);
        let kept = |to: u32| weight(&retention_lowered::GUARD, "aws_db_instance.a", &backup(14), &backup(to));
        assert_eq!(
            (kept(7), kept(1), kept(0)),
            (Some(Severity::Low), Some(Severity::Medium), Some(Severity::High))
        );
        // Of other objects no guardrail asks for more than some backups.
        let other = weight(&retention_lowered::GUARD, "some_database.a", &backup(14), &backup(7));
        assert_eq!(other, None);
    }
}
