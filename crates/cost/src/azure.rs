//! What objects of Azure cost, as far as the book has prices: machines, by themselves and in clusters.

use rust_decimal::Decimal;

use crate::bill::{Bill, Input, Missing, Part, Service, Unit};
use crate::book::Table;
use crate::facts::{Place, Resource};
use crate::kinds::Rule;

/// The rule of a resource type.
pub(crate) fn rule(resource_type: &str) -> Option<Rule> {
    Some(match resource_type {
        "azurerm_linux_virtual_machine" => linux_machine,
        "azurerm_windows_virtual_machine" => windows_machine,
        "azurerm_virtual_machine" => old_machine,
        "azurerm_linux_virtual_machine_scale_set" => linux_scale_set,
        "azurerm_windows_virtual_machine_scale_set" => windows_scale_set,
        "azurerm_virtual_machine_scale_set" => old_scale_set,
        "azurerm_orchestrated_virtual_machine_scale_set" => orchestrated_scale_set,
        "azurerm_kubernetes_cluster" => kubernetes_cluster,
        "azurerm_kubernetes_cluster_node_pool" => node_pool,
        _ => return None,
    })
}

/// The licence of an operating system.
enum Licence {
    None,
    Windows,
    /// The account brings its own.
    Own,
}

impl Licence {
    fn of_windows(place: &Place<'_, '_>) -> Self {
        match place.text("license_type") {
            Ok(Some("Windows_Server" | "Windows_Client")) => Self::Own,
            Ok(_) | Err(_) => Self::Windows,
        }
    }
}

fn machines(
    bill: &mut Bill<'_>,
    size: Input<&str>,
    priority: Input<Option<&str>>,
    number: Input<Decimal>,
    licence: &Licence,
) {
    let hours = number.clone().ok().map(|number| number * crate::amount::hours_of_month());
    match priority {
        Ok(Some("Spot" | "Low")) => {
            bill.missing(
                "Machine",
                Service::AzureVm,
                Unit::Hour,
                hours,
                Missing::no_price("spot prices are not in the price book"),
            );
        }
        Ok(_) => {
            bill.add(Part::new("Machine", Service::AzureVm, Unit::Hour, Table::AzureVm, size).times(number));
        }
        Err(missing) => bill.missing("Machine", Service::AzureVm, Unit::Hour, hours, missing),
    }
    if let Licence::Windows = licence {
        let missing = Missing::no_price("the price book has no prices of Windows");
        bill.missing("Windows licence", Service::AzureVm, Unit::Hour, hours, missing);
    }
}

fn disk(bill: &mut Bill<'_>, name: &'static str, number: Option<Decimal>) {
    let missing = Missing::no_price("the price book has no prices of managed disks");
    bill.missing(name, Service::AzureDisk, Unit::Month, number, missing);
}

fn machine(resource: &Resource<'_, '_>, bill: &mut Bill<'_>, licence: &Licence) {
    let root = resource.root();
    machines(bill, root.needed("size"), root.text("priority"), Ok(Decimal::ONE), licence);
    disk(bill, "System disk", Some(Decimal::ONE));
}

fn linux_machine(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    machine(resource, bill, &Licence::None);
}

fn windows_machine(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    machine(resource, bill, &Licence::of_windows(&resource.root()));
}

fn old_machine(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let is_windows = root.list("os_profile_windows_config").is_ok_and(|blocks| !blocks.is_empty());
    let licence = if is_windows { Licence::of_windows(&root) } else { Licence::None };
    machines(bill, root.needed("vm_size"), Ok(None), Ok(Decimal::ONE), &licence);
    let data = root.list("storage_data_disk").map(|disks| crate::facts::number_of(&disks)).ok();
    disk(bill, "Disks", data.map(|disks| disks + Decimal::ONE));
}

fn scale_set(resource: &Resource<'_, '_>, bill: &mut Bill<'_>, size: &str, licence: &Licence) {
    let root = resource.root();
    let number = root.needed_count("instances");
    disk_and_machines(bill, root.needed(size), root.text("priority"), number, licence);
}

fn disk_and_machines(
    bill: &mut Bill<'_>,
    size: Input<&str>,
    priority: Input<Option<&str>>,
    number: Input<Decimal>,
    licence: &Licence,
) {
    machines(bill, size, priority, number.clone(), licence);
    disk(bill, "System disks", number.ok());
}

fn linux_scale_set(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    scale_set(resource, bill, "sku", &Licence::None);
}

fn windows_scale_set(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    scale_set(resource, bill, "sku", &Licence::of_windows(&resource.root()));
}

fn orchestrated_scale_set(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let profile = root.block("os_profile").ok().flatten();
    let is_windows = profile
        .and_then(|profile| profile.list("windows_configuration").ok())
        .is_some_and(|blocks| !blocks.is_empty());
    let licence = if is_windows { Licence::of_windows(&root) } else { Licence::None };
    scale_set(resource, bill, "sku_name", &licence);
}

