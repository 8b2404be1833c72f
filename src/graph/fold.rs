//! Chooses the boxes of a picture for which one box stands: what stays as it is, far from what changes, and what matters least.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::select::{Groups, Name};

/// So many boxes can be read at once; a picture that nobody asked for has no more.
pub(super) const MOST_BOXES: usize = 60;

/// Beside boxes that change, so many that do not can be there without hiding them.
const MOST_UNCHANGED: usize = 12;

/// The boxes to fold into one.
#[derive(Default)]
pub(super) struct Rest {
    pub(super) names: BTreeSet<Name>,
    /// Whether nothing is done in any of them, but elsewhere.
    pub(super) is_unchanged: bool,
    /// Whether some are folded only because there are too many.
    pub(super) is_for_room: bool,
}

/// What to fold of these boxes, given the pairs of which the first depends on the second.
pub(super) fn rest<'n>(groups: &Groups, arrows: impl Iterator<Item = (&'n Name, &'n Name)>) -> Rest {
    let changes = |name: &Name| groups.get(name).is_some_and(|(_, block)| block.changes());
    let (changing, unchanged): (BTreeSet<&Name>, BTreeSet<&Name>) =
        groups.keys().partition(|name| changes(name));
    let mut names: BTreeSet<Name> = BTreeSet::new();
    if !changing.is_empty() && unchanged.len() > MOST_UNCHANGED {
        let beside: BTreeSet<&Name> = arrows
            .filter_map(|(from, to)| match (changing.contains(from), changing.contains(to)) {
                (true, false) => Some(to),
                (false, true) => Some(from),
                (true, true) | (false, false) => None,
            })
            .collect();
        // What is next to a change explains it, unless that is everything.
        let is_kept = |name: &Name| beside.len() <= MOST_UNCHANGED && beside.contains(name);
        names.extend(unchanged.into_iter().filter(|name| !is_kept(name)).cloned());
    }
    let is_unchanged = !names.is_empty();
    let boxes = groups.len() - names.len() + usize::from(is_unchanged);
    if boxes <= MOST_BOXES {
        return Rest { names, is_unchanged, is_for_room: false };
    }
    let mut others: Vec<&Name> = groups.keys().filter(|name| !names.contains(*name)).collect();
    // What does most harm comes first, then where most happens.
    others.sort_by_cached_key(|name| {
        let deeds = groups.get(*name).map(|(_, block)| block.deeds.as_slice()).unwrap_or_default();
        let worst = deeds.iter().map(|(deed, _)| deed.weight() + 1).max().unwrap_or_default();
        let number: usize = deeds.iter().map(|(_, number)| number).sum();
        Reverse((worst, number))
    });
    names.extend(others.into_iter().skip(MOST_BOXES - 1).cloned());
    let is_unchanged = !changing.is_empty() && !names.iter().any(changes);
    Rest { names, is_unchanged, is_for_room: true }
}
