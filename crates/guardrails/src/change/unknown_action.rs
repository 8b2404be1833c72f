//! Finds verbs that planguard does not know: what they do cannot be judged.

use planguard_plan::Plan;
use planguard_rule::Severity;

use super::about::About;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-unknown-action",
        title: "The plan does something that planguard does not know",
        severity: Severity::High,
        why: "New versions of Terraform and OpenTofu bring new verbs. What is not understood must not pass \
              unread: no other guardrail can have judged it.",
        remediation: "Update planguard. If this is its latest version, read the change by hand and waive this \
                      finding for the address.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_instance.web", "change": {"actions": ["teleport"], "before": {}, "after": {}}}"#,
        r#"{"address": "aws_instance.web", "change": {"actions": ["update"], "before": {}, "after": {}}}"#,
    ),
    check,
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let deferred = plan.deferred_changes.iter().map(|deferred| &deferred.resource_change);
    let all = plan.resource_changes.iter().chain(deferred);
    let strange = all.filter(|resource| resource.change.actions.unknown().next().is_some());
    strange
        .map(|resource| {
            let message =
                format!("the actions of {} hold a verb that planguard does not know", resource.address);
            ChangeFinding::on(resource, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{find, find_in_changes};
    use super::*;

    #[test]
    fn one_strange_verb_among_known_ones_is_enough_and_data_sources_count() {
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
    fn a_deferred_change_may_be_strange_too() {
        let text = r#"{"format_version": "1.2", "deferred_changes": [{"reason": "unknown", "resource_change":
            {"address": "aws_instance.a", "change": {"actions": ["teleport"], "before": {}, "after": {}}}}]}"#;
        assert_eq!(find(&GUARD, text).len(), 1);
    }
}
