//! What runs by the clock and runs much more seldom than before, such as what makes backups.

use planguard_plan::{ResourceState, View};

use super::ChangeFinding;
use super::compare::{Pair, places, shown, sight};

/// Where types have the time at which they run.
const SCHEDULES: &[(&str, &[&str])] = &[
    ("aws_backup_plan", &["rule", "schedule"]),
    ("aws_cloudwatch_event_rule", &["schedule_expression"]),
    ("aws_redshift_snapshot_schedule", &["definitions"]),
    ("aws_scheduler_schedule", &["schedule_expression"]),
    ("aws_secretsmanager_secret_rotation", &["rotation_rules", "schedule_expression"]),
    ("google_cloud_scheduler_job", &["schedule"]),
    ("kubernetes_cron_job", &["spec", "schedule"]),
    ("kubernetes_cron_job_v1", &["spec", "schedule"]),
];

/// How many times longer the time between two runs becomes before that is no tuning any more.
const MUCH: f64 = 3.0;

/// The finding for a resource that runs much more seldom.
pub(super) fn more_seldom(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let (_, way) = SCHEDULES.iter().find(|(name, _)| *name == pair.resource.address.resource_type)?;
    let (before, after) = (read(&pair.before, way)?, read(&pair.after, way)?);
    if before.len() != after.len() {
        return None;
    }
    let (old, new) = before.iter().zip(&after).find(|(old, new)| new.hours >= MUCH * old.hours)?;
    let message = format!(
        "{} runs more seldom than before: `{}` changes from {} to {}",
        pair.resource.address, new.path, old.shown, new.shown
    );
    Some(ChangeFinding::on(pair.resource, message))
}

struct Schedule {
    hours: f64,
    shown: String,
    path: String,
}

/// The schedules of one side, the most frequent first; `None` if one of them cannot be read.
fn read(state: &ResourceState<'_>, way: &[&str]) -> Option<Vec<Schedule>> {
    let mut found = Vec::new();
    for place in places(&state.root(), way) {
        for element in place.elements()? {
            found.push(schedule(&element)?);
        }
    }
    found.sort_by(|left, right| left.hours.total_cmp(&right.hours));
    Some(found)
}

fn schedule(place: &View<'_, '_>) -> Option<Schedule> {
    let text = sight(place).known()?.as_str()?;
    Some(Schedule { hours: hours(text)?, shown: shown(place)?, path: place.path().to_string() })
}

const HOUR: f64 = 1.0;
const DAY: f64 = 24.0;
const WEEK: f64 = 7.0 * DAY;
const MONTH: f64 = 30.0 * DAY;
const YEAR: f64 = 365.0 * DAY;

/// The hours between two runs, about.
fn hours(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Some(rate) = text.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')')) {
        let (number, unit) = rate.trim().split_once(' ')?;
        let unit = match unit.trim().trim_end_matches('s') {
            "minute" => HOUR / 60.0,
            "hour" => HOUR,
            "day" => DAY,
            _ => return None,
        };
        return Some(number.parse::<f64>().ok()? * unit);
    }
    let inner = text.strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    let fields: Vec<&str> = inner.split_whitespace().collect();
    let (minute, hour, day, month, weekday) = match fields.as_slice() {
        [minute, hour, day, month, weekday] | [minute, hour, day, month, weekday, _] => {
            (*minute, *hour, *day, *month, *weekday)
        }
        _ => return None,
    };
    let is_any = |field: &str| matches!(field, "*" | "?");
    let each = |field: &str, unit: f64, all: f64| {
        if let Some((_, step)) = field.split_once('/') {
            return Some(step.parse::<f64>().ok()? * unit);
        }
        #[expect(clippy::cast_precision_loss, reason = "a field of a schedule is short")]
        let times = field.split(',').count() as f64;
        Some(all / times)
    };
    if !is_any(month) {
        return Some(YEAR);
    }
    if !is_any(day) {
        return each(day, DAY, MONTH);
    }
    if !is_any(weekday) {
        let is_range = weekday.contains('-');
        return if is_range { Some(DAY) } else { each(weekday, WEEK, WEEK) };
    }
    if !is_any(hour) {
        return each(hour, HOUR, DAY);
    }
    if is_any(minute) { Some(HOUR / 60.0) } else { each(minute, HOUR / 60.0, HOUR) }
}

#[cfg(test)]
mod tests {
    use super::super::resilience_reduced::GUARD;
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn the_time_between_two_runs_is_read() {
        for (text, expected) in [
            ("rate(4 hours)", 4.0 * HOUR),
            ("cron(0 3 * * ? *)", DAY),
            ("cron(0 3 1 * ? *)", MONTH),
            ("cron(0 * * * ? *)", HOUR),
            ("cron(0 3 ? * SUN *)", WEEK),
            ("0 */6 * * *", 6.0 * HOUR),
            ("0 1,13 * * *", DAY / 2.0),
            ("*/5 * * * *", 5.0 / 60.0),
        ] {
            let hours = hours(text).unwrap();
            assert!((hours - expected).abs() < 1e-9, "{text}: {hours}");
        }
        assert_eq!(hours("at(2026-01-01T00:00:00)"), None);
    }

    #[test]
    fn a_backup_that_runs_seldom_is_told() {
        let found = |before: &str, after: &str| {
            let plan =
                |schedule: &str| format!(r#"{{"rule": [{{"rule_name": "a", "schedule": "{schedule}"}}]}}"#);
            let found = find_in_update(&GUARD, "aws_backup_plan.a", &plan(before), &plan(after), "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let (daily, monthly) = ("cron(0 3 * * ? *)", "cron(0 3 1 * ? *)");
        assert_eq!(
            found(daily, monthly),
            [
                "aws_backup_plan.a runs more seldom than before: `rule[0].schedule` changes from `cron(0 3 * * ? *)` to \
              `cron(0 3 1 * ? *)`"
            ]
        );
        assert!(found(monthly, daily).is_empty());
        assert!(found(daily, "cron(0 4 * * ? *)").is_empty());
    }
}
