//! What a resource lets in: reads the rules of security groups, firewalls and allow-lists.

use planguard_plan::{AttributePath, ResourceState, Value, View};

use super::compare::{Sight, places, sight};
use super::network::{Addresses, Traffic, ports};

/// A range of addresses that is let in for some traffic.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opening {
    /// From where.
    pub(super) from: Addresses,
    /// What.
    pub(super) traffic: Traffic,
    /// The attribute that names the range.
    pub(super) attribute: AttributePath,
}

/// What one side of a resource lets in.
#[derive(Debug, Default)]
pub(super) struct Openings {
    /// What is known.
    pub(super) known: Vec<Opening>,
    /// Configured attributes that are known only after apply and would say more.
    pub(super) unknown: Vec<AttributePath>,
}

/// How a resource type writes what it lets in.
#[derive(Debug)]
pub(super) struct Layout {
    /// The types.
    pub(super) types: &'static [&'static str],
    /// The way to the rules; nowhere if the resource is the rule.
    pub(super) rules: &'static [&'static str],
    /// What a rule, or else the resource, has to say for the rule to let something in.
    when: &'static [(&'static str, &'static str)],
    /// Where the ranges stand.
    pub(super) sources: Sources,
    /// The attribute of a rule that names the protocol.
    pub(super) protocol: Option<&'static str>,
    /// Where the ports stand.
    pub(super) ports: Ports,
    /// What a list without ranges means.
    pub(super) empty: Empty,
}

/// Where ranges stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sources {
    /// In these attributes of the rule: texts or lists of texts.
    InRule(&'static [&'static str]),
    /// In these attributes of the resource.
    AtRoot(&'static [&'static str]),
    /// Between the addresses in two attributes of the rule.
    Between(&'static str, &'static str),
}

/// Where ports stand in a rule.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ports {
    /// Nowhere: all are open.
    All,
    /// In two attributes.
    Between(&'static str, &'static str),
    /// In attributes that hold texts such as `80-90`, or lists of them.
    In(&'static [&'static str]),
}

/// What it means that there is no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Empty {
    /// Nobody gets in.
    Closed,
    /// The list limits nobody: everyone gets in.
    Open,
    /// Everyone gets in if this block is missing, nobody if it is there and empty.
    OpenWithout(&'static str),
}

const RULE: Layout = Layout {
    types: &[],
    rules: &[],
    when: &[],
    sources: Sources::InRule(&[]),
    protocol: None,
    ports: Ports::All,
    empty: Empty::Closed,
};

