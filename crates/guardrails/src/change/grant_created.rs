//! New objects that give the rights of an administrator on something that is older than the plan.

use planguard_plan::{Plan, ResourceState, Side as PlanSide};

use super::ChangeFinding;
use super::compare::sight;
use super::switch::{Side, side};
use super::tables::IAM_WIDENED;
use super::twin::created;

/// The findings for new grants. What is granted on an object of the same plan is part of that object, and not a change.
pub(super) fn new_grants(plan: &Plan<'_>) -> Vec<ChangeFinding> {
    let mut found = Vec::new();
    for grant in created(plan) {
        let resource_type = &grant.address.resource_type;
        let Some(group) = IAM_WIDENED.group(resource_type) else { continue };
        let Some(after) = ResourceState::new(plan, grant, PlanSide::After) else { continue };
        let root = after.root();
        if !group.subject.iter().all(|name| sight(&root.key(name)).known().is_some()) {
            continue;
        }
        for switch in IAM_WIDENED.switches(resource_type) {
            let Side::Unsafe(setting) = side(switch, &after) else { continue };
            let attribute = switch.attribute.iter().fold(root.clone(), |place, name| place.key(name));
            let what = switch.tells.says.as_deref().unwrap_or("grants the rights of an administrator");
            let message = format!("{} is new and {what}: {setting}", grant.address);
            found.push(ChangeFinding::on(grant, message).at(attribute.path().clone()).told(&switch.tells));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::iam_widened::GUARD;
    use super::super::testing::find_in_changes;

    fn found(actions: &str, role: &str, scope: &str, unknown: &str) -> Vec<String> {
        let side = format!(r#"{{"role_definition_name": "{role}", "scope": {scope}}}"#);
        let before = if actions == "create" { "null" } else { side.as_str() };
        let after = if actions == "delete" { "null" } else { side.as_str() };
        let entry = format!(
            r#"{{"address": "azurerm_role_assignment.a", "change": {{"actions": ["{actions}"], "before": {before},
                "after": {after}, "after_unknown": {unknown}}}}}"#
        );
        find_in_changes(&GUARD, &entry).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_new_administrator_of_what_exists_is_told() {
        let vault = r#""/subscriptions/s/resourceGroups/r/providers/Microsoft.KeyVault/vaults/v""#;
        assert_eq!(
            found("create", "Key Vault Administrator", vault, "{}"),
            [
                "azurerm_role_assignment.a is new and grants the rights of an administrator: `role_definition_name` is `Key Vault Administrator`"
            ]
        );
        assert_eq!(found("create", "Key Vault Secrets User", vault, "{}"), [""; 0]);
        assert_eq!(found("delete", "Key Vault Administrator", vault, "{}"), [""; 0]);
        assert_eq!(found("no-op", "Key Vault Administrator", vault, "{}"), [""; 0]);
        let of_the_plan = found("create", "Key Vault Administrator", "null", r#"{"scope": true}"#);
        assert_eq!(of_the_plan, [""; 0], "the vault comes with the plan");
    }
}
