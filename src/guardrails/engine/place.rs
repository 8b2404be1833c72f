//! Finds the places that a guardrail's paths name.

use crate::guardrails::definition::{PathPattern, PatternStep};
use crate::plan::{Attribute, Value, View};

/// The first of several names that is set or unknown; the first name where none is. Without names, the place
/// itself.
pub(super) fn find_first<'p, 's>(view: &View<'p, 's>, paths: &[PathPattern]) -> View<'p, 's> {
    let mut first = None;
    for path in paths {
        let place = find(view, path);
        if place.attribute() != Attribute::Unset {
            return place;
        }
        first.get_or_insert(place);
    }
    first.unwrap_or_else(|| view.clone())
}

/// The place that a path leads to.
pub(super) fn find<'p, 's>(view: &View<'p, 's>, path: &PathPattern) -> View<'p, 's> {
    let mut place = view.clone();
    for step in &path.0 {
        place = match step {
            PatternStep::Key(name) => into_block(place).key(name),
            PatternStep::Select { key, value } => select(&place, key, value),
        };
    }
    place
}

/// A block that can stand once is a list of one in plans.
fn into_block<'p, 's>(place: View<'p, 's>) -> View<'p, 's> {
    match place.raw() {
        Some(Value::Array(_)) => place.index(0),
        _ => place,
    }
}

/// The element with a value in an attribute. Where there is none, a place that is unset; where one may turn
/// out to be it, a place that is unknown.
fn select<'p, 's>(list: &View<'p, 's>, key: &str, value: &str) -> View<'p, 's> {
    let Some(elements) = list.elements() else { return list.clone() };
    let past_the_end = elements.len();
    let mut candidate = None;
    for element in elements {
        match element.key(key).attribute() {
            Attribute::Known(known) if known.as_str() == Some(value) => return element,
            Attribute::Unknown => candidate = Some(element.key(key)),
            Attribute::Known(_) | Attribute::Unset => {}
        }
    }
    candidate.unwrap_or_else(|| list.index(past_the_end))
}
