//! Resolves the paths of a guardrail.

use planguard_guardrail_format::{PathPattern, PatternStep};
use planguard_plan::{Attribute, AttributePath, PathStep, Value, View};

use super::literal::is_empty;

/// The first of several names that is set to something or unknown; failing that the first that is set to
/// something empty. Where none is set, the one of which most is there: that is where it would be set. Without names, the
/// place itself.
pub(super) fn find_first<'p, 's>(view: &View<'p, 's>, paths: &[PathPattern]) -> View<'p, 's> {
    if let [path] = paths {
        return find(view, path);
    }
    let rank = |place: &View<'_, '_>| match place.attribute() {
        Attribute::Known(value) if !is_empty(value) => 0,
        Attribute::Unknown => 0,
        Attribute::Known(_) => 1,
        Attribute::Unset => 2,
    };
    let places = find_all(view, paths);
    // The first of equals is taken.
    let best = places.iter().enumerate().min_by_key(|(_, place)| rank(place));
    match best {
        Some((first, place)) if rank(place) == 2 && paths.len() > 1 => {
            let there = |position: &usize| {
                // What is written as null is the name that the provider has.
                let is_written = places.get(*position).is_some_and(|place| is_written(place));
                (paths.get(*position).map_or(0, |path| steps_there(view, path)), is_written)
            };
            // `max_by_key` takes the last of equals.
            let nearest = (0..places.len()).rev().max_by_key(there).unwrap_or(first);
            places.get(nearest).cloned().unwrap_or_else(|| view.clone())
        }
        Some((_, place)) => place.clone(),
        None => view.clone(),
    }
}

/// Whether a plan has a place, although nothing is set there.
fn is_written(place: &View<'_, '_>) -> bool {
    place.raw().is_some() || place.is_known_after_apply()
}

/// How many of the first steps of a path lead to something that is there.
fn steps_there(view: &View<'_, '_>, path: &PathPattern) -> usize {
    let is_there = |length: &usize| {
        let start = PathPattern(path.0.iter().take(*length).cloned().collect());
        !matches!(find(view, &start).attribute(), Attribute::Unset)
    };
    (1..path.0.len()).take_while(is_there).count()
}

/// The places of all names; without names, the place itself.
pub(super) fn find_all<'p, 's>(view: &View<'p, 's>, paths: &[PathPattern]) -> Vec<View<'p, 's>> {
    if paths.is_empty() {
        return vec![view.clone()];
    }
    paths.iter().map(|path| find(view, path)).collect()
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

/// The place of a path with positions.
pub(crate) fn at<'p, 's>(view: &View<'p, 's>, path: &AttributePath) -> View<'p, 's> {
    path.0.iter().fold(view.clone(), |place, step| match step {
        PathStep::Key(name) => place.key(name),
        PathStep::Index(position) => place.index(*position),
    })
}

/// A block that can occur once is a list of one in plans.
fn into_block<'p, 's>(place: View<'p, 's>) -> View<'p, 's> {
    match place.raw() {
        Some(Value::Array(_)) => place.index(0),
        _ => place,
    }
}

/// The element whose attribute has a value. Where there is none, an unset place; where one may have it, an unknown
/// place.
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
