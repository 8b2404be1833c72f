//! Alarms that wait longer, or for more, before they tell anybody.

use planguard_guardrail_format::Quantity;
use planguard_plan::{ResourceState, Value, View};
use planguard_rule::Severity;

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, shown, sight};
use crate::engine::quantity;

/// Where a type has the limit of an alarm, and which side of it is the bad one.
struct Limit {
    types: &'static [&'static str],
    /// The way to the blocks; empty where the resource has it.
    block: &'static [&'static str],
    value: &'static str,
    operator: &'static str,
}

const LIMITS: &[Limit] = &[
    Limit {
        types: &["aws_cloudwatch_metric_alarm"],
        block: &[],
        value: "threshold",
        operator: "comparison_operator",
    },
    Limit {
        types: &["azurerm_monitor_metric_alert", "azurerm_monitor_scheduled_query_rules_alert_v2"],
        block: &["criteria"],
        value: "threshold",
        operator: "operator",
    },
    Limit {
        types: &["azurerm_monitor_scheduled_query_rules_alert"],
        block: &["trigger"],
        value: "threshold",
        operator: "operator",
    },
    Limit {
        types: &["google_monitoring_alert_policy"],
        block: &["conditions", "condition_threshold"],
        value: "threshold_value",
        operator: "comparison",
    },
];

/// How long an alarm waits: numbers that are multiplied with each other.
const WAITS: &[(&str, &[&str])] = &[("aws_cloudwatch_metric_alarm", &["evaluation_periods", "period"])];

/// By how much a limit moves before that is no tuning any more.
pub(super) const MUCH: f64 = 0.2;

/// Below how many times its number a limit counts as tuned.
const TUNED: f64 = 2.0;

/// How many times longer an alarm waits before that is no tuning any more.
const LONGER: f64 = 4.0;

/// The findings for an alarm that is told later than before, or never.
pub(super) fn weakened(pair: &Pair<'_>) -> Vec<ChangeFinding> {
    let own_type = pair.resource.address.resource_type.as_str();
    let address = &pair.resource.address;
    let limits = LIMITS.iter().filter(|limit| limit.types.contains(&own_type));
    let mut found: Vec<ChangeFinding> = limits
        .filter_map(|limit| {
            let (before, after) = (limit.read(&pair.before)?, limit.read(&pair.after)?);
            if before.side != after.side || !before.is_much_stricter_than(&after) {
                return None;
            }
            let message = format!(
                "{address} tells of less than before: `{}` changes from {} to {}",
                limit.value, before.shown, after.shown
            );
            let finding = ChangeFinding::on(pair.resource, message).at(after.attribute.clone());
            Some(if before.is_near(&after) { finding.weighing(Severity::Low) } else { finding })
        })
        .collect();
    found.extend(waits_longer(pair));
    found
}

/// The bad side of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BadSide {
    Above,
    Below,
}

struct Read {
    side: BadSide,
    number: f64,
    shown: String,
    attribute: planguard_plan::AttributePath,
}

impl Read {
    /// Whether one is less than so many times the other that the alarm was tuned rather than switched off.
    fn is_near(&self, other: &Self) -> bool {
        let (small, large) =
            (self.number.abs().min(other.number.abs()), self.number.abs().max(other.number.abs()));
        self.number.signum() * other.number.signum() > 0.0 && large < TUNED * small
    }

    fn is_much_stricter_than(&self, other: &Self) -> bool {
        let moved = match self.side {
            BadSide::Above => other.number - self.number,
            BadSide::Below => self.number - other.number,
        };
        moved > 0.0 && moved >= MUCH * self.number.abs()
    }
}

impl Limit {
    /// The limit of one side, where there is one alone.
    fn read(&self, state: &ResourceState<'_>) -> Option<Read> {
        let root = state.root();
        let blocks: Vec<View<'_, '_>> = match self.block {
            [] => vec![root],
            way => places(&root, way).iter().flat_map(|place| place.elements().unwrap_or_default()).collect(),
        };
        let [block] = blocks.as_slice() else { return None };
        let place = block.key(self.value);
        let Sight::Known(value) = sight(&place) else { return None };
        let Sight::Known(operator) = sight(&block.key(self.operator)) else { return None };
        let operator = operator.as_str()?.to_ascii_lowercase();
        let side = match () {
            () if operator.contains("greater") || operator.ends_with("_gt") || operator.ends_with("_ge") => {
                BadSide::Above
            }
            () if operator.contains("less") || operator.ends_with("_lt") || operator.ends_with("_le") => {
                BadSide::Below
            }
            () => return None,
        };
        let number = number(value)?;
        Some(Read { side, number, shown: shown(&place)?, attribute: place.path().clone() })
    }
}

