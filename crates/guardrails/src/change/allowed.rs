//! What is allowed already, by traffic, so that thousands of rules can be compared with as many others.

use std::collections::BTreeMap;

use super::network::{Addresses, Traffic};
use super::openings::Opening;

/// What some openings allow.
#[derive(Debug, Default)]
pub(super) struct Allowed {
    by_traffic: BTreeMap<Traffic, Ranges>,
    /// The traffic of each protocol; `None` for all protocols.
    by_protocol: BTreeMap<Option<String>, PortRanges>,
}

/// The ranges from which some traffic is allowed.
#[derive(Debug, Default)]
struct Ranges {
    /// As they are written, in order.
    all: Vec<Addresses>,
    /// The same without what they have in common.
    merged: Vec<Addresses>,
}

/// Ranges of ports in order, with a tree of the highest last ports.
#[derive(Debug, Default)]
struct PortRanges {
    ranges: Vec<(u32, u32)>,
    /// The highest last port below each node; the children of `n` are `2n` and `2n + 1`.
    highest: Vec<u32>,
}

impl Allowed {
    pub(super) fn new(openings: &[Opening]) -> Self {
        planguard_work::steps(openings.len());
        let mut allowed = Self::default();
        for opening in openings {
            allowed.by_traffic.entry(opening.traffic.clone()).or_default().all.push(opening.from);
        }
        for ranges in allowed.by_traffic.values_mut() {
            ranges.all.sort_unstable();
            ranges.all.dedup();
            ranges.merged = Addresses::merged(&ranges.all);
        }
        for traffic in allowed.by_traffic.keys() {
            let ports = allowed.by_protocol.entry(traffic.protocol().map(ToOwned::to_owned)).or_default();
            ports.ranges.push(traffic.ports());
        }
        allowed.by_protocol.values_mut().for_each(PortRanges::finish);
        allowed
    }

    /// Whether all of a range is allowed some traffic.
    pub(super) fn covers(&self, traffic: &Traffic, range: Addresses) -> bool {
        let (first, last) = traffic.ports();
        let own = traffic.protocol().map(|protocol| Some(protocol.to_owned()));
        let mut parts = Vec::new();
        for protocol in own.into_iter().chain([None]) {
            let Some(ports) = self.by_protocol.get(&protocol) else { continue };
            ports.around(first, last, &mut |first, last| {
                let ranges = self.by_traffic.get(&Traffic::with_ports(protocol.clone(), first, last));
                parts.extend(ranges.into_iter().flat_map(|ranges| overlapping(&ranges.merged, range)));
            });
        }
        range.is_covered_by(parts)
    }

    /// Whether a range takes in one that is allowed part of some traffic.
    fn has_within(&self, traffic: &Traffic, range: Addresses) -> bool {
        let (first, last) = traffic.ports();
        let is_within = |protocol: &Option<String>, ports: &PortRanges| {
            ports.within(first, last).any(|(first, last)| {
                planguard_work::steps(1);
                let ranges = self.by_traffic.get(&Traffic::with_ports(protocol.clone(), first, last));
                ranges.is_some_and(|ranges| {
                    overlapping(&ranges.all, range).any(|allowed| range.contains(allowed))
                })
            })
        };
        match traffic.protocol() {
            Some(protocol) => {
                let protocol = Some(protocol.to_owned());
                self.by_protocol.get(&protocol).is_some_and(|ports| is_within(&protocol, ports))
            }
            None => self.by_protocol.iter().any(|(protocol, ports)| is_within(protocol, ports)),
        }
    }

    /// Whether an opening is new, and either wide and public or a widening of one before.
    pub(super) fn is_exceeded_by(&self, new: &Opening) -> bool {
        !self.covers(&new.traffic, new.from)
            && (new.from.is_wide_and_public() || self.has_within(&new.traffic, new.from))
    }
}

