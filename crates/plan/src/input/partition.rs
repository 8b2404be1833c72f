//! One of several runs that share the files to check.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Part K of N, written `K/N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// Counted from 0.
    index: usize,
    of: usize,
}

/// A text is not `K/N` with K from 1 to N.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not K/N with K from 1 to N, such as 1/8")]
pub struct NoPartition(pub String);

impl Partition {
    /// Part `part`, counted from 1, of `of`; `None` if there is no such part.
    pub const fn new(part: usize, of: usize) -> Option<Self> {
        match part.checked_sub(1) {
            Some(index) if index < of => Some(Self { index, of }),
            _ => None,
        }
    }

    /// Which part it is, counted from 1.
    pub const fn part(self) -> usize {
        self.index + 1
    }

    /// How many parts there are.
    pub const fn of(self) -> usize {
        self.of
    }

    /// Whether the file at this place, counted from 0, belongs to it. Neighbours belong to different parts: large plans
    /// often lie beside each other.
    pub const fn has(self, position: usize) -> bool {
        position % self.of == self.index
    }
}

impl FromStr for Partition {
    type Err = NoPartition;

    fn from_str(text: &str) -> Result<Self, NoPartition> {
        let numbers = text.split_once('/');
        let numbers = numbers.and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        numbers.and_then(|(part, of)| Self::new(part, of)).ok_or_else(|| NoPartition(text.to_owned()))
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part(), self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_written_as_it_is_read() {
        for text in ["1/1", "1/8", "8/8", "3/1000"] {
            assert_eq!(text.parse::<Partition>().unwrap().to_string(), text);
        }
        for text in ["", "1", "0/8", "9/8", "1/0", "-1/8", "a/b", "1/8/2", "1 / 8", "1/"] {
            assert_eq!(text.parse::<Partition>(), Err(NoPartition(text.to_owned())));
        }
    }

    #[test]
    fn every_file_belongs_to_one_part() {
        for of in 1..10 {
            for position in 0..30 {
                let parts = (1..=of).filter_map(|part| Partition::new(part, of));
                assert_eq!(parts.filter(|part| part.has(position)).count(), 1);
            }
        }
    }
}
