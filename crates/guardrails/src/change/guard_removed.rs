//! Reports protections that are destroyed, or put on something else, while what they protect stays.

use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::guard_moved::moved;
use super::loss::losses;
use super::tables::GUARD_REMOVED;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-guard-removed",
        title: "A protection is destroyed",
        severity: Severity::High,
        why: "No rule about the state of a resource sees what is no longer there: branches without protection, a load balancer \
              without a firewall, accounts without the policy that bound them.",
        remediation: "Keep the protection, or create its successor in the same plan. If what it protected is open on purpose, \
                      waive this finding for its address.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "github_branch_protection.main", "change": {"actions": ["delete"],
            "before": {"pattern": "main", "repository_id": "R_1"}, "after": null}}"#,
        r#"{"address": "aws_wafv2_web_acl_association.a", "change": {"actions": ["delete"],
            "before": {"resource_arn": "lb", "web_acl_arn": "acl"}, "after": null}},
           {"address": "aws_lb.a", "change": {"actions": ["delete"], "before": {"arn": "lb"}, "after": null}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = losses(plan, &GUARD_REMOVED);
    found.extend(moved(plan));
    found
}
