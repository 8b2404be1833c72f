//! Reports hardening of machines, containers and connections that is disabled.

use planguard_plan::ResourceState;
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Pair, Sight, pairs, places, shown, sight};
use super::dns_texts;
use super::helm_values::weakened;
use super::switch::{Wording, turned_off};
use super::tables::HARDENING_OFF;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};
use super::{lists, numbers};

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

const LISTS: lists::Wording =
    lists::Wording { what: WORDING.certain, lost: "no longer requires", gained: "now exempts" };

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = turned_off(plan, &HARDENING_OFF, &WORDING);
    for pair in pairs(plan) {
        found.extend(numbers::moved(&pair, &HARDENING_OFF, WORDING.certain));
        found.extend(lists::changed(plan, &pair, &HARDENING_OFF, &LISTS));
        found.extend(admits_more(&pair));
        found.extend(dns_texts::weakened(&pair));
        found.extend(weakened(&pair));
    }
    found
}

/// The label of a namespace with the level of the Pod Security Standards that its pods must meet.
const ENFORCED_LEVEL: &str = "pod-security.kubernetes.io/enforce";

/// The finding for a namespace that admits pods which it refused.
fn admits_more(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let address = &pair.resource.address;
    let labels: &[&str] = match address.resource_type.as_str() {
        "kubernetes_namespace" | "kubernetes_namespace_v1" => &["metadata", "labels"],
        _ => return None,
    };
    let label = |state: &ResourceState<'_>| {
        let place = places(&state.root(), labels).first()?.key(ENFORCED_LEVEL);
        let level = match sight(&place) {
            Sight::Known(value) => value.as_str()?.to_owned(),
            // Without the label the cluster decides, by default that everything is admitted.
            Sight::Unset => "privileged".to_owned(),
            Sight::Unknown | Sight::Computed => return None,
        };
        Some((strictness(&level)?, shown(&place), place.path().clone()))
    };
    let (before, after) = (label(&pair.before)?, label(&pair.after)?);
    if after.0 >= before.0 {
        return None;
    }
    let to = after.1.map_or_else(|| "is removed".to_owned(), |to| format!("changes to {to}"));
    let from = before.1.map(|from| format!(" (was {from})")).unwrap_or_default();
    let message = format!("{address} {}: the label `{ENFORCED_LEVEL}` {to}{from}", WORDING.certain);
    Some(ChangeFinding::on(pair.resource, message).at(after.2))
}

/// How much a level of the Pod Security Standards refuses.
fn strictness(level: &str) -> Option<u8> {
    match level {
        "privileged" => Some(0),
        "baseline" => Some(1),
        "restricted" => Some(2),
        _ => None,
    }
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
    fn a_check_that_is_no_longer_required_is_named() {
        let protection = |checks: &str| {
            format!(r#"{{"required_status_checks": [{{"strict": true, "contexts": [{checks}]}}]}}"#)
        };
        let found = |after: &str| {
            let before = protection(r#""test", "scan""#);
            let address = "github_branch_protection.a";
            find_in_update(&GUARD, address, &before, &protection(after), "{}")
        };
        assert_eq!(
            found(r#""test""#)[0].message,
            "github_branch_protection.a is hardened less than before: `contexts` no longer requires `scan`"
        );
        assert_eq!(found(r#""unit-test", "scan""#), [], "another name for the same");
        assert_eq!(found(r#""scan", "test""#), []);
        let ruleset = |checks: &str| {
            format!(r#"{{"rules": [{{"required_status_checks": [{{"required_check": [{checks}]}}]}}]}}"#)
        };
        let (one, both) = (r#"{"context": "a"}"#, r#"{"context": "a"}, {"context": "b"}"#);
        let address = "github_repository_ruleset.a";
        assert_eq!(find_in_update(&GUARD, address, &ruleset(both), &ruleset(one), "{}").len(), 1);
    }

    #[test]
    fn a_namespace_that_admits_more_pods_is_seen() {
        let namespace = |label: &str| format!(r#"{{"metadata": [{{"name": "a", "labels": {{{label}}}}}]}}"#);
        let level = |level: &str| namespace(&format!(r#""{ENFORCED_LEVEL}": "{level}""#));
        let found = |before: &str, after: &str| {
            let found = find_in_update(&GUARD, "kubernetes_namespace_v1.a", before, after, "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            found(&level("restricted"), &level("baseline")),
            ["kubernetes_namespace_v1.a is hardened less than before: the label \
                 `pod-security.kubernetes.io/enforce` changes to `baseline` (was `restricted`)"]
        );
        assert_eq!(found(&level("baseline"), &namespace(r#""team": "a""#)).len(), 1);
        assert_eq!(found(&level("baseline"), &level("restricted")), Vec::<String>::new());
        assert_eq!(found(&namespace(""), &level("privileged")), Vec::<String>::new());
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

    #[test]
    fn a_longer_time_between_rotations_is_worse() {
        let key =
            |days: u32| format!(r#"{{"enable_key_rotation": true, "rotation_period_in_days": {days}}}"#);
        let found = find_in_update(&GUARD, "aws_kms_key.a", &key(90), &key(365), "{}");
        assert_eq!(
            found[0].message,
            "aws_kms_key.a is hardened less than before: `rotation_period_in_days` is raised from `90` to `365`"
        );
        assert_eq!(find_in_update(&GUARD, "aws_kms_key.a", &key(365), &key(90), "{}"), []);
        assert_eq!(find_in_update(&GUARD, "aws_kms_key.a", &key(0), &key(365), "{}"), []);
        let key = |period: &str| format!(r#"{{"rotation_period": "{period}"}}"#);
        let address = "google_kms_crypto_key.a";
        let found = find_in_update(&GUARD, address, &key("2592000s"), &key("31536000s"), "{}");
        assert_eq!(found.len(), 1);
        assert_eq!(find_in_update(&GUARD, address, &key("31536000s"), &key("2592000s"), "{}"), []);
    }
}
