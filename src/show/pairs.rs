//! Which elements of two lists belong together: the same ones, and then those that are most alike.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::Value;
use similar::{Algorithm, DiffTag, capture_diff_slices};

/// Whether the order of elements means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// A list.
    Kept,
    /// A set.
    None,
}

/// Longer lists are compared as sets: to find the shortest difference takes time with the product of the lengths.
const LONGEST_LIST: usize = 2_000;

/// The most comparisons of elements that differ.
const MOST_COMPARISONS: usize = 10_000;

/// Members that tell objects apart, whatever else is in them.
const NAMES: [&str; 9] = ["Sid", "sid", "name", "Name", "key", "id", "Id", "ID", "rule_number"];

/// A pair of positions: before and after.
type Pair = (Option<usize>, Option<usize>);

/// The elements of two lists in pairs, in the order of the second; every element is in one pair.
pub(super) fn pairs(before: &[Value<'_>], after: &[Value<'_>], order: Order) -> Vec<Pair> {
    let mut numbers = BTreeMap::new();
    let mut number = |value: &Value<'_>| {
        let next = numbers.len();
        *numbers.entry(value.written()).or_insert(next)
    };
    let old: Vec<usize> = before.iter().map(&mut number).collect();
    let new: Vec<usize> = after.iter().map(&mut number).collect();
    let mut partner = if order == Order::Kept && old.len().max(new.len()) <= LONGEST_LIST {
        in_order(&old, &new)
    } else {
        in_any_order(&old, &new)
    };
    same_elsewhere(&old, &new, &mut partner);
    alike(before, after, &mut partner);
    // A block that can be there only once is the same one, however much of it differs.
    if let ([Value::Object(_)], [Value::Object(_)], [only]) = (before, after, partner.as_mut_slice()) {
        *only = Some(0);
    }
    arranged(old.len(), &partner)
}

/// For each position after, the position before that is the same.
fn in_order(old: &[usize], new: &[usize]) -> Vec<Option<usize>> {
    let mut partner = vec![None; new.len()];
    for operation in capture_diff_slices(Algorithm::Myers, old, new) {
        if operation.tag() == DiffTag::Equal {
            for (old, new) in operation.old_range().zip(operation.new_range()) {
                if let Some(place) = partner.get_mut(new) {
                    *place = Some(old);
                }
            }
        }
    }
    partner
}

fn in_any_order(old: &[usize], new: &[usize]) -> Vec<Option<usize>> {
    let mut places: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (position, number) in old.iter().enumerate().rev() {
        places.entry(*number).or_default().push(position);
    }
    new.iter().map(|number| places.get_mut(number)?.pop()).collect()
}

/// Gives elements without a partner one that is the same and stands elsewhere.
fn same_elsewhere(old: &[usize], new: &[usize], partner: &mut [Option<usize>]) {
    let taken: BTreeSet<usize> = partner.iter().flatten().copied().collect();
    let mut places: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (position, number) in old.iter().enumerate().rev().filter(|(position, _)| !taken.contains(position)) {
        places.entry(*number).or_default().push(position);
    }
    for (partner, number) in partner.iter_mut().zip(new).filter(|(partner, _)| partner.is_none()) {
        *partner = places.get_mut(number).and_then(Vec::pop);
    }
}

/// Gives elements without a partner the one that is most like them.
fn alike(before: &[Value<'_>], after: &[Value<'_>], partner: &mut [Option<usize>]) {
    let taken: BTreeSet<usize> = partner.iter().flatten().copied().collect();
    let mut left: Vec<usize> = (0..before.len()).filter(|position| !taken.contains(position)).collect();
    let lonely: Vec<usize> =
        partner.iter().enumerate().filter(|(_, partner)| partner.is_none()).map(|(new, _)| new).collect();
    if left.len() * lonely.len() > MOST_COMPARISONS {
        return;
    }
    for new in lonely {
        let Some(value) = after.get(new) else { continue };
        let scored = left.iter().enumerate().filter_map(|(place, old)| {
            let likeness = likeness(before.get(*old)?, value)?;
            Some((likeness, std::cmp::Reverse(place)))
        });
        if let Some((_, std::cmp::Reverse(place))) = scored.max() {
            let old = left.remove(place);
            if let Some(partner) = partner.get_mut(new) {
                *partner = Some(old);
            }
        }
    }
}

