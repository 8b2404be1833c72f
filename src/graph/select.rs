//! Chooses the boxes of a picture: modules or blocks, those near an address, those that change.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::Provenance;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::text::suggest;

use super::boxes::{Block, Blocks};
use super::fold::{self, Rest};
use super::{Arrow, BoxKind, By, Folded, FoldedRest, Graph, GraphBox};
use crate::show::ShowError;

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

/// What stands for the blocks of a picture.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Blocks,
    /// Modules at most so deep; deeper ones are folded into those that call them.
    Modules(usize),
    Types,
}

/// The name of a box, in the order of the boxes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Of(String),
    /// All that there is no room for.
    Rest,
}

/// Boxes while they are filled.
pub(super) type Groups = BTreeMap<Name, (BoxKind, Block)>;

impl Level {
    /// The name of the box of a block, and what the box is.
    fn name(self, address: &str, block: &Block, has_root_box: bool) -> (Name, BoxKind) {
        let own = (address.to_owned(), if block.is_data { BoxKind::Data } else { BoxKind::Resource });
        let (name, kind) = match self {
            Self::Blocks => own,
            Self::Types => {
                (address.rsplit_once('.').map_or(address, |(kind, _)| kind).to_owned(), BoxKind::Type)
            }
            // A block of the root module has a box of its own among modules, unless there are many.
            Self::Modules(_) if block.module.is_empty() && has_root_box => (String::new(), BoxKind::Module),
            Self::Modules(_) if block.module.is_empty() => own,
            Self::Modules(depth) => (outer(&block.module, depth).to_owned(), BoxKind::Module),
        };
        (Name::Of(name), kind)
    }
}

/// How many modules a path leads through.
fn depth(module: &str) -> usize {
    module.matches("module.").count()
}

/// The module at most so deep in which a module is. Names have no dots, and paths have no keys.
fn outer(module: &str, depth: usize) -> &str {
    let end = module.match_indices('.').map(|(at, _)| at).nth(depth * 2 - 1);
    end.and_then(|end| module.get(..end)).unwrap_or(module)
}

pub(super) fn drawn(blocks: &Blocks, shown: &Shown<'_>, redactor: &Redactor) -> Graph {
    let near = shown.near;
    let is_shown = |address: &str, block: &Block| {
        near.is_none_or(|near| near.contains(address))
            && block.is_used()
            && (!shown.changed || block.changes())
    };
    let deepest = blocks.all.values().map(|block| depth(&block.module)).max().unwrap_or_default();
    let has_root_box = blocks.all.values().filter(|block| block.module.is_empty()).count() > MOST_OF_ROOT;
    let boxes = |level: Level| Boxes::of(blocks, level, has_root_box, &is_shown);
    match shown.by {
        By::Block => boxes(Level::Blocks).graph(blocks, redactor),
        By::Module => boxes(Level::Modules(deepest)).graph(blocks, redactor),
        // Somebody who looks at one thing wants to see what is around it.
        By::Auto if near.is_some() => boxes(Level::Blocks).graph(blocks, redactor),
        By::Auto if deepest > 0 => {
            few_enough((1..=deepest).rev().map(|depth| boxes(Level::Modules(depth))), blocks, redactor)
        }
        By::Auto => few_enough([Level::Blocks, Level::Types].into_iter().map(boxes), blocks, redactor),
    }
}

/// The first of these pictures that somebody can read, or the last one with what matters most.
fn few_enough<'b>(pictures: impl Iterator<Item = Boxes<'b>>, blocks: &Blocks, redactor: &Redactor) -> Graph {
    let mut pictures = pictures.peekable();
    let (mut whole, mut is_coarser) = (None, false);
    while let Some(mut boxes) = pictures.next() {
        let whole = *whole.get_or_insert(boxes.groups.len());
        let rest = boxes.rest(blocks);
        if !rest.is_for_room || pictures.peek().is_none() {
            let (level, number) = (boxes.level, rest.names.len());
            let what = if rest.is_unchanged { FoldedRest::Unchanged } else { FoldedRest::LeastNotable };
            boxes.fold(rest);
            let folded = Folded {
                by: if matches!(level, Level::Modules(_)) { By::Module } else { By::Block },
                whole,
                is_coarser,
                rest: (number > 0).then_some((what, number)),
            };
            let is_folded = is_coarser || number > 0;
            return Graph { folded: is_folded.then_some(folded), ..boxes.graph(blocks, redactor) };
        }
        is_coarser = true;
    }
    Graph::default()
}

