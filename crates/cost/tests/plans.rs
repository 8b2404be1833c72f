//! Whole plans: sums of what is created, destroyed, replaced and kept, and plans that mean harm.

use planguard_cost::{Bound, CostAction, Decimal, PlanCost, Prices, State, amount};
use planguard_plan::Plan;
use proptest::prelude::*;

fn cost(changes: &[String]) -> PlanCost {
    let text = format!(r#"{{"format_version": "1.2", "resource_changes": [{}]}}"#, changes.join(","));
    PlanCost::of(&Plan::parse(&text).expect("a plan"), &Prices::default())
}

fn change(address: &str, actions: &str, before: &str, after: &str) -> String {
    format!(
        r#"{{"address": "{address}", "change": {{"actions": {actions}, "before": {before}, "after": {after}, "after_unknown": {{}}}}}}"#
    )
}

/// A NAT gateway in us-east-1 costs 32.85 a month, in eu-central-1 37.96.
const HERE: &str = r#"{"region": "us-east-1"}"#;
const THERE: &str = r#"{"region": "eu-central-1"}"#;

fn gateway(name: &str, actions: &str, before: &str, after: &str) -> String {
    change(&format!("aws_nat_gateway.{name}"), actions, before, after)
}

fn sums(cost: &PlanCost) -> (String, String, String) {
    let sum = &cost.sum;
    (amount(sum.before.expect("known")), amount(sum.after), amount(sum.delta().expect("known")))
}

fn of(before: &str, after: &str, delta: &str) -> (String, String, String) {
    (before.to_owned(), after.to_owned(), delta.to_owned())
}

#[test]
fn each_action_counts_on_its_sides() {
    for (actions, before, after, expected) in [
        (r#"["create"]"#, "null", HERE, of("0.00", "32.85", "32.85")),
        (r#"["delete"]"#, HERE, "null", of("32.85", "0.00", "-32.85")),
        (r#"["no-op"]"#, HERE, HERE, of("32.85", "32.85", "0.00")),
        (r#"["update"]"#, HERE, HERE, of("32.85", "32.85", "0.00")),
        (r#"["delete", "create"]"#, HERE, THERE, of("32.85", "37.96", "5.11")),
        (r#"["create", "delete"]"#, HERE, THERE, of("32.85", "37.96", "5.11")),
        // What is forgotten is not destroyed.
        (r#"["forget"]"#, HERE, "null", of("32.85", "32.85", "0.00")),
    ] {
        assert_eq!(sums(&cost(&[gateway("a", actions, before, after)])), expected, "{actions}");
    }
}

#[test]
fn data_sources_and_deposed_objects_are_not_counted() {
    let deposed = gateway("a", r#"["delete"]"#, HERE, "null").replacen('{', r#"{"deposed": "12ab", "#, 1);
    let data = change("data.aws_nat_gateway.b", r#"["read"]"#, "null", HERE);
    let found = cost(&[deposed, data]);
    assert_eq!(sums(&found), of("0.00", "0.00", "0.00"));
    assert_eq!((found.deposed, found.resources.len()), (1, 0));
}

#[test]
fn a_region_that_nobody_knows_is_named() {
    let found = cost(&[gateway("a", r#"["create"]"#, "null", r#"{"region": "eu-centrall-1"}"#)]);
    let sides = found.resources.iter().filter_map(|resource| resource.after.as_ref());
    let notes: Vec<String> = sides
        .flat_map(|side| &side.components)
        .filter_map(|part| part.note.as_ref().map(ToString::to_string))
        .collect();
    let wanted = "the price book does not know the region `eu-centrall-1`";
    assert!(notes.iter().any(|note| note == wanted), "{notes:?}");
}

#[test]
fn what_is_missing_makes_a_sum_the_least() {
    let database = r#"{"instance_class": "db.t3.medium", "engine": "oracle-se2", "allocated_storage": 10}"#;
    let larger = r#"{"instance_class": "db.t3.medium", "engine": "oracle-se2", "allocated_storage": 20}"#;
    let of_type = |actions: &str, before: &str, after: &str| {
        cost(&[
            change("aws_db_instance.a", actions, before, after),
            gateway("g", r#"["create"]"#, "null", HERE),
        ])
        .sum
    };
    let created = of_type(r#"["create"]"#, "null", database);
    assert!(!created.before_is_least && created.after_is_least);
    assert_eq!(created.bound, Bound::AtLeast);
    assert_eq!(of_type(r#"["delete"]"#, database, "null").bound, Bound::AtMost);
    assert_eq!(of_type(r#"["update"]"#, database, larger).bound, Bound::Open);
    // The same that is missing on both sides is missing in no difference.
    let kept = of_type(r#"["no-op"]"#, database, database);
    assert!(kept.before_is_least && kept.after_is_least);
    assert_eq!((kept.bound, kept.is_complete()), (Bound::Exact, false));
}

#[test]
fn usage_is_told_and_makes_no_sum_the_least() {
    let found = cost(&[change("aws_s3_bucket.a", r#"["create"]"#, "null", "{}")]).sum;
    assert!(found.has_usage && found.is_complete());
    assert_eq!(found.delta_percent(), None);
}

#[test]
fn an_unknown_input_is_never_nothing() {
    let text = r#"{"format_version": "1.2", "resource_changes": [{"address": "aws_instance.a", "change": {
        "actions": ["create"], "before": null, "after": {}, "after_unknown": {"instance_type": true}}}],
        "configuration": {"root_module": {"resources": [{"mode": "managed", "type": "aws_instance", "name": "a",
            "expressions": {"instance_type": {"references": ["terraform_data.x.output"]}}}]}}}"#;
    let found = PlanCost::of(&Plan::parse(text).unwrap(), &Prices::default());
    assert_eq!(found.sum.bound, Bound::AtLeast);
    assert_eq!(found.counts().get(&State::UnknownInput), Some(&1));
    let component = &found.resources[0].side().unwrap().components[0];
    assert_eq!(component.note.as_deref(), Some("`instance_type` is known after apply"));
}

/// A plan of `-refresh-only` has its objects in the state alone.
#[test]
fn a_plan_without_changes_does_not_cost_nothing() {
    let of_state = |objects: &str| {
        let text = format!(
            r#"{{"format_version": "1.2", "planned_values": {{}}, "prior_state": {{"values": {{"root_module": {{"resources": [{objects}]}}}}}}}}"#
        );
        PlanCost::of(&Plan::parse(&text).unwrap(), &Prices::default())
    };
    let one =
        r#"{"address": "aws_nat_gateway.a", "mode": "managed", "type": "aws_nat_gateway", "values": {}}"#;
    let found = of_state(one);
    assert_eq!((found.not_priced, found.sum.bound), (1, Bound::Open));
    assert!(found.sum.before_is_least && found.sum.after_is_least);
    assert!(of_state("").sum.is_complete());
}

#[test]
fn a_plan_that_lacks_changes_has_the_least_sum() {
    let text = r#"{"format_version": "1.2", "errored": true, "resource_changes": []}"#;
    let found = PlanCost::of(&Plan::parse(text).unwrap(), &Prices::default());
    assert!(found.partial && !found.sum.is_complete());
    assert_eq!(found.sum.bound, Bound::Open);
}

/// Values that have no place in a plan, in every attribute that a rule reads.
#[test]
fn absurd_values_neither_panic_nor_cost_anything_absurd() {
    const TYPES: [&str; 25] = [
        "aws_instance",
        "aws_autoscaling_group",
        "aws_ebs_volume",
        "aws_eks_cluster",
        "aws_eks_node_group",
        "aws_ecs_service",
        "aws_db_instance",
        "aws_elasticache_cluster",
        "aws_elasticache_replication_group",
        "aws_opensearch_domain",
        "aws_redshift_cluster",
        "aws_msk_cluster",
        "aws_dynamodb_table",
        "aws_lb",
        "aws_vpc_endpoint",
        "aws_kinesis_stream",
        "aws_cloudwatch_metric_alarm",
        "azurerm_linux_virtual_machine",
        "azurerm_virtual_machine_scale_set",
        "azurerm_kubernetes_cluster",
        "google_compute_instance",
        "google_compute_instance_group_manager",
        "google_compute_disk",
        "google_container_cluster",
        "google_container_node_pool",
    ];
    const NAMES: [&str; 34] = [
        "instance_type",
        "desired_capacity",
        "min_size",
        "size",
        "type",
        "iops",
        "throughput",
        "root_block_device",
        "scaling_config",
        "desired_size",
        "instance_types",
        "instance_class",
        "engine",
        "node_type",
        "num_cache_nodes",
        "num_node_groups",
        "cluster_config",
        "instance_count",
        "number_of_nodes",
        "number_of_broker_nodes",
        "read_capacity",
        "shard_count",
        "subnet_ids",
        "vm_size",
        "instances",
        "sku",
        "default_node_pool",
        "machine_type",
        "target_size",
        "boot_disk",
        "region",
        "location",
        "node_count",
        "allocated_storage",
    ];
    const VALUES: [&str; 14] = [
        "-1",
        "-0.5",
        "1e308",
        "99999999999999999999999999999",
        "0.1",
        "\"NaN\"",
        "\"-Infinity\"",
        "\"1e400\"",
        "true",
        "{}",
        "[]",
        "[[[null]]]",
        "\"\\u202e\\u0000\"",
        "[{\"size\": -9e99}]",
    ];
    for resource_type in TYPES {
        for value in VALUES {
            let after: Vec<String> = NAMES.iter().map(|name| format!("\"{name}\": {value}")).collect();
            let after = format!("{{{}}}", after.join(","));
            let address = format!("{resource_type}.a");
            let found = cost(&[change(&address, r#"["update"]"#, &after, &after)]);
            let most = Decimal::from(1_000_000);
            assert!(
                found.sum.after <= most && !found.sum.after.is_sign_negative(),
                "{resource_type} {value}"
            );
            assert_eq!(found.sum.delta(), Some(amount_of("0.00")), "{resource_type} {value}");
        }
    }
}

fn amount_of(text: &str) -> Decimal {
    planguard_cost::parse_amount(text).expect("an amount")
}

fn any_change() -> impl Strategy<Value = (String, String, String, String)> {
    let kinds = prop_oneof![
        Just(("aws_nat_gateway", "{}")),
        Just(("aws_instance", r#"{"instance_type": "m5.large"}"#)),
        Just(("aws_instance", r#"{"instance_type": "unknown.type", "region": "eu-west-3"}"#)),
        Just(("aws_kms_key", "{}")),
        Just(("aws_lb", r#"{"arn": "arn:aws:elasticloadbalancing:ap-south-1:1:x"}"#)),
        Just(("acme_widget", "{}")),
        Just(("google_compute_disk", r#"{"size": 33, "type": "pd-ssd"}"#)),
    ];
    let actions = prop_oneof![
        Just(r#"["create"]"#),
        Just(r#"["delete"]"#),
        Just(r#"["no-op"]"#),
        Just(r#"["update"]"#),
        Just(r#"["create", "delete"]"#),
        Just(r#"["forget"]"#),
    ];
    (kinds, actions).prop_map(|((resource_type, object), actions)| {
        let before = if actions == r#"["create"]"# { "null" } else { object };
        let after = if [r#"["delete"]"#, r#"["forget"]"#].contains(&actions) { "null" } else { object };
        (resource_type.to_owned(), actions.to_owned(), before.to_owned(), after.to_owned())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.div_ceil(4)))]

    #[test]
    fn sums_add_up_whatever_the_order(changes in prop::collection::vec(any_change(), 0..12), seed in any::<u64>()) {
        let mut texts: Vec<String> = changes
            .iter()
            .enumerate()
            .map(|(number, (resource_type, actions, before, after))| {
                change(&format!("{resource_type}.x{number}"), actions, before, after)
            })
            .collect();
        let found = cost(&texts);
        let sum = found.sum;
        prop_assert_eq!(sum.before.unwrap() + sum.delta().unwrap(), sum.after);
        let of_resources: Decimal = found.resources.iter().filter_map(|resource| resource.sum.delta()).sum();
        prop_assert_eq!(of_resources, sum.delta().unwrap());
        for resource in &found.resources {
            if resource.action == CostAction::Keep {
                prop_assert_eq!(resource.sum.delta().unwrap(), amount_of("0"));
            }
        }
        // Another order of the same changes.
        let length = texts.len().max(1);
        texts.rotate_left(usize::try_from(seed % length as u64).unwrap());
        texts.reverse();
        let other = cost(&texts);
        prop_assert_eq!(format!("{:?}", found.resources), format!("{:?}", other.resources));
        prop_assert_eq!(sum, other.sum);
    }
}

/// A size that is marked as sensitive stands nowhere, and no amount is made of it.
#[test]
fn what_is_sensitive_makes_no_amount() {
    let text = r#"{"format_version": "1.2", "resource_changes": [{"address": "aws_ebs_volume.a", "change": {
        "actions": ["create"], "before": null,
        "after": {"availability_zone": "eu-west-1a", "size": 12345, "type": "gp3"},
        "after_unknown": {}, "after_sensitive": {"size": true}}}]}"#;
    let plan = Plan::parse(text).unwrap();
    let cost = PlanCost::of(&plan, &Prices::default());
    assert!(!format!("{cost:?}").contains("12345"), "{cost:?}");
    assert!(cost.sum.after_is_least);
}

/// A cent of each of a thousand objects is not lost to rounding.
#[test]
fn sums_are_rounded_once() {
    let one = |number: usize| {
        format!(
            r#"{{"address": "aws_ebs_volume.a[{number}]", "change": {{"actions": ["create"], "before": null,
                "after": {{"availability_zone": "us-east-1a", "size": 1, "type": "sc1"}}, "after_unknown": {{}}}}}}"#
        )
    };
    let of = |number: usize| {
        let changes = (0..number).map(one).collect::<Vec<_>>().join(",");
        let text = format!(r#"{{"format_version": "1.2", "resource_changes": [{changes}]}}"#);
        PlanCost::of(&Plan::parse(&text).unwrap(), &Prices::default()).sum.after
    };
    assert_eq!(of(1_000), of(1) * Decimal::from(1_000));
    assert_ne!(of(1), of(1).round_dp(2));
}
