//! The work of every guardrail and every change guard grows no faster than the plan: copies of its own cases, at N and at
//! 10 N.

use planguard_guardrail_format::Expectation;
use planguard_plan::Plan;
use serde_json::{Map, Value};

use super::builtin::builtins;
use super::change::{ChangeGuard, ChangeOptions, Changes, ExampleSection, GUARDS};
use super::engine::{PlanIndex, evaluate, judged_state};

/// How many copies the smaller plan has.
const FEW: usize = 10;

/// The work for ten times as many copies may be so many times as much.
const MOST: u64 = 15;

/// Fewer steps are as good as none.
const NOTHING: u64 = 300;

/// What differs between the copies of an example.
#[derive(Clone, Copy, Debug)]
enum Copies {
    /// The addresses: all share what they name.
    Alike,
    /// The addresses, and what is a name or an identifier by its key.
    Distinct,
}

/// An address with a number at the end of its name, before its instance key.
fn numbered(address: &str, number: usize) -> String {
    let end = address.find('[').unwrap_or(address.len());
    let (name, key) = address.split_at(end);
    format!("{name}_{number}{key}")
}

/// Puts a number behind every text whose key says that it names something.
fn name_apart(value: &mut Value, number: usize) {
    const NAMING: [&str; 6] = ["name", "id", "arn", "bucket", "identifier", "key_id"];
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text) if NAMING.iter().any(|naming| key.ends_with(naming)) => {
                        *text = format!("{text}{number}");
                    }
                    _ => name_apart(member, number),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| name_apart(element, number)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn copy(entry: &Value, number: usize, copies: Copies) -> Value {
    let mut entry = entry.clone();
    for key in ["address", "previous_address"] {
        if let Some(Value::String(address)) = entry.get_mut(key) {
            *address = numbered(address, number);
        }
    }
    if let Some(Value::String(name)) = entry.get_mut("name") {
        *name = numbered(name, number);
    }
    if let Some(Value::Object(change)) = entry.get_mut("change") {
        for side in ["before", "after"] {
            match (copies, change.get_mut(side)) {
                (Copies::Distinct, Some(values)) => name_apart(values, number),
                (Copies::Alike, _) | (_, None) => {}
            }
        }
    }
    entry
}

