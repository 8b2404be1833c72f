//! The ports that a network rule opens, and what listens on them.

use planguard_guardrail_format::PortRange;

use crate::change::services;

/// Open ports, as far as rules watch them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPorts {
    /// The ranges that are open.
    ranges: Vec<PortRange>,
    /// The ports in them that rules watch.
    watched: Vec<PortRange>,
}

/// How many services a message names.
const NAMED: usize = 6;

impl OpenPorts {
    /// An open range of ports, and the ports that a rule watches.
    pub(super) fn new(range: PortRange, wanted: &[PortRange]) -> Self {
        let watched = wanted.iter().copied().filter(|wanted| range.includes(*wanted)).collect();
        Self { ranges: vec![range], watched }
    }

    /// These ports and others.
    #[must_use]
    pub fn and(mut self, others: &Self) -> Self {
        let add = |to: &mut Vec<PortRange>, new: &[PortRange]| {
            for range in new {
                if !to.iter().any(|known| known.includes(*range)) {
                    to.retain(|known| !range.includes(*known));
                    to.push(*range);
                }
            }
            to.sort_by_key(|range| (range.from, range.to));
        };
        add(&mut self.ranges, &others.ranges);
        add(&mut self.watched, &others.watched);
        self
    }

    /// `port 22 (SSH)`, `ports 22-3389 (SSH, MySQL and Remote Desktop)` or `all ports`.
    pub fn words(&self) -> String {
        if self.ranges.iter().any(|range| range.from <= 1 && range.to == u16::MAX) {
            return "all ports".to_owned();
        }
        let ranges: Vec<String> = self
            .ranges
            .iter()
            .map(|PortRange { from, to }| if from == to { from.to_string() } else { format!("{from}-{to}") })
            .collect();
        let is_one = matches!(self.ranges[..], [PortRange { from, to }] if from == to);
        let noun = if is_one { "port" } else { "ports" };
        let mut names: Vec<&str> = self
            .watched
            .iter()
            .flat_map(|range| services(u32::from(range.from), u32::from(range.to)))
            .collect();
        names.dedup();
        let services = match names.len() {
            0 => String::new(),
            count if count > NAMED => {
                let named = names.get(..NAMED).unwrap_or_default().join(", ");
                format!(" ({named} and {} more)", count - NAMED)
            }
            _ => format!(" ({})", names.join(", ")),
        };
        format!("{noun} {}{services}", ranges.join(", "))
    }
}