/// Every layout. Only what comes in: what a resource may reach is seldom an exposure.
pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        types: &["aws_default_security_group", "aws_security_group"],
        rules: &["ingress"],
        sources: Sources::InRule(&["cidr_blocks", "ipv6_cidr_blocks"]),
        protocol: Some("protocol"),
        ports: Ports::Between("from_port", "to_port"),
        ..RULE
    },
    Layout {
        types: &["aws_security_group_rule"],
        when: &[("type", "ingress")],
        sources: Sources::InRule(&["cidr_blocks", "ipv6_cidr_blocks"]),
        protocol: Some("protocol"),
        ports: Ports::Between("from_port", "to_port"),
        ..RULE
    },
    Layout {
        types: &["aws_vpc_security_group_ingress_rule"],
        sources: Sources::InRule(&["cidr_ipv4", "cidr_ipv6"]),
        protocol: Some("ip_protocol"),
        ports: Ports::Between("from_port", "to_port"),
        ..RULE
    },
    Layout {
        types: &["aws_lightsail_instance_public_ports"],
        rules: &["port_info"],
        sources: Sources::InRule(&["cidrs", "ipv6_cidrs"]),
        protocol: Some("protocol"),
        ports: Ports::Between("from_port", "to_port"),
        ..RULE
    },
    Layout {
        types: &["aws_eks_cluster"],
        rules: &["vpc_config"],
        sources: Sources::InRule(&["public_access_cidrs"]),
        empty: Empty::Open,
        ..RULE
    },
    Layout {
        types: &["azurerm_network_security_group"],
        rules: &["security_rule"],
        when: &[("access", "Allow"), ("direction", "Inbound")],
        sources: Sources::InRule(&["source_address_prefix", "source_address_prefixes"]),
        protocol: Some("protocol"),
        ports: Ports::In(&["destination_port_range", "destination_port_ranges"]),
        ..RULE
    },
    Layout {
        types: &["azurerm_network_security_rule"],
        when: &[("access", "Allow"), ("direction", "Inbound")],
        sources: Sources::InRule(&["source_address_prefix", "source_address_prefixes"]),
        protocol: Some("protocol"),
        ports: Ports::In(&["destination_port_range", "destination_port_ranges"]),
        ..RULE
    },
    Layout {
        types: &[
            "azurerm_cosmosdb_postgresql_firewall_rule",
            "azurerm_mongo_cluster_firewall_rule",
            "azurerm_mssql_firewall_rule",
            "azurerm_mysql_flexible_server_firewall_rule",
            "azurerm_postgresql_firewall_rule",
            "azurerm_postgresql_flexible_server_firewall_rule",
            "azurerm_synapse_firewall_rule",
        ],
        sources: Sources::Between("start_ip_address", "end_ip_address"),
        ..RULE
    },
    Layout {
        types: &["azurerm_redis_firewall_rule"],
        sources: Sources::Between("start_ip", "end_ip"),
        ..RULE
    },
    Layout {
        types: &["azurerm_kubernetes_cluster"],
        rules: &["api_server_access_profile"],
        sources: Sources::InRule(&["authorized_ip_ranges"]),
        empty: Empty::Open,
        ..RULE
    },
    Layout {
        types: &["azurerm_ai_services", "azurerm_cognitive_account", "azurerm_key_vault"],
        rules: &["network_acls"],
        sources: Sources::InRule(&["ip_rules"]),
        ..RULE
    },
    Layout {
        types: &["azurerm_storage_account"],
        rules: &["network_rules"],
        sources: Sources::InRule(&["ip_rules"]),
        ..RULE
    },
    Layout {
        types: &["azurerm_storage_account_network_rules"],
        sources: Sources::InRule(&["ip_rules"]),
        ..RULE
    },
    Layout {
        types: &["azurerm_cosmosdb_account"],
        sources: Sources::InRule(&["ip_range_filter"]),
        empty: Empty::Open,
        ..RULE
    },
    Layout {
        types: &["google_compute_firewall"],
        rules: &["allow"],
        when: &[("direction", "INGRESS"), ("disabled", "false")],
        sources: Sources::AtRoot(&["source_ranges"]),
        protocol: Some("protocol"),
        ports: Ports::In(&["ports"]),
        ..RULE
    },
    Layout {
        types: &["google_container_cluster"],
        rules: &["master_authorized_networks_config", "cidr_blocks"],
        sources: Sources::InRule(&["cidr_block"]),
        empty: Empty::OpenWithout("master_authorized_networks_config"),
        ..RULE
    },
    Layout {
        types: &["google_sql_database_instance"],
        rules: &["settings", "ip_configuration", "authorized_networks"],
        sources: Sources::InRule(&["value"]),
        ..RULE
    },
    Layout {
        types: &["kubernetes_service", "kubernetes_service_v1"],
        rules: &["spec"],
        when: &[("type", "LoadBalancer")],
        sources: Sources::InRule(&["load_balancer_source_ranges"]),
        empty: Empty::Open,
        ..RULE
    },
    Layout {
        types: &["digitalocean_firewall"],
        rules: &["inbound_rule"],
        sources: Sources::InRule(&["source_addresses"]),
        protocol: Some("protocol"),
        ports: Ports::In(&["port_range"]),
        ..RULE
    },
    Layout {
        types: &["hcloud_firewall"],
        rules: &["rule"],
        when: &[("direction", "in")],
        sources: Sources::InRule(&["source_ips"]),
        protocol: Some("protocol"),
        ports: Ports::In(&["port"]),
        ..RULE
    },
    Layout {
        types: &["openstack_networking_secgroup_rule_v2"],
        when: &[("direction", "ingress")],
        sources: Sources::InRule(&["remote_ip_prefix"]),
        protocol: Some("protocol"),
        ports: Ports::Between("port_range_min", "port_range_max"),
        ..RULE
    },
];

