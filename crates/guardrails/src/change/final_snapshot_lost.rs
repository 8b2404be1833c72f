//! Finds databases that are set to leave no last snapshot behind.

use planguard_plan::Plan;
use planguard_rule::Severity;

use super::about::About;
use super::compare::pairs;
use super::switch::{Switch, Unset, Weak, Wording, findings};
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

// A database that is destroyed without a snapshot is told by `change-stateful-delete`, in the same sentence.
pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-final-snapshot-lost",
        title: "The final snapshot of a database is switched off",
        severity: Severity::High,
        why: "The final snapshot is the way back from a mistaken destroy. Switching it off is what one does \
              right before the database goes, and it stays off.",
        remediation: "Set `skip_final_snapshot = false` (`skip_final_backup` for file systems) and name the \
                      snapshot.",
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

const SWITCHES: &[Switch] = &[
    Switch::any(&["skip_final_snapshot"], Weak::True, Unset::IsStrong),
    Switch::any(&["skip_final_backup"], Weak::True, Unset::SaysNothing),
];

const WORDING: Wording =
    Wording { certain: "leaves no final snapshot behind", unknown: "may leave no final snapshot behind" };

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    pairs(plan).flat_map(|pair| findings(&pair, SWITCHES, &WORDING).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::{Schemas, find_in_update};
    use super::*;

    #[test]
    fn switches_are_in_the_provider_schemas() {
        let Some(schemas) = Schemas::read() else { return };
        for switch in SWITCHES {
            switch.assert_in_schemas(schemas, &[]);
        }
    }

    #[test]
    fn an_unknown_setting_is_a_perhaps() {
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
