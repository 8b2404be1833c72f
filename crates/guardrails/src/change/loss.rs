//! Finds guards that a plan destroys while what they guard stays.

use std::collections::{BTreeSet, HashMap};

use planguard_guardrail_format::Effect;
use planguard_guardrail_format::change::{Mark, Switch};
use planguard_plan::{Address, Plan, ResourceChange, ResourceState, Side as PlanSide, Value};

use super::ChangeFinding;
use super::audit_trail_weakened::names_group;
use super::compare::{Pair, Sight, places, sight};
use super::equal_successor::has_equal;
use super::reason::because_destroyed;
use super::switch::{Side, side};
use super::tables::Table;
use super::target::destroyed_alone;
use super::twin::{Place, created, says, twins};
use crate::iam::{Document, Grant, grants_beyond};

/// The findings for the objects of a table's groups that a plan destroys on their own. An object that guarded nothing is
/// no loss, and neither is one that the plan creates again under another address.
pub(super) fn losses(plan: &Plan<'_>, table: &'static Table) -> Vec<ChangeFinding> {
    let lost: Vec<&ResourceChange<'_>> =
        destroyed_alone(plan, table).filter(|guard| guarded(plan, guard, table)).collect();
    without_successor(plan, lost, table)
        .into_iter()
        .map(|guard| {
            let group = table.group(&guard.address.resource_type);
            let loss = group.and_then(|group| group.loss.as_deref()).unwrap_or("what it guarded is open");
            let because = because_destroyed(guard);
            let found = ChangeFinding::on(guard, format!("{} is destroyed{because}; {loss}", guard.address));
            match group.and_then(|group| group.severity) {
                Some(severity) => found.weighing(severity),
                None => found,
            }
        })
        .collect()
}

/// Whether a pair is no matter of these findings: of an object whose loss is told, it is no news that the one in its place
/// does less.
pub(super) fn is_no_loss(found: &[ChangeFinding]) -> impl Fn(&Pair<'_>) -> bool + use<> {
    let lost: BTreeSet<Address> = found.iter().filter_map(|finding| finding.address.clone()).collect();
    move |pair| !lost.contains(&pair.before.change.address)
}

/// The objects that the plan neither creates again under another address nor replaces by one that guards the same.
pub(super) fn without_successor<'p>(
    plan: &'p Plan<'p>,
    lost: Vec<&'p ResourceChange<'p>>,
    table: &'static Table,
) -> Vec<&'p ResourceChange<'p>> {
    if lost.is_empty() {
        return lost;
    }
    let mut replaced: BTreeSet<&Address> = BTreeSet::new();
    for place in [Place::SameBlock, Place::OtherBlock] {
        replaced.extend(twins(plan, lost.iter().copied(), place).into_iter().map(|(old, _)| &old.address));
    }
    let successors = Successors::new(plan, table);
    let is_replaced = |guard: &ResourceChange<'_>| replaced.contains(&guard.address);
    lost.into_iter()
        .filter(|guard| !is_replaced(guard) && !successors.has_one_of(guard) && !has_equal(plan, guard))
        .collect()
}

/// What a plan creates, by what it guards.
pub(super) struct Successors<'p> {
    plan: &'p Plan<'p>,
    table: &'static Table,
    by_subject: HashMap<(&'p str, Subject), Vec<&'p ResourceChange<'p>>>,
}

/// What a table says that an object guards, as text; nothing for what is not set.
type Subject = Vec<Option<String>>;

impl<'p> Successors<'p> {
    pub(super) fn new(plan: &'p Plan<'p>, table: &'static Table) -> Self {
        let mut by_subject: HashMap<(&str, Subject), Vec<&ResourceChange<'_>>> = HashMap::new();
        for new in created(plan) {
            let own_type = new.address.resource_type.as_str();
            let Some(subject) = subject_of(table, own_type) else { continue };
            let Some(after) = ResourceState::new(plan, new, PlanSide::After) else { continue };
            let guarded: Option<Subject> = subject
                .iter()
                .map(|name| match sight(&after.root().key(name)) {
                    Sight::Known(value) => Some(says(value).then(|| value.written())),
                    Sight::Unset | Sight::Computed => Some(None),
                    Sight::Unknown => None,
                })
                .collect();
            if let Some(guarded) = guarded {
                by_subject.entry((own_type, guarded)).or_default().push(new);
            }
        }
        Self { plan, table, by_subject }
    }