/// The blocks of a plan's resource changes, as references name them.
fn blocks(plan: &Value) -> Vec<String> {
    let entries = plan["resource_changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let addresses = entries.iter().filter_map(|entry| entry["address"].as_str());
    addresses.map(|address| address.split('[').next().unwrap_or(address).to_owned()).collect()
}

/// Puts a number behind the name of every block that a text of the configuration refers to.
fn refer_apart(value: &mut Value, blocks: &[String], number: usize) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| refer_apart(member, blocks, number)),
        Value::Array(elements) => elements.iter_mut().for_each(|one| refer_apart(one, blocks, number)),
        Value::String(text) => {
            let named = blocks.iter().find_map(|block| Some((block, text.strip_prefix(block.as_str())?)));
            if let Some((block, rest)) =
                named.filter(|(_, rest)| rest.is_empty() || rest.starts_with(['.', '[']))
            {
                *text = format!("{block}_{number}{rest}");
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A plan with so many copies of each entry of a section, and of what the root module says of them.
fn multiplied(plan: &str, section: ExampleSection, number: usize, copies: Copies) -> String {
    let mut plan: Value = serde_json::from_str(plan).unwrap();
    let blocks = blocks(&plan);
    match &mut plan[section.as_str()] {
        Value::Array(entries) => {
            let all = (0..number).flat_map(|number| entries.iter().map(move |one| copy(one, number, copies)));
            *entries = all.collect();
        }
        Value::Object(entries) => {
            let one = |number| entries.iter().map(move |(name, one)| (numbered(name, number), one.clone()));
            *entries = (0..number).flat_map(one).collect::<Map<_, _>>();
        }
        // A case about a provider alone has no changes.
        Value::Null => {}
        other => panic!("{other} is no section"),
    }
    if let Some(Value::Array(resources)) = plan.pointer_mut("/configuration/root_module/resources") {
        let blocks = blocks.as_slice();
        let configured = (0..number).flat_map(|number| {
            resources.iter().map(move |one| {
                let mut one = one.clone();
                refer_apart(&mut one, blocks, number);
                if let Some(Value::String(name)) = one.get_mut("name") {
                    *name = numbered(name, number);
                }
                one
            })
        });
        *resources = configured.collect();
    }
    plan.to_string()
}

/// The steps that a guard takes for a plan.
fn steps(guard: &ChangeGuard, text: &str) -> u64 {
    let plan = Plan::parse(text).unwrap();
    let before = planguard_work::counted_by_this_thread();
    guard.findings(&Changes::new(&plan), &ChangeOptions::default());
    planguard_work::counted_by_this_thread() - before
}

/// What takes more than its share, in words.
fn beyond(what: &str, few: u64, many: u64) -> Option<String> {
    (many > MOST * few.max(NOTHING)).then(|| format!("{what}: {few} steps became {many}"))
}

#[test]
fn no_guardrail_takes_more_than_its_share_for_ten_times_as_much() {
    let mut wrong = Vec::new();
    let mut most = 0;
    for builtin in builtins() {
        let guardrail = builtin.definition();
        let steps = |text: &str| {
            let plan = Plan::parse(text).unwrap();
            let before = planguard_work::counted_by_this_thread();
            let index = PlanIndex::new(&plan);
            for state in plan.each_change().filter_map(|change| judged_state(&guardrail, &plan, change)) {
                evaluate(&guardrail, &state, &index);
            }
            planguard_work::counted_by_this_thread() - before
        };
        let cases = builtin.cases();
        // A guardrail that looks at one object cannot grow with the plan; one that looks at others has cases with others.
        if cases.iter().all(|case| blocks(&serde_json::from_str(&case.plan).unwrap()).len() < 2) {
            continue;
        }
        for case in cases {
            // Names of their own matter most where something is found; most of the time goes into making the plans.
            let copies: &[Copies] = match case.expect {
                Expectation::Fail => &[Copies::Alike, Copies::Distinct],
                Expectation::Pass | Expectation::Undetermined | Expectation::NotApplicable => {
                    &[Copies::Alike]
                }
            };
            for copies in copies.iter().copied() {
                let of =
                    |number| steps(&multiplied(&case.plan, ExampleSection::ResourceChanges, number, copies));
                let (few, many) = (of(FEW), of(10 * FEW));
                most = most.max(many);
                wrong.extend(beyond(&format!("{}, {}, {copies:?}", builtin.id(), case.name), few, many));
            }
        }
    }
    assert!(most > 10 * FEW as u64, "nothing is counted");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_guard_takes_more_than_its_share_for_ten_times_as_much() {
    // Where N resources name N objects of one name, each of the N findings is about N resources.
    let is_of_pairs = |id: &str, copies| id == "change-managed-twice" && matches!(copies, Copies::Alike);
    let mut wrong = Vec::new();
    let mut most = 0;
    for guard in GUARDS {
        for (outcome, plan) in
            [("failing", guard.example.failing_plan()), ("passing", guard.example.passing_plan())]
        {
            for copies in [Copies::Alike, Copies::Distinct] {
                let of = |number| steps(guard, &multiplied(&plan, guard.example.section, number, copies));
                let (few, many) = (of(FEW), of(10 * FEW));
                most = most.max(many);
                let what = format!("{}, {outcome} example, {copies:?}", guard.info.id);
                let found = beyond(&what, few, many);
                wrong.extend(found.filter(|_| !is_of_pairs(&guard.info.id, copies)));
            }
        }
    }
    assert!(most > 10 * FEW as u64, "nothing is counted");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
