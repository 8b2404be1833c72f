//! Checks the tables of the change guards against the provider schemas, and embeds them by resource type.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::iter;
use std::ops::Range;
use std::path::Path;

use planguard_guardrail_format::change::{
    Beside, ChangeTable, Empty, Mark, OpeningLayout, Ports, Row, SafeSetting, Sources, Switch, TypeFacts,
    read_change_table,
};
use planguard_guardrail_format::{
    AttributePredicate, AttributeTest, CidrTest, ElementsPredicate, Literal, PathPattern, PatternStep,
    Predicate, Quantifier, Quantity, predicate_contradictions,
};

use crate::names::Names;

/// The tables by their names.
pub(crate) type Tables = BTreeMap<String, ChangeTable>;

/// Reads the tables of a directory, and adds what is wrong in them to the problems.
pub(crate) fn read(directory: &Path, problems: &mut Vec<String>) -> Result<Tables, Box<dyn Error>> {
    let mut tables = Tables::new();
    let every_type = every_type();
    for file in crate::toml_files(directory)? {
        let name = file.to_string_lossy().into_owned();
        match read_change_table(&name, &fs::read_to_string(&file)?) {
            Err(error) => problems.push(error.to_string()),
            Ok(table) => {
                problems.extend(
                    check(&table, &every_type)
                        .into_iter()
                        .map(|(line, problem)| format!("{name}:{line}: {problem}")),
                );
                let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                tables.insert(stem.to_owned(), table);
            }
        }
    }
    each_once(&mut tables);
    Ok(tables)
}

/// The tables that judge an attribute by its change. Others ask the same attributes something else.
const JUDGING: [&str; 12] = [
    "access-restriction-removed",
    "alarm-removed",
    "audit-trail-weakened",
    "encryption-off",
    "exposure-flag",
    "hardening-off",
    "iam-widened",
    "monitoring-reduced",
    "own-key-dropped",
    "protection-off",
    "resilience-reduced",
    "retention-lowered",
];

/// Leaves what several tables say of one attribute to one of them, so that a change has one finding: to an entry that
/// names the attribute before one whose wildcards match it, and otherwise to the first.
fn each_once(tables: &mut Tables) {
    let of_every_type: BTreeSet<Vec<String>> = judging(tables)
        .flat_map(|(_, table)| &table.switches)
        .filter(|row| row.types.is_empty())
        .map(|row| row.entry.attribute.clone())
        .collect();
    // A list of ranges is read as such.
    let mut told = ranges(tables);
    for is_by_name in [false, true] {
        for name in JUDGING {
            let Some(table) = tables.get_mut(name) else { continue };
            for row in table.switches.iter_mut().filter(|row| row.by_name == is_by_name) {
                // What stands beside an attribute makes it another one.
                let when = row.entry.when.iter().flat_map(|beside| [&beside.attribute, &beside.words]);
                let attribute = [&row.entry.attribute].into_iter().chain(when).flatten().cloned();
                let attribute: Vec<String> = attribute.collect();
                row.types.retain(|own| {
                    let is_first = told.insert((own.clone(), attribute.clone()));
                    !is_by_name || (is_first && !of_every_type.contains(&attribute))
                });
            }
            table.switches.retain(|row| !row.by_name || !row.types.is_empty());
        }
    }
}

/// The attributes with network ranges of each type.
fn ranges(tables: &Tables) -> BTreeSet<(String, Vec<String>)> {
    let openings = tables.values().flat_map(|table| &table.openings);
    openings
        .flat_map(|row| {
            let named: Vec<Vec<String>> = match &row.entry.sources {
                Sources::InRule(paths) => {
                    paths.iter().map(|path| [row.entry.rules.as_slice(), path].concat()).collect()
                }
                Sources::InResource(names) => names.iter().map(|name| vec![name.clone()]).collect(),
                Sources::Between(..) => Vec::new(),
            };
            row.types.iter().flat_map(move |own| named.clone().into_iter().map(|path| (own.clone(), path)))
        })
        .collect()
}

fn judging(tables: &Tables) -> impl Iterator<Item = (&String, &ChangeTable)> {
    tables.iter().filter(|(name, _)| JUDGING.contains(&name.as_str()))
}