    /// Whether the plan creates another object of the type that guards the same, as the table says by what, and whose
    /// switches are on.
    pub(super) fn has_one_of(&self, guard: &'p ResourceChange<'p>) -> bool {
        let (plan, table) = (self.plan, self.table);
        let own_type = guard.address.resource_type.as_str();
        let Some(subject) = subject_of(table, own_type) else { return false };
        let Some(before) = guard.change.before.as_deref() else { return false };
        let guarded = subject
            .iter()
            .map(|name| before.get(name).filter(|value| says(value)).map(Value::written))
            .collect();
        let old = ResourceState::new(plan, guard, PlanSide::Before);
        let is_weaker = |switch: &Switch, after: &ResourceState<'_>| {
            let was_unsafe = old.as_ref().is_some_and(|old| matches!(side(switch, old), Side::Unsafe(_)));
            !was_unsafe && matches!(side(switch, after), Side::Unsafe(_))
        };
        self.by_subject.get(&(own_type, guarded)).into_iter().flatten().any(|new| {
            planguard_work::steps(1);
            let Some(after) = ResourceState::new(plan, new, PlanSide::After) else { return false };
            let mut switches = told(new.change.after.as_deref(), table.switches(own_type));
            !switches.any(|switch| is_weaker(switch, &after))
                && old
                    .is_none_or(|old| keeps_kinds(&old, &after, table) && keeps_denials(&old, &after, table))
        })
    }
}

/// The attributes that say what objects of a type guard; `None` where nothing does.
fn subject_of(table: &'static Table, resource_type: &str) -> Option<&'static [String]> {
    let subject = table.group(resource_type)?.subject.as_slice();
    (!subject.is_empty()).then_some(subject)
}

/// Whether a successor has every kind of logs that the old object had.
fn keeps_kinds(old: &ResourceState<'_>, new: &ResourceState<'_>, table: &'static Table) -> bool {
    table.marked(&new.change.address.resource_type, Mark::LogKinds).all(|list| {
        let after = kinds(new, &list.attribute);
        names_group(new, &list.attribute)
            || kinds(old, &list.attribute).iter().all(|kind| after.contains(kind))
    })
}

/// Whether the policy of a successor denies all that the old one denied.
fn keeps_denials(old: &ResourceState<'_>, new: &ResourceState<'_>, table: &'static Table) -> bool {
    table.marked(&new.change.address.resource_type, Mark::PolicyDocument).all(|policy| {
        let document = |state: &ResourceState<'_>| {
            let text = kinds(state, &policy.attribute).first()?.as_str()?;
            Document::parse(text).ok()
        };
        let documents = document(new).zip(document(old));
        documents.is_some_and(|(new, old)| !grants_beyond(&new, &old).contains_key(&Grant::NoLongerDenied))
    })
}

/// The values at a path that are known.
fn kinds<'p>(state: &ResourceState<'p>, list: &[String]) -> Vec<&'p Value<'p>> {
    places(&state.root(), list).iter().filter_map(|place| sight(place).known()).collect()
}

/// Whether an object guarded anything before: none of its switches was off.
fn guarded(plan: &Plan<'_>, guard: &ResourceChange<'_>, table: &'static Table) -> bool {
    settings_before(plan, guard, table).iter().all(|setting| !matches!(setting, Side::Unsafe(_)))
        && denies(plan, guard, table)
}

/// Whether a policy forbids something, as far as its text can be read. What is no policy does in its own way.
fn denies(plan: &Plan<'_>, guard: &ResourceChange<'_>, table: &'static Table) -> bool {
    let Some(before) = ResourceState::new(plan, guard, PlanSide::Before) else { return true };
    table.marked(&guard.address.resource_type, Mark::PolicyDocument).all(|policy| {
        places(&before.root(), &policy.attribute).iter().any(|place| match sight(place) {
            Sight::Known(text) => text.as_str().is_some_and(|text| {
                Document::parse(text).map_or(true, |document| {
                    document.statements.iter().any(|statement| statement.effect == Some(Effect::Deny))
                })
            }),
            Sight::Unknown | Sight::Computed | Sight::Unset => false,
        })
    })
}

