//! Points in time, to the second.

use std::fmt;

use chrono::{DateTime, NaiveDate, SecondsFormat, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};

/// A second in UTC, written as in RFC 3339 with a `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Time(DateTime<Utc>);

impl Time {
    /// The second of a time.
    pub fn new(time: DateTime<Utc>) -> Self {
        Self(time.trunc_subsecs(0))
    }

    /// The first second behind a day; `None` at the end of the calendar.
    pub(super) fn behind(day: NaiveDate) -> Option<Self> {
        Some(Self(day.succ_opt()?.and_hms_opt(0, 0, 0)?.and_utc()))
    }

    /// The time, for calculation.
    pub const fn get(self) -> DateTime<Utc> {
        self.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Time {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let time = DateTime::parse_from_rfc3339(&text).map_err(|error| format!("`{text}`: {error}"))?;
        let time = Self(time.to_utc());
        if time.to_string() == text { Ok(time) } else { Err(format!("`{text}` is not a second in UTC")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_spelling() {
        let read = |text: &str| Time::try_from(text.to_owned());
        assert_eq!(read("2026-11-30T02:10:11Z").unwrap().to_string(), "2026-11-30T02:10:11Z");
        for text in
            ["2026-11-30T03:10:11+01:00", "2026-11-30T02:10:11.5Z", "2026-11-30t02:10:11z", "2026-11-30", ""]
        {
            assert!(read(text).is_err(), "{text}");
        }
        let day = NaiveDate::from_ymd_opt(2026, 12, 31).unwrap();
        assert_eq!(Time::behind(day).unwrap().to_string(), "2027-01-01T00:00:00Z");
    }
}
