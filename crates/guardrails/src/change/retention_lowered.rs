//! Reports backups, logs and deleted objects that are kept for a shorter time, and versions that are no longer kept.

use std::cmp::Ordering;

use planguard_guardrail_format::Quantity;
use planguard_guardrail_format::change::{Period, PeriodUnit};
use planguard_plan::{AttributePath, ResourceState, Value};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Pair, Sight, pairs, places_when, sight};
use super::image_expiry::sooner;
use super::switch::{Wording, findings};
use super::tables::RETENTION_LOWERED;
use super::{
    Certainty, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, expiry_field, newly_expiring,
};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-retention-lowered",
        title: "Retention of backups, logs or old versions is reduced",
        severity: Severity::High,
        why: "Everything older than the new period is deleted and cannot be restored. Reducing the \
              retention is also a way to remove traces.",
        remediation: "Set the previous retention, or copy what must be kept elsewhere first and waive this \
                      finding.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"backup_retention_period": 14}, "after": {"backup_retention_period": 1}}}"#,
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"backup_retention_period": 1}, "after": {"backup_retention_period": 14}}}"#,
    ),
    check,
};

const WORDING: Wording = Wording {
    certain: "keeps fewer backups or old versions than before",
    unknown: "may keep fewer backups or old versions than before",
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    pairs(plan)
        .flat_map(|pair| {
            let periods = RETENTION_LOWERED.periods(&pair.resource.address.resource_type);
            let mut found: Vec<_> = periods
                .filter_map(|period| lowered(period, &pair).or_else(|| one_lowered(period, &pair)))
                .collect();
            found.extend(findings(&pair, &RETENTION_LOWERED, &WORDING));
            found.extend(sooner(&pair));
            found.extend(expiry_field::moved(&pair));
            found
        })
        .chain(newly_expiring::found(plan))
        .chain(expiry_field::new(plan))
        .collect()
}

/// An amount without an end.
const UNLIMITED: &str = "unlimited";

/// How long something is kept.
#[derive(Clone, Copy)]
enum Kept {
    For(Quantity),
    Forever,
}

impl Kept {
    fn read(period: &Period, value: &Value<'_>) -> Option<Self> {
        if period.zero_is_forever && value.as_str() == Some("") {
            return Some(Self::Forever);
        }
        let quantity = crate::engine::quantity(value)?;
        let zero = quantity == Quantity::Number(0.0);
        // Less than nothing means no end.
        let is_negative = quantity.compare(Quantity::Number(0.0)) == Some(Ordering::Less);
        Some(if is_negative || (zero && period.zero_is_forever) {
            Self::Forever
        } else {
            Self::For(quantity)
        })
    }

    fn is_longer_than(self, other: Self) -> bool {
        match (self, other) {
            (Self::For(own), Self::For(other)) => own.compare(other) == Some(Ordering::Greater),
            (Self::Forever, Self::For(_)) => true,
            (_, Self::Forever) => false,
        }
    }

    fn order(self, other: Self) -> Ordering {
        match (self.is_longer_than(other), other.is_longer_than(self)) {
            (true, _) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => Ordering::Equal,
        }
    }

    fn is_something(self) -> bool {
        match self {
            Self::For(quantity) => quantity != Quantity::Number(0.0),
            Self::Forever => true,
        }
    }
}

/// The finding for a change that makes a period shorter.
fn lowered(period: &Period, pair: &Pair<'_>) -> Option<ChangeFinding> {
    let address = &pair.resource.address;
    let what = period.tells.says.as_deref().unwrap_or("retention is reduced");
    let (attribute, after) = place(period, &pair.after)?;
    let (old, from) = match place(period, &pair.before)?.1 {
        Sight::Known(before) => {
            let old = Kept::read(period, before)?;
            (old, amount(before, old))
        }
        Sight::Unset if period.unset_is_forever => (Kept::Forever, UNLIMITED.to_owned()),
        Sight::Unknown | Sight::Computed | Sight::Unset => return None,
    };
    let is_none = matches!(after, Sight::Known(after) if Kept::read(period, after).is_some_and(|kept| !kept.is_something()));
    let (message, certainty) = match after {
        Sight::Known(after) if is_enough(period, after) => return None,
        Sight::Known(after) if old.is_longer_than(Kept::read(period, after)?) => {
            let to = amount(after, Kept::read(period, after)?);
            let span = span(period.unit, &from, &to);
            (format!("{address}: {what} {span} (`{attribute}`)"), Certainty::Certain)
        }
        Sight::Unknown if old.is_something() => {
            let unit = unit(period.unit, &from);
            let message = format!(
                "{address}: retention may be reduced from {from}{unit} (`{attribute}` is known only after apply)"
            );
            (message, Certainty::DependsOnUnknown)
        }
        // Without a setting the provider's default applies, which may well be longer.
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => return None,
    };
    let found = ChangeFinding::on(pair.resource, message).at(attribute).with(certainty).told(&period.tells);
    // A shorter wait is a small thing; no wait at all means that nothing can be restored.
    let weight =
        found.severity.map(|severity| if is_none { severity.max(Severity::Medium) } else { severity });
    Some(ChangeFinding { severity: weight, ..found })
}