fn old_scale_set(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let sku = root.block("sku").and_then(|sku| sku.ok_or_else(|| Missing::unknown("`sku` is not set")));
    let is_windows = root.list("os_profile_windows_config").is_ok_and(|blocks| !blocks.is_empty());
    let licence = if is_windows { Licence::of_windows(&root) } else { Licence::None };
    let size = sku.as_ref().map_err(Clone::clone).and_then(|sku| sku.needed("name"));
    let number = sku.as_ref().map_err(Clone::clone).and_then(|sku| sku.needed_count("capacity"));
    disk_and_machines(bill, size, root.text("priority"), number, &licence);
}

/// How many nodes a pool has; that of an automatic pool which is not there yet is at least its smallest number.
fn nodes(pool: &Place<'_, '_>) -> (Input<Decimal>, Option<&'static str>) {
    match pool.count("node_count") {
        Ok(Some(number)) => (Ok(number), None),
        Ok(None) => match pool.count("min_count") {
            Ok(Some(number)) => (Ok(number), Some("`node_count` is not set: `min_count` counts")),
            Ok(None) => (Ok(Decimal::ONE), Some("`node_count` is not set: one node is assumed")),
            Err(missing) => (Err(missing), None),
        },
        Err(missing) => (Err(missing), None),
    }
}

fn pool(bill: &mut Bill<'_>, pool: &Place<'_, '_>) {
    let (number, assumed) = nodes(pool);
    let is_windows = pool.text("os_type") == Ok(Some("Windows"));
    let licence = if is_windows { Licence::Windows } else { Licence::None };
    let start = bill.components.len();
    disk_and_machines(bill, pool.needed("vm_size"), pool.text("priority"), number, &licence);
    if let (Some(assumed), Some(component)) = (assumed, bill.components.get_mut(start))
        && component.monthly.is_some()
    {
        component.state = crate::bill::State::Estimated;
        component.note = Some(assumed.to_owned());
    }
}

fn kubernetes_cluster(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    match root.text("sku_tier") {
        Ok(None | Some("Free")) => {}
        Ok(Some(_)) => {
            let missing = Missing::no_price("the price book has no prices of the control plane of AKS");
            bill.missing(
                "Control plane",
                Service::Aks,
                Unit::Hour,
                Some(crate::amount::hours_of_month()),
                missing,
            );
        }
        Err(missing) => bill.missing("Control plane", Service::Aks, Unit::Hour, None, missing),
    }
    match root.block("default_node_pool") {
        Ok(Some(block)) => pool(bill, &block),
        Ok(None) => {}
        Err(missing) => bill.missing("Machine", Service::AzureVm, Unit::Hour, None, missing),
    }
    if bill.components.is_empty() {
        bill.free("Control plane", None);
    }
}

fn node_pool(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    // A pool has no location of its own.
    pool(bill, &resource.root());
}

#[cfg(test)]
mod tests {
    use crate::testing::{costs, one};

    #[test]
    fn machines_cost_their_size() {
        // westeurope: Standard_D2s_v3 0.12
        let machine = costs(
            "azurerm_linux_virtual_machine",
            r#"{"location": "West Europe", "size": "Standard_D2s_v3"}"#,
        );
        assert_eq!(machine.total, "87.60");
        assert_eq!(machine.states(), ["priced", "no_price"]);
        let windows = costs(
            "azurerm_windows_virtual_machine",
            r#"{"location": "westeurope", "size": "Standard_D2s_v3"}"#,
        );
        assert_eq!(windows.states(), ["priced", "no_price", "no_price"]);
        let own =
            r#"{"location": "westeurope", "size": "Standard_D2s_v3", "license_type": "Windows_Server"}"#;
        assert_eq!(costs("azurerm_windows_virtual_machine", own).states(), ["priced", "no_price"]);
        let set = r#"{"location": "westeurope", "sku": "Standard_D2s_v3", "instances": 3}"#;
        assert_eq!(costs("azurerm_linux_virtual_machine_scale_set", set).total, "262.80");
        let old = r#"{"location": "westeurope", "sku": [{"name": "Standard_D2s_v3", "capacity": 2}]}"#;
        assert_eq!(costs("azurerm_virtual_machine_scale_set", old).total, "175.20");
        let spot = r#"{"location": "westeurope", "size": "Standard_D2s_v3", "priority": "Spot"}"#;
        assert_eq!(one("azurerm_linux_virtual_machine", spot).state, "no_price");
    }

    #[test]
    fn pools_cost_their_nodes() {
        let cluster = r#"{"location": "westeurope", "default_node_pool": [{"vm_size": "Standard_D2s_v3", "node_count": 2}]}"#;
        assert_eq!(costs("azurerm_kubernetes_cluster", cluster).total, "175.20");
        let automatic = r#"{"location": "westeurope", "vm_size": "Standard_D2s_v3", "min_count": 3}"#;
        let found = costs("azurerm_kubernetes_cluster_node_pool", automatic);
        assert_eq!((found.total.as_str(), found.states()[0].as_str()), ("262.80", "estimated"));
        let standard = r#"{"location": "westeurope", "sku_tier": "Standard"}"#;
        assert_eq!(one("azurerm_kubernetes_cluster", standard).state, "no_price");
    }
}
