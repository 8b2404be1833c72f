//! Reports exceptions from guards that a plan creates.

use planguard_plan::{ResourceChange, ResourceState, Side};
use planguard_rule::Severity;

use super::about::About;
use super::archived_findings::is_archiving;
use super::changes::Changes;
use super::tables::{EXCEPTION_CREATED, SHARED_WITH_ACCOUNT};
use super::twin::created;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-exception-created",
        title: "An exception from a guard is created",
        severity: Severity::Medium,
        why: "The guard stays and looks complete, but what the exception names is no longer held to it: a policy exemption, \
              muted findings, entries that no log keeps, a snapshot that another account may read.",
        remediation: "Take the exception back, or narrow it to what has to be exempt. If it is agreed on, waive this finding for its \
                      address, with the date on which it ends.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "azurerm_subscription_policy_exemption.a", "change": {"actions": ["create"],
            "before": null, "after": {"exemption_category": "Waiver", "policy_assignment_id": "p"}}}"#,
        r#"{"address": "azurerm_subscription_policy_exemption.a", "change": {"actions": ["delete"],
            "before": {"exemption_category": "Waiver", "policy_assignment_id": "p"}, "after": null}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    created(plan)
        .filter(|new| !is_told_elsewhere(new))
        .filter_map(|new| {
            let what = match EXCEPTION_CREATED.group(&new.address.resource_type) {
                Some(group) => group.loss.as_deref().unwrap_or("is exempt from a guard"),
                None if is_archiving(new, &ResourceState::new(plan, new, Side::After)?) => {
                    "puts findings away before anybody sees them"
                }
                None => return None,
            };
            Some(ChangeFinding::on(new, format!("{} is created: it {what}", new.address)))
        })
        .collect()
}

/// Whether every account may read it, which a guardrail reports, or an account that is known, which another guard reports.
fn is_told_elsewhere(new: &ResourceChange<'_>) -> bool {
    let text = |name: &str| new.change.after.as_deref()?.get(name)?.as_str();
    let is_shared = SHARED_WITH_ACCOUNT.group(&new.address.resource_type).is_some();
    text("group") == Some("all") || is_shared && text("account_id").is_some_and(|account| !account.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    #[test]
    fn an_image_for_everyone_is_a_matter_of_a_guardrail() {
        let permission = |to: &str| {
            format!(
                r#"{{"address": "aws_ami_launch_permission.a", "change": {{"actions": ["create"], "before": null,
                    "after": {{"image_id": "ami-1", {to}}}}}}}"#
            )
        };
        assert_eq!(find_in_changes(&GUARD, &permission(r#""group": "all""#)), []);
        assert_eq!(find_in_changes(&GUARD, &permission(r#""account_id": "444455556666""#)), []);
        let organization = r#""organization_arn": "arn:aws:organizations::1:organization/o-1""#;
        assert_eq!(find_in_changes(&GUARD, &permission(organization)).len(), 1);
    }

    #[test]
    fn what_is_excepted_from_what_is_said() {
        let change = r#"{"address": "google_logging_project_exclusion.a", "change": {"actions": ["create"],
            "before": null, "after": {"name": "a", "filter": "f"}}}"#;
        let messages: Vec<_> =
            find_in_changes(&GUARD, change).into_iter().map(|finding| finding.message).collect();
        assert_eq!(
            messages,
            ["google_logging_project_exclusion.a is created: it keeps entries out of the logs"]
        );
    }
}
