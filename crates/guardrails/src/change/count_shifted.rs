//! Reports elements that left or entered the middle of a `count` list: the objects behind them change places.

use std::collections::BTreeMap;

use planguard_plan::{Address, InstanceKey, Mode, Plan, ResourceChange, Value};
use planguard_rule::Severity;

use super::about::About;
use super::twin::{INCIDENTAL, agrees, says};
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

/// The id of the guard, under which what other guards find about the same objects is told.
pub const SHIFT_GUARD: &str = "change-count-shifted";

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: SHIFT_GUARD,
        title: "An element left or entered the middle of a `count` list",
        severity: Severity::High,
        why: "`count` knows its objects by position. If an element leaves the middle of the list, each object behind it \
              takes the place of the one before: Terraform changes or replaces all of them, and destroys the last one \
              instead of the one that left. An element that enters the middle does the same in the other direction.",
        remediation: "Use `for_each` with a key for each object, or add `moved` blocks from each position to the new one.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_subnet.a[0]", "change": {"actions": ["no-op"], "before": {"cidr_block": "10.0.0.0/24"},
            "after": {"cidr_block": "10.0.0.0/24"}}},
           {"address": "aws_subnet.a[1]", "change": {"actions": ["delete", "create"], "before": {"cidr_block": "10.0.1.0/24"},
            "after": {"cidr_block": "10.0.2.0/24"}, "replace_paths": [["cidr_block"]]}},
           {"address": "aws_subnet.a[2]", "action_reason": "delete_because_count_index",
            "change": {"actions": ["delete"], "before": {"cidr_block": "10.0.2.0/24"}, "after": null}}"#,
        r#"{"address": "aws_subnet.a[0]", "change": {"actions": ["no-op"], "before": {"cidr_block": "10.0.0.0/24"},
            "after": {"cidr_block": "10.0.0.0/24"}}},
           {"address": "aws_subnet.a[1]", "action_reason": "delete_because_count_index",
            "change": {"actions": ["delete"], "before": {"cidr_block": "10.0.1.0/24"}, "after": null}}"#,
    ),
    check,
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    shifts(plan).iter().map(finding).collect()
}

/// A `count` list whose objects change places.
#[derive(Debug)]
pub struct Shift<'p> {
    /// The block, with the keys of its modules.
    pub block: String,
    /// Every object that changes because of it, in the order of positions.
    pub objects: Vec<&'p Address>,
    /// The first object that changes.
    first: &'p ResourceChange<'p>,
    turn: Turn,
    /// How many elements left or entered.
    by: usize,
    /// How many objects of other elements change.
    moved: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Left,
    Entered,
}

/// The lists of a plan whose objects change places.
pub fn shifts<'p>(plan: &'p Plan<'p>) -> Vec<Shift<'p>> {
    let mut lists: BTreeMap<String, BTreeMap<u64, &ResourceChange<'_>>> = BTreeMap::new();
    let managed = plan.resource_changes.iter().filter(|change| change.address.mode == Mode::Managed);
    for change in managed.filter(|change| change.deposed.is_none()) {
        if let Some(InstanceKey::Number(position)) = change.address.key {
            let block = Address { key: None, ..change.address.clone() }.to_string();
            lists.entry(block).or_default().insert(position, change);
        }
    }
    lists
        .into_iter()
        .filter_map(|(block, list)| shift(block, &list.into_values().collect::<Vec<_>>()))
        .collect()
}