/// The boxes of a picture while they are filled.
struct Boxes<'b> {
    level: Level,
    groups: Groups,
    /// The box of each block that has one.
    names: BTreeMap<&'b str, Name>,
    /// How many boxes the options leave out.
    left_out: usize,
    /// What is folded into one box.
    rest: Rest,
}

impl<'b> Boxes<'b> {
    fn of(
        blocks: &'b Blocks,
        level: Level,
        has_root_box: bool,
        is_shown: &impl Fn(&str, &Block) -> bool,
    ) -> Self {
        let mut groups = Groups::new();
        let mut names: BTreeMap<&str, Name> = BTreeMap::new();
        let mut left_out: BTreeSet<Name> = BTreeSet::new();
        for (address, block) in &blocks.all {
            let (name, kind) = level.name(address, block, has_root_box);
            if !is_shown(address, block) {
                if block.is_used() {
                    left_out.insert(name);
                }
                continue;
            }
            let module = match level {
                Level::Modules(depth) if !block.module.is_empty() => outer(&block.module, depth),
                Level::Modules(_) | Level::Blocks | Level::Types => &block.module,
            };
            let (_, group) = groups.entry(name.clone()).or_insert_with(|| {
                (kind, Block { module: module.to_owned(), is_data: block.is_data, ..Block::default() })
            });
            group.add(block);
            names.insert(address, name);
        }
        let left_out = left_out.iter().filter(|name| !groups.contains_key(*name)).count();
        Self { level, groups, names, left_out, rest: Rest::default() }
    }

    fn rest(&self, blocks: &Blocks) -> Rest {
        let pairs = blocks.arrows.keys();
        let named = pairs
            .filter_map(|(from, to)| Some((self.names.get(from.as_str())?, self.names.get(to.as_str())?)));
        fold::rest(&self.groups, named)
    }

    /// Joins boxes into one.
    fn fold(&mut self, rest: Rest) {
        if !rest.names.is_empty() {
            let mut joined = Block::default();
            for name in &rest.names {
                if let Some((_, block)) = self.groups.remove(name) {
                    joined.add(&block);
                }
            }
            self.groups.insert(Name::Rest, (BoxKind::Rest, joined));
            let folded = self.names.values_mut().filter(|name| rest.names.contains(*name));
            folded.for_each(|name| *name = Name::Rest);
        }
        self.rest = rest;
    }

    /// Whether an arrow says something: what stays as it is and is folded is drawn for what changes and depends on it.
    fn is_drawn(&self, from: &Name, to: &Name) -> bool {
        let changes = |name: &Name| self.groups.get(name).is_some_and(|(_, block)| block.changes());
        let is_of_rest = *from == Name::Rest || *to == Name::Rest;
        from != to && (!is_of_rest || !self.rest.is_unchanged || changes(from) || changes(to))
    }

