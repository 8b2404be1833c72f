//! Reports hardening of machines, containers and connections that is disabled.

use planguard_plan::Plan;
use planguard_rule::Severity;

use super::about::About;
use super::switch::{Wording, turned_off};
use super::tables::HARDENING_OFF;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-hardening-off",
        title: "A hardening setting is disabled",
        severity: Severity::Medium,
        why: "The setting stood between an intruder and the machine, the node or the key. It costs nothing to keep.",
        remediation: "Set the attribute to its previous value.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_kms_key.a", "change": {"actions": ["update"],
            "before": {"enable_key_rotation": true}, "after": {"enable_key_rotation": false}}}"#,
        r#"{"address": "aws_kms_key.a", "change": {"actions": ["update"],
            "before": {"enable_key_rotation": false}, "after": {"enable_key_rotation": true}}}"#,
    ),
    check,
};

const WORDING: Wording =
    Wording { certain: "is hardened less than before", unknown: "may be hardened less than before" };

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    turned_off(plan, &HARDENING_OFF, &WORDING)
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn privileges_of_a_container_are_seen() {
        let pod = |privileged: bool| {
            format!(
                r#"{{"spec": [{{"template": [{{"spec": [{{"container": [{{"security_context":
                    [{{"privileged": {privileged}}}]}}]}}]}}]}}]}}"#
            )
        };
        let address = "kubernetes_deployment_v1.a";
        assert_eq!(find_in_update(&GUARD, address, &pod(false), &pod(true), "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, address, &pod(true), &pod(false), "{}"), []);
    }
}
