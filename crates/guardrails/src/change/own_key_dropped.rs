//! Reports data that is no longer encrypted with a key of one's own.

use planguard_plan::Plan;
use planguard_rule::Severity;

use super::about::About;
use super::switch::{Wording, turned_off};
use super::tables::OWN_KEY_DROPPED;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-own-key-dropped",
        title: "Data is no longer encrypted with your own key",
        severity: Severity::Medium,
        why: "Without the key the provider encrypts with one of its own, or not at all. Nobody can then revoke access by \
              disabling the key, and its use is in no log of yours.",
        remediation: "Keep the key. To change it, name the new key.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_sqs_queue.orders", "change": {"actions": ["update"],
            "before": {"kms_master_key_id": "alias/orders"}, "after": {"kms_master_key_id": null}}}"#,
        r#"{"address": "aws_sqs_queue.orders", "change": {"actions": ["update"],
            "before": {"kms_master_key_id": "alias/orders"}, "after": {"kms_master_key_id": "alias/new"}}}"#,
    ),
    check,
};

const WORDING: Wording = Wording {
    certain: "is no longer encrypted with a key of yours",
    unknown: "may no longer be encrypted with a key of yours",
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    turned_off(plan, &OWN_KEY_DROPPED, &WORDING)
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn a_key_in_a_block_that_goes_is_seen_too() {
        let before = r#"{"encryption_configuration": [{"encryption_type": "KMS", "kms_key": "k"}]}"#;
        for after in [
            r#"{"encryption_configuration": []}"#,
            r#"{"encryption_configuration": [{"encryption_type": "AES256", "kms_key": null}]}"#,
        ] {
            assert_eq!(
                find_in_update(&GUARD, "aws_ecr_repository.a", before, after, "{}").len(),
                1,
                "{after}"
            );
        }
        let another = r#"{"encryption_configuration": [{"encryption_type": "KMS", "kms_key": "l"}]}"#;
        assert_eq!(find_in_update(&GUARD, "aws_ecr_repository.a", before, another, "{}"), []);
    }
}
