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

#[cfg(test)]
mod tests {
    use super::*;

    fn open(from: u16, to: u16, watched: &[u16]) -> OpenPorts {
        let watched: Vec<PortRange> =
            watched.iter().map(|port| PortRange { from: *port, to: *port }).collect();
        OpenPorts::new(PortRange { from, to }, &watched)
    }

    #[test]
    fn ports_are_named_with_what_listens_there() {
        assert_eq!(open(22, 22, &[22]).words(), "port 22 (SSH)");
        assert_eq!(open(7, 7, &[7]).words(), "port 7");
        assert_eq!(
            open(20, 5500, &[3306, 22, 6379]).and(&open(20, 5500, &[3389])).words(),
            "ports 20-5500 (SSH, MySQL, RDP)"
        );
        assert_eq!(
            open(22, 22, &[22]).and(&open(5432, 5432, &[5432])).words(),
            "ports 22, 5432 (SSH, PostgreSQL)"
        );
        assert_eq!(open(0, 65_535, &[22]).words(), "all ports");
        assert_eq!(
            open(1, 9999, &[21, 22, 23, 1433, 3306, 3389, 5432, 6379]).words(),
            "ports 1-9999 (FTP, SSH, Telnet, SQL Server, MySQL, RDP and 2 more)"
        );
    }
}
