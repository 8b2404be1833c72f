//! Attributes of data by which it expires: another one in their place deletes what it counts as old.

use planguard_plan::{Plan, ResourceState, Side, Value, View};

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, shown, sight};
use super::twin::created;

/// The finding for a table whose items expire by another attribute than before.
pub(super) fn moved(pair: &Pair<'_>) -> Option<ChangeFinding> {
    match pair.resource.address.resource_type.as_str() {
        "aws_dynamodb_table" => {}
        "google_firestore_field" => return set(&pair.before, &pair.after),
        _ => return None,
    }
    let is_on = |state: &ResourceState<'_>| {
        let places = places(&state.root(), &["ttl", "enabled"]);
        places.first().map(sight) == Some(Sight::Known(&Value::Bool(true)))
    };
    if !is_on(&pair.before) || !is_on(&pair.after) {
        return None;
    }
    let (before, after) = (pair.before.root(), pair.after.root());
    let (old, new) = (places(&before, &WAY), places(&after, &WAY));
    let (old, new) = (old.first()?, new.first()?);
    let name = |place: &View<'_, '_>| {
        Some(sight(place).known()?.as_str().filter(|name| !name.is_empty())?.to_owned())
    };
    if name(old)? == name(new)? {
        return None;
    }
    let (from, to) = (shown(old)?, shown(new)?);
    let message = format!(
        "{} deletes items by another attribute than before: `{}` changes from {from} to {to}, and what is past its time \
         there is deleted",
        pair.resource.address,
        new.path()
    );
    Some(ChangeFinding::on(pair.resource, message).at(new.path().clone()))
}

const WAY: [&str; 2] = ["ttl", "attribute_name"];

/// The findings for new settings by which documents expire that are older than the plan.
pub(super) fn new(plan: &Plan<'_>) -> Vec<ChangeFinding> {
    created(plan)
        .filter(|new| new.address.resource_type == "google_firestore_field")
        .filter_map(|new| {
            let state = ResourceState::new(plan, new, Side::After)?;
            // The documents of a database of the same plan are new as well.
            let name =
                sight(&state.root().key("database")).known().and_then(Value::as_str).unwrap_or("(default)");
            let is_new = created(plan).any(|other| {
                let after = other.change.after.as_deref();
                other.address.resource_type == "google_firestore_database"
                    && after.and_then(|after| after.get("name")?.as_str()) == Some(name)
            });
            let is_known = sight(&state.root().key("database")) != Sight::Unknown;
            has_ttl(&state).filter(|has| *has && is_known && !is_new)?;
            Some(finding(&state))
        })
        .collect()
}

fn set(before: &ResourceState<'_>, after: &ResourceState<'_>) -> Option<ChangeFinding> {
    (!has_ttl(before)? && has_ttl(after)?).then(|| finding(after))
}

fn has_ttl(state: &ResourceState<'_>) -> Option<bool> {
    Some(!state.root().key("ttl_config").elements()?.is_empty())
}

fn finding(state: &ResourceState<'_>) -> ChangeFinding {
    let root = state.root();
    let field = shown(&root.key("field")).unwrap_or_else(|| "a field".to_owned());
    let message = format!(
        "{} begins to delete documents: those whose {field} is past are deleted (`ttl_config`)",
        state.change.address
    );
    ChangeFinding::on(state.change, message).at(root.key("ttl_config").path().clone())
}

#[cfg(test)]
mod tests {
    use super::super::retention_lowered::GUARD;
    use super::super::testing::{find_in_changes, find_in_update};

    #[test]
    fn items_that_expire_by_another_attribute_are_told() {
        let table = |name: &str, is_on: bool| {
            format!(r#"{{"ttl": [{{"attribute_name": "{name}", "enabled": {is_on}}}]}}"#)
        };
        let found = |before: &str, after: &str| {
            let found = find_in_update(&GUARD, "aws_dynamodb_table.a", before, after, "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(
            found(&table("expires_at", true), &table("updated_at", true)),
            [
                "aws_dynamodb_table.a deletes items by another attribute than before: `ttl[0].attribute_name` changes from \
                 `expires_at` to `updated_at`, and what is past its time there is deleted"
            ]
        );
        assert_eq!(found(&table("expires_at", false), &table("updated_at", false)), [""; 0]);
        assert_eq!(found(&table("expires_at", true), &table("expires_at", true)), [""; 0]);
    }

    #[test]
    fn documents_that_begin_to_expire_are_told() {
        let found = |others: &str| {
            let entry = r#"{"address": "google_firestore_field.a", "change": {"actions": ["create"], "before": null,
                "after": {"database": "d", "collection": "orders", "field": "created", "ttl_config": [{}]}}}"#;
            find_in_changes(&GUARD, &format!("{entry}{others}")).len()
        };
        assert_eq!(found(""), 1);
        let database = r#", {"address": "google_firestore_database.a", "change": {"actions": ["create"], "before": null,
            "after": {"name": "d"}}}"#;
        assert_eq!(found(database), 0);
    }
}
