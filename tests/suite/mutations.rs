//! No plan passes that has lost a part of its structure: real plans are damaged at random places, and each finding of
//! the whole plan must be among those of the damaged one, or the damaged one is not decided at all.
//!
//! `PLANGUARD_MUTATIONS=30000` takes more than the usual number of mutations, `PLANGUARD_SEED=7` others. A failure
//! names its seed: with it and `PLANGUARD_MUTATIONS=1`, the same mutation is made again.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use planguard::Severity;
use planguard::check::{CheckOptions, Packs, Rules, check};
use planguard::enforcement::{EnforcementOptions, UnknownPolicy};
use planguard::finding::Certainty;
use planguard::input::{Batch, Document, ReadOptions, Source, discover};
use planguard::plan::{Plan, sensitive_values};
use planguard::report::Report;
use planguard::verdict::Verdict;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Map, Value, json};

use crate::shared::{files_below, shared};

/// Stands before a key that must come out twice; it sorts behind every name of the plan format.
const TWICE: &str = "~twice~";

/// Stands for the attributes of a finding that is not certain: it may be about any.
const UNDETERMINED: &str = "?";

/// Plans above this size take too long in a debug build; all shapes occur in smaller ones.
const LARGEST_PLAN: u64 = 120_000;

/// The sections that a plan may lose.
const SECTIONS: [&str; 5] =
    ["resource_changes", "planned_values", "configuration", "prior_state", "variables"];

/// The fields of a resource change that a plan may lose.
const FIELDS: [&str; 9] =
    ["address", "change", "mode", "type", "name", "index", "provider_name", "module_address", "deposed"];

/// The fields of a change that a plan may lose.
const CHANGE_FIELDS: [&str; 7] =
    ["actions", "before", "after", "after_unknown", "before_sensitive", "after_sensitive", "replace_paths"];

/// A step of a path into a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Position(usize),
}

/// A place in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place(Vec<Step>);

impl Place {
    fn of(steps: &[&str]) -> Self {
        Self(steps.iter().map(|key| Step::Key((*key).to_owned())).collect())
    }

    fn entry(position: usize) -> Self {
        Self::of(&["resource_changes"]).position(position)
    }

    fn key(mut self, key: &str) -> Self {
        self.0.push(Step::Key(key.to_owned()));
        self
    }

    fn position(mut self, position: usize) -> Self {
        self.0.push(Step::Position(position));
        self
    }

    /// Whether it is in, or is, the field of this name of a change.
    fn is_in_change(&self, field: &str) -> bool {
        matches!(&self.0[..], [_, _, Step::Key(change), Step::Key(name), ..] if change == "change" && name == field)
    }

    fn find<'v>(&self, plan: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(plan, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Position(position) => value.get(position),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| match step {
            Step::Key(key) => write!(f, "/{key}"),
            Step::Position(position) => write!(f, "/{position}"),
        })
    }
}

/// How a place is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Remove,
    /// One letter of the key is another.
    Misspell,
    Null,
    WrongType,
    Empty,
    /// The key or the element is there twice; a key has a useless value the second time.
    Twice,
}

const DAMAGES: [Damage; 6] =
    [Damage::Remove, Damage::Misspell, Damage::Null, Damage::WrongType, Damage::Empty, Damage::Twice];

#[derive(Clone, Debug)]
enum Mutation {
    /// A damaged place.
    At(Place, Damage),
    /// An attribute that is damaged in `after` and in `planned_values` in the same way: what a program loses that
    /// rewrites plans.
    Everywhere(Place, Place, Damage),
    /// The text ends after this many bytes.
    CutAt(usize),
    /// Two resource changes have changed their places, but not what identifies them.
    Swapped(usize, usize),
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(place, damage) => write!(f, "{damage:?} {place}"),
            Self::Everywhere(place, other, damage) => write!(f, "{damage:?} {place} and {other}"),
            Self::CutAt(byte) => write!(f, "CutAt {byte}"),
            Self::Swapped(one, other) => write!(f, "Swapped {one} and {other}"),
        }
    }
}

/// A source of random choices.
struct Choices(TestRng);

