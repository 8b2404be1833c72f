//! Members of a cluster, or of another whole, that a plan destroys all at once, while others come under new keys.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::{Address, Mode, Plan, ResourceChange, Value};
use planguard_rule::Severity;

use super::ChangeFinding;
use super::compare::destroyed;
use super::reason::because_destroyed;
use super::twin::{Place, twins};
use crate::engine::is_empty;

/// Types of members, and the attribute that names what they are members of.
const MEMBERS: &[(&str, &str)] = &[
    ("aws_docdb_cluster_instance", "cluster_identifier"),
    ("aws_efs_mount_target", "file_system_id"),
    ("aws_eks_fargate_profile", "cluster_name"),
    ("aws_eks_node_group", "cluster_name"),
    ("aws_neptune_cluster_instance", "cluster_identifier"),
    ("aws_rds_cluster_instance", "cluster_identifier"),
    ("azurerm_kubernetes_cluster_node_pool", "kubernetes_cluster_id"),
    ("digitalocean_kubernetes_node_pool", "cluster_id"),
    ("google_alloydb_instance", "cluster"),
    ("google_container_node_pool", "cluster"),
    ("scaleway_k8s_pool", "cluster_id"),
];

/// The findings for wholes of which no member stays.
pub(super) fn findings(plan: &Plan<'_>) -> Vec<ChangeFinding> {
    let mut wholes: BTreeMap<(&str, &str), Vec<&ResourceChange<'_>>> = BTreeMap::new();
    for change in plan.each_change() {
        let kind = change.address.resource_type.as_str();
        if change.address.mode != Mode::Managed || change.deposed.is_some() {
            continue;
        }
        let Some(attribute) = attribute_of(change) else { continue };
        let sides = [change.change.after.as_deref(), change.change.before.as_deref()];
        let named = sides.into_iter().flatten().find_map(|side| side.get(attribute)?.as_str());
        if let Some(name) = named {
            wholes.entry((kind, name)).or_default().push(change);
        }
    }
    // Looked up once, and only where all members of something go.
    let coming_back = LazyCell::new(|| -> BTreeSet<&Address> {
        let gone = destroyed(plan).filter(|member| attribute_of(member).is_some());
        twins(plan, gone, Place::SameBlock).into_iter().map(|(old, _)| &old.address).collect()
    });
    let is_coming_back = |member: &ResourceChange<'_>| coming_back.contains(&member.address);
    wholes.into_iter().filter_map(|((_, whole), members)| finding(&is_coming_back, whole, &members)).collect()
}

