//! Clusters of EKS with their nodes, and services of ECS.

use rust_decimal::Decimal;

use super::compute::{Purchase, add_instances, launch_template, spot};
use super::volume::Volume;
use crate::amount::parse_amount;
use crate::bill::{Bill, Input, Missing, Part, Service, Unit};
use crate::facts::{Place, Resource};

/// The versions of Kubernetes, and the last day of their standard support on EKS.
const STANDARD_SUPPORT: [(u32, &str); 13] = [
    (23, "2023-10-11"),
    (24, "2024-01-31"),
    (25, "2024-05-01"),
    (26, "2024-06-11"),
    (27, "2024-07-24"),
    (28, "2024-11-26"),
    (29, "2025-03-23"),
    (30, "2025-07-23"),
    (31, "2025-11-26"),
    (32, "2026-03-23"),
    (33, "2026-07-29"),
    (34, "2026-12-02"),
    (35, "2027-03-27"),
];

pub(super) fn eks_cluster(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let is_standard =
        super::compute::in_block(&root, "upgrade_policy", "support_type") == Ok(Some("STANDARD"));
    let version = if is_standard { Ok(None) } else { root.text("version") };
    let support = version.map(|version| {
        let planned = resource.world.plan.timestamp.as_deref();
        version.map_or(Support::Standard, |version| Support::of(version, planned))
    });
    let control_plane = Part::aws("Control plane", Service::Eks, Unit::Hour, "eks-cluster-hour");
    let extended = || {
        let part = Part::aws("Extended support", Service::Eks, Unit::Hour, "eks-extended-hour");
        part.detail(format!("Kubernetes {}", root.text("version").ok().flatten().unwrap_or_default()))
    };
    match support {
        Ok(Support::Standard) => bill.add(control_plane),
        Ok(Support::TakenForStandard(why)) => bill.add(control_plane.assuming(Some(why))),
        Ok(Support::Extended) => {
            bill.add(control_plane);
            bill.add(extended());
        }
        Ok(Support::Unknown(missing)) | Err(missing) => {
            bill.add(control_plane);
            bill.missing("Extended support", Service::Eks, Unit::Hour, None, missing);
        }
    }
}

/// Which support of EKS a version of Kubernetes has.
#[derive(Debug, PartialEq, Eq)]
enum Support {
    Standard,
    /// By what the plan tells, with the reason why it may be otherwise.
    TakenForStandard(String),
    Extended,
    Unknown(Missing),
}

/// The day that counts for a plan without a date: when the prices were gathered.
const WITHOUT_DATE: &str = "2025-10-28";

impl Support {
    /// That of a version when the plan is made.
    fn of(version: &str, planned: Option<&str>) -> Self {
        let Some(minor) = version.strip_prefix("1.").and_then(|minor| minor.parse::<u32>().ok()) else {
            return Self::Unknown(Missing::unknown("`version` is no version of Kubernetes"));
        };
        let date = planned.and_then(|time| time.get(..10));
        let day = date.unwrap_or(WITHOUT_DATE);
        let Some((_, end)) = STANDARD_SUPPORT.iter().find(|(known, _)| minor <= *known) else {
            // A later version is supported for longer than the last that is known.
            return if STANDARD_SUPPORT.last().is_some_and(|(_, last)| day <= *last) {
                Self::TakenForStandard(format!(
                    "Kubernetes {version} is later than what planguard knows: standard support is assumed"
                ))
            } else {
                Self::Unknown(Missing::unknown(format!(
                    "planguard does not know until when Kubernetes {version} has standard support"
                )))
            };
        };
        match date {
            _ if day > *end => Self::Extended,
            Some(_) => Self::Standard,
            None => Self::TakenForStandard(format!(
                "the plan has no date: {WITHOUT_DATE} is assumed, when Kubernetes {version} had standard support"
            )),
        }
    }
}

