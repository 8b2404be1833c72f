//! Places boxes in layers: what depends on something stands above it. The same graph has the same picture on every machine.
//!
//! The steps are those of Sugiyama: break cycles, give each box a layer, order the boxes of each layer so that few arrows
//! cross, and place them. A layer that is too wide has several rows.

use std::collections::BTreeMap;

use super::{Graph, GraphBox};

/// The height of a box, in pixels.
const HEIGHT: i64 = 44;

/// The width of a character of a label.
const CHARACTER: i64 = 7;

/// Room at both sides of a label.
const PADDING: i64 = 24;

/// The narrowest box.
const NARROWEST: i64 = 96;

/// The widest box; a longer label is cut.
const WIDEST: i64 = 340;

/// Between two boxes of a row.
const BESIDE: i64 = 28;

/// Between two rows.
const BELOW: i64 = 56;

/// Around the picture.
const MARGIN: i64 = 24;

/// A row that would be wider goes on in another.
const ROW: i64 = 2_400;

/// How often the order of layers is improved.
const SWEEPS: usize = 8;

/// More turns of arrows would make the picture slower than it is worth.
const MOST_TURNS: usize = 4_000;

/// Where everything is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// The width in pixels.
    pub width: i64,
    /// The height in pixels.
    pub height: i64,
    /// The place of each box, in the order of the graph's.
    pub boxes: Vec<Spot>,
    /// The way of each arrow, in the order of the graph's.
    pub arrows: Vec<Route>,
}

/// The place of a box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// The left edge.
    pub x: i64,
    /// The upper edge.
    pub y: i64,
    /// The width.
    pub width: i64,
    /// The height.
    pub height: i64,
}

/// The points through which an arrow goes, from the box that depends.
pub type Route = Vec<(i64, i64)>;

/// How many characters of a label fit into the widest box.
pub(crate) const MOST_CHARACTERS: usize = ((WIDEST - PADDING) / CHARACTER) as usize;

/// A place in a layer: a box, or the turn of an arrow that passes.
struct Node {
    width: i64,
    layer: usize,
    /// Nodes of the layer above.
    above: Vec<usize>,
    /// Nodes of the layer below.
    below: Vec<usize>,
}

pub(super) fn picture(graph: &Graph) -> Picture {
    let edges = without_cycles(graph);
    let layers = layers(graph.boxes.len(), &edges);
    let mut nodes: Vec<Node> = graph
        .boxes
        .iter()
        .zip(&layers)
        .map(|(shown, layer)| Node {
            width: width(shown),
            layer: *layer,
            above: Vec::new(),
            below: Vec::new(),
        })
        .collect();
    let turns = turns(&mut nodes, &edges);
    let rows = ordered(&nodes);
    let spots = placed(&nodes, rows);
    let boxes: Vec<Spot> = spots.iter().take(graph.boxes.len()).copied().collect();
    let arrows = graph.arrows.iter().zip(&turns).map(|(arrow, turns)| {
        let (Some(from), Some(to)) = (boxes.get(arrow.from), boxes.get(arrow.to)) else {
            return Route::new();
        };
        let is_down = from.y < to.y;
        let middle = |spot: &Spot| spot.x + spot.width / 2;
        let (start, end) = if is_down { (from.y + from.height, to.y) } else { (from.y, to.y + to.height) };
        let mut route = vec![(middle(from), start)];
        route.extend(
            turns.iter().filter_map(|turn| spots.get(*turn)).map(|spot| (middle(spot), spot.y + HEIGHT / 2)),
        );
        route.push((middle(to), end));
        route
    });
    let arrows: Vec<Route> = arrows.collect();
    // An arrow may pass beside all boxes.
    let right = boxes.iter().map(|spot| spot.x + spot.width).chain(arrows.iter().flatten().map(|(x, _)| *x));
    let right = right.max().unwrap_or_default();
    let bottom = boxes.iter().map(|spot| spot.y + spot.height).max().unwrap_or_default();
    Picture { width: right + MARGIN, height: bottom + MARGIN, boxes, arrows }
}

fn width(shown: &GraphBox) -> i64 {
    let characters = shown.label.for_terminal_line().chars().count();
    // Below it is what is done: a glyph, a number and a space each. What stays as it is is counted in words.
    let unchanged = shown.instances.to_string().len() + " unchanged".len();
    let deeds: usize = shown.deeds.iter().map(|(_, number)| number.to_string().len() + 2).sum();
    let deeds = if shown.deeds.is_empty() { unchanged } else { deeds };
    let characters = characters.max(deeds).min(MOST_CHARACTERS);
    // The label of what changes is bold in pages.
    let bold = i64::from(shown.worst().is_some());
    let label = i64::try_from(characters).unwrap_or(WIDEST) * (CHARACTER + bold);
    (label + PADDING).clamp(NARROWEST, WIDEST)
}

