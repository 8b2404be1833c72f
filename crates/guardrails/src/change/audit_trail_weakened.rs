//! Reports audit trails, flow logs and threat detection that are destroyed, disabled or reduced.

use planguard_guardrail_format::change::Mark;
use planguard_plan::{ResourceState, Value, View};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Pair, Sight, pairs, places, sight};
use super::loss::{is_no_loss, without_successor};
use super::switch::{Wording, findings};
use super::tables::AUDIT_TRAIL_WEAKENED;
use super::target::destroyed_alone;
use super::{
    ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, archived_findings, entry_filter, lists,
    parameters,
};
use crate::engine::is_empty;

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-audit-trail-weakened",
        title: "An audit trail is destroyed, disabled or reduced",
        severity: Severity::High,
        why: "Without the trail nobody sees what happens from then on, and nobody can find out later. \
              Attackers disable it first.",
        remediation: "Keep the trail, or have its successor running before it is destroyed and waive this \
                      finding for its address.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_cloudtrail.main", "change": {"actions": ["update"],
            "before": {"enable_logging": true}, "after": {"enable_logging": false}}}"#,
        r#"{"address": "aws_flow_log.main", "change": {"actions": ["delete"],
            "before": {"id": "fl-1", "vpc_id": "vpc-1"}, "after": null}},
           {"address": "aws_vpc.main", "change": {"actions": ["delete"], "before": {"id": "vpc-1"}, "after": null}}"#,
    ),
    check,
};

const WORDING: Wording =
    Wording { certain: "records less than before", unknown: "may record less than before" };

const LISTS: lists::Wording =
    lists::Wording { what: WORDING.certain, lost: "no longer contains", gained: "now leaves out" };

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let lost = destroyed_alone(plan, &AUDIT_TRAIL_WEAKENED).collect();
    let mut found: Vec<ChangeFinding> = without_successor(plan, lost, &AUDIT_TRAIL_WEAKENED)
        .into_iter()
        .map(|watcher| {
            let message = format!("{} is destroyed: it no longer records or alerts", watcher.address);
            ChangeFinding::on(watcher, message)
        })
        .collect();
    let is_no_loss = is_no_loss(&found);
    for pair in pairs(plan).filter(&is_no_loss) {
        found.extend(findings(&pair, &AUDIT_TRAIL_WEAKENED, &WORDING));
        let lists = AUDIT_TRAIL_WEAKENED.marked(&pair.resource.address.resource_type, Mark::LogKinds);
        found.extend(lists.filter_map(|list| reduced(&pair, &list.attribute)));
        found.extend(parameters::shortened(&pair, &AUDIT_TRAIL_WEAKENED, &WORDING));
        found.extend(entry_filter::of_trails(&pair));
        found.extend(archived_findings::widened(&pair));
        if !records_all(&pair.after) {
            found.extend(lists::changed(plan, &pair, &AUDIT_TRAIL_WEAKENED, &LISTS));
        }
    }
    found
}

/// Whether a recorder names no types because it records all of them.
fn records_all(state: &ResourceState<'_>) -> bool {
    places(&state.root(), &["recording_group", "all_supported"])
        .iter()
        .any(|place| sight(place) == Sight::Known(&Value::Bool(true)))
}

/// The finding for a list of the kinds of logs that loses some of its elements.
fn reduced(pair: &Pair<'_>, list: &[String]) -> Option<ChangeFinding> {
    let before = places(&pair.before.root(), list);
    let after = places(&pair.after.root(), list);
    // Without the block around it there is no list any more.
    let mut kept = Vec::new();
    for place in &after {
        match sight(place) {
            Sight::Known(_) | Sight::Unset => kept.extend(texts(place)),
            Sight::Unknown | Sight::Computed => return None,
        }
    }
    let lost: Vec<&str> = before.iter().flat_map(texts).filter(|log| !kept.contains(log)).collect();
    if lost.is_empty() || names_group(&pair.after, list) {
        return None;
    }
    let path = after.first()?.path().clone();
    let lost = match before.iter().any(View::is_sensitive) {
        true => format!("{} of its kinds of logs", lost.len()),
        false => lost.iter().map(|log| format!("`{log}`")).collect::<Vec<_>>().join(", "),
    };
    let message =
        format!("{} records less than before: `{path}` no longer contains {lost}", pair.resource.address);
    Some(ChangeFinding::on(pair.resource, message).at(path))
}

/// Whether a block of Azure that names one kind of logs, or another beside it, names a group of kinds, which may contain
/// those that are no longer named.
pub(super) fn names_group(after: &ResourceState<'_>, list: &[String]) -> bool {
    let Some((_, block)) = list.split_last() else { return false };
    let group: Vec<&str> = block.iter().map(String::as_str).chain(["category_group"]).collect();
    !block.is_empty()
        && places(&after.root(), &group).iter().any(|place| match sight(place) {
            Sight::Known(name) => !is_empty(name),
            Sight::Unknown => true,
            Sight::Computed | Sight::Unset => false,
        })
}

