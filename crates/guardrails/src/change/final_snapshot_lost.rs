//! Reports databases and disks that will leave no final snapshot when they are destroyed.

use planguard_plan::{Plan, ResourceChange, ResourceState};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::switch::{self, Wording, turned_off};
use super::tables::FINAL_SNAPSHOT_LOST;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

// `change-stateful-delete` and `change-stateful-replace` say it of what this plan destroys.
pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-final-snapshot-lost",
        title: "The final snapshot is disabled",
        severity: Severity::High,
        why: "The final snapshot is the way back from a mistaken destroy. It is often disabled right before \
              the resource is destroyed, and stays disabled.",
        remediation: "Leave a final snapshot again: remove `skip_final_snapshot = true`, and give the snapshot a name \
                      with `final_snapshot_identifier`.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"skip_final_snapshot": false}, "after": {"skip_final_snapshot": true}}}"#,
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"skip_final_snapshot": true}, "after": {"skip_final_snapshot": false}}}"#,
    ),
    check,
};

const WORDING: Wording =
    Wording { certain: "will leave no final snapshot", unknown: "may leave no final snapshot" };

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    turned_off(plan, &FINAL_SNAPSHOT_LOST, &WORDING)
}

/// Whether a resource that is destroyed leaves a final snapshot, as the end of a sentence; `None` where it never
/// does, or where the plan does not say.
pub(super) fn of_destroyed(plan: &Plan<'_>, resource: &ResourceChange<'_>) -> Option<String> {
    let before = ResourceState::new(plan, resource, planguard_plan::Side::Before)?;
    let mut switches = FINAL_SNAPSHOT_LOST.switches(&resource.address.resource_type);
    switches.find_map(|switch| match switch::side(switch, &before) {
        switch::Side::Unsafe(why) => Some(format!("without a final snapshot ({why})")),
        switch::Side::Safe => Some("after a final snapshot".to_owned()),
        switch::Side::Undecided => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn an_unknown_setting_depends_on_it() {
        let unknown = r#"{"skip_final_snapshot": true}"#;
        let findings = find_in_update(
            &GUARD,
            r#"aws_rds_cluster.a["x.y"]"#,
            r#"{"skip_final_snapshot": false}"#,
            "{}",
            unknown,
        );
        assert_eq!(findings[0].certainty, Certainty::DependsOnUnknown);
        assert!(findings[0].message.starts_with(r#"aws_rds_cluster.a["x.y"] may leave no final snapshot"#));
    }
}