pub(super) fn eks_node_group(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let number = match root.block("scaling_config") {
        Ok(Some(scaling)) => scaling.needed_count("desired_size"),
        Ok(None) => Err(Missing::unknown("`scaling_config` is not set")),
        Err(missing) => Err(missing),
    };
    let template =
        root.block("launch_template").ok().flatten().map(|block| launch_template(resource, &block));
    let first = root.list("instance_types").and_then(|types| types.first().map(Place::own_text).transpose());
    let mut assumed = None;
    let kind = match (first, &template) {
        (Ok(Some(kind)), _) => Ok(kind.to_owned()),
        (Err(missing), _) => Err(missing),
        (Ok(None), Some(Ok(template))) => template.kind.clone(),
        (Ok(None), Some(Err(missing))) => Err(missing.clone()),
        (Ok(None), None) => {
            assumed = Some("`instance_types` is not set: t3.medium is assumed");
            Ok("t3.medium".to_owned())
        }
    };
    let purchase = match root.text("capacity_type") {
        Ok(Some("SPOT")) => Purchase::Otherwise(spot()),
        Ok(_) => Purchase::OnDemand,
        Err(missing) => Purchase::Otherwise(missing),
    };
    add_instances(bill, &kind, &purchase, &number, assumed);
    match &template {
        Some(Ok(template)) => {
            template.volumes.iter().for_each(|(name, volume)| volume.add(bill, name, &number))
        }
        Some(Err(_)) => Volume::of_image().add(bill, "Root volume", &number),
        None => {
            let size = root.number("disk_size").map(|size| size.unwrap_or_else(|| Decimal::from(20)));
            let assumed = Some("gp2 is assumed, and 20 GB unless `disk_size` is set");
            Volume::of_size("gp2", size, assumed).add(bill, "Root volume", &number);
        }
    }
}

/// Where the tasks of a service run.
enum Runs {
    Fargate,
    FargateSpot,
    Instances,
}

pub(super) fn ecs_service(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let task =
        resource.named_by(&root.get("task_definition"), &["aws_ecs_task_definition"], "task definition");
    match runs(&root, task.as_ref()) {
        Ok(Runs::Instances) => {
            bill.free("Tasks", Some("they run on instances, which are counted by themselves"))
        }
        Ok(Runs::FargateSpot) => bill.missing("Tasks", Service::Fargate, Unit::CpuHour, None, spot()),
        Ok(Runs::Fargate) => fargate(&root, task.as_ref(), bill),
        Err(missing) => bill.missing("Tasks", Service::Fargate, Unit::CpuHour, None, missing),
    }
}

fn runs(root: &Place<'_, '_>, task: Result<&Resource<'_, '_>, &Missing>) -> Input<Runs> {
    let providers = root.list("capacity_provider_strategy")?;
    let named =
        providers.iter().map(|strategy| strategy.text("capacity_provider")).collect::<Input<Vec<_>>>()?;
    if !named.is_empty() {
        let has = |provider| named.contains(&Some(provider));
        return Ok(match (has("FARGATE"), has("FARGATE_SPOT")) {
            (_, true) => Runs::FargateSpot,
            (true, false) => Runs::Fargate,
            (false, false) => Runs::Instances,
        });
    }
    match root.text("launch_type")? {
        Some("FARGATE") => Ok(Runs::Fargate),
        Some(_) => Ok(Runs::Instances),
        None => {
            // The default of the cluster decides; what the task is made for tells mostly.
            let task = task.map_err(Clone::clone)?;
            let task = task.root();
            let compatible = task.list("requires_compatibilities")?;
            let compatible = compatible.iter().map(Place::own_text).collect::<Input<Vec<_>>>()?;
            Ok(if compatible.contains(&"FARGATE") { Runs::Fargate } else { Runs::Instances })
        }
    }
}

