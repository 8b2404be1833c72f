//! Modules of a picture, with instances of one call that read alike as one paragraph.

use crate::show::{ModuleInstance, with_key_named};

/// The least number of instances that are folded.
const LEAST: usize = 3;

/// So many instances of a call that read otherwise are told apart.
const MOST_KINDS: usize = 20;

/// Keys that are listed.
const MOST_KEYS: usize = 8;

/// Shorter keys stand in texts by chance: they are not looked for.
const SHORTEST_KEY: usize = 3;

/// A module with the lines about its objects.
pub(super) struct Paragraph {
    /// The place of the module among all.
    pub(super) place: usize,
    /// The address of the module; empty for the root module.
    pub(super) address: String,
    /// The outermost call with a key that the module is in.
    pub(super) instance: Option<ModuleInstance>,
    /// The keys of the instances for which the module stands, if there are several.
    pub(super) keys: Vec<String>,
    /// What is done with its objects.
    pub(super) lines: Vec<String>,
}

/// The modules in their order. Three or more instances of a call that read alike, but for their keys, stand as one where the first
/// of them stands, with all modules that are in it.
pub(super) fn folded(paragraphs: Vec<Paragraph>) -> Vec<Paragraph> {
    let mut kinds: Vec<Vec<Placed>> = Vec::new();
    for instance in instances(paragraphs).into_iter().enumerate() {
        let mut near = kinds.iter_mut().rev().take(MOST_KINDS);
        match near.find(|kind| kind.first().is_some_and(|(_, first)| reads_alike(first, &instance.1))) {
            Some(kind) => kind.push(instance),
            None => kinds.push(vec![instance]),
        }
    }
    let mut placed: Vec<Placed> = kinds
        .into_iter()
        .flat_map(|kind| if kind.len() < LEAST { kind } else { vec![one_of(&kind)] })
        .collect();
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().flat_map(|(_, paragraphs)| paragraphs).collect()
}

/// The modules of an instance, with its place among all.
type Placed = (usize, Vec<Paragraph>);

/// The modules that are in the same instance of a call, which follow each other.
fn instances(paragraphs: Vec<Paragraph>) -> Vec<Vec<Paragraph>> {
    let mut instances: Vec<Vec<Paragraph>> = Vec::new();
    for paragraph in paragraphs {
        let is_same = |last: &&mut Vec<Paragraph>| {
            let first = last.first().and_then(|first| first.instance.as_ref());
            let both = first.zip(paragraph.instance.as_ref());
            both.is_some_and(|(one, other)| one.call == other.call && one.key == other.key)
        };
        match instances.last_mut().filter(is_same) {
            Some(last) => last.push(paragraph),
            None => instances.push(vec![paragraph]),
        }
    }
    instances
}

fn reads_alike(one: &[Paragraph], other: &[Paragraph]) -> bool {
    let alike = |one: &Paragraph, other: &Paragraph| {
        let both = one.instance.as_ref().zip(other.instance.as_ref());
        both.is_some_and(|(left, right)| {
            left.call == right.call && left.within == right.within && said(one, left) == said(other, right)
        })
    };
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
}

fn said(paragraph: &Paragraph, instance: &ModuleInstance) -> Vec<String> {
    paragraph.lines.iter().map(|line| with_key_of(instance, line)).collect()
}

/// A line with a word in the place of the key of an instance.
pub(super) fn with_key_of(instance: &ModuleInstance, line: &str) -> String {
    let key = instance.bare_key();
    let is_looked_for = key.chars().count() >= SHORTEST_KEY;
    is_looked_for.then(|| with_key_named(line, key)).flatten().unwrap_or_else(|| line.to_owned())
}

/// The first keys of several.
pub(super) fn listed(keys: &[String]) -> String {
    let more = if keys.len() > MOST_KEYS { ", …" } else { "" };
    format!("{}{more}", keys.get(..MOST_KEYS).unwrap_or(keys).join(", "))
}

/// One paragraph for each module of instances that read alike, where the first of them stands.
fn one_of(kind: &[Placed]) -> Placed {
    let instances = kind.iter().filter_map(|(_, modules)| modules.first()?.instance.as_ref());
    let keys: Vec<String> = instances.map(|instance| instance.key.for_terminal_line()).collect();
    let times = format!(" × {}: {}", keys.len(), listed(&keys));
    let Some((place, first)) = kind.first() else { return Placed::default() };
    let paragraphs = first.iter().enumerate().filter_map(|(position, paragraph)| {
        let instance = paragraph.instance.as_ref()?;
        let (call, within) = (instance.call.for_terminal_line(), instance.within.for_terminal_line());
        let inner = if within.is_empty() { call } else { format!("{call}[…].{within}") };
        Some(Paragraph {
            address: if position == 0 { inner + &times } else { inner },
            lines: said(paragraph, instance),
            instance: Some(instance.clone()),
            keys: keys.clone(),
            ..*paragraph
        })
    });
    (*place, paragraphs.collect())
}
