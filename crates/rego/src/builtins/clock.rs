//! Reads dates and times of day as Go does.

use chrono::{NaiveDate, NaiveTime};

/// So many digits at the start of a text.
fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(count)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    Some((digits.parse().ok()?, rest))
}

/// Reads `2006-01-02`.
pub(super) fn date(text: &str) -> Option<(NaiveDate, &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    Some((NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?, rest))
}

/// Reads `15:04:05`, whose hour may have one digit and whose seconds may have a fraction.
pub(super) fn time(text: &str) -> Option<(NaiveTime, &str)> {
    let (hour, rest) = digits(text, 2).or_else(|| digits(text, 1))?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, mut rest) = digits(rest.strip_prefix(':')?, 2)?;
    let mut nanosecond = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ','])
        && fraction.starts_with(|c: char| c.is_ascii_digit())
    {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = &fraction[..fraction.len() - rest.len()];
        nanosecond = format!("{:0<9.9}", digits).parse().ok()?;
    }
    Some((NaiveTime::from_hms_nano_opt(hour, minute, second, nanosecond)?, rest))
}

/// Reads `Z` or `+07:00`, as seconds east of Greenwich.
pub(super) fn offset(text: &str) -> Option<(i64, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((0, rest));
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, rest) = digits(text.strip_prefix(['+', '-'])?, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':')?, 2)?;
    // Go lets an offset be a whole day.
    (hours <= 24 && minutes < 60).then_some((sign * i64::from(hours * 3_600 + minutes * 60), rest))
}

/// Reads a time by RFC 3339, in nanoseconds since 1970. The outer answer is none for a text that is no time, the
/// inner one for a time that nanoseconds of 64 bits cannot hold.
pub(super) fn rfc3339(text: &str) -> Option<Option<i64>> {
    let (date, rest) = date(text)?;
    let (time, rest) = time(rest.strip_prefix('T')?)?;
    let (offset, rest) = offset(rest)?;
    rest.is_empty().then_some(())?;
    let local = date.and_time(time).and_utc();
    let shifted = local.checked_sub_signed(chrono::TimeDelta::seconds(offset));
    Some(shifted.and_then(|time| time.timestamp_nanos_opt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_go_reads_them() {
        let second = 1_704_164_645_000_000_000;
        for (text, nanoseconds) in [
            ("2024-01-02T03:04:05Z", second),
            ("2024-01-02T3:04:05Z", second),
            ("2024-01-02T03:04:05,5Z", second + 500_000_000),
            ("2024-01-02T03:04:05.1234567891Z", second + 123_456_789),
            ("2024-01-02T04:04:05+01:00", second),
            ("2024-01-02T03:04:05+24:00", second - 86_400_000_000_000),
        ] {
            assert_eq!(rfc3339(text), Some(Some(nanoseconds)), "{text}");
        }
        for text in [
            "2024-01-02 03:04:05Z",
            "2024-01-02t03:04:05z",
            "2024-01-02T03:04:60Z",
            "2024-02-30T03:04:05Z",
            "2024-01-02T24:04:05Z",
            "2024-01-02T03:04:05",
            "2024-01-02T03:04:05+25:00",
            "2024-01-02T03:04:05Z ",
            "\u{e9}",
        ] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
        assert_eq!(rfc3339("0001-01-01T00:00:00Z"), Some(None));
    }
}
