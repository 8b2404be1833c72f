//! Finds new objects that are old ones at another address, where a `moved` block is missing.

use std::collections::{BTreeSet, HashMap, HashSet};

use planguard_plan::{Actions, Mode, Plan, ResourceChange, Value};

use super::ChangeFinding;

/// Attributes that do not identify an object: they differ between twins, and agree between strangers.
pub(super) const INCIDENTAL: &[&str] =
    &["tags", "tags_all", "labels", "description", "timeouts", "region", "location"];

/// How many attributes must agree before two objects count as twins.
const ENOUGH: usize = 2;

/// Where the new object of a pair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the block of the old one, under another key.
    SameBlock,
    /// In another block.
    OtherBlock,
}

/// The new objects of a plan: created, not replaced.
pub(super) fn created<'p>(plan: &'p Plan<'p>) -> impl Iterator<Item = &'p ResourceChange<'p>> {
    let is_new = |actions: &Actions| actions.creates() && !actions.deletes() && !actions.forgets();
    plan.each_change()
        .filter(move |resource| resource.address.mode == Mode::Managed && is_new(&resource.change.actions))
}

/// Pairs of a destroyed object and the new one that a `moved` block would have made of it. No object is in two
/// pairs.
///
/// New objects are looked up by all that the plan says of them, so that thousands of rules which differ in a port cost no more
/// than as many that differ in a name.
pub(super) fn twins<'p>(
    plan: &'p Plan<'p>,
    old: impl Iterator<Item = &'p ResourceChange<'p>>,
    place: Place,
) -> Vec<(&'p ResourceChange<'p>, &'p ResourceChange<'p>)> {
    let old: Vec<&ResourceChange<'_>> = old.collect();
    let types: HashSet<&str> = old.iter().map(|old| old.address.resource_type.as_str()).collect();
    if types.is_empty() {
        return Vec::new();
    }
    let mut newcomers = Newcomers::of(
        created(plan).filter(|new| types.contains(new.address.resource_type.as_str())).collect(),
    );
    old.into_iter().filter_map(|old| Some((old, newcomers.take_twin(old, place)?))).collect()
}

/// New objects that have no twin yet.
struct Newcomers<'p> {
    all: Vec<&'p ResourceChange<'p>>,
    /// By their type and the mark that the fewest of the type have. A twin has it as well.
    by_mark: HashMap<Key<'p>, Vec<Alike<'p>>>,
}

/// A type with a mark.
type Key<'p> = (&'p str, Mark<'p>);

/// The places at which a plan says something of an object.
type Places<'p> = Vec<Vec<Step<'p>>>;

/// New objects of which the plan says something at the same places.
struct Alike<'p> {
    places: Places<'p>,
    /// By what it says there.
    by_values: HashMap<String, Waiting>,
}

/// The positions of new objects of which a plan says the same.
#[derive(Default)]
struct Waiting {
    by_block: HashMap<String, BTreeSet<usize>>,
    /// The first position of each block.
    first: BTreeSet<(usize, String)>,
}

/// How many ways to say something are looked through for one mark. Objects of one block say the same things.
const MOST_WAYS: usize = 256;

impl<'p> Newcomers<'p> {
    fn of(all: Vec<&'p ResourceChange<'p>>) -> Self {
        let marks_of = |new: &'p ResourceChange<'p>| {
            let of_type = new.address.resource_type.as_str();
            let after = new.change.after.as_deref();
            after.into_iter().flat_map(marks).map(move |mark| (of_type, mark))
        };
        let mut numbers: HashMap<Key<'_>, usize> = HashMap::new();
        for mark in all.iter().flat_map(|new| marks_of(new)) {
            *numbers.entry(mark).or_default() += 1;
        }
        let mut by_mark: HashMap<Key<'_>, Vec<Alike<'_>>> = HashMap::new();
        let mut ways: HashMap<(Key<'_>, Places<'_>), usize> = HashMap::new();
        for (position, new) in all.iter().enumerate() {
            let rarest = marks_of(new).min_by_key(|mark| numbers.get(mark).copied());
            let (Some(mark), Some(after)) = (rarest, new.change.after.as_deref()) else { continue };
            let Some((places, values)) = said(after) else { continue };
            planguard_work::steps(places.len());
            let alike = by_mark.entry(mark).or_default();
            let way = *ways.entry((mark, places.clone())).or_insert(alike.len());
            if way == alike.len() {
                alike.push(Alike { places, by_values: HashMap::new() });
            }
            if let Some(alike) = alike.get_mut(way) {
                let waiting = alike.by_values.entry(values).or_default();
                waiting.add(position, new.address.configuration_address());
            }
        }
        Self { by_mark, all }
    }

