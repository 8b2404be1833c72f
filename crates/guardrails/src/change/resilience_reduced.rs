//! Reports copies in other zones and regions that are given up.

use planguard_plan::Plan;
use planguard_rule::Severity;

use super::about::About;
use super::switch::{Wording, turned_off};
use super::tables::RESILIENCE_REDUCED;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-resilience-reduced",
        title: "A copy in another zone or region is given up",
        severity: Severity::Medium,
        why: "Nothing takes over when the one zone or region that is left fails.",
        remediation: "Keep the setting. Where the environment may fail, waive this finding for the resource.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_db_instance.a", "change": {"actions": ["update"],
            "before": {"multi_az": true}, "after": {"multi_az": false}}}"#,
        r#"{"address": "aws_db_instance.a", "change": {"actions": ["update"],
            "before": {"multi_az": false}, "after": {"multi_az": true}}}"#,
    ),
    check,
};

const WORDING: Wording = Wording {
    certain: "survives fewer failures than before",
    unknown: "may survive fewer failures than before",
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    turned_off(plan, &RESILIENCE_REDUCED, &WORDING)
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn a_copy_that_is_given_up_is_named() {
        let server = |blocks: &str| format!(r#"{{"high_availability": [{blocks}]}}"#);
        let (twice, once) = (server(r#"{"mode": "ZoneRedundant"}"#), server(""));
        let found = find_in_update(&GUARD, "azurerm_postgresql_flexible_server.a", &twice, &once, "{}");
        assert_eq!(
            found[0].message,
            "azurerm_postgresql_flexible_server.a survives fewer failures than before: `high_availability` is removed"
        );
        let storage = |kind: &str| format!(r#"{{"account_replication_type": "{kind}"}}"#);
        let of = |from, to| {
            find_in_update(&GUARD, "azurerm_storage_account.a", &storage(from), &storage(to), "{}")
        };
        assert_eq!(of("GRS", "LRS").len(), 1);
        assert_eq!(of("GRS", "ZRS"), []);
    }
}
