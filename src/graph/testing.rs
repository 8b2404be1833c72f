//! Pictures for the tests of layout and of fewer arrows.

use planguard_plan::redact::SafeText;

use super::{Arrow, BoxKind, Graph, GraphBox};

/// So many boxes, with an arrow from the first to the second of each pair.
pub(super) fn graph(number: usize, pairs: &[(usize, usize)]) -> Graph {
    let boxes = (0..number).map(|number| GraphBox {
        address: number.into(),
        label: number.into(),
        module: SafeText::default(),
        kind: BoxKind::Module,
        instances: 1,
        deeds: Vec::new(),
    });
    let arrow = |(from, to): &(usize, usize)| Arrow { from: *from, to: *to, count: 1, only_state: false };
    Graph { boxes: boxes.collect(), arrows: pairs.iter().map(arrow).collect(), ..Graph::default() }
}
