//! Dates and durations.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use regorus::Value;

use super::arguments::{Arguments, type_name};
use super::clock;
use super::layout;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "time.format", arity: 1, run: format },
    Builtin { name: "time.add_date", arity: 4, run: add_date },
    Builtin { name: "time.parse_duration_ns", arity: 1, run: parse_duration_ns },
    Builtin { name: "time.parse_rfc3339_ns", arity: 1, run: parse_rfc3339_ns },
    Builtin { name: "time.diff", arity: 2, run: diff },
];

const DAY: u64 = 86_400_000_000_000;

/// The units of durations, in nanoseconds. Those longer than an hour are OPA's own.
const UNITS: [(&str, u64); 11] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", DAY),
    ("w", 7 * DAY),
    ("y", 365 * DAY),
];

/// The present time in nanoseconds since 1970.
pub(super) fn now() -> Value {
    Utc::now().timestamp_nanos_opt().map_or(Value::Undefined, Value::from)
}

/// A time and the zone that it is meant in.
fn instant(arguments: &Arguments<'_>, index: usize) -> Result<(i64, Tz), Failure> {
    let place = index + 1;
    let (time, zone) = match arguments.value(index) {
        Value::Array(elements) => match (elements.get(0), elements.get(1)) {
            (Some(time), Some(Value::String(zone))) => (time, zone.as_ref()),
            _ => {
                return Err(Failure::unsuitable(format!(
                    "operand {place} must be [number (ns), string (tz)]"
                )));
            }
        },
        time => (time, ""),
    };
    let Value::Number(number) = time else {
        let got = type_name(time);
        let expected = "either number (ns) or [number (ns), string (tz)]";
        return Err(Failure::unsuitable(format!("operand {place} must be {expected} but got {got}")));
    };
    let nanoseconds = number.as_i64().ok_or_else(|| Failure::unsuitable("timestamp too big"))?;
    let zone = match zone {
        // This machine's zone is none of a policy's business.
        "" | "Local" => Tz::UTC,
        name => name.parse().map_err(|_| Failure::unsuitable(format!("unknown time zone {name}")))?,
    };
    Ok((nanoseconds, zone))
}

/// `time.format(time)`: the time as text. `[time, zone, layout]` says in which zone, and by which of Go's layouts or
/// its name; without a layout, by RFC 3339.
fn format(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (time, zone) = instant(&arguments, 0)?;
    let layout = match arguments.value(0) {
        Value::Array(elements) => match elements.get(2) {
            None => "RFC3339Nano",
            Some(Value::String(layout)) if !layout.is_empty() => layout.as_ref(),
            Some(Value::String(_)) => "RFC3339Nano",
            Some(_) => {
                return Err(Failure::unsuitable(
                    "operand 1 must be [number (ns), string (tz), string (layout)]",
                ));
            }
        },
        _ => "RFC3339Nano",
    };
    let local = zone.from_utc_datetime(&Utc.timestamp_nanos(time).naive_utc());
    Ok(layout::format(&local, layout::named(layout)).into())
}

/// `time.add_date(time, years, months, days)`: the time so much later. A day that its month has not is one of the next
/// month.
fn add_date(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (time, zone) = instant(&arguments, 0)?;
    let (years, months, days) = (arguments.integer(1)?, arguments.integer(2)?, arguments.integer(3)?);
    let local = zone.from_utc_datetime(&Utc.timestamp_nanos(time).naive_utc()).naive_local();
    let later = shifted(local, years, months, days).and_then(|local| {
        let later = zone.from_local_datetime(&local).earliest()?;
        later.timestamp_nanos_opt()
    });
    later.map(Value::from).ok_or_else(|| Failure::unsuitable("time outside of valid range"))
}

fn shifted(local: NaiveDateTime, years: i64, months: i64, days: i64) -> Option<NaiveDateTime> {
    let first = NaiveDate::from_ymd_opt(local.year(), local.month(), 1)?;
    let months = years.checked_mul(12)?.checked_add(months)?;
    let distance = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    let month =
        if months < 0 { first.checked_sub_months(distance) } else { first.checked_add_months(distance) }?;
    let days = i64::from(local.day0()).checked_add(days)?;
    let distance = Days::new(days.unsigned_abs());
    let date = if days < 0 { month.checked_sub_days(distance) } else { month.checked_add_days(distance) }?;
    Some(date.and_time(local.time()))
}

/// `time.parse_rfc3339_ns(text)`: the time that is written by RFC 3339.
fn parse_rfc3339_ns(arguments: &[Value]) -> Outcome {
    let text = Arguments(arguments).text(0)?;
    let time = clock::rfc3339(text)
        .ok_or_else(|| Failure::unsuitable(format!("parsing time {text:?} by RFC 3339: it is none")))?;
    time.map(Value::from).ok_or_else(|| Failure::unsuitable("time outside of valid range"))
}

/// `time.diff(a, b)`: the years, months, days, hours, minutes and seconds between two times, in the zone of the first.
fn diff(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let ((first, zone), (second, _)) = (instant(&arguments, 0)?, instant(&arguments, 1)?);
    let local = |time: i64| zone.from_utc_datetime(&Utc.timestamp_nanos(time).naive_utc()).naive_local();
    let (earlier, later) = (local(first.min(second)), local(first.max(second)));
    let parts = |time: NaiveDateTime| {
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        [time.month(), time.day(), hour, minute, second].map(i64::from)
    };
    let (earlier_parts, later_parts) = (parts(earlier), parts(later));
    let days_of_month = i64::from(earlier.date().num_days_in_month());
    let mut difference = [0i64; 6];
    difference[0] = i64::from(later.year()) - i64::from(earlier.year());
    for index in 0..5 {
        difference[index + 1] = later_parts[index] - earlier_parts[index];
    }
    for (index, whole) in [(5, 60), (4, 60), (3, 24), (2, days_of_month), (1, 12)] {
        if difference[index] < 0 {
            difference[index] += whole;
            difference[index - 1] -= 1;
        }
    }
    Ok(difference.map(Value::from).to_vec().into())
}

/// `time.parse_duration_ns(text)`: the nanoseconds of a duration such as `1h30m`.
fn parse_duration_ns(arguments: &[Value]) -> Outcome {
    let text = Arguments(arguments).text(0)?;
    let nanoseconds =
        duration(text).ok_or_else(|| Failure::unsuitable(format!("time: invalid duration {text:?}")))?;
    Ok(nanoseconds.into())
}

fn duration(text: &str) -> Option<i64> {
    let (is_negative, mut rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total: u64 = 0;
    loop {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(number);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(*unit)?)?;
        // Beyond a nanosecond of the longest unit, further digits change nothing.
        let digits = &fraction[..fraction.len().min(17)];
        if !digits.is_empty() {
            let scale = 10u128.pow(u32::try_from(digits.len()).ok()?);
            total = total
                .checked_add(u64::try_from(u128::from(*unit) * digits.parse::<u128>().ok()? / scale).ok()?)?;
        }
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    let total = i64::try_from(total).ok()?;
    Some(if is_negative { -total } else { total })
}