impl Choices {
    fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
    }

    /// A number below `end`, or 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % end.max(1) as u64).expect("it is smaller than a usize")
    }

    fn one_of<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        &choices[self.below(choices.len())]
    }

    /// A place below `place`, the deeper the rarer.
    fn below_place(&mut self, plan: &Value, mut place: Place) -> Place {
        loop {
            let next = match place.find(plan) {
                Some(Value::Object(members)) if !members.is_empty() => {
                    let keys: Vec<&String> = members.keys().collect();
                    place.clone().key(self.one_of::<&String>(&keys))
                }
                Some(Value::Array(elements)) if !elements.is_empty() => {
                    place.clone().position(self.below(elements.len()))
                }
                _ => return place,
            };
            place = next;
            if self.below(3) == 0 {
                return place;
            }
        }
    }

    fn mutation(&mut self, plan: &Value, text: &str) -> Mutation {
        let damage = *self.one_of(&DAMAGES);
        let number = plan["resource_changes"].as_array().map_or(0, Vec::len);
        let entry = self.below(number);
        let place = match self.below(17) {
            0 => Place::of(&[self.one_of::<&str>(&SECTIONS)]),
            1 => return Mutation::CutAt(self.below(text.len())),
            2 if number > 1 => return Mutation::Swapped(entry, self.below(number)),
            3 => {
                let section: &str = self.one_of::<&str>(&SECTIONS);
                self.below_place(plan, Place::of(&[section]))
            }
            4 => Place::entry(entry),
            5..=7 => Place::entry(entry).key(self.one_of::<&str>(&FIELDS)),
            8..=10 => Place::entry(entry).key("change").key(self.one_of::<&str>(&CHANGE_FIELDS)),
            11 => {
                let field: &str = self.one_of::<&str>(&CHANGE_FIELDS);
                self.below_place(plan, Place::entry(entry).key("change").key(field))
            }
            12 => self.below_place(plan, Place::of(&["configuration", "root_module"])),
            13 | 14 => self.below_place(plan, Place::entry(entry).key("change").key("after")),
            _ => {
                let place = self.below_place(plan, Place::entry(entry).key("change").key("after"));
                let planned = planned(plan, plan["resource_changes"][entry]["address"].as_str());
                return match planned {
                    Some(mut planned) => {
                        planned.0.push(Step::Key("values".to_owned()));
                        planned.0.extend_from_slice(place.0.get(4..).unwrap_or_default());
                        Mutation::Everywhere(place, planned, damage)
                    }
                    None => Mutation::At(place, damage),
                };
            }
        };
        Mutation::At(place, damage)
    }
}

/// The place of an object in `planned_values`.
fn planned(plan: &Value, address: Option<&str>) -> Option<Place> {
    fn search(module: &Value, place: &Place, address: &str) -> Option<Place> {
        let list = |key: &str| module[key].as_array().map(Vec::as_slice).unwrap_or_default();
        let here = list("resources").iter().position(|resource| resource["address"] == address);
        if let Some(position) = here {
            return Some(place.clone().key("resources").position(position));
        }
        let children = list("child_modules").iter().enumerate();
        children
            .filter_map(|(position, child)| {
                search(child, &place.clone().key("child_modules").position(position), address)
            })
            .next()
    }
    search(&plan["planned_values"]["root_module"], &Place::of(&["planned_values", "root_module"]), address?)
}

/// A value of another JSON type.
fn of_another_type(value: &Value) -> Value {
    match value {
        Value::Object(_) | Value::Array(_) => json!("mutated"),
        Value::String(_) | Value::Null => json!(["mutated"]),
        Value::Bool(_) | Value::Number(_) => json!({"mutated": {}}),
    }
}

fn empty(value: &Value) -> Value {
    match value {
        Value::Object(_) => json!({}),
        Value::Array(_) => json!([]),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => json!(""),
    }
}

fn misspelt(key: &str) -> String {
    let mut letters: Vec<char> = key.chars().collect();
    let middle = letters.len() / 2;
    if let Some(letter) = letters.get_mut(middle) {
        *letter = if *letter == 'x' { 'y' } else { 'x' };
    }
    letters.into_iter().collect()
}

/// Damages a place; says nothing of a place that is not there.
fn damage(plan: &mut Value, place: &Place, how: Damage) {
    let Some((last, parents)) = place.0.split_last() else { return };
    let parent = parents.iter().try_fold(plan, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Position(position) => value.get_mut(position),
    });
    match (parent, last) {
        (Some(Value::Object(members)), Step::Key(key)) => damage_member(members, key, how),
        (Some(Value::Array(elements)), Step::Position(position)) if *position < elements.len() => {
            damage_element(elements, *position, how);
        }
        _ => {}
    }
}

