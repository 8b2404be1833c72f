//! What objects of Google Cloud cost, as far as the book has prices: machines, by themselves and in groups and clusters,
//! disks, addresses and tunnels.

use rust_decimal::Decimal;

use crate::bill::{Bill, Input, Missing, Part, Service, Unit};
use crate::book::Table;
use crate::facts::{Place, Resource, number_of};
use crate::kinds::Rule;

/// The rule of a resource type.
pub(crate) fn rule(resource_type: &str) -> Option<Rule> {
    Some(match resource_type {
        "google_compute_instance" => instance,
        "google_compute_instance_group_manager" | "google_compute_region_instance_group_manager" => group,
        "google_compute_disk" => disk,
        "google_compute_region_disk" => region_disk,
        "google_compute_address" | "google_compute_global_address" => address,
        "google_compute_vpn_tunnel" => tunnel,
        "google_container_cluster" => cluster,
        "google_container_node_pool" => node_pool,
        _ => return None,
    })
}

/// What of a machine's price remains in a month of full use. Google grants it without a contract.
fn sustained_use(machine: &str) -> (Decimal, &'static str) {
    match machine.split('-').next().unwrap_or_default() {
        "n1" | "f1" | "g1" | "m1" | "m2" | "custom" => (Decimal::new(7, 1), "(30 % off for sustained use)"),
        // The quarters of a month cost 1, 0.8678, 0.733 and 0.6 of the price.
        "n2" | "n2d" | "c2" => (Decimal::new(8002, 4), "(20 % off for sustained use)"),
        _ => (Decimal::ONE, ""),
    }
}