/// What in a table contradicts the schemas, with the line of the entry. An entry is checked as a guardrail that tests
/// the attribute would be.
fn check(table: &ChangeTable, every_type: &[String]) -> Vec<(usize, String)> {
    let anything = || vec![vec![Predicate::All(Vec::new())]];
    let mut problems = Vec::new();
    problems.extend(misfits(&table.groups, every_type, |group| {
        let subject = group.subject.iter();
        let named = subject.map(|name| vec![at(std::slice::from_ref(name), AttributeTest::Present)]);
        anything().into_iter().chain(named).collect()
    }));
    problems.extend(misfits(&table.exceptions, every_type, |_| anything()));
    problems.extend(misfits(&table.switches, every_type, |switch| {
        let own = setting_tests(switch).into_iter().map(|test| at(&switch.attribute, test)).collect();
        iter::once(own).chain(beside(&switch.when)).collect()
    }));
    problems.extend(misfits(&table.documents, every_type, |document| {
        let tests = [text(), AttributeTest::Present];
        vec![tests.into_iter().map(|test| at(&document.document, test)).collect()]
    }));
    problems.extend(misfits(&table.parameters, every_type, |setting| {
        let in_list =
            |name: &str| at(&[setting.list.as_slice(), &[name.to_owned()]].concat(), AttributeTest::Present);
        vec![vec![in_list("name"), in_list("key")], vec![in_list("value")]]
    }));
    problems.extend(misfits(&table.periods, every_type, |period| {
        let own = vec![at(&period.attribute, AttributeTest::AtLeast(Quantity::Number(1.0)))];
        iter::once(own).chain(beside(&period.when)).collect()
    }));
    problems.extend(misfits(&table.attributes, every_type, |marked| {
        let test = match marked.mark {
            // A list, or a map.
            Mark::Requirements => {
                let tests = [text_or_list(), AttributeTest::Present];
                return vec![tests.into_iter().map(|test| at(&marked.attribute, test)).collect()];
            }
            Mark::PolicyDocument | Mark::TrustPolicy => text(),
            Mark::LogKinds
            | Mark::ManagedPolicies
            | Mark::Wildcards
            | Mark::Accounts
            | Mark::NetworkGroups
            | Mark::Role
            | Mark::StatusCodes
            | Mark::Fixed
            | Mark::Exceptions => text_or_list(),
            Mark::Filters => AttributeTest::Present,
        };
        vec![vec![at(&marked.attribute, test)]]
    }));
    problems.extend(misfits(&table.openings, every_type, opening_tests));
    problems
}

/// What in the rows of a section contradicts the schemas. Of each list of predicates one has to fit. A row without
/// types has to fit one of every type.
fn misfits<T>(
    rows: &[Row<T>],
    every_type: &[String],
    predicates: impl Fn(&T) -> Vec<Vec<Predicate>>,
) -> Vec<(usize, String)> {
    let mut problems = Vec::new();
    // What wildcards matched comes from the schemas.
    for row in rows.iter().filter(|row| row.unchecked.is_none() && !row.by_name) {
        for alternatives in predicates(&row.entry) {
            let contradictions = |resource_type: &str| {
                let each = alternatives.iter().map(|one| predicate_contradictions(resource_type, one));
                each.reduce(|best, next| if best.is_empty() { best } else { next }).unwrap_or_default()
            };
            let own = row.types.iter().filter(|name| planguard_schemas::provider(name).is_some());
            let found: Vec<_> = own.flat_map(|name| contradictions(name)).collect();
            problems.extend(found.into_iter().map(|problem| (row.line, problem.to_string())));
            if row.types.is_empty() && every_type.iter().all(|name| !contradictions(name).is_empty()) {
                let problem = "no resource type has this attribute with a type that fits".to_owned();
                problems.push((row.line, problem));
            }
        }
    }
    problems
}

/// Every resource type of every provider with a schema.
fn every_type() -> Vec<String> {
    planguard_schemas::provider_prefixes()
        .flat_map(|prefix| planguard_schemas::resource_types_beside(&format!("{prefix}_")))
        .collect()
}

/// A test of the attribute at a path. Every step enters each element, since a table names no positions.
fn at(path: &[String], test: AttributeTest) -> Predicate {
    let key = |name: &String| vec![PathPattern(vec![PatternStep::Key(name.clone())])];
    match path {
        [] => Predicate::All(Vec::new()),
        [last] => Predicate::Attribute(AttributePredicate {
            paths: key(last),
            test,
            parameter: None,
            unset: None,
            unknown: None,
        }),
        [first, rest @ ..] => Predicate::Elements(ElementsPredicate {
            paths: key(first),
            quantifier: Quantifier::Some,
            condition: Box::new(at(rest, test)),
            unset: None,
            unknown: None,
        }),
    }
}

/// Tests of what has to stand beside an attribute.
fn beside(when: &[Beside]) -> impl Iterator<Item = Vec<Predicate>> {
    when.iter().map(|beside| vec![at(&beside.attribute, AttributeTest::Present)])
}

/// Tests of which one has to fit the attribute.
fn setting_tests(switch: &Switch) -> Vec<AttributeTest> {
    let number = |bound: f64| Quantity::Number(bound);
    match &switch.safe {
        SafeSetting::Flag(flag) => vec![AttributeTest::Is(Literal::Bool(*flag))],
        SafeSetting::Words(words) | SafeSetting::AllBut(words) => {
            let words: Vec<Literal> = words.iter().cloned().map(Literal::Text).collect();
            vec![AttributeTest::In(words.clone()), AttributeTest::Contains(words)]
        }
        SafeSetting::Order(words) => {
            let words = || words.iter().filter(|word| *word != "*");
            let literals: Vec<Literal> = words().cloned().map(Literal::Text).collect();
            let texts = [AttributeTest::In(literals.clone()), AttributeTest::Contains(literals)];
            let are_numbers = words().all(|word| word.parse::<f64>().is_ok());
            let numbers = are_numbers.then(|| AttributeTest::AtLeast(number(1.0)));
            texts.into_iter().chain(numbers).collect()
        }
        SafeSetting::Present | SafeSetting::Absent => vec![AttributeTest::Present],
        SafeSetting::AtLeast(bound) => vec![AttributeTest::AtLeast(number(*bound)), text_or_list()],
        SafeSetting::AtMost(bound) => vec![AttributeTest::AtMost(number(*bound)), text_or_list()],
    }
}

