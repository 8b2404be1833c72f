//! Reports changes that are deferred to a later plan.

use planguard_plan::DeferredChange;
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, ExampleSection};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-deferred",
        title: "A change is deferred to a later plan",
        severity: Severity::Medium,
        why: "A deferred change is not part of what is approved here, and too little of it is known to judge it. \
              It comes with a later plan, which has to be checked too.",
        remediation: "Apply this plan, then plan again and check the next plan like this one. If your pipeline \
                      does so, waive this finding.",
    }
    .rule(),
    example: ChangeExample {
        section: ExampleSection::DeferredChanges,
        failing: r#"{"reason": "instance_count_unknown", "resource_change": {"address": "aws_instance.web[*]",
            "change": {"actions": ["create"], "before": null, "after": {}}}}"#,
        passing: "",
    },
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    plan.deferred_changes.iter().map(finding).collect()
}

fn finding(deferred: &DeferredChange<'_>) -> ChangeFinding {
    let resource = &deferred.resource_change;
    let reason = match deferred.reason.as_ref() {
        "instance_count_unknown" => ": its `count` or `for_each` is known only after apply",
        "resource_config_unknown" => ": its configuration is known only after apply",
        "provider_config_unknown" => ": the configuration of its provider is known only after apply",
        "deferred_prereq" => ": it depends on a change that is deferred",
        "absent_prereq" => ": it depends on something that does not exist yet",
        // `unknown`, and reasons of later versions.
        _ => "",
    };
    ChangeFinding::on(
        resource,
        format!("the change of {} is deferred to a later plan{reason}", resource.address),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::find;
    use super::*;

    #[test]
    fn an_unknown_reason_is_left_out() {
        let text = r#"{"format_version": "1.2", "deferred_changes": [
            {"reason": "absent_prereq", "resource_change": {"address": "aws_x.a",
                "change": {"actions": ["create"], "before": null, "after": {}}}},
            {"reason": "the_moon", "resource_change": {"address": "module.b[*].aws_x.c",
                "change": {"actions": ["update"], "before": {}, "after": {}}}}]}"#;
        let messages: Vec<_> = find(&GUARD, text).into_iter().map(|finding| finding.message).collect();
        assert_eq!(
            messages,
            [
                "the change of aws_x.a is deferred to a later plan: it depends on something that does not exist yet",
                "the change of module.b[*].aws_x.c is deferred to a later plan",
            ]
        );
    }
}
