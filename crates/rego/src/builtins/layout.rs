//! Writes times by Go's layouts, in which 2 January 2006, 15:04:05 stands for any time.

use chrono::{DateTime, Datelike, Offset, Timelike};
use chrono_tz::{OffsetName, Tz};

/// The layouts that OPA knows by name.
pub(super) fn named(name: &str) -> &str {
    match name {
        "ANSIC" => "Mon Jan _2 15:04:05 2006",
        "UnixDate" => "Mon Jan _2 15:04:05 MST 2006",
        "RubyDate" => "Mon Jan 02 15:04:05 -0700 2006",
        "RFC822" => "02 Jan 06 15:04 MST",
        "RFC822Z" => "02 Jan 06 15:04 -0700",
        "RFC850" => "Monday, 02-Jan-06 15:04:05 MST",
        "RFC1123" => "Mon, 02 Jan 2006 15:04:05 MST",
        "RFC1123Z" => "Mon, 02 Jan 2006 15:04:05 -0700",
        "RFC3339" => "2006-01-02T15:04:05Z07:00",
        "RFC3339Nano" => "2006-01-02T15:04:05.999999999Z07:00",
        layout => layout,
    }
}

/// One part of a layout.
#[derive(Clone, Copy)]
enum Part {
    LongMonth,
    Month,
    LongWeekday,
    Weekday,
    ZoneName,
    MonthNumber,
    MonthPadded,
    Day,
    DayPadded,
    DaySpaced,
    DayOfYear,
    DayOfYearSpaced,
    Hour,
    Hour12,
    Hour12Padded,
    Minute,
    MinutePadded,
    Second,
    SecondPadded,
    Year,
    YearOfCentury,
    Noon,
    SmallNoon,
    Offset { utc_as_z: bool, minutes: bool, seconds: bool, colons: bool },
}

const fn offset(utc_as_z: bool, minutes: bool, seconds: bool, colons: bool) -> Part {
    Part::Offset { utc_as_z, minutes, seconds, colons }
}

/// How parts are written; of two that start alike, the longer one comes first.
const PARTS: [(&str, Part); 33] = [
    ("January", Part::LongMonth),
    ("Jan", Part::Month),
    ("Monday", Part::LongWeekday),
    ("Mon", Part::Weekday),
    ("MST", Part::ZoneName),
    ("002", Part::DayOfYear),
    ("01", Part::MonthPadded),
    ("02", Part::DayPadded),
    ("03", Part::Hour12Padded),
    ("04", Part::MinutePadded),
    ("05", Part::SecondPadded),
    ("06", Part::YearOfCentury),
    ("15", Part::Hour),
    ("1", Part::MonthNumber),
    ("2006", Part::Year),
    ("2", Part::Day),
    ("__2", Part::DayOfYearSpaced),
    ("_2", Part::DaySpaced),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::Noon),
    ("pm", Part::SmallNoon),
    ("-070000", offset(false, true, true, false)),
    ("-07:00:00", offset(false, true, true, true)),
    ("-0700", offset(false, true, false, false)),
    ("-07:00", offset(false, true, false, true)),
    ("-07", offset(false, false, false, false)),
    ("Z070000", offset(true, true, true, false)),
    ("Z07:00:00", offset(true, true, true, true)),
    ("Z0700", offset(true, true, false, false)),
    ("Z07:00", offset(true, true, false, true)),
    ("Z07", offset(true, false, false, false)),
];

