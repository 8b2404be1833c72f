//! Points in time that guardrails compare.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize};

/// A point in time, in seconds since 1970 by UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment(i64);

impl Moment {
    /// Reads a date (`2026-01-31`), or a date and a time with or without an offset (`2026-01-31T12:00:00Z`). A date
    /// is its beginning; without an offset, it is by UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            return Some(Self(moment.timestamp()));
        }
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").ok();
        let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let local = local.or_else(|| Some(date()?.and_time(NaiveTime::MIN)))?;
        Some(Self(local.and_utc().timestamp()))
    }

    /// How many seconds this is after another point in time; negative if it is before.
    #[expect(clippy::cast_precision_loss, reason = "dates of plans are far below 2^53 seconds")]
    pub fn seconds_after(self, other: Self) -> f64 {
        (self.0 - other.0) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_read() {
        let moment = |text| Moment::parse(text).unwrap();
        assert_eq!(moment("2026-01-31"), moment("2026-01-31T00:00:00Z"));
        assert_eq!(moment("2026-01-31T00:00:00"), moment("2026-01-31T01:00:00+01:00"));
        assert!(moment("2025-12-31") < moment("2026-01-01"));
        assert!((moment("2026-01-02").seconds_after(moment("2026-01-01")) - 86400.0).abs() < f64::EPSILON);
        for text in ["", "2026", "31.01.2026", "2026-13-01", "never"] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
