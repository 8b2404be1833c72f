//! A test of every row of every table of change guards, with plans that are made from the row itself: what it calls
//! safe becomes what it calls unsafe. A row that does nothing fails.

mod documents;
mod groups;
mod marks;
mod openings;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use planguard_guardrail_format::change::{
    Beside, ChangeTable, Period, PeriodUnit, Row, SafeSetting, Switch, Unset, Weaker, read_change_table,
};
use serde_json::{Map, Value as Json, json};

use super::testing::find_in_changes;
use super::{ChangeGuard, GUARDS};

/// The tables with their names.
fn tables() -> Vec<(String, ChangeTable)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/change");
    let mut tables: Vec<(String, ChangeTable)> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let table = read_change_table(&name, &text).unwrap();
            (name, table)
        })
        .collect();
    tables.sort_by(|left, right| left.0.cmp(&right.0));
    tables
}

/// The lines of a table's entries that stand for many attributes, by wildcards.
fn patterns(table: &str) -> BTreeSet<usize> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../policies/change/{table}.toml"));
    let text = std::fs::read_to_string(path).unwrap();
    let (mut start, mut found) = (0, BTreeSet::new());
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with("[[") {
            start = number;
        } else if line.contains('*')
            && ["attribute", "types", "list", "    \""].iter().any(|key| line.starts_with(key))
        {
            found.insert(start);
        }
    }
    found
}

/// The guard that a table is for.
fn guard_of(table: &str) -> &'static ChangeGuard {
    let id = match table {
        "destroy-refused" | "kept-on-destroy" | "stateful" => "change-stateful-delete".to_owned(),
        own => format!("change-{own}"),
    };
    GUARDS.iter().find(|guard| guard.info.id == id).unwrap_or_else(|| panic!("no guard for {table}.toml"))
}

/// The types of a row, or one that no schema has where the row is about every type.
fn types_of<T>(row: &Row<T>) -> Vec<&str> {
    if row.types.is_empty() {
        vec!["aws_no_such_type"]
    } else {
        row.types.iter().map(String::as_str).collect()
    }
}

/// A number as Terraform writes it, without a fraction of zero.
fn number(value: f64) -> Json {
    serde_json::from_str(&value.to_string()).unwrap()
}

/// An object with one value, in blocks of their own along the path.
fn object(path: &[String], value: Json) -> Map<String, Json> {
    let [name, rest @ ..] = path else { panic!("a path is not empty") };
    let value = if rest.is_empty() { value } else { json!([object(rest, value)]) };
    Map::from_iter([(name.clone(), value)])
}

/// Attributes without which a guard says that an object of the type was none of its business.
fn given(resource_type: &str) -> Map<String, Json> {
    match resource_type {
        "aws_cloudwatch_event_rule" => {
            Map::from_iter([("event_pattern".to_owned(), json!("{\"source\": [\"x\"]}"))])
        }
        _ => Map::new(),
    }
}

fn entry(resource_type: &str, actions: &[&str], before: &Json, after: &Json) -> String {
    let change = json!({"actions": actions, "before": before, "after": after});
    json!({"address": format!("{resource_type}.it"), "change": change}).to_string()
}

/// Collects what does not hold, so that one run names every row.
#[derive(Default)]
struct Faults(String);

impl Faults {
    fn add(&mut self, table: &str, line: usize, what: &str) {
        writeln!(self.0, "{table}.toml:{line}: {what}").unwrap();
    }

    fn check(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}

/// One row's test: its guard has to report a change with these words, and nothing in the other direction or where the
/// object goes as a whole.
struct Turn<'t> {
    table: &'t str,
    line: usize,
    resource_type: &'t str,
    good: Json,
    bad: Json,
    /// What the message has to contain.
    words: Vec<String>,
    /// Entries beside it.
    others: String,
}

