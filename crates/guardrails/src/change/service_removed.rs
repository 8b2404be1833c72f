//! Reports what serves or connects others and is destroyed, while no rule about data or protection says so.

use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::loss::losses;
use super::tables::SERVICE_REMOVED;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-service-removed",
        title: "Something that serves or connects others is destroyed",
        severity: Severity::Low,
        why: "Whatever uses it fails once it is gone. Terraform counts it among the objects to destroy, and does not say what \
              it did.",
        remediation: "Check that nothing uses it any more. If it is replaced, create the successor in the same plan.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_lb_listener.https", "change": {"actions": ["delete"],
            "before": {"load_balancer_arn": "lb", "port": 443}, "after": null}}"#,
        r#"{"address": "aws_lb_listener.https", "change": {"actions": ["delete"],
            "before": {"load_balancer_arn": "lb", "protocol": "HTTPS"}, "after": null}},
           {"address": "aws_lb_listener.tls", "change": {"actions": ["create"], "before": null,
            "after": {"load_balancer_arn": "lb", "protocol": "HTTPS"}}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    losses(plan, &SERVICE_REMOVED)
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::*;

    #[test]
    fn the_loss_is_named() {
        let found = find_in_changes(
            &GUARD,
            r#"{"address": "aws_nat_gateway.a", "change": {"actions": ["delete"], "before": {"subnet_id": "s"}, "after": null}}"#,
        );
        assert_eq!(
            found[0].message,
            "aws_nat_gateway.a is destroyed; its networks no longer reach what is outside"
        );
    }
}
