//! Databases, caches, search and streams of AWS that run on nodes.

use rust_decimal::Decimal;

use crate::bill::{Bill, Input, Missing, Part, Service, Unit, product};
use crate::book::Table;
use crate::facts::{Place, Resource};

pub(super) fn db_instance(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let class = root.needed("instance_class");
    let engine = match root.text("engine") {
        Ok(Some(engine)) => Ok(engine),
        // A replica has the engine of its source.
        Ok(None) => resource
            .named_by(&root.get("replicate_source_db"), &["aws_db_instance"], "source database")
            .map_err(|_| Missing::unknown("`engine` is not set"))
            .and_then(|source| source.root().needed("engine")),
        Err(missing) => Err(missing),
    };
    let deployment = root.flag("multi_az").map(|several| if several { "multi-az" } else { "single-az" });
    let key = match (class.clone(), engine, deployment) {
        (_, Ok(engine), _) if !matches!(engine, "mysql" | "mariadb" | "postgres") => {
            Err(Missing::no_price(format!("the price book has no prices of the engine `{engine}`")))
        }
        (Ok(class), Ok(engine), Ok(deployment)) => Ok(format!("{class} {engine} {deployment}")),
        (Err(missing), _, _) | (_, Err(missing), _) | (_, _, Err(missing)) => Err(missing),
    };
    let part = Part::new("Instance", Service::Rds, Unit::Hour, Table::AwsRds, key);
    bill.add(part);
    add_class(bill, class);
    let storage = root.number("allocated_storage");
    let missing = storage.clone().err().unwrap_or_else(|| no_storage("RDS"));
    bill.missing("Storage", Service::Rds, Unit::GbMonth, storage.ok().flatten(), missing);
    if let (Ok(Some(kind)), Some(component)) = (root.text("storage_type"), bill.components.last_mut()) {
        component.detail = kind.to_owned();
    }
}

/// Names the class of an instance that has no price.
fn add_class(bill: &mut Bill<'_>, class: Input<&str>) {
    if let (Some(component), Ok(class)) = (bill.components.last_mut(), class)
        && component.detail.is_empty()
    {
        component.detail = class.to_owned();
    }
}

fn no_storage(service: &str) -> Missing {
    Missing::no_price(format!("the price book has no prices of {service} storage"))
}

/// A cluster of Aurora has instances of their own; one on several zones has them within.
pub(super) fn rds_cluster(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let class = match root.text("db_cluster_instance_class") {
        Ok(None) => return bill.usage("Storage and capacity", Service::Rds, "GB and capacity unit", None),
        Ok(Some(class)) => Ok(class),
        Err(missing) => Err(missing),
    };
    let key = class.and_then(|class| Ok(format!("{class} {} multi-az-cluster", root.needed("engine")?)));
    bill.add(Part::new("Three instances", Service::Rds, Unit::Hour, Table::AwsRds, key));
    let storage = root.number("allocated_storage");
    let missing = storage.clone().err().unwrap_or_else(|| no_storage("RDS"));
    bill.missing("Storage", Service::Rds, Unit::GbMonth, storage.ok().flatten(), missing);
}

pub(super) fn rds_cluster_instance(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let missing = Missing::no_price("the price book has no prices of Aurora and Multi-AZ clusters");
    bill.missing("Instance", Service::Rds, Unit::Hour, Some(crate::amount::hours_of_month()), missing);
    add_class(bill, resource.root().needed("instance_class"));
}

fn cache_nodes(bill: &mut Bill<'_>, kind: Input<&str>, engine: Input<&str>, number: Input<Decimal>) {
    let key = kind.and_then(|kind| engine.map(|engine| format!("{kind} {engine}")));
    let part = Part::new("Node", Service::ElastiCache, Unit::Hour, Table::AwsElastiCache, key);
    bill.add(part.times(number));
}

pub(super) fn elasticache_cluster(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let number = root.count("num_cache_nodes").map(|number| number.unwrap_or(Decimal::ONE));
    let (kind, engine) = (root.text("node_type"), root.text("engine"));
    let is_member = !matches!(root.text("replication_group_id"), Ok(None));
    if let (true, Ok(None)) = (is_member, &kind) {
        const TYPES: &[&str] = &["aws_elasticache_replication_group"];
        let group = resource.named_by(&root.get("replication_group_id"), TYPES, "replication group");
        let group = group.as_ref().map(Resource::root);
        let kind =
            group.as_ref().map_err(|missing| (*missing).clone()).and_then(|group| group.needed("node_type"));
        let engine = group.as_ref().map_err(|missing| (*missing).clone()).and_then(engine_of_group);
        cache_nodes(bill, kind, engine, number);
        return;
    }
    let unset = |name: &str| root.not_set(name);
    let kind = kind.and_then(|kind| kind.ok_or_else(|| unset("node_type")));
    let engine = engine.and_then(|engine| engine.ok_or_else(|| unset("engine")));
    cache_nodes(bill, kind, engine, number);
}

