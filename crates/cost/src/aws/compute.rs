//! EC2 instances and groups of them.

use rust_decimal::{Decimal, RoundingStrategy};

use super::volume::{IN_BLOCKS, Unsized, Volume};
use crate::bill::{Bill, Input, Missing, Part, Service, Unit};
use crate::book::Table;
use crate::facts::{Place, Resource};

/// What a launch template or launch configuration says of its instances.
pub(super) struct Template {
    pub(super) kind: Input<String>,
    pub(super) volumes: Vec<(&'static str, Volume)>,
    pub(super) purchase: Purchase,
}

/// How instances are bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purchase {
    OnDemand,
    /// The plan does not tell all of it, so that on demand is assumed.
    Assumed,
    /// Not at the prices of the book.
    Otherwise(Missing),
}

pub(super) fn spot() -> Missing {
    Missing::no_price("spot prices are not in the price book")
}

impl Purchase {
    /// The purchase of instances with these attributes.
    fn of(market: Input<Option<&str>>, tenancy: Input<Option<&str>>) -> Self {
        match (market, tenancy) {
            (Ok(Some("spot")), _) => Self::Otherwise(spot()),
            (_, Ok(Some("dedicated" | "host"))) => Self::Otherwise(Missing::no_price(
                "prices of dedicated hosts and instances are not in the price book",
            )),
            // What is known after apply is hardly ever a dedicated host.
            (Err(_), _) | (_, Err(_)) => Self::Assumed,
            (Ok(_), Ok(_)) => Self::OnDemand,
        }
    }
}

/// The text of an attribute of the first block of a name.
pub(super) fn in_block<'p>(place: &Place<'p, '_>, block: &str, name: &str) -> Input<Option<&'p str>> {
    match place.block(block)? {
        Some(block) => block.text(name),
        None => Ok(None),
    }
}

/// Adds the hours of instances of a type.
pub(super) fn add_instances(
    bill: &mut Bill<'_>,
    kind: &Input<String>,
    purchase: &Purchase,
    number: &Input<Decimal>,
    assumed: Option<&str>,
) {
    match purchase {
        Purchase::OnDemand | Purchase::Assumed => {
            let part = Part::new("Instance", Service::Ec2, Unit::Hour, Table::AwsEc2, kind.clone());
            let on_demand = "how it is bought is known after apply: on demand is assumed";
            let bought = (*purchase == Purchase::Assumed).then_some(on_demand);
            bill.add(part.times(number.clone()).assuming(assumed).assuming(bought));
        }
        Purchase::Otherwise(missing) => {
            bill.missing("Instance", Service::Ec2, Unit::Hour, None, missing.clone());
            if let (Some(component), Ok(kind)) = (bill.components.last_mut(), kind) {
                component.detail.clone_from(kind);
            }
        }
    }
}

pub(super) fn instance(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let one = Ok(Decimal::ONE);
    let template = match root.block("launch_template") {
        Ok(Some(block)) => Some(launch_template(resource, &block)),
        Ok(None) | Err(_) => None,
    };
    let kind = match (root.text("instance_type"), &template) {
        (Ok(Some(kind)), _) => Ok(kind.to_owned()),
        (Err(_) | Ok(None), Some(template)) => {
            template.as_ref().map_or_else(|missing| Err(missing.clone()), |template| template.kind.clone())
        }
        (Err(missing), None) => Err(missing),
        (Ok(None), None) => Err(root.not_set("instance_type")),
    };
    let market = in_block(&root, "instance_market_options", "market_type");
    let purchase = match (Purchase::of(market, root.text("tenancy")), &template) {
        (Purchase::OnDemand | Purchase::Assumed, Some(Ok(template))) => template.purchase.clone(),
        (purchase, _) => purchase,
    };
    // Only instances of Windows have a password to read.
    let purchase = match root.flag("get_password_data") {
        Ok(true) => Purchase::Otherwise(Missing::no_price("the price book has no prices of Windows")),
        Ok(false) | Err(_) => purchase,
    };
    add_instances(bill, &kind, &purchase, &one, None);
    if root.flag("monitoring") == Ok(true) {
        let metrics = Part::aws(
            "Detailed monitoring: 7 metrics",
            Service::CloudWatch,
            Unit::Month,
            "cloudwatch-metric-month",
        );
        bill.add(metrics.times(Ok(Decimal::from(7))));
    }
    let root_volumes = root.list("root_block_device");
    match root_volumes.as_deref() {
        Ok([block, ..]) => Volume::of(block, &IN_BLOCKS, &Unsized::OfImage).add(bill, "Root volume", &one),
        Ok([]) | Err(_) => match &template {
            Some(Ok(template)) => {
                template.volumes.iter().for_each(|(name, volume)| volume.add(bill, name, &one))
            }
            Some(Err(_)) | None => Volume::of_image().add(bill, "Root volume", &one),
        },
    }
    add_volumes(resource, bill, &root, &one);
}