fn text() -> AttributeTest {
    AttributeTest::StartsWith(Vec::new())
}

fn text_or_list() -> AttributeTest {
    AttributeTest::Contains(Vec::new())
}

fn opening_tests(layout: &OpeningLayout) -> Vec<Vec<Predicate>> {
    let in_rule =
        |name: &String, test| at(&[layout.rules.as_slice(), std::slice::from_ref(name)].concat(), test);
    let in_resource = |name: &String, test| at(std::slice::from_ref(name), test);
    let mut tests: Vec<Vec<Predicate>> = Vec::new();
    match &layout.sources {
        Sources::InRule(paths) => {
            tests.extend(paths.iter().map(|path| {
                vec![at(
                    &[layout.rules.as_slice(), path.as_slice()].concat(),
                    AttributeTest::Cidr(CidrTest::Any),
                )]
            }));
        }
        Sources::InResource(names) => {
            tests.extend(names.iter().map(|name| vec![in_resource(name, AttributeTest::Cidr(CidrTest::Any))]))
        }
        Sources::Between(first, last) => {
            tests.extend([first, last].map(|name| vec![in_rule(name, text())]));
        }
    }
    match &layout.ports {
        Ports::All => {}
        Ports::Between(first, last) => tests.extend(
            [first, last].map(|name| vec![in_rule(name, AttributeTest::AtLeast(Quantity::Number(1.0)))]),
        ),
        Ports::In(names) => tests.extend(names.iter().map(|name| vec![in_rule(name, text_or_list())])),
    }
    tests.extend(layout.protocol.iter().map(|name| vec![in_rule(name, text())]));
    let named = layout.when.iter().map(|(name, _)| name).chain(&layout.order).chain(&layout.targets);
    for name in named {
        // In the rule, or in a block around it.
        let around = (0..=layout.rules.len()).rev().map(|depth| &layout.rules[..depth]);
        tests.push(
            around
                .map(|way| at(&[way, std::slice::from_ref(name)].concat(), AttributeTest::Present))
                .collect(),
        );
    }
    tests.extend(
        layout
            .groups
            .iter()
            .map(|name| vec![in_rule(name, text_or_list()), in_resource(name, text_or_list())]),
    );
    match &layout.empty {
        Empty::Closed | Empty::Open => {}
        Empty::OpenWithout(block) => tests.push(vec![in_resource(block, AttributeTest::Present)]),
    }
    tests
}

/// Writes what each table says of each type one after the other; what is equal is written once. The statics say
/// where it is.
pub(crate) fn embed(tables: &Tables, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut store = Store::default();
    let mut names = Names::default();
    let mut statics = String::new();
    for (name, table) in tables {
        let name = name.to_uppercase().replace('-', "_");
        let every = store.put(&table.facts(None))?;
        let types = table.types();
        let mut index = String::new();
        for resource_type in &types {
            let range = store.put(&table.facts(Some(resource_type)))?;
            writeln!(index, "    ({}, {range:?}),", names.put(resource_type))?;
        }
        let cells = types.len() + 1;
        writeln!(
            statics,
            "static {name}_DECODED: [OnceLock<Box<TypeFacts>>; {cells}] = [const {{ OnceLock::new() }}; {cells}];\n\
             pub(super) static {name}: Table = Table {{\n    every: {every:?},\n    decoded: &{name}_DECODED,\n    \
             types: &[\n{index}    ],\n}};\n"
        )?;
    }
    let all: Vec<String> = tables.keys().map(|name| name.to_uppercase().replace('-', "_")).collect();
    writeln!(statics, "pub(super) static ALL: &[&Table] = &[&{}];", all.join(", &"))?;
    statics.push_str(&names.declared());
    fs::write(out.join("change-tables.bin"), store.bytes)?;
    fs::write(out.join("change-tables.rs"), statics)?;
    Ok(())
}

#[derive(Default)]
struct Store {
    bytes: Vec<u8>,
    known: HashMap<Vec<u8>, Range<usize>>,
}

impl Store {
    fn put(&mut self, facts: &TypeFacts) -> Result<Range<usize>, postcard::Error> {
        let encoded = postcard::to_stdvec(facts)?;
        if let Some(range) = self.known.get(&encoded) {
            return Ok(range.clone());
        }
        let start = self.bytes.len();
        self.bytes.extend(&encoded);
        let range = start..self.bytes.len();
        self.known.insert(encoded, range.clone());
        Ok(range)
    }
}
