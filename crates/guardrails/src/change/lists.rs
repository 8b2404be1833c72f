//! Lists whose elements each guard something, or are each exempt from a guard.

use std::collections::{BTreeMap, HashSet};

use planguard_guardrail_format::change::{Mark, MarkedAttribute};
use planguard_plan::{ResourceState, Value};

use super::changes::Changes;
use super::compare::{Pair, Sight, places, shown, shown_up_to, sight};
use super::tables::Table;
use super::{ChangeFinding, fixed};

/// What a message says of a resource and of its list.
pub(super) struct Wording {
    /// Of the resource, for example `is hardened less than before`.
    pub(super) what: &'static str,
    /// Of a list that loses elements, for example `no longer requires`.
    pub(super) lost: &'static str,
    /// Of a list of exceptions that gains elements, for example `now exempts`.
    pub(super) gained: &'static str,
}

/// The findings for the lists of a table that lose requirements, or gain exceptions.
pub(super) fn changed(
    plan: &Changes<'_>,
    pair: &Pair<'_>,
    table: &'static Table,
    wording: &Wording,
) -> Vec<ChangeFinding> {
    let resource_type = &pair.resource.address.resource_type;
    let lists =
        [Mark::Requirements, Mark::Exceptions].into_iter().flat_map(|mark| table.marked(resource_type, mark));
    lists
        .filter_map(|list| finding(pair, list, wording))
        .chain(fixed::changed(plan, pair, table, wording.what))
        .collect()
}

/// The finding for a list of requirements that loses some and gains none, since another name may be the same check, or for
/// a list of exceptions that gains some and loses none.
fn finding(pair: &Pair<'_>, marked: &MarkedAttribute, wording: &Wording) -> Option<ChangeFinding> {
    let list = &marked.attribute;
    if let (Some(old), Some(new)) = (map(&pair.before, list), map(&pair.after, list)) {
        return of_map(pair, marked, wording, &old, &new);
    }
    let before = elements(&pair.before, list)?;
    let after = elements(&pair.after, list)?;
    let (lost, gained) = (beyond(&before, &after), beyond(&after, &before));
    let (changed, verb) = match marked.mark {
        // A list that is gone as a whole is a switch.
        Mark::Requirements if gained.is_empty() => (lost, wording.lost),
        Mark::Exceptions if lost.is_empty() => (gained, wording.gained),
        _ => return None,
    };
    // Flags are what a filter asks for, and no names of what is required.
    let is_flag = |shown: &String| matches!(shown.as_str(), "`true`" | "`false`");
    if changed.iter().all(is_flag) {
        return None;
    }
    let name = list.last()?;
    let what = marked.tells.says.as_deref().unwrap_or(wording.what);
    let message = format!("{} {what}: `{name}` {verb} {}", pair.resource.address, changed.join(", "));
    Some(ChangeFinding::on(pair.resource, message).told(&marked.tells))
}

/// The texts of a map at a path by their keys, as messages show them; `None` where there is a list, or nothing known.
fn map(state: &ResourceState<'_>, path: &[String]) -> Option<BTreeMap<String, (String, Option<String>)>> {
    let places = places(&state.root(), path);
    let [place] = places.as_slice() else { return None };
    let members = match sight(place) {
        Sight::Known(Value::Object(object)) => object.members(),
        Sight::Known(Value::Null) | Sight::Unset => &[],
        Sight::Known(_) | Sight::Unknown | Sight::Computed => return None,
    };
    let texts = members.iter().filter_map(|(name, value)| {
        let text = value.as_str().filter(|text| !text.is_empty())?;
        Some((name.to_string(), (text.to_owned(), shown(&place.key(name)))))
    });
    Some(texts.collect())
}