/// How much two objects are alike; `None` if they are two different ones.
fn likeness(old: &Value<'_>, new: &Value<'_>) -> Option<usize> {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return None };
    let is_text = |value: &&Value<'_>| matches!(value, Value::String(_) | Value::Number(_));
    let names = NAMES.into_iter().filter_map(|name| {
        let (left, right) = (old.get(name).filter(is_text)?, new.get(name).filter(is_text)?);
        Some(left == right)
    });
    let names: Vec<bool> = names.collect();
    if names.contains(&true) {
        return Some(usize::MAX);
    }
    if !names.is_empty() {
        return None;
    }
    let is_set = |value: &Value<'_>| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    };
    let set = old.members().iter().filter(|(_, value)| is_set(value));
    let same = set.clone().filter(|(name, value)| new.get(name) == Some(value)).count();
    let all = set.count().max(new.members().iter().filter(|(_, value)| is_set(value)).count());
    (same * 2 >= all && same > 0).then_some(same)
}

/// Pairs in the order of the second list; what has no partner there stands before what is added or came behind it.
fn arranged(old: usize, partner: &[Option<usize>]) -> Vec<Pair> {
    let taken: BTreeSet<usize> = partner.iter().flatten().copied().collect();
    let mut removed = (0..old).filter(|position| !taken.contains(position)).peekable();
    let mut pairs = Vec::with_capacity(old.max(partner.len()));
    for (new, old) in partner.iter().enumerate() {
        let next = partner.iter().skip(new).find_map(|partner| *partner).unwrap_or(usize::MAX);
        while let Some(gone) = removed.next_if(|gone| *gone < next) {
            pairs.push((Some(gone), None));
        }
        pairs.push((*old, Some(new)));
    }
    pairs.extend(removed.map(|gone| (Some(gone), None)));
    pairs
}

/// The pairs, by their places among these, whose elements stand elsewhere: all but the longest row of pairs whose elements
/// are in the same order before and after.
pub(super) fn moved(pairs: &[Pair]) -> BTreeSet<usize> {
    let both: Vec<(usize, usize)> = pairs
        .iter()
        .enumerate()
        .filter_map(|(at, pair)| match pair {
            (Some(old), Some(_)) => Some((at, *old)),
            (None, _) | (_, None) => None,
        })
        .collect();
    // The place of the lowest end of an increasing row of each length, and what stands in front of each element.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous = vec![None; both.len()];
    let old = |place: usize| both.get(place).map(|(_, old)| *old);
    for place in 0..both.len() {
        let length = ends.partition_point(|end| old(*end) < old(place));
        if let Some(previous) = previous.get_mut(place) {
            *previous = length.checked_sub(1).and_then(|shorter| ends.get(shorter).copied());
        }
        match ends.get_mut(length) {
            Some(end) => *end = place,
            None => ends.push(place),
        }
    }
    let row = std::iter::successors(ends.last().copied(), |place| previous.get(*place).copied().flatten());
    let in_row: BTreeSet<usize> = row.collect();
    let out = both.iter().enumerate().filter(|(place, _)| !in_row.contains(place));
    out.map(|(_, (at, _))| *at).collect()
}

