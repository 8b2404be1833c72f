//! Reports encryption at rest or in transit that is disabled or weakened.

use planguard_plan::AttributePath;
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Pair, pairs, sight};
use super::switch::{self, Wording};
use super::tables::ENCRYPTION_OFF;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};
use crate::engine::is_empty;

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-encryption-off",
        title: "Encryption is disabled or weakened",
        severity: Severity::High,
        why: "Data that was encrypted at rest or in transit no longer is, or only with an outdated protocol. For \
              storage, most providers replace the resource with an unencrypted one.",
        remediation: "Set the attribute to its previous value. To change a key, name the new key instead of \
                      disabling encryption.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_ebs_volume.data", "change": {"actions": ["delete", "create"],
            "before": {"encrypted": true}, "after": {"encrypted": false}}}"#,
        r#"{"address": "aws_ebs_volume.data", "change": {"actions": ["delete", "create"],
            "before": {"encrypted": false}, "after": {"encrypted": true}}}"#,
    ),
    check,
};

const WORDING: Wording =
    Wording { certain: "is encrypted less than before", unknown: "may be encrypted less than before" };

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    pairs(plan).flat_map(|pair| of_pair(&pair)).collect()
}

/// Types of listeners of load balancers.
const LISTENERS: &[&str] = &["aws_alb_listener", "aws_lb_listener"];

fn of_pair(pair: &Pair<'_>) -> Vec<ChangeFinding> {
    let mut found = switch::findings(pair, &ENCRYPTION_OFF, &WORDING);
    // A queue with a key of its own has no other encryption beside it.
    let has_key =
        sight(&pair.after.root().key("kms_master_key_id")).known().is_some_and(|key| !is_empty(key));
    if pair.resource.address.resource_type == "aws_sqs_queue" && has_key {
        found.clear();
    }
    if LISTENERS.contains(&pair.resource.address.resource_type.as_str()) {
        // Only a listener for plain HTTP has something to redirect.
        let protocol = pair.after.root().key("protocol");
        let is_plain = sight(&protocol).known().is_none_or(|protocol| protocol.as_str() == Some("HTTP"));
        found.retain(|finding| is_plain || !is_of(finding, "default_action"));
    }
    found
}

/// Whether a finding is about an attribute or what is in it.
fn is_of(finding: &ChangeFinding, attribute: &str) -> bool {
    finding.attribute.as_ref().and_then(AttributePath::first_key) == Some(attribute)
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::find_in_update;
    use super::*;

    #[test]
    fn a_word_inside_blocks_can_be_the_switch() {
        let cluster = |word: &str| {
            format!(
                r#"{{"encryption_info": [{{"encryption_in_transit": [{{"client_broker": "{word}"}}]}}]}}"#
            )
        };
        let findings = find_in_update(
            &GUARD,
            r#"aws_msk_cluster.a["x.y"]"#,
            &cluster("TLS"),
            &cluster("TLS_PLAINTEXT"),
            "{}",
        );
        assert_eq!(
            findings[0].message,
            r#"aws_msk_cluster.a["x.y"] is encrypted less than before: `encryption_info[0].encryption_in_transit[0].client_broker` changes from `TLS` to `TLS_PLAINTEXT`"#
        );
    }

    #[test]
    fn it_weighs_as_in_the_guardrails_about_the_state() {
        let severity = |address: &str, name: &str, before: &str, after: &str| {
            let (before, after) = (format!(r#"{{"{name}": {before}}}"#), format!(r#"{{"{name}": {after}}}"#));
            let found = find_in_update(&GUARD, address, &before, &after, "{}");
            found[0].severity.unwrap_or(GUARD.info.severity)
        };
        assert_eq!(severity("aws_ebs_volume.a", "encrypted", "true", "false"), Severity::High);
        assert_eq!(severity("aws_sqs_queue.a", "sqs_managed_sse_enabled", "true", "false"), Severity::Medium);
        assert_eq!(severity("aws_sns_topic.a", "kms_master_key_id", "\"a\"", "null"), Severity::Medium);
        // What few ask for of a new object denies all the same once it was there.
        assert_eq!(severity("aws_lb_target_group.a", "protocol", "\"HTTPS\"", "\"HTTP\""), Severity::Medium);
        assert_eq!(severity("no_such_type.a", "encrypted", "true", "false"), Severity::High);

        let viewer = |policy: &str| {
            format!(r#"{{"default_cache_behavior": [{{"viewer_protocol_policy": "{policy}"}}]}}"#)
        };
        let found = find_in_update(
            &GUARD,
            "aws_cloudfront_distribution.a",
            &viewer("redirect-to-https"),
            &viewer("allow-all"),
            "{}",
        );
        assert_eq!(found[0].severity, Some(Severity::High));
        let listener = |protocol: &str, action: &str| {
            format!(r#"{{"protocol": "{protocol}", "default_action": [{{"type": "{action}"}}]}}"#)
        };
        let found = |before: &str, after: &str| {
            let found = find_in_update(&GUARD, "aws_lb_listener.a", before, after, "{}").into_iter();
            found.map(|finding| finding.message).collect::<Vec<_>>()
        };
        let weaker = |what: &str| [format!("aws_lb_listener.a is encrypted less than before: {what}")];
        assert_eq!(
            found(&listener("HTTP", "redirect"), &listener("HTTP", "forward")),
            weaker("`default_action[0].type` changes from `redirect` to `forward`")
        );
        assert_eq!(
            found(&listener("HTTPS", "forward"), &listener("HTTP", "forward")),
            weaker("`protocol` changes from `HTTPS` to `HTTP`")
        );
        assert_eq!(found(&listener("HTTP", "redirect"), &listener("HTTPS", "forward")), [""; 0]);
        assert_eq!(found(&listener("HTTP", "forward"), &listener("HTTP", "redirect")), [""; 0]);
    }

    #[test]
    fn an_unknown_value_is_reported_and_an_unset_one_is_not() {
        let on = r#"{"storage_encrypted": true}"#;
        let unknown = find_in_update(&GUARD, "aws_db_instance.a", on, "{}", on);
        assert_eq!(unknown[0].certainty, Certainty::DependsOnUnknown);
        assert_eq!(
            find_in_update(&GUARD, "aws_db_instance.a", on, r#"{"storage_encrypted": null}"#, "{}"),
            []
        );
    }
}
