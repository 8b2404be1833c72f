//! Both sides of the objects that exist before and after a plan, and their attributes.

use std::collections::BTreeMap;

use planguard_plan::{
    Address, Attribute, AttributePath, Mode, PathStep, Plan, ResourceChange, ResourceState, Side, Value, View,
};

/// An object that exists before and after: updated in-place, replaced, or moved and updated.
pub(super) struct Pair<'p> {
    /// The change.
    pub(super) resource: &'p ResourceChange<'p>,
    /// The object as it is.
    pub(super) before: ResourceState<'p>,
    /// The object as it will be.
    pub(super) after: ResourceState<'p>,
}

/// The managed objects that a plan changes and that exist on both sides.
pub(super) fn pairs<'p>(plan: &'p Plan<'p>) -> impl Iterator<Item = Pair<'p>> {
    pairs_of(plan, &plan.resource_changes)
}

/// Objects of a section that exist on both sides and differ. Deposed objects have no other side.
pub(super) fn pairs_of<'p>(
    plan: &'p Plan<'p>,
    section: &'p [ResourceChange<'p>],
) -> impl Iterator<Item = Pair<'p>> {
    let changed = section.iter().filter(|resource| {
        resource.address.mode == Mode::Managed
            && resource.deposed.is_none()
            && !resource.change.actions.is_no_op()
    });
    changed.filter_map(|resource| {
        let before = ResourceState::new(plan, resource, Side::Before)?;
        let after = ResourceState::new(plan, resource, Side::After)?;
        Some(Pair { resource, before, after })
    })
}

/// The only instance of a block that is created, with the only one that is destroyed: a list of values that are keys of
/// `for_each` has another value in the place of one.
pub(super) fn rekeyed<'p>(plan: &'p Plan<'p>) -> Vec<Pair<'p>> {
    let mut blocks: BTreeMap<String, (Vec<&'p ResourceChange<'p>>, Vec<&'p ResourceChange<'p>>)> =
        BTreeMap::new();
    for resource in &plan.resource_changes {
        let (address, actions) = (&resource.address, &resource.change.actions);
        let is_instance = address.mode == Mode::Managed && address.key.is_some();
        if !is_instance || resource.deposed.is_some() || actions.creates() == actions.deletes() {
            continue;
        }
        let block = Address { key: None, ..address.clone() };
        let (destroyed, created) = blocks.entry(block.to_string()).or_default();
        if actions.creates() { created.push(resource) } else { destroyed.push(resource) }
    }
    let pairs = blocks.into_values().filter_map(|instances| match instances {
        (destroyed, created) if destroyed.len() == 1 && created.len() == 1 => {
            let resource = *created.first()?;
            let before = ResourceState::new(plan, destroyed.first()?, Side::Before)?;
            let after = ResourceState::new(plan, resource, Side::After)?;
            Some(Pair { resource, before, after })
        }
        _ => None,
    });
    pairs.collect()
}

/// The managed objects that are destroyed and not replaced. Deposed objects are left out.
pub(super) fn destroyed<'p>(plan: &'p Plan<'p>) -> impl Iterator<Item = &'p ResourceChange<'p>> {
    plan.resource_changes.iter().filter(|resource| {
        resource.address.mode == Mode::Managed
            && resource.change.actions.only_deletes()
            && resource.deposed.is_none()
    })
}

/// What a plan says of a place when two sides are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sight<'p> {
    /// The value.
    Known(&'p Value<'p>),
    /// Configured, and known only after apply.
    Unknown,
    /// Not configured, and known only after apply: the provider fills it in, usually with the present value.
    Computed,
    /// Absent or null.
    Unset,
}

impl<'p> Sight<'p> {
    /// The value, where the plan has it.
    pub(super) const fn known(self) -> Option<&'p Value<'p>> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown | Self::Computed | Self::Unset => None,
        }
    }
}

/// What the plan says of a place.
pub(super) fn sight<'p>(view: &View<'p, '_>) -> Sight<'p> {
    match view.attribute() {
        Attribute::Known(value) => Sight::Known(value),
        Attribute::Unknown => Sight::Unknown,
        Attribute::Unset => {
            let state = view.state();
            let marked = match state.side {
                Side::Before => false,
                Side::After => {
                    state.change.change.after_unknown.as_ref().is_some_and(|m| marks(m, view.path()))
                }
            };
            if marked { Sight::Computed } else { Sight::Unset }
        }
    }
}

/// Whether a mask marks a place as a whole.
fn marks(mask: &Value<'_>, path: &AttributePath) -> bool {
    let mut mask = mask;
    for step in &path.0 {
        if *mask == Value::Bool(true) {
            return true;
        }
        let next = match step {
            PathStep::Key(name) => mask.get(name),
            PathStep::Index(position) => mask.elements().get(*position),
        };
        let Some(next) = next else { return false };
        mask = next;
    }
    *mask == Value::Bool(true)
}

