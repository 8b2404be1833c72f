//! Reports protection against deletion that is disabled, as it is right before a deletion.

use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::destroyed;
use super::loss::Successors;
use super::switch::{Wording, turned_off};
use super::tables::PROTECTION_OFF;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-protection-off",
        title: "Deletion protection is disabled",
        severity: Severity::High,
        why: "Protection that is disabled stays disabled: the next plan can destroy the resource without an \
              error from the provider.",
        remediation: "Enable the protection again, or keep the lock. If the resource is to be destroyed next, \
                      waive this finding for its address until then.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"deletion_protection": true}, "after": {"deletion_protection": false}}}"#,
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"deletion_protection": false}, "after": {"deletion_protection": true}}}"#,
    ),
    check,
};

const WORDING: Wording = Wording {
    certain: "is no longer protected against deletion",
    unknown: "may no longer be protected against deletion",
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = turned_off(plan, &PROTECTION_OFF, &WORDING);
    let mut locks = destroyed(plan)
        .filter(|resource| PROTECTION_OFF.group(&resource.address.resource_type).is_some())
        .peekable();
    if locks.peek().is_none() {
        return found;
    }
    let successors = Successors::new(plan, &PROTECTION_OFF);
    found.extend(locks.filter(|lock| !successors.has_one_of(lock)).map(|lock| {
        let message = format!("{} is destroyed: what it locks can be deleted", lock.address);
        ChangeFinding::on(lock, message)
    }));
    found
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::{find_in_changes, find_in_update};
    use super::*;

    #[test]
    fn setting_to_false_and_removing_the_line_are_the_same() {
        for after in [r#"{"enable_deletion_protection": false}"#, r#"{"enable_deletion_protection": null}"#] {
            let findings = find_in_update(
                &GUARD,
                r#"aws_lb.a["x.y"]"#,
                r#"{"enable_deletion_protection": true}"#,
                after,
                "{}",
            );
            assert_eq!(findings.len(), 1, "{after}");
            assert!(findings[0].message.starts_with(r#"aws_lb.a["x.y"] is no longer protected"#));
        }
    }

    #[test]
    fn an_unknown_setting_depends_on_it() {
        let findings = find_in_update(
            &GUARD,
            "google_sql_database_instance.a",
            r#"{"settings": [{"deletion_protection_enabled": true}]}"#,
            r#"{"settings": [{}]}"#,
            r#"{"settings": [{"deletion_protection_enabled": true}]}"#,
        );
        assert_eq!(findings[0].certainty, Certainty::DependsOnUnknown);
        assert_eq!(
            findings[0].message,
            "google_sql_database_instance.a may no longer be protected against deletion: `settings[0].deletion_protection_enabled` (now `true`) is known only after apply"
        );
    }

    #[test]
    fn words_are_settings_too() {
        let findings = find_in_update(
            &GUARD,
            "aws_cognito_user_pool.a",
            r#"{"deletion_protection": "ACTIVE"}"#,
            r#"{"deletion_protection": "INACTIVE"}"#,
            "{}",
        );
        assert!(
            findings[0].message.ends_with("`deletion_protection` changes from `ACTIVE` to `INACTIVE`"),
            "{}",
            findings[0].message
        );
    }

    #[test]
    fn a_destroyed_lock_is_reported() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "azurerm_management_lock.a", "change": {"actions": ["delete"], "before": {}, "after": null}}"#,
        );
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn a_lock_on_the_same_scope_follows_another() {
        let found = |scope: &str| {
            let changes = format!(
                r#"{{"address": "azurerm_management_lock.a", "change": {{"actions": ["delete"], "after": null,
                    "before": {{"name": "a", "scope": "/g", "lock_level": "CanNotDelete"}}}}}},
                {{"address": "azurerm_management_lock.b", "change": {{"actions": ["create"], "before": null,
                    "after": {{"name": "b", "scope": "{scope}", "lock_level": "ReadOnly"}}}}}}"#
            );
            find_in_changes(&GUARD, &changes).len()
        };
        assert_eq!(found("/g"), 0);
        assert_eq!(found("/h"), 1);
    }
}
