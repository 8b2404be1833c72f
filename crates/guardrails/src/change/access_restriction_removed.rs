//! Reports restrictions of who can reach a resource that are removed.

use planguard_plan::Plan;
use planguard_rule::Severity;

use super::about::About;
use super::switch::{Wording, turned_off};
use super::tables::ACCESS_RESTRICTION_REMOVED;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-access-restriction-removed",
        title: "A restriction of who can reach a resource is removed",
        severity: Severity::High,
        why: "The resource could be reached from named networks, by private endpoints or with named identities only. Without \
              the restriction everyone who finds it can try.",
        remediation: "Keep the restriction, or put its successor into the same plan.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "google_container_cluster.a", "change": {"actions": ["update"],
            "before": {"master_authorized_networks_config": [{"cidr_blocks": [{"cidr_block": "10.0.0.0/8"}]}]}, "after": {"master_authorized_networks_config": []}}}"#,
        r#"{"address": "azurerm_storage_account.a", "change": {"actions": ["update"],
            "before": {"shared_access_key_enabled": true}, "after": {"shared_access_key_enabled": false}}}"#,
    ),
    check,
};

const WORDING: Wording =
    Wording { certain: "can be reached by more than before", unknown: "may be reached by more than before" };

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    turned_off(plan, &ACCESS_RESTRICTION_REMOVED, &WORDING)
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn keys_that_are_allowed_again_are_seen() {
        let (closed, open) =
            (r#"{"shared_access_key_enabled": false}"#, r#"{"shared_access_key_enabled": true}"#);
        let address = "azurerm_storage_account.a";
        assert_eq!(find_in_update(&GUARD, address, closed, open, "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, address, open, closed, "{}"), []);
    }
}
