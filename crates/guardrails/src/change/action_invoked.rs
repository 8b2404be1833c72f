//! Reports provider actions that the plan invokes: they change real objects without a resource change.

use planguard_plan::ActionInvocation;
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, ExampleSection};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-action-invoked",
        title: "The plan invokes a provider action",
        severity: Severity::Medium,
        why: "An action (Terraform 1.14) runs once: it invokes a function, stops a machine, purges a cache. No \
              resource change shows it, and no plan can say what it does.",
        remediation: "Read what the action does and waive this finding for its address, or remove the \
                      `action_trigger`.",
    }
    .rule(),
    example: ChangeExample {
        section: ExampleSection::ActionInvocations,
        failing: r#"{"address": "action.aws_ec2_stop_instance.web", "type": "aws_ec2_stop_instance", "name": "web",
            "lifecycle_action_trigger": {"triggering_resource_address": "aws_instance.web"}}"#,
        passing: "",
    },
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    plan.action_invocations.iter().map(finding).collect()
}

fn finding(invocation: &ActionInvocation<'_>) -> ChangeFinding {
    let when = match (&invocation.triggered_by, invocation.deferred) {
        (Some(resource), false) => format!("because {resource} changes"),
        (Some(resource), true) => format!("in a later plan, because {resource} changes"),
        (None, false) => "by request".to_owned(),
        (None, true) => "in a later plan".to_owned(),
    };
    let message = format!("{} is invoked {when}", invocation.address);
    ChangeFinding { address: invocation.address.parse().ok(), ..ChangeFinding::on_plan(message) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::find;
    use super::*;

    #[test]
    fn says_what_triggers_the_action() {
        let text = r#"{"format_version": "1.2", "action_invocations": [
            {"address": "module.a[\"x.y\"].action.aws_lambda_invoke.b",
             "lifecycle_action_trigger": {"triggering_resource_address": "aws_s3_object.c"}},
            {"address": "action.aws_lambda_invoke.d", "invoke_action_trigger": {}}]}"#;
        let findings = find(&GUARD, text);
        let messages: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                r#"module.a["x.y"].action.aws_lambda_invoke.b is invoked because aws_s3_object.c changes"#,
                "action.aws_lambda_invoke.d is invoked by request",
            ]
        );
        assert!(findings[0].address.is_some());
    }
}