fn number(value: &Value<'_>) -> Option<f64> {
    match quantity(value)? {
        Quantity::Number(number) | Quantity::Seconds(number) => Some(number),
    }
}

/// The finding for an alarm that needs much more time than before.
fn waits_longer(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let (_, names) = WAITS.iter().find(|(name, _)| *name == pair.resource.address.resource_type)?;
    let seconds = |state: &ResourceState<'_>| {
        names.iter().try_fold(1.0, |product, name| match sight(&state.root().key(name)) {
            Sight::Known(value) => Some(product * number(value)?),
            Sight::Unknown | Sight::Computed | Sight::Unset => None,
        })
    };
    let (before, after) = (seconds(&pair.before)?, seconds(&pair.after)?);
    (before > 0.0 && after >= LONGER * before).then(|| {
        let message = format!(
            "{} tells later than before: it waits for {after} seconds instead of {before}",
            pair.resource.address
        );
        ChangeFinding::on(pair.resource, message)
    })
}

#[cfg(test)]
mod tests {
    use planguard_rule::Severity;

    use super::super::alarm_removed::GUARD;
    use super::super::testing::find_in_update;

    fn alarm(operator: &str, threshold: &str, periods: u32) -> String {
        format!(
            r#"{{"alarm_actions": ["t"], "comparison_operator": "{operator}", "threshold": {threshold}, "period": 60,
                "evaluation_periods": {periods}}}"#
        )
    }

    fn found(before: &str, after: &str) -> Vec<String> {
        let found = find_in_update(&GUARD, "aws_cloudwatch_metric_alarm.a", before, after, "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_limit_that_moves_to_its_bad_side_is_weaker() {
        let above = |threshold: &str| alarm("GreaterThanThreshold", threshold, 2);
        assert_eq!(
            found(&above("80"), &above("100")),
            [
                "aws_cloudwatch_metric_alarm.a tells of less than before: `threshold` changes from `80` to `100`"
            ]
        );
        assert_eq!(found(&above("0"), &above("5")).len(), 1);
        assert!(found(&above("80"), &above("85")).is_empty(), "tuning");
        assert!(found(&above("80"), &above("50")).is_empty());
        let below = |threshold: &str| alarm("LessThanOrEqualToThreshold", threshold, 2);
        assert_eq!(found(&below("1"), &below("0")).len(), 1);
        assert!(found(&below("1"), &below("5")).is_empty());
        let turned = found(&above("80"), &below("100"));
        assert!(turned.iter().all(|message| !message.contains("tells of less")), "{turned:?}");
    }

    #[test]
    fn a_limit_below_twice_its_number_weighs_less() {
        let severity = |before: &str, after: &str| {
            let above = |threshold: &str| alarm("GreaterThanThreshold", threshold, 2);
            let address = "aws_cloudwatch_metric_alarm.a";
            find_in_update(&GUARD, address, &above(before), &above(after), "{}")[0].severity
        };
        assert_eq!(severity("10", "15"), Some(Severity::Low));
        assert_eq!(severity("-10", "-6"), Some(Severity::Low), "on the other side of zero too");
        for (before, after) in [("10", "20"), ("50", "5000"), ("0", "5"), ("-5", "5")] {
            assert_ne!(severity(before, after), Some(Severity::Low), "{before} to {after}");
        }
    }

    #[test]
    fn an_alarm_that_waits_for_an_hour_is_weaker() {
        let waits = |periods| alarm("GreaterThanThreshold", "80", periods);
        assert_eq!(
            found(&waits(2), &waits(60)),
            [
                "aws_cloudwatch_metric_alarm.a tells later than before: it waits for 3600 seconds instead of 120"
            ]
        );
        assert!(found(&waits(2), &waits(3)).is_empty());
        assert!(found(&waits(60), &waits(2)).is_empty());
    }
}
