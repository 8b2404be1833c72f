//! Leaves out arrows that others imply: what depends on a thing through another one leads there anyway.

use super::{Arrow, Graph};

/// So many arrows can be followed: all of them are drawn, and so are up to three for two boxes.
const FEW: usize = 20;

/// Of more arrows none is left out: it would take longer than the picture is worth.
const MOST: usize = 3_000;

pub(super) fn without_implied(graph: &Graph) -> Graph {
    let few = FEW.max(graph.boxes.len() * 3 / 2);
    if graph.arrows.len() <= few || graph.arrows.len() > MOST {
        return graph.clone();
    }
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); graph.boxes.len()];
    for arrow in &graph.arrows {
        if let Some(below) = below.get_mut(arrow.from) {
            below.push(arrow.to);
        }
    }
    let mut arrows: Vec<Arrow> = Vec::new();
    // One after the other, so that of two that imply each other one stays.
    for arrow in &graph.arrows {
        if !leads_on(&below, arrow) {
            arrows.push(*arrow);
        } else if let Some(below) = below.get_mut(arrow.from) {
            below.retain(|to| *to != arrow.to);
        }
    }
    Graph { implied: graph.arrows.len() - arrows.len(), arrows, ..graph.clone() }
}

/// Whether another way leads from the start of an arrow to its end.
fn leads_on(below: &[Vec<usize>], arrow: &Arrow) -> bool {
    let mut seen = vec![false; below.len()];
    let of = |node: usize| below.get(node).into_iter().flatten().copied();
    let mut next: Vec<usize> = of(arrow.from).filter(|to| *to != arrow.to).collect();
    while let Some(here) = next.pop() {
        if here == arrow.to {
            return true;
        }
        match seen.get_mut(here) {
            Some(seen) if !*seen && here != arrow.from => *seen = true,
            Some(_) | None => continue,
        }
        next.extend(of(here));
    }
    false
}

#[cfg(test)]
mod tests {

    use super::super::testing::graph;
    use super::*;

    fn reaches(graph: &Graph) -> Vec<Vec<bool>> {
        let number = graph.boxes.len();
        let mut reach = vec![vec![false; number]; number];
        graph.arrows.iter().for_each(|arrow| reach[arrow.from][arrow.to] = true);
        for through in 0..number {
            for from in 0..number {
                for to in 0..number {
                    reach[from][to] |= reach[from][through] && reach[through][to];
                }
            }
        }
        reach
    }

    #[test]
    fn a_chain_stays_of_all_pairs() {
        let pairs: Vec<(usize, usize)> =
            (0..20).flat_map(|from| (from + 1..20).map(move |to| (from, to))).collect();
        let all = graph(20, &pairs);
        let few = all.readable();
        assert_eq!((few.arrows.len(), few.implied), (19, pairs.len() - 19));
        assert_eq!(reaches(&few), reaches(&all));
    }

    #[test]
    fn nothing_is_lost_in_circles_and_little_is_kept_whole() {
        let pairs: Vec<(usize, usize)> =
            (0..12).flat_map(|from| (1..8).map(move |step| (from, (from + step * step) % 12))).collect();
        let pairs: Vec<(usize, usize)> = pairs.into_iter().filter(|(from, to)| from != to).collect();
        let all = graph(12, &pairs);
        assert!(all.arrows.len() > FEW);
        assert_eq!(reaches(&all.readable()), reaches(&all));
        let little = graph(3, &[(0, 1), (1, 2), (0, 2)]);
        assert_eq!((little.readable().arrows.len(), little.readable().implied), (3, 0));
    }
}