impl Turn<'_> {
    /// Whether the change is told, for entries that stand for many: another guard may tell some of them.
    fn is_told(&self) -> bool {
        let update = entry(self.resource_type, &["update"], &self.good, &self.bad);
        GUARDS.iter().any(|guard| {
            let found = find_in_changes(guard, &format!("{update}{}", self.others));
            found.iter().any(|finding| self.words.iter().all(|word| finding.message.contains(word)))
        })
    }

    fn check(&self, faults: &mut Faults) {
        let Self { table, line, resource_type, good, bad, words, others } = self;
        let guard = guard_of(table);
        let messages = |entry: &str| -> Vec<String> {
            let found = find_in_changes(guard, &format!("{entry}{others}"));
            found.into_iter().map(|finding| finding.message).collect()
        };
        let about = |messages: &[String]| format!("{resource_type} from {good} to {bad}: {messages:?}");
        for actions in [&["update"][..], &["delete", "create"][..]] {
            let found = messages(&entry(resource_type, actions, good, bad));
            if !found.iter().any(|message| words.iter().all(|word| message.contains(word))) {
                faults.add(table, *line, &format!("not told ({words:?}): {}", about(&found)));
            }
        }
        let reversed = messages(&entry(resource_type, &["update"], bad, good));
        if !reversed.is_empty() {
            faults.add(table, *line, &format!("told in reverse: {}", about(&reversed)));
        }
        let kept = messages(&entry(resource_type, &["update"], good, good));
        if !kept.is_empty() {
            faults.add(table, *line, &format!("told without a change: {}", about(&kept)));
        }
    }
}

fn with(resource_type: &str, path: &[String], value: Json, when: &[Beside]) -> Json {
    let mut all = given(resource_type);
    all.extend(object(path, value));
    for beside in when {
        merge(&mut all, object(&beside.attribute, json!(beside.words[0])));
    }
    Json::Object(all)
}

/// Adds one object to another, block by block.
fn merge(all: &mut Map<String, Json>, more: Map<String, Json>) {
    for (name, value) in more {
        match (all.get_mut(&name).and_then(|own| own.get_mut(0)), &value) {
            (Some(Json::Object(own)), Json::Array(blocks)) => {
                merge(own, blocks[0].as_object().unwrap().clone());
            }
            _ => {
                all.insert(name, value);
            }
        }
    }
}

