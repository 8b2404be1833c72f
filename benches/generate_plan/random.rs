//! Random numbers that are the same on every machine.

use std::fmt::Write as _;

/// The SplitMix64 generator (Steele, Lea and Flood, 2014).
pub(crate) struct Random(u64);

impl Random {
    /// A sequence for one instance, independent of what was drawn for others.
    pub(crate) fn new(seed: u64, instance: u32) -> Self {
        let mut random = Self(seed ^ (u64::from(instance) << 32 | u64::from(instance)));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to 99.
    pub(crate) fn percent(&mut self) -> u64 {
        self.next() % 100
    }

    /// Puts drawn texts in the place of `{hex}`, `{number}`, `{byte}` and `{secret}`, and `name` in that of
    /// `{name}`. Other braces stay.
    pub(crate) fn fill(&mut self, template: &str, name: &str) -> String {
        let mut filled = String::with_capacity(template.len() + 16);
        let mut rest = template;
        while let Some(position) = rest.find('{') {
            filled.push_str(&rest[..position]);
            rest = &rest[position..];
            let end = rest.find('}').map_or(rest.len(), |end| end + 1);
            // Writing to a String does not fail.
            let _ = match &rest[..end] {
                "{name}" => write!(filled, "{name}"),
                "{hex}" => write!(filled, "{:016x}", self.next()),
                "{number}" => write!(filled, "{:012}", self.next() % 1_000_000_000_000),
                "{byte}" => write!(filled, "{}", self.next() % 256),
                "{secret}" => write!(filled, "s{:016X}/{:08x}", self.next(), self.next() as u32),
                _ => {
                    filled.push('{');
                    rest = &rest[1..];
                    continue;
                }
            };
            rest = &rest[end..];
        }
        filled.push_str(rest);
        filled
    }
}
