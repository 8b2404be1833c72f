//! Reports encryption keys that are destroyed, replaced or disabled.

use planguard_plan::{Mode, Plan, ResourceChange};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::pairs;
use super::key_lockout::locked_out;
use super::pending;
use super::switch::{Wording, turned_off};
use super::tables::KEY_DESTROYED;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-key-destroyed",
        title: "An encryption key is destroyed, replaced or disabled",
        severity: Severity::Critical,
        why: "Data that is encrypted with the key (disks, buckets, backups and secrets, also in other \
              accounts) cannot be read without it. Destroying the key destroys all of that data.",
        remediation: "Keep the key, and rotate it instead of replacing it. To remove it, first encrypt its \
                      data with another key and disable this one for a while; then waive this finding. AWS keeps a key \
                      for `deletion_window_in_days`, 30 by default; `aws kms cancel-key-deletion` restores it \
                      until then.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_kms_key.data", "change": {"actions": ["delete"], "before": {"is_enabled": true}, "after": null}}"#,
        r#"{"address": "aws_kms_alias.data", "change": {"actions": ["delete"], "before": {"name": "alias/data"}, "after": null}}"#,
    ),
    check,
};

const WORDING: Wording = Wording {
    certain: "is disabled, and data encrypted with it cannot be read",
    unknown: "may be disabled, and data encrypted with it cannot be read then",
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let is_key = |resource: &&ResourceChange<'_>| {
        resource.address.mode == Mode::Managed
            && KEY_DESTROYED.group(&resource.address.resource_type).is_some()
    };
    let keys = plan.each_change().filter(is_key);
    let mut found: Vec<ChangeFinding> = keys.filter_map(|key| destroyed_key(plan, key)).collect();
    found.extend(turned_off(plan, &KEY_DESTROYED, &WORDING));
    let locked = pairs(plan).filter_map(|pair| locked_out(&pair));
    found.extend(locked.map(|finding| finding.weighing(Severity::High)));
    found
}

fn destroyed_key(plan: &Plan<'_>, resource: &ResourceChange<'_>) -> Option<ChangeFinding> {
    let address = &resource.address;
    let actions = &resource.change.actions;
    if !actions.deletes() {
        return None;
    }
    let what = match &resource.deposed {
        Some(key) => format!("the deposed object {key} of {address} is destroyed"),
        None if actions.creates() => format!("{address} is replaced and the old key is destroyed"),
        None => format!("{address} is destroyed"),
    };
    let kept = pending::kept_for(plan, resource);
    let kept = kept.map(|kept| format!(", unless the deletion is canceled: it waits {kept}"));
    let lost = "data encrypted with it can no longer be read";
    Some(ChangeFinding::on(resource, format!("{what}: {lost}{}", kept.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::stateful::is_stateful;
    use super::super::testing::{find_in_changes, find_in_update};
    use super::*;

    #[test]
    fn keys_have_no_second_guard() {
        let keys = KEY_DESTROYED.types().filter(|name| KEY_DESTROYED.group(name).is_some());
        let twice: Vec<_> = keys.filter(|name| is_stateful(name)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn says_how_long_the_deletion_can_be_canceled() {
        let message = |resource_type: &str, before: &str| {
            let entry = format!(
                r#"{{"address": "{resource_type}.a", "change": {{"actions": ["delete"], "before": {before}, "after": null}}}}"#
            );
            find_in_changes(&GUARD, &entry).remove(0).message
        };
        assert_eq!(
            message("aws_kms_key", r#"{"deletion_window_in_days": 7}"#),
            "aws_kms_key.a is destroyed: data encrypted with it can no longer be read, unless the deletion is canceled: it waits for 7 days (`deletion_window_in_days`)"
        );
        assert!(
            message("aws_kms_key", "{}")
                .ends_with("it waits for 30 days (`deletion_window_in_days` is not set)")
        );
        assert!(message("oci_kms_key", "{}").ends_with("can no longer be read"));
    }

    #[test]
    fn replacing_and_disabling_are_reported_too() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "google_kms_crypto_key.a[\"x.y\"]", "change": {"actions": ["create", "delete"], "before": {}, "after": {}}}"#,
        );
        assert!(findings[0].message.contains("is replaced and the old key is destroyed"));
        let on = r#"{"is_enabled": true}"#;
        let off = find_in_update(&GUARD, "aws_kms_key.a", on, r#"{"is_enabled": false}"#, "{}");
        assert!(off[0].message.starts_with("aws_kms_key.a is disabled"));
        let unknown = find_in_update(&GUARD, "aws_kms_key.a", on, "{}", r#"{"is_enabled": true}"#);
        assert_eq!(unknown[0].certainty, Certainty::DependsOnUnknown);
    }
}
