//! Reports credentials that a plan creates and that do not expire.

use planguard_plan::Plan;
use planguard_rule::Severity;

use super::about::About;
use super::tables::CREDENTIAL_CREATED;
use super::twin::created;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-credential-created",
        title: "A credential that does not expire is created",
        severity: Severity::Medium,
        why: "The credential is valid until somebody deletes it, works from everywhere, and is written to the state: \
              whoever reads that can act as its owner. Most leaks of cloud accounts begin with such a key.",
        remediation: "Use a role or workload identity, which has credentials for an hour. If a program outside needs a key, waive \
                      this finding for the address and rotate the key.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_iam_access_key.deploy", "change": {"actions": ["create"],
            "before": null, "after": {"user": "deploy", "status": "Active"}}}"#,
        r#"{"address": "aws_iam_access_key.deploy", "change": {"actions": ["delete", "create"],
            "before": {"user": "deploy"}, "after": {"user": "deploy"}}}"#,
    ),
    check,
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    created(plan)
        .filter(|new| CREDENTIAL_CREATED.group(&new.address.resource_type).is_some())
        .map(|new| {
            let message = format!("{} is a new credential that does not expire", new.address);
            ChangeFinding::on(new, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    #[test]
    fn a_new_key_is_reported_and_one_that_is_rotated_or_imported_is_not() {
        let found = |actions: &str, importing: &str, before: &str| {
            let change = format!(
                r#"{{"address": "google_service_account_key.a", "change": {{"actions": [{actions}], {importing}
                    "before": {before}, "after": {{"service_account_id": "a"}}}}}}"#
            );
            find_in_changes(&GUARD, &change).len()
        };
        let old = r#"{"service_account_id": "a"}"#;
        assert_eq!(found(r#""create""#, "", "null"), 1);
        assert_eq!(found(r#""delete", "create""#, "", old), 0);
        assert_eq!(found(r#""no-op""#, r#""importing": {"id": "k"},"#, old), 0);
    }
}