fn engine_of_group<'p>(group: &Place<'p, '_>) -> Input<&'p str> {
    group.text("engine").map(|engine| engine.unwrap_or("redis"))
}

pub(super) fn elasticache_replication_group(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    cache_nodes(bill, root.needed("node_type"), engine_of_group(&root), nodes_of_group(&root));
}

fn nodes_of_group(root: &Place<'_, '_>) -> Input<Decimal> {
    let sharded = |place: &Place<'_, '_>| -> Input<Option<Decimal>> {
        let Some(shards) = place.count("num_node_groups")? else { return Ok(None) };
        let replicas = place.count("replicas_per_node_group")?.unwrap_or_default();
        product([shards, replicas + Decimal::ONE]).map(Some)
    };
    if let Some(mode) = root.block("cluster_mode")?
        && let Some(nodes) = sharded(&mode)?
    {
        return Ok(nodes);
    }
    // The provider computes the other ones from that which is set.
    for name in ["num_cache_clusters", "number_cache_clusters"] {
        if let Some(nodes) = root.count(name)? {
            return Ok(nodes);
        }
    }
    Ok(sharded(root)?.unwrap_or(Decimal::ONE))
}

pub(super) fn search_domain(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let cluster = match root.block("cluster_config") {
        Ok(Some(cluster)) => cluster,
        Ok(None) => {
            let missing = Missing::unknown("`cluster_config` is not set");
            bill.missing("Instance", Service::OpenSearch, Unit::Hour, None, missing);
            return;
        }
        Err(missing) => {
            bill.missing("Instance", Service::OpenSearch, Unit::Hour, None, missing);
            return;
        }
    };
    let nodes = |name, kind: &str, number: Input<Decimal>| {
        let key = cluster.needed(kind).map(|kind| kind.replace(".elasticsearch", ".search"));
        Part::new(name, Service::OpenSearch, Unit::Hour, Table::AwsOpenSearch, key).times(number)
    };
    let number = cluster.count("instance_count").map(|number| number.unwrap_or(Decimal::ONE));
    bill.add(nodes("Instance", "instance_type", number.clone()));
    if cluster.flag("dedicated_master_enabled") != Ok(false) {
        bill.add(nodes(
            "Dedicated master",
            "dedicated_master_type",
            cluster.needed_count("dedicated_master_count"),
        ));
    }
    if cluster.flag("warm_enabled") != Ok(false) {
        bill.add(nodes("UltraWarm node", "warm_type", cluster.needed_count("warm_count")));
    }
    if let Ok(Some(ebs)) = root.block("ebs_options")
        && ebs.flag("ebs_enabled") != Ok(false)
    {
        let size = ebs.number("volume_size").ok().flatten();
        let quantity = size.zip(number.ok()).and_then(|(size, number)| product([size, number]).ok());
        bill.missing("Storage", Service::OpenSearch, Unit::GbMonth, quantity, no_storage("OpenSearch"));
    }
}

pub(super) fn redshift_cluster(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let number = root.count("number_of_nodes").map(|number| number.unwrap_or(Decimal::ONE));
    let kind = root.needed("node_type");
    let part = Part::new("Node", Service::Redshift, Unit::Hour, Table::AwsRedshift, kind.clone());
    bill.add(part.times(number));
    if kind.is_ok_and(|kind| kind.starts_with("ra3")) {
        bill.usage("Managed storage", Service::Redshift, "GB", None);
    }
}

pub(super) fn msk_cluster(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let brokers = root.needed_count("number_of_broker_nodes");
    let group = root.block("broker_node_group_info");
    let group =
        group.and_then(|group| group.ok_or_else(|| Missing::unknown("`broker_node_group_info` is not set")));
    let kind = group.as_ref().map_err(Clone::clone).and_then(|group| group.needed("instance_type"));
    let part = Part::new("Broker", Service::Msk, Unit::Hour, Table::AwsMsk, kind);
    bill.add(part.times(brokers.clone()));
    let size = group.ok().and_then(|group| {
        let storage = group.block("storage_info").ok()??.block("ebs_storage_info").ok()??;
        storage.number("volume_size").ok()?
    });
    let quantity = size.zip(brokers.ok()).and_then(|(size, brokers)| product([size, brokers]).ok());
    bill.missing("Storage", Service::Msk, Unit::GbMonth, quantity, no_storage("MSK"));
}