fn damage_member(members: &mut Map<String, Value>, key: &str, how: Damage) {
    let Some(value) = members.get(key).cloned() else { return };
    match how {
        Damage::Remove | Damage::Misspell => {
            members.remove(key);
            if how == Damage::Misspell {
                members.insert(misspelt(key), value);
            }
        }
        Damage::Null => drop(members.insert(key.to_owned(), Value::Null)),
        Damage::WrongType => drop(members.insert(key.to_owned(), of_another_type(&value))),
        Damage::Empty => drop(members.insert(key.to_owned(), empty(&value))),
        Damage::Twice => drop(members.insert(format!("{TWICE}{key}"), empty(&value))),
    }
}

fn damage_element(elements: &mut Vec<Value>, position: usize, how: Damage) {
    let value = elements[position].clone();
    match how {
        Damage::Remove | Damage::Misspell => drop(elements.remove(position)),
        Damage::Null => elements[position] = Value::Null,
        Damage::WrongType => elements[position] = of_another_type(&value),
        Damage::Empty => elements[position] = empty(&value),
        Damage::Twice => elements.insert(position, value),
    }
}

impl Mutation {
    /// The options under which the damaged plan must not pass. Of two equal keys the last counts, which only `--strict`
    /// does not accept.
    fn options(&self) -> CheckOptions {
        let is_twice = match self {
            Self::At(_, how) | Self::Everywhere(_, _, how) => *how == Damage::Twice,
            Self::CutAt(_) | Self::Swapped(..) => false,
        };
        CheckOptions { strict: is_twice, ..options() }
    }

    /// The text of the damaged plan.
    fn apply(&self, plan: &Value, text: &str) -> String {
        let mut mutant = plan.clone();
        match self {
            Self::At(place, how) => damage(&mut mutant, place, *how),
            Self::Everywhere(place, planned, how) => {
                damage(&mut mutant, place, *how);
                damage(&mut mutant, planned, *how);
            }
            Self::CutAt(byte) => {
                let end = (0..=*byte).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
                return text[..end].to_owned();
            }
            Self::Swapped(one, other) => {
                let changes = &plan["resource_changes"];
                mutant["resource_changes"][*one]["change"] = changes[*other]["change"].clone();
                mutant["resource_changes"][*other]["change"] = changes[*one]["change"].clone();
            }
        }
        mutant.to_string().replace(&format!("\"{TWICE}"), "\"")
    }
}

/// A plan, and what is found in it while it is whole.
struct Subject {
    name: String,
    plan: Value,
    text: String,
    findings: BTreeSet<Found>,
    secrets: BTreeSet<String>,
}

/// A finding, without what may change while its cause stays the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    rule: String,
    address: String,
    attribute: String,
}

fn options() -> CheckOptions {
    let enforcement = EnforcementOptions {
        fail_on: Severity::Info,
        unknown: UnknownPolicy::Deny,
        ..EnforcementOptions::default()
    };
    CheckOptions { enforcement, ..CheckOptions::default() }
}

fn rules() -> Rules {
    let packs = Packs::names().into_iter().fold(Packs::none(), Packs::with);
    Rules { packs, ..Rules::default() }
}

/// The report on a text; `None` if it is not read as a plan.
fn judge(text: &str, rules: &Rules, options: &CheckOptions) -> Option<Report> {
    let document = Document::from_text("plan.json", text).ok()?;
    let batch = Batch { documents: vec![document], ..Batch::default() };
    Some(check(&batch, rules, options, &|_| {}))
}

fn found(report: &Report) -> BTreeSet<Found> {
    let findings = report.plans.iter().flat_map(|plan| &plan.findings);
    // What several rules find with one cause, each of them finds.
    let shares = findings.flat_map(|finding| match &finding.shares[..] {
        [] => std::slice::from_ref(finding),
        shares => shares,
    });
    shares
        .map(|finding| Found {
            rule: finding.rule.id.unescaped().to_owned(),
            address: finding
                .subject
                .as_ref()
                .map(|subject| subject.address.unescaped().to_owned())
                .unwrap_or_default(),
            attribute: match (finding.certainty, &finding.attribute) {
                (Certainty::DependsOnUnknown, _) => UNDETERMINED.to_owned(),
                (Certainty::Certain, attribute) => {
                    attribute.as_ref().map(|attribute| attribute.unescaped().to_owned()).unwrap_or_default()
                }
            },
        })
        .collect()
}

impl Subject {
    /// A JSON report without the addresses of the plan.
    fn without_addresses(&self, printed: &str) -> String {
        let changes = self.plan["resource_changes"].as_array().into_iter().flatten();
        let addresses = changes.filter_map(|change| change["address"].as_str());
        addresses.fold(printed.to_owned(), |printed, address| {
            let quoted = Value::from(address).to_string();
            printed.replace(quoted.trim_matches('"'), "")
        })
    }

