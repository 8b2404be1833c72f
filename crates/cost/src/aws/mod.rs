//! What objects of AWS cost.

mod compute;
mod containers;
mod databases;
mod network;
mod others;
mod volume;

use crate::kinds::Rule;

/// The rule of a resource type.
pub(crate) fn rule(resource_type: &str) -> Option<Rule> {
    Some(match resource_type {
        "aws_instance" => compute::instance,
        "aws_autoscaling_group" => compute::autoscaling_group,
        "aws_ebs_volume" => volume::ebs_volume,
        "aws_eks_cluster" => containers::eks_cluster,
        "aws_eks_node_group" => containers::eks_node_group,
        "aws_ecs_service" => containers::ecs_service,
        "aws_db_instance" => databases::db_instance,
        "aws_rds_cluster" => databases::rds_cluster,
        "aws_rds_cluster_instance" => databases::rds_cluster_instance,
        "aws_elasticache_cluster" => databases::elasticache_cluster,
        "aws_elasticache_replication_group" => databases::elasticache_replication_group,
        "aws_opensearch_domain" | "aws_elasticsearch_domain" => databases::search_domain,
        "aws_redshift_cluster" => databases::redshift_cluster,
        "aws_msk_cluster" => databases::msk_cluster,
        "aws_dynamodb_table" => databases::dynamodb_table,
        "aws_dynamodb_table_replica" => databases::dynamodb_replica,
        "aws_efs_file_system" => others::file_system,
        "aws_nat_gateway" => network::nat_gateway,
        "aws_lb" | "aws_alb" => network::load_balancer,
        "aws_elb" => network::classic_load_balancer,
        "aws_vpc_endpoint" => network::vpc_endpoint,
        "aws_eip" => network::elastic_ip,
        "aws_vpn_connection" => network::vpn_connection,
        "aws_ec2_transit_gateway_vpc_attachment" | "aws_ec2_transit_gateway_peering_attachment" => {
            network::transit_gateway_attachment
        }
        "aws_kinesis_stream" => others::kinesis_stream,
        "aws_kms_key" | "aws_kms_replica_key" | "aws_kms_external_key" => others::kms_key,
        "aws_cloudwatch_metric_alarm" => others::metric_alarm,
        "aws_cloudwatch_composite_alarm" => others::composite_alarm,
        _ => return None,
    })
}