/// The attribute that names what an object is a member of.
fn attribute_of(change: &ResourceChange<'_>) -> Option<&'static str> {
    let (_, attribute) = MEMBERS.iter().find(|(name, _)| *name == change.address.resource_type)?;
    Some(attribute)
}

fn finding(
    is_coming_back: &dyn Fn(&ResourceChange<'_>) -> bool,
    whole: &str,
    members: &[&ResourceChange<'_>],
) -> Option<ChangeFinding> {
    let old: Vec<_> = members.iter().filter(|member| member.exists_before()).collect();
    let new: Vec<_> =
        members.iter().filter(|member| !member.exists_before() && member.exists_after()).collect();
    let (first, successor) = (old.first()?, new.first()?);
    if !old.iter().all(|member| member.change.actions.only_deletes()) {
        return renamed(&old, &new);
    }
    // One that comes back as it was, another guard tells.
    if old.iter().any(|member| is_coming_back(member)) {
        return None;
    }
    let all = match old.len() {
        1 => "the only member".to_owned(),
        2 => "both members".to_owned(),
        count => format!("all {count} members"),
    };
    let message = format!(
        "{} is destroyed{}, and with it {all} of `{whole}`: {} is new and takes over only once it runs; without a `moved` block \
         nothing serves until then",
        first.address,
        because_destroyed(first),
        successor.address,
    );
    Some(ChangeFinding::on(first, message).weighing(Severity::High))
}

/// Attributes that go along with a key.
const OF_KEY: [&str; 6] = ["identifier", "instance_id", "name", "node_group_name", "tags", "tags_all"];

/// How many settings two members have in common if one takes the place of the other.
const ENOUGH: usize = 3;

/// The finding for a member that comes back under another key and name, while others stay.
fn renamed(old: &[&&ResourceChange<'_>], new: &[&&ResourceChange<'_>]) -> Option<ChangeFinding> {
    let is_successor = |gone: &ResourceChange<'_>, new: &ResourceChange<'_>| {
        let (Some(before), Some(after)) = (gone.change.before.as_deref(), new.change.after.as_deref()) else {
            return false;
        };
        let settings = after.members().iter().filter(|(name, value)| {
            !OF_KEY.contains(&name.as_ref()) && !matches!(value, Value::Bool(_)) && !is_empty(value)
        });
        let (same, other): (Vec<_>, Vec<_>) =
            settings.partition(|(name, value)| before.get(name) == Some(value));
        other.is_empty()
            && same.len() >= ENOUGH
            && gone.address.configuration_address() == new.address.configuration_address()
    };
    let gone = old.iter().filter(|member| member.change.actions.only_deletes());
    gone.flat_map(|gone| new.iter().map(move |new| (gone, new))).find(|(gone, new)| is_successor(gone, new)).map(
        |(gone, new)| {
            let message = format!(
                "{} is destroyed{}, and {} comes in its place with the same settings: all that runs on it is stopped",
                gone.address,
                because_destroyed(gone),
                new.address
            );
            ChangeFinding::on(gone, message)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::resilience_reduced::GUARD;
    use super::super::testing::find_in_changes;

    fn member(address: &str, actions: &str, values: &str) -> String {
        let (before, after) = match actions {
            "delete" => (values, "null"),
            "create" => ("null", values),
            _ => (values, values),
        };
        format!(
            r#"{{"address": {address:?}, "action_reason": "delete_because_each_key", "change": {{"actions": ["{actions}"],
                "before": {before}, "after": {after}}}}}"#
        )
    }

    fn found(entries: &[String]) -> Vec<String> {
        find_in_changes(&GUARD, &entries.join(",")).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_cluster_whose_members_all_get_other_keys_is_told() {
        let instance = |key: &str, actions: &str| {
            let values = format!(r#"{{"cluster_identifier": "billing", "identifier": "billing-{key}"}}"#);
            member(&format!("aws_rds_cluster_instance.this[\"{key}\"]"), actions, &values)
        };
        let both = [
            instance("one", "delete"),
            instance("two", "delete"),
            instance("reader", "create"),
            instance("writer", "create"),
        ];
        assert_eq!(
            found(&both),
            [
                "aws_rds_cluster_instance.this[\"one\"] is destroyed because its key was removed from `for_each`, and with it both members of `billing`: aws_rds_cluster_instance.this[\"reader\"] is new and takes over only once it runs; without a `moved` block nothing serves until then"
            ]
        );
        assert_eq!(
            found(&[
                instance("one", "no-op"),
                instance("two", "delete"),
                instance("x", "create"),
                instance("y", "no-op")
            ]),
            [""; 0]
        );
        assert_eq!(found(&[instance("x", "create"), instance("y", "create")]), [""; 0]);
        assert_eq!(found(&[instance("one", "delete"), instance("two", "delete")]), [""; 0]);
    }

    #[test]
    fn pools_of_nodes_are_members_of_their_cluster() {
        for (kind, attribute) in [
            ("aws_eks_node_group", "cluster_name"),
            ("google_container_node_pool", "cluster"),
            ("azurerm_kubernetes_cluster_node_pool", "kubernetes_cluster_id"),
        ] {
            let pool = |key: &str, actions: &str, cluster: &str| {
                let values = format!(r#"{{"{attribute}": "{cluster}", "name": "{key}", "size": 3}}"#);
                member(&format!("{kind}.this[\"{key}\"]"), actions, &values)
            };
            assert_eq!(
                found(&[pool("general", "delete", "a"), pool("default", "create", "a")]).len(),
                1,
                "{kind}"
            );
            assert_eq!(
                found(&[pool("general", "delete", "a"), pool("default", "create", "b")]).len(),
                0,
                "{kind}"
            );
        }
    }

    #[test]
    fn a_member_that_comes_back_under_another_name_is_told_while_others_stay() {
        let pool = |key: &str, actions: &str, kind: &str| {
            let values = format!(
                r#"{{"cluster_name": "a", "node_group_name": "{key}", "instance_types": ["{kind}"], "subnet_ids": ["s"]}}"#
            );
            member(&format!("aws_eks_node_group.this[\"{key}\"]"), actions, &values)
        };
        let of = |kind: &str| {
            found(&[
                pool("batch", "no-op", "c6i"),
                pool("default", "create", kind),
                pool("general", "delete", "m6i"),
            ])
        };
        assert_eq!(
            of("m6i"),
            [
                "aws_eks_node_group.this[\"general\"] is destroyed because its key was removed from `for_each`, and aws_eks_node_group.this[\"default\"] comes in its place with the same settings: all that runs on it is stopped"
            ]
        );
        assert_eq!(of("r6i"), [""; 0], "another group takes another place");
    }
}
