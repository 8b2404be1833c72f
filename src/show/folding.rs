//! Instances of a block that change alike, as one group.

use std::collections::HashMap;

use planguard_plan::redact::SafeText;

use super::difference::{Body, Entry};
use super::object::Object;

/// The least number of instances that are folded.
const LEAST: usize = 3;

/// Instances of which no more are there are told one by one, if some share a value and others do not.
const FEW: usize = 12;

/// So many ways in which instances of a block change are told apart.
const MOST_SHAPES: usize = 20;

/// Objects that change alike.
#[derive(Clone, Debug)]
pub struct Group {
    /// The first of them. Where the others have other values, its entries say so.
    pub first: Object,
    /// The instance keys of all, if there are several.
    pub keys: Vec<SafeText>,
    /// Each of them, if there are several.
    pub objects: Vec<Object>,
}

/// Folds instances of a block that change alike.
pub(super) fn groups(objects: Vec<Object>) -> Vec<Group> {
    let mut groups: Vec<Vec<Object>> = Vec::new();
    for object in objects {
        // Instances of a block follow each other; one that changes otherwise does not part those around it.
        let mut near = groups.iter_mut().rev().take(MOST_SHAPES);
        match near.find(|group| group.first().is_some_and(|first| is_alike(first, &object))) {
            Some(group) => group.push(object),
            None => groups.push(vec![object]),
        }
    }
    groups.into_iter().flat_map(split).flat_map(folded).collect()
}

/// Takes apart a group in which some objects have a value that others do not have, so that none of them is hidden among the
/// others. A value that is another one in each object, such as a name, stays in the group.
fn split(objects: Vec<Object>) -> Vec<Vec<Object>> {
    let (mut parts, mut rest) = (Vec::new(), objects);
    while rest.len() >= LEAST && parts.len() < MOST_SHAPES {
        match odd(&rest) {
            Odd::None => break,
            Odd::Few => {
                parts.extend(rest.into_iter().map(|object| vec![object]));
                return parts;
            }
            Odd::Value(has_it) => {
                let mut marks = has_it.into_iter();
                let (alike, others): (Vec<_>, Vec<_>) =
                    rest.into_iter().partition(|_| marks.next().unwrap_or_default());
                parts.push(alike);
                rest = others;
            }
        }
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    // In the order of their first objects.
    parts.sort_by(|one, other| {
        let first = |part: &Vec<Object>| part.first().map(|object| object.address.clone());
        first(one).cmp(&first(other))
    });
    parts
}

/// What keeps objects from being told as one.
enum Odd {
    /// Nothing: each value is the same in all, or another one in each.
    None,
    /// So many have the same value in a place that it stands for them, and others do not.
    Value(Vec<bool>),
    /// They are so few that each is better told by itself.
    Few,
}

fn odd(objects: &[Object]) -> Odd {
    let leaves: Vec<Vec<&Body>> = objects.iter().map(|object| leaves(&object.entries)).collect();
    let places = leaves.first().map_or(0, Vec::len);
    let mut is_mixed = false;
    for place in 0..places {
        let mut numbers: HashMap<&Body, usize> = HashMap::new();
        let values = leaves.iter().filter_map(|leaves| leaves.get(place).copied());
        values.for_each(|value| *numbers.entry(value).or_default() += 1);
        if numbers.len() == 1 || numbers.len() == objects.len() {
            continue;
        }
        is_mixed = true;
        let most = numbers.values().copied().max().unwrap_or_default();
        if most >= LEAST {
            // Of two that are as frequent, that of the first object.
            let value = leaves.iter().filter_map(|leaves| leaves.get(place).copied());
            let common = value.clone().find(|value| numbers.get(value) == Some(&most));
            return Odd::Value(value.map(|value| Some(value) == common).collect());
        }
    }
    if is_mixed && objects.len() <= FEW { Odd::Few } else { Odd::None }
}

/// The values of an object that differ, without what holds them.
fn leaves(entries: &[Entry]) -> Vec<&Body> {
    fn of(entry: &Entry) -> Vec<&Body> {
        match &entry.body {
            Body::Members(members) => leaves(&members.entries),
            body => vec![body],
        }
    }
    entries.iter().flat_map(of).collect()
}

fn folded(objects: Vec<Object>) -> Vec<Group> {
    let alone = |object: Object| Group { first: object, keys: Vec::new(), objects: Vec::new() };
    if objects.len() < LEAST {
        return objects.into_iter().map(alone).collect();
    }
    let keys = objects.iter().map(|object| object.key.clone()).collect();
    let mut all = objects.iter();
    let Some(mut first) = all.next().cloned() else { return Vec::new() };
    all.for_each(|other| blend(&mut first.entries, &other.entries));
    vec![Group { first, keys, objects }]
}

impl Group {
    /// Each object by itself, where its values are not those of the others; or else the group.
    pub fn apart(&self) -> Vec<Self> {
        if !leaves(&self.first.entries).contains(&&Body::Varies) {
            return vec![self.clone()];
        }
        let alone = |object: &Object| Self { first: object.clone(), keys: Vec::new(), objects: Vec::new() };
        self.objects.iter().map(alone).collect()
    }
}

/// Whether two objects are instances of one block, and the same is done with the same attributes of both.
fn is_alike(one: &Object, other: &Object) -> bool {
    let is_instance = !one.key.unescaped().is_empty()
        && !other.key.unescaped().is_empty()
        && block(one) == block(other)
        && one.deposed.is_none()
        && other.deposed.is_none();
    is_instance
        && one.deed == other.deed
        && one.reason == other.reason
        && one.moved_from.is_none()
        && other.moved_from.is_none()
        && one.imported_by.is_none()
        && other.imported_by.is_none()
        && have_same_shape(&one.entries, &other.entries)
}

fn block(object: &Object) -> &str {
    let name = object.name.unescaped();
    name.strip_suffix(object.key.unescaped()).unwrap_or(name)
}

/// Whether the same attributes differ in the same way, whatever their values are.
fn have_same_shape(one: &[Entry], other: &[Entry]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| {
            one.name == other.name
                && one.what == other.what
                && one.forces_replacement == other.forces_replacement
                && match (&one.body, &other.body) {
                    (Body::Members(one), Body::Members(other)) => {
                        one.form == other.form && have_same_shape(&one.entries, &other.entries)
                    }
                    (Body::Members(_), _) | (_, Body::Members(_)) => false,
                    (Body::Sensitive, other) | (other, Body::Sensitive) => *other == Body::Sensitive,
                    _ => true,
                }
        })
}

/// Marks the values in which an object of the group is another.
fn blend(entries: &mut [Entry], others: &[Entry]) {
    for (entry, other) in entries.iter_mut().zip(others) {
        match (&mut entry.body, &other.body) {
            (Body::Members(members), Body::Members(others)) => {
                if members.about != others.about {
                    members.about.clear();
                }
                blend(&mut members.entries, &others.entries);
            }
            (body, other) if *body != *other => entry.body = Body::Varies,
            _ => {}
        }
    }
}
