//! The types that matter as a whole: what they guard, hold or let in is lost or there with the object.

use planguard_guardrail_format::change::{ChangeTable, Mark};
use serde_json::{Map, Value as Json, json};

use super::marks::{document, of_mark};
use super::{ABOUT_GROUPS, Faults, entry, given, guard_of, object, settings, tables, types_of, with};
use crate::change::testing::find_in_changes;

/// The switches of a type in a table, all of them set to their safe value.
fn guarding(rows: &ChangeTable, resource_type: &str) -> Map<String, Json> {
    let mut all = given(resource_type);
    let own = rows.switches.iter().filter(|row| row.types.iter().any(|name| name == resource_type));
    for row in own.filter(|row| row.entry.attribute.len() == 1) {
        let (safe, _) = settings(&row.entry).swap_remove(0);
        all.extend(object(&row.entry.attribute, safe));
    }
    // A policy guards by what it denies.
    let policies = rows.attributes.iter().filter(|row| row.entry.mark == Mark::PolicyDocument);
    for row in policies.filter(|row| row.types.iter().any(|name| name == resource_type)) {
        let denies = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
        all.extend(object(&row.entry.attribute, document(&denies)));
    }
    all
}

#[test]
fn every_type_of_a_group_is_told() {
    let mut faults = Faults::default();
    for (table, rows) in tables() {
        for row in &rows.groups {
            for resource_type in types_of(row) {
                let mut before = guarding(&rows, resource_type);
                before.extend([("id".to_owned(), json!("own")), ("name".to_owned(), json!("own-name"))]);
                before
                    .extend(row.entry.subject.iter().map(|name| (name.clone(), json!(format!("of-{name}")))));
                let before = Json::Object(before);
                let told = |entries: &str| -> Vec<String> {
                    let found = find_in_changes(guard_of(&table), entries);
                    found.into_iter().map(|finding| finding.message).collect()
                };
                let mut fault = |what: &str| faults.add(&table, row.line, &format!("{resource_type} {what}"));
                let destroyed = entry(resource_type, &["delete"], &before, &Json::Null);
                let created = entry(resource_type, &["create"], &Json::Null, &before);
                match table.as_str() {
                    // A new object of these is what is told.
                    "credential-created" | "exception-created" => {
                        if told(&created).len() != 1 || !told(&destroyed).is_empty() {
                            fault("is not told when it is created");
                        }
                        continue;
                    }
                    "exposure-attached" | "shared-with-account" => {
                        let marked = rows
                            .attributes
                            .iter()
                            .find(|one| one.types.iter().any(|name| name == resource_type));
                        let Some(marked) = marked else {
                            fault("has no attribute in this table");
                            continue;
                        };
                        let path = &marked.entry.attribute;
                        let (_, bad, words, others) = of_mark(marked.entry.mark, resource_type, path);
                        let after = with(resource_type, path, bad, &[]);
                        let found = told(&format!(
                            "{}{others}",
                            entry(resource_type, &["create"], &Json::Null, &after)
                        ));
                        if !found.iter().any(|message| words.iter().all(|word| message.contains(word))) {
                            fault(&format!("is not told when it is created: {found:?}"));
                        }
                        continue;
                    }
                    "iam-widened" => {
                        let own = rows.switches.iter();
                        let mut own = own.filter(|one| one.types.iter().any(|name| name == resource_type));
                        let Some(switch) = own.next() else {
                            fault("has no switch in this table");
                            continue;
                        };
                        let (good, bad) = settings(&switch.entry).swap_remove(0);
                        let created = |value: Json| {
                            let mut after = before.clone();
                            let own = object(&switch.entry.attribute, value);
                            after.as_object_mut().unwrap().extend(own);
                            told(&entry(resource_type, &["create"], &Json::Null, &after)).len()
                        };
                        if (created(good), created(bad)) != (0, 1) {
                            fault("is not told when it is created");
                        }
                        continue;
                    }
                    "resilience-reduced" => {
                        let two = destroyed.replace(".it\"", ".it[1]\"");
                        let one = entry(resource_type, &["no-op"], &before, &before);
                        let one = one.replace(".it\"", ".it[0]\"");
                        if told(&format!("{one}, {two}")).len() != 1 || !told(&two).is_empty() {
                            fault("is not told when one of two is left");
                        }
                        continue;
                    }
                    "destroy-before-create" => {
                        let replaced =
                            |actions: &[&str]| told(&entry(resource_type, actions, &before, &before)).len();
                        if replaced(&["delete", "create"]) != 1 || replaced(&["create", "delete"]) != 0 {
                            fault("is not told when it is destroyed first");
                        }
                        continue;
                    }
                    _ => {}
                }
                let found = told(&destroyed);
                let loss = row.entry.loss.as_deref().unwrap_or("is destroyed");
                // An object of Google's that the provider refuses to destroy while it holds anything loses nothing.
                let refused = found.iter().any(|message| message.contains("the provider refuses unless"));
                if !found.iter().any(|message| message.contains(loss)) && !refused {
                    fault(&format!("is not told with `{loss}` when it is destroyed: {found:?}"));
                }
                if !told(&created).is_empty() {
                    fault("is told when it is created");
                }
                let successor = created.replace(".it\"", ".other\"");
                let is_succeeded = !row.entry.subject.is_empty() || table == "live-name-deleted";
                if is_succeeded && !told(&format!("{destroyed}, {successor}")).is_empty() {
                    fault("is told though it has a successor");
                }
                // A lock that goes with what it locks has let it go, and what holds data is lost whatever else goes.
                let is_lost_anyway = matches!(
                    table.as_str(),
                    "key-destroyed" | "live-name-deleted" | "protection-off" | "stateful"
                );
                let mut guards = before.clone();
                guards["guarded"] = json!("thing");
                let along = format!(
                    "{}, {}",
                    entry(resource_type, &["delete"], &guards, &Json::Null),
                    entry("other_thing", &["delete"], &json!({"id": "thing"}), &Json::Null)
                );
                if !is_lost_anyway && !told(&along).is_empty() {
                    fault("is told though what it guards goes as well");
                }
            }
        }
    }
    faults.check();
}

#[test]
fn a_switch_of_a_group_says_whether_an_object_guarded_anything() {
    let mut faults = Faults::default();
    for (table, rows) in tables().into_iter().filter(|(table, _)| ABOUT_GROUPS.contains(&table.as_str())) {
        for row in &rows.switches {
            for resource_type in types_of(row) {
                for (good, bad) in settings(&row.entry) {
                    let told = |value: &Json| {
                        let before =
                            with(resource_type, &row.entry.attribute, value.clone(), &row.entry.when);
                        find_in_changes(
                            guard_of(&table),
                            &entry(resource_type, &["delete"], &before, &Json::Null),
                        )
                        .len()
                    };
                    if (told(&good), told(&bad)) != (1, 0) {
                        faults.add(&table, row.line, &format!("{resource_type} with {good} or {bad}"));
                    }
                }
            }
        }
    }
    faults.check();
}

#[test]
fn no_exception_is_told() {
    let mut faults = Faults::default();
    for (table, rows) in tables() {
        for row in &rows.exceptions {
            for resource_type in types_of(row) {
                let gone = entry(resource_type, &["delete"], &json!({"id": "x"}), &Json::Null);
                if !find_in_changes(guard_of(&table), &gone).is_empty() {
                    faults.add(&table, row.line, &format!("{resource_type} is told"));
                }
            }
        }
    }
    faults.check();
}
