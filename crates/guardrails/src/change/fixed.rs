//! Attributes that decide where something goes, or who decides: another value in their place is a change that nothing else
//! shows.

use planguard_guardrail_format::change::Mark;
use planguard_plan::{Address, Value};

use super::ChangeFinding;
use super::changes::Changes;
use super::compare::Pair;
use super::lists::{Element, beyond, elements};
use super::tables::Table;

/// The findings for attributes of a table that have another value than before, where one was set and one will be.
///
/// What moves to an object of the plan is not reported: who reviews the plan sees both.
pub(super) fn changed(
    plan: &Changes<'_>,
    pair: &Pair<'_>,
    table: &'static Table,
    what: &str,
) -> Vec<ChangeFinding> {
    let marked = table.marked(&pair.resource.address.resource_type, Mark::Fixed);
    marked
        .filter_map(|marked| {
            let set = |state| {
                let mut elements = elements(state, &marked.attribute)?;
                elements.retain(
                    |(value, _): &Element<'_>| !matches!(value, Value::String(text) if text.is_empty()),
                );
                Some(elements)
            };
            let (before, after) = (set(&pair.before)?, set(&pair.after)?);
            let (lost, gained) = (beyond(&before, &after), beyond(&after, &before));
            if lost.is_empty()
                || gained.is_empty()
                || gained.iter().any(|new| is_of_plan(plan, &pair.resource.address, new))
            {
                return None;
            }
            let what = marked.tells.says.as_deref().unwrap_or(what);
            let name = marked.attribute.last()?;
            let message = format!(
                "{} {what}: `{name}` changes from {} to {}",
                pair.resource.address,
                lost.join(", "),
                gained.join(", ")
            );
            Some(ChangeFinding::on(pair.resource, message).told(&marked.tells))
        })
        .collect()
}

/// Whether a value, as messages show it, is how other objects of a plan are called.
fn is_of_plan(plan: &Changes<'_>, own: &Address, shown: &str) -> bool {
    plan.called(shown.trim_matches('`')).iter().any(|change| change.address != *own)
}

#[cfg(test)]
mod tests {
    use super::super::audit_trail_weakened::GUARD;
    use super::super::testing::find_in_update;

    #[test]
    fn only_another_value_in_the_place_of_one_is_a_change() {
        let found = |before: &str, after: &str| {
            let trail = |bucket: &str| format!(r#"{{"name": "t", "s3_bucket_name": {bucket}}}"#);
            find_in_update(&GUARD, "aws_cloudtrail.t", &trail(before), &trail(after), "{}").len()
        };
        assert_eq!(found(r#""trail""#, r#""other""#), 1);
        for (before, after) in [(r#""trail""#, r#""trail""#), ("null", r#""trail""#), (r#""""#, r#""trail""#)]
        {
            assert_eq!(found(before, after), 0, "{before} {after}");
        }
    }
}
