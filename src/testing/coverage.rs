//! The coverage of policies by tests.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use planguard_rego::testing::FileCoverage;

/// The coverage of each policy and of all.
#[derive(Clone, Debug, Default)]
pub struct CoverageReport {
    /// The policies by file.
    pub files: Vec<FileCoverage>,
}

impl CoverageReport {
    /// Returns the numbers of covered and uncovered lines in all files.
    pub fn lines(&self) -> (usize, usize) {
        let sum = |count: fn(&FileCoverage) -> usize| self.files.iter().map(count).sum();
        (sum(|file| file.covered.len()), sum(|file| file.uncovered.len()))
    }

    /// Returns the covered share of lines; `None` without lines.
    pub fn percentage(&self) -> Option<Percentage> {
        let (covered, uncovered) = self.lines();
        Percentage::of(covered, uncovered)
    }
}

/// A share in hundredths of a percent, rounded down so that 100 means all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percentage(u16);

impl Percentage {
    const WHOLE: u16 = 10_000;

    /// Returns the share of `part` in `part` and `rest`; `None` if both are zero.
    pub fn of(part: usize, rest: usize) -> Option<Self> {
        let whole = part.checked_add(rest)?;
        let share = u128::try_from(part).ok()? * u128::from(Self::WHOLE);
        let share = share.checked_div(u128::try_from(whole).ok()?)?;
        u16::try_from(share).ok().map(Self)
    }

    /// Returns the share as a number between 0 and 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / f64::from(Self::WHOLE)
    }
}

/// Formats `87.5` or `100`.
impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, hundredths) = (self.0 / 100, self.0 % 100);
        let text = match (hundredths, hundredths % 10) {
            (0, _) => whole.to_string(),
            (tenths, 0) => format!("{whole}.{}", tenths / 10),
            (hundredths, _) => format!("{whole}.{hundredths:02}"),
        };
        f.pad(&text)
    }
}

/// An invalid percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number from 0 to 100 with at most two decimals")]
pub struct NoPercentage;

/// Parses `80`, `87.5` or `99.99`.
impl FromStr for Percentage {
    type Err = NoPercentage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || decimals.len() > 2 || !is_digits(whole) || !is_digits(decimals) {
            return Err(NoPercentage);
        }
        let share: u32 = format!("{whole}{decimals:0<2}").parse().map_err(|_| NoPercentage)?;
        match share.cmp(&u32::from(Self::WHOLE)) {
            Ordering::Greater => Err(NoPercentage),
            Ordering::Less | Ordering::Equal => u16::try_from(share).map(Self).map_err(|_| NoPercentage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_written() {
        for text in ["0", "7", "80", "87.5", "99.99", "100"] {
            assert_eq!(text.parse::<Percentage>().unwrap().to_string(), text);
        }
        for text in ["", "-1", "100.01", "101", "1e2", "87.555", ".5", "8 0"] {
            assert_eq!(text.parse::<Percentage>(), Err(NoPercentage), "{text}");
        }
    }

    #[test]
    fn a_share_is_rounded_down() {
        assert_eq!(Percentage::of(2, 1).unwrap().to_string(), "66.66");
        assert_eq!(Percentage::of(99_999, 1).unwrap().to_string(), "99.99");
        assert_eq!(Percentage::of(5, 0).unwrap().to_string(), "100");
        assert_eq!(Percentage::of(0, 0), None);
    }
}
