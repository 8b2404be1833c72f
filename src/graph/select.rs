//! Chooses the boxes of a picture: modules or blocks, those near an address, those that change.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::Provenance;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::text::suggest;

use super::boxes::{Block, Blocks};
use super::{Arrow, BoxKind, By, Graph, GraphBox};
use crate::show::{Deed, ShowError};

/// More blocks of the root module are one box of a map of modules.
const MOST_OF_ROOT: usize = 40;

/// What stands for the blocks of the root module.
const ROOT: SafeText = SafeText::fixed("root module");

/// What of a plan is drawn.
pub(super) struct Shown<'s> {
    /// What stands for a box.
    pub(super) by: By,
    /// The blocks to draw, if not all.
    pub(super) near: Option<&'s BTreeSet<&'s str>>,
    /// Whether to leave out what the plan does nothing with.
    pub(super) changed: bool,
}

pub(super) fn drawn(blocks: &Blocks, shown: &Shown<'_>, redactor: &Redactor) -> Graph {
    let near = shown.near;
    let has_modules = blocks.all.values().any(|block| !block.module.is_empty());
    let by_module = match shown.by {
        By::Module => true,
        By::Block => false,
        // Somebody who looks at one thing wants to see what is around it.
        By::Auto => has_modules && near.is_none(),
    };
    let of_root = blocks.all.values().filter(|block| block.module.is_empty()).count();
    // A block of the root module has a box of its own among modules, unless there are many.
    let name_of = |address: &str, block: &Block| -> String {
        match (by_module, block.module.is_empty()) {
            (false, _) => address.to_owned(),
            (true, false) => block.module.clone(),
            (true, true) if of_root > MOST_OF_ROOT => String::new(),
            (true, true) => address.to_owned(),
        }
    };
    let mut groups: BTreeMap<String, (BoxKind, Block)> = BTreeMap::new();
    let mut name_by_block: BTreeMap<&str, String> = BTreeMap::new();
    let mut left_out: BTreeSet<String> = BTreeSet::new();
    for (address, block) in &blocks.all {
        let name = name_of(address, block);
        let is_near = near.is_none_or(|near| near.contains(address.as_str()));
        let is_used = block.instances > 0 || block.is_data;
        let changes = block.deeds.iter().any(|(deed, _)| *deed != Deed::Read);
        if !is_near || !is_used || shown.changed && !changes {
            if is_used {
                left_out.insert(name);
            }
            continue;
        }
        let kind = match (name == *address, block.is_data) {
            (false, _) => BoxKind::Module,
            (true, true) => BoxKind::Data,
            (true, false) => BoxKind::Resource,
        };
        let (_, group) = groups.entry(name.clone()).or_insert_with(|| {
            (kind, Block { module: block.module.clone(), is_data: block.is_data, ..Block::default() })
        });
        group.instances += block.instances;
        for (deed, number) in &block.deeds {
            match group.deeds.iter_mut().find(|(known, _)| known == deed) {
                Some((_, known)) => *known += number,
                None => group.deeds.push((deed.clone(), *number)),
            }
        }
        name_by_block.insert(address, name);
    }
    let positions: BTreeMap<&str, usize> =
        groups.keys().enumerate().map(|(position, name)| (name.as_str(), position)).collect();
    let mut arrows: BTreeMap<(usize, usize), (usize, bool)> = BTreeMap::new();
    for ((from, to), provenance) in &blocks.arrows {
        let place = |block: &str| positions.get(name_by_block.get(block)?.as_str()).copied();
        let (Some(from), Some(to)) = (place(from), place(to)) else { continue };
        if from != to {
            let (count, only_state) = arrows.entry((from, to)).or_insert((0, true));
            *count += 1;
            *only_state &= *provenance == Provenance::State;
        }
    }
    let left_out = left_out.iter().filter(|name| !groups.contains_key(*name)).count();
    Graph {
        boxes: groups.iter().map(|(name, (kind, block))| drawn_box(name, *kind, block, redactor)).collect(),
        arrows: arrows
            .into_iter()
            .map(|((from, to), (count, only_state))| Arrow { from, to, count, only_state })
            .collect(),
        left_out,
        ..Graph::default()
    }
}

fn drawn_box(name: &str, kind: BoxKind, block: &Block, redactor: &Redactor) -> GraphBox {
    let within = name.strip_prefix(block.module.as_str()).and_then(|rest| rest.strip_prefix('.'));
    let label = match kind {
        BoxKind::Module if name.is_empty() => ROOT,
        BoxKind::Module => redactor.text(name),
        BoxKind::Resource | BoxKind::Data => redactor.text(within.unwrap_or(name)),
    };
    let mut deeds = block.deeds.clone();
    deeds.sort_by_key(|(deed, _)| std::cmp::Reverse(deed.weight()));
    GraphBox {
        address: redactor.text(name),
        label,
        module: redactor.text(&block.module),
        kind,
        instances: block.instances,
        deeds,
    }
}

/// The blocks at most `hops` arrows away from a block, or from a block of a module, in either direction.
pub(super) fn near<'b>(blocks: &'b Blocks, focus: &str, hops: usize) -> Result<BTreeSet<&'b str>, ShowError> {
    let is_focus = |address: &str, block: &Block| {
        address == focus
            || block.module == focus
            || block.module.strip_prefix(focus).is_some_and(|rest| rest.starts_with('.'))
    };
    let mut reached: BTreeSet<&str> = blocks
        .all
        .iter()
        .filter(|(address, block)| is_focus(address, block))
        .map(|(address, _)| address.as_str())
        .collect();
    if reached.is_empty() {
        let modules = blocks.all.values().map(|block| block.module.as_str());
        let known: BTreeSet<&str> = blocks.all.keys().map(String::as_str).chain(modules).collect();
        let help = suggest::nearest(focus, known).map_or_else(
            || "name a block or a module, without keys: aws_instance.web, module.network".to_owned(),
            |near| format!("did you mean {near}?"),
        );
        return Err(ShowError::NoSuchAddress { address: focus.to_owned(), help });
    }
    let mut neighbours: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in blocks.arrows.keys() {
        neighbours.entry(from).or_default().push(to);
        neighbours.entry(to).or_default().push(from);
    }
    let mut edge: Vec<&str> = reached.iter().copied().collect();
    for _ in 0..hops {
        let next: Vec<&str> =
            edge.iter().flat_map(|here| neighbours.get(here).into_iter().flatten().copied()).collect();
        edge = next.into_iter().filter(|address| reached.insert(address)).collect();
        if edge.is_empty() {
            break;
        }
    }
    Ok(reached)
}