    /// The findings that the damaged plan should have and does not.
    fn lost(&self, found: &BTreeSet<Found>, mutation: &Mutation) -> Vec<&Found> {
        if !self.tells_otherwise(mutation) {
            return Vec::new();
        }
        let is_there = |finding: &Found| {
            let same = |other: &&Found| (&other.rule, &other.address) == (&finding.rule, &finding.address);
            match mutation {
                // What a change says may be wrong of either object.
                Mutation::Swapped(..) => found.iter().any(|other| other.rule == finding.rule),
                // The attributes that force a replacement are named, and decide nothing.
                Mutation::At(place, _) if place.is_in_change("replace_paths") => {
                    found.iter().any(|other| same(&other))
                }
                // A word that is no action is denied as such.
                Mutation::At(place, _) if place.is_in_change("actions") => {
                    found.contains(finding) || found.iter().any(|other| other.rule == "change-unknown-action")
                }
                Mutation::At(..) | Mutation::Everywhere(..) | Mutation::CutAt(_) => {
                    found.contains(finding)
                        || found.iter().filter(same).any(|other| other.attribute == UNDETERMINED)
                }
            }
        };
        self.findings.iter().filter(|finding| !is_there(finding)).collect()
    }

    /// Whether the rest of the plan tells what was lost. Where it does not, the damaged plan is a whole plan that says
    /// something else: it may be one of `-target`, or of other values.
    fn tells_otherwise(&self, mutation: &Mutation) -> bool {
        let plan = &self.plan;
        match mutation {
            Mutation::CutAt(_) => true,
            // The values of two objects of one type may be those of the other: another kind of value tells, another
            // value does not.
            Mutation::Swapped(one, other) => {
                let changes = &plan["resource_changes"];
                changes[*one]["type"] != changes[*other]["type"]
                    && [*one, *other].into_iter().all(|entry| self.is_listed(entry))
            }
            Mutation::At(place, how) => match &place.0[..] {
                [Step::Key(section)] if section == "resource_changes" => {
                    (0..plan[section].as_array().map_or(0, Vec::len)).all(|entry| self.is_listed(entry))
                }
                [Step::Key(section), Step::Position(entry)] if section == "resource_changes" => {
                    self.is_listed(*entry)
                }
                [Step::Key(section), Step::Position(entry), Step::Key(_), Step::Key(side), rest @ ..]
                    if section == "resource_changes" =>
                {
                    match side.as_str() {
                        "after" => planned(plan, self.address(*entry)).is_some_and(|object| match rest {
                            // Null is what a plan says of an attribute that is not set, unless the object has it.
                            [Step::Key(name), ..] if *how == Damage::Null => {
                                object.key("values").key(name).find(plan).is_some()
                            }
                            _ => true,
                        }),
                        // Of an object that is only deleted, `before` is older than the prior state, which has what
                        // the provider added since.
                        "before" => {
                            let actions = &plan["resource_changes"][*entry]["change"]["actions"];
                            let is_older = *actions == serde_json::json!(["delete"]);
                            self.is_in_prior_state(*entry) && !(is_older && *how == Damage::Null)
                        }
                        // What the provider fills in is marked nowhere else.
                        "after_unknown" => match rest {
                            [] => !matches!(how, Damage::Empty | Damage::WrongType),
                            // Some converters mark what `after` says all the same.
                            [Step::Key(name), ..] => {
                                let after = &plan["resource_changes"][*entry]["change"]["after"];
                                after[name.as_str()].is_null() && self.is_set(*entry, name)
                            }
                            [Step::Position(_), ..] => true,
                        },
                        _ => true,
                    }
                }
                // A value of a variable, and its default.
                [Step::Key(section), _, _, ..] if section == "variables" => *how == Damage::Remove,
                // A variable may have no default, and is then declared by nothing but its name.
                [Step::Key(section), _, Step::Key(key), _, rest @ ..]
                    if section == "configuration" && key == "variables" =>
                {
                    rest.is_empty() && !matches!(how, Damage::Null | Damage::Empty)
                }
                // Some programs write plans without their configuration; what is unknown counts as set in them.
                [Step::Key(section)] if section == "configuration" => {
                    matches!(how, Damage::Empty | Damage::WrongType)
                }
                _ => true,
            },
            // Null and emptiness are what a plan says of an attribute that is not set.
            Mutation::Everywhere(_, _, Damage::Null | Damage::Empty) => false,
            Mutation::Everywhere(place, _, _) => match &place.0[..] {
                [_, Step::Position(entry), _, _, Step::Key(name)] => self.is_set(*entry, name),
                // A list may have fewer elements, and a map fewer members.
                _ => false,
            },
        }
    }

