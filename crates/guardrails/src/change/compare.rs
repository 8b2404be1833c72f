//! Both sides of the objects that exist before and after a plan, and their attributes.

use planguard_guardrail_format::change::Beside;
use planguard_plan::{
    Attribute, AttributePath, Mode, PathStep, Plan, ResourceChange, ResourceState, Side, Value, View,
};

use super::changes::Changes;
use super::switch::{is_word, texts};

/// An object before and after: updated in-place, replaced, moved and updated, or followed by one that takes its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'p> {
    /// The change; of an object that takes the place of another, its own.
    pub(super) resource: &'p ResourceChange<'p>,
    /// The object as it is.
    pub(super) before: ResourceState<'p>,
    /// The object as it will be.
    pub(super) after: ResourceState<'p>,
}

/// The managed objects that a plan changes and that exist on both sides, and those that another one follows.
pub(super) fn pairs<'a, 'p>(plan: &'a Changes<'p>) -> impl Iterator<Item = Pair<'p>> + use<'a, 'p> {
    // So that the tests of how work grows see who goes through all of them for each of something.
    plan.pairs().iter().copied().inspect(|_| planguard_work::steps(1))
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

/// The managed objects that are destroyed and not replaced. Deposed objects are left out.
pub(super) fn destroyed<'p>(plan: &'p Plan<'p>) -> impl Iterator<Item = &'p ResourceChange<'p>> {
    plan.each_change().filter(|resource| {
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
    shown_up_to(LONGEST, place)
}

/// A scalar as messages show it, unless its text is longer.
pub(super) fn shown_up_to(longest: usize, place: &View<'_, '_>) -> Option<String> {
    if place.is_sensitive() {
        return None;
    }
    match sight(place) {
        Sight::Known(Value::Bool(flag)) => Some(format!("`{flag}`")),
        Sight::Known(Value::Number(number)) => Some(format!("`{number}`")),
        Sight::Known(Value::String(text)) if !text.is_empty() && text.len() <= longest => {
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

/// The same, where something else has to stand beside the place.
pub(super) fn places_when<'p, 's>(
    root: &View<'p, 's>,
    names: &[impl AsRef<str>],
    when: &[Beside],
) -> Vec<View<'p, 's>> {
    let mut places = places(root, names);
    places.retain(|place| when.iter().all(|beside| stands_beside(root, place, beside)));
    places
}

/// Whether something stands beside a place: in the same blocks as far as the ways to both agree.
fn stands_beside(root: &View<'_, '_>, place: &View<'_, '_>, beside: &Beside) -> bool {
    let mut view = root.clone();
    let mut names = beside.attribute.as_slice();
    let mut steps = place.path().0.as_slice();
    while let ([PathStep::Key(step), rest @ ..], [name, others @ ..]) = (steps, names)
        && step == name
        && !others.is_empty()
    {
        (view, steps, names) = (view.key(name), rest, others);
        if let [PathStep::Index(position), rest @ ..] = steps {
            (view, steps) = (view.index(*position), rest);
        }
    }
    places(&view, names).iter().any(|place| {
        let texts = match sight(place) {
            Sight::Known(Value::Bool(flag)) => Some(vec![flag.to_string()]),
            seen => seen.known().and_then(texts),
        };
        texts.iter().flatten().any(|text| beside.words.iter().any(|word| is_word(word, text)))
    })
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
        let pair = pairs(&Changes::new(&plan)).next().unwrap();
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
    fn what_stands_beside_a_place_is_in_the_same_block() {
        let beside = |path: &[&str], word: &str| Beside {
            attribute: path.iter().map(ToString::to_string).collect(),
            words: vec![word.to_owned()],
        };
        let rules = r#"{"name": "n", "rule": [
            {"action": [{"type": "Delete"}], "condition": [{"age": 1}]},
            {"action": [{"type": "Move"}], "condition": [{"age": 2}]}, {"condition": [{"age": 3}]}]}"#;
        with_after(&plan(rules, "{}", "{}"), |root| {
            let found = |beside: Beside| -> Vec<String> {
                let places = places_when(&root, &["rule", "condition", "age"], &[beside]);
                places.iter().map(|place| place.path().to_string()).collect()
            };
            assert_eq!(found(beside(&["rule", "action", "type"], "delete")), ["rule[0].condition[0].age"]);
            assert_eq!(found(beside(&["rule", "condition", "age"], "2")), ["rule[1].condition[0].age"]);
            assert_eq!(found(beside(&["name"], "n")).len(), 3);
            assert_eq!(found(beside(&["name"], "m")), [""; 0]);
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
        let compared: Vec<_> =
            pairs(&Changes::new(&plan)).map(|pair| pair.resource.address.name.clone()).collect();
        assert_eq!(compared, ["c"]);
    }
}