/// Whether a period is as long as anybody needs it.
fn is_enough(period: &Period, kept: &Value<'_>) -> bool {
    let Some(enough) = period.enough else { return false };
    crate::engine::quantity(kept)
        .and_then(|kept| kept.compare(Quantity::Number(enough)))
        .is_some_and(|order| order != Ordering::Less)
}

/// The finding for a change that makes one of several periods shorter, and leaves their number as it is. Their order means
/// nothing, so that the longest is compared with the longest.
fn one_lowered(period: &Period, pair: &Pair<'_>) -> Option<ChangeFinding> {
    let sorted = |state: &ResourceState<'_>| {
        let mut kept = places_when(&state.root(), &period.attribute, &period.when)
            .iter()
            .map(|place| match sight(place) {
                Sight::Known(value) => {
                    let kept = Kept::read(period, value)?;
                    Some((kept, amount(value, kept), place.path().clone()))
                }
                Sight::Unknown | Sight::Computed | Sight::Unset => None,
            })
            .collect::<Option<Vec<_>>>()?;
        kept.sort_by(|left, right| right.0.order(left.0));
        Some(kept)
    };
    let (before, after) = (sorted(&pair.before)?, sorted(&pair.after)?);
    if before.len() < 2 || before.len() != after.len() {
        return None;
    }
    let (old, new) = before.iter().zip(&after).find(|(old, new)| old.0.is_longer_than(new.0))?;
    let what = period.tells.says.as_deref().unwrap_or("retention is reduced");
    let span = span(period.unit, &old.1, &new.1);
    let message = format!("{}: {what} {span} (`{}`)", pair.resource.address, new.2);
    Some(ChangeFinding::on(pair.resource, message).at(new.2.clone()).told(&period.tells))
}

/// What the plan says of the attribute, if the path leads to one place only.
fn place<'p>(period: &Period, state: &ResourceState<'p>) -> Option<(AttributePath, Sight<'p>)> {
    match places_when(&state.root(), &period.attribute, &period.when).as_slice() {
        [place] => Some((place.path().clone(), sight(place))),
        _ => None,
    }
}

