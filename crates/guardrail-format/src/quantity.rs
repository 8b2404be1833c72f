//! Numbers, durations and versions that guardrails compare.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// A plain number or a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Quantity {
    /// A number in whatever unit the attribute has.
    Number(f64),
    /// A span of time, in seconds.
    Seconds(f64),
}

impl Quantity {
    /// Reads a number (`90`), a Go duration (`1h30m`, `604800s`) or an ISO 8601 period (`P7DT12H`). A year
    /// counts 365 days and a month 30, as retention periods do.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(number) = text.parse::<f64>() {
            return number.is_finite().then_some(Self::Number(number));
        }
        text.strip_prefix('P').map_or_else(|| go_duration(text), iso_period).map(Self::Seconds)
    }

    /// Compares quantities of the same kind; a number and a span of time do not compare.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) | (Self::Seconds(left), Self::Seconds(right)) => {
                left.partial_cmp(&right)
            }
            (Self::Number(_), Self::Seconds(_)) | (Self::Seconds(_), Self::Number(_)) => None,
        }
    }
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;

fn iso_period(text: &str) -> Option<f64> {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let date = sum_of_units(date, |unit| match unit {
        "Y" => Some(365.0 * DAY),
        "M" => Some(30.0 * DAY),
        "W" => Some(7.0 * DAY),
        "D" => Some(DAY),
        _ => None,
    })?;
    let time = sum_of_units(time, |unit| match unit {
        "H" => Some(HOUR),
        "M" => Some(MINUTE),
        "S" => Some(1.0),
        _ => None,
    })?;
    Some(date + time)
}

fn go_duration(text: &str) -> Option<f64> {
    if text.is_empty() {
        return None;
    }
    sum_of_units(text, |unit| match unit {
        // Go has no days; Google writes `7d` all the same.
        "d" => Some(DAY),
        "h" => Some(HOUR),
        "m" => Some(MINUTE),
        "s" => Some(1.0),
        "ms" => Some(1e-3),
        "us" | "µs" => Some(1e-6),
        "ns" => Some(1e-9),
        _ => None,
    })
}

fn sum_of_units(mut text: &str, seconds: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    let mut sum = 0.0;
    while !text.is_empty() {
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, rest) = text.split_at(digits);
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        sum += number.parse::<f64>().ok()? * seconds(&rest[..unit])?;
        text = &rest[unit..];
    }
    Some(sum)
}

/// A dotted version, compared number by number: `1.9` comes before `1.10`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version(Vec<u64>);

impl Version {
    /// Reads the leading numbers of a version: `8.0.35`, `v1.29`, `15.4-R3`, `TLSv1.2` is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        let mut numbers = Vec::new();
        for part in text.split('.') {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            if digits.is_empty() {
                break;
            }
            let whole = digits.len() == part.len();
            numbers.push(digits.parse().ok()?);
            if !whole {
                break;
            }
        }
        (!numbers.is_empty()).then_some(Self(numbers))
    }

    /// Whether this version comes before another; only the numbers that both have are compared.
    pub fn is_before(&self, other: &Self) -> bool {
        let shared = self.0.len().min(other.0.len());
        self.0[..shared] < other.0[..shared]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_durations_and_periods_are_read() {
        assert_eq!(Quantity::parse("90"), Some(Quantity::Number(90.0)));
        assert_eq!(Quantity::parse("604800s"), Some(Quantity::Seconds(7.0 * DAY)));
        assert_eq!(Quantity::parse("1h30m"), Some(Quantity::Seconds(5400.0)));
        assert_eq!(Quantity::parse("7d"), Some(Quantity::Seconds(7.0 * DAY)));
        assert_eq!(Quantity::parse("P7DT12H"), Some(Quantity::Seconds(7.5 * DAY)));
        assert_eq!(Quantity::parse("P1M"), Some(Quantity::Seconds(30.0 * DAY)));
        for text in ["", "P", "x", "5x", "h", "inf", "NaN"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_does_not_compare_with_a_duration() {
        let number = Quantity::Number(7.0);
        assert_eq!(number.compare(Quantity::Number(3.0)), Some(Ordering::Greater));
        assert_eq!(number.compare(Quantity::Seconds(3.0)), None);
    }

    #[test]
    fn versions_compare_by_number() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("1.9").is_before(&version("1.10")));
        assert!(version("v1.28.3").is_before(&version("1.29")));
        assert!(!version("15.4-R3").is_before(&version("15")));
        assert!(Version::parse("TLSv1.2").is_none());
    }
}