fn quoted(value: &Json) -> String {
    match value {
        Json::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// A word as a text: what a backslash stands in front of means itself.
fn plain(word: &str) -> String {
    word.replace('\\', "")
}

/// The safe and the unsafe values of a switch that turns.
fn settings(switch: &Switch) -> Vec<(Json, Json)> {
    let mut pairs: Vec<(Json, Json)> = match &switch.safe {
        SafeSetting::Flag(flag) => {
            vec![(json!(flag), json!(!flag)), (json!(flag.to_string()), json!((!flag).to_string()))]
        }
        SafeSetting::Words(words) => words.iter().map(|word| (json!(word), json!("another-word"))).collect(),
        SafeSetting::AllBut(words) => {
            words.iter().map(|word| (json!("another-word"), json!(plain(word).to_lowercase()))).collect()
        }
        SafeSetting::Present => vec![
            (json!("something"), Json::Null),
            (json!("something"), json!([])),
            (json!("something"), json!("")),
        ],
        SafeSetting::Absent => vec![(Json::Null, json!("something"))],
        SafeSetting::Order(words) => words
            .windows(2)
            .map(|pair| (json!(plain(&pair[1])), json!(plain(&pair[0]).to_lowercase())))
            .collect(),
        SafeSetting::AtLeast(least) => vec![(number(*least), number(least - 1.0))],
        SafeSetting::AtMost(most) => vec![(number(*most), number(most + 1.0))],
    };
    let (safe, not_safe) = pairs[0].clone();
    match (switch.unset, &switch.safe) {
        (_, SafeSetting::Present | SafeSetting::Absent) | (Unset::ProviderDecides, _) => {}
        (Unset::Weak, _) => pairs.push((safe, Json::Null)),
        (Unset::Strong, _) => pairs.push((Json::Null, not_safe)),
    }
    pairs
}

/// Tables whose switches are not turned by a change of their own, but say what the destruction of an object means.
const ABOUT_DESTRUCTION: &[&str] = &["destroy-refused", "kept-on-destroy"];

/// Tables whose switches only say whether an object of a group guarded anything.
const ABOUT_GROUPS: &[&str] = &["backup-removed", "guard-removed"];

#[test]
fn every_switch_turns() {
    let mut faults = Faults::default();
    let mut count = 0;
    for (table, rows) in tables() {
        if ABOUT_DESTRUCTION.contains(&table.as_str()) || ABOUT_GROUPS.contains(&table.as_str()) {
            continue;
        }
        let patterns = patterns(&table);
        let mut told: BTreeMap<usize, bool> = BTreeMap::new();
        for row in &rows.switches {
            for resource_type in types_of(row) {
                for (good, bad) in settings(&row.entry) {
                    let mut words: Vec<String> =
                        [&good, &bad].into_iter().filter(|value| !value.is_null()).map(quoted).collect();
                    if matches!(row.entry.safe, SafeSetting::Present) {
                        words = vec![quoted(&good), "no longer set".to_owned()];
                    }
                    words.push(row.entry.attribute.last().unwrap().clone());
                    let values = |value| with(resource_type, &row.entry.attribute, value, &row.entry.when);
                    let (good, bad) = (values(good), values(bad));
                    let turn = Turn {
                        table: &table,
                        line: row.line,
                        resource_type,
                        good,
                        bad,
                        words,
                        others: String::new(),
                    };
                    if patterns.contains(&row.line) {
                        let told = told.entry(row.line).or_default();
                        *told = *told || turn.is_told();
                    } else {
                        turn.check(&mut faults);
                    }
                    // With the object, its setting goes as well.
                    let gone = find_in_changes(
                        guard_of(&table),
                        &entry(resource_type, &["delete"], &turn.good, &Json::Null),
                    );
                    let is_group =
                        rows.groups.iter().any(|group| group.types.iter().any(|name| name == resource_type));
                    if !is_group && !gone.is_empty() {
                        faults.add(
                            &table,
                            row.line,
                            &format!("{resource_type} is told though it is destroyed"),
                        );
                    }
                    count += 1;
                }
            }
        }
        for (line, _) in told.iter().filter(|(_, told)| !**told) {
            faults.add(&table, *line, "is told for none of the attributes that it stands for");
        }
    }
    faults.check();
    assert!(count > 2_000, "{count}");
}

#[test]
fn every_switch_about_destruction_matters() {
    let mut faults = Faults::default();
    for (table, rows) in tables().into_iter().filter(|(table, _)| ABOUT_DESTRUCTION.contains(&table.as_str()))
    {
        for row in &rows.switches {
            let types = if row.types.is_empty() { vec!["aws_db_instance"] } else { types_of(row) };
            for resource_type in types {
                for (good, bad) in
                    settings(&row.entry).into_iter().filter(|(good, bad)| !good.is_null() && !bad.is_null())
                {
                    let told = |value: &Json| {
                        let before =
                            with(resource_type, &row.entry.attribute, value.clone(), &row.entry.when);
                        let found = find_in_changes(
                            guard_of(&table),
                            &entry(resource_type, &["delete"], &before, &Json::Null),
                        );
                        found.into_iter().next().map(|finding| finding.message)
                    };
                    let (kept, lost) = (told(&good), told(&bad));
                    let (holds_kept, holds_lost) = match table.as_str() {
                        "kept-on-destroy" => (kept.is_none(), lost.is_some()),
                        _ => (
                            kept.as_ref()
                                .is_some_and(|message| message.contains("the provider refuses unless")),
                            lost.as_ref().is_some_and(|message| message.contains(&quoted(&bad))),
                        ),
                    };
                    if !holds_kept || !holds_lost {
                        faults.add(&table, row.line, &format!("{resource_type}: {kept:?}, {lost:?}"));
                    }
                }
            }
        }
    }
    faults.check();
}

/// An amount and a smaller one, below the amount from which less is no matter.
fn amounts(period: &Period) -> (Json, Json) {
    match (period.unit, period.enough) {
        (PeriodUnit::Duration, _) => (json!("864000s"), json!("86400s")),
        (_, Some(enough)) => (number(enough * 2.0), number(enough - 1.0)),
        (_, None) => (json!(30), json!(3)),
    }
}

#[test]
fn every_period_that_gets_worse_is_told() {
    let mut faults = Faults::default();
    for (table, rows) in tables() {
        for row in &rows.periods {
            let period = &row.entry;
            for resource_type in types_of(row) {
                let (more, less) = amounts(period);
                let mut turns = match period.weaker {
                    Weaker::Less => vec![(more, less.clone())],
                    Weaker::More => vec![(less.clone(), more)],
                };
                if period.zero_is_forever {
                    turns.push((json!(0), less.clone()));
                }
                if period.unset_is_forever {
                    turns.push((Json::Null, less));
                }
                for (good, bad) in turns {
                    let text = |value: &Json| match value {
                        Json::Number(number) if period.zero_is_forever && number.as_u64() == Some(0) => {
                            "unlimited".to_owned()
                        }
                        Json::Null => "unlimited".to_owned(),
                        Json::String(text) => text.clone(),
                        other => other.to_string(),
                    };
                    let words = vec![text(&good), text(&bad), period.attribute.last().unwrap().clone()];
                    let values = |value: Json| with(resource_type, &period.attribute, value, &period.when);
                    let (good, bad) = (values(good), values(bad));
                    Turn {
                        table: &table,
                        line: row.line,
                        resource_type,
                        good,
                        bad,
                        words,
                        others: String::new(),
                    }
                    .check(&mut faults);
                }
                if let Some(enough) = period.enough {
                    let values = |value: Json| with(resource_type, &period.attribute, value, &period.when);
                    let change = entry(
                        resource_type,
                        &["update"],
                        &values(number(enough * 2.0)),
                        &values(number(enough)),
                    );
                    if !find_in_changes(guard_of(&table), &change).is_empty() {
                        faults.add(&table, row.line, &format!("{resource_type} is told though it is enough"));
                    }
                }
            }
        }
    }
    faults.check();
}

#[test]
fn every_section_of_every_table_is_tested() {
    // What a section means is the matter of its guard: one that is used in a new place needs its own test above.
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (table, rows) in tables() {
        let sections = [
            ("groups", rows.groups.len()),
            ("exceptions", rows.exceptions.len()),
            ("periods", rows.periods.len()),
            ("openings", rows.openings.len()),
            ("documents", rows.documents.len()),
        ];
        used.extend(
            sections.iter().filter(|(_, rows)| *rows > 0).map(|(section, _)| format!("{table}: {section}")),
        );
    }
    let expected = [
        "access-restriction-removed: documents",
        "alarm-removed: documents",
        "alarm-removed: groups",
        "alarm-removed: periods",
        "audit-trail-weakened: documents",
        "audit-trail-weakened: groups",
        "backup-removed: groups",
        "credential-created: groups",
        "destroy-before-create: groups",
        "encryption-off: documents",
        "exception-created: groups",
        "exposure-attached: groups",
        "exposure-cidr: openings",
        "exposure-flag: documents",
        "guard-removed: groups",
        "hardening-off: documents",
        "hardening-off: periods",
        "iam-widened: groups",
        "key-destroyed: groups",
        "live-name-deleted: groups",
        "monitoring-reduced: periods",
        "protection-off: groups",
        "public-access-block-removed: groups",
        "resilience-reduced: documents",
        "resilience-reduced: groups",
        "resilience-reduced: periods",
        "retention-lowered: documents",
        "retention-lowered: periods",
        "service-removed: groups",
        "shared-with-account: groups",
        "stateful: exceptions",
        "stateful: groups",
    ];
    assert_eq!(used.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