/// The arrows as pairs; those that close a circle are turned round.
fn without_cycles(graph: &Graph) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        Open,
        Done,
    }
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); graph.boxes.len()];
    for arrow in &graph.arrows {
        if let Some(below) = below.get_mut(arrow.from) {
            below.push(arrow.to);
        }
    }
    let mut seen = vec![Seen::Not; graph.boxes.len()];
    let mut turned = std::collections::BTreeSet::new();
    for start in 0..graph.boxes.len() {
        // A path of its own instead of recursion: a plan may be a chain of any length.
        let mut path = vec![(start, 0)];
        if seen.get(start) != Some(&Seen::Not) {
            continue;
        }
        while let Some((here, next)) = path.last().copied() {
            if let Some(seen) = seen.get_mut(here) {
                *seen = Seen::Open;
            }
            let Some(to) = below.get(here).and_then(|below| below.get(next)).copied() else {
                if let Some(seen) = seen.get_mut(here) {
                    *seen = Seen::Done;
                }
                path.pop();
                continue;
            };
            if let Some((_, next)) = path.last_mut() {
                *next += 1;
            }
            match seen.get(to) {
                Some(Seen::Not) => path.push((to, 0)),
                Some(Seen::Open) => {
                    turned.insert((here, to));
                }
                Some(Seen::Done) | None => {}
            }
        }
    }
    graph
        .arrows
        .iter()
        .map(|arrow| {
            let pair = (arrow.from, arrow.to);
            if turned.contains(&pair) { (arrow.to, arrow.from) } else { pair }
        })
        .collect()
}

/// The layer of each box: one below the lowest of those that depend on it. A box that nothing depends on stands right above
/// what it depends on.
fn layers(number: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut above = vec![0_usize; number];
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); number];
    for (from, to) in edges {
        if let (Some(above), Some(below)) = (above.get_mut(*to), below.get_mut(*from)) {
            *above += 1;
            below.push(*to);
        }
    }
    let has_none_above: Vec<bool> = above.iter().map(|number| *number == 0).collect();
    let mut layers = vec![0_usize; number];
    let mut ready: Vec<usize> = (0..number).filter(|node| has_none_above.get(*node) == Some(&true)).collect();
    let mut order = Vec::with_capacity(number);
    while let Some(here) = ready.pop() {
        order.push(here);
        let layer = layers.get(here).copied().unwrap_or_default();
        for to in below.get(here).into_iter().flatten() {
            if let (Some(known), Some(above)) = (layers.get_mut(*to), above.get_mut(*to)) {
                *known = layer.saturating_add(1).max(*known);
                *above -= 1;
                if *above == 0 {
                    ready.push(*to);
                }
            }
        }
    }
    for node in order.iter().rev().filter(|node| has_none_above.get(**node) == Some(&true)) {
        let nearest = below.get(*node).into_iter().flatten().filter_map(|to| layers.get(*to)).min().copied();
        if let (Some(nearest), Some(layer)) = (nearest, layers.get_mut(*node)) {
            *layer = nearest.saturating_sub(1);
        }
    }
    layers
}

/// Adds a node for each layer that an arrow passes, and links neighbours. For each arrow, its turns from its start on.
fn turns(nodes: &mut Vec<Node>, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let layer = |nodes: &[Node], node: usize| nodes.get(node).map_or(0, |node| node.layer);
    let passed: usize =
        edges.iter().map(|(from, to)| layer(nodes, *to).saturating_sub(layer(nodes, *from) + 1)).sum();
    let mut turns = Vec::with_capacity(edges.len());
    for (from, to) in edges {
        let (first, last) = (layer(nodes, *from), layer(nodes, *to));
        let mut passes = Vec::new();
        let mut above = *from;
        if passed <= MOST_TURNS {
            for layer in first + 1..last {
                let turn = nodes.len();
                link(nodes, above, turn);
                nodes.push(Node { width: 2, layer, above: vec![above], below: Vec::new() });
                passes.push(turn);
                above = turn;
            }
        }
        link(nodes, above, *to);
        if let Some(to) = nodes.get_mut(*to) {
            to.above.push(above);
        }
        turns.push(passes);
    }
    turns
}

fn link(nodes: &mut [Node], above: usize, below: usize) {
    if let Some(above) = nodes.get_mut(above) {
        above.below.push(below);
    }
}

