//! Finds the new objects that take the place of destroyed ones, because the key or the block that they came from changed.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::{Address, Plan, ResourceChange, ResourceState, Side};

use super::compare::{Pair, Sight, destroyed, sight};
use super::tables::ALARM_REMOVED;
use super::twin::{created, says};

/// How the names of types end whose objects say something of other objects: who may do what, what may pass, who is told. What
/// they are about stays when one takes the place of another. An object with a life of its own has no successor.
const ABOUT_OTHERS: &[&str] = &[
    "_access_entry",
    "_acl",
    "_alarm",
    "_alert",
    "_assignment",
    "_association",
    "_attachment",
    "_binding",
    "_collaborator",
    "_egress_rule",
    "_entry",
    "_filter",
    "_firewall",
    "_firewall_rule",
    "_grant",
    "_grants",
    "_member",
    "_membership",
    "_monitor",
    "_permission",
    "_permissions",
    "_policy",
    "_record",
    "_record_set",
    "_route",
    "_rule",
    "_team_repository",
];

/// Attributes that name what such an object is about.
const TARGETS: &[&str] = &[
    "account_id",
    "billing_account_id",
    "bucket",
    "cluster",
    "cluster_id",
    "cluster_name",
    "crypto_key_id",
    "database",
    "dataset_id",
    "domain_name",
    "event_bus_name",
    "file_system_id",
    "firewall_policy_id",
    "folder",
    "folder_id",
    "function_name",
    "hosted_zone_id",
    "instance",
    "instance_id",
    "key_id",
    "key_ring_id",
    "key_vault_id",
    "listener_arn",
    "load_balancer_arn",
    "log_group_name",
    "managed_zone",
    "namespace",
    "network",
    "network_acl_id",
    "network_interface_id",
    "network_security_group_name",
    "org_id",
    "organization",
    "permission_set_arn",
    "project",
    "queue_url",
    "repository",
    "repository_id",
    "repository_name",
    "resource_arn",
    "rest_api_id",
    "role_name",
    "route_table_id",
    "scope",
    "secret_arn",
    "secret_id",
    "security_group_id",
    "security_policy",
    "server_id",
    "server_name",
    "service_account_id",
    "storage_account_id",
    "subnet_id",
    "subscription",
    "table_id",
    "target_id",
    "topic",
    "topic_arn",
    "user_name",
    "vpc_id",
    "zone",
    "zone_id",
    "zone_name",
];

/// The same of AWS alone: elsewhere they name who gets a right, or which.
const TARGETS_OF_AWS: &[&str] = &["group", "role", "user"];

/// What makes a record of the domain name system, besides its zone.
const OF_RECORD: &[&str] = &["name", "type"];

/// Attributes that say which of several objects about the same one: who gets a right, and where traffic comes from.
const MARKS: &[&str] = &[
    "from_port",
    "grantee",
    "ip_protocol",
    "member",
    "policy_arn",
    "principal",
    "principal_arn",
    "principal_id",
    "protocol",
    "to_port",
    "type",
    "username",
];

/// How many objects of a block may go, or come, before nobody can tell which one took the place of which.
const MOST: usize = 16;

/// The destroyed and the new objects of one type and one place.
type Group<'p> = (Vec<Old<'p>>, Vec<New<'p>>);

