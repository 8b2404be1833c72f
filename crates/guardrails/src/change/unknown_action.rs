//! Reports actions that planguard does not know and cannot judge.

use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-unknown-action",
        title: "The plan has an action that planguard does not know",
        severity: Severity::High,
        why: "New versions of Terraform and OpenTofu add actions. What is not understood must not pass unread: \
              no other guardrail can have judged it.",
        remediation: "Update planguard. If this is its latest version, review the change by hand and waive this \
                      finding for its address.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_instance.web", "change": {"actions": ["teleport"], "before": {}, "after": {}}}"#,
        r#"{"address": "aws_instance.web", "change": {"actions": ["update"], "before": {}, "after": {}}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let deferred = plan.deferred_changes.iter().map(|deferred| &deferred.resource_change);
    let all = plan.each_change().chain(deferred);
    let strange = all.filter(|resource| resource.change.actions.unknown().next().is_some());
    strange
        .map(|resource| {
            let unknown: Vec<String> =
                resource.change.actions.unknown().map(|action| format!("`{action}`")).collect();
            let message = format!("{} has an unknown action: {}", resource.address, unknown.join(", "));
            ChangeFinding::on(resource, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{find, find_in_changes};
    use super::*;

    #[test]
    fn one_unknown_action_is_enough_and_data_sources_count() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "aws_instance.a[\"x.y\"]", "change": {"actions": ["create", "teleport"], "before": null, "after": {}}},
               {"address": "data.aws_ami.b", "change": {"actions": ["divine"], "before": null, "after": {}}},
               {"address": "aws_instance.c", "change": {"actions": ["forget", "create"], "before": {}, "after": {}}}"#,
        );
        let addresses: Vec<_> = findings.iter().flat_map(|f| &f.address).map(ToString::to_string).collect();
        assert_eq!(addresses, [r#"aws_instance.a["x.y"]"#, "data.aws_ami.b"]);
    }

    #[test]
    fn a_deferred_change_can_have_an_unknown_action() {
        let text = r#"{"format_version": "1.2", "deferred_changes": [{"reason": "unknown", "resource_change":
            {"address": "aws_instance.a", "change": {"actions": ["teleport"], "before": {}, "after": {}}}}]}"#;
        assert_eq!(find(&GUARD, text).len(), 1);
    }
}