fn fargate(root: &Place<'_, '_>, task: Result<&Resource<'_, '_>, &Missing>, bill: &mut Bill<'_>) {
    let mut assumed = None;
    let number = match root.count("desired_count") {
        Ok(Some(number)) => Ok(number),
        Ok(None) => {
            assumed = Some("`desired_count` is not set: one task is assumed");
            Ok(Decimal::ONE)
        }
        Err(missing) => Err(missing),
    };
    let task = match task {
        Ok(task) => task.root(),
        Err(missing) => {
            bill.missing("Tasks", Service::Fargate, Unit::CpuHour, None, missing.clone());
            return;
        }
    };
    let (cpu, memory) = (units(&task, "cpu"), units(&task, "memory"));
    let platform = |name| super::compute::in_block(&task, "runtime_platform", name);
    let is_windows =
        matches!(platform("operating_system_family"), Ok(Some(family)) if family.starts_with("WINDOWS"));
    let is_arm = matches!(platform("cpu_architecture"), Ok(Some("ARM64")));
    let (cpu_key, memory_key) = match (is_windows, is_arm) {
        (true, _) => ("fargate-windows-cpu-hour", "fargate-windows-gb-hour"),
        (false, true) => ("fargate-arm-cpu-hour", "fargate-arm-gb-hour"),
        (false, false) => ("fargate-cpu-hour", "fargate-gb-hour"),
    };
    let part = |name, unit, key| {
        Part::aws(name, Service::Fargate, unit, key).times(number.clone()).assuming(assumed)
    };
    bill.add(part("vCPU", Unit::CpuHour, cpu_key).times(cpu.clone()));
    bill.add(part("Memory", Unit::GbHour, memory_key).times(memory));
    if is_windows {
        bill.add(part("Windows licence", Unit::CpuHour, "fargate-windows-licence-hour").times(cpu));
    }
    let free = Decimal::from(20);
    let storage = match task.block("ephemeral_storage") {
        Ok(Some(block)) => block.number("size_in_gib").map(Option::unwrap_or_default),
        Ok(None) => Ok(Decimal::ZERO),
        Err(missing) => Err(missing),
    };
    if storage.as_ref().map_or(true, |size| *size > free) {
        let above = storage.map(|size| size - free);
        bill.add(part("Storage above 20 GB", Unit::GbHour, "fargate-storage-gb-hour").times(above));
    }
}

/// The processors or gigabytes of a task: `256`, `.25 vCPU`, `512`, `0.5 GB`.
fn units(task: &Place<'_, '_>, name: &str) -> Input<Decimal> {
    let written = match task.number(name) {
        Ok(Some(units)) => return Ok(units / Decimal::from(1024)),
        Ok(None) => return Err(task.not_set(name)),
        Err(missing) => task.text(name).ok().flatten().ok_or(missing)?,
    };
    let number =
        written.trim_end_matches(|character: char| character.is_ascii_alphabetic() || character == ' ');
    let number = parse_amount(number).filter(|number| !number.is_sign_negative());
    number.ok_or_else(|| Missing::unknown(format!("`{name}` is not a possible number")))
}

#[cfg(test)]
mod tests {
    use super::Support;
    use crate::testing::{Costs, costs, in_plan, one};