/// The time as the layout has it.
pub(super) fn format(time: &DateTime<Tz>, layout: &str) -> String {
    let mut out = String::new();
    let mut rest = layout;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("_2006") {
            out.push_str(&format!("_{:04}", time.year()));
            rest = after;
        } else if let Some(length) = fraction(rest) {
            let digits = format!("{:09}", time.nanosecond() % 1_000_000_000);
            let digits = &digits[..(length - 1).min(9)];
            if rest.as_bytes()[1] == b'9' {
                let digits = digits.trim_end_matches('0');
                if !digits.is_empty() {
                    out.push(c);
                    out.push_str(digits);
                }
            } else {
                out.push(c);
                out.push_str(digits);
            }
            rest = &rest[length..];
        } else if let Some((pattern, part)) =
            PARTS.iter().find(|(pattern, part)| starts(rest, pattern, *part))
        {
            write_part(time, *part, &mut out);
            rest = &rest[pattern.len()..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// `Jan` before a small letter is no month, as in `Janet`.
fn starts(rest: &str, pattern: &str, part: Part) -> bool {
    let after = rest.strip_prefix(pattern).map(str::as_bytes);
    let is_word = |after: &[u8]| after.first().is_some_and(u8::is_ascii_lowercase);
    match part {
        Part::Month | Part::Weekday => after.is_some_and(|after| !is_word(after)),
        _ => after.is_some(),
    }
}

/// How long a fraction of a second is: a point or comma, and zeros or nines that no other digit follows.
fn fraction(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let digit = *bytes.get(1).filter(|digit| matches!(digit, b'0' | b'9'))?;
    if !matches!(bytes[0], b'.' | b',') {
        return None;
    }
    let length = 1 + bytes[1..].iter().take_while(|byte| **byte == digit).count();
    (!bytes.get(length).is_some_and(u8::is_ascii_digit)).then_some(length)
}

/// Zones without a name go by their distance from UTC, such as `-03` or `+0545`.
fn zone_number(time: &DateTime<Tz>) -> String {
    let offset = time.offset().fix().local_minus_utc();
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs() / 60);
    match minutes % 60 {
        0 => format!("{sign}{:02}", minutes / 60),
        rest => format!("{sign}{:02}{rest:02}", minutes / 60),
    }
}

fn write_part(time: &DateTime<Tz>, part: Part, out: &mut String) {
    let hour12 = time.hour12().1;
    let text = match part {
        Part::LongMonth => time.format("%B").to_string(),
        Part::Month => time.format("%b").to_string(),
        Part::LongWeekday => time.format("%A").to_string(),
        Part::Weekday => time.format("%a").to_string(),
        Part::ZoneName => time.offset().abbreviation().map_or_else(|| zone_number(time), str::to_owned),
        Part::MonthNumber => time.month().to_string(),
        Part::MonthPadded => format!("{:02}", time.month()),
        Part::Day => time.day().to_string(),
        Part::DayPadded => format!("{:02}", time.day()),
        Part::DaySpaced => format!("{:2}", time.day()),
        Part::DayOfYear => format!("{:03}", time.ordinal()),
        Part::DayOfYearSpaced => format!("{:3}", time.ordinal()),
        Part::Hour => format!("{:02}", time.hour()),
        Part::Hour12 => hour12.to_string(),
        Part::Hour12Padded => format!("{hour12:02}"),
        Part::Minute => time.minute().to_string(),
        Part::MinutePadded => format!("{:02}", time.minute()),
        Part::Second => time.second().to_string(),
        Part::SecondPadded => format!("{:02}", time.second()),
        Part::Year => format!("{:04}", time.year()),
        Part::YearOfCentury => format!("{:02}", time.year().rem_euclid(100)),
        Part::Noon => if time.hour12().0 { "PM" } else { "AM" }.to_owned(),
        Part::SmallNoon => if time.hour12().0 { "pm" } else { "am" }.to_owned(),
        Part::Offset { utc_as_z, minutes, seconds, colons } => {
            let offset = time.offset().fix().local_minus_utc();
            if utc_as_z && offset == 0 {
                "Z".to_owned()
            } else {
                let (sign, offset) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
                let colon = if colons { ":" } else { "" };
                let mut text = format!("{sign}{:02}", offset / 3_600);
                if minutes {
                    text.push_str(&format!("{colon}{:02}", offset / 60 % 60));
                }
                if seconds {
                    text.push_str(&format!("{colon}{:02}", offset % 60));
                }
                text
            }
        }
    };
    out.push_str(&text);
}
