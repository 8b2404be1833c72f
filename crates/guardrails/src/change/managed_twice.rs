//! Reports objects that set their rules, attachments or policy themselves and have separate resources for them as well: each
//! apply undoes what the other one made.

use std::collections::{BTreeMap, HashMap, HashSet};

use planguard_plan::{
    Address, AttributePath, Mode, PathStep, Plan, ResourceChange, ResourceState, Side, Value, View,
};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Sight, places, sight};
use super::grant_authority;
use super::{AttributeRole, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};
use crate::effective::{Filler, MIRRORS, Mirror, Parts, belongs, unexplained};
use crate::engine::is_same_instance;

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-managed-twice",
        title: "Two resources manage the same rules, and each apply undoes one of them",
        severity: Severity::Medium,
        why: "An object that lists its rules, attachments or policy itself removes all others. A separate resource adds its \
              own again with the next apply. What is allowed depends on which of the two ran last.",
        remediation: "Use one style: move the entries of the object into separate resources and drop them there, or the other \
                      way round.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "azurerm_network_security_group.web", "change": {"actions": ["create"], "before": null,
            "after": {"name": "web", "resource_group_name": "shop", "security_rule": [{"name": "https"}]}}},
           {"address": "azurerm_network_security_rule.http", "change": {"actions": ["create"], "before": null,
            "after": {"name": "http", "network_security_group_name": "web", "resource_group_name": "shop"}}}"#,
        r#"{"address": "azurerm_network_security_group.web", "change": {"actions": ["create"], "before": null,
            "after": {"name": "web", "resource_group_name": "shop"}}},
           {"address": "azurerm_network_security_rule.http", "change": {"actions": ["create"], "before": null,
            "after": {"name": "http", "network_security_group_name": "web", "resource_group_name": "shop"}}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let contests = contests(plan).into_iter().map(Contest::finding);
    contests.chain(grant_authority::findings(plan)).collect()
}

/// The separate resources of a plan that an object removed or overwrote with the last apply: nobody did it by hand.
pub(super) fn undone(plan: &Plan<'_>) -> HashSet<Address> {
    if plan.resource_drift.is_empty() {
        return HashSet::new();
    }
    let contests = contests(plan).into_iter().filter(|contest| contest.time == Time::Last);
    let separate = contests.flat_map(|contest| contest.separate).map(|resource| resource.address.clone());
    separate.chain(grant_authority::undone(plan)).collect()
}

/// When one of the two undoes the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    Last,
    This,
    Each,
}

/// An attribute of an object with the separate resources that it removes.
struct Contest<'p> {
    object: &'p ResourceChange<'p>,
    attribute: &'static str,
    separate: Vec<&'p ResourceChange<'p>>,
    time: Time,
}

impl Contest<'_> {
    fn finding(self) -> ChangeFinding {
        let Self { object, attribute, separate, time } = self;
        let both = addresses(&separate);
        let they = if separate.len() == 1 { "it" } else { "they" };
        let what = match time {
            Time::Last => format!("the last apply undid what {they} made"),
            Time::This => format!("this apply undoes what {they} made"),
            Time::Each => "each apply undoes what the other one made".to_owned(),
        };
        let message = format!("{} sets `{attribute}` itself, and {both} set it too: {what}", object.address);
        let message =
            if separate.len() == 1 { message.replace(" set it too", " sets it too") } else { message };
        let found =
            ChangeFinding::on(object, message).at(AttributePath(vec![PathStep::Key(attribute.to_owned())]));
        // Whatever the attribute lets in is another matter than who sets it.
        ChangeFinding { role: AttributeRole::Reason, ..found }
    }
}

