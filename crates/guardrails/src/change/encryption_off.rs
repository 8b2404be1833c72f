//! Reports encryption at rest or in transit that is disabled or weakened.

use planguard_plan::Plan;
use planguard_rule::Severity;

use super::about::About;
use super::switch::{Wording, turned_off};
use super::tables::ENCRYPTION_OFF;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-encryption-off",
        title: "Encryption is disabled or weakened",
        severity: Severity::Critical,
        why: "Data that was encrypted at rest or in transit no longer is, or only with an outdated protocol. For \
              storage, most providers replace the resource with an unencrypted one.",
        remediation: "Set the attribute to its previous value. To change a key, name the new key instead of \
                      disabling encryption.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_ebs_volume.data", "change": {"actions": ["delete", "create"],
            "before": {"encrypted": true}, "after": {"encrypted": false}}}"#,
        r#"{"address": "aws_ebs_volume.data", "change": {"actions": ["delete", "create"],
            "before": {"encrypted": false}, "after": {"encrypted": true}}}"#,
    ),
    check,
};

const WORDING: Wording =
    Wording { certain: "is encrypted less than before", unknown: "may be encrypted less than before" };

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    turned_off(plan, &ENCRYPTION_OFF, &WORDING)
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn a_word_inside_blocks_can_be_the_switch() {
        let cluster = |word: &str| {
            format!(
                r#"{{"encryption_info": [{{"encryption_in_transit": [{{"client_broker": "{word}"}}]}}]}}"#
            )
        };
        let findings = find_in_update(
            &GUARD,
            r#"aws_msk_cluster.a["x.y"]"#,
            &cluster("TLS"),
            &cluster("TLS_PLAINTEXT"),
            "{}",
        );
        assert_eq!(
            findings[0].message,
            r#"aws_msk_cluster.a["x.y"] is encrypted less than before: `encryption_info[0].encryption_in_transit[0].client_broker` changes from `TLS` to `TLS_PLAINTEXT`"#
        );
    }

    #[test]
    fn an_unknown_value_is_reported_and_an_unset_one_is_not() {
        let on = r#"{"storage_encrypted": true}"#;
        let unknown = find_in_update(&GUARD, "aws_db_instance.a", on, "{}", on);
        assert_eq!(unknown[0].certainty, Certainty::DependsOnUnknown);
        assert_eq!(
            find_in_update(&GUARD, "aws_db_instance.a", on, r#"{"storage_encrypted": null}"#, "{}"),
            []
        );
    }
}
