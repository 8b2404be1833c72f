//! Reports elements that left or entered the middle of a list of objects or of modules: those behind them change places.

use std::collections::BTreeMap;

use planguard_plan::{Address, InstanceKey, Mode, Plan, ResourceChange, Value};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
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

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    shifts(plan).iter().map(finding).collect()
}

/// A list whose objects change places: the instances of a block, or of a module.
#[derive(Debug)]
pub struct Shift<'p> {
    /// The block or the module, with the keys of its modules.
    pub block: String,
    /// Every object that changes because of it, in the order of positions.
    pub objects: Vec<&'p Address>,
    /// The first object that changes.
    first: &'p ResourceChange<'p>,
    list: List,
    turn: Turn,
    /// The key of the first element that changes, as addresses write it.
    at: String,
    /// The keys of the last elements, which are destroyed instead of those that left.
    last: Vec<String>,
    /// How many elements left or entered.
    by: usize,
    /// How many other elements change.
    moved: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Left,
    Entered,
}

/// What makes a list, and what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct List {
    keys: Keys,
    elements: Elements,
}

/// What gives the elements of a list their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Keys {
    /// `count`.
    Count,
    /// `for_each`, over a map whose keys are the positions in a list.
    Positions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Elements {
    Objects,
    Modules,
}

impl List {
    /// The list as messages call it.
    const fn name(self) -> &'static str {
        match self.keys {
            Keys::Count => "the `count` list",
            Keys::Positions => "the list whose positions are the keys of `for_each`",
        }
    }

    /// What its elements are.
    const fn elements(self) -> (&'static str, &'static str) {
        match self.elements {
            Elements::Objects => ("object", "objects"),
            Elements::Modules => ("instance of the module", "instances of the module"),
        }
    }
}

/// The objects of a list that are the same in each of its elements, by position.
type Positions<'p> = BTreeMap<u64, &'p ResourceChange<'p>>;

/// The lists of a plan whose objects change places.
pub fn shifts<'p>(plan: &'p Plan<'p>) -> Vec<Shift<'p>> {
    let mut lists: BTreeMap<(String, List), BTreeMap<String, Positions<'_>>> = BTreeMap::new();
    let managed = plan.each_change().filter(|change| change.address.mode == Mode::Managed);
    for change in managed.filter(|change| change.deposed.is_none()) {
        let address = &change.address;
        if let Some((keys, position)) = position(address.key.as_ref()) {
            let block = Address { key: None, ..address.clone() }.to_string();
            let list = List { keys, elements: Elements::Objects };
            lists
                .entry((block, list))
                .or_default()
                .entry(String::new())
                .or_default()
                .insert(position, change);
        }
        for (depth, step) in address.modules.iter().enumerate() {
            let Some((keys, position)) = position(step.key.as_ref()) else { continue };
            let (mut outside, inside) =
                (address.modules[..=depth].to_vec(), address.modules[depth + 1..].to_vec());
            if let Some(last) = outside.last_mut() {
                last.key = None;
            }
            let block = outside.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
            let within = Address { modules: inside, ..address.clone() }.to_string();
            let list = List { keys, elements: Elements::Modules };
            lists.entry((block, list)).or_default().entry(within).or_default().insert(position, change);
        }
    }
    lists.into_iter().filter_map(|((block, list), parts)| shift_of_parts(block, list, parts)).collect()
}

/// The position that a key is.
fn position(key: Option<&InstanceKey>) -> Option<(Keys, u64)> {
    match key? {
        InstanceKey::Number(position) => Some((Keys::Count, *position)),
        InstanceKey::Text(text) => {
            let position = text.parse::<u64>().ok().filter(|position| position.to_string() == *text)?;
            Some((Keys::Positions, position))
        }
        InstanceKey::Unknown => None,
    }
}

/// What shifts in a list, by what shifts of each object in its elements. Those of which nothing is known but their
/// position, such as a name that contains it, say nothing.
fn shift_of_parts<'p>(
    block: String,
    list: List,
    parts: BTreeMap<String, Positions<'p>>,
) -> Option<Shift<'p>> {
    let is_list = |positions: &Positions<'_>| match list.keys {
        Keys::Count => true,
        // Other numbers may be keys as well, such as those of accounts.
        Keys::Positions => positions.keys().zip(0..).all(|(position, expected)| *position == expected),
    };
    let parts: Vec<Positions<'_>> = parts.into_values().filter(is_list).collect();
    let shifted: Vec<Part<'_>> = parts.iter().filter_map(shift).collect();
    let first = shifted.iter().min_by_key(|part| part.start)?;
    let agreeing = |part: &&Part<'_>| (part.turn, part.by) == (first.turn, first.by);
    let moved = shifted.iter().filter(agreeing).map(|part| part.moved).max()?;
    let key = |change: &ResourceChange<'_>| match list.elements {
        Elements::Objects => change.address.key.as_ref().map(ToString::to_string),
        Elements::Modules => {
            let depth = block.split(".module.").count();
            change.address.modules.get(depth - 1)?.key.as_ref().map(ToString::to_string)
        }
    };
    let mut objects: Vec<&Address> = Vec::new();
    for positions in &parts {
        let changed = positions.iter().filter(|(_, change)| !change.change.actions.is_no_op());
        let behind = changed.filter(|(position, _)| **position >= first.start);
        // Of an object that does not shift by itself, only what comes and goes with the last element is caused by it.
        let is_part = shift(positions).is_some();
        objects.extend(
            behind
                .filter(|(_, change)| is_part || !(change.exists_before() && change.exists_after()))
                .map(|(_, change)| &change.address),
        );
    }
    let last = first.last.iter().filter_map(|change| key(change)).collect();
    let at = key(first.first)?;
    Some(Shift { objects, first: first.first, list, turn: first.turn, at, last, by: first.by, moved, block })
}