impl Layout {
    /// The layout of a type, if it lets anything in.
    pub(super) fn of(resource_type: &str) -> Option<&'static Self> {
        LAYOUTS.iter().find(|layout| layout.types.contains(&resource_type))
    }

    /// What one side of a resource lets in.
    pub(super) fn read(&self, state: &ResourceState<'_>) -> Openings {
        let root = state.root();
        let mut openings = Openings::default();
        for rule in self.rules_of(&root, &mut openings) {
            if !self.when.iter().all(|(name, word)| holds(&rule, &root, name, word)) {
                continue;
            }
            let traffics = self.traffics(&rule, &mut openings);
            for (from, attribute) in self.sources_of(&rule, &root, &mut openings) {
                openings.known.extend(traffics.iter().map(|traffic| Opening {
                    from,
                    traffic: traffic.clone(),
                    attribute: attribute.clone(),
                }));
            }
        }
        openings
    }

    /// Whether a side without any range lets everyone in.
    pub(super) fn is_open_when_empty(&self, state: &ResourceState<'_>) -> bool {
        match self.empty {
            Empty::Closed => false,
            Empty::Open => true,
            Empty::OpenWithout(block) => {
                state.root().key(block).elements().is_some_and(|blocks| blocks.is_empty())
            }
        }
    }

    fn rules_of<'p, 's>(&self, root: &View<'p, 's>, openings: &mut Openings) -> Vec<View<'p, 's>> {
        if self.rules.is_empty() {
            return vec![root.clone()];
        }
        let mut rules = Vec::new();
        for list in places(root, self.rules) {
            match list.elements() {
                Some(elements) => rules.extend(elements),
                None => openings.unknown.push(list.path().clone()),
            }
        }
        rules
    }

    fn sources_of(
        &self,
        rule: &View<'_, '_>,
        root: &View<'_, '_>,
        openings: &mut Openings,
    ) -> Vec<(Addresses, AttributePath)> {
        let (place, names) = match self.sources {
            Sources::InRule(names) => (rule, names),
            Sources::AtRoot(names) => (root, names),
            Sources::Between(first, last) => {
                let ends = (rule.key(first), rule.key(last));
                let unknown = [&ends.0, &ends.1].into_iter().filter(|end| sight(end) == Sight::Unknown);
                openings.unknown.extend(unknown.map(|end| end.path().clone()));
                let (Some(first), Some(last)) = (text(&ends.0), text(&ends.1)) else { return Vec::new() };
                let range = Addresses::between(first, last);
                return range.into_iter().map(|range| (range, ends.1.path().clone())).collect();
            }
        };
        let texts = names.iter().flat_map(|name| texts(&place.key(name), &mut openings.unknown));
        let texts: Vec<_> = texts.collect();
        texts
            .into_iter()
            .flat_map(|(text, path)| {
                Addresses::parse(text).into_iter().map(move |range| (range, path.clone()))
            })
            .collect()
    }

    fn traffics(&self, rule: &View<'_, '_>, openings: &mut Openings) -> Vec<Traffic> {
        let protocol = match self.protocol.map(|name| rule.key(name)) {
            Some(place) => text(&place).unwrap_or("-1").to_owned(),
            None => "-1".to_owned(),
        };
        match self.ports {
            Ports::All => vec![Traffic::new(&protocol, None)],
            Ports::Between(first, last) => {
                let ends = (rule.key(first), rule.key(last));
                let unknown = [&ends.0, &ends.1].into_iter().filter(|end| sight(end) == Sight::Unknown);
                openings.unknown.extend(unknown.map(|end| end.path().clone()));
                let range = port(&ends.0).zip(port(&ends.1));
                vec![Traffic::new(&protocol, range)]
            }
            Ports::In(names) => {
                let texts: Vec<_> =
                    names.iter().flat_map(|name| texts(&rule.key(name), &mut openings.unknown)).collect();
                if texts.is_empty() {
                    return vec![Traffic::new(&protocol, None)];
                }
                texts.iter().map(|(text, _)| Traffic::new(&protocol, ports(text))).collect()
            }
        }
    }
}

/// Whether a rule, or else the resource, says a word. What is not said is the default, which lets in.
fn holds(rule: &View<'_, '_>, root: &View<'_, '_>, name: &str, word: &str) -> bool {
    let said = match sight(&rule.key(name)) {
        Sight::Known(value) => Sight::Known(value),
        Sight::Unknown | Sight::Computed | Sight::Unset => sight(&root.key(name)),
    };
    match said {
        Sight::Known(Value::String(said)) => said.eq_ignore_ascii_case(word),
        Sight::Known(Value::Bool(said)) => word == if *said { "true" } else { "false" },
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => true,
    }
}

fn text<'p>(place: &View<'p, '_>) -> Option<&'p str> {
    match sight(place) {
        Sight::Known(value) => value.as_str(),
        Sight::Unknown | Sight::Computed | Sight::Unset => None,
    }
}

/// The texts of an attribute that is a text or a list of them, each with its path.
fn texts<'p>(place: &View<'p, '_>, unknown: &mut Vec<AttributePath>) -> Vec<(&'p str, AttributePath)> {
    let Some(elements) = place.elements() else {
        unknown.push(place.path().clone());
        return Vec::new();
    };
    unknown
        .extend(elements.iter().filter(|element| sight(element) == Sight::Unknown).map(|e| e.path().clone()));
    elements.iter().filter_map(|element| Some((text(element)?, element.path().clone()))).collect()
}

/// A port; `None` for what is none, such as -1 for all.
fn port(place: &View<'_, '_>) -> Option<u32> {
    match sight(place) {
        Sight::Known(Value::Number(number)) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        Sight::Known(Value::String(text)) => text.parse().ok(),
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Schemas;
    use super::*;

    #[test]
    fn layouts_are_in_the_provider_schemas() {
        let Some(schemas) = Schemas::read() else { return };
        for layout in LAYOUTS {
            let mut names: Vec<&str> = match layout.sources {
                Sources::InRule(names) => names.to_vec(),
                Sources::AtRoot(_) => Vec::new(),
                Sources::Between(first, last) => vec![first, last],
            };
            names.extend(layout.protocol);
            match layout.ports {
                Ports::All => {}
                Ports::Between(first, last) => names.extend([first, last]),
                Ports::In(ports) => names.extend(ports),
            }
            for resource_type in layout.types {
                for name in &names {
                    let path = [layout.rules, &[*name]].concat();
                    assert!(schemas.knows_attribute(resource_type, &path), "{resource_type} has no {path:?}");
                }
            }
        }
    }
}