    /// The first new object at such a place that is a twin of a destroyed one. Nobody else gets it.
    fn take_twin(&mut self, old: &'p ResourceChange<'p>, place: Place) -> Option<&'p ResourceChange<'p>> {
        let before = old.change.before.as_deref()?;
        let of_type = old.address.resource_type.as_str();
        let block = old.address.configuration_address();
        let mut found: Option<(usize, Key<'_>, usize, String, String)> = None;
        for mark in marks(before) {
            let ways = self.by_mark.get(&(of_type, mark)).map(Vec::as_slice).unwrap_or_default();
            for (way, alike) in ways.iter().enumerate().take(MOST_WAYS) {
                planguard_work::steps(1);
                let Some(values) = alike.values_of(before) else { continue };
                let Some(waiting) = alike.by_values.get(&values) else { continue };
                let Some((position, from)) = waiting.at(place, &block) else { continue };
                if found.as_ref().is_none_or(|(first, ..)| position < *first) {
                    found = Some((position, (of_type, mark), way, values, from.to_owned()));
                }
            }
        }
        let (position, mark, way, values, from) = found?;
        let waiting = self.by_mark.get_mut(&mark)?.get_mut(way)?.by_values.get_mut(&values)?;
        waiting.remove(position, &from);
        self.all.get(position).copied()
    }
}

impl Alike<'_> {
    /// What an old object says at the places; `None` where it says nothing at one of them.
    fn values_of(&self, old: &Value<'_>) -> Option<String> {
        let mut values = String::new();
        for place in &self.places {
            planguard_work::steps(1);
            let mut value = old;
            for step in place {
                value = match step {
                    Step::Member(name) => value.get(name)?,
                    Step::Element { position, of } => {
                        let Value::Array(elements) = value else { return None };
                        elements.get(*position).filter(|_| elements.len() == *of)?
                    }
                };
            }
            add_leaf(value, &mut values)?;
        }
        Some(values)
    }
}

impl Waiting {
    fn add(&mut self, position: usize, block: String) {
        let own = self.by_block.entry(block.clone()).or_default();
        if own.is_empty() {
            self.first.insert((position, block));
        }
        own.insert(position);
    }

    /// The first position in such a place, with its block.
    fn at(&self, place: Place, block: &str) -> Option<(usize, &str)> {
        match place {
            Place::SameBlock => {
                let (block, own) = self.by_block.get_key_value(block)?;
                Some((*own.first()?, block))
            }
            Place::OtherBlock => {
                let mut others = self.first.iter().filter(|(_, other)| other != block);
                others.next().map(|(position, other)| (*position, other.as_str()))
            }
        }
    }

    /// Takes out the first position of a block.
    fn remove(&mut self, position: usize, block: &str) {
        let Some(own) = self.by_block.get_mut(block) else { return };
        own.remove(&position);
        self.first.remove(&(position, block.to_owned()));
        if let Some(next) = own.first() {
            self.first.insert((*next, block.to_owned()));
        }
    }
}

/// A step to a place in the values of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step<'v> {
    Member(&'v str),
    /// An element of a list of so many.
    Element {
        position: usize,
        of: usize,
    },
}

/// The places at which a new object says something, and what it says there; `None` if that is too little to know it by.
///
/// All that the plan knows of the new object must agree with the old one: where a name or a range differs, the object would
/// have to be created again in any case.
fn said<'v>(after: &'v Value<'_>) -> Option<(Places<'v>, String)> {
    let told =
        after.members().iter().filter(|(name, value)| !INCIDENTAL.contains(&name.as_ref()) && says(value));
    let (mut places, mut values) = (Vec::new(), String::new());
    let mut agreeing = 0;
    for (name, value) in told {
        // Flags and numbers are mostly defaults, which strangers share.
        agreeing += usize::from(!matches!(value, Value::Bool(_) | Value::Number(_)));
        add_places(value, &mut vec![Step::Member(name)], &mut places, &mut values);
    }
    (agreeing >= ENOUGH).then_some((places, values))
}

