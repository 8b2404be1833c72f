//! Reports hardening of machines, containers and connections that is disabled.

use std::cmp::Ordering;

use planguard_plan::{Plan, ResourceState};
use planguard_rule::Severity;

use super::about::About;
use super::compare::{Pair, Sight, pairs, places, shown, sight};
use super::switch::{Wording, turned_off};
use super::tables::HARDENING_OFF;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};
use crate::engine::quantity;

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-hardening-off",
        title: "A hardening setting is disabled",
        severity: Severity::Medium,
        why: "The setting stood between an intruder and the machine, the node or the key. It costs nothing to keep.",
        remediation: "Set the attribute to its previous value.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_kms_key.a", "change": {"actions": ["update"],
            "before": {"enable_key_rotation": true}, "after": {"enable_key_rotation": false}}}"#,
        r#"{"address": "aws_kms_key.a", "change": {"actions": ["update"],
            "before": {"enable_key_rotation": false}, "after": {"enable_key_rotation": true}}}"#,
    ),
    check,
};

const WORDING: Wording =
    Wording { certain: "is hardened less than before", unknown: "may be hardened less than before" };

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = turned_off(plan, &HARDENING_OFF, &WORDING);
    found.extend(pairs(plan).flat_map(|pair| reduced(&pair)));
    found
}

/// The findings for numbers that are smaller than before.
fn reduced(pair: &Pair<'_>) -> Vec<ChangeFinding> {
    let numbers = HARDENING_OFF.periods(&pair.resource.address.resource_type);
    numbers
        .filter_map(|number| {
            let known = |state: &ResourceState<'_>| match places(&state.root(), &number.attribute).as_slice()
            {
                [place] => match sight(place) {
                    Sight::Known(value) => Some((quantity(value)?, shown(place)?, place.path().clone())),
                    Sight::Unknown | Sight::Computed | Sight::Unset => None,
                },
                _ => None,
            };
            let (before, after) = (known(&pair.before)?, known(&pair.after)?);
            if before.0.compare(after.0) != Some(Ordering::Greater) {
                return None;
            }
            let message = format!(
                "{} {}: `{}` is reduced from {} to {}",
                pair.resource.address, WORDING.certain, after.2, before.1, after.1
            );
            Some(ChangeFinding::on(pair.resource, message).at(after.2))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn privileges_of_a_container_are_seen() {
        let pod = |privileged: bool| {
            format!(
                r#"{{"spec": [{{"template": [{{"spec": [{{"container": [{{"security_context":
                    [{{"privileged": {privileged}}}]}}]}}]}}]}}]}}"#
            )
        };
        let address = "kubernetes_deployment_v1.a";
        assert_eq!(find_in_update(&GUARD, address, &pod(false), &pod(true), "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, address, &pod(true), &pod(false), "{}"), []);
    }

    #[test]
    fn smaller_numbers_are_named() {
        let protection = |reviews: u32| {
            format!(
                r#"{{"required_pull_request_reviews": [{{"required_approving_review_count": {reviews}}}]}}"#
            )
        };
        let address = "github_branch_protection.a";
        let found = find_in_update(&GUARD, address, &protection(2), &protection(1), "{}");
        assert_eq!(
            found[0].message,
            "github_branch_protection.a is hardened less than before: \
             `required_pull_request_reviews[0].required_approving_review_count` is reduced from `2` to `1`"
        );
        assert_eq!(find_in_update(&GUARD, address, &protection(1), &protection(2), "{}"), []);
    }
}
