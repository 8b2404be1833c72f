//! Reports every object that was changed outside of Terraform, for runs that are to find drift.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::text::wildcard;
use planguard_plan::{Address, AttributePath, PathStep, Plan, ResourceChange, Value};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::drift_security::planned;
use super::managed_twice::undone;
use super::{AttributeRole, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, ExampleSection};
use crate::effective::{Effective, is_read_back};

/// The id of the guard.
pub const OUTSIDE_GUARD: &str = "change-drift";

/// The pack of the guard. No other rule is in it: what drifts is nothing that the change under review did.
pub const DRIFT_PACK: &str = "drift";

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: OUTSIDE_GUARD,
        title: "A resource was changed outside of Terraform",
        severity: Severity::Medium,
        why: "Somebody changed or deleted the resource by hand, or another program did. The configuration no longer says \
              what exists; the next apply puts it back, or keeps what nobody reviewed.",
        remediation: "Find out who changed it and why. Take the change into the configuration, or apply the plan that puts \
                      it back. Name what other programs are meant to change in `ignore-drift`.",
    }
    .rule_of(DRIFT_PACK),
    example: ChangeExample {
        section: ExampleSection::ResourceDrift,
        failing: r#"{"address": "aws_sqs_queue.orders", "change": {"actions": ["update"],
            "before": {"visibility_timeout_seconds": 30}, "after": {"visibility_timeout_seconds": 300}}}"#,
        passing: r#"{"address": "aws_sqs_queue.orders", "change": {"actions": ["update"],
            "before": {"id": "1", "tags": null}, "after": {"id": "2", "tags": {}}}}"#,
    },
    check,
};

/// Attributes that say again what another one says, and change with it.
const ECHOES: [(&str, &str); 1] = [("tags_all", "tags")];

/// An object that was changed outside of Terraform.
#[derive(Debug)]
pub struct ChangedOutside<'p> {
    /// The entry of `resource_drift`.
    pub drift: &'p ResourceChange<'p>,
    /// The object, at the address that it has in the plan's changes.
    pub resource: &'p ResourceChange<'p>,
    /// What was done to it.
    pub what: OutsideChange,
}

/// What was done to an object outside of Terraform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutsideChange {
    /// It was deleted.
    Deleted(Fate),
    /// Attributes that a configuration can set were changed, in the order of their names.
    Attributes(Vec<(String, Fate)>),
}

/// What a plan does with what was changed outside of Terraform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It stays as it is.
    Kept,
    /// It becomes what Terraform last knew.
    PutBack,
    /// It becomes something else.
    Overwritten,
    /// The object goes.
    Gone,
    /// The plan says nothing of the object: a plan of `-refresh-only` takes over what it found.
    Unplanned,
}

impl Fate {
    /// The end of a clause: "`tags`, which the plan …".
    const fn clause(self) -> &'static str {
        match self {
            Self::Kept => "the plan keeps",
            Self::PutBack => "the plan puts back",
            Self::Overwritten => "the plan sets anew",
            Self::Gone => "the plan removes with the resource",
            Self::Unplanned => "this plan does not change",
        }
    }
}

/// What was changed outside of Terraform, in the order of the plan. What providers compute, what is written in another way,
/// and what the plan's own resources explain is left out.
pub fn changed_outside<'p>(plan: &'p Plan<'p>) -> Vec<ChangedOutside<'p>> {
    if plan.resource_drift.is_empty() {
        return Vec::new();
    }
    let effective = Effective::new(plan);
    let planned = planned(plan);
    let undone = undone(plan);
    let drifted = plan.each_drift().filter(|drift| !drift.change.actions.is_no_op());
    let drifted = drifted.filter(|drift| !undone.contains(&drift.address));
    drifted.filter_map(|drift| of_object(drift, &effective, &planned)).collect()
}

fn of_object<'p>(
    drift: &'p ResourceChange<'p>,
    effective: &Effective<'p>,
    planned: &BTreeMap<&Address, &'p ResourceChange<'p>>,
) -> Option<ChangedOutside<'p>> {
    let planned = planned.get(&drift.address).copied();
    let resource = planned.unwrap_or(drift);
    if drift.change.actions.only_deletes() {
        let fate = match planned.map(|planned| &planned.change.actions) {
            None => Fate::Unplanned,
            Some(actions) if actions.creates() => Fate::PutBack,
            Some(_) => Fate::Gone,
        };
        return Some(ChangedOutside { drift, resource, what: OutsideChange::Deleted(fate) });
    }
    let own = effective.own_drift(drift);
    let sides = &own.as_ref().unwrap_or(drift).change;
    let (before, after) = sides.before.as_deref().zip(sides.after.as_deref())?;
    let mut names: Vec<&str> = [before, after]
        .iter()
        .flat_map(|side| side.members())
        .map(|(name, _)| name.as_ref())
        .filter(|name| differ(before.get(name), after.get(name)))
        .filter(|name| is_settable(drift, name) && !is_read_back(&path(name)))
        .collect();
    names.sort_unstable();
    names.dedup();
    let echoed: Vec<&str> =
        ECHOES.iter().filter(|(_, of)| names.contains(of)).map(|(echo, _)| *echo).collect();
    names.retain(|name| !echoed.contains(name));
    let fate = |name: &str| fate(planned, name, before.get(name), after.get(name));
    let attributes: Vec<(String, Fate)> = names.iter().map(|name| ((*name).to_owned(), fate(name))).collect();
    (!attributes.is_empty()).then_some(ChangedOutside {
        drift,
        resource,
        what: OutsideChange::Attributes(attributes),
    })
}