/// Adds the places below one at which a value says something; values known only after apply are skipped.
fn add_places<'v>(
    value: &'v Value<'_>,
    path: &mut Vec<Step<'v>>,
    places: &mut Places<'v>,
    values: &mut String,
) {
    let below: Vec<(Step<'v>, &'v Value<'_>)> = match value {
        Value::Array(elements) => {
            let of = elements.len();
            let steps = elements.iter().enumerate();
            steps.map(|(position, element)| (Step::Element { position, of }, element)).collect()
        }
        Value::Object(object) => {
            object.members().iter().map(|(name, value)| (Step::Member(name.as_ref()), value)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            if add_leaf(value, values).is_some() {
                places.push(path.clone());
            }
            return;
        }
    };
    for (step, value) in below.into_iter().filter(|(_, value)| says(value)) {
        path.push(step);
        add_places(value, path, places, values);
        path.pop();
    }
}

/// Adds a leaf as JSON writes it, on a line of its own. What is no leaf, or is null, says something else.
fn add_leaf(value: &Value<'_>, values: &mut String) -> Option<()> {
    match value {
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            values.push_str(&value.written());
            values.push('\n');
            Some(())
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The finding for a pair of twins.
pub(super) fn recreated((old, new): (&ResourceChange<'_>, &ResourceChange<'_>)) -> ChangeFinding {
    ChangeFinding::on(old, format!("{} is destroyed and created again as {}", old.address, new.address))
}

/// An attribute with its text.
type Mark<'v> = (&'v str, &'v str);

/// The marks of an object. A twin has all those of the new one, since all that it says agrees.
fn marks<'v>(object: &'v Value<'_>) -> impl Iterator<Item = Mark<'v>> {
    object.members().iter().filter_map(|(name, value)| {
        let text = value.as_str().filter(|text| !text.is_empty())?;
        (!INCIDENTAL.contains(&name.as_ref())).then_some((name.as_ref(), text))
    })
}

/// Whether a value is set: null, empty texts and empty collections are not.
pub(super) fn says(value: &Value<'_>) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => elements.iter().any(says),
        Value::Object(object) => object.members().iter().any(|(_, value)| says(value)),
    }
}

/// Whether a planned value fits the present one; values known only after apply are skipped.
pub(super) fn agrees(old: &Value<'_>, new: &Value<'_>) -> bool {
    match (old, new) {
        (_, new) if !says(new) => true,
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| agrees(old, new))
        }
        (Value::Object(old), Value::Object(new)) => new
            .members()
            .iter()
            .all(|(name, new)| !says(new) || old.get(name).is_some_and(|old| agrees(old, new))),
        (old, new) => old == new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twins(before: &str, after: &str) -> bool {
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [
                {{"address": "aws_subnet.a", "change": {{"actions": ["delete"], "before": {before}, "after": null}}}},
                {{"address": "aws_subnet.b", "change": {{"actions": ["create"], "before": null, "after": {after}}}}}]}}"#
        );
        let plan = Plan::parse(&text).unwrap();
        !super::twins(&plan, [&plan.resource_changes[0]].into_iter(), Place::OtherBlock).is_empty()
    }

    #[test]
    fn twins_agree_in_all_that_is_known() {
        let old = r#"{"cidr_block": "10.0.0.0/24", "availability_zone": "a", "id": "s-1", "tags": {"n": "1"}, "o": [{"k": "v", "id": 4}]}"#;
        assert!(twins(
            old,
            r#"{"cidr_block": "10.0.0.0/24", "availability_zone": "a", "tags": {"n": "2"}, "x": null}"#
        ));
        assert!(twins(old, r#"{"cidr_block": "10.0.0.0/24", "o": [{"k": "v"}]}"#));
        assert!(!twins(old, r#"{"cidr_block": "10.0.1.0/24", "availability_zone": "a"}"#));
        assert!(!twins(old, r#"{"cidr_block": "10.0.0.0/24", "availability_zone": "a", "o": [{"k": "w"}]}"#));
    }

    #[test]
    fn too_little_in_common_is_not_enough() {
        assert!(!twins(r#"{"type": "A", "on": true}"#, r#"{"type": "A", "on": true}"#));
        assert!(!twins("{}", "{}"));
    }
}