/// Adds the volumes beside the root volume. The state lists volumes among them that are objects of their own.
fn add_volumes(
    resource: &Resource<'_, '_>,
    bill: &mut Bill<'_>,
    root: &Place<'_, '_>,
    number: &Input<Decimal>,
) {
    match root.list("ebs_block_device") {
        Ok(blocks) => {
            let is_own = |block: &&Place<'_, '_>| {
                resource.named_by(&block.get("volume_id"), &["aws_ebs_volume"], "volume").is_err()
            };
            for block in blocks.iter().filter(is_own) {
                Volume::of(block, &IN_BLOCKS, &Unsized::OfSnapshot).add(bill, "Volume", number);
            }
        }
        Err(missing) => bill.missing("Volumes", Service::Ebs, Unit::GbMonth, None, missing),
    }
}

/// The template that a `launch_template` block names.
pub(super) fn launch_template(resource: &Resource<'_, '_>, block: &Place<'_, '_>) -> Input<Template> {
    const TYPES: &[&str] = &["aws_launch_template"];
    let by = |name: &str| resource.named_by(&block.get(name), TYPES, "launch template");
    let found = by("id").or_else(|missing| by("name").map_err(|_| missing));
    let found = found.or_else(|missing| by("launch_template_id").map_err(|_| missing));
    let found = found.or_else(|missing| by("launch_template_name").map_err(|_| missing))?;
    let root = found.root();
    let market = in_block(&root, "instance_market_options", "market_type");
    let purchase = Purchase::of(market, in_block(&root, "placement", "tenancy"));
    let mut volumes = Vec::new();
    for mapping in root.list("block_device_mappings")? {
        if let Some(ebs) = mapping.block("ebs")? {
            volumes.push(("Volume", Volume::of(&ebs, &IN_BLOCKS, &Unsized::OfImage)));
        }
    }
    if volumes.is_empty() {
        volumes.push(("Root volume", Volume::of_image()));
    }
    let kind = root.needed("instance_type").map(str::to_owned);
    Ok(Template { kind, volumes, purchase })
}

/// The launch configuration that an attribute names.
fn launch_configuration(resource: &Resource<'_, '_>, place: &Place<'_, '_>) -> Input<Template> {
    let found = resource.named_by(place, &["aws_launch_configuration"], "launch configuration")?;
    let root = found.root();
    let market = root.text("spot_price").map(|price| price.map(|_| "spot"));
    let purchase = Purchase::of(market, root.text("placement_tenancy"));
    let mut volumes = vec![(
        "Root volume",
        match root.block("root_block_device")? {
            Some(block) => Volume::of(&block, &IN_BLOCKS, &Unsized::OfImage),
            None => Volume::of_image(),
        },
    )];
    for block in root.list("ebs_block_device")? {
        volumes.push(("Volume", Volume::of(&block, &IN_BLOCKS, &Unsized::OfSnapshot)));
    }
    Ok(Template { kind: root.needed("instance_type").map(str::to_owned), volumes, purchase })
}