/// Pairs of a destroyed object and the new one that takes its place: of one type and about the same, in one block or the
/// only ones about it. No object is in two pairs.
pub(super) fn successions<'p>(plan: &'p Plan<'p>) -> Vec<Pair<'p>> {
    let of_kind = |resource: &&'p ResourceChange<'p>| is_about_others(&resource.address.resource_type);
    let gone: Vec<&ResourceChange<'_>> = destroyed(plan).filter(of_kind).collect();
    if gone.is_empty() {
        return Vec::new();
    }
    // Only an object of the same type takes the place of another.
    let types: BTreeSet<&str> = gone.iter().map(|old| old.address.resource_type.as_str()).collect();
    let of_kind = |resource: &&'p ResourceChange<'p>| types.contains(resource.address.resource_type.as_str());
    let mut left: Vec<Old<'p>> = gone.into_iter().filter_map(|old| Old::of(plan, old)).collect();
    let mut new: Vec<New<'p>> = created(plan).filter(of_kind).filter_map(|new| New::of(plan, new)).collect();
    let mut pairs = Vec::new();
    for place in [Place::Block, Place::Target] {
        let mut groups: BTreeMap<(&str, String), Group<'p>> = BTreeMap::new();
        for old in left {
            let key = (old.resource.address.resource_type.as_str(), place.of(old.resource, &old.target));
            groups.entry(key).or_default().0.push(old);
        }
        for new in new {
            let key = (new.resource.address.resource_type.as_str(), place.of(new.resource, &new.target));
            groups.entry(key).or_default().1.push(new);
        }
        (left, new) = (Vec::new(), Vec::new());
        for (old, created) in groups.into_values() {
            let (found, olds, news) = paired(old, created, place);
            pairs.extend(found);
            left.extend(olds);
            new.extend(news);
        }
    }
    pairs.sort_by_cached_key(|pair| pair.resource.address.to_string());
    pairs
}

/// The name of a type without the number of a version at its end, which means nothing.
pub(super) fn without_version(resource_type: &str) -> &str {
    match resource_type.rsplit_once("_v") {
        Some((name, version)) if version.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => resource_type,
    }
}

/// Whether objects of a type say something of others.
pub(super) fn is_about_others(resource_type: &str) -> bool {
    let name = without_version(resource_type);
    ABOUT_OTHERS.iter().any(|ending| name.ends_with(ending))
}

/// By what a new object takes the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It comes from the same block, under another key.
    Block,
    /// It is about the same object.
    Target,
}

impl Place {
    /// What two objects have in common that are in this place.
    fn of(self, resource: &ResourceChange<'_>, target: &Target) -> String {
        match self {
            Self::Block => Address { key: None, ..resource.address.clone() }.to_string() + "\n" + &target.0,
            Self::Target => target.0.clone(),
        }
    }
}

/// What an object is about, as a text that is the same for objects about the same.
#[derive(Clone, Debug)]
struct Target(String);

impl Target {
    /// Reads what an object is about; `None` where it is known only after apply, which is something new.
    fn of(state: &ResourceState<'_>) -> Option<Self> {
        let root = state.root();
        let resource_type = state.change.address.resource_type.as_str();
        let alarm =
            ALARM_REMOVED.group(resource_type).map(|group| group.subject.as_slice()).unwrap_or_default();
        let is_record = resource_type.ends_with("_record") || resource_type.ends_with("_record_set");
        let of_record = OF_RECORD.iter().copied().filter(|_| is_record);
        let of_aws = TARGETS_OF_AWS.iter().copied().filter(|_| resource_type.starts_with("aws_"));
        let names =
            TARGETS.iter().copied().chain(of_aws).chain(of_record).chain(alarm.iter().map(String::as_str));
        let metadata = root.key("metadata").elements().unwrap_or_default();
        // Of so many names an object has a few.
        let names = names.filter(|name| root.mentions(name));
        let places =
            names.map(|name| root.key(name)).chain(metadata.first().map(|block| block.key("namespace")));
        let mut target = String::new();
        for place in places {
            match sight(&place) {
                Sight::Known(value) if says(value) => {
                    target.push_str(&format!("{} = {}\n", place.path(), value.written()));
                }
                Sight::Unknown => return None,
                Sight::Known(_) | Sight::Computed | Sight::Unset => {}
            }
        }
        Some(Self(target))
    }
}

/// A destroyed object.
struct Old<'p> {
    resource: &'p ResourceChange<'p>,
    state: ResourceState<'p>,
    target: Target,
}

impl<'p> Old<'p> {
    fn of(plan: &'p Plan<'p>, resource: &'p ResourceChange<'p>) -> Option<Self> {
        let state = ResourceState::new(plan, resource, Side::Before)?;
        let target = Target::of(&state)?;
        Some(Self { resource, state, target })
    }
}

