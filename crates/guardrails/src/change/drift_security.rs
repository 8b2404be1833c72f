//! Reports security settings that were weakened outside of Terraform and that the plan does not restore.

use std::collections::BTreeMap;

use planguard_plan::{Address, Plan, ResourceChange, ResourceState, Side};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Pair, pairs_of};
use super::managed_twice::undone;
use super::stateful::is_stateful;
use super::switch::{self, Wording};
use super::tables::{ENCRYPTION_OFF, EXPOSURE_FLAG, PROTECTION_OFF, PUBLIC_ACCESS_BLOCK_REMOVED};
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, ExampleSection};
use super::{exposure_cidr, iam_widened};
use crate::Builtin;
use crate::effective::{Effective, can_have_drifted};
use crate::engine::PlanIndex;

/// The id of the guard.
pub const DRIFT_GUARD: &str = "change-drift-security";

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: DRIFT_GUARD,
        title: "A security setting was weakened outside of Terraform, and the plan does not restore it",
        severity: Severity::High,
        why: "Somebody changed the resource by hand, or broke in. The plan accepts the weaker setting into the \
              state, because the configuration does not set the attribute.",
        remediation: "Find out who changed it and why. Set the attribute in the configuration: to the old value, \
                      so that the plan restores it, or to the new one, so that it is reviewed.",
    }
    .rule(),
    example: ChangeExample {
        section: ExampleSection::ResourceDrift,
        failing: r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"publicly_accessible": false}, "after": {"publicly_accessible": true}}}"#,
        passing: r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"allocated_storage": 20}, "after": {"allocated_storage": 25}}}"#,
    },
    check,
};

const WORDING: Wording = Wording {
    certain: "was weakened outside of Terraform",
    unknown: "may have been weakened outside of Terraform",
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    drift(plan).kept
}

/// What was changed outside of Terraform and matters: weakened security settings, and objects that were deleted.
#[derive(Debug, Default)]
pub struct Drift {
    /// What the plan keeps.
    pub kept: Vec<ChangeFinding>,
    /// What the plan puts back.
    pub restored: Vec<ChangeFinding>,
}

/// What was changed outside of Terraform and matters.
pub fn drift(plan: &Plan<'_>) -> Drift {
    let mut all = Drift::default();
    if plan.resource_drift.is_empty() {
        return all;
    }
    let effective = Effective::new(plan);
    let index = PlanIndex::new(plan);
    let planned = planned(plan);
    let undone = undone(plan);
    let is_by_hand = |drift: &ResourceChange<'_>| !undone.contains(&drift.address);
    for pair in pairs_of(plan, &plan.resource_drift).filter(|pair| is_by_hand(pair.resource)) {
        let own = effective.own_drift(pair.resource);
        let drift = own.as_ref().unwrap_or(pair.resource);
        let planned = planned.get(&drift.address).copied();
        let own = planned.and_then(|planned| effective.own(planned));
        let planned = own.as_ref().or(planned);
        // What is moved has its new address in findings.
        let named = planned.unwrap_or(drift);
        let mut found = between(&index, named, (drift, Side::Before), (drift, Side::After));
        found.retain(|finding| finding.attribute.as_ref().is_none_or(|path| can_have_drifted(drift, path)));
        match planned {
            None => all.kept.extend(found),
            Some(planned) if planned.change.actions.is_no_op() => all.kept.extend(found),
            // The change guards judge what takes its place.
            Some(planned) if planned.change.actions.deletes() || planned.change.actions.forgets() => {}
            Some(planned) => {
                let remaining = between(&index, named, (drift, Side::Before), (planned, Side::After));
                let remains =
                    |finding: &ChangeFinding| remaining.iter().any(|other| other.message == finding.message);
                let (kept, restored): (Vec<_>, Vec<_>) = found.into_iter().partition(remains);
                all.kept.extend(kept);
                all.restored.extend(restored);
            }
        }
    }
    for drift in plan.each_drift().filter(|drift| is_by_hand(drift)) {
        let is_created = |planned: &&&ResourceChange<'_>| planned.change.actions.creates();
        if let Some(created) = planned.get(&drift.address).filter(is_created)
            && drift.change.actions.only_deletes()
            && is_judged(&drift.address.resource_type)
        {
            let message = format!("{} was deleted outside of Terraform", created.address);
            all.restored.push(ChangeFinding::on(created, message));
        }
    }
    all
}