/// The ranges that have something in common with one, of ranges in order. Ranges that begin before it may reach into it, also
/// behind others that do not.
fn overlapping(ranges: &[Addresses], range: Addresses) -> impl Iterator<Item = Addresses> {
    let end = ranges.partition_point(|other| other.begins() <= range.ends());
    let from = ranges.partition_point(|other| other.begins() < range.begins());
    let before = ranges.get(..from).unwrap_or_default().last().copied();
    let inside = ranges.get(from..end).unwrap_or_default().iter().copied();
    before.into_iter().chain(inside).filter(move |other| {
        planguard_work::steps(1);
        other.overlaps(range)
    })
}

impl PortRanges {
    fn finish(&mut self) {
        self.ranges.sort_unstable();
        let leaves = self.ranges.len().next_power_of_two();
        self.highest = vec![0; 2 * leaves];
        for (position, (_, last)) in self.ranges.iter().enumerate() {
            if let Some(leaf) = self.highest.get_mut(leaves + position) {
                *leaf = *last;
            }
        }
        for node in (1..leaves).rev() {
            let child = |at: usize| self.highest.get(at).copied().unwrap_or_default();
            let highest = child(2 * node).max(child(2 * node + 1));
            if let Some(own) = self.highest.get_mut(node) {
                *own = highest;
            }
        }
    }

    /// Tells each range that contains another one.
    fn around(&self, first: u32, last: u32, tell: &mut dyn FnMut(u32, u32)) {
        let end = self.ranges.partition_point(|(own, _)| *own <= first);
        let leaves = self.highest.len() / 2;
        let mut nodes = vec![(1, 0, leaves)];
        while let Some((node, from, length)) = nodes.pop() {
            planguard_work::steps(1);
            if from >= end || self.highest.get(node).is_none_or(|highest| *highest < last) {
                continue;
            }
            if length == 1 {
                if let Some((own_first, own_last)) = self.ranges.get(from) {
                    tell(*own_first, *own_last);
                }
                continue;
            }
            let half = length / 2;
            nodes.extend([(2 * node + 1, from + half, half), (2 * node, from, half)]);
        }
    }

    /// The ranges that another one contains.
    fn within(&self, first: u32, last: u32) -> impl Iterator<Item = (u32, u32)> {
        let from = self.ranges.partition_point(|(own, _)| *own < first);
        let behind = self.ranges.get(from..).unwrap_or_default().iter().copied();
        behind.take_while(move |(own, _)| *own <= last).filter(move |(_, own)| *own <= last)
    }
}

#[cfg(test)]
mod tests {
    use planguard_plan::AttributePath;
    use proptest::prelude::*;

    use super::*;

    fn opening(protocol: &str, ports: (u32, u32), range: &str) -> Opening {
        Opening {
            from: Addresses::parse(range)[0],
            traffic: Traffic::new(protocol, Some(ports)),
            attribute: AttributePath::default(),
            order: None,
            targets: Vec::new(),
        }
    }

    /// The rule, with each opening looked at.
    fn is_wider(before: &[Opening], new: &Opening) -> bool {
        let same_traffic = before.iter().filter(|old| old.traffic.contains(&new.traffic));
        if new.from.is_covered_by(same_traffic.map(|old| old.from).collect()) {
            return false;
        }
        let takes_in = |old: &Opening| new.traffic.contains(&old.traffic) && new.from.contains(old.from);
        new.from.is_wide_and_public() || before.iter().any(takes_in)
    }

    fn openings() -> impl Strategy<Value = Opening> {
        let ranges =
            ["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "10.1.2.0/24", "8.0.0.0/8", "::/0"];
        (
            proptest::sample::select(vec!["tcp", "udp", "all"]),
            0..6_u32,
            0..6_u32,
            proptest::sample::select(ranges.to_vec()),
        )
            .prop_map(|(protocol, first, more, range)| opening(protocol, (first, first + more), range))
    }

    proptest! {
        #[test]
        fn the_answer_is_that_of_looking_at_each(
            before in proptest::collection::vec(openings(), 0..12),
            new in openings(),
        ) {
            prop_assert_eq!(Allowed::new(&before).is_exceeded_by(&new), is_wider(&before, &new));
        }
    }
}