/// A new object.
struct New<'p> {
    resource: &'p ResourceChange<'p>,
    state: ResourceState<'p>,
    target: Target,
}

impl<'p> New<'p> {
    fn of(plan: &'p Plan<'p>, resource: &'p ResourceChange<'p>) -> Option<Self> {
        let state = ResourceState::new(plan, resource, Side::After)?;
        let target = Target::of(&state)?;
        Some(Self { resource, state, target })
    }

    /// In how many marks this object is like another one.
    fn likeness(&self, old: &Old<'_>) -> usize {
        let marks = MARKS.iter().filter(|name| {
            let (own, other) = (self.state.root().key(name), old.state.root().key(name));
            let mark = sight(&own).known().filter(|mark| says(mark));
            mark.is_some() && mark == sight(&other).known()
        });
        marks.count()
    }
}

/// The pairs among objects that have a place in common, and what is left of both. Where several go or come, those belong
/// together that are more alike than any others.
fn paired<'p>(
    mut old: Vec<Old<'p>>,
    mut new: Vec<New<'p>>,
    place: Place,
) -> (Vec<Pair<'p>>, Vec<Old<'p>>, Vec<New<'p>>) {
    let mut pairs = Vec::new();
    let is_placed = |target: &Target, resource: &ResourceChange<'_>| match place {
        // What has no target, such as a policy by itself, is an object of its own, and what has no key is in no list.
        Place::Block => {
            resource.address.key.is_some()
                && (!target.0.is_empty() || !resource.address.resource_type.ends_with("_policy"))
        }
        Place::Target => !target.0.is_empty(),
    };
    if !old.first().is_some_and(|old| is_placed(&old.target, old.resource))
        || old.len() > MOST
        || new.len() > MOST
    {
        return (pairs, old, new);
    }
    loop {
        let best = match (old.as_slice(), new.as_slice()) {
            ([_], [_]) => Some((0, 0)),
            ([], _) | (_, []) => None,
            // Of several about one object in different blocks, nobody can tell.
            _ if place == Place::Target => None,
            _ => most_alike(&old, &new),
        };
        let Some((at, of)) = best else { return (pairs, old, new) };
        let (gone, resource) = (old.remove(at), new.remove(of));
        pairs.push(Pair { resource: resource.resource, before: gone.state, after: resource.state });
    }
}

