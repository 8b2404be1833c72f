//! Tests that compare an attribute with another one, or with the time of the plan.

use planguard_guardrail_format::{Moment, PathPattern, Truth};
use planguard_plan::{Address, Attribute, Mode, ResolvedReference, Value, View};

use super::literal::is_empty;
use super::place;

/// Whether two attributes have the same value; `None` if one of them is not set.
pub(super) fn are_same(
    place: &View<'_, '_>,
    attribute: Attribute<'_>,
    view: &View<'_, '_>,
    other: &PathPattern,
) -> Option<Truth> {
    let other = place::find(view, other);
    match (attribute, other.attribute()) {
        (Attribute::Unset, _) | (_, Attribute::Unset) => None,
        (Attribute::Known(one), _) if is_empty(one) => None,
        (_, Attribute::Known(other)) if is_empty(other) => None,
        (Attribute::Known(one), Attribute::Known(other)) => Some(Truth::of(one == other)),
        (Attribute::Unknown, Attribute::Unknown) => Some(match (whole(place), whole(&other)) {
            (Some(one), Some(other)) if one == other => Truth::True,
            (Some(one), Some(other)) if are_of_two(&one, &other) => Truth::False,
            (Some(_) | None, _) => Truth::Unknown,
        }),
        (Attribute::Unknown, Attribute::Known(_)) | (Attribute::Known(_), Attribute::Unknown) => {
            Some(Truth::Unknown)
        }
    }
}

/// The object that an unknown attribute names by its identifier. What else an expression makes of a reference, a plan
/// does not tell; of an identifier of which more were made, two attributes would rarely have the same.
fn whole(place: &View<'_, '_>) -> Option<ResolvedReference> {
    let mut resolution = place.state().references(place.path())?;
    let is_alone = resolution.resources.len() == 1
        && resolution.constants.is_empty()
        && resolution.variables.is_empty()
        && resolution.unresolved.is_empty();
    let reference = resolution.resources.pop().filter(|_| is_alone)?;
    ["id", "arn", "self_link"].contains(&reference.attribute.as_str()).then_some(reference)
}

/// Whether two references name two objects of one type that the configuration manages, by what no two objects share: the
/// `id` of some types is that of another object.
fn are_of_two(one: &ResolvedReference, other: &ResolvedReference) -> bool {
    let block = |reference: &ResolvedReference| reference.address.parse::<Address>().ok();
    let is_unique =
        |reference: &ResolvedReference| matches!(reference.attribute.as_str(), "arn" | "self_link");
    let both = block(one).zip(block(other));
    both.is_some_and(|(first, second)| {
        is_unique(one)
            && one.attribute == other.attribute
            && [&first, &second].iter().all(|address| address.mode == Mode::Managed)
            && first.resource_type == second.resource_type
            && first != second
    })
}

/// Whether a value is a date before another one; false for what is no date.
pub(super) fn is_before(value: &Value<'_>, date: Moment) -> Truth {
    Truth::of(moment(value).is_some_and(|moment| moment < date))
}

/// Whether a value is a date within so many seconds after the plan was made, or before it. Unknown if the plan does not
/// say when that was.
pub(super) fn expires_within(value: &Value<'_>, seconds: f64, place: &View<'_, '_>) -> Truth {
    let Some(moment) = moment(value) else { return Truth::False };
    let today = place.state().plan.timestamp.as_deref().and_then(Moment::parse);
    today.map_or(Truth::Unknown, |today| Truth::of(moment.seconds_after(today) <= seconds))
}

fn moment(value: &Value<'_>) -> Option<Moment> {
    value.as_str().and_then(Moment::parse)
}