pub(super) fn dynamodb_table(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    match root.text("billing_mode") {
        Ok(Some("PAY_PER_REQUEST")) => bill.usage("Requests", Service::DynamoDb, "request", None),
        Ok(_) => {
            let indexes = root.list("global_secondary_index");
            let capacity = |attribute: &str| {
                let own = root.needed_count(attribute);
                indexes.as_ref().map_err(Clone::clone).and_then(|indexes| {
                    let of_indexes = indexes.iter().map(|index| index.needed_count(attribute));
                    of_indexes.chain([own]).sum::<Input<Decimal>>()
                })
            };
            let (reads, writes) = (capacity("read_capacity"), capacity("write_capacity"));
            let part = |name, key, count: &Input<Decimal>| {
                Part::aws(name, Service::DynamoDb, Unit::Hour, key).times(count.clone())
            };
            bill.add(part("Read capacity", "dynamodb-read-hour", &reads));
            bill.add(part("Write capacity", "dynamodb-write-hour", &writes));
            for replica in replicas(&root) {
                match replica {
                    Ok(region) => {
                        let of_replica = |name, key, count| {
                            let part = part(name, key, count).in_region(region).detail(region);
                            part.assuming(Some("a replica is assumed to have the capacity of its table"))
                        };
                        bill.add(of_replica("Replica, read capacity", "dynamodb-read-hour", &reads));
                        // Replicated writes cost what other writes do since November 2024.
                        bill.add(of_replica("Replica, write capacity", "dynamodb-write-hour", &writes));
                    }
                    Err(missing) => bill.missing("Replica", Service::DynamoDb, Unit::Hour, None, missing),
                }
            }
        }
        Err(missing) => bill.missing("Capacity", Service::DynamoDb, Unit::Hour, None, missing),
    }
    bill.usage("Storage", Service::DynamoDb, "GB", Some("dynamodb-storage-gb"));
}

/// The regions of the replicas of a global table.
fn replicas<'p>(table: &Place<'p, '_>) -> Vec<Input<&'p str>> {
    match table.list("replica") {
        Ok(replicas) => replicas.iter().map(|replica| replica.needed("region_name")).collect(),
        Err(missing) => vec![Err(missing)],
    }
}

/// A replica of a global table that is an object of its own.
pub(super) fn dynamodb_replica(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let table = resource.named_by(&resource.root().get("global_table_arn"), &["aws_dynamodb_table"], "table");
    match table {
        Ok(table) => {
            let root = table.root();
            if matches!(root.text("billing_mode"), Ok(Some("PAY_PER_REQUEST"))) {
                bill.usage("Requests", Service::DynamoDb, "request", None);
            } else {
                for (name, attribute, key) in [
                    ("Read capacity", "read_capacity", "dynamodb-read-hour"),
                    ("Write capacity", "write_capacity", "dynamodb-write-hour"),
                ] {
                    let part = Part::aws(name, Service::DynamoDb, Unit::Hour, key);
                    let assumed = "a replica is assumed to have the capacity of its table";
                    bill.add(part.times(root.needed_count(attribute)).assuming(Some(assumed)));
                }
            }
        }
        Err(missing) => bill.missing("Capacity", Service::DynamoDb, Unit::Hour, None, missing),
    }
    bill.usage("Storage", Service::DynamoDb, "GB", Some("dynamodb-storage-gb"));
}

#[cfg(test)]
mod tests {
    use crate::testing::{costs, one};

