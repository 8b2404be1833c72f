//! Finds encryption keys that are destroyed or disabled: what they encrypt cannot be read any more.

use planguard_plan::{Mode, Plan, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::compare::pairs;
use super::switch::{Switch, Unset, Weak, Wording, findings};
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-key-destroyed",
        title: "An encryption key is destroyed, replaced or disabled",
        severity: Severity::Critical,
        why: "Whatever is encrypted with the key (disks, buckets, backups, secrets, also in other accounts) \
              cannot be read without it. Destroying the key destroys all of it at once.",
        remediation: "Keep the key, and rotate it instead of replacing it. Before it may go, encrypt what \
                      uses it with another one; then disable it for a while, and waive this finding.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_kms_key.data", "change": {"actions": ["delete"], "before": {"is_enabled": true}, "after": null}}"#,
        r#"{"address": "aws_kms_alias.data", "change": {"actions": ["delete"], "before": {"name": "alias/data"}, "after": null}}"#,
    ),
    check,
};

/// Types whose objects are keys, or stores that keys do not leave, sorted.
const KEYS: &[&str] = &[
    "alicloud_kms_key",
    "aws_kms_custom_key_store",
    "aws_kms_external_key",
    "aws_kms_key",
    "aws_kms_replica_external_key",
    "aws_kms_replica_key",
    "aws_paymentcryptography_key",
    "azurerm_key_vault_certificate",
    "azurerm_key_vault_key",
    "azurerm_key_vault_managed_hardware_security_module_key",
    "google_kms_crypto_key",
    "google_kms_crypto_key_version",
    "oci_kms_key",
    "oci_kms_vault",
    "vault_transit_secret_backend_key",
];

const SWITCHES: &[Switch] = &[
    Switch::on(&["aws_kms_key"], &["is_enabled"], Weak::False, Unset::SaysNothing),
    Switch::on(
        &["aws_kms_external_key", "aws_kms_replica_external_key", "aws_kms_replica_key"],
        &["enabled"],
        Weak::False,
        Unset::SaysNothing,
    ),
    Switch::on(
        &["google_kms_crypto_key_version"],
        &["state"],
        Weak::AllBut(&["ENABLED"]),
        Unset::SaysNothing,
    ),
];

const WORDING: Wording = Wording {
    certain: "is disabled, and what it encrypts cannot be read",
    unknown: "may be disabled, and what it encrypts cannot be read then",
};

/// Whether a type's objects are encryption keys.
pub(super) fn is_key(resource_type: &str) -> bool {
    KEYS.binary_search(&resource_type).is_ok()
}

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let keys = plan
        .resource_changes
        .iter()
        .filter(|resource| resource.address.mode == Mode::Managed && is_key(&resource.address.resource_type));
    let mut found: Vec<ChangeFinding> = keys.filter_map(destroyed_key).collect();
    found.extend(pairs(plan).flat_map(|pair| findings(&pair, SWITCHES, &WORDING).collect::<Vec<_>>()));
    found
}

fn destroyed_key(resource: &ResourceChange<'_>) -> Option<ChangeFinding> {
    let address = &resource.address;
    let actions = &resource.change.actions;
    if !actions.deletes() {
        return None;
    }
    let what = match &resource.deposed {
        Some(key) => format!("the deposed object {key} of {address} is destroyed"),
        None if actions.creates() => format!("{address} is replaced, and the old key destroyed"),
        None => format!("{address} is destroyed"),
    };
    Some(ChangeFinding::on(resource, format!("{what}: what it encrypts cannot be read any more")))
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::stateful::is_stateful;
    use super::super::testing::{Schemas, find_in_changes, find_in_update};
    use super::*;

    #[test]
    fn keys_are_sorted_known_and_have_no_second_guard() {
        assert!(KEYS.is_sorted_by(|left, right| left < right));
        assert!(KEYS.iter().all(|key| !is_stateful(key)));
        let Some(schemas) = Schemas::read() else { return };
        assert!(KEYS.iter().all(|key| schemas.knows_type(key)));
        for switch in SWITCHES {
            switch.assert_in_schemas(schemas, &[]);
        }
    }

    #[test]
    fn replacing_and_disabling_are_found_too() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "google_kms_crypto_key.a[\"x.y\"]", "change": {"actions": ["create", "delete"], "before": {}, "after": {}}}"#,
        );
        assert!(findings[0].message.contains("is replaced, and the old key destroyed"));
        let on = r#"{"is_enabled": true}"#;
        let off = find_in_update(&GUARD, "aws_kms_key.a", on, r#"{"is_enabled": false}"#, "{}");
        assert!(off[0].message.starts_with("aws_kms_key.a is disabled"));
        let unknown = find_in_update(&GUARD, "aws_kms_key.a", on, "{}", r#"{"is_enabled": true}"#);
        assert_eq!(unknown[0].certainty, Certainty::DependsOnUnknown);
    }
}
