//! Numbers of which more is safer, or less.

use std::cmp::Ordering;

use planguard_guardrail_format::Quantity;
use planguard_guardrail_format::change::Weaker;
use planguard_plan::{AttributePath, ResourceState};
use planguard_rule::Severity;

use super::ChangeFinding;
use super::compare::{Pair, places_when, shown, sight};
use super::tables::Table;
use crate::engine::quantity;

/// The findings for numbers that are on the weaker side of what they were.
pub(super) fn moved(pair: &Pair<'_>, table: &'static Table, what: &str) -> Vec<ChangeFinding> {
    let numbers = table.periods(&pair.resource.address.resource_type);
    numbers
        .filter_map(|number| {
            let known = |state: &ResourceState<'_>| {
                let root = state.root();
                let places = places_when(&root, &number.attribute, &number.when);
                let mut known: Vec<(Quantity, String, AttributePath)> = places
                    .iter()
                    .filter_map(|place| {
                        Some((quantity(sight(place).known()?)?, shown(place)?, place.path().clone()))
                    })
                    .collect();
                // Of several blocks nobody knows which was which: what counts is what all of them say together.
                known.sort_by(|left, right| {
                    without_end(left.0).compare(without_end(right.0)).unwrap_or(Ordering::Equal)
                });
                known
            };
            let (before, after) = (known(&pair.before), known(&pair.after));
            if before.len() != after.len() {
                return None;
            }
            let (weaker, how) = match number.weaker {
                Weaker::Less => (Ordering::Less, "reduced"),
                Weaker::More => (Ordering::Greater, "raised"),
            };
            let mut moved = before.into_iter().zip(after).filter(|(before, after)| {
                without_end(after.0).compare(without_end(before.0)) != Some(Ordering::Equal)
            });
            let (before, after) = moved.next()?;
            if moved
                .any(|(before, after)| without_end(after.0).compare(without_end(before.0)) != Some(weaker))
            {
                return None;
            }
            // Nothing is rotated every zero days: such a number is not set.
            let was_set = number.weaker == Weaker::Less || !is_zero(before.0);
            let is_enough = number.factor.is_none_or(|factor| is_moved_by(factor, before.0, after.0));
            if !was_set || !is_enough || without_end(after.0).compare(without_end(before.0)) != Some(weaker) {
                return None;
            }
            let what = number.tells.says.as_deref().unwrap_or(what);
            let message = format!(
                "{} {}: `{}` is {how} from {} to {}",
                pair.resource.address, what, after.2, before.1, after.1
            );
            let finding = ChangeFinding::on(pair.resource, message).at(after.2).told(&number.tells);
            let is_small =
                number.factor.is_some_and(|factor| factor < SMALL) && !is_moved_by(LARGE, before.0, after.0);
            Some(if is_small { finding.weighing(Severity::Low) } else { finding })
        })
        .collect()
}

/// Factors below this are reported for what is told early.
const SMALL: f64 = 2.0;

/// The factor from which on such a number does not guard any more.
const LARGE: f64 = 5.0;

/// A number below zero means that there is no limit.
fn without_end(quantity: Quantity) -> Quantity {
    match quantity {
        Quantity::Number(number) if number < 0.0 => Quantity::Number(f64::INFINITY),
        other => other,
    }
}

/// Whether one number is at least so many times the other.
fn is_moved_by(factor: f64, before: Quantity, after: Quantity) -> bool {
    let plain = |quantity: Quantity| match without_end(quantity) {
        Quantity::Number(number) | Quantity::Seconds(number) => number,
    };
    let (before, after) = (plain(before), plain(after));
    before.max(after) >= factor * before.min(after)
}

fn is_zero(quantity: Quantity) -> bool {
    quantity == Quantity::Number(0.0) || quantity == Quantity::Seconds(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::hardening_off::GUARD;
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn a_session_that_lasts_longer_is_weaker() {
        let role = |seconds: u32| format!(r#"{{"max_session_duration": {seconds}}}"#);
        let found = |before, after| {
            let found = find_in_update(&GUARD, "aws_iam_role.a", &role(before), &role(after), "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            found(3600, 43200),
            [
                "aws_iam_role.a is hardened less than before: `max_session_duration` is raised from `3600` to `43200`"
            ]
        );
        assert!(found(43200, 3600).is_empty());
        let weight = find_in_update(&GUARD, "aws_iam_role.a", &role(3600), &role(43200), "{}")[0].severity;
        assert_eq!(weight, Some(planguard_rule::Severity::Low), "a longer session gives nobody more rights");
    }

    #[test]
    fn a_limit_of_requests_that_is_raised_is_told_by_its_factor() {
        let acl = |limits: &[u32]| {
            let rules: Vec<String> = limits
                .iter()
                .map(|limit| {
                    format!(r#"{{"name": "r{limit}", "statement": [{{"rate_based_statement": [{{"limit": {limit}}}]}}]}}"#)
                })
                .collect();
            format!(r#"{{"rule": [{}]}}"#, rules.join(","))
        };
        let found = |before: &[u32], after: &[u32]| {
            let found = find_in_update(&GUARD, "aws_wafv2_web_acl.a", &acl(before), &acl(after), "{}");
            found.into_iter().map(|finding| finding.severity).collect::<Vec<_>>()
        };
        assert_eq!(found(&[2000], &[2_000_000]), [None]);
        assert_eq!(found(&[2000], &[4000]), [Some(Severity::Low)]);
        assert_eq!(found(&[2000], &[2500]), []);
        assert_eq!(found(&[4000], &[2000]), []);
        assert_eq!(found(&[100, 2000], &[2_000_000, 100]), [None], "the order of rules means nothing");
        assert_eq!(found(&[100, 2000], &[50, 20_000]), [], "one is stricter, and nobody knows which");
        assert_eq!(found(&[100, 2000], &[2000, 100]), []);
    }

    #[test]
    fn other_providers_limit_requests_and_passwords_too() {
        for (address, of) in [
            ("aws_api_gateway_usage_plan.a", r#"{"throttle_settings": [{"rate_limit": N}]}"#),
            (
                "azurerm_web_application_firewall_policy.a",
                r#"{"custom_rules": [{"rate_limit_threshold": N}]}"#,
            ),
            (
                "google_compute_security_policy.a",
                r#"{"rule": [{"rate_limit_options": [{"rate_limit_threshold": [{"count": N}]}]}]}"#,
            ),
            (
                "keycloak_realm.a",
                r#"{"security_defenses": [{"brute_force_detection": [{"max_login_failures": N}]}]}"#,
            ),
        ] {
            let (few, many) = (of.replace('N', "10"), of.replace('N', "10000"));
            assert_eq!(find_in_update(&GUARD, address, &few, &many, "{}").len(), 1, "{address}");
            assert_eq!(find_in_update(&GUARD, address, &many, &few, "{}"), [], "{address}");
        }
    }
}