pub(super) fn autoscaling_group(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let mut assumed = None;
    let number = match root.count("desired_capacity") {
        Ok(Some(number)) => Ok(number),
        Ok(None) => {
            assumed = Some("`desired_capacity` is not set: `min_size` counts");
            root.needed_count("min_size")
        }
        Err(missing) => Err(missing),
    };
    let mixed = root.block("mixed_instances_policy").unwrap_or_default();
    let template = match &mixed {
        Some(policy) => mixed_template(resource, policy),
        None => match root.block("launch_template") {
            Ok(Some(block)) => launch_template(resource, &block),
            Ok(None) => launch_configuration(resource, &root.get("launch_configuration")),
            Err(missing) => Err(missing),
        },
    };
    let template = match template {
        Ok(template) => template,
        Err(missing) => {
            bill.missing("Instance", Service::Ec2, Unit::Hour, None, missing);
            return;
        }
    };
    let on_demand = match &mixed {
        Some(policy) => number.clone().and_then(|number| on_demand(policy, number)),
        None => number.clone(),
    };
    if mixed.is_some() {
        assumed = Some("mixed instances: the first type counts, and each instance as one unit of capacity");
    }
    add_instances(bill, &template.kind, &template.purchase, &on_demand, assumed);
    if let (Some(_), Ok(all), Ok(on_demand)) = (&mixed, &number, &on_demand)
        && all > on_demand
    {
        let hours = (*all - *on_demand) * crate::amount::hours_of_month();
        bill.missing("Spot instances", Service::Ec2, Unit::Hour, Some(hours), spot());
    }
    template.volumes.iter().for_each(|(name, volume)| volume.add(bill, name, &number));
}

/// The template of a mixed instances policy, with the type that the first override has.
fn mixed_template(resource: &Resource<'_, '_>, policy: &Place<'_, '_>) -> Input<Template> {
    let missing = || Missing::unknown("the launch template is not set");
    let launch = policy.block("launch_template")?.ok_or_else(missing)?;
    let named = launch.block("launch_template_specification")?.ok_or_else(missing)?;
    let template = launch_template(resource, &named);
    let first = match launch.list("override")?.first() {
        Some(first) => first.text("instance_type")?.map(str::to_owned),
        None => None,
    };
    match (template, first) {
        (Ok(template), Some(kind)) => Ok(Template { kind: Ok(kind), ..template }),
        (Err(_), Some(kind)) => {
            let volumes = vec![("Root volume", Volume::of_image())];
            Ok(Template { kind: Ok(kind), volumes, purchase: Purchase::OnDemand })
        }
        (template, None) => template,
    }
}

/// How many instances of a mixed group are bought on demand.
fn on_demand(policy: &Place<'_, '_>, all: Decimal) -> Input<Decimal> {
    let Some(distribution) = policy.block("instances_distribution")? else { return Ok(all) };
    let base = distribution.count("on_demand_base_capacity")?.unwrap_or_default().min(all);
    let hundred = Decimal::ONE_HUNDRED;
    let percent =
        distribution.number("on_demand_percentage_above_base_capacity")?.unwrap_or(hundred).min(hundred);
    let above = (all - base) * percent / hundred;
    Ok(base + above.round_dp_with_strategy(0, RoundingStrategy::AwayFromZero))
}

#[cfg(test)]
mod tests {
    use crate::testing::{costs, in_plan, one};

    #[test]
    fn an_instance_costs_its_hours_and_its_volumes() {
        // us-east-1: m5.large 0.096 an hour, 730 hours: 70.08; 8 GB of gp2 are assumed: 0.80.
        let costs = costs("aws_instance", r#"{"instance_type": "m5.large"}"#);
        assert_eq!(costs.total, "70.88");
        assert_eq!(costs.states(), ["priced", "estimated"]);
        let with_volumes = r#"{"instance_type": "m5.large", "monitoring": true,
            "root_block_device": [{"volume_type": "gp3", "volume_size": 50}],
            "ebs_block_device": [{"volume_type": "gp2", "volume_size": 100}]}"#;
        // 70.08 + 7 * 0.3 + 50 * 0.08 + 100 * 0.1
        assert_eq!(crate::testing::costs("aws_instance", with_volumes).total, "86.18");
    }

