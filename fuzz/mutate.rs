//! Makes inputs of seeds: bytes that are changed, lost, there twice, or of another seed, and words of the format.

use std::fs;
use std::path::Path;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// Larger seeds take too long, and have nothing that smaller ones have not.
const LARGEST: u64 = 100_000;

/// The files below these directories, in the order of their names.
pub(crate) fn seeds(root: &Path, directories: &[&str]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for directory in directories {
        let files = walkdir::WalkDir::new(root.join(directory)).sort_by_file_name();
        for file in files.into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
            if file.metadata().is_ok_and(|metadata| metadata.len() <= LARGEST) {
                found.extend(fs::read(file.path()));
            }
        }
    }
    assert!(!found.is_empty(), "there are no seeds in {directories:?}");
    found
}

struct Choices(TestRng);

impl Choices {
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % end.max(1) as u64).unwrap_or_default()
    }
}

/// The input of a number: one to eight changes of a seed.
pub(crate) fn input(seeds: &[Vec<u8>], words: &[&str], number: u64) -> Vec<u8> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    let mut choices = Choices(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let mut made = seeds[choices.below(seeds.len())].clone();
    for _ in 0..=choices.below(8) {
        change(&mut made, seeds, words, &mut choices);
    }
    made
}

fn change(made: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str], choices: &mut Choices) {
    let place = choices.below(made.len() + 1);
    let end = (place + 1 + choices.below(64)).min(made.len());
    let place = place.min(end);
    match choices.below(9) {
        0 if place < made.len() => made[place] ^= 1 << choices.below(8),
        1 if place < made.len() => made[place] = u8::try_from(choices.below(256)).unwrap_or_default(),
        2 => drop(made.drain(place..end)),
        3 => {
            let again = made[place..end].to_vec();
            made.splice(place..place, again);
        }
        4 => {
            let other = &seeds[choices.below(seeds.len())];
            let from = choices.below(other.len() + 1);
            let to = (from + choices.below(200)).min(other.len());
            made.splice(place..end, other[from..to].iter().copied());
        }
        5 => made.truncate(place),
        // A value of JSON or TOML, as far as its end can be guessed, is another one.
        6 => {
            let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b'\n');
            let start =
                made[place..].iter().position(|byte| matches!(byte, b':' | b'=')).map(|at| place + at + 1);
            if let Some(start) = start {
                let stop = made[start..].iter().position(is_end).map_or(made.len(), |at| start + at);
                let values =
                    ["null", "true", "0", "-1", "\"\"", "[]", "{}", "1e99", "\"x\"", "18446744073709551616"];
                made.splice(start..stop, values[choices.below(values.len())].bytes());
            }
        }
        _ => {
            let word = words[choices.below(words.len())];
            let stop = if choices.below(2) == 0 { place } else { end };
            made.splice(place..stop, word.bytes());
        }
    }
}
