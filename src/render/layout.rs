//! How text for people is laid out.

use super::colour::Colour;

/// How to lay out text for people.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Whether to colour it.
    pub colour: Colour,
    /// How many columns a line may have.
    pub width: usize,
    /// How much to print.
    pub detail: Detail,
}

/// How much to print of a test run or a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// What did not pass; of a check, what is new.
    #[default]
    Failures,
    /// Every test, what it printed, and every line that was not evaluated; of a check, every finding.
    Everything,
}

/// The narrowest layout; narrower lines have room for hardly more than a word.
const NARROWEST: usize = 40;

impl Layout {
    /// The layout, no narrower than is readable.
    pub(super) fn readable(self) -> Self {
        Self { width: self.width.max(NARROWEST), ..self }
    }
}

/// `1 file`, `2 files`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
pub(super) mod sample {
    use super::{Colour, Detail, Layout};

    /// Plain text, 80 columns wide.
    pub(in crate::render) const PLAIN: Layout =
        Layout { colour: Colour::Off, width: 80, detail: Detail::Failures };
}