/// How the switches of an object were set before. A plan without an attribute says nothing of it.
pub(super) fn settings_before(
    plan: &Plan<'_>,
    guard: &ResourceChange<'_>,
    table: &'static Table,
) -> Vec<Side> {
    let Some(before) = ResourceState::new(plan, guard, PlanSide::Before) else { return Vec::new() };
    let switches = told(guard.change.before.as_deref(), table.switches(&guard.address.resource_type));
    switches.map(|switch| side(switch, &before)).collect()
}

/// The switches whose attribute an object has.
pub(super) fn told<'p>(
    object: Option<&'p Value<'p>>,
    switches: impl Iterator<Item = &'static Switch>,
) -> impl Iterator<Item = &'static Switch> {
    switches.filter(move |switch| {
        let name = switch.attribute.first();
        name.zip(object).is_some_and(|(name, object)| object.get(name).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_changes;
    use super::super::{alarm_removed, backup_removed, guard_removed};

    const ASSOCIATION: &str = r#"{"address": "aws_wafv2_web_acl_association.a", "change": {"actions": ["delete"],
        "before": {"id": "acl,lb", "resource_arn": "lb", "web_acl_arn": "acl"}, "after": null}}"#;

    fn found(others: &str) -> Vec<String> {
        let changes = format!("{ASSOCIATION}{others}");
        find_in_changes(&guard_removed::GUARD, &changes).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_record_that_limits_who_issues_certificates_weighs_less_than_a_guard_of_data() {
        let found = find_in_changes(
            &super::super::guard_removed::GUARD,
            r#"{"address": "aws_route53_record.caa", "change": {"actions": ["delete"],
                "before": {"name": "a.example", "type": "CAA", "records": ["0 issue \"amazon.com\""]}, "after": null}}"#,
        );
        let weights: Vec<_> = found.iter().map(|one| one.severity).collect();
        assert_eq!(weights, [Some(planguard_rule::Severity::Medium)]);
    }

    #[test]
    fn says_what_stays_open_and_why_the_guard_goes() {
        assert_eq!(
            found(""),
            [
                "aws_wafv2_web_acl_association.a is destroyed; requests are no longer filtered by a web application firewall"
            ]
        );
        let removed = find_in_changes(
            &backup_removed::GUARD,
            r#"{"address": "aws_backup_plan.a", "action_reason": "delete_because_no_resource_config",
                "change": {"actions": ["delete"], "before": {"name": "b"}, "after": null}}"#,
        );
        assert!(removed[0].message.ends_with("; no further backups are made"), "{}", removed[0].message);
    }

    #[test]
    fn a_guard_that_goes_with_what_it_guards_is_no_loss() {
        let load_balancer = r#", {"address": "aws_lb.a", "change": {"actions": ["delete"],
            "before": {"id": "lb", "arn": "lb"}, "after": null}}"#;
        assert!(found(load_balancer).is_empty());
        let acl = r#", {"address": "aws_wafv2_web_acl.a", "change": {"actions": ["delete"],
            "before": {"id": "x", "arn": "acl"}, "after": null}}"#;
        assert_eq!(found(acl).len(), 2, "the load balancer stays");
    }

    #[test]
    fn a_guard_that_is_created_again_elsewhere_is_no_loss() {
        let new = |resource: &str| {
            format!(
                r#", {{"address": "module.b.aws_wafv2_web_acl_association.a", "change": {{"actions": ["create"],
                    "before": null, "after": {{"resource_arn": "{resource}", "web_acl_arn": "acl"}}}}}}"#
            )
        };
        assert!(found(&new("lb")).is_empty());
        assert_eq!(found(&new("another")).len(), 1);
    }

    #[test]
    fn a_policy_is_a_guard_if_it_denies() {
        let found = |effect: &str| {
            let policy =
                format!(r#"{{\"Statement\": [{{\"Effect\": \"{effect}\", \"Action\": \"s3:*\"}}]}}"#);
            let change = format!(
                r#"{{"address": "aws_s3_bucket_policy.a", "change": {{"actions": ["delete"], "after": null,
                    "before": {{"id": "b", "bucket": "b", "policy": "{policy}"}}}}}}"#
            );
            find_in_changes(&guard_removed::GUARD, &change).len()
        };
        assert_eq!((found("Deny"), found("Allow")), (1, 0));
        let policy = |action: &str| {
            format!(
                r#"{{\"Statement\": [{{\"Effect\": \"Deny\", \"Principal\": \"*\", \"Action\": \"{action}\", \"Resource\": \"*\"}}]}}"#
            )
        };
        let renamed = |action: &str| {
            let changes = format!(
                r#"{{"address": "aws_s3_bucket_policy.a", "change": {{"actions": ["delete"], "after": null,
                    "before": {{"id": "b", "bucket": "b", "policy": "{}"}}}}}},
                   {{"address": "aws_s3_bucket_policy.b", "change": {{"actions": ["create"], "before": null,
                    "after": {{"bucket": "b", "policy": "{}"}}}}}}"#,
                policy("s3:*"),
                policy(action)
            );
            find_in_changes(&guard_removed::GUARD, &changes).len()
        };
        assert_eq!((renamed("s3:*"), renamed("s3:PutObject")), (0, 1));
    }

    #[test]
    fn a_guard_with_a_successor_is_no_loss() {
        let found = |metric: &str, actions: &str| {
            let changes = format!(
                r#"{{"address": "aws_cloudwatch_metric_alarm.a", "change": {{"actions": ["delete"], "after": null,
                    "before": {{"alarm_name": "cpu", "namespace": "AWS/EC2", "metric_name": "CPUUtilization",
                        "dimensions": {{"InstanceId": "i-1"}}, "threshold": 80, "alarm_actions": ["t"]}}}}}},
                {{"address": "aws_cloudwatch_metric_alarm.b", "change": {{"actions": ["create"], "before": null,
                    "after": {{"alarm_name": "cpu-high", "namespace": "AWS/EC2", "metric_name": "{metric}",
                        "dimensions": {{"InstanceId": "i-1"}}, "threshold": 75, "alarm_actions": [{actions}]}}}}}}"#
            );
            find_in_changes(&alarm_removed::GUARD, &changes).len()
        };
        assert_eq!(found("CPUUtilization", r#""t""#), 0);
        assert_eq!(found("NetworkIn", r#""t""#), 1, "it watches something else");
        assert_eq!(found("CPUUtilization", ""), 1, "it tells nobody");
    }

    #[test]
    fn what_guarded_nothing_is_no_loss() {
        for (status, expected) in [("Enabled", 1), ("Suspended", 0)] {
            let versioning = format!(
                r#"{{"address": "aws_s3_bucket_versioning.a", "change": {{"actions": ["delete"], "before":
                    {{"id": "b", "bucket": "b", "versioning_configuration": [{{"status": "{status}"}}]}}, "after": null}}}}"#
            );
            assert_eq!(find_in_changes(&backup_removed::GUARD, &versioning).len(), expected, "{status}");
        }
        for (deny, expected) in [(r#"[{"protocol": "tcp"}]"#, 1), ("[]", 0)] {
            let firewall = format!(
                r#"{{"address": "google_compute_firewall.a", "change": {{"actions": ["delete"],
                    "before": {{"id": "f", "deny": {deny}}}, "after": null}}}}"#
            );
            assert_eq!(find_in_changes(&guard_removed::GUARD, &firewall).len(), expected, "{deny}");
        }
        let silent = r#"{"address": "aws_cloudwatch_metric_alarm.a", "change": {"actions": ["delete"],
            "before": {"alarm_name": "a", "actions_enabled": false, "alarm_actions": ["t"]}, "after": null}}"#;
        assert_eq!(find_in_changes(&alarm_removed::GUARD, silent), []);
    }
}
