//! Finds new objects that are old ones at another address, where a `moved` block is missing.

use std::collections::HashMap;

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
    plan.resource_changes
        .iter()
        .filter(move |resource| resource.address.mode == Mode::Managed && is_new(&resource.change.actions))
}

/// Pairs of a destroyed object and the new one that a `moved` block would have made of it. No object is in two
/// pairs.
pub(super) fn twins<'p>(
    plan: &'p Plan<'p>,
    old: impl Iterator<Item = &'p ResourceChange<'p>>,
    place: Place,
) -> Vec<(&'p ResourceChange<'p>, &'p ResourceChange<'p>)> {
    let mut newcomers: Vec<Option<&ResourceChange<'_>>> = created(plan).map(Some).collect();
    let mut by_mark: HashMap<(&str, Mark<'_>), Vec<usize>> = HashMap::new();
    for (position, new) in newcomers.iter().enumerate().filter_map(|(at, new)| Some((at, (*new)?))) {
        let Some(mark) = new.change.after.as_deref().and_then(|after| marks(after).next()) else { continue };
        by_mark.entry((&new.address.resource_type, mark)).or_default().push(position);
    }
    let mut pairs = Vec::new();
    for old in old {
        let Some(before) = old.change.before.as_deref() else { continue };
        let block = old.address.configuration_address();
        let lists = marks(before).filter_map(|mark| by_mark.get(&(old.address.resource_type.as_str(), mark)));
        let mut candidates: Vec<usize> = lists.flatten().copied().collect();
        candidates.sort_unstable();
        let twin = candidates.into_iter().find(|position| {
            newcomers[*position].is_some_and(|new| {
                let same_block = new.address.configuration_address() == block;
                let stands = if same_block { Place::SameBlock } else { Place::OtherBlock };
                stands == place && is_twin(old, new)
            })
        });
        pairs.extend(twin.and_then(|position| newcomers[position].take()).map(|new| (old, new)));
    }
    pairs
}

/// The finding for a pair of twins.
pub(super) fn recreated((old, new): (&ResourceChange<'_>, &ResourceChange<'_>)) -> ChangeFinding {
    ChangeFinding::on(old, format!("{} is destroyed and created again as {}", old.address, new.address))
}

/// An attribute with its text, by which a twin is looked up instead of compared with every old object.
type Mark<'v> = (&'v str, &'v str);

/// The marks of an object. Twins share the new one's first, since all that it says agrees.
fn marks<'v>(object: &'v Value<'_>) -> impl Iterator<Item = Mark<'v>> {
    object.members().iter().filter_map(|(name, value)| {
        let text = value.as_str().filter(|text| !text.is_empty())?;
        (!INCIDENTAL.contains(&name.as_ref())).then_some((name.as_ref(), text))
    })
}

/// Whether a new object is planned as the old one is, so that a `moved` block would have kept it.
///
/// All that the plan knows of the new object must agree with the old one: where a name or a range differs,
/// the object would have to be created again in any case.
fn is_twin(old: &ResourceChange<'_>, new: &ResourceChange<'_>) -> bool {
    let (Some(before), Some(after)) = (old.change.before.as_deref(), new.change.after.as_deref()) else {
        return false;
    };
    let told =
        after.members().iter().filter(|(name, value)| !INCIDENTAL.contains(&name.as_ref()) && says(value));
    let mut agreeing = 0;
    for (name, value) in told {
        if !before.get(name).is_some_and(|old| agrees(old, value)) {
            return false;
        }
        // Flags and numbers are mostly defaults, which strangers share.
        if !matches!(value, Value::Bool(_) | Value::Number(_)) {
            agreeing += 1;
        }
    }
    agreeing >= ENOUGH
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
        is_twin(&plan.resource_changes[0], &plan.resource_changes[1])
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
