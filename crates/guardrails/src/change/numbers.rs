//! Numbers of which more is safer, or less.

use std::cmp::Ordering;

use planguard_guardrail_format::change::Weaker;
use planguard_plan::ResourceState;

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, shown, sight};
use super::tables::Table;
use crate::engine::quantity;

/// The findings for numbers that are on the weaker side of what they were.
pub(super) fn moved(pair: &Pair<'_>, table: &'static Table, what: &str) -> Vec<ChangeFinding> {
    let numbers = table.periods(&pair.resource.address.resource_type);
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
            let (weaker, how) = match number.weaker {
                Weaker::Less => (Ordering::Less, "reduced"),
                Weaker::More => (Ordering::Greater, "raised"),
            };
            if after.0.compare(before.0) != Some(weaker) {
                return None;
            }
            let message = format!(
                "{} {}: `{}` is {how} from {} to {}",
                pair.resource.address, what, after.2, before.1, after.1
            );
            Some(ChangeFinding::on(pair.resource, message).at(after.2))
        })
        .collect()
}
