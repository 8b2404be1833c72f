//! Health checks that take answers for healthy which report a failure.

use std::collections::BTreeSet;

use planguard_guardrail_format::change::Mark;
use planguard_plan::{ResourceState, Value};

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, sight};
use super::tables::Table;

/// The findings for the lists of a table that gain status codes of errors.
pub(super) fn loosened(pair: &Pair<'_>, table: &'static Table, what: &str) -> Vec<ChangeFinding> {
    let lists = table.marked(&pair.resource.address.resource_type, Mark::StatusCodes);
    lists
        .filter_map(|list| {
            let before = codes(&pair.before, &list.attribute)?;
            let after = codes(&pair.after, &list.attribute)?;
            let new: BTreeSet<u16> = after.errors.difference(&before.errors).copied().collect();
            if new.is_empty() || before.texts.is_empty() {
                return None;
            }
            let name = list.attribute.last()?;
            let message = format!(
                "{} {what}: `{name}` changes from `{}` to `{}`, so that answers with status {} count as healthy",
                pair.resource.address,
                before.texts.join(","),
                after.texts.join(","),
                ranges(&new)
            );
            Some(ChangeFinding::on(pair.resource, message).told(&list.tells))
        })
        .collect()
}

/// What a list of status codes says.
struct Codes {
    texts: Vec<String>,
    /// The codes from 400 on.
    errors: BTreeSet<u16>,
}

/// The codes of one side; `None` if some are known only after apply, or are written in another way.
fn codes(state: &ResourceState<'_>, list: &[String]) -> Option<Codes> {
    let mut texts: Vec<String> = Vec::new();
    for place in places(&state.root(), list) {
        match sight(&place) {
            Sight::Known(Value::Array(elements)) => {
                texts.extend(elements.iter().filter_map(Value::as_str).map(ToOwned::to_owned));
            }
            Sight::Known(value) => texts.extend(value.as_str().map(ToOwned::to_owned)),
            Sight::Unset => {}
            Sight::Unknown | Sight::Computed => return None,
        }
    }
    texts.retain(|text| !text.is_empty());
    let mut errors = BTreeSet::new();
    for part in texts.iter().flat_map(|text| text.split(',')) {
        let (first, last) = range(part.trim())?;
        errors.extend(first.max(FIRST_ERROR)..=last.min(LAST));
    }
    Some(Codes { texts, errors })
}

const FIRST_ERROR: u16 = 400;
const LAST: u16 = 599;

/// Reads `200`, `200-299` or `2xx`.
fn range(text: &str) -> Option<(u16, u16)> {
    if let Some(hundred) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
        let first = hundred.parse::<u16>().ok()?.checked_mul(100)?;
        return Some((first, first.checked_add(99)?));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

/// Codes as ranges.
fn ranges(codes: &BTreeSet<u16>) -> String {
    let mut found: Vec<(u16, u16)> = Vec::new();
    for code in codes {
        match found.last_mut() {
            Some((_, last)) if *last + 1 == *code => *last = *code,
            _ => found.push((*code, *code)),
        }
    }
    let shown = found.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::resilience_reduced::GUARD;
    use super::super::testing::find_in_update;

    #[test]
    fn errors_that_count_as_healthy_are_named() {
        let found = |before: &str, after: &str| {
            let group = |codes: &str| format!(r#"{{"health_check": [{{"matcher": "{codes}"}}]}}"#);
            let found = find_in_update(&GUARD, "aws_lb_target_group.a", &group(before), &group(after), "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            found("200", "200-499"),
            [
                "aws_lb_target_group.a survives fewer failures than before: `matcher` changes from `200` to `200-499`, so that \
              answers with status 400-499 count as healthy"
            ]
        );
        assert_eq!(found("200-404", "200,404,503").len(), 1);
        for (before, after) in
            [("200", "200-399"), ("200-499", "200"), ("200,404", "404,200"), ("", "200-499")]
        {
            assert!(found(before, after).is_empty(), "{before} {after}");
        }
    }
}