/// The positions of an old and a new object that are more like each other than like any other.
fn most_alike(old: &[Old<'_>], new: &[New<'_>]) -> Option<(usize, usize)> {
    let likeness: Vec<Vec<usize>> =
        old.iter().map(|old| new.iter().map(|new| new.likeness(old)).collect()).collect();
    let best = likeness.iter().flatten().copied().max().filter(|best| *best > 0)?;
    let of_new = |of: usize| likeness.iter().filter(|row| row.get(of) == Some(&best)).count();
    likeness.iter().enumerate().find_map(|(at, row)| {
        let of = row.iter().position(|likeness| *likeness == best)?;
        let is_only = row.iter().filter(|likeness| **likeness == best).count() == 1 && of_new(of) == 1;
        is_only.then_some((at, of))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who takes the place of whom, as `new < old`.
    fn told(entries: &[String]) -> Vec<String> {
        let text = format!(r#"{{"format_version": "1.2", "resource_changes": [{}]}}"#, entries.join(","));
        let plan = Plan::parse(&text).unwrap();
        let pairs = successions(&plan).into_iter();
        pairs.map(|pair| format!("{} < {}", pair.resource.address, pair.before.change.address)).collect()
    }

    fn gone(address: &str, side: &str) -> String {
        format!(
            r#"{{"address": {address:?}, "change": {{"actions": ["delete"], "before": {side}, "after": null}}}}"#
        )
    }

    fn new(address: &str, side: &str) -> String {
        format!(
            r#"{{"address": {address:?}, "change": {{"actions": ["create"], "before": null, "after": {side}, "after_unknown": {{}}}}}}"#
        )
    }

    #[test]
    fn one_key_takes_the_place_of_another() {
        for (resource_type, side) in [
            ("google_project_iam_member", r#"{"project": "p", "role": "roles/viewer"}"#),
            ("aws_iam_role_policy_attachment", r#"{"role": "r", "policy_arn": "a"}"#),
            ("azurerm_network_security_rule", r#"{"network_security_group_name": "n", "name": "x"}"#),
            ("kubernetes_role_binding_v1", r#"{"metadata": [{"namespace": "pay"}]}"#),
            ("kubernetes_cluster_role_binding", r#"{"role_ref": [{"name": "view"}]}"#),
            ("google_compute_firewall", r#"{"network": "n"}"#),
            ("aws_route53_record", r#"{"zone_id": "z", "name": "a", "type": "TXT"}"#),
        ] {
            let (old, created) = (format!("{resource_type}.a[\"x\"]"), format!("{resource_type}.a[\"y\"]"));
            assert_eq!(told(&[gone(&old, side), new(&created, side)]), [format!("{created} < {old}")]);
        }
    }

    #[test]
    fn an_object_about_something_else_takes_no_place() {
        for (resource_type, old, created) in [
            ("aws_s3_bucket_policy", r#"{"bucket": "a"}"#, r#"{"bucket": "b"}"#),
            ("aws_route53_record", r#"{"zone_id": "z", "name": "a"}"#, r#"{"zone_id": "z", "name": "b"}"#),
            ("aws_cloudwatch_metric_alarm", r#"{"metric_name": "a"}"#, r#"{"metric_name": "b"}"#),
            ("aws_iam_policy", r#"{"name": "a", "path": "/"}"#, r#"{"name": "b", "path": "/"}"#),
            ("aws_s3_bucket", r#"{"project": "a"}"#, r#"{"project": "a"}"#),
        ] {
            let entry = |key: &str| format!("{resource_type}.a[\"{key}\"]");
            assert_eq!(
                told(&[gone(&entry("x"), old), new(&entry("y"), created)]),
                [""; 0],
                "{resource_type}"
            );
        }
    }

    #[test]
    fn the_only_one_about_an_object_may_come_from_another_block() {
        let (old, created) = ("aws_s3_bucket_policy.a", "module.x.aws_s3_bucket_policy.b");
        let side = r#"{"bucket": "logs", "policy": "{}"}"#;
        assert_eq!(told(&[gone(old, side), new(created, side)]), [format!("{created} < {old}")]);
        let several = [gone(old, side), gone("aws_s3_bucket_policy.c", side), new(created, side)];
        assert_eq!(told(&several), [""; 0]);
    }

    #[test]
    fn of_several_those_belong_together_that_are_more_alike() {
        let member =
            |who: &str, role: &str| format!(r#"{{"project": "p", "member": "{who}", "role": "{role}"}}"#);
        let address = |key: &str| format!("google_project_iam_member.a[\"{key}\"]");
        let entries = [
            gone(&address("a-viewer"), &member("a", "roles/viewer")),
            gone(&address("b-viewer"), &member("b", "roles/viewer")),
            new(&address("b-editor"), &member("b", "roles/editor")),
            new(&address("a-editor"), &member("a", "roles/editor")),
        ];
        let pair = |who: &str| {
            format!("{} < {}", address(&format!("{who}-editor")), address(&format!("{who}-viewer")))
        };
        assert_eq!(told(&entries), [pair("a"), pair("b")]);
    }

    #[test]
    fn a_target_that_comes_with_the_plan_is_a_new_one() {
        let created = r#"{"address": "aws_security_group_rule.a[\"y\"]", "change": {"actions": ["create"], "before": null,
            "after": {}, "after_unknown": {"security_group_id": true}}}"#;
        let old = gone("aws_security_group_rule.a[\"x\"]", r#"{"security_group_id": "sg-1"}"#);
        assert_eq!(told(&[old, created.to_owned()]), [""; 0]);
    }
}