    fn graph(&self, blocks: &Blocks, redactor: &Redactor) -> Graph {
        let positions: BTreeMap<&Name, usize> =
            self.groups.keys().enumerate().map(|(position, name)| (name, position)).collect();
        let mut arrows: BTreeMap<(usize, usize), (usize, bool)> = BTreeMap::new();
        for ((from, to), provenance) in &blocks.arrows {
            let (Some(from), Some(to)) = (self.names.get(from.as_str()), self.names.get(to.as_str())) else {
                continue;
            };
            let (Some(start), Some(end)) = (positions.get(from), positions.get(to)) else { continue };
            if self.is_drawn(from, to) {
                let (count, only_state) = arrows.entry((*start, *end)).or_insert((0, true));
                *count += 1;
                *only_state &= *provenance == Provenance::State;
            }
        }
        Graph {
            boxes: self
                .groups
                .iter()
                .map(|(name, (kind, block))| match name {
                    Name::Of(name) => drawn_box(name, *kind, block, redactor),
                    Name::Rest => rest_box(self.level, self.rest.names.len(), block, redactor),
                })
                .collect(),
            arrows: arrows
                .into_iter()
                .map(|((from, to), (count, only_state))| Arrow { from, to, count, only_state })
                .collect(),
            left_out: self.left_out,
            ..Graph::default()
        }
    }
}

impl Block {
    /// Adds what another block has.
    fn add(&mut self, other: &Self) {
        self.instances += other.instances;
        for (deed, number) in &other.deeds {
            match self.deeds.iter_mut().find(|(known, _)| known == deed) {
                Some((_, known)) => *known += number,
                None => self.deeds.push((deed.clone(), *number)),
            }
        }
    }
}

fn rest_box(level: Level, number: usize, block: &Block, redactor: &Redactor) -> GraphBox {
    let what = match level {
        Level::Modules(_) => "modules and blocks",
        Level::Types => "types",
        Level::Blocks => "blocks",
    };
    let label = redactor.text(&format!("{number} other {what}"));
    GraphBox { address: label.clone(), label, ..drawn_box("", BoxKind::Rest, block, redactor) }
}