/// What shifts of one object in the elements of a list.
struct Part<'p> {
    start: u64,
    first: &'p ResourceChange<'p>,
    last: Vec<&'p ResourceChange<'p>>,
    turn: Turn,
    by: usize,
    moved: usize,
}

fn shift<'p>(positions: &Positions<'p>) -> Option<Part<'p>> {
    let mut list: Vec<&'p ResourceChange<'p>> = positions.values().copied().collect();
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
    let last = list.split_off(after.min(list.len()));
    let start = *positions.keys().nth(start)?;
    (moved > 0).then_some(Part { start, first, last, turn, by, moved })
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
    let Shift { block, first, list, turn, at, last, by, moved, .. } = shift;
    let (one, many) = list.elements();
    let others = match moved {
        1 => format!("the {one} behind it takes"),
        moved => format!("the {moved} {many} behind it take"),
    };
    let name = list.name();
    let elements = match (turn, by) {
        (Turn::Left, 1) => format!("{block}{at} left the middle of {name}"),
        (Turn::Left, by) => format!("{block}{at} and {} more left the middle of {name}", by - 1),
        (Turn::Entered, 1) => format!("a new element entered {name} of {block} at {block}{at}"),
        (Turn::Entered, by) => format!("{by} new elements entered {name} of {block} at {block}{at}"),
    };
    let places = match turn {
        Turn::Left => "the place of the one before",
        Turn::Entered => "the next place",
    };
    let last: Vec<String> = last.iter().map(|key| format!("{block}{key}")).collect();
    let destroyed = match last.len() {
        0 => String::new(),
        1 => format!(", and {} is destroyed instead", last.concat()),
        _ => format!(", and {} are destroyed instead", last.join(", ")),
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

    /// The instances of a module with a bucket and a queue by name, and a rule that knows its position only.
    fn of_modules(key: fn(usize) -> String, before: &[&str], after: &[&str]) -> (Vec<String>, Vec<String>) {
        let mut entries = Vec::new();
        for position in 0..before.len().max(after.len()) {
            for (object, name) in
                [("aws_s3_bucket.b", "bucket"), ("aws_sqs_queue.q[\"x\"]", "name"), ("aws_x.p", "")]
            {
                let side = |names: &[&str]| match names.get(position) {
                    None => serde_json::Value::Null,
                    Some(_) if name.is_empty() => {
                        serde_json::json!({"name": format!("p-{position}"), "size": names.len()})
                    }
                    Some(value) => serde_json::json!({name: value, "force_destroy": false}),
                };
                let (old, new) = (side(before), side(after));
                let actions = match (old.is_null(), new.is_null()) {
                    (false, true) => ["delete"],
                    (true, _) => ["create"],
                    _ if old == new => ["no-op"],
                    _ => ["update"],
                };
                let address = format!("module.a.module.m[{}].{object}", key(position));
                entries.push(
                    serde_json::json!({"address": address, "change": {"actions": actions, "before": old, "after": new}})
                        .to_string(),
                );
            }
        }
        let text = format!(r#"{{"format_version": "1.2", "resource_changes": [{}]}}"#, entries.join(","));
        let plan = Plan::parse(&text).unwrap();
        let objects =
            shifts(&plan).into_iter().flat_map(|shift| shift.objects).map(ToString::to_string).collect();
        (
            check(&Changes::new(&plan), &ChangeOptions::default())
                .into_iter()
                .map(|finding| finding.message)
                .collect(),
            objects,
        )
    }

    #[test]
    fn an_instance_of_a_module_that_left_is_named_once() {
        let number = |position: usize| position.to_string();
        let (found, objects) = of_modules(number, &["a", "b", "c", "d"], &["a", "c", "d"]);
        assert_eq!(
            found,
            [
                "module.a.module.m[1] left the middle of the `count` list: the 2 instances of the module behind it take the \
              place of the one before, and module.a.module.m[3] is destroyed instead"
            ]
        );
        assert_eq!(
            objects,
            [
                "module.a.module.m[1].aws_s3_bucket.b",
                "module.a.module.m[2].aws_s3_bucket.b",
                "module.a.module.m[3].aws_s3_bucket.b",
                "module.a.module.m[1].aws_sqs_queue.q[\"x\"]",
                "module.a.module.m[2].aws_sqs_queue.q[\"x\"]",
                "module.a.module.m[3].aws_sqs_queue.q[\"x\"]",
                "module.a.module.m[3].aws_x.p",
            ]
        );
        assert_eq!(of_modules(number, &["a", "b", "c"], &["a", "b"]).0, [""; 0]);
        assert_eq!(of_modules(number, &["a", "b"], &["a", "x", "b"]).0.len(), 1);
    }

    #[test]
    fn keys_that_are_positions_shift_like_a_list() {
        let text = |position: usize| format!("\"{position}\"");
        assert_eq!(
            of_modules(text, &["a", "b", "c"], &["b", "c"]).0,
            [
                "module.a.module.m[\"0\"] left the middle of the list whose positions are the keys of `for_each`: the 2 \
              instances of the module behind it take the place of the one before, and module.a.module.m[\"2\"] is \
              destroyed instead"
            ]
        );
        let account = |position: usize| format!("\"11{position}\"");
        assert_eq!(of_modules(account, &["a", "b", "c"], &["b", "c"]).0, [""; 0]);
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
