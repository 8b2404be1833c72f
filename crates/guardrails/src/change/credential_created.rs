//! Reports credentials that a plan creates and that do not expire.

use planguard_plan::{Plan, ResourceChange, ResourceState, Side};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::shown;
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

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    created(plan)
        .filter(|new| CREDENTIAL_CREATED.group(&new.address.resource_type).is_some())
        .map(|new| {
            let of = owner(plan, new).map(|owner| format!(" of {owner}")).unwrap_or_default();
            let message = format!("{} is a new credential{of} that does not expire", new.address);
            let found = ChangeFinding::on(new, message);
            match new.address.resource_type.as_str() {
                "aws_iam_user_login_profile" => found.mended_by(OF_PERSON),
                _ => found,
            }
        })
        .collect()
}

/// A password of the console is a person's, who has no program to give a role to.
const OF_PERSON: &str = "Let people sign in through IAM Identity Center. If a user is needed, set \
                         `password_reset_required = true` and demand a second factor, and waive this finding for the address.";

/// Attributes that name whom a credential is for.
const OWNERS: &[&str] = &["user", "user_name", "service_account_id"];

/// Whom a new credential is for, as messages show it: the known name, or the object of the plan.
fn owner(plan: &Plan<'_>, new: &ResourceChange<'_>) -> Option<String> {
    let state = ResourceState::new(plan, new, Side::After)?;
    OWNERS.iter().find_map(|name| {
        let place = state.root().key(name);
        shown(&place).or_else(|| {
            let found = state.references(place.path())?;
            found.resources.first().filter(|_| !place.is_sensitive()).map(|owner| owner.address.clone())
        })
    })
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
        let named = find_in_changes(
            &GUARD,
            r#"{"address": "aws_iam_access_key.k", "change": {"actions": ["create"], "before": null, "after": {"user": "ci"}}}"#,
        );
        assert_eq!(named[0].message, "aws_iam_access_key.k is a new credential of `ci` that does not expire");
        assert_eq!(found(r#""no-op""#, r#""importing": {"id": "k"},"#, old), 0);
    }
}