fn drawn_box(name: &str, kind: BoxKind, block: &Block, redactor: &Redactor) -> GraphBox {
    let within = name.strip_prefix(block.module.as_str()).and_then(|rest| rest.strip_prefix('.'));
    let label = match kind {
        BoxKind::Module if name.is_empty() => ROOT,
        BoxKind::Module | BoxKind::Type | BoxKind::Rest => redactor.text(name),
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

/// An address without the keys of instances: other commands print it with them.
fn without_keys(address: &str) -> String {
    let (mut kept, mut rest) = (String::new(), address);
    while let Some((front, key)) = rest.split_once('[') {
        kept.push_str(front);
        let text = key.strip_prefix('"').map(|text| {
            let mut is_escaped = false;
            let end = text.find(|character| {
                let is_end = character == '"' && !is_escaped;
                is_escaped = character == '\\' && !is_escaped;
                is_end
            });
            end.and_then(|end| text.get(end..)).unwrap_or_default()
        });
        rest = text.unwrap_or(key).split_once(']').map_or("", |(_, rest)| rest);
    }
    kept + rest
}

/// The blocks at most `hops` arrows away from a block, or from a block of a module, in either direction.
pub(super) fn near<'b>(blocks: &'b Blocks, focus: &str, hops: usize) -> Result<BTreeSet<&'b str>, ShowError> {
    let focus = without_keys(focus);
    let focus = focus.as_str();
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
            || "name a block or a module: aws_instance.web, module.network".to_owned(),
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

#[cfg(test)]
mod tests {
    use planguard_plan::input::Document;

    #[test]
    fn keys_of_instances_are_no_part_of_the_address_of_a_block() {
        for (address, wanted) in [
            ("aws_a.b", "aws_a.b"),
            ("aws_a.b[0]", "aws_a.b"),
            (r#"module.m["a]\"].b"].aws_a.b["x"]"#, "module.m.aws_a.b"),
            (r#"module.m["\\"].aws_a.b"#, "module.m.aws_a.b"),
            ("module.m[1]", "module.m"),
            (r#"aws_a.b["open"#, "aws_a.b"),
        ] {
            assert_eq!(super::without_keys(address), wanted, "{address}");
        }
    }

    use super::*;
    use crate::graph::GraphOptions;
    use crate::graph::fold::MOST_BOXES;

    fn graph(addresses: &[String], by: By) -> Graph {
        let changes: Vec<String> = addresses
            .iter()
            .enumerate()
            .map(|(number, address)| {
                let (actions, before) = if number == 7 { ("delete", "{}") } else { ("create", "null") };
                let after = if number == 7 { "null" } else { "{}" };
                format!(
                    r#"{{"address": "{address}", "change": {{"actions": ["{actions}"], "before": {before}, "after": {after}, "after_unknown": {{}}}}}}"#
                )
            })
            .collect();
        let plan = format!(
            r#"{{"format_version": "1.2", "planned_values": {{}}, "resource_changes": [{}]}}"#,
            changes.join(",")
        );
        let document = Document::from_text("plan.json", &plan).unwrap();
        Graph::of(&document, &GraphOptions { by, ..GraphOptions::default() }).unwrap()
    }

    fn objects(graph: &Graph) -> usize {
        graph.boxes.iter().map(|shown| shown.instances).sum()
    }

    #[test]
    fn deeper_modules_are_folded_until_the_map_can_be_read() {
        let addresses: Vec<String> = (0..300)
            .map(|number| format!("module.m{}.module.n{}.module.o.x.r{number}", number % 10, number % 100))
            .collect();
        let map = graph(&addresses, By::Auto);
        assert_eq!(map.boxes.len(), 10);
        assert_eq!(map.folded, Some(Folded { by: By::Module, whole: 100, is_coarser: true, rest: None }));
        assert_eq!(objects(&map), 300);
        assert_eq!(map.boxes[0].address.unescaped(), "module.m0");
        let whole = graph(&addresses, By::Module);
        assert_eq!((whole.boxes.len(), whole.folded), (100, None));
    }

    #[test]
    fn the_least_notable_of_very_many_are_one_box() {
        let addresses: Vec<String> = (0..300).map(|number| format!("module.m{number:03}.x.y")).collect();
        let map = graph(&addresses, By::Auto);
        assert_eq!(map.boxes.len(), MOST_BOXES);
        assert_eq!(objects(&map), 300);
        let rest = map.boxes.last().unwrap();
        assert_eq!((rest.kind, rest.instances), (BoxKind::Rest, 241));
        assert_eq!(rest.label.unescaped(), "241 other modules and blocks");
        // What is destroyed has a box of its own, wherever it stands.
        assert!(map.boxes.iter().any(|shown| shown.address.unescaped() == "module.m007"));
    }

    #[test]
    fn the_eye_falls_on_the_modules_that_change() {
        // 200 modules in a tree, of which three change.
        let module = |number: usize| {
            let change = match number {
                3 => r#""actions": ["delete"], "before": {}, "after": null, "after_unknown": {}"#,
                100 | 198 => {
                    r#""actions": ["update"], "before": {"on": 1}, "after": {"on": 2}, "after_unknown": {}"#
                }
                _ => r#""actions": ["no-op"], "before": {"on": 1}, "after": {"on": 1}, "after_unknown": {}"#,
            };
            format!(r#"{{"address": "module.m{number}.x.y", "change": {{{change}}}}}"#)
        };
        let call = |number: usize| {
            let on = if number == 0 {
                String::new()
            } else {
                format!(r#""references": ["module.m{}.id"]"#, number / 3)
            };
            format!(
                r#""m{number}": {{"expressions": {{"on": {{{on}}}}}, "module": {{"variables": {{"on": {{}}}},
                    "outputs": {{"id": {{"expression": {{"references": ["x.y.id"]}}}}}},
                    "resources": [{{"mode": "managed", "type": "x", "name": "y", "expressions": {{"on": {{"references": ["var.on"]}}}}}}]}}}}"#
            )
        };
        let (modules, calls): (Vec<String>, Vec<String>) =
            (0..200).map(|number| (module(number), call(number))).unzip();
        let plan = format!(
            r#"{{"format_version": "1.2", "planned_values": {{}}, "resource_changes": [{}],
                "configuration": {{"root_module": {{"module_calls": {{{}}}}}}}}}"#,
            modules.join(","),
            calls.join(",")
        );
        let document = Document::from_text("plan.json", &plan).unwrap();
        let map = Graph::of(&document, &GraphOptions::default()).unwrap();
        let names: Vec<&str> = map.boxes.iter().map(|shown| shown.address.unescaped()).collect();
        for near in
            ["module.m3", "module.m100", "module.m198", "module.m1", "module.m33", "module.m66", "module.m9"]
        {
            assert!(names.contains(&near), "{near}: {names:?}");
        }
        let rest = map.boxes.iter().position(|shown| shown.kind == BoxKind::Rest).unwrap();
        assert_eq!(map.boxes[rest].instances + map.boxes.len() - 1, 200);
        assert!(map.boxes.len() < 12, "{names:?}");
        // What is unchanged has arrows to what changes only.
        let changes = |position: usize| map.boxes[position].worst().is_some();
        assert!(map.arrows.iter().all(|arrow| ![arrow.from, arrow.to].contains(&rest)
            || changes(arrow.from)
            || changes(arrow.to)));
        let folded = map.folded.unwrap();
        assert_eq!((folded.whole, folded.rest.map(|(rest, _)| rest)), (200, Some(FoldedRest::Unchanged)));
        let whole = GraphOptions { by: By::Module, ..GraphOptions::default() };
        assert_eq!(Graph::of(&document, &whole).unwrap().boxes.len(), 200);
    }

    #[test]
    fn many_blocks_without_modules_are_their_types() {
        let addresses: Vec<String> = (0..180).map(|number| format!("x_{}.r{number}", number % 12)).collect();
        let map = graph(&addresses, By::Auto);
        let folded = Folded { by: By::Block, whole: 180, is_coarser: true, rest: None };
        assert_eq!((map.boxes.len(), map.folded), (12, Some(folded)));
        assert!(map.boxes.iter().all(|shown| shown.kind == BoxKind::Type && shown.instances == 15));
        assert_eq!(graph(&addresses, By::Block).boxes.len(), 180);
        assert_eq!(graph(&addresses[..20], By::Auto).folded, None);
    }

    #[test]
    fn a_block_without_objects_passes_on_what_it_depends_on() {
        let block = |name: &str, on: &str| {
            format!(
                r#"{{"mode": "managed", "type": "x", "name": "{name}", "expressions": {{"of": {{"references": [{on}]}}}}}}"#
            )
        };
        let blocks = [
            block("gateway", r#""x.association""#),
            block("association", r#""x.other""#),
            block("other", r#""x.vpc""#),
            block("vpc", ""),
        ];
        let object = |name: &str| {
            format!(
                r#"{{"address": "x.{name}", "change": {{"actions": ["create"], "before": null, "after": {{"of": "1"}}, "after_unknown": {{}}}}}}"#
            )
        };
        let plan = format!(
            r#"{{"format_version": "1.2", "planned_values": {{}}, "resource_changes": [{}, {}],
                "configuration": {{"root_module": {{"resources": [{}]}}}}}}"#,
            object("gateway"),
            object("vpc"),
            blocks.join(",")
        );
        let document = Document::from_text("plan.json", &plan).unwrap();
        let graph = Graph::of(&document, &GraphOptions::default()).unwrap();
        assert_eq!(graph.boxes.len(), 2);
        assert_eq!(graph.arrows, [Arrow { from: 0, to: 1, count: 1, only_state: false }]);
    }

    #[test]
    fn the_outer_module_of_a_path() {
        for (path, depth, wanted) in [
            ("module.a.module.b.module.c", 1, "module.a"),
            ("module.a.module.b.module.c", 2, "module.a.module.b"),
            ("module.a.module.b", 2, "module.a.module.b"),
            ("module.a", 3, "module.a"),
        ] {
            assert_eq!(outer(path, depth), wanted);
        }
    }
}
