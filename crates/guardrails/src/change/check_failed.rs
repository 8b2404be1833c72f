//! Reports `check` blocks and conditions that fail, or that Terraform could not evaluate.

use planguard_plan::{Address, Check, CheckStatus};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, ExampleSection};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-check-failed",
        title: "A check of the configuration fails",
        severity: Severity::Medium,
        why: "Terraform only warns about a `check` block whose assertion fails, or that it cannot evaluate; a failed \
              precondition or postcondition ends the apply halfway. Whoever wrote it wanted to know.",
        remediation: "Fix what the assertion says, or the assertion.",
    }
    .rule(),
    example: ChangeExample {
        section: ExampleSection::Checks,
        failing: r#"{"address": {"kind": "check", "name": "health", "to_display": "check.health"}, "status": "fail",
            "instances": [{"address": {"to_display": "check.health"}, "status": "fail",
                "problems": [{"message": "The site answers with 503."}]}]}"#,
        passing: r#"{"address": {"kind": "check", "name": "health", "to_display": "check.health"}, "status": "pass"}"#,
    },
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    plan.checks.iter().filter_map(finding).collect()
}

fn finding(check: &Check<'_>) -> Option<ChangeFinding> {
    let failed = match check.status {
        CheckStatus::Fail => "fails",
        CheckStatus::Error => "could not be evaluated",
        CheckStatus::Pass | CheckStatus::Unknown => return None,
    };
    let said =
        if check.problems.is_empty() { String::new() } else { format!(": {}", check.problems.join("; ")) };
    // Checks, variables and outputs have addresses of the same form.
    let is_resource =
        |address: &Address| !matches!(address.resource_type.as_str(), "check" | "var" | "output");
    let message = match check.resource().filter(is_resource) {
        Some(_) => format!("{} has a condition that {failed}{said}", check.address),
        None => format!("{} {failed}{said}", check.address),
    };
    Some(ChangeFinding { address: check.resource(), ..ChangeFinding::on_plan(message) })
}

#[cfg(test)]
mod tests {
    use super::super::testing::find;
    use super::*;

    fn message(address: &str, status: &str, problems: &str) -> Option<String> {
        let plan = format!(
            r#"{{"format_version": "1.2", "checks": [{{"address": {{"to_display": "{address}"}}, "status": "{status}",
                "instances": [{{"address": {{"to_display": "{address}"}}, "status": "{status}", "problems": [{problems}]}}]}}]}}"#
        );
        find(&GUARD, &plan).pop().map(|finding| finding.message)
    }

    #[test]
    fn what_fails_and_what_cannot_be_evaluated_is_told_with_its_words() {
        let said = r#"{"message": "It answers with 503."}"#;
        assert_eq!(message("check.a", "fail", said).as_deref(), Some("check.a fails: It answers with 503."));
        assert_eq!(message("check.a", "error", "").as_deref(), Some("check.a could not be evaluated"));
        assert_eq!(
            message("aws_x.a", "fail", said).as_deref(),
            Some("aws_x.a has a condition that fails: It answers with 503.")
        );
        assert_eq!((message("check.a", "pass", ""), message("check.a", "unknown", "")), (None, None));
    }
}
