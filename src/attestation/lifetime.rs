//! How long an attestation counts.

use std::fmt;
use std::str::FromStr;

use chrono::Duration;

const HOUR: u32 = 60;
const DAY: u32 = 24 * HOUR;

/// A time from one minute to 30 days, written as `90m`, `24h` or `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime {
    minutes: u32,
}

impl Lifetime {
    /// How long an attestation counts unless another time is set.
    pub const DEFAULT: Self = Self { minutes: DAY };

    const LONGEST: u32 = 30 * DAY;

    /// The time as a duration.
    pub(super) fn duration(self) -> Duration {
        Duration::minutes(i64::from(self.minutes))
    }
}

impl FromStr for Lifetime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no time; use a number with m, h or d, such as 90m, 24h or 7d");
        let text_of_number = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match text.strip_prefix(text_of_number) {
            Some("m") => 1,
            Some("h") => HOUR,
            Some("d") => DAY,
            _ => return Err(wrong()),
        };
        let is_number =
            !text_of_number.is_empty() && text_of_number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u32 =
            if is_number { text_of_number.parse().map_err(|_| wrong())? } else { return Err(wrong()) };
        let minutes = number.checked_mul(unit).filter(|minutes| (1..=Self::LONGEST).contains(minutes));
        minutes.map(|minutes| Self { minutes }).ok_or_else(|| format!("`{text}` is not between 1m and 30d"))
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minutes {
            minutes if minutes % DAY == 0 && minutes > DAY => write!(f, "{}d", minutes / DAY),
            minutes if minutes % HOUR == 0 => write!(f, "{}h", minutes / HOUR),
            minutes => write!(f, "{minutes}m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for text in ["1m", "90m", "5h", "24h", "7d", "30d"] {
            assert_eq!(text.parse::<Lifetime>().unwrap().to_string(), text);
        }
        assert_eq!("1d".parse(), Ok(Lifetime::DEFAULT));
        for text in
            ["", "m", "0m", "31d", "1", "1s", "-1h", "+1h", "1 h", "1h30m", "1.5h", "99999999999h", "h1"]
        {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
    }
}