/// Whether a member tells objects apart, whatever else is in them.
pub(super) fn is_name(name: &str) -> bool {
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use planguard_plan::DuplicateKeys;
    use proptest::prelude::*;

    use super::*;

    fn pairs_of(before: &str, after: &str, order: Order) -> Vec<Pair> {
        let duplicates = DuplicateKeys::default();
        let read = |text| Value::parse(text, &duplicates).unwrap();
        let (before, after) = (read(before), read(after));
        pairs(before.elements(), after.elements(), order)
    }

    #[test]
    fn the_same_elements_are_pairs_and_like_ones_too() {
        assert_eq!(
            pairs_of("[1, 2, 3]", "[1, 3, 4]", Order::Kept),
            [(Some(0), Some(0)), (Some(1), None), (Some(2), Some(1)), (None, Some(2))]
        );
        assert_eq!(
            pairs_of("[1, 2]", "[1, 3]", Order::Kept),
            [(Some(0), Some(0)), (Some(1), None), (None, Some(1))]
        );
        assert_eq!(pairs_of("[1, 2]", "[2, 1]", Order::None), [(Some(1), Some(0)), (Some(0), Some(1))]);
        assert_eq!(pairs_of("[1, 2]", "[2, 1]", Order::Kept), [(Some(1), Some(0)), (Some(0), Some(1))]);
        assert_eq!(
            pairs_of("[1, 1, 2, 3]", "[3, 1, 4, 1]", Order::Kept),
            [(Some(2), None), (Some(3), Some(0)), (Some(0), Some(1)), (None, Some(2)), (Some(1), Some(3))]
        );
        // One of two statements has another action.
        assert_eq!(
            pairs_of(
                r#"[{"Sid": "a", "Action": "x", "R": 1}, {"Effect": "Allow", "Action": "y", "R": 1}]"#,
                r#"[{"Effect": "Allow", "Action": "z", "R": 1}, {"Sid": "a", "Action": "q", "R": 2}]"#,
                Order::None
            ),
            [(Some(1), Some(0)), (Some(0), Some(1))]
        );
        assert_eq!(pairs_of(r#"[{"a": 1, "b": 2}]"#, r#"[{"a": 3, "b": 4}]"#, Order::None).len(), 1);
        assert_eq!(pairs_of(r#"[{"a": 1}, {"a": 5}]"#, r#"[{"a": 3}, {"a": 4}]"#, Order::None).len(), 4);
    }

    #[test]
    fn what_stands_elsewhere_is_told() {
        for (positions, wanted) in [
            (&[][..], &[][..]),
            (&[0, 1, 2], &[]),
            (&[1, 0], &[0]),
            (&[3, 0, 1, 2], &[0]),
            (&[1, 2, 3, 0], &[3]),
            (&[3, 2, 1, 0], &[0, 1, 2]),
        ] {
            let pairs: Vec<Pair> =
                positions.iter().enumerate().map(|(new, old)| (Some(*old), Some(new))).collect();
            assert_eq!(moved(&pairs), wanted.iter().copied().collect(), "{positions:?}");
        }
        // What is added and removed moves nothing.
        assert_eq!(moved(&[(None, Some(0)), (Some(1), Some(1)), (Some(0), None)]), BTreeSet::new());
    }

    proptest! {
        #[test]
        fn every_element_is_in_one_pair(before in proptest::collection::vec(0_u8..5, 0..12), after in proptest::collection::vec(0_u8..5, 0..12), set: bool) {
            let text = |list: &[u8]| serde_json::to_string(list).unwrap();
            let order = if set { Order::None } else { Order::Kept };
            let pairs = pairs_of(&text(&before), &text(&after), order);
            let mut old: Vec<usize> = pairs.iter().filter_map(|(old, _)| *old).collect();
            old.sort_unstable();
            prop_assert_eq!(old, (0..before.len()).collect::<Vec<_>>());
            let new: Vec<usize> = pairs.iter().filter_map(|(_, new)| *new).collect();
            prop_assert_eq!(new, (0..after.len()).collect::<Vec<_>>());
            for (old, new) in pairs {
                if let (Some(old), Some(new)) = (old, new) {
                    prop_assert_eq!(before[old], after[new]);
                }
            }
        }
    }
}