    #[test]
    fn a_volume_of_its_own_is_counted_once() {
        let changes = r#"{"address": "aws_ebs_volume.v", "change": {"actions": ["no-op"],
                "before": {"id": "vol-1", "type": "gp2", "size": 100}, "after": {"id": "vol-1", "type": "gp2", "size": 100}}},
            {"address": "aws_instance.a", "change": {"actions": ["create"], "before": null, "after": {"instance_type": "m5.large",
                "root_block_device": [{"volume_type": "gp3", "volume_size": 50}],
                "ebs_block_device": [{"volume_id": "vol-1", "volume_type": "gp2", "volume_size": 100},
                    {"volume_id": "vol-2", "volume_type": "gp2", "volume_size": 10}]}}}"#;
        let instance = in_plan(changes, r#"{"resources": []}"#, "aws_instance.a");
        assert_eq!(instance.total, "75.08"); // 70.08 + 50 * 0.08 + 10 * 0.1
    }

    #[test]
    fn other_purchases_have_no_price() {
        for after in [
            r#"{"instance_type": "m5.large", "tenancy": "host"}"#,
            r#"{"instance_type": "m5.large", "instance_market_options": [{"market_type": "spot"}]}"#,
            r#"{"instance_type": "m99.large"}"#,
            r#"{"instance_type": "m5.large", "get_password_data": true}"#,
        ] {
            assert_eq!(one("aws_instance", after).state, "no_price", "{after}");
        }
        assert_eq!(one("aws_instance", "{}").state, "unknown_input");
    }

    const GROUP: &str = r#"{"address": "aws_launch_template.t", "change": {"actions": ["create"], "before": null,
            "after": {"instance_type": "m5.large", "block_device_mappings": [{"ebs": [{"volume_size": 20, "volume_type": "gp3"}]}]},
            "after_unknown": {"id": true}}},
        {"address": "aws_autoscaling_group.g", "change": {"actions": ["create"], "before": null,
            "after": GROUP, "after_unknown": {"launch_template": [{"id": true}]}}}"#;

    const REFERENCE: &str = r#"{"resources": [
        {"mode": "managed", "type": "aws_launch_template", "name": "t", "expressions": {}},
        {"mode": "managed", "type": "aws_autoscaling_group", "name": "g", "expressions": {
            "launch_template": [{"id": {"references": ["aws_launch_template.t.id", "aws_launch_template.t"]}}]}}]}"#;

    fn group(group: &str) -> crate::testing::Costs {
        in_plan(&GROUP.replace("GROUP", group), REFERENCE, "aws_autoscaling_group.g")
    }

    #[test]
    fn a_group_costs_its_desired_instances_of_the_template() {
        // 3 * (70.08 + 20 * 0.08)
        let group_of_three = group(r#"{"desired_capacity": 3, "min_size": 1, "launch_template": [{}]}"#);
        assert_eq!(group_of_three.total, "215.04");
        let smallest = group(r#"{"min_size": 2, "launch_template": [{}]}"#);
        assert_eq!((smallest.total.as_str(), smallest.states()[0].as_str()), ("143.36", "estimated"));
        for count in ["-3", "1e30", "2.5", "99999999999999999999", "\"NaN\""] {
            let odd = group(&format!(r#"{{"desired_capacity": {count}, "launch_template": [{{}}]}}"#));
            assert_eq!((odd.total.as_str(), odd.states()[0].as_str()), ("0.00", "unknown_input"), "{count}");
        }
    }

    #[test]
    fn a_group_without_its_template_has_no_amount() {
        let alone =
            one("aws_autoscaling_group", r#"{"desired_capacity": 3, "launch_template": [{"id": "lt-1"}]}"#);
        assert_eq!(alone.state, "unknown_input");
        assert!(alone.note.contains("launch template is not in the plan"), "{}", alone.note);
    }

    #[test]
    fn spot_instances_of_a_mixed_group_are_counted_and_not_priced() {
        let group = costs(
            "aws_autoscaling_group",
            r#"{"desired_capacity": 10, "mixed_instances_policy": [{
                "instances_distribution": [{"on_demand_base_capacity": 2, "on_demand_percentage_above_base_capacity": 25}],
                "launch_template": [{"launch_template_specification": [{"launch_template_id": "lt-1"}],
                    "override": [{"instance_type": "m5.large"}]}]}]}"#,
        );
        // 2 + 25 % of 8 on demand: 4 * 70.08; 10 volumes of 0.80.
        assert_eq!(group.total, "288.32");
        assert_eq!(group.states(), ["estimated", "no_price", "estimated"]);
    }
}