    fn address(&self, entry: usize) -> Option<&str> {
        self.plan["resource_changes"][entry]["address"].as_str()
    }

    /// Whether another section lists the object of a change, so that the change cannot be missing.
    fn is_listed(&self, entry: usize) -> bool {
        let is_current = self.plan["resource_changes"][entry]["deposed"].is_null();
        is_current && planned(&self.plan, self.address(entry)).is_some()
    }

    fn is_in_prior_state(&self, entry: usize) -> bool {
        let state = self.plan["prior_state"]["values"].to_string();
        self.address(entry).is_some_and(|address| state.contains(&Value::from(address).to_string()))
    }

    /// Whether the configuration sets an attribute of a resource of the root module.
    fn is_set(&self, entry: usize, attribute: &str) -> bool {
        let change = &self.plan["resource_changes"][entry];
        let blocks = self.plan["configuration"]["root_module"]["resources"].as_array();
        change["module_address"].is_null()
            && blocks.into_iter().flatten().any(|block| {
                ["mode", "type", "name"].iter().all(|key| block[key] == change[key])
                    && !block["expressions"][attribute]["constant_value"].is_null()
            })
    }

    /// The plan of a file; `None` if nothing denies it.
    fn of(path: &Path, rules: &Rules) -> Option<Self> {
        let read = ReadOptions::default();
        let documents = discover(&[Source::Path(path.to_owned())], &read).read_all(&read).documents;
        let plan: Value = serde_json::from_str(documents.first()?.text()).ok()?;
        let text = plan.to_string();
        let report = judge(&text, rules, &options())?;
        if report.verdict() != Verdict::Denied {
            return None;
        }
        let secrets = sensitive_values(&Plan::parse(&text).ok()?).ok()?;
        Some(Self { name: path.display().to_string(), plan, findings: found(&report), secrets, text })
    }
}

fn paths() -> Vec<PathBuf> {
    let mut paths = files_below(Path::new("fixtures/plans"));
    paths.extend(shared("real").map(|root| files_below(&root)).unwrap_or_default());
    paths.retain(|path| {
        path.extension().is_some_and(|extension| extension == "json")
            && path.metadata().is_ok_and(|metadata| metadata.len() <= LARGEST_PLAN)
    });
    paths
}

/// A number from the environment.
fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}

/// What is wrong with the verdict on a damaged plan.
fn complaint(subject: &Subject, mutation: &Mutation, rules: &Rules) -> Option<String> {
    let text = mutation.apply(&subject.plan, &subject.text);
    let report = judge(&text, rules, &mutation.options())?;
    if report.problems.iter().any(|problem| problem.code.unescaped() == "PG-CK-002") {
        return Some("panic".to_owned());
    }
    // Addresses are no secrets: Terraform lets no sensitive value into the key of an instance.
    let printed = subject.without_addresses(&crate::properties::rendered("json", &report));
    if let Some(secret) = subject.secrets.iter().find(|secret| secret.len() >= 6 && printed.contains(*secret))
    {
        return Some(format!("secret {secret}"));
    }
    if report.verdict() == Verdict::Undecided || text == subject.text {
        return None;
    }
    let lost = subject.lost(&found(&report), mutation);
    if lost.is_empty() {
        return None;
    }
    let verdict = report.verdict();
    Some(format!("{verdict}, lost {lost:?}"))
}

#[test]
fn no_plan_passes_that_has_lost_a_part() {
    let rules = rules();
    let subjects: Vec<Subject> = paths().iter().filter_map(|path| Subject::of(path, &rules)).collect();
    assert!(subjects.len() > 10, "only {} plans are denied", subjects.len());
    let (count, first) = (number("PLANGUARD_MUTATIONS", 300), number("PLANGUARD_SEED", 1));
    let mut complaints = Vec::new();
    for seed in first..first + count {
        let mut choices = Choices::new(seed);
        let subject = choices.one_of(&subjects);
        let mutation = choices.mutation(&subject.plan, &subject.text);
        if let Some(complaint) = complaint(subject, &mutation, &rules) {
            complaints.push(format!("seed {seed}, {}: {mutation}: {complaint}", subject.name));
        }
    }
    assert!(complaints.is_empty(), "{} of {count}:\n{}", complaints.len(), complaints.join("\n"));
}