    #[test]
    fn a_cluster_costs_its_control_plane_and_extended_support() {
        assert_eq!(costs("aws_eks_cluster", "{}").total, "73.00"); // 730 * 0.1
        assert_eq!(costs("aws_eks_cluster", r#"{"version": "1.28"}"#).total, "438.00"); // 730 * 0.6
        let standard = r#"{"version": "1.28", "upgrade_policy": [{"support_type": "STANDARD"}]}"#;
        assert_eq!(costs("aws_eks_cluster", standard).total, "73.00");
        let support = |version: &str, day: &str| Support::of(version, Some(&format!("{day}T00:00:00Z")));
        assert_eq!(support("1.30", "2025-07-01"), Support::Standard);
        assert_eq!(support("1.30", "2025-07-24"), Support::Extended);
        assert_eq!(support("1.33", "2026-07-29"), Support::Standard);
        assert_eq!(support("1.33", "2026-11-30"), Support::Extended);
        assert_eq!(Support::of("1.14", None), Support::Extended);
    }

    #[test]
    fn support_that_is_not_known_is_never_taken_for_standard_in_silence() {
        assert!(
            matches!(Support::of("1.34", None), Support::TakenForStandard(why) if why.contains("no date"))
        );
        let later = |day: &str| Support::of("1.99", Some(day));
        assert!(matches!(later("2026-11-30T00:00:00Z"), Support::TakenForStandard(_)));
        assert!(matches!(later("2028-01-01T00:00:00Z"), Support::Unknown(_)));
        assert!(matches!(Support::of("latest", None), Support::Unknown(_)));
        let odd = costs("aws_eks_cluster", r#"{"version": "abc"}"#);
        assert_eq!(
            (odd.total.as_str(), odd.states()),
            ("73.00", vec!["priced".to_owned(), "unknown_input".to_owned()])
        );
        assert_eq!(one("aws_eks_cluster", r#"{"version": "1.99"}"#).state, "estimated");
    }

    #[test]
    fn nodes_cost_instances_and_volumes() {
        let nodes =
            r#"{"instance_types": ["m5.large"], "scaling_config": [{"desired_size": 3}], "disk_size": 50}"#;
        assert_eq!(costs("aws_eks_node_group", nodes).total, "225.24"); // 3 * (70.08 + 50 * 0.1)
        let usual = costs("aws_eks_node_group", r#"{"scaling_config": [{"desired_size": 1}]}"#);
        assert_eq!(usual.total, "32.37"); // 730 * 0.0416 + 20 * 0.1
        assert_eq!(usual.states(), ["estimated", "estimated"]);
        let spot = r#"{"capacity_type": "SPOT", "scaling_config": [{"desired_size": 1}]}"#;
        assert_eq!(one("aws_eks_node_group", spot).state, "no_price");
    }

    fn service(service: &str, task: &str) -> Costs {
        let changes = format!(
            r#"{{"address": "aws_ecs_task_definition.t", "change": {{"actions": ["create"], "before": null,
                "after": {task}, "after_unknown": {{"arn": true}}}}}},
            {{"address": "aws_ecs_service.s", "change": {{"actions": ["create"], "before": null,
                "after": {service}, "after_unknown": {{"task_definition": true}}}}}}"#
        );
        let configuration = r#"{"resources": [
            {"mode": "managed", "type": "aws_ecs_task_definition", "name": "t", "expressions": {}},
            {"mode": "managed", "type": "aws_ecs_service", "name": "s", "expressions": {"task_definition": {
                "references": ["aws_ecs_task_definition.t.arn", "aws_ecs_task_definition.t"]}}}]}"#;
        in_plan(&changes, configuration, "aws_ecs_service.s")
    }

    #[test]
    fn fargate_costs_what_its_tasks_have() {
        let two = r#"{"launch_type": "FARGATE", "desired_count": 2}"#;
        // 2 * 730 * (0.25 * 0.04048 + 0.5 * 0.004445)
        assert_eq!(service(two, r#"{"cpu": "256", "memory": "512"}"#).total, "18.02");
        assert_eq!(service(two, r#"{"cpu": ".25 vCPU", "memory": "0.5 GB"}"#).total, "18.02");
        let arm = r#"{"cpu": "1024", "memory": "2048", "runtime_platform": [{"cpu_architecture": "ARM64"}]}"#;
        assert_eq!(service(two, arm).total, "57.67"); // 2 * 730 * (0.03238 + 2 * 0.00356)
        let stored = r#"{"cpu": "1024", "memory": "2048", "ephemeral_storage": [{"size_in_gib": 30}]}"#;
        assert_eq!(service(two, stored).total, "73.70"); // 2 * 730 * (0.04048 + 2 * 0.004445 + 10 * 0.000111)
        let unset = service(
            r#"{"desired_count": 1}"#,
            r#"{"cpu": "256", "memory": "512", "requires_compatibilities": ["FARGATE"]}"#,
        );
        assert_eq!(unset.total, "9.01");
        assert_eq!(service(two, r#"{"cpu": "lots", "memory": "512"}"#).states()[0], "unknown_input");
        assert_eq!(service(r#"{"launch_type": "EC2"}"#, "{}").states(), ["free"]);
    }

    #[test]
    fn a_service_without_its_task_definition_has_no_amount() {
        let alone = one("aws_ecs_service", r#"{"launch_type": "FARGATE", "task_definition": "x:1"}"#);
        assert_eq!(alone.state, "unknown_input");
    }
}