fn last(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// Adds the hours of machines. `place` has `machine_type`, and how they are scheduled.
fn machines(
    bill: &mut Bill<'_>,
    machine: Input<&str>,
    is_spot: Input<bool>,
    number: &Input<Decimal>,
    assumed: Option<&str>,
) {
    let machine = machine.map(last);
    match is_spot {
        Ok(false) => {}
        Ok(true) => {
            let missing = Missing::no_price("spot prices are not in the price book");
            return bill.missing("Machine", Service::Compute, Unit::Hour, None, missing);
        }
        Err(missing) => return bill.missing("Machine", Service::Compute, Unit::Hour, None, missing),
    }
    let (factor, why) = machine.as_ref().map_or((Decimal::ONE, ""), |machine| sustained_use(machine));
    let part = Part::new("Machine", Service::Compute, Unit::Hour, Table::GoogleMachine, machine);
    bill.add(part.times(number.clone()).at(factor, why).assuming(assumed));
}

/// Whether a block of scheduling asks for machines that can be taken away.
fn is_spot(place: &Place<'_, '_>) -> Input<bool> {
    Ok(match place.block("scheduling")? {
        Some(block) => block.flag("preemptible")? || block.text("provisioning_model")? == Some("SPOT"),
        None => false,
    })
}

/// Adds a disk of a size.
fn add_disk(
    bill: &mut Bill<'_>,
    name: &'static str,
    kind: Input<&str>,
    replication: &str,
    size: Input<Decimal>,
    number: &Input<Decimal>,
    assumed: Option<&str>,
) {
    let kind = kind.map(last);
    let key = kind.clone().and_then(|kind| {
        let known = match kind {
            "pd-standard" => "hdd",
            "pd-balanced" => "balanced",
            "pd-ssd" => "ssd",
            "pd-extreme" => "extreme",
            "hyperdisk-extreme" => "hyperdisk-extreme",
            "local-ssd" => "local",
            _ => return Err(Missing::no_price("its type is none that the price book knows")),
        };
        Ok(format!("{known}{replication}"))
    });
    let part = Part::new(name, Service::Disk, Unit::GbMonth, Table::GoogleDisk, key);
    let part = part.detail(kind.unwrap_or_default()).times(size).times(number.clone());
    bill.add(part.assuming(assumed));
}

/// The type and size of a disk, and what is assumed of them.
fn disk_of<'p>(
    place: &Place<'p, '_>,
    kind: &str,
    size: &str,
    usual: (&'static str, u32),
) -> (Input<&'p str>, Input<Decimal>, Option<&'static str>) {
    let mut assumed = None;
    let kind = place.text(kind).map(|kind| {
        kind.unwrap_or_else(|| {
            assumed = Some("its type is not set: the usual one is assumed");
            usual.0
        })
    });
    let size = place.number(size).map(|size| {
        size.unwrap_or_else(|| {
            assumed = Some("its size is that of the image: the usual one is assumed");
            Decimal::from(usual.1)
        })
    });
    (kind, size, assumed)
}

/// Whether the name of the image says that it is one of Windows, whose licence has a price of its own.
fn runs_windows(boot: &Input<Option<Place<'_, '_>>>) -> bool {
    let Ok(Some(boot)) = boot else { return false };
    let Ok(Some(parameters)) = boot.block("initialize_params") else { return false };
    matches!(parameters.text("image"), Ok(Some(image)) if image.contains("windows"))
}

fn instance(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let one = Ok(Decimal::ONE);
    let boot = root.block("boot_disk");
    if runs_windows(&boot) {
        let missing = Missing::no_price("the price book has no prices of Windows");
        bill.missing("Machine", Service::Compute, Unit::Hour, None, missing);
    } else {
        machines(bill, root.needed("machine_type"), is_spot(&root), &one, None);
    }
    accelerators(bill, &root);
    match boot.as_ref().map(Option::as_ref) {
        Ok(Some(boot)) => match boot.block("initialize_params") {
            Ok(Some(parameters)) => {
                let (kind, size, assumed) = disk_of(&parameters, "type", "size", ("pd-standard", 10));
                add_disk(bill, "Boot disk", kind, "", size, &one, assumed);
            }
            // A disk that is there by itself is counted by itself.
            Ok(None) if !matches!(boot.text("source"), Ok(None)) => {}
            Ok(None) => {
                let assumed = Some("the image decides: 10 GB of pd-standard are assumed");
                add_disk(bill, "Boot disk", Ok("pd-standard"), "", Ok(Decimal::TEN), &one, assumed);
            }
            Err(missing) => bill.missing("Boot disk", Service::Disk, Unit::GbMonth, None, missing),
        },
        Ok(None) => {}
        Err(missing) => bill.missing("Boot disk", Service::Disk, Unit::GbMonth, None, missing.clone()),
    }
    if let Ok(scratch) = root.list("scratch_disk")
        && !scratch.is_empty()
    {
        let number = Ok(number_of(&scratch));
        add_disk(bill, "Local disk", Ok("local-ssd"), "", Ok(Decimal::from(375)), &number, None);
    }
}

fn accelerators(bill: &mut Bill<'_>, place: &Place<'_, '_>) {
    if let Ok(Some(_)) = place.block("guest_accelerator") {
        let missing = Missing::no_price("the price book has no prices of accelerators");
        bill.missing("Accelerators", Service::Compute, Unit::Hour, None, missing);
    }
}

fn group(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    const TYPES: &[&str] = &["google_compute_instance_template", "google_compute_region_instance_template"];
    let root = resource.root();
    let number = root.needed_count("target_size");
    let template = root
        .block("version")
        .and_then(|version| version.ok_or_else(|| Missing::unknown("`version` is not set")))
        .and_then(|version| resource.named_by(&version.get("instance_template"), TYPES, "instance template"));
    let template = match template {
        Ok(template) => template,
        Err(missing) => return bill.missing("Machine", Service::Compute, Unit::Hour, None, missing),
    };
    let template = template.root();
    let is_windows = template.list("disk").is_ok_and(|disks| {
        let mut images = disks.iter().map(|disk| disk.text("source_image"));
        images.any(|image| matches!(image, Ok(Some(image)) if image.contains("windows")))
    });
    if is_windows {
        let missing = Missing::no_price("the price book has no prices of Windows");
        bill.missing("Machine", Service::Compute, Unit::Hour, None, missing);
    } else {
        machines(bill, template.needed("machine_type"), is_spot(&template), &number, None);
    }
    accelerators(bill, &template);
    match template.list("disk") {
        Ok(disks) => {
            for disk in &disks {
                let (kind, size, assumed) = disk_of(disk, "disk_type", "disk_size_gb", ("pd-standard", 10));
                add_disk(bill, "Disk", kind, "", size, &number, assumed);
            }
        }
        Err(missing) => bill.missing("Disks", Service::Disk, Unit::GbMonth, None, missing),
    }
}

fn disk(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    of_disk(resource, bill, "");
}

fn region_disk(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    of_disk(resource, bill, "-replicated");
}

fn of_disk(resource: &Resource<'_, '_>, bill: &mut Bill<'_>, replication: &str) {
    let root = resource.root();
    let mut assumed = None;
    let kind = root.text("type").map(|kind| {
        kind.unwrap_or_else(|| {
            assumed = Some("`type` is not set: pd-standard is assumed");
            "pd-standard"
        })
    });
    let size = root.number("size").and_then(|size| {
        size.ok_or_else(|| Missing::unknown("`size` is not set: it is that of the image or snapshot"))
    });
    add_disk(bill, "Disk", kind, replication, size, &Ok(Decimal::ONE), assumed);
}

fn address(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    match resource.root().text("address_type") {
        Ok(Some("INTERNAL")) => bill.free("Internal address", None),
        Ok(_) => {
            let key: Input<&str> = Ok("ip-vm-hour");
            let part = Part::new("External address", Service::Network, Unit::Hour, Table::GoogleNetwork, key);
            bill.add(part.detail("").assuming(Some("an address that is not in use costs more")));
        }
        Err(missing) => bill.missing("Address", Service::Network, Unit::Hour, None, missing),
    }
}

fn tunnel(_: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let key: Input<&str> = Ok("vpn-tunnel-hour");
    bill.add(Part::new("Tunnel", Service::Network, Unit::Hour, Table::GoogleNetwork, key).detail(""));
}

/// In how many zones a pool has its nodes, and what is assumed of it.
fn zones(root: &Place<'_, '_>) -> Input<(Decimal, Option<&'static str>)> {
    let named = root.list("node_locations")?;
    let location = match root.text("location")? {
        Some(location) => Some(location),
        None => root.text("zone")?,
    };
    let is_zone = location.is_some_and(|location| {
        last(location).rsplit_once('-').is_some_and(|(region, zone)| zone.len() == 1 && region.contains('-'))
    });
    Ok(match (number_of(&named), is_zone) {
        // Of a cluster in a zone, they are further ones.
        (more, true) => (more + Decimal::ONE, None),
        (zones, false) if !zones.is_zero() => (zones, None),
        (_, false) => (Decimal::from(3), Some("a region has three zones with nodes")),
    })
}

/// Adds the nodes of a pool: so many in each zone.
fn nodes(
    bill: &mut Bill<'_>,
    pool: &Place<'_, '_>,
    per_zone: Input<Decimal>,
    zones: Input<(Decimal, Option<&str>)>,
) {
    let assumed = zones.as_ref().ok().and_then(|(_, assumed)| *assumed);
    let number =
        per_zone.and_then(|number| zones.and_then(|(zones, _)| crate::bill::product([number, zones])));
    let config = pool.block("node_config");
    match config {
        Ok(Some(config)) => {
            let machine = config.text("machine_type").map(|machine| machine.unwrap_or("e2-medium"));
            let is_spot = config.flag("spot").and_then(|spot| Ok(spot || config.flag("preemptible")?));
            machines(bill, machine, is_spot, &number, assumed);
            accelerators(bill, &config);
            let kind = config.text("disk_type").map(|kind| kind.unwrap_or("pd-standard"));
            let size = config.number("disk_size_gb").map(|size| size.unwrap_or(Decimal::ONE_HUNDRED));
            add_disk(bill, "Boot disk", kind, "", size, &number, assumed);
        }
        Ok(None) => {
            let assumed = Some("`node_config` is not set: e2-medium with 100 GB is assumed");
            machines(bill, Ok("e2-medium"), Ok(false), &number, assumed);
            add_disk(bill, "Boot disk", Ok("pd-standard"), "", Ok(Decimal::ONE_HUNDRED), &number, assumed);
        }
        Err(missing) => bill.missing("Machine", Service::Compute, Unit::Hour, None, missing),
    }
}

fn cluster(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let missing = Missing::no_price("the price book has no prices of the control plane of GKE");
    bill.missing("Control plane", Service::Gke, Unit::Hour, Some(crate::amount::hours_of_month()), missing);
    if root.flag("enable_autopilot") == Ok(true) {
        return bill.usage("Pods", Service::Gke, "vCPU and GB that pods ask for", None);
    }
    if root.flag("remove_default_node_pool") == Ok(true) {
        return;
    }
    match root.list("node_pool") {
        // After an apply the block has the pools that are resources of their own too; they are counted by themselves.
        Ok(pools) if !pools.is_empty() => {
            for pool in pools.iter().filter(|pool| is_own(resource, pool)) {
                nodes(bill, pool, in_each_zone(pool), zones(&root));
            }
        }
        Ok(_) | Err(_) => {
            let number = root.count("initial_node_count");
            match number {
                Ok(None) => {}
                Ok(Some(number)) => nodes(bill, &root, Ok(number), zones(&root)),
                Err(missing) => nodes(bill, &root, Err(missing), zones(&root)),
            }
        }
    }
}

/// Whether no pool of the plan has the name of a block of a cluster.
fn is_own(resource: &Resource<'_, '_>, pool: &Place<'_, '_>) -> bool {
    let Ok(Some(name)) = pool.text("name") else { return true };
    let changes = resource.world.plan.resource_changes.iter();
    !changes.filter(|change| change.address.resource_type == "google_container_node_pool").any(|change| {
        [&change.change.before, &change.change.after]
            .into_iter()
            .flatten()
            .any(|value| value.get("name").and_then(planguard_plan::Value::as_str) == Some(name))
    })
}

fn in_each_zone(pool: &Place<'_, '_>) -> Input<Decimal> {
    if let Some(number) = pool.count("node_count")? {
        return Ok(number);
    }
    if let Some(scaling) = pool.block("autoscaling")?
        && let Some(number) = scaling.count("min_node_count")?
    {
        return Ok(number);
    }
    Ok(pool.count("initial_node_count")?.unwrap_or(Decimal::ONE))
}

fn node_pool(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    nodes(bill, &root, in_each_zone(&root), zones(&root));
}

#[cfg(test)]
mod tests {
    use crate::testing::{costs, in_plan, one};

    #[test]
    fn machines_cost_hours_less_sustained_use_and_their_disks() {
        // us-central1: n1-standard-1 0.0475, 30 % off: 24.2725; pd-ssd 0.17
        let machine = r#"{"machine_type": "n1-standard-1", "zone": "us-central1-a",
            "boot_disk": [{"initialize_params": [{"type": "pd-ssd", "size": 20}]}]}"#;
        assert_eq!(costs("google_compute_instance", machine).total, "27.67");
        let usual = costs(
            "google_compute_instance",
            r#"{"machine_type": "e2-medium", "zone": "us-central1-a", "boot_disk": [{}]}"#,
        );
        assert_eq!(usual.total, "24.86"); // 730 * 0.033506 + 10 * 0.04
        assert_eq!(usual.states(), ["priced", "estimated"]);
        let spot = r#"{"machine_type": "e2-medium", "scheduling": [{"preemptible": true}]}"#;
        assert_eq!(one("google_compute_instance", spot).state, "no_price");
        assert_eq!(one("google_compute_instance", r#"{"machine_type": "n1-custom-1-2"}"#).state, "no_price");
    }

    #[test]
    fn machines_of_windows_have_no_price() {
        let of = |image: &str| {
            format!(
                r#"{{"machine_type": "e2-medium", "zone": "us-central1-a",
                    "boot_disk": [{{"initialize_params": [{{"image": "{image}", "type": "pd-ssd", "size": 20}}]}}]}}"#
            )
        };
        assert_eq!(one("google_compute_instance", &of("windows-cloud/windows-2022")).state, "no_price");
        assert_ne!(one("google_compute_instance", &of("debian-cloud/debian-12")).state, "no_price");
    }

    #[test]
    fn disks_and_addresses_cost_their_size_and_hours() {
        assert_eq!(costs("google_compute_disk", r#"{"type": "pd-balanced", "size": 100}"#).total, "10.00");
        assert_eq!(costs("google_compute_region_disk", r#"{"type": "pd-ssd", "size": 10}"#).total, "3.40");
        assert_eq!(costs("google_compute_address", "{}").total, "3.65");
        assert_eq!(one("google_compute_address", r#"{"address_type": "INTERNAL"}"#).state, "free");
        assert_eq!(costs("google_compute_vpn_tunnel", "{}").total, "36.50");
        assert_eq!(one("google_compute_disk", "{}").state, "unknown_input");
    }

    #[test]
    fn pools_have_nodes_in_each_zone() {
        let pool = |location: &str| {
            format!(
                r#"{{"location": "{location}", "node_count": 2,
                "node_config": [{{"machine_type": "e2-medium", "disk_size_gb": 50, "disk_type": "pd-standard"}}]}}"#
            )
        };
        // 2 * (730 * 0.033506 + 50 * 0.04), and three times that in a region
        assert_eq!(costs("google_container_node_pool", &pool("us-central1-a")).total, "52.92");
        let regional = costs("google_container_node_pool", &pool("us-central1"));
        assert_eq!((regional.total.as_str(), regional.states()[0].as_str()), ("158.76", "estimated"));
        let bare = costs(
            "google_container_cluster",
            r#"{"location": "us-central1-a", "remove_default_node_pool": true}"#,
        );
        assert_eq!(bare.states(), ["no_price"]);
    }

    #[test]
    fn groups_cost_machines_of_their_template() {
        let changes = r#"{"address": "google_compute_instance_template.t", "change": {"actions": ["create"], "before": null,
                "after": {"machine_type": "e2-medium", "disk": [{"disk_type": "pd-standard", "disk_size_gb": 10}]},
                "after_unknown": {"id": true}}},
            {"address": "google_compute_instance_group_manager.g", "change": {"actions": ["create"], "before": null,
                "after": {"target_size": 2, "zone": "us-central1-a", "version": [{}]},
                "after_unknown": {"version": [{"instance_template": true}]}}}"#;
        let configuration = r#"{"resources": [
            {"mode": "managed", "type": "google_compute_instance_template", "name": "t", "expressions": {}},
            {"mode": "managed", "type": "google_compute_instance_group_manager", "name": "g", "expressions": {
                "version": [{"instance_template": {"references": [
                    "google_compute_instance_template.t.id", "google_compute_instance_template.t"]}}]}}]}"#;
        let group = in_plan(changes, configuration, "google_compute_instance_group_manager.g");
        assert_eq!(group.total, "49.72"); // 2 * (730 * 0.033506 + 10 * 0.04)
        let windows =
            changes.replace(r#""disk": [{"#, r#""disk": [{"source_image": "windows-cloud/windows-2022", "#);
        let group = in_plan(&windows, configuration, "google_compute_instance_group_manager.g");
        assert_eq!((group.total.as_str(), group.states()[0].as_str()), ("0.80", "no_price"));
    }
}
