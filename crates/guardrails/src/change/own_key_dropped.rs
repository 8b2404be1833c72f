//! Reports data that is no longer encrypted with a key of one's own.

use std::collections::HashMap;

use planguard_plan::{Address, Value, View};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Pair, pairs, shown, sight};
use super::switch::{Wording, turned_off};
use super::tables::OWN_KEY_DROPPED;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};
use crate::engine::place_at;

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-own-key-dropped",
        title: "Data is no longer encrypted with your own key",
        severity: Severity::Medium,
        why: "Without the key the provider encrypts with one of its own, or not at all. Nobody can then revoke access by \
              disabling the key, and its use is in no log of yours.",
        remediation: "Keep the key. To change it, name the new key.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_sqs_queue.orders", "change": {"actions": ["update"],
            "before": {"kms_master_key_id": "alias/orders"}, "after": {"kms_master_key_id": null}}}"#,
        r#"{"address": "aws_sqs_queue.orders", "change": {"actions": ["update"],
            "before": {"kms_master_key_id": "alias/orders"}, "after": {"kms_master_key_id": "alias/new"}}}"#,
    ),
    check,
};

const WORDING: Wording = Wording {
    certain: "is no longer encrypted with a key of yours",
    unknown: "may no longer be encrypted with a key of yours",
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = turned_off(plan, &OWN_KEY_DROPPED, &WORDING);
    if !found.is_empty() {
        let by_address: HashMap<&Address, Pair<'_>> =
            pairs(plan).map(|pair| (&pair.resource.address, pair)).collect();
        let pair = |finding: &ChangeFinding| by_address.get(finding.address.as_ref()?).copied();
        found.retain(|finding| !pair(finding).is_some_and(|pair| was_the_providers(&pair, finding)));
    }
    found.extend(pairs(plan).filter_map(|pair| gets_the_providers(&pair)));
    found
}

/// The finding for an object whose own key becomes one that the provider manages, and that is named as such.
fn gets_the_providers(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let (before, after) = (pair.before.root(), pair.after.root());
    let (place, from, to) = differing(&before, &after)?;
    let message =
        format!("{} {}: `{place}` changes from {from} to {to}", pair.resource.address, WORDING.certain);
    Some(ChangeFinding::on(pair.resource, message))
}

/// The place where a key of one's own becomes one of the provider, with both as messages show them.
fn differing(before: &View<'_, '_>, after: &View<'_, '_>) -> Option<(String, String, String)> {
    match (sight(before).known()?, sight(after).known()?) {
        (Value::String(old), Value::String(new)) => {
            let is_key = old.contains(":key/") || old.contains("alias/");
            let turns = is_key && !is_the_providers(old) && is_the_providers(new);
            turns.then(|| Some((after.path().to_string(), shown(before)?, shown(after)?)))?
        }
        (Value::Object(_), Value::Object(new)) => {
            new.members().iter().find_map(|(name, _)| differing(&before.key(name), &after.key(name)))
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            (0..new.len()).find_map(|position| differing(&before.index(position), &after.index(position)))
        }
        _ => None,
    }
}

/// Whether a text names a key that the provider manages.
fn is_the_providers(key: &str) -> bool {
    key.contains(OF_THE_PROVIDER) || key == "AWS_OWNED_KMS_KEY"
}

/// What the aliases of keys start with that AWS manages.
const OF_THE_PROVIDER: &str = "alias/aws/";

/// Whether the key that is no longer named was one of the provider.
fn was_the_providers(pair: &Pair<'_>, finding: &ChangeFinding) -> bool {
    let key = finding.attribute.as_ref().map(|attribute| place_at(&pair.before.root(), attribute));
    let key = key.and_then(|key| sight(&key).known()).and_then(Value::as_str);
    key.is_some_and(|key| key.contains(OF_THE_PROVIDER))
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn a_key_of_the_provider_is_nobodys_own() {
        let stream = |key: &str| format!(r#"{{"kms_key_id": {key}}}"#);
        let found = |key: &str| {
            let before = stream(&format!("\"{key}\""));
            find_in_update(&GUARD, "aws_kinesis_stream.a", &before, &stream("null"), "{}").len()
        };
        assert_eq!((found("alias/aws/kinesis"), found("alias/orders")), (0, 1));
    }

    #[test]
    fn a_key_in_a_block_that_goes_is_seen_too() {
        let before = r#"{"encryption_configuration": [{"encryption_type": "KMS", "kms_key": "k"}]}"#;
        for after in [
            r#"{"encryption_configuration": []}"#,
            r#"{"encryption_configuration": [{"encryption_type": "AES256", "kms_key": null}]}"#,
        ] {
            assert_eq!(
                find_in_update(&GUARD, "aws_ecr_repository.a", before, after, "{}").len(),
                1,
                "{after}"
            );
        }
        let another = r#"{"encryption_configuration": [{"encryption_type": "KMS", "kms_key": "l"}]}"#;
        assert_eq!(find_in_update(&GUARD, "aws_ecr_repository.a", before, another, "{}"), []);
    }

    #[test]
    fn a_bucket_encrypted_by_s3_in_the_place_of_kms_is_told() {
        let bucket = |algorithm: &str| {
            let by_default = format!(r#"[{{"sse_algorithm": "{algorithm}", "kms_master_key_id": ""}}]"#);
            format!(r#"{{"rule": [{{"apply_server_side_encryption_by_default": {by_default}}}]}}"#)
        };
        let found = |before: &str, after: &str| {
            let address = "aws_s3_bucket_server_side_encryption_configuration.data";
            find_in_update(&GUARD, address, &bucket(before), &bucket(after), "{}").len()
        };
        assert_eq!(found("aws:kms", "AES256"), 1);
        assert_eq!(found("aws:kms:dsse", "aws:kms"), 1);
        assert_eq!(found("AES256", "aws:kms"), 0);
        assert_eq!(found("aws:kms", "aws:kms"), 0);
    }
}
