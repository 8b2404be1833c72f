//! Writes a packed file; `policies/schemas/README.md` describes its form.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use planguard_schemas::Release;

use crate::source::{Body, Entry, Facts, Spec};

/// How many strings of a table follow one that is written out, that one included.
const BUCKET: usize = 16;

pub(crate) fn pack(prefix: &str, facts: &Facts) -> Vec<u8> {
    let mut used = Used { facts, sensitive: facts.sensitive_bodies(), bodies: BTreeSet::new() };
    let entries = || facts.resources.values().chain(facts.data.values());
    entries().for_each(|entry| used.add(entry.body));
    let bodies: Vec<&Body> = used.bodies.iter().map(|index| &facts.bodies[*index]).collect();
    let names: BTreeSet<&str> = bodies.iter().flat_map(|body| body.keys().map(String::as_str)).collect();
    let heads: Vec<String> =
        bodies.iter().flat_map(|body| body.values().map(|spec| used.head(spec))).collect();
    let heads = by_frequency(heads.iter().map(String::as_str));
    let (body_bytes, positions) = write_bodies(&used, &names, &heads);
    let types: BTreeSet<&str> = facts.resources.keys().chain(facts.data.keys()).map(String::as_str).collect();
    let mut entry_bytes = Vec::new();
    for name in &types {
        for modes in [&facts.resources, &facts.data] {
            let word = modes.get(*name).map_or(0, |entry| word(entry, positions[&entry.body]));
            entry_bytes.extend(word.to_le_bytes());
        }
    }
    let about = format!("{prefix} {} {} {}\n", facts.version, joined(&facts.older), joined(&facts.newer));
    let heads: String = heads.iter().map(|head| format!("{head}\n")).collect();
    let (name_buckets, names) = strings(&names);
    let (type_buckets, types) = strings(&types);
    let sections = [
        about.into_bytes(),
        heads.into_bytes(),
        name_buckets,
        names,
        type_buckets,
        types,
        entry_bytes,
        body_bytes,
    ];
    let mut packed = b"PGS1".to_vec();
    for section in &sections {
        packed.extend(u32::try_from(section.len()).expect("small").to_le_bytes());
    }
    sections.into_iter().for_each(|section| packed.extend(section));
    packed
}

/// The bodies that some type leads to.
struct Used<'f> {
    facts: &'f Facts,
    /// For each body, whether it leads to something sensitive.
    sensitive: Vec<bool>,
    bodies: BTreeSet<usize>,
}

impl Used<'_> {
    /// The flags and type of an attribute, with the flag `i` if it holds objects with something sensitive.
    fn head(&self, spec: &Spec) -> String {
        match spec.head.split_once(' ') {
            Some((flags, kind)) if spec.body.is_some_and(|body| self.sensitive[body]) => {
                format!("{flags}i {kind}")
            }
            _ => spec.head.clone(),
        }
    }

    fn add(&mut self, body: usize) {
        if self.bodies.insert(body) {
            self.facts.bodies[body].values().filter_map(|spec| spec.body).for_each(|inner| self.add(inner));
        }
    }
}

/// The bodies one after the other, and where each starts. Equal ones are written once.
fn write_bodies(used: &Used<'_>, names: &BTreeSet<&str>, heads: &[&str]) -> (Vec<u8>, HashMap<usize, usize>) {
    let name_numbers: HashMap<&str, usize> =
        names.iter().enumerate().map(|(number, name)| (*name, number)).collect();
    let head_numbers: HashMap<&str, usize> =
        heads.iter().enumerate().map(|(number, head)| (*head, number)).collect();
    let mut bytes = Vec::new();
    let mut positions: HashMap<usize, usize> = HashMap::new();
    let mut written: HashMap<Vec<(usize, usize, Option<usize>)>, usize> = HashMap::new();
    for index in &used.bodies {
        let members: Vec<(usize, usize, Option<usize>)> = used.facts.bodies[*index]
            .iter()
            .map(|(name, spec)| {
                let body = spec.body.map(|inner| positions[&inner]);
                (name_numbers[name.as_str()], head_numbers[used.head(spec).as_str()], body)
            })
            .collect();
        let position = *written.entry(members).or_insert_with_key(|members| {
            let start = bytes.len();
            number(&mut bytes, members.len());
            let mut before = 0;
            for (name, head, body) in members {
                number(&mut bytes, name - before);
                before = *name;
                number(&mut bytes, *head);
                body.iter().for_each(|inner| number(&mut bytes, start - inner));
            }
            start
        });
        positions.insert(*index, position);
    }
    (bytes, positions)
}

/// Each once, the most frequent first: their numbers are the shortest.
fn by_frequency<'s>(all: impl Iterator<Item = &'s str>) -> Vec<&'s str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    let mut sorted: Vec<(&str, usize)> = counts.into_iter().collect();
    sorted.sort_by_key(|(one, count)| (std::cmp::Reverse(*count), *one));
    sorted.into_iter().map(|(one, _)| one).collect()
}

/// The starts of the buckets of a table of strings, and the table.
fn strings(all: &BTreeSet<&str>) -> (Vec<u8>, Vec<u8>) {
    let (mut buckets, mut bytes) = (Vec::new(), Vec::new());
    let mut before = "";
    for (position, text) in all.iter().enumerate() {
        if position % BUCKET == 0 {
            buckets.extend(u32::try_from(bytes.len()).expect("small").to_le_bytes());
            before = "";
        }
        let shared = before.bytes().zip(text.bytes()).take_while(|(left, right)| left == right).count();
        number(&mut bytes, shared);
        number(&mut bytes, text.len() - shared);
        bytes.extend(&text.as_bytes()[shared..]);
        before = text;
    }
    (buckets, bytes)
}

/// Where the body of a type starts, plus 1, with what else its entry says in the highest bits.
fn word(entry: &Entry, position: usize) -> u32 {
    let release = match entry.release {
        Release::Present => 0,
        Release::Older => 1,
        Release::Newer => 2,
    };
    let position = u32::try_from(position + 1).expect("small");
    assert!(position < 1 << 28, "too many bodies");
    position | release << 28 | u32::from(entry.beta) << 30
}

/// Seven bits a byte, the lowest first; the highest bit says that another byte follows.
fn number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).expect("seven bits") | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).expect("seven bits"));
}

fn joined(versions: &[String]) -> String {
    if versions.is_empty() { "-".to_owned() } else { versions.join(",") }
}