/// Whether a value is another one than before. What was not set and is empty, off or zero now was read for the first time.
fn differ(before: Option<&Value<'_>>, after: Option<&Value<'_>>) -> bool {
    let is_set = |value: &&Value<'_>| !says_nothing(value);
    match (before, after) {
        (Some(Value::Null) | None, after) => after.filter(is_set).is_some(),
        (before, Some(Value::Null) | None) => before.filter(is_set).is_some(),
        (Some(before), Some(after)) => parts_differ(before, after),
    }
}

/// The same for two values with parts: a rule that was read again with an empty description is the same rule.
fn parts_differ(before: &Value<'_>, after: &Value<'_>) -> bool {
    match (before, after) {
        (Value::Object(_), Value::Object(_)) => {
            let names = before.members().iter().chain(after.members()).map(|(name, _)| name);
            // Objects name all of their members; a key that a map has on one side alone was added or removed.
            names.into_iter().any(|name| match (before.get(name), after.get(name)) {
                (Some(before), Some(after)) => differ(Some(before), Some(after)),
                (Some(_), None) | (None, Some(_)) | (None, None) => true,
            })
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() != new.len() || old.iter().zip(new).any(|(old, new)| differ(Some(old), Some(new)))
        }
        (before, after) => before != after,
    }
}

/// Whether a value is as good as none.
fn says_nothing(value: &Value<'_>) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.iter().all(says_nothing),
        Value::Object(object) => object.members().iter().all(|(_, value)| says_nothing(value)),
        Value::Bool(true) => false,
    }
}

/// Whether a configuration can set an attribute. It may set what no schema is known of. Schemas of older providers call the
/// id optional, which nobody sets.
fn is_settable(change: &ResourceChange<'_>, name: &str) -> bool {
    if name == "id" {
        return false;
    }
    let attribute = change.schema().and_then(|schema| schema.block.attribute(name));
    attribute.is_none_or(|attribute| attribute.is_settable())
}

/// What the plan does with an attribute that was changed from one value to another.
fn fate(
    planned: Option<&ResourceChange<'_>>,
    name: &str,
    last_known: Option<&Value<'_>>,
    found: Option<&Value<'_>>,
) -> Fate {
    let Some(planned) = planned else { return Fate::Unplanned };
    let actions = &planned.change.actions;
    if actions.only_deletes() || actions.forgets() {
        return Fate::Gone;
    }
    let unknown = planned.change.after_unknown.as_ref();
    let is_unknown = unknown
        .is_some_and(|mask| *mask == Value::Bool(true) || mask.get(name).is_some_and(Value::has_true_leaf));
    let after = planned.change.after.as_deref().and_then(|after| after.get(name));
    match after {
        _ if is_unknown => Fate::Overwritten,
        after if !differ(found, after) => Fate::Kept,
        after if !differ(last_known, after) => Fate::PutBack,
        _ => Fate::Overwritten,
    }
}

fn path(name: &str) -> AttributePath {
    AttributePath(vec![PathStep::Key(name.to_owned())])
}

/// Whether each of these patterns names an object of the plan, or an attribute that one has: one that names neither is a slip
/// of the pen, or for another plan.
pub fn may_drift(plan: &Plan<'_>, patterns: &[String]) -> Vec<bool> {
    let mut found = vec![false; patterns.len()];
    let objects = || plan.each_change().chain(plan.each_drift());
    for resource in objects().filter(|_| !patterns.is_empty()) {
        let names = [resource.address.resource_type.clone(), resource.address.to_string()];
        let sides = [&resource.change.before, &resource.change.after];
        let members = sides.into_iter().flatten().flat_map(|side| side.members());
        let keys: BTreeSet<&str> = members.map(|(key, _)| key.as_ref()).collect();
        for (pattern, found) in patterns.iter().zip(&mut found).filter(|(_, found)| !**found) {
            let matches = |text: &str| wildcard::matches(pattern, text);
            *found = names
                .iter()
                .any(|name| matches(name) || keys.iter().any(|key| matches(&format!("{name}.{key}"))));
        }
    }
    found
}