/// What shifts in a list of instances, ordered by position.
fn shift<'p>(block: String, list: &[&'p ResourceChange<'p>]) -> Option<Shift<'p>> {
    let count =
        |exists: fn(&ResourceChange<'_>) -> bool| list.iter().take_while(|change| exists(change)).count();
    let (before, after) = (count(|change| change.exists_before()), count(|change| change.exists_after()));
    let common = before.min(after);
    // Lists with holes do not come from `count`.
    if before == after || before.max(after) != list.len() {
        return None;
    }
    let (turn, by) =
        if after < before { (Turn::Left, before - after) } else { (Turn::Entered, after - before) };
    let start = list.iter().take(common).position(|change| !change.change.actions.is_no_op())?;
    let mut moved = 0;
    for position in start..common {
        let neighbour = match turn {
            Turn::Left => position + by,
            // The new elements themselves.
            Turn::Entered if position < start + by => continue,
            Turn::Entered => position - by,
        };
        if !takes_place(list.get(neighbour)?, list.get(position)?) {
            return None;
        }
        moved += 1;
    }
    if turn == Turn::Entered {
        for position in common.max(start + by)..after {
            if !takes_place(list.get(position - by)?, list.get(position)?) {
                return None;
            }
            moved += 1;
        }
    }
    let first = *list.get(start)?;
    let objects = list.get(start..)?.iter().map(|change| &change.address).collect();
    (moved > 0).then_some(Shift { block, objects, first, turn, by, moved })
}

/// Whether an object gets the values of another one: everything that changes about it, and something that matters.
fn takes_place(other: &ResourceChange<'_>, change: &ResourceChange<'_>) -> bool {
    let (Some(from), Some(after)) = (other.change.before.as_deref(), change.change.after.as_deref()) else {
        return false;
    };
    let before = change.change.before.as_deref();
    let changed = after.members().iter().filter(|(name, value)| {
        !INCIDENTAL.contains(&name.as_ref())
            && says(value)
            && before.is_none_or(|before| before.get(name) != Some(value))
    });
    let mut distinctive = 0;
    for (name, value) in changed {
        if !from.get(name).is_some_and(|old| agrees(old, value)) {
            return false;
        }
        // Flags and numbers are mostly defaults, which strangers share.
        distinctive += usize::from(!matches!(value, Value::Bool(_) | Value::Number(_)));
    }
    distinctive > 0
}

fn finding(shift: &Shift<'_>) -> ChangeFinding {
    let Shift { block, objects, first, turn, by, moved } = shift;
    let others = match moved {
        1 => "the object behind it takes".to_owned(),
        moved => format!("the {moved} objects behind it take"),
    };
    let elements = match (turn, by) {
        (Turn::Left, 1) => format!("{} left the middle of the `count` list", first.address),
        (Turn::Left, by) => {
            format!("{} and {} more left the middle of the `count` list", first.address, by - 1)
        }
        (Turn::Entered, 1) => {
            format!("a new element entered the `count` list of {block} at {}", first.address)
        }
        (Turn::Entered, by) => {
            format!("{by} new elements entered the `count` list of {block} at {}", first.address)
        }
    };
    let places = match turn {
        Turn::Left => "the place of the one before",
        Turn::Entered => "the next place",
    };
    let last: Vec<String> = objects
        .iter()
        .rev()
        .take(if *turn == Turn::Left { *by } else { 0 })
        .map(ToString::to_string)
        .collect();
    let destroyed = match last.len() {
        0 => String::new(),
        1 => format!(", and {} is destroyed instead", last.concat()),
        _ => format!(
            ", and {} are destroyed instead",
            last.iter().rev().cloned().collect::<Vec<_>>().join(", ")
        ),
    };
    ChangeFinding::on(first, format!("{elements}: {others} {places}{destroyed}"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    /// A list of users by name, before and after; Terraform updates them in-place.
    fn messages(before: &[&str], after: &[&str]) -> Vec<String> {
        let side = |names: &[&str], position: usize| {
            names.get(position).map_or("null".to_owned(), |name| {
                format!(r#"{{"name": "{name}", "path": "/", "force_destroy": false}}"#)
            })
        };
        let entries: Vec<String> = (0..before.len().max(after.len()))
            .map(|position| {
                let (old, new) = (side(before, position), side(after, position));
                let actions = match (before.get(position), after.get(position)) {
                    (Some(old), Some(new)) if old == new => "no-op",
                    (Some(_), Some(_)) => "update",
                    (Some(_), None) => "delete",
                    (None, _) => "create",
                };
                format!(
                    r#"{{"address": "module.m[\"a\"].aws_iam_user.u[{position}]", "change":
                        {{"actions": ["{actions}"], "before": {old}, "after": {new}}}}}"#
                )
            })
            .collect();
        find_in_changes(&GUARD, &entries.join(",")).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn the_element_that_left_or_entered_is_named() {
        for (before, after, expected) in [
            (
                &["ann", "bob", "cid", "dan"][..],
                &["ann", "cid", "dan"][..],
                "[1] left the middle of the `count` list: the 2 objects behind it take the place of the one before, and \
                 module.m[\"a\"].aws_iam_user.u[3] is destroyed instead",
            ),
            (
                &["ann", "bob", "cid", "dan"],
                &["cid", "dan"],
                "[0] and 1 more left the middle of the `count` list: the 2 objects behind it take the place of the one \
                 before, and module.m[\"a\"].aws_iam_user.u[2], module.m[\"a\"].aws_iam_user.u[3] are destroyed instead",
            ),
        ] {
            let expected = format!("module.m[\"a\"].aws_iam_user.u{expected}");
            assert_eq!(messages(before, after), [expected], "{before:?} {after:?}");
        }
        assert_eq!(
            messages(&["ann", "cid", "dan"], &["ann", "bob", "cid", "dan"]),
            ["a new element entered the `count` list of module.m[\"a\"].aws_iam_user.u at \
              module.m[\"a\"].aws_iam_user.u[1]: the 2 objects behind it take the next place"]
        );
    }

    #[test]
    fn other_changes_of_a_list_are_no_shift() {
        for (before, after) in [
            (&["ann", "bob"][..], &["ann"][..]),
            (&["ann"], &["ann", "bob"]),
            (&["ann", "bob"], &["ann", "eve"]),
            (&["ann", "bob", "cid"], &["ann", "eve"]),
            (&["ann", "bob", "cid"], &["eve", "bob"]),
            (&["ann", "cid"], &["ann", "bob", "eve"]),
        ] {
            assert_eq!(messages(before, after), [""; 0], "{before:?} {after:?}");
        }
    }
}