/// The value at a place as messages show it: a boolean, a number or a short text, in backticks. `None` where
/// there is none, where it is sensitive, and where it is too long to help.
pub(super) fn shown(place: &View<'_, '_>) -> Option<String> {
    const LONGEST: usize = 80;
    if place.is_sensitive() {
        return None;
    }
    match sight(place) {
        Sight::Known(Value::Bool(flag)) => Some(format!("`{flag}`")),
        Sight::Known(Value::Number(number)) => Some(format!("`{number}`")),
        Sight::Known(Value::String(text)) if !text.is_empty() && text.len() <= LONGEST => {
            Some(format!("`{text}`"))
        }
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => None,
    }
}

/// Every place that names lead to, through each element of the lists on the way.
///
/// Where a list on the way is empty, unset or unknown as a whole, the one place that results says so.
pub(super) fn places<'p, 's>(root: &View<'p, 's>, names: &[impl AsRef<str>]) -> Vec<View<'p, 's>> {
    let mut places = vec![root.clone()];
    for (depth, name) in names.iter().enumerate() {
        let last = depth + 1 == names.len();
        let stepped = places.iter().map(|place| place.key(name.as_ref()));
        places = if last { stepped.collect() } else { stepped.flat_map(|place| blocks(&place)).collect() };
    }
    places
}

/// The elements of a list of blocks; the list itself where it has none to go through.
fn blocks<'p, 's>(list: &View<'p, 's>) -> Vec<View<'p, 's>> {
    match list.elements() {
        Some(elements) if !elements.is_empty() => elements,
        Some(_) | None => vec![list.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_after<T>(text: &str, test: impl FnOnce(View<'_, '_>) -> T) -> T {
        let plan = Plan::parse(text).unwrap();
        let pair = pairs(&plan).next().unwrap();
        test(pair.after.root())
    }

    fn plan(after: &str, unknown: &str, expressions: &str) -> String {
        format!(
            r#"{{"format_version": "1.2", "resource_changes": [{{"address": "aws_x.a", "change": {{
                "actions": ["update"], "before": {{}}, "after": {after}, "after_unknown": {unknown}}}}}],
            "configuration": {{"root_module": {{"resources": [
                {{"mode": "managed", "type": "aws_x", "name": "a", "expressions": {expressions}}}]}}}}}}"#
        )
    }

    #[test]
    fn what_the_provider_fills_in_is_neither_unset_nor_unknown() {
        let text = plan(
            r#"{"gone": null, "b": [{}]}"#,
            r#"{"filled": true, "asked": true, "b": [{"filled": true}]}"#,
            r#"{"asked": {"references": ["aws_x.a.id", "aws_x.a"]}, "b": [{}]}"#,
        );
        with_after(&text, |root| {
            assert_eq!(sight(&root.key("filled")), Sight::Computed);
            assert_eq!(sight(&root.key("asked")), Sight::Unknown);
            assert_eq!(sight(&root.key("gone")), Sight::Unset);
            assert_eq!(sight(&root.key("absent")), Sight::Unset);
            assert_eq!(sight(&places(&root, &["b", "filled"])[0]), Sight::Computed);
        });
    }

    #[test]
    fn places_go_through_every_block_and_stop_at_none() {
        let text = plan(r#"{"b": [{"c": [{"x": 1}, {"x": 2}]}, {"c": []}], "e": []}"#, "{}", "{}");
        with_after(&text, |root| {
            let paths: Vec<_> =
                places(&root, &["b", "c", "x"]).iter().map(|view| view.path().to_string()).collect();
            assert_eq!(paths, ["b[0].c[0].x", "b[0].c[1].x", "b[1].c.x"]);
            assert_eq!(sight(&places(&root, &["e", "x"])[0]), Sight::Unset);
        });
    }

    #[test]
    fn data_sources_no_ops_and_deposed_objects_are_not_compared() {
        let text = r#"{"format_version": "1.2", "resource_changes": [
            {"address": "data.aws_x.a", "change": {"actions": ["update"], "before": {}, "after": {}}},
            {"address": "aws_x.a", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
            {"address": "aws_x.b", "deposed": "a1", "change": {"actions": ["delete"], "before": {}, "after": null}},
            {"address": "aws_x.c", "change": {"actions": ["delete", "create"], "before": {}, "after": {}}},
            {"address": "aws_x.d", "change": {"actions": ["create"], "before": null, "after": {}}}]}"#;
        let plan = Plan::parse(text).unwrap();
        let compared: Vec<_> = pairs(&plan).map(|pair| pair.resource.address.name.clone()).collect();
        assert_eq!(compared, ["c"]);
    }
}