/// The nodes of each layer, in an order in which few arrows cross: each stands near the middle of its neighbours.
fn ordered(nodes: &[Node]) -> Vec<Vec<usize>> {
    let number = nodes.iter().map(|node| node.layer + 1).max().unwrap_or_default();
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); number];
    for (position, node) in nodes.iter().enumerate() {
        if let Some(row) = rows.get_mut(node.layer) {
            row.push(position);
        }
    }
    for sweep in 0..SWEEPS {
        let is_down = sweep % 2 == 0;
        let indexes: Vec<usize> = if is_down { (0..number).collect() } else { (0..number).rev().collect() };
        for index in indexes {
            let beside = if is_down { index.checked_sub(1) } else { Some(index + 1) };
            let Some(beside) = beside.and_then(|beside| rows.get(beside)) else { continue };
            let places: BTreeMap<usize, usize> =
                beside.iter().enumerate().map(|(place, node)| (*node, place)).collect();
            let length = beside.len();
            let Some(row) = rows.get_mut(index) else { continue };
            let old: BTreeMap<usize, usize> =
                row.iter().enumerate().map(|(place, node)| (*node, place)).collect();
            let width = row.len().max(1);
            row.sort_by_key(|node| {
                let neighbours = nodes.get(*node).map(|node| if is_down { &node.above } else { &node.below });
                let found: Vec<usize> =
                    neighbours.into_iter().flatten().filter_map(|node| places.get(node)).copied().collect();
                let place = old.get(node).copied().unwrap_or_default();
                // In thousandths of a place. Without neighbours a node keeps its place in proportion.
                let wanted = if found.is_empty() {
                    place * 1_000 * length / width
                } else {
                    found.iter().sum::<usize>() * 1_000 / found.len()
                };
                (wanted, place)
            });
        }
    }
    rows
}

/// The place of each node.
fn placed(nodes: &[Node], layers: Vec<Vec<usize>>) -> Vec<Spot> {
    let width = |node: usize| nodes.get(node).map_or(0, |node| node.width);
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for layer in layers {
        let mut row = Vec::new();
        let mut used = 0;
        for node in layer {
            if used + width(node) > ROW && !row.is_empty() {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            used += width(node) + BESIDE;
            row.push(node);
        }
        rows.push(row);
    }
    let total = |row: &[usize]| row.iter().map(|node| width(*node) + BESIDE).sum::<i64>() - BESIDE;
    let widest = rows.iter().map(|row| total(row)).max().unwrap_or_default().max(0);
    let mut spots = vec![Spot::default(); nodes.len()];
    let mut y = MARGIN;
    for row in &rows {
        let mut x = MARGIN + (widest - total(row)) / 2;
        for node in row {
            if let Some(spot) = spots.get_mut(*node) {
                *spot = Spot { x, y, width: width(*node), height: HEIGHT };
            }
            x += width(*node) + BESIDE;
        }
        y += HEIGHT + BELOW;
    }
    spots
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::graph;

    #[test]
    fn a_chain_is_a_column() {
        let picture = graph(3, &[(0, 1), (1, 2), (0, 2)]).picture();
        let tops: Vec<i64> = picture.boxes.iter().map(|spot| spot.y).collect();
        assert!(tops.is_sorted() && tops[0] < tops[2], "{tops:?}");
        // The arrow that passes a layer has a turn there.
        assert_eq!(picture.arrows.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 3]);
    }

    #[test]
    fn a_long_chain_and_a_circle_have_a_picture() {
        let chain: Vec<(usize, usize)> = (0..20_000).map(|node| (node, node + 1)).collect();
        assert_eq!(graph(20_001, &chain).picture().boxes.len(), 20_001);
        assert_eq!(graph(3, &[(0, 1), (1, 2), (2, 0)]).picture().boxes.len(), 3);
    }

    proptest! {
        /// No two boxes overlap, and each arrow begins and ends at its boxes.
        #[test]
        fn boxes_have_room(pairs in proptest::collection::vec((0_usize..12, 0_usize..12), 0..30)) {
            let pairs: Vec<_> = pairs.into_iter().filter(|(from, to)| from != to).collect();
            let graph = graph(12, &pairs);
            let picture = graph.picture();
            for (one, spot) in picture.boxes.iter().enumerate() {
                for other in &picture.boxes[one + 1..] {
                    let beside = spot.x + spot.width <= other.x || other.x + other.width <= spot.x;
                    prop_assert!(beside || spot.y != other.y);
                }
                prop_assert!(spot.x >= 0 && spot.x + spot.width <= picture.width);
            }
            for (arrow, route) in graph.arrows.iter().zip(&picture.arrows) {
                let (from, to) = (picture.boxes[arrow.from], picture.boxes[arrow.to]);
                prop_assert!(route[0].0 > from.x && route[0].0 < from.x + from.width);
                prop_assert!(route.iter().all(|(x, _)| (0..=picture.width).contains(x)));
                let end = route[route.len() - 1];
                prop_assert!(end.0 > to.x && end.0 < to.x + to.width);
            }
            prop_assert_eq!(graph.picture(), picture);
        }
    }
}
