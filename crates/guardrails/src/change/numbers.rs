//! Numbers of which more is safer, or less.

use std::cmp::Ordering;

use planguard_guardrail_format::Quantity;
use planguard_guardrail_format::change::Weaker;
use planguard_plan::ResourceState;

use super::ChangeFinding;
use super::compare::{Pair, places_when, shown, sight};
use super::tables::Table;
use crate::engine::quantity;

/// The findings for numbers that are on the weaker side of what they were.
pub(super) fn moved(pair: &Pair<'_>, table: &'static Table, what: &str) -> Vec<ChangeFinding> {
    let numbers = table.periods(&pair.resource.address.resource_type);
    numbers
        .filter_map(|number| {
            // Of several blocks one may have the number, and the others something else.
            let known = |state: &ResourceState<'_>| {
                let root = state.root();
                let places = places_when(&root, &number.attribute, &number.when);
                let mut known = places.iter().filter(|place| sight(place).known().is_some());
                match (known.next(), known.next()) {
                    (Some(place), None) => {
                        Some((quantity(sight(place).known()?)?, shown(place)?, place.path().clone()))
                    }
                    _ => None,
                }
            };
            let (before, after) = (known(&pair.before)?, known(&pair.after)?);
            let (weaker, how) = match number.weaker {
                Weaker::Less => (Ordering::Less, "reduced"),
                Weaker::More => (Ordering::Greater, "raised"),
            };
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
            Some(ChangeFinding::on(pair.resource, message).at(after.2).told(&number.tells))
        })
        .collect()
}

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
    }
}