fn check(plan: &Changes<'_>, options: &ChangeOptions) -> Vec<ChangeFinding> {
    let ignored = |texts: &[String]| {
        let mut patterns = options.ignore_drift.iter();
        patterns.any(|pattern| texts.iter().any(|text| wildcard::matches(pattern, text)))
    };
    let changed = changed_outside(plan).into_iter();
    changed.filter_map(|ChangedOutside { resource, what, .. }| finding(resource, what, &ignored)).collect()
}

/// The finding on an object, without what is ignored: an object by its type or address, an attribute by one of them, a dot
/// and its name.
fn finding(
    resource: &ResourceChange<'_>,
    what: OutsideChange,
    ignored: &dyn Fn(&[String]) -> bool,
) -> Option<ChangeFinding> {
    let names = [resource.address.resource_type.clone(), resource.address.to_string()];
    let is_ignored = |attribute: &str| ignored(&names.each_ref().map(|name| format!("{name}.{attribute}")));
    if ignored(&names) {
        return None;
    }
    let address = &resource.address;
    match what {
        OutsideChange::Deleted(fate) => {
            let end = match fate {
                Fate::PutBack => "; the plan creates it anew",
                Fate::Kept | Fate::Overwritten | Fate::Gone | Fate::Unplanned => "",
            };
            Some(ChangeFinding::on(resource, format!("{address} was deleted outside of Terraform{end}")))
        }
        OutsideChange::Attributes(mut attributes) => {
            attributes.retain(|(name, _)| !is_ignored(name));
            let first = attributes.first().map(|(name, _)| path(name))?;
            let mut by_fate: BTreeMap<Fate, Vec<String>> = BTreeMap::new();
            for (name, fate) in attributes {
                by_fate.entry(fate).or_default().push(format!("`{name}`"));
            }
            let clauses =
                by_fate.iter().map(|(fate, names)| format!("{}, which {}", names.join(", "), fate.clause()));
            let clauses = clauses.collect::<Vec<_>>().join("; ");
            let message = format!("{address} was changed outside of Terraform: {clauses}");
            let found = ChangeFinding { role: AttributeRole::Reason, ..ChangeFinding::on(resource, message) };
            Some(found.at(first))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{find, find_with, update};
    use super::*;

    const KNOWN: &str = r#"{"visibility_timeout_seconds": 30, "delay_seconds": 0, "tags": {"a": "1"},
        "tags_all": {"a": "1"}, "arn": "x"}"#;
    const FOUND: &str = r#"{"visibility_timeout_seconds": 300, "delay_seconds": 5, "tags": {}, "tags_all": {},
        "arn": "y"}"#;

    fn plan(planned: &str) -> String {
        let drift = update("aws_sqs_queue.a", KNOWN, FOUND, "{}");
        format!(
            r#"{{"format_version": "1.2", "resource_drift": [{drift}], "resource_changes": [{planned}]}}"#
        )
    }

    fn messages(text: &str, ignore: &[&str]) -> Vec<String> {
        let ignore_drift = ignore.iter().map(|pattern| (*pattern).to_owned()).collect();
        let options = ChangeOptions { ignore_drift, ..ChangeOptions::default() };
        find_with(&GUARD, text, &options).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn what_the_plan_does_with_each_attribute_is_said() {
        let after = r#"{"visibility_timeout_seconds": 30, "delay_seconds": 5, "tags": {"b": "2"}}"#;
        let planned = update("aws_sqs_queue.a", FOUND, after, "{}");
        assert_eq!(
            messages(&plan(&planned), &[]),
            ["aws_sqs_queue.a was changed outside of Terraform: `delay_seconds`, which the plan keeps; \
                 `visibility_timeout_seconds`, which the plan puts back; `tags`, which the plan sets anew"]
        );
        let all = "`delay_seconds`, `tags`, `visibility_timeout_seconds`";
        for (planned, does) in [
            (update("aws_sqs_queue.a", FOUND, FOUND, "{}").replace("update", "no-op"), "the plan keeps"),
            (
                update("aws_sqs_queue.a", FOUND, "null", "{}").replace("update", "delete"),
                "the plan removes with the resource",
            ),
            (String::new(), "this plan does not change"),
        ] {
            let wanted = format!("aws_sqs_queue.a was changed outside of Terraform: {all}, which {does}");
            assert_eq!(messages(&plan(&planned), &[]), [wanted]);
        }
    }

    #[test]
    fn what_is_read_as_empty_is_the_same_also_inside() {
        let rule = |port: u16, description: &str| {
            format!(r#"{{"from_port": {port}, "description": {description}, "prefix_list_ids": []}}"#)
        };
        let group = |rules: &[String]| format!(r#"{{"ingress": [{}]}}"#, rules.join(", "));
        let known = group(&[rule(80, "\"\"")]);
        let found = group(&[rule(22, "\"\""), rule(80, "\"\"")]);
        let planned = group(&[rule(80, "null")]);
        let of = |before: &str, after: &str| update("aws_security_group.g", before, after, "{}");
        let plan = |drift: &str, planned: &str| {
            format!(
                r#"{{"format_version": "1.2", "resource_drift": [{drift}], "resource_changes": [{planned}]}}"#
            )
        };
        assert_eq!(
            messages(&plan(&of(&known, &found), &of(&found, &planned)), &[]),
            ["aws_security_group.g was changed outside of Terraform: `ingress`, which the plan puts back"]
        );
        // Nothing but a null that is read as a text without characters.
        assert_eq!(messages(&plan(&of(&planned, &known), ""), &[]), [""; 0]);
        // A tag without a value is a tag.
        let tags = |tags: &str| format!(r#"{{"tags": {tags}}}"#);
        let tagged = of(&tags(r#"{"a": "1"}"#), &tags(r#"{"a": "1", "public": ""}"#));
        assert_eq!(messages(&plan(&tagged, ""), &[]).len(), 1);
    }

    #[test]
    fn ignored_are_attributes_and_objects_by_type_or_address() {
        let plan = plan("");
        for (ignore, left) in [
            (&["aws_sqs_queue"][..], 0),
            (&["aws_sqs_queue.a"], 0),
            (&["aws_sqs_queue.b"], 1),
            (&["aws_*.tags", "aws_sqs_queue.a.*_seconds"], 0),
            (&["aws_sqs_queue.tags", "aws_sqs_queue.delay_seconds"], 1),
        ] {
            assert_eq!(messages(&plan, ignore).len(), left, "{ignore:?}");
        }
        assert_eq!(
            messages(&plan, &["aws_sqs_queue.tags", "aws_sqs_queue.delay_seconds"]),
            [
                "aws_sqs_queue.a was changed outside of Terraform: `visibility_timeout_seconds`, which this plan does not change"
            ]
        );
    }

    #[test]
    fn a_deleted_object_is_reported_and_what_the_plan_does() {
        let drift = r#"{"address": "aws_sns_topic.a", "change": {"actions": ["delete"], "before": {"name": "a"}, "after": null}}"#;
        let created = r#"{"address": "aws_sns_topic.a", "change": {"actions": ["create"], "before": null, "after": {"name": "a"}}}"#;
        let with = |changes: &str| {
            messages(
                &format!(
                    r#"{{"format_version": "1.2", "resource_drift": [{drift}], "resource_changes": [{changes}]}}"#
                ),
                &[],
            )
        };
        assert_eq!(with(""), ["aws_sns_topic.a was deleted outside of Terraform"]);
        assert_eq!(
            with(created),
            ["aws_sns_topic.a was deleted outside of Terraform; the plan creates it anew"]
        );
    }

    #[test]
    fn what_is_computed_empty_or_explained_by_the_plan_is_no_drift() {
        let drift = |before: &str, after: &str, changes: &str| {
            let drift = update("aws_security_group.g", before, after, "{}");
            find(&GUARD, &format!(r#"{{"format_version": "1.2", "resource_drift": [{drift}], "resource_changes": [{changes}]}}"#)).len()
        };
        assert_eq!(drift(r#"{"arn": "a", "tags": null}"#, r#"{"arn": "b", "tags": {}}"#, ""), 0);
        assert_eq!(drift(r#"{"tags": null}"#, r#"{"tags": {"a": "b"}}"#, ""), 1);
        assert_eq!(
            drift(r#"{"revoke_rules_on_delete": null}"#, r#"{"revoke_rules_on_delete": false}"#, ""),
            0
        );
        let rule = r#"{"type": "ingress", "security_group_id": "sg-1", "protocol": "tcp", "from_port": 443,
            "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}"#;
        let rule = update("aws_security_group_rule.r", rule, rule, "{}").replace("update", "no-op");
        let ingress = r#"{"id": "sg-1", "ingress": [{"protocol": "tcp", "from_port": 443, "to_port": 443,
            "cidr_blocks": ["0.0.0.0/0"]}]}"#;
        assert_eq!(drift(r#"{"id": "sg-1", "ingress": []}"#, ingress, &rule), 0);
        assert_eq!(drift(r#"{"id": "sg-1", "ingress": []}"#, ingress, ""), 1);
    }
}