/// A period as the plan writes it.
fn amount(value: &Value<'_>, kept: Kept) -> String {
    match (kept, value) {
        (Kept::Forever, _) => UNLIMITED.to_owned(),
        (Kept::For(_), Value::Number(number)) => number.to_string(),
        (Kept::For(_), Value::String(text)) => text.to_string(),
        (Kept::For(_), Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => String::new(),
    }
}

/// From how much to how much, in the largest unit of which both are whole numbers: nobody reads 345600 seconds as four days.
/// Days and hours stay as they are written.
fn span(unit: PeriodUnit, from: &str, to: &str) -> String {
    let steps: &[(u64, PeriodUnit)] = match unit {
        PeriodUnit::Milliseconds => &[
            (86_400_000, PeriodUnit::Days),
            (3_600_000, PeriodUnit::Hours),
            (60_000, PeriodUnit::Minutes),
            (1_000, PeriodUnit::Seconds),
        ],
        PeriodUnit::Seconds => {
            &[(86_400, PeriodUnit::Days), (3_600, PeriodUnit::Hours), (60, PeriodUnit::Minutes)]
        }
        PeriodUnit::Minutes => &[(1_440, PeriodUnit::Days), (60, PeriodUnit::Hours)],
        PeriodUnit::Days | PeriodUnit::Hours | PeriodUnit::Copies | PeriodUnit::Duration => &[],
    };
    let whole = |amount: &str, step: u64| match amount.parse::<u64>() {
        Ok(number) => (number % step == 0).then(|| (number / step).to_string()),
        Err(_) => (amount == UNLIMITED).then(|| amount.to_owned()),
    };
    let larger =
        steps.iter().find_map(|(step, larger)| Some((whole(from, *step)?, whole(to, *step)?, *larger)));
    let (from, to, unit) = larger.unwrap_or_else(|| (from.to_owned(), to.to_owned(), unit));
    let (of_from, of_to) = (self::unit(unit, &from), self::unit(unit, &to));
    // The unit is said once, unless the first amount has another form of it.
    let of_from = if of_from == of_to || to != "1" { String::new() } else { of_from };
    format!("from {from}{of_from} to {to}{of_to}")
}

/// The unit behind an amount.
fn unit(unit: PeriodUnit, amount: &str) -> String {
    let (one, many) = match unit {
        _ if amount == UNLIMITED => return String::new(),
        PeriodUnit::Days => ("day", "days"),
        PeriodUnit::Hours => ("hour", "hours"),
        PeriodUnit::Minutes => ("minute", "minutes"),
        PeriodUnit::Seconds => ("second", "seconds"),
        PeriodUnit::Milliseconds => ("millisecond", "milliseconds"),
        PeriodUnit::Copies => ("copy", "copies"),
        PeriodUnit::Duration => return String::new(),
    };
    format!(" {}", if amount == "1" { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn a_key_with_dots_and_a_period_without_an_end_are_read() {
        let found = |address: &str, before: &str, after: &str| {
            find_in_update(&GUARD, address, before, after, "{}")
                .into_iter()
                .map(|found| found.message)
                .collect::<Vec<_>>()
        };
        let topic = |period: &str| format!(r#"{{"config": {{"retention.ms": "{period}"}}}}"#);
        assert_eq!(
            found("kafka_topic.t", &topic("604800000"), &topic("3600000")),
            [r#"kafka_topic.t: retention is reduced from 168 hours to 1 hour (`config["retention.ms"]`)"#]
        );
        assert_eq!(found("kafka_topic.t", &topic("-1"), &topic("3600000")).len(), 1);
        assert_eq!(found("kafka_topic.t", &topic("3600000"), &topic("-1")), [""; 0]);
        let used = |period: &str| format!(r#"{{"expiration_policy": [{{"ttl": "{period}"}}]}}"#);
        assert_eq!(found("google_pubsub_subscription.s", &used(""), &used("86400s")).len(), 1);
        assert_eq!(found("google_pubsub_subscription.s", &used("2678400s"), &used("86400s")).len(), 1);
        assert_eq!(found("google_pubsub_subscription.s", &used("86400s"), &used("")), [""; 0]);
    }

    #[test]
    fn a_rule_that_deletes_more_objects_than_before_is_told() {
        let bucket = |action: &str, condition: &str| {
            format!(
                r#"{{"lifecycle_rule": [{{"action": [{{"type": "{action}"}}], "condition": [{{"age": 365, {condition}}}]}}]}}"#
            )
        };
        let found = |action: &str, before: &str, after: &str| {
            let (before, after) = (bucket(action, before), bucket(action, after));
            find_in_update(&GUARD, "google_storage_bucket.b", &before, &after, "{}").len()
        };
        let (archived, any) = (r#""with_state": "ARCHIVED""#, r#""with_state": "ANY""#);
        assert_eq!(found("Delete", archived, any), 1);
        assert_eq!(found("Delete", any, archived), 0);
        assert_eq!(found("SetStorageClass", archived, any), 0);
        let prefix = |prefixes: &str| format!(r#""with_state": "ANY", "matches_prefix": [{prefixes}]"#);
        assert_eq!(found("Delete", &prefix(r#""tmp/""#), &prefix("")), 1);
        assert_eq!(found("Delete", &prefix(""), &prefix(r#""tmp/""#)), 0);
        let rule = bucket("Delete", archived);
        let none = r#"{"lifecycle_rule": []}"#;
        assert_eq!(
            find_in_update(&GUARD, "google_storage_bucket.b", &rule, none, "{}"),
            [],
            "nothing is deleted"
        );
    }

    #[test]
    fn an_age_matters_where_objects_are_deleted_at_it() {
        let rule = |action: &str, age: u32| {
            format!(r#"{{"action": [{{"type": "{action}"}}], "condition": [{{"age": {age}}}]}}"#)
        };
        let found = |before: &[String], after: &[String]| {
            let bucket = |rules: &[String]| format!(r#"{{"lifecycle_rule": [{}]}}"#, rules.join(","));
            find_in_update(&GUARD, "google_storage_bucket.a", &bucket(before), &bucket(after), "{}").len()
        };
        let cold = rule("SetStorageClass", 30);
        assert_eq!(found(&[rule("Delete", 730)], &[rule("Delete", 30)]), 1);
        assert_eq!(found(&[cold.clone(), rule("Delete", 730)], &[cold.clone(), rule("Delete", 90)]), 1);
        assert_eq!(found(&[rule("Delete", 30)], &[rule("Delete", 730)]), 0);
        assert_eq!(found(&[rule("SetStorageClass", 90)], &[cold]), 0);
        let of_s3 = |status: &str, days: u32| {
            format!(r#"{{"rule": [{{"status": "{status}", "expiration": [{{"days": {days}}}]}}]}}"#)
        };
        let of_s3 = |status: &str| {
            let address = "aws_s3_bucket_lifecycle_configuration.a";
            find_in_update(&GUARD, address, &of_s3(status, 90), &of_s3(status, 30), "{}").len()
        };
        assert_eq!((of_s3("Enabled"), of_s3("Disabled")), (1, 0));
    }

    #[test]
    fn zero_days_of_a_log_group_are_unlimited() {
        let address = r#"aws_cloudwatch_log_group.a["x.y"]"#;
        let keep = |days: u32| format!(r#"{{"retention_in_days": {days}}}"#);
        let findings = find_in_update(&GUARD, address, &keep(0), &keep(30), "{}");
        assert_eq!(
            findings[0].message,
            r#"aws_cloudwatch_log_group.a["x.y"]: retention is reduced from unlimited to 30 days (`retention_in_days`)"#
        );
        assert_eq!(find_in_update(&GUARD, address, &keep(30), &keep(0), "{}"), []);
        let address = "aws_elasticache_replication_group.a";
        let keep = |days: u32| format!(r#"{{"snapshot_retention_limit": {days}}}"#);
        assert_eq!(find_in_update(&GUARD, address, &keep(7), &keep(0), "{}").len(), 1);
    }

    #[test]
    fn an_unknown_period_is_reported_unless_nothing_was_kept() {
        let unknown = r#"{"backup_retention_period": true}"#;
        let find = |days: u32| {
            let before = format!(r#"{{"backup_retention_period": {days}}}"#);
            find_in_update(&GUARD, "aws_db_instance.a", &before, "{}", unknown)
        };
        assert_eq!(find(7)[0].certainty, Certainty::DependsOnUnknown);
        assert_eq!(find(0), []);
    }

    #[test]
    fn versioning_that_is_suspended_keeps_no_more_versions() {
        let status = |word: &str| format!(r#"{{"versioning_configuration": [{{"status": "{word}"}}]}}"#);
        let address = "aws_s3_bucket_versioning.a";
        assert_eq!(find_in_update(&GUARD, address, &status("Enabled"), &status("Suspended"), "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, address, &status("Suspended"), &status("Enabled"), "{}"), []);
    }

    #[test]
    fn a_window_that_is_long_enough_may_be_reduced() {
        let found = |after: u32| {
            let key = |days: u32| format!(r#"{{"deletion_window_in_days": {days}}}"#);
            find_in_update(&GUARD, "aws_kms_key.a", &key(30), &key(after), "{}").len()
        };
        assert_eq!(found(25), 0);
        assert_eq!(found(14), 0);
        assert_eq!(found(7), 1);
    }

    #[test]
    fn no_window_at_all_weighs_more_than_a_shorter_one() {
        let weight = |after: u32| {
            let secret = |days: u32| format!(r#"{{"recovery_window_in_days": {days}}}"#);
            find_in_update(&GUARD, "aws_secretsmanager_secret.a", &secret(30), &secret(after), "{}")[0]
                .severity
        };
        assert_eq!(weight(7), Some(Severity::Low));
        assert_eq!(weight(0), Some(Severity::Medium));
    }

    #[test]
    fn durations_are_compared_with_their_units() {
        let keep = |period: &str| format!(r#"{{"version_retention_period": "{period}"}}"#);
        let address = "google_spanner_database.a";
        let findings = find_in_update(&GUARD, address, &keep("7d"), &keep("36h"), "{}");
        assert_eq!(
            findings[0].message,
            "google_spanner_database.a: retention is reduced from 7d to 36h (`version_retention_period`)"
        );
        assert_eq!(find_in_update(&GUARD, address, &keep("36h"), &keep("7d"), "{}"), []);
    }

    #[test]
    fn several_periods_are_compared_from_the_longest_on() {
        let plan = |days: [u32; 2]| {
            let rule = |days| format!(r#"{{"lifecycle": [{{"delete_after": {days}}}]}}"#);
            format!(r#"{{"rule": [{}, {}]}}"#, rule(days[0]), rule(days[1]))
        };
        let of = |before, after| {
            let found = find_in_update(&GUARD, "aws_backup_plan.a", &plan(before), &plan(after), "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(of([35, 365], [365, 35]), Vec::<String>::new());
        assert_eq!(
            of([35, 365], [365, 7]),
            [
                "aws_backup_plan.a: retention is reduced from 35 to 7 days (`rule[1].lifecycle[0].delete_after`)"
            ]
        );
    }
}