/// The finding for a map of requirements that loses some, or in which any text meets one that only some met.
fn of_map(
    pair: &Pair<'_>,
    marked: &MarkedAttribute,
    wording: &Wording,
    old: &BTreeMap<String, (String, Option<String>)>,
    new: &BTreeMap<String, (String, Option<String>)>,
) -> Option<ChangeFinding> {
    if marked.mark != Mark::Requirements {
        return None;
    }
    let name = marked.attribute.last()?;
    let mut weaker: Vec<String> = Vec::new();
    for (key, (text, from)) in old {
        match new.get(key) {
            None => weaker.push(format!("`{name}` {} `{key}`", wording.lost)),
            Some((wider, to)) if wider.contains('*') && !text.contains('*') => {
                weaker.push(match (from, to) {
                    (Some(from), Some(to)) => format!("`{name}.{key}` changes from {from} to {to}"),
                    _ => format!("`{name}.{key}` changes to a weaker value"),
                })
            }
            Some(_) => {}
        }
    }
    let what = marked.tells.says.as_deref().unwrap_or(wording.what);
    (!weaker.is_empty()).then(|| {
        let message = format!("{} {what}: {}", pair.resource.address, weaker.join(", "));
        ChangeFinding::on(pair.resource, message).told(&marked.tells)
    })
}

/// An element with its text as messages show it.
pub(super) type Element<'p> = (&'p Value<'p>, Option<String>);

/// The elements of one list that another does not have, as messages show them.
pub(super) fn beyond(list: &[Element<'_>], other: &[Element<'_>]) -> Vec<String> {
    if list.iter().map(|(value, _)| value).eq(other.iter().map(|(value, _)| value)) {
        return Vec::new();
    }
    let other: HashSet<String> = other.iter().map(|(own, _)| own.written()).collect();
    planguard_work::steps(list.len() + other.len());
    let only = list.iter().filter(|(value, _)| !other.contains(&value.written()));
    only.map(|(_, shown)| shown.clone().unwrap_or_else(|| "one of them".to_owned())).collect()
}

/// The elements of one side; `None` if some are known only after apply.
pub(super) fn elements<'p>(state: &ResourceState<'p>, list: &[String]) -> Option<Vec<Element<'p>>> {
    /// What is beside the difference of two texts tells which it is: a pattern is longer than a word.
    const LONGEST: usize = 240;
    let mut found = Vec::new();
    for place in places(&state.root(), list) {
        match sight(&place) {
            Sight::Known(Value::Array(_)) => {
                for element in place.elements()? {
                    found.push((sight(&element).known()?, shown_up_to(LONGEST, &element)));
                }
            }
            Sight::Known(value) => found.push((value, shown_up_to(LONGEST, &place))),
            Sight::Unset => {}
            Sight::Unknown | Sight::Computed => return None,
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::super::access_restriction_removed::GUARD;
    use super::super::testing::find_in_update;

    fn found(kind: &str, list: &str, before: &str, after: &str) -> Vec<String> {
        let rule = |values: &str| format!(r#"{{"rules": [{{"deny_rule": [{{"{list}": [{values}]}}]}}]}}"#);
        let found = find_in_update(&GUARD, kind, &rule(before), &rule(after), "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_refusal_that_goes_and_an_exception_that_comes_are_named() {
        let policy = "google_iam_deny_policy.a";
        assert_eq!(
            found(policy, "denied_permissions", r#""a", "b""#, r#""a""#),
            ["google_iam_deny_policy.a can be reached by more than before: \
              `denied_permissions` no longer contains `b`"]
        );
        assert_eq!(
            found(policy, "exception_principals", r#""a""#, r#""a", "b""#),
            [
                "google_iam_deny_policy.a can be reached by more than before: `exception_principals` now contains `b`"
            ]
        );
        assert!(found(policy, "denied_permissions", r#""a""#, r#""a", "b""#).is_empty());
        assert!(found(policy, "exception_principals", r#""a", "b""#, r#""b""#).is_empty());
        assert!(
            found(policy, "exception_principals", r#""a""#, r#""b""#).is_empty(),
            "another name for the same"
        );
    }
}