    #[test]
    fn databases_cost_instances_and_their_storage_has_no_price() {
        // us-east-1: db.t3.medium with postgres 0.072, on two zones 0.145
        let single = r#"{"instance_class": "db.t3.medium", "engine": "postgres", "allocated_storage": 100}"#;
        let found = costs("aws_db_instance", single);
        assert_eq!(
            (found.total.as_str(), found.states()),
            ("52.56", vec!["priced".to_owned(), "no_price".to_owned()])
        );
        let several = r#"{"instance_class": "db.t3.medium", "engine": "postgres", "multi_az": true}"#;
        assert_eq!(costs("aws_db_instance", several).total, "105.85");
        for engine in ["oracle-se2", "sqlserver-ex", "aurora-mysql"] {
            let other = format!(r#"{{"instance_class": "db.t3.medium", "engine": "{engine}"}}"#);
            assert_eq!(one("aws_db_instance", &other).state, "no_price", "{engine}");
        }
        assert_eq!(one("aws_db_instance", r#"{"engine": "mysql"}"#).state, "unknown_input");
        let cluster =
            r#"{"db_cluster_instance_class": "db.m6gd.large", "engine": "mysql", "region": "eu-west-1"}"#;
        assert_eq!(costs("aws_rds_cluster", cluster).states(), ["priced", "no_price"]);
        assert_eq!(one("aws_rds_cluster", r#"{"engine": "aurora-mysql"}"#).state, "usage_based");
        assert_eq!(one("aws_rds_cluster_instance", r#"{"instance_class": "db.r5.large"}"#).state, "no_price");
    }

    #[test]
    fn caches_cost_their_nodes() {
        // us-east-1: cache.t3.micro with redis 0.017
        let cluster = r#"{"node_type": "cache.t3.micro", "engine": "redis", "num_cache_nodes": 2}"#;
        assert_eq!(costs("aws_elasticache_cluster", cluster).total, "24.82");
        let group = r#"{"node_type": "cache.t3.micro", "num_node_groups": 2, "replicas_per_node_group": 1}"#;
        assert_eq!(costs("aws_elasticache_replication_group", group).total, "49.64");
        let old = r#"{"node_type": "cache.t3.micro", "cluster_mode": [{"num_node_groups": 3, "replicas_per_node_group": 0}]}"#;
        assert_eq!(costs("aws_elasticache_replication_group", old).total, "37.23");
        let counted = r#"{"node_type": "cache.t3.micro", "num_cache_clusters": 2}"#;
        assert_eq!(costs("aws_elasticache_replication_group", counted).total, "24.82");
    }

    #[test]
    fn search_domains_cost_nodes_and_masters() {
        // us-east-1: m5.large.search 0.142
        let domain = r#"{"cluster_config": [{"instance_type": "m5.large.elasticsearch", "instance_count": 2,
            "dedicated_master_enabled": true, "dedicated_master_type": "m5.large.elasticsearch", "dedicated_master_count": 3}],
            "ebs_options": [{"ebs_enabled": true, "volume_size": 10}]}"#;
        let found = costs("aws_elasticsearch_domain", domain);
        assert_eq!(found.total, "518.30");
        assert_eq!(found.states(), ["priced", "priced", "no_price"]);
    }

    #[test]
    fn warehouses_and_brokers_cost_their_nodes() {
        // us-east-1: dc2.large 0.25, kafka.m5.large 0.21
        assert_eq!(
            costs("aws_redshift_cluster", r#"{"node_type": "dc2.large", "number_of_nodes": 4}"#).total,
            "730.00"
        );
        let brokers = r#"{"number_of_broker_nodes": 3, "broker_node_group_info": [{"instance_type": "kafka.m5.large"}]}"#;
        assert_eq!(costs("aws_msk_cluster", brokers).total, "459.90");
    }

    #[test]
    fn tables_cost_what_is_provisioned() {
        let table = r#"{"billing_mode": "PROVISIONED", "read_capacity": 30, "write_capacity": 20,
            "global_secondary_index": [{"read_capacity": 10, "write_capacity": 5}]}"#;
        // 730 * (40 * 0.00013 + 25 * 0.00065)
        assert_eq!(costs("aws_dynamodb_table", table).total, "15.66");
        let on_demand = costs("aws_dynamodb_table", r#"{"billing_mode": "PAY_PER_REQUEST"}"#);
        assert_eq!(on_demand.states(), ["usage_based", "usage_based"]);
    }

    #[test]
    fn each_replica_of_a_table_costs_its_capacity_in_its_region() {
        let table = |replicas: &str| {
            let after = format!(
                r#"{{"billing_mode": "PROVISIONED", "read_capacity": 40, "write_capacity": 25, "region": "us-east-1", "replica": {replicas}}}"#
            );
            costs("aws_dynamodb_table", &after)
        };
        // us-east-1: 730 * (40 * 0.00013 + 25 * 0.00065); eu-central-1: 730 * (40 * 0.0001586 + 25 * 0.000793)
        assert_eq!(table("[]").total, "15.66");
        let replicated = table(r#"[{"region_name": "eu-central-1"}]"#);
        assert_eq!(replicated.total, "34.76");
        assert_eq!(replicated.states(), ["priced", "priced", "estimated", "estimated", "usage_based"]);
        assert!(table("[{}]").states().contains(&"unknown_input".to_owned()));
        assert!(table(r#"[{"region_name": "mars-1"}]"#).states().contains(&"no_price".to_owned()));
        let on_demand =
            r#"{"billing_mode": "PAY_PER_REQUEST", "replica": [{"region_name": "eu-central-1"}]}"#;
        assert_eq!(costs("aws_dynamodb_table", on_demand).states(), ["usage_based", "usage_based"]);
    }
}
