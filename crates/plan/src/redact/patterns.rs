//! Searches texts for many values at once, in memory that grows with the values alone.
//!
//! The values are kept in order, without regard to the case of ASCII letters, and each place of a text at which one may begin is
//! looked up in them. An automaton would search faster, but takes a hundred times the size of its values and longer to build
//! than a small plan takes to read, and a run prints little.

use std::ops::Range;

/// Values to search for.
#[derive(Debug)]
pub(super) struct Patterns {
    /// In small letters, in order, each once.
    ordered: Vec<Pattern>,
    /// The length of the shortest one in bytes.
    shortest: usize,
    /// Bits for the hashes of what the values begin with.
    beginnings: Vec<u64>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    text: Box<[u8]>,
    counts: Counts,
}

/// Where a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counts {
    /// Wherever it occurs.
    Anywhere,
    /// Where it stands as a whole word.
    Alone,
}

/// How many bytes of a beginning are hashed.
const BEGINNING: usize = 3;

impl Pattern {
    pub(super) fn new(text: &str, counts: Counts) -> Self {
        Self { text: text.as_bytes().to_ascii_lowercase().into(), counts }
    }
}

impl Patterns {
    /// `None` without any.
    pub(super) fn new(mut ordered: Vec<Pattern>) -> Option<Self> {
        ordered.retain(|pattern| !pattern.text.is_empty());
        ordered.sort_unstable();
        // What counts anywhere comes first.
        ordered.dedup_by(|later, first| later.text == first.text);
        ordered.shrink_to_fit();
        let shortest = ordered.iter().map(|pattern| pattern.text.len()).min()?;
        // One bit in sixteen, so that few places are looked up for nothing.
        let bits = (ordered.len() * 16).next_power_of_two().clamp(1 << 10, 1 << 24);
        let mut patterns = Self { beginnings: vec![0; bits / 64], ordered, shortest };
        for position in 0..patterns.ordered.len() {
            let Some(pattern) = patterns.ordered.get(position) else { continue };
            let hash = patterns.hash(&pattern.text);
            if let Some(word) = patterns.beginnings.get_mut(hash / 64) {
                *word |= 1 << (hash % 64);
            }
        }
        Some(patterns)
    }

    pub(super) const fn shortest(&self) -> usize {
        self.shortest
    }

    /// All places at which values stand in a text, in the order in which they begin.
    pub(super) fn places(&self, text: &[u8]) -> Vec<(Range<usize>, Counts)> {
        let mut found = Vec::new();
        let last = text.len().saturating_sub(self.shortest - 1);
        for start in 0..last {
            let rest = text.get(start..).unwrap_or_default();
            if self.may_begin(rest) {
                self.add_at(rest, |length, counts| found.push((start..start + length, counts)));
            }
        }
        found
    }

    fn may_begin(&self, text: &[u8]) -> bool {
        let hash = self.hash(text);
        self.beginnings.get(hash / 64).is_some_and(|word| word >> (hash % 64) & 1 == 1)
    }

    /// The bit for what a text begins with.
    fn hash(&self, text: &[u8]) -> usize {
        let mut hash: u32 = 0;
        for byte in text.iter().take(BEGINNING.min(self.shortest)) {
            hash = hash << 8 | u32::from(byte.to_ascii_lowercase());
        }
        let bits = self.beginnings.len() * 64;
        hash.wrapping_mul(0x9e37_79b1) as usize >> 4 & (bits - 1)
    }

    /// Tells the lengths of all values that a text begins with.
    fn add_at(&self, text: &[u8], mut tell: impl FnMut(usize, Counts)) {
        let mut left = self.ordered.as_slice();
        for depth in 0.. {
            planguard_work::steps(1);
            // Of equal beginnings the shortest comes first.
            if let [first, others @ ..] = left
                && first.text.len() == depth
            {
                tell(depth, first.counts);
                left = others;
            }
            match left {
                [] => return,
                [only] => {
                    let length = only.text.len();
                    let rest = only.text.get(depth..).unwrap_or_default();
                    if text.get(depth..length).is_some_and(|text| text.eq_ignore_ascii_case(rest)) {
                        tell(length, only.counts);
                    }
                    return;
                }
                _ => {}
            }
            let Some(byte) = text.get(depth).map(u8::to_ascii_lowercase) else { return };
            let at = |pattern: &Pattern| pattern.text.get(depth).copied().unwrap_or_default();
            let from = left.partition_point(|pattern| at(pattern) < byte);
            left = left.get(from..).unwrap_or_default();
            let to = left.partition_point(|pattern| at(pattern) == byte);
            left = left.get(..to).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(values: &[&str], text: &str) -> Vec<Range<usize>> {
        let patterns = values.iter().map(|value| Pattern::new(value, Counts::Anywhere)).collect();
        let found = Patterns::new(patterns).map(|patterns| patterns.places(text.as_bytes()));
        found.into_iter().flatten().map(|(place, _)| place).collect()
    }

    #[test]
    fn all_values_are_found_in_any_case_also_within_each_other() {
        assert_eq!(places(&["abc", "abcd", "bcd", "xyz"], "-ABCD-"), [1..4, 1..5, 2..5]);
        assert!(places(&["abc"], "ab").is_empty());
        assert!(places(&[], "abc").is_empty());
        assert_eq!(places(&["a"], "aa"), [0..1, 1..2]);
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_a_simple_search_finds(
            values in proptest::collection::btree_set("[a-cA]{1,5}", 0..8),
            text in "[a-cABC]{0,30}",
        ) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let folded: std::collections::BTreeSet<String> =
                values.iter().map(|value| value.to_ascii_lowercase()).collect();
            let text_folded = text.to_ascii_lowercase();
            let mut wanted: Vec<(usize, usize)> = Vec::new();
            for value in &folded {
                for start in 0..text.len() {
                    if text_folded[start..].starts_with(value.as_str()) {
                        wanted.push((start, start + value.len()));
                    }
                }
            }
            wanted.sort_unstable();
            let found: Vec<(usize, usize)> =
                places(&values, &text).into_iter().map(|place| (place.start, place.end)).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
