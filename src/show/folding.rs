//! Instances of a block that change alike, as one group.

use planguard_plan::redact::SafeText;

use super::difference::{Body, Entry};
use super::object::Object;

/// The least number of instances that are folded.
const LEAST: usize = 3;

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

/// Folds instances of a block that follow each other.
pub(super) fn groups(objects: Vec<Object>) -> Vec<Group> {
    let mut groups: Vec<Vec<Object>> = Vec::new();
    for object in objects {
        match groups.last_mut() {
            Some(group) if group.first().is_some_and(|first| is_alike(first, &object)) => group.push(object),
            _ => groups.push(vec![object]),
        }
    }
    groups.into_iter().flat_map(folded).collect()
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
            (Body::Members(members), Body::Members(others)) => blend(&mut members.entries, &others.entries),
            (body, other) if *body != *other => entry.body = Body::Varies,
            _ => {}
        }
    }
}
