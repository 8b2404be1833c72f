//! Reports logs, traces and metrics of resources that are disabled.

use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::pairs;
use super::switch::{Wording, turned_off};
use super::tables::MONITORING_REDUCED;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, lists, numbers};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-monitoring-reduced",
        title: "Logs, traces or metrics are disabled",
        severity: Severity::Medium,
        why: "When the resource fails or is misused, what would show it is missing.",
        remediation: "Keep the setting, or have another source of the same data before you disable it.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_lambda_function.a", "change": {"actions": ["update"],
            "before": {"tracing_config": [{"mode": "Active"}]}, "after": {"tracing_config": []}}}"#,
        r#"{"address": "aws_lambda_function.a", "change": {"actions": ["update"],
            "before": {"tracing_config": []}, "after": {"tracing_config": [{"mode": "Active"}]}}}"#,
    ),
    check,
};

const WORDING: Wording =
    Wording { certain: "is observed less than before", unknown: "may be observed less than before" };

const LISTS: lists::Wording =
    lists::Wording { what: WORDING.certain, lost: "no longer contains", gained: "now leaves out" };

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = turned_off(plan, &MONITORING_REDUCED, &WORDING);
    for pair in pairs(plan) {
        found.extend(numbers::moved(&pair, &MONITORING_REDUCED, WORDING.certain));
        found.extend(lists::changed(plan, &pair, &MONITORING_REDUCED, &LISTS));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn what_was_off_stays_off_without_a_finding() {
        let (on, off) = (r#"{"xray_tracing_enabled": true}"#, r#"{"xray_tracing_enabled": false}"#);
        assert_eq!(find_in_update(&GUARD, "aws_api_gateway_stage.a", on, off, "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, "aws_api_gateway_stage.a", off, off, "{}"), []);
    }
}