/// Whether objects of a type hold data, or a rule judges them.
fn is_judged(resource_type: &str) -> bool {
    is_stateful(resource_type) || Builtin::for_type(resource_type).next().is_some()
}

/// What the plan does with each object, by the address that the state has for it.
pub(super) fn planned<'p>(plan: &'p Plan<'p>) -> BTreeMap<&'p Address, &'p ResourceChange<'p>> {
    let changes = plan.each_change().filter(|planned| planned.deposed.is_none());
    changes
        .flat_map(|planned| {
            let addresses = [Some(&planned.address), planned.previous_address.as_ref()];
            addresses.into_iter().flatten().map(move |address| (address, planned))
        })
        .collect()
}

/// The settings that are weaker on the second side than on the first one, as findings on `named`.
fn between(
    index: &PlanIndex<'_>,
    named: &ResourceChange<'_>,
    (first, first_side): (&ResourceChange<'_>, Side),
    (second, second_side): (&ResourceChange<'_>, Side),
) -> Vec<ChangeFinding> {
    let before = ResourceState::new(index.plan(), first, first_side);
    let after = ResourceState::new(index.plan(), second, second_side);
    let Some((before, after)) = before.zip(after) else { return Vec::new() };
    findings(&Pair { resource: named, before, after }, index)
}

fn findings(pair: &Pair<'_>, index: &PlanIndex<'_>) -> Vec<ChangeFinding> {
    let tables = [&ENCRYPTION_OFF, &EXPOSURE_FLAG, &PROTECTION_OFF, &PUBLIC_ACCESS_BLOCK_REMOVED];
    let mut found: Vec<ChangeFinding> =
        tables.iter().flat_map(|table| switch::findings(pair, table, &WORDING)).collect();
    let outside = |finding: ChangeFinding| ChangeFinding {
        message: format!("{} (changed outside of Terraform)", finding.message),
        ..finding
    };
    found.extend(exposure_cidr::findings(pair).into_iter().map(outside));
    found.extend(iam_widened::findings(pair, index).into_iter().map(outside));
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{find, update};
    use super::*;

    fn drift(address: &str, before: &str, after: &str, changes: &str) -> Vec<String> {
        let text = format!(
            r#"{{"format_version": "1.2", "resource_drift": [{}], "resource_changes": [{changes}]}}"#,
            update(address, before, after, "{}")
        );
        find(&GUARD, &text).into_iter().map(|finding| finding.message).collect()
    }

    /// What the plan puts back.
    fn restored(text: &str) -> Vec<String> {
        let restored = super::drift(&Plan::parse(text).unwrap()).restored.into_iter();
        restored.map(|finding| finding.message).collect()
    }

    const OPEN: (&str, &str) = (r#"{"publicly_accessible": false}"#, r#"{"publicly_accessible": true}"#);

    #[test]
    fn what_the_plan_leaves_is_reported_and_what_it_restores_is_not() {
        let address = r#"aws_db_instance.a["x.y"]"#;
        let unchanged = format!(
            r#"{{"address": {address:?}, "change": {{"actions": ["no-op"], "before": {0}, "after": {0}}}}}"#,
            OPEN.1
        );
        assert_eq!(
            drift(address, OPEN.0, OPEN.1, &unchanged),
            [
                r#"aws_db_instance.a["x.y"] was weakened outside of Terraform: `publicly_accessible` changes from `false` to `true`"#
            ]
        );
        assert!(drift(address, OPEN.0, OPEN.1, &update(address, OPEN.1, OPEN.0, "{}")).is_empty());
    }

    #[test]
    fn what_the_plan_changes_beside_it_is_kept_and_what_it_puts_back_is_told() {
        let group = |open: bool, tag: &str| {
            let ingress =
                r#"{"protocol": "tcp", "from_port": 8080, "to_port": 8080, "cidr_blocks": ["0.0.0.0/0"]}"#;
            let ingress = if open { ingress } else { "" };
            format!(r#"{{"id": "sg-1", "ingress": [{ingress}], "tags": {{"a": "{tag}"}}}}"#)
        };
        let opened = |planned: &str| {
            let address = "aws_security_group.g";
            let drift = update(address, &group(false, "1"), &group(true, "1"), "{}");
            let planned = update(address, &group(true, "1"), planned, "{}");
            let text = format!(
                r#"{{"format_version": "1.2", "resource_drift": [{drift}], "resource_changes": [{planned}]}}"#
            );
            let kept = find(&GUARD, &text).into_iter().map(|finding| finding.message).collect::<Vec<_>>();
            (kept, restored(&text))
        };
        let what = "aws_security_group.g allows more traffic than before: 0.0.0.0/0 on tcp port 8080 (HTTP) \
                    (changed outside of Terraform)";
        assert_eq!(opened(&group(true, "2")), (vec![what.to_owned()], Vec::new()));
        assert_eq!(opened(&group(false, "1")), (Vec::new(), vec![format!("{what}")]));
    }

    #[test]
    fn what_is_removed_by_hand_and_missing_after_an_update_is_kept() {
        let drift = |planned: &str| {
            let drift = update("aws_db_instance.a", r#"{"deletion_protection": true}"#, "{}", "{}");
            let text = format!(
                r#"{{"format_version": "1.2", "resource_drift": [{drift}], "resource_changes": [{}]}}"#,
                update("aws_db_instance.a", "{}", planned, "{}")
            );
            let restored = restored(&text).len();
            (find(&GUARD, &text).len(), restored)
        };
        assert_eq!(drift(r#"{"tags": {"a": "b"}}"#), (1, 0));
        assert_eq!(drift(r#"{"deletion_protection": true}"#), (0, 1));
    }

    #[test]
    fn what_is_moved_has_its_new_address() {
        let drift = update("aws_db_instance.a", OPEN.0, OPEN.1, "{}");
        let moved = |actions: &str, after: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "resource_drift": [{drift}], "resource_changes": [
                    {{"address": "aws_db_instance.b", "previous_address": "aws_db_instance.a",
                    "change": {{"actions": ["{actions}"], "before": {}, "after": {after}}}}}]}}"#,
                OPEN.1
            );
            let found = find(&GUARD, &text).into_iter().map(|finding| finding.address.unwrap().to_string());
            (found.collect::<Vec<_>>(), restored(&text).len())
        };
        let kept = (vec!["aws_db_instance.b".to_owned()], 0);
        assert_eq!(moved("no-op", OPEN.1), kept);
        assert_eq!(moved("update", r#"{"publicly_accessible": true, "tags": {}}"#), kept);
        assert_eq!(moved("update", OPEN.0), (Vec::new(), 1));
    }

    #[test]
    fn what_a_rule_of_the_plan_explains_is_no_drift() {
        let rule = |port: u32| {
            let values = format!(
                r#"{{"type": "ingress", "security_group_id": "sg-1", "protocol": "tcp", "from_port": {port},
                    "to_port": {port}, "cidr_blocks": ["0.0.0.0/0"]}}"#
            );
            format!(
                r#"{{"address": "aws_security_group_rule.r", "change": {{"actions": ["no-op"], "before": {values},
                    "after": {values}}}}}"#
            )
        };
        let closed = r#"{"id": "sg-1", "ingress": []}"#;
        let open = r#"{"id": "sg-1", "ingress": [{"protocol": "tcp", "from_port": 443, "to_port": 443,
            "cidr_blocks": ["0.0.0.0/0"]}]}"#;
        assert!(drift("aws_security_group.g", closed, open, &rule(443)).is_empty());
        assert_eq!(drift("aws_security_group.g", closed, open, &rule(80)).len(), 1);
    }

    #[test]
    fn network_rules_drift_too() {
        let rule = |range: &str| format!(r#"{{"cidr_ipv4": "{range}", "ip_protocol": "-1"}}"#);
        let messages =
            drift("aws_vpc_security_group_ingress_rule.a", &rule("10.0.0.0/8"), &rule("0.0.0.0/0"), "");
        assert_eq!(
            messages,
            [
                "aws_vpc_security_group_ingress_rule.a allows more traffic than before: 0.0.0.0/0 on all ports (changed outside of Terraform)"
            ]
        );
    }

    #[test]
    fn an_address_that_was_attached_to_a_machine_is_no_finding() {
        let public = |set: bool| format!(r#"{{"associate_public_ip_address": {set}}}"#);
        assert!(drift("aws_instance.a", &public(false), &public(true), "").is_empty());
    }

    #[test]
    fn settings_that_were_tightened_are_no_finding() {
        assert!(drift("aws_db_instance.a", OPEN.1, OPEN.0, "").is_empty());
    }
}