/// The kinds of logs that a list contains, or the one that an attribute names.
fn texts<'p>(list: &View<'p, '_>) -> Vec<&'p str> {
    let Some(value) = list.raw() else { return Vec::new() };
    match value.as_str() {
        Some(kind) => Vec::from_iter((!kind.is_empty()).then_some(kind)),
        None => value.elements().iter().filter_map(Value::as_str).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Certainty;
    use super::super::testing::{find_in_changes, find_in_update};
    use super::*;

    #[test]
    fn a_destroyed_trail_is_reported() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "module.a[\"x.y\"].aws_cloudtrail.main", "change": {"actions": ["delete"],
                "before": {"id": "main"}, "after": null}}"#,
        );
        assert_eq!(
            findings[0].message,
            r#"module.a["x.y"].aws_cloudtrail.main is destroyed: it no longer records or alerts"#
        );
    }

    #[test]
    fn a_trail_with_an_equal_successor_goes_on() {
        let sink = |filter: &str| {
            format!(
                r#"{{"address": "google_logging_project_sink.old", "change": {{"actions": ["delete"], "after": null,
                    "before": {{"id": "1", "name": "siem", "destination": "d", "filter": "severity>=WARNING"}}}}}},
                   {{"address": "google_logging_project_sink.new", "change": {{"actions": ["create"], "before": null,
                    "after": {{"name": "siem-2", "destination": "d", "filter": "{filter}"}}}}}}"#
            )
        };
        assert_eq!(find_in_changes(&GUARD, &sink("severity>=WARNING")), []);
        assert_eq!(find_in_changes(&GUARD, &sink("severity>=ERROR")).len(), 1);
        let setting = |new: &str| {
            format!(
                r#"{{"address": "azurerm_monitor_diagnostic_setting.old", "change": {{"actions": ["delete"],
                    "after": null, "before": {{"id": "1", "name": "a", "target_resource_id": "kv",
                        "enabled_log": [{{"category": "AuditEvent"}}]}}}}}},
                   {{"address": "azurerm_monitor_diagnostic_setting.new", "change": {{"actions": ["create"],
                    "before": null, "after": {{"name": "b", "target_resource_id": "kv",
                        "enabled_log": [{new}]}}}}}}"#
            )
        };
        let (audit, policy) = (r#"{"category": "AuditEvent"}"#, r#"{"category": "Policy"}"#);
        assert_eq!(find_in_changes(&GUARD, &setting(&format!("{policy}, {audit}"))), []);
        assert_eq!(find_in_changes(&GUARD, &setting(policy)).len(), 1);
    }

    #[test]
    fn kinds_of_logs_that_are_removed_are_named() {
        let logs = |kinds: &str| format!(r#"{{"enabled_cluster_log_types": [{kinds}]}}"#);
        let all = logs(r#""api", "audit", "scheduler""#);
        let address = "aws_eks_cluster.a";
        let findings = find_in_update(&GUARD, address, &all, &logs(r#""api""#), "{}");
        assert!(
            findings[0]
                .message
                .ends_with("`enabled_cluster_log_types` no longer contains `audit`, `scheduler`"),
            "{}",
            findings[0].message
        );
        assert_eq!(find_in_update(&GUARD, address, &logs(r#""api""#), &all, "{}"), []);
        assert_eq!(
            find_in_update(&GUARD, address, &all, r#"{"enabled_cluster_log_types": null}"#, "{}").len(),
            1
        );
    }

    #[test]
    fn kinds_of_logs_in_blocks_are_compared_as_well() {
        let setting = |logs: &[(&str, &str)]| {
            let blocks: Vec<String> = logs
                .iter()
                .map(|(kind, group)| format!(r#"{{"category": "{kind}", "category_group": "{group}"}}"#))
                .collect();
            format!(r#"{{"enabled_log": [{}]}}"#, blocks.join(","))
        };
        let both = setting(&[("AuditEvent", ""), ("Policy", "")]);
        let found = |after: &str| {
            find_in_update(&GUARD, "azurerm_monitor_diagnostic_setting.a", &both, after, "{}").len()
        };
        assert_eq!(found(&setting(&[("Policy", "")])), 1);
        assert_eq!(found(&setting(&[("Policy", ""), ("AuditEvent", "")])), 0);
        assert_eq!(found(&setting(&[("", "allLogs")])), 0);
    }

    #[test]
    fn an_unknown_switch_depends_on_it() {
        let on = r#"{"enable": true}"#;
        let findings = find_in_update(&GUARD, "aws_guardduty_detector.a", on, "{}", on);
        assert_eq!(findings[0].certainty, Certainty::DependsOnUnknown);
    }
}