/// The addresses of some resources as part of a sentence: the first ones by name.
pub(super) fn addresses(resources: &[&ResourceChange<'_>]) -> String {
    const MOST: usize = 3;
    let mut names: Vec<String> = resources.iter().take(MOST).map(|one| one.address.to_string()).collect();
    if resources.len() > MOST {
        names.push(format!("{} more", resources.len() - MOST));
    }
    match &names[..] {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn contests<'p>(plan: &'p Plan<'p>) -> Vec<Contest<'p>> {
    let mut kinds: HashMap<&str, Vec<(usize, &Mirror, &Filler)>> = HashMap::new();
    for (number, mirror) in MIRRORS.iter().enumerate() {
        for filler in mirror.fillers {
            kinds.entry(filler.resource_type).or_default().push((number, mirror, filler));
        }
    }
    let is_kept = |change: &&ResourceChange<'_>| {
        change.address.mode == Mode::Managed && change.deposed.is_none() && change.exists_after()
    };
    let kept = || plan.each_change().filter(is_kept);
    if !kept().any(|change| kinds.contains_key(change.address.resource_type.as_str())) {
        return Vec::new();
    }
    let objects = Objects::of(plan, kept());
    if objects.all.is_empty() {
        return Vec::new();
    }
    // By the position of the object, so that findings are in the order of the plan.
    let mut separate: BTreeMap<(usize, usize), Vec<&ResourceChange<'_>>> = BTreeMap::new();
    for change in kept() {
        let Some(kinds) = kinds.get(change.address.resource_type.as_str()) else { continue };
        let Some(state) = ResourceState::new(plan, change, Side::After) else { continue };
        for (number, mirror, filler) in kinds {
            for position in objects.named(&state, mirror, filler) {
                let all = separate.entry((position, *number)).or_default();
                // One resource may name an object in two ways; those of one are next to each other.
                if all.last().is_none_or(|other| other.address != change.address) {
                    all.push(change);
                }
            }
        }
    }
    let drifted: HashSet<String> = plan.each_drift().map(|drift| drift.address.to_string()).collect();
    let contests = separate.into_iter().filter_map(|((position, number), separate)| {
        contest(plan, objects.all.get(position)?, MIRRORS.get(number)?, separate, &drifted)
    });
    contests.collect()
}

/// The objects of a plan that set an attribute which separate resources set as well, or lose something of it.
struct Objects<'p> {
    all: Vec<&'p ResourceChange<'p>>,
    by_identity: HashMap<(&'static str, &'p str), Vec<usize>>,
    by_block: HashMap<String, Vec<usize>>,
}

impl<'p> Objects<'p> {
    fn of(plan: &Plan<'_>, kept: impl Iterator<Item = &'p ResourceChange<'p>>) -> Self {
        let mut objects = Self { all: Vec::new(), by_identity: HashMap::new(), by_block: HashMap::new() };
        let mut mirrors: HashMap<&str, Vec<&Mirror>> = HashMap::new();
        for mirror in MIRRORS {
            mirrors.entry(mirror.object).or_default().push(mirror);
        }
        for object in kept {
            let Some(mirrors) = mirrors.get(object.address.resource_type.as_str()) else { continue };
            if mirrors.iter().any(|mirror| sets(plan, object, mirror) || lost(object, mirror).is_some()) {
                objects.add(object, mirrors);
            }
        }
        objects
    }

    fn add(&mut self, object: &'p ResourceChange<'p>, mirrors: &[&'static Mirror]) {
        let position = self.all.len();
        self.all.push(object);
        self.by_block.entry(object.address.configuration_address()).or_default().push(position);
        let sides = || [&object.change.before, &object.change.after].into_iter().flatten();
        for mirror in mirrors {
            let identities = mirror.fillers.iter().flat_map(|filler| filler.identities);
            for text in identities.flat_map(|name| sides().filter_map(|side| side.get(name)?.as_str())) {
                let named = self.by_identity.entry((mirror.object, text)).or_default();
                if !text.is_empty() && !named.contains(&position) {
                    named.push(position);
                }
            }
        }
    }

    /// The positions of the objects that a separate resource names.
    fn named(&self, state: &ResourceState<'p>, mirror: &Mirror, filler: &Filler) -> Vec<usize> {
        let Some(after) = state.change.change.after.as_deref() else { return Vec::new() };
        let mut found = Vec::new();
        for place in places(&state.root(), &[filler.names]).into_iter().flat_map(elements) {
            match sight(&place) {
                Sight::Known(value) => {
                    let named = value.as_str().and_then(|text| self.by_identity.get(&(mirror.object, text)));
                    let is_its = |position: &usize| {
                        let object =
                            self.all.get(*position).and_then(|object| object.change.after.as_deref());
                        object.is_some_and(|object| belongs(filler, after, object))
                    };
                    found.extend(named.into_iter().flatten().copied().filter(is_its));
                }
                // Which object is meant is certain, but not that the resource is of the right kind.
                Sight::Unknown if belongs(&Filler { within: None, ..*filler }, after, after) => {
                    found.extend(self.referred(&place, mirror));
                }
                Sight::Unknown | Sight::Computed | Sight::Unset => {}
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn referred(&self, place: &View<'p, '_>, mirror: &Mirror) -> Vec<usize> {
        let own = &place.state().change.address;
        let references = place.state().references(place.path());
        let references = references.into_iter().flat_map(|found| found.resources);
        let positions = references.flat_map(|reference| {
            let of_block = self.by_block.get(&reference.address).cloned().unwrap_or_default();
            let is_meant = move |position: &usize| {
                self.all.get(*position).is_some_and(|object| {
                    object.address.resource_type == mirror.object
                        && is_same_instance(&object.address, own, reference.key.as_deref())
                })
            };
            of_block.into_iter().filter(is_meant)
        });
        positions.collect()
    }
}

/// Whether an object is to have nothing but what its configuration lists in an attribute.
fn sets(plan: &Plan<'_>, object: &ResourceChange<'_>, mirror: &Mirror) -> bool {
    let set = object.change.after.as_deref().and_then(|after| after.get(mirror.attribute));
    let Some(set) = set else { return false };
    match expression(plan, object, mirror) {
        // A constant may be an empty list: then the object is to have nothing.
        Some(expression) => {
            !is_nothing(set) || expression.get("constant_value").is_some_and(|it| *it != Value::Null)
        }
        // Blocks that are written as `dynamic` are not in the configuration of a plan.
        None => object.change.before.is_none() && !is_nothing(set),
    }
}

fn expression<'p>(plan: &'p Plan<'p>, object: &ResourceChange<'_>, mirror: &Mirror) -> Option<&'p Value<'p>> {
    plan.configuration.as_ref()?.resource(&object.address)?.1.expressions.get(mirror.attribute)
}

/// What an object has in an attribute, and what it will have, where this is something else.
fn lost<'p>(object: &'p ResourceChange<'p>, mirror: &Mirror) -> Option<(&'p Value<'p>, &'p Value<'p>)> {
    let side = |side: &'p Option<std::sync::Arc<Value<'p>>>| side.as_deref()?.get(mirror.attribute);
    let sides = side(&object.change.before).zip(side(&object.change.after));
    sides.filter(|(read, set)| read != set && !object.change.actions.is_no_op())
}

/// A place, or the elements of the list there.
fn elements<'p, 's>(place: View<'p, 's>) -> Vec<View<'p, 's>> {
    match sight(&place) {
        Sight::Known(Value::Array(_)) => place.elements().unwrap_or_default(),
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => vec![place],
    }
}

fn contest<'p>(
    plan: &Plan<'_>,
    object: &'p ResourceChange<'p>,
    mirror: &Mirror,
    mut separate: Vec<&'p ResourceChange<'p>>,
    drifted: &HashSet<String>,
) -> Option<Contest<'p>> {
    let after = object.change.after.as_deref()?;
    let set = after.get(mirror.attribute)?;
    // What the object lists as well is not undone.
    separate.retain(|resource| {
        let resource = resource.change.after.as_deref();
        !matches!(mirror.parts, Parts::Rules | Parts::Texts(_))
            || resource.is_none_or(|resource| unexplained(mirror, set, &[resource], after).is_none())
    });
    let sets = sets(plan, object, mirror);
    let contest = |separate: Vec<_>, time| {
        let is_one = !separate.is_empty();
        is_one.then_some(Contest { object, attribute: mirror.attribute, separate, time })
    };
    let of = |is_meant: &dyn Fn(&ResourceChange<'_>) -> bool| -> Vec<_> {
        separate.iter().copied().filter(|resource| is_meant(resource)).collect()
    };
    let last = || {
        let undone = of(&|resource| {
            !resource.change.actions.is_no_op() && drifted.contains(&resource.address.to_string())
        });
        if sets { contest(undone, Time::Last) } else { None }
    };
    let this = || {
        let (read, set) = lost(object, mirror)?;
        let removed = of(&|resource| {
            let is_there = resource.change.before.is_some() && !resource.change.actions.deletes();
            let before = resource.change.before.as_deref();
            let lists = |list| before.is_some_and(|one| unexplained(mirror, list, &[one], after).is_some());
            is_there
                && match mirror.parts {
                    Parts::Whole => sets && expression(plan, object, mirror).is_some(),
                    Parts::Rules | Parts::Texts(_) | Parts::Blocks(..) => lists(read) && !lists(set),
                }
        });
        contest(removed, Time::This)
    };
    let each = || {
        let new = of(&|resource| resource.change.actions.creates());
        if sets { contest(new, Time::Each) } else { None }
    };
    last().or_else(this).or_else(each)
}

/// Whether a value sets nothing.
fn is_nothing(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(object) => object.members().is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::drift::GUARD as DRIFT;
    use super::super::drift_security::GUARD as DRIFT_SECURITY;
    use super::super::testing::find;
    use super::*;

    fn entry(address: &str, actions: &str, before: &str, after: &str, unknown: &str) -> String {
        format!(
            r#"{{"address": "{address}", "change": {{"actions": ["{actions}"], "before": {before}, "after": {after},
                "after_unknown": {unknown}}}}}"#
        )
    }

    fn plan(changes: &[String], drift: &[String], resources: &str) -> String {
        format!(
            r#"{{"format_version": "1.2", "resource_changes": [{}], "resource_drift": [{}],
                "configuration": {{"root_module": {{"resources": [{resources}]}}}}}}"#,
            changes.join(","),
            drift.join(",")
        )
    }

    fn block(address: &str, expressions: &str) -> String {
        let (of_type, name) = address.split_once('.').unwrap();
        format!(
            r#"{{"mode": "managed", "type": "{of_type}", "name": "{name}", "expressions": {expressions}}}"#
        )
    }

    fn messages(guard: &ChangeGuard, plan: &str) -> Vec<String> {
        find(guard, plan).into_iter().map(|finding| finding.message).collect()
    }

    fn ingress(ports: &[u16]) -> String {
        let rules = ports.iter().map(|port| {
            format!(r#"{{"protocol": "tcp", "from_port": {port}, "to_port": {port}, "cidr_blocks": ["0.0.0.0/0"]}}"#)
        });
        format!(r#"{{"id": "sg-1", "ingress": [{}]}}"#, rules.collect::<Vec<_>>().join(","))
    }

    fn rule(port: u16) -> String {
        format!(
            r#"{{"type": "ingress", "security_group_id": "sg-1", "protocol": "tcp", "from_port": {port},
                "to_port": {port}, "cidr_blocks": ["0.0.0.0/0"]}}"#
        )
    }

    const GROUP: &str = "aws_security_group.g";
    const RULE: &str = "aws_security_group_rule.r";
    const LISTS: &str = r#"{"ingress": {"constant_value": [{"from_port": 443}]}}"#;

    #[test]
    fn a_rule_that_its_group_removes_is_told_once_and_is_no_drift() {
        let changes = [
            entry(GROUP, "update", &ingress(&[443, 22]), &ingress(&[443]), "{}"),
            entry(RULE, "no-op", &rule(22), &rule(22), "{}"),
        ];
        let drift = [entry(GROUP, "update", &ingress(&[443]), &ingress(&[443, 22]), "{}")];
        let plan = plan(&changes, &drift, &block(GROUP, LISTS));
        assert_eq!(
            messages(&GUARD, &plan),
            [
                "aws_security_group.g sets `ingress` itself, and aws_security_group_rule.r sets it too: this apply undoes what it \
              made"
            ]
        );
        assert_eq!(messages(&DRIFT, &plan), [""; 0]);
        assert_eq!(messages(&DRIFT_SECURITY, &plan), [""; 0]);
        let restored = super::super::drift(&Plan::parse(&plan).unwrap()).restored;
        assert_eq!(restored, []);
    }

    #[test]
    fn a_rule_that_its_group_removed_was_not_deleted_by_hand() {
        let changes = [
            entry(GROUP, "no-op", &ingress(&[443]), &ingress(&[443]), "{}"),
            entry(RULE, "create", "null", &rule(22), "{}"),
        ];
        let drift = [entry(RULE, "delete", &rule(22), "null", "{}")];
        let both = plan(&changes, &drift, &block(GROUP, LISTS));
        assert_eq!(
            messages(&GUARD, &both),
            [
                "aws_security_group.g sets `ingress` itself, and aws_security_group_rule.r sets it too: the last apply undid what \
              it made"
            ]
        );
        assert_eq!(messages(&DRIFT, &both), [""; 0]);
        let alone = plan(&changes, &drift, &block(GROUP, "{}"));
        assert_eq!(messages(&GUARD, &alone), [""; 0]);
        assert_eq!(messages(&DRIFT, &alone).len(), 1);
    }

    #[test]
    fn both_styles_in_new_objects_are_found_by_reference() {
        let unknown = r#"{"id": true}"#;
        let group = r#"{"ingress": [{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/8"]}]}"#;
        let rule = rule(22).replace(r#""security_group_id": "sg-1","#, "");
        let changes = |group: &str, rule: &str| {
            [
                entry(GROUP, "create", "null", group, unknown),
                entry(RULE, "create", "null", rule, r#"{"id": true, "security_group_id": true}"#),
            ]
        };
        let referring = block(
            RULE,
            r#"{"security_group_id": {"references": ["aws_security_group.g.id", "aws_security_group.g"]}}"#,
        );
        let blocks = format!("{}, {referring}", block(GROUP, LISTS));
        assert_eq!(
            messages(&GUARD, &plan(&changes(group, &rule), &[], &blocks)),
            [
                "aws_security_group.g sets `ingress` itself, and aws_security_group_rule.r sets it too: each apply undoes what the \
              other one made"
            ]
        );
        // Blocks written as `dynamic` are not in the configuration.
        let dynamic = format!("{}, {referring}", block(GROUP, "{}"));
        assert_eq!(messages(&GUARD, &plan(&changes(group, &rule), &[], &dynamic)).len(), 1);
        let outgoing = rule.replace(r#""type": "ingress""#, r#""type": "egress""#);
        assert_eq!(messages(&GUARD, &plan(&changes(group, &outgoing), &[], &blocks)), [""; 0]);
        assert_eq!(messages(&GUARD, &plan(&changes("{}", &rule), &[], &dynamic)), [""; 0]);
    }

    #[test]
    fn what_the_object_lists_too_and_what_it_ignores_is_no_fight() {
        let same = [
            entry(GROUP, "update", &ingress(&[443]), &ingress(&[443, 22]), "{}"),
            entry(RULE, "create", "null", &rule(22), "{}"),
        ];
        assert_eq!(messages(&GUARD, &plan(&same, &[], &block(GROUP, LISTS))), [""; 0]);
        // With `ignore_changes` nothing is removed.
        let ignored = [
            entry(GROUP, "no-op", &ingress(&[443, 22]), &ingress(&[443, 22]), "{}"),
            entry(RULE, "no-op", &rule(22), &rule(22), "{}"),
        ];
        assert_eq!(messages(&GUARD, &plan(&ignored, &[], &block(GROUP, LISTS))), [""; 0]);
    }

    #[test]
    fn attachments_policies_and_settings_fight_as_well() {
        let found = |object: (&str, &str, &str), separate: (&str, &str), expression: &str| {
            let changes = [
                entry(object.0, "update", object.1, object.2, "{}"),
                entry(separate.0, "no-op", separate.1, separate.1, "{}"),
            ];
            messages(&GUARD, &plan(&changes, &[], &block(object.0, expression))).len()
        };
        let arns = r#"{"managed_policy_arns": {"constant_value": ["a"]}}"#;
        let role = (
            "aws_iam_role.r",
            r#"{"name": "r", "managed_policy_arns": ["a", "b"]}"#,
            r#"{"name": "r", "managed_policy_arns": ["a"]}"#,
        );
        assert_eq!(
            found(role, ("aws_iam_role_policy_attachment.b", r#"{"role": "r", "policy_arn": "b"}"#), arns),
            1
        );
        assert_eq!(
            found(role, ("aws_iam_role_policy_attachment.a", r#"{"role": "r", "policy_arn": "a"}"#), arns),
            0
        );
        assert_eq!(
            found(role, ("aws_iam_role_policy_attachment.b", r#"{"role": "q", "policy_arn": "b"}"#), arns),
            0
        );
        let queue = ("aws_sqs_queue.q", r#"{"id": "u", "policy": "{1}"}"#, r#"{"id": "u", "policy": "{2}"}"#);
        let policy = ("aws_sqs_queue_policy.q", r#"{"queue_url": "u", "policy": "{1}"}"#);
        assert_eq!(found(queue, policy, r#"{"policy": {"constant_value": "{2}"}}"#), 1);
        let rules = |names: &str| {
            format!(r#"{{"name": "n", "resource_group_name": "g", "security_rule": [{names}]}}"#)
        };
        let (both, one) = (rules(r#"{"name": "a"}, {"name": "b"}"#), rules(r#"{"name": "a"}"#));
        let group = ("azurerm_network_security_group.n", both.as_str(), one.as_str());
        let rule = |group: &str| {
            format!(
                r#"{{"name": "b", "network_security_group_name": "n", "resource_group_name": "{group}"}}"#
            )
        };
        let lists = r#"{"security_rule": {"constant_value": [{}]}}"#;
        assert_eq!(found(group, ("azurerm_network_security_rule.b", &rule("g")), lists), 1);
        assert_eq!(found(group, ("azurerm_network_security_rule.b", &rule("h")), lists), 0);
        let bucket = (
            "aws_s3_bucket.b",
            r#"{"id": "b", "versioning": [{"enabled": true}]}"#,
            r#"{"id": "b", "versioning": [{"enabled": false}]}"#,
        );
        let versioning = (
            "aws_s3_bucket_versioning.b",
            r#"{"bucket": "b", "versioning_configuration": [{"status": "Enabled"}]}"#,
        );
        assert_eq!(
            found(bucket, versioning, r#"{"versioning": [{"enabled": {"constant_value": false}}]}"#),
            1
        );
    }
}
