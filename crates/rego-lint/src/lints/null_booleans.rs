//! Booleans that plans write as null where the configuration does not set them.
//!
//! Schemas do not tell defaults, and many providers have one for a boolean. These are the optional ones that stand as
//! null after a change in the real plans of `../shared/plans/real`; a test holds them against those.

/// Resource types and their booleans, sorted.
const SEEN: &[(&str, &[&str])] = &[
    ("aws_autoscaling_group", &["capacity_rebalance"]),
    (
        "aws_db_instance",
        &[
            "allow_major_version_upgrade",
            "customer_owned_ip_enabled",
            "deletion_protection",
            "iam_database_authentication_enabled",
            "storage_encrypted",
        ],
    ),
    ("aws_default_subnet", &["map_customer_owned_ip_on_launch"]),
    ("aws_dynamodb_table", &["deletion_protection_enabled", "restore_to_latest_time", "stream_enabled"]),
    ("aws_ebs_volume", &["multi_attach_enabled"]),
    ("aws_ecs_service", &["force_delete", "force_new_deployment"]),
    ("aws_eks_node_group", &["force_update_version"]),
    ("aws_instance", &["hibernation"]),
    ("aws_lambda_function", &["replace_security_groups_on_destroy"]),
    ("aws_launch_template", &["disable_api_stop", "disable_api_termination", "update_default_version"]),
    ("aws_neptune_cluster", &["deletion_protection"]),
    ("aws_rds_cluster", &["allow_major_version_upgrade", "manage_master_user_password"]),
    ("aws_route53_record", &["multivalue_answer_routing_policy"]),
    ("aws_subnet", &["map_customer_owned_ip_on_launch"]),
    ("aws_volume_attachment", &["force_detach", "skip_destroy", "stop_instance_before_detaching"]),
    ("aws_vpc", &["assign_generated_ipv6_cidr_block"]),
    (
        "github_repository",
        &["archive_on_destroy", "auto_init", "ignore_vulnerability_alerts_during_read", "is_template"],
    ),
    ("google_access_context_manager_service_perimeter", &["use_explicit_dry_run_spec"]),
    ("google_compute_firewall", &["disabled"]),
    ("google_compute_instance", &["allow_stopping_for_update", "enable_display"]),
    ("google_compute_network", &["enable_ula_internal_ipv6"]),
    ("google_compute_network_peering", &["import_subnet_routes_with_public_ip"]),
    ("google_compute_subnetwork", &["send_secondary_ip_range_if_empty"]),
    ("google_container_cluster", &["allow_net_admin", "enable_autopilot", "remove_default_node_pool"]),
    ("google_kms_crypto_key", &["skip_initial_version_creation"]),
    ("google_pubsub_subscription", &["enable_message_ordering", "retain_acked_messages"]),
    ("google_storage_bucket", &["default_event_based_hold", "requester_pays"]),
];

/// Returns whether a plan writes null for a boolean at the top of a resource that is not set.
pub(super) fn is_null_if_unset(resource_type: &str, name: &str) -> bool {
    let found = SEEN.binary_search_by(|(seen, _)| (*seen).cmp(resource_type));
    found.is_ok_and(|at| SEEN[at].1.contains(&name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use planguard_schemas::{Configurable, Kind, Release};

    use super::*;

    fn files(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                found.push(path);
            }
        }
    }

    fn null_booleans(plan: &serde_json::Value) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for change in plan["resource_changes"].as_array().into_iter().flatten() {
            let (Some(resource_type), Some(after)) =
                (change["type"].as_str(), change["change"]["after"].as_object())
            else {
                continue;
            };
            let Some(schema) = planguard_schemas::resource(resource_type) else { continue };
            for (name, _) in after.iter().filter(|(_, value)| value.is_null()) {
                let attribute = schema.block.attribute(name);
                if attribute.is_some_and(|attribute| {
                    attribute.kind == Kind::Bool
                        && attribute.configurable == Configurable::Optional
                        && attribute.release == Release::Present
                }) {
                    found.push((resource_type.to_owned(), name.clone()));
                }
            }
        }
        found
    }

    #[test]
    fn those_of_the_real_plans_are_here() {
        let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/plans/real");
        if !plans.is_dir() {
            eprintln!("skipped: there are no real plans in ../shared");
            return;
        }
        let mut paths = Vec::new();
        files(&plans, &mut paths);
        let parsed = paths.iter().filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok());
        let seen: BTreeSet<(String, String)> = parsed.flat_map(|plan| null_booleans(&plan)).collect();
        let all = SEEN.iter().flat_map(|(resource_type, names)| {
            names.iter().map(|name| ((*resource_type).to_owned(), (*name).to_owned()))
        });
        let all: BTreeSet<_> = all.collect();
        let wrong: Vec<_> = all.symmetric_difference(&seen).collect();
        assert!(wrong.is_empty(), "either here or in the plans: {wrong:?}");
        assert!(SEEN.is_sorted());
    }
}
