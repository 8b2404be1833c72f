//! Reference values: what objects cost a month, by formulas whose prices were taken from the lists of the providers by hand.
//! A month has 730 hours.

use planguard_cost::{Bound, Decimal, PlanCost, Prices, amount, parse_amount};
use planguard_plan::Plan;

/// The value of a sum of products: `730 * 0.096 + 8 * 0.1`.
fn value(formula: &str) -> Decimal {
    let product = |term: &str| -> Decimal {
        term.split('*').map(|factor| parse_amount(factor).unwrap_or_else(|| panic!("{formula}"))).product()
    };
    formula.split('+').map(product).sum()
}

fn cost(changes: &[String], configuration: &str) -> PlanCost {
    let text = format!(
        r#"{{"format_version": "1.2", "timestamp": "2026-01-15T00:00:00Z", "resource_changes": [{}]{configuration}}}"#,
        changes.join(",")
    );
    PlanCost::of(&Plan::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}")), &Prices::default())
}

fn change(address: &str, actions: &str, before: &str, after: &str, unknown: &str) -> String {
    format!(
        r#"{{"address": "{address}", "change": {{"actions": [{actions}], "before": {before}, "after": {after}, "after_unknown": {unknown}}}}}"#
    )
}

fn created(resource_type: &str, after: &str) -> String {
    change(&format!("{resource_type}.a"), r#""create""#, "null", after, "{}")
}

/// Objects that are created: type, attributes, and what is known of a month.
const CREATED: &[(&str, &str, &str)] = &[
    // Machines of AWS, with their volumes.
    (
        "aws_instance",
        r#"{"region": "us-east-1", "instance_type": "t3.micro", "root_block_device": [{"volume_type": "gp3", "volume_size": 20}]}"#,
        "730 * 0.0104 + 20 * 0.08",
    ),
    ("aws_instance", r#"{"region": "us-east-1", "instance_type": "m5.large"}"#, "730 * 0.096 + 8 * 0.1"),
    (
        "aws_instance",
        r#"{"region": "eu-west-1", "instance_type": "m5.large", "root_block_device": [{"volume_type": "gp2", "volume_size": 10}]}"#,
        "730 * 0.107 + 10 * 0.11",
    ),
    (
        "aws_instance",
        r#"{"availability_zone": "eu-central-1b", "instance_type": "c6i.2xlarge", "root_block_device": [{"volume_type": "gp3", "volume_size": 50}]}"#,
        "730 * 0.388 + 50 * 0.0952",
    ),
    (
        "aws_instance",
        r#"{"arn": "arn:aws:ec2:us-gov-west-1:1:instance/i", "instance_type": "m5.large", "root_block_device": [{"volume_type": "io1", "volume_size": 10, "iops": 100}]}"#,
        "730 * 0.121 + 10 * 0.15 + 100 * 0.078",
    ),
    (
        "aws_instance",
        r#"{"region": "us-west-2", "instance_type": "g4dn.xlarge", "monitoring": true, "root_block_device": [{"volume_type": "gp3", "volume_size": 100}]}"#,
        "730 * 0.526 + 100 * 0.08 + 7 * 0.3",
    ),
    (
        "aws_instance",
        r#"{"region": "us-east-1", "instance_type": "t3.medium", "root_block_device": [{"volume_type": "gp2", "volume_size": 8}], "ebs_block_device": [{"volume_type": "st1", "volume_size": 500}, {"volume_type": "sc1", "volume_size": 500}]}"#,
        "730 * 0.0416 + 8 * 0.1 + 500 * 0.045 + 500 * 0.015",
    ),
    // Volumes.
    ("aws_ebs_volume", r#"{"region": "us-east-1", "type": "gp2", "size": 100}"#, "100 * 0.1"),
    (
        "aws_ebs_volume",
        r#"{"region": "us-east-1", "type": "gp3", "size": 100, "iops": 3000, "throughput": 125}"#,
        "100 * 0.08",
    ),
    (
        "aws_ebs_volume",
        r#"{"region": "eu-central-1", "type": "gp3", "size": 200, "iops": 5000, "throughput": 637}"#,
        "200 * 0.0952 + 2000 * 0.006 + 0.5 * 48.7424",
    ),
    (
        "aws_ebs_volume",
        r#"{"region": "eu-central-1", "type": "io1", "size": 100, "iops": 2000}"#,
        "100 * 0.149 + 2000 * 0.078",
    ),
    (
        "aws_ebs_volume",
        r#"{"region": "us-east-1", "type": "io2", "size": 100, "iops": 40000}"#,
        "100 * 0.125 + 32000 * 0.065 + 8000 * 0.0455",
    ),
    (
        "aws_ebs_volume",
        r#"{"region": "us-east-1", "type": "io2", "size": 1000, "iops": 70000}"#,
        "1000 * 0.125 + 32000 * 0.065 + 32000 * 0.0455 + 6000 * 0.03185",
    ),
    ("aws_ebs_volume", r#"{"region": "us-east-1", "type": "st1", "size": 500}"#, "500 * 0.045"),
    ("aws_ebs_volume", r#"{"region": "eu-central-1", "type": "sc1", "size": 500}"#, "500 * 0.018"),
    ("aws_ebs_volume", r#"{"region": "us-east-1", "type": "standard", "size": 10}"#, "10 * 0.05"),
    // Databases, caches and other clusters.
    (
        "aws_db_instance",
        r#"{"region": "us-east-1", "instance_class": "db.t3.micro", "engine": "mysql", "allocated_storage": 20}"#,
        "730 * 0.017",
    ),
    (
        "aws_db_instance",
        r#"{"region": "eu-west-1", "instance_class": "db.m5.large", "engine": "postgres", "multi_az": true}"#,
        "730 * 0.394",
    ),
    (
        "aws_db_instance",
        r#"{"region": "ap-northeast-1", "instance_class": "db.r6g.large", "engine": "mariadb", "multi_az": false}"#,
        "730 * 0.255",
    ),
    (
        "aws_db_instance",
        r#"{"region": "eu-central-1", "instance_class": "db.r5.xlarge", "engine": "mysql", "multi_az": true}"#,
        "730 * 1.16",
    ),
    (
        "aws_rds_cluster",
        r#"{"region": "us-east-1", "db_cluster_instance_class": "db.m6gd.large", "engine": "postgres"}"#,
        "730 * 0.522",
    ),
    (
        "aws_elasticache_cluster",
        r#"{"region": "eu-west-1", "node_type": "cache.t3.small", "engine": "memcached", "num_cache_nodes": 3}"#,
        "3 * 730 * 0.036",
    ),
    (
        "aws_elasticache_replication_group",
        r#"{"region": "us-east-1", "node_type": "cache.r6g.large", "num_node_groups": 2, "replicas_per_node_group": 1}"#,
        "4 * 730 * 0.206",
    ),
    (
        "aws_elasticache_replication_group",
        r#"{"region": "us-west-2", "node_type": "cache.t4g.micro", "num_cache_clusters": 2}"#,
        "2 * 730 * 0.016",
    ),
    (
        "aws_opensearch_domain",
        r#"{"region": "us-east-1", "cluster_config": [{"instance_type": "t3.small.search", "instance_count": 2}]}"#,
        "2 * 730 * 0.036",
    ),
    (
        "aws_opensearch_domain",
        r#"{"region": "eu-west-1", "cluster_config": [{"instance_type": "r6g.large.search", "instance_count": 3}]}"#,
        "3 * 730 * 0.187",
    ),
    (
        "aws_redshift_cluster",
        r#"{"region": "us-east-1", "node_type": "ra3.xlplus", "number_of_nodes": 2}"#,
        "2 * 730 * 1.086",
    ),
    ("aws_redshift_cluster", r#"{"region": "eu-west-1", "node_type": "dc2.large"}"#, "730 * 0.3"),
    (
        "aws_msk_cluster",
        r#"{"region": "us-east-1", "number_of_broker_nodes": 2, "broker_node_group_info": [{"instance_type": "kafka.t3.small"}]}"#,
        "2 * 730 * 0.0456",
    ),
    (
        "aws_msk_cluster",
        r#"{"region": "eu-west-1", "number_of_broker_nodes": 3, "broker_node_group_info": [{"instance_type": "kafka.m5.xlarge"}]}"#,
        "3 * 730 * 0.468",
    ),
    (
        "aws_dynamodb_table",
        r#"{"region": "eu-west-1", "billing_mode": "PROVISIONED", "read_capacity": 10, "write_capacity": 10}"#,
        "730 * 10 * 0.000147 + 730 * 10 * 0.000735",
    ),
    (
        "aws_dynamodb_table",
        r#"{"region": "us-east-1", "billing_mode": "PROVISIONED", "read_capacity": 10, "write_capacity": 10, "replica": [{"region_name": "eu-west-1"}, {"region_name": "eu-central-1"}]}"#,
        "7300 * 0.00013 + 7300 * 0.00065 + 7300 * 0.000147 + 7300 * 0.000735 + 7300 * 0.0001586 + 7300 * 0.000793",
    ),
    (
        "aws_dynamodb_table",
        r#"{"region": "us-east-1", "billing_mode": "PAY_PER_REQUEST", "replica": [{"region_name": "eu-west-1"}]}"#,
        "0",
    ),
    // Clusters of containers.
    ("aws_eks_cluster", r#"{"region": "us-east-1", "version": "1.34"}"#, "730 * 0.1"),
    ("aws_eks_cluster", r#"{"region": "ap-southeast-2", "version": "1.29"}"#, "730 * 0.1 + 730 * 0.5"),
    (
        "aws_eks_cluster",
        r#"{"region": "us-east-1", "version": "1.29", "upgrade_policy": [{"support_type": "STANDARD"}]}"#,
        "730 * 0.1",
    ),
    (
        "aws_eks_node_group",
        r#"{"region": "us-east-1", "instance_types": ["m5.large"], "scaling_config": [{"desired_size": 3, "min_size": 1, "max_size": 5}]}"#,
        "3 * 730 * 0.096 + 3 * 20 * 0.1",
    ),
    (
        "aws_eks_node_group",
        r#"{"region": "us-east-1", "disk_size": 50, "scaling_config": [{"desired_size": 2}]}"#,
        "2 * 730 * 0.0416 + 2 * 50 * 0.1",
    ),
    // Networks.
    ("aws_nat_gateway", r#"{"region": "us-east-1"}"#, "730 * 0.045"),
    ("aws_nat_gateway", r#"{"region": "ap-southeast-2"}"#, "730 * 0.059"),
    ("aws_lb", r#"{"region": "ap-southeast-2", "load_balancer_type": "application"}"#, "730 * 0.0252"),
    ("aws_lb", r#"{"region": "us-east-1", "load_balancer_type": "network"}"#, "730 * 0.0225"),
    ("aws_elb", r#"{"region": "ap-southeast-2"}"#, "730 * 0.028"),
    (
        "aws_vpc_endpoint",
        r#"{"region": "eu-west-1", "vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b", "c"]}"#,
        "3 * 730 * 0.011",
    ),
    ("aws_vpc_endpoint", r#"{"region": "eu-west-1", "vpc_endpoint_type": "Gateway"}"#, "0"),
    ("aws_eip", r#"{"region": "eu-west-1"}"#, "730 * 0.005"),
    (
        "aws_vpn_connection",
        r#"{"region": "eu-west-1", "transit_gateway_id": "tgw-1"}"#,
        "730 * 0.05 + 730 * 0.05",
    ),
    ("aws_ec2_transit_gateway_vpc_attachment", r#"{"region": "eu-west-1"}"#, "730 * 0.05"),
    // Others of AWS.
    ("aws_kms_key", r#"{"region": "eu-west-1"}"#, "1"),
    ("aws_cloudwatch_metric_alarm", r#"{"region": "eu-west-1", "period": 300}"#, "0.1"),
    ("aws_cloudwatch_metric_alarm", r#"{"region": "eu-west-1", "period": 10}"#, "0.3"),
    ("aws_cloudwatch_composite_alarm", r#"{"region": "eu-west-1"}"#, "0.5"),
    (
        "aws_efs_file_system",
        r#"{"region": "us-east-1", "throughput_mode": "provisioned", "provisioned_throughput_in_mibps": 5}"#,
        "5 * 6",
    ),
    // Azure.
    (
        "azurerm_linux_virtual_machine",
        r#"{"location": "West Europe", "size": "Standard_D2s_v3"}"#,
        "730 * 0.12",
    ),
    ("azurerm_linux_virtual_machine", r#"{"location": "eastus", "size": "Standard_B2s"}"#, "730 * 0.0416"),
    ("azurerm_linux_virtual_machine", r#"{"location": "uksouth", "size": "Standard_E4s_v5"}"#, "730 * 0.296"),
    (
        "azurerm_windows_virtual_machine",
        r#"{"location": "japaneast", "size": "Standard_D4as_v4", "license_type": "Windows_Server"}"#,
        "730 * 0.248",
    ),
    (
        "azurerm_linux_virtual_machine_scale_set",
        r#"{"location": "germanywestcentral", "sku": "Standard_F8s_v2", "instances": 4}"#,
        "4 * 730 * 0.388",
    ),
    (
        "azurerm_kubernetes_cluster",
        r#"{"location": "westeurope", "default_node_pool": [{"vm_size": "Standard_D2s_v3", "node_count": 3}]}"#,
        "3 * 730 * 0.12",
    ),
    // Google: what remains of a month of N1 is 0.7 of its price, of N2, N2D and C2 0.8002.
    (
        "google_compute_instance",
        r#"{"zone": "us-central1-a", "machine_type": "n1-standard-1", "boot_disk": [{"initialize_params": [{"type": "pd-ssd", "size": 20}]}]}"#,
        "730 * 0.0475 * 0.7 + 20 * 0.17",
    ),
    (
        "google_compute_instance",
        r#"{"zone": "europe-west1-b", "machine_type": "n2-standard-4", "boot_disk": [{"initialize_params": [{"type": "pd-balanced", "size": 50}]}]}"#,
        "730 * 0.213668 * 0.8002 + 50 * 0.1",
    ),
    (
        "google_compute_instance",
        r#"{"zone": "us-central1-a", "machine_type": "e2-medium", "boot_disk": [{"initialize_params": [{"type": "pd-standard", "size": 10}]}]}"#,
        "730 * 0.033506 + 10 * 0.04",
    ),
    (
        "google_compute_instance",
        r#"{"zone": "asia-northeast1-a", "machine_type": "n2d-standard-2"}"#,
        "730 * 0.108396 * 0.8002",
    ),
    (
        "google_compute_instance",
        r#"{"zone": "us-east1-b", "machine_type": "t2d-standard-1"}"#,
        "730 * 0.042246",
    ),
    (
        "google_compute_disk",
        r#"{"zone": "europe-west1-b", "type": "pd-standard", "size": 500}"#,
        "500 * 0.04",
    ),
    (
        "google_compute_disk",
        r#"{"zone": "europe-west1-b", "type": "pd-extreme", "size": 100}"#,
        "100 * 0.125",
    ),
    (
        "google_compute_region_disk",
        r#"{"region": "us-central1", "type": "pd-balanced", "size": 100}"#,
        "100 * 0.2",
    ),
    ("google_compute_address", r#"{"region": "europe-west1"}"#, "730 * 0.005"),
    ("google_compute_vpn_tunnel", r#"{"region": "europe-west1"}"#, "730 * 0.05"),
    (
        "google_container_node_pool",
        r#"{"location": "europe-west3-a", "node_count": 2, "node_config": [{"machine_type": "e2-standard-2", "disk_type": "pd-standard", "disk_size_gb": 100}]}"#,
        "2 * 730 * 0.086336 + 2 * 100 * 0.048",
    ),
    (
        "google_container_node_pool",
        r#"{"location": "us-central1", "node_count": 1, "node_config": [{"machine_type": "n1-standard-2", "disk_type": "pd-ssd", "disk_size_gb": 10}]}"#,
        "3 * 730 * 0.095 * 0.7 + 3 * 10 * 0.17",
    ),
];

#[test]
fn objects_cost_what_the_lists_say() {
    let mut wrong = Vec::new();
    for (resource_type, after, formula) in CREATED {
        let found = cost(&[created(resource_type, after)], "").sum;
        let (found, expected) = (amount(found.after), amount(value(formula)));
        if found != expected {
            wrong.push(format!("{resource_type} {after}: {found}, expected {expected} ({formula})"));
        }
    }
    assert!(CREATED.len() >= 60 && wrong.is_empty(), "{} rows: {wrong:#?}", CREATED.len());
}

/// Objects with something that nobody can tell: what is known counts, and the sum is the least.
#[test]
fn what_is_not_known_is_no_zero() {
    for (resource_type, after, unknown, known) in [
        ("aws_instance", r#"{"region": "us-east-1"}"#, r#"{"instance_type": true}"#, "8 * 0.1"),
        (
            "aws_instance",
            r#"{"region": "us-east-1", "instance_type": "m5.large", "root_block_device": [{"volume_type": "gp3"}]}"#,
            r#"{"root_block_device": [{"volume_size": true}]}"#,
            "730 * 0.096",
        ),
        (
            "aws_instance",
            r#"{"region": "us-east-1", "instance_type": "m99.huge", "root_block_device": [{"volume_type": "gp2", "volume_size": 1}]}"#,
            "{}",
            "0.1",
        ),
        ("aws_ebs_volume", r#"{"region": "us-east-1", "type": "gp3"}"#, r#"{"size": true}"#, "0"),
        (
            "aws_ebs_volume",
            r#"{"region": "us-east-1", "type": "gp3", "size": 10}"#,
            r#"{"iops": true}"#,
            "10 * 0.08",
        ),
        (
            "aws_db_instance",
            r#"{"region": "us-east-1", "instance_class": "db.t3.micro", "engine": "mysql", "allocated_storage": 20}"#,
            "{}",
            "730 * 0.017",
        ),
        (
            "aws_db_instance",
            r#"{"region": "us-east-1", "instance_class": "db.t3.micro", "engine": "oracle-ee"}"#,
            "{}",
            "0",
        ),
        (
            "aws_dynamodb_table",
            r#"{"region": "us-east-1", "billing_mode": "PROVISIONED", "read_capacity": 10}"#,
            r#"{"write_capacity": true}"#,
            "7300 * 0.00013",
        ),
        (
            "aws_dynamodb_table",
            r#"{"region": "us-east-1", "billing_mode": "PROVISIONED", "read_capacity": 10, "write_capacity": 10}"#,
            r#"{"replica": true}"#,
            "7300 * 0.00013 + 7300 * 0.00065",
        ),
        (
            "aws_rds_cluster_instance",
            r#"{"region": "us-east-1", "instance_class": "db.r5.large"}"#,
            "{}",
            "0",
        ),
        (
            "azurerm_linux_virtual_machine",
            r#"{"location": "eastus", "size": "Standard_B2s"}"#,
            "{}",
            "730 * 0.0416",
        ),
        ("azurerm_managed_disk", r#"{"location": "eastus", "disk_size_gb": 64}"#, "{}", "0"),
        ("google_compute_disk", r#"{"zone": "us-central1-a", "type": "pd-ssd"}"#, r#"{"size": true}"#, "0"),
        ("acme_widget", "{}", "{}", "0"),
    ] {
        let address = format!("{resource_type}.a");
        let found = cost(&[change(&address, r#""create""#, "null", after, unknown)], "").sum;
        assert_eq!(amount(found.after), amount(value(known)), "{resource_type} {after} {unknown}");
        assert_eq!(
            (found.bound, found.after_is_least),
            (Bound::AtLeast, true),
            "{resource_type} {after} {unknown}"
        );
    }
}

/// Objects that exist before: what they cost on each side.
#[test]
fn changes_cost_on_both_sides() {
    let small = r#"{"region": "us-east-1", "instance_type": "t3.medium", "root_block_device": [{"volume_type": "gp3", "volume_size": 8}]}"#;
    let large = r#"{"region": "us-east-1", "instance_type": "m5.large", "root_block_device": [{"volume_type": "gp3", "volume_size": 100}]}"#;
    let (of_small, of_large) = ("730 * 0.0416 + 8 * 0.08", "730 * 0.096 + 100 * 0.08");
    for (actions, before, after, cost_before, cost_after) in [
        (r#""delete", "create""#, small, large, of_small, of_large),
        (r#""create", "delete""#, large, small, of_large, of_small),
        (r#""update""#, small, large, of_small, of_large),
        (r#""no-op""#, large, large, of_large, of_large),
        (r#""delete""#, large, "null", of_large, "0"),
        (r#""forget""#, small, "null", of_small, of_small),
        (r#""create""#, "null", small, "0", of_small),
    ] {
        let found = cost(&[change("aws_instance.a", actions, before, after, "{}")], "").sum;
        let sums = (amount(found.before.expect("known")), amount(found.after), found.bound);
        assert_eq!(sums, (amount(value(cost_before)), amount(value(cost_after)), Bound::Exact), "{actions}");
    }
}

/// Objects of one block: each counts.
#[test]
fn every_instance_of_a_block_counts() {
    let gateway = r#"{"region": "us-east-1"}"#;
    let counted: Vec<String> = (0..3)
        .map(|index| change(&format!("aws_nat_gateway.a[{index}]"), r#""create""#, "null", gateway, "{}"))
        .collect();
    assert_eq!(amount(cost(&counted, "").sum.after), amount(value("3 * 730 * 0.045")));
    let keyed: Vec<String> =
        [("x", "us-east-1", "create"), ("y", "ap-southeast-2", "create"), ("z", "us-east-1", "delete")]
            .map(|(key, region, action)| {
                let side = format!(r#"{{"region": "{region}"}}"#);
                let (before, after) =
                    if action == "create" { ("null", side.as_str()) } else { (side.as_str(), "null") };
                change(
                    &format!(r#"module.m[\"{key}\"].aws_nat_gateway.a[\"{key}\"]"#),
                    &format!("\"{action}\""),
                    before,
                    after,
                    "{}",
                )
            })
            .to_vec();
    let found = cost(&keyed, "").sum;
    assert_eq!(amount(found.before.expect("known")), amount(value("730 * 0.045")));
    assert_eq!(amount(found.after), amount(value("730 * 0.045 + 730 * 0.059")));
}

/// Objects whose cost other objects tell.
#[test]
fn groups_and_services_cost_what_their_templates_say() {
    let reference = |resource: &str, attribute: &str, to: &str| {
        format!(
            r#"{{"mode": "managed", "type": "{resource}", "name": "a", "expressions": {{{}}}}}"#,
            attribute.replace("REF", &format!(r#"{{"references": ["{to}.id", "{to}"]}}"#))
        )
    };
    let configuration = |resources: &[String]| {
        format!(r#", "configuration": {{"root_module": {{"resources": [{}]}}}}"#, resources.join(","))
    };
    let template = created(
        "aws_launch_template",
        r#"{"region": "us-east-1", "instance_type": "m5.large", "block_device_mappings": [{"ebs": [{"volume_size": 30, "volume_type": "gp3"}]}]}"#,
    );
    let group = created(
        "aws_autoscaling_group",
        r#"{"region": "us-east-1", "desired_capacity": 4, "launch_template": [{}]}"#,
    );
    let told = configuration(&[
        reference("aws_launch_template", "", ""),
        reference("aws_autoscaling_group", r#""launch_template": [{"id": REF}]"#, "aws_launch_template.a"),
    ]);
    let found = cost(&[template, group], &told).sum;
    assert_eq!(amount(found.after), amount(value("4 * 730 * 0.096 + 4 * 30 * 0.08")));
    let task = created(
        "aws_ecs_task_definition",
        r#"{"region": "eu-west-1", "cpu": "512", "memory": "1024", "requires_compatibilities": ["FARGATE"]}"#,
    );
    let service = created(
        "aws_ecs_service",
        r#"{"region": "eu-west-1", "desired_count": 2, "launch_type": "FARGATE"}"#,
    );
    let told = configuration(&[
        reference("aws_ecs_task_definition", "", ""),
        reference("aws_ecs_service", r#""task_definition": REF"#, "aws_ecs_task_definition.a"),
    ]);
    let found = cost(&[task, service], &told).sum;
    assert_eq!(amount(found.after), amount(value("2 * 730 * 0.5 * 0.04048 + 2 * 730 * 1 * 0.004445")));
}

/// The region of an object is the one of its provider's block, and then of its siblings.
#[test]
fn regions_decide_prices() {
    let gateway = || created("aws_nat_gateway", "{}");
    let block = r#", "configuration": {"provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "ap-southeast-2"}}}},
        "root_module": {"resources": [{"mode": "managed", "type": "aws_nat_gateway", "name": "a", "provider_config_key": "aws", "expressions": {}}]}}"#;
    assert_eq!(amount(cost(&[gateway()], block).sum.after), amount(value("730 * 0.059")));
    assert_eq!(
        amount(cost(&[gateway()], "").sum.after),
        amount(value("730 * 0.045")),
        "us-east-1 is assumed"
    );
    let beside = change(
        "aws_sns_topic.t",
        r#""no-op""#,
        r#"{"arn": "arn:aws:sns:ap-southeast-2:1:t"}"#,
        r#"{"arn": "arn:aws:sns:ap-southeast-2:1:t"}"#,
        "{}",
    );
    assert_eq!(amount(cost(&[gateway(), beside], "").sum.after), amount(value("730 * 0.059")));
}
