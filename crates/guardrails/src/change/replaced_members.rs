//! Members of a cluster, or of another whole, that a plan destroys all at once, while others come under new keys.

use std::collections::BTreeMap;

use planguard_plan::{Mode, Plan, ResourceChange};
use planguard_rule::Severity;

use super::ChangeFinding;
use super::reason::because_destroyed;
use super::twin::{Place, twins};

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
    for change in &plan.resource_changes {
        let kind = change.address.resource_type.as_str();
        if change.address.mode != Mode::Managed || change.deposed.is_some() {
            continue;
        }
        let Some((_, attribute)) = MEMBERS.iter().find(|(name, _)| *name == kind) else { continue };
        let sides = [change.change.after.as_deref(), change.change.before.as_deref()];
        let named = sides.into_iter().flatten().find_map(|side| side.get(attribute)?.as_str());
        if let Some(name) = named {
            wholes.entry((kind, name)).or_default().push(change);
        }
    }
    wholes.into_iter().filter_map(|((_, whole), members)| finding(plan, whole, &members)).collect()
}

fn finding(plan: &Plan<'_>, whole: &str, members: &[&ResourceChange<'_>]) -> Option<ChangeFinding> {
    let old: Vec<_> = members.iter().filter(|member| member.exists_before()).collect();
    let new: Vec<_> =
        members.iter().filter(|member| !member.exists_before() && member.exists_after()).collect();
    let (first, successor) = (old.first()?, new.first()?);
    if !old.iter().all(|member| member.change.actions.only_deletes()) {
        return None;
    }
    // One that comes back as it was, another guard tells.
    if !twins(plan, old.iter().map(|member| **member), Place::SameBlock).is_empty() {
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
}
