//! Reports services of Kubernetes that could be reached inside of the cluster only, and get a door to the outside.

use planguard_plan::{ResourceState, Value, View};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::{Sight, pairs, places, sight};
use super::network::Addresses;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-exposure-service",
        title: "A service of Kubernetes can be reached from outside of the cluster",
        severity: Severity::High,
        why: "The service was there for other pods, and may neither encrypt nor ask who calls. A load balancer gives it a \
              public address, a node port opens it on every node.",
        remediation: "Keep the type `ClusterIP` and publish the service through an ingress, or annotate the load balancer as \
                      internal and set `load_balancer_source_ranges`.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "kubernetes_service_v1.db", "change": {"actions": ["update"],
            "before": {"spec": [{"type": "ClusterIP", "port": [{"port": 5432}]}]},
            "after": {"spec": [{"type": "LoadBalancer", "port": [{"port": 5432}]}]}}}"#,
        r#"{"address": "kubernetes_service_v1.db", "change": {"actions": ["update"],
            "before": {"spec": [{"type": "LoadBalancer", "port": [{"port": 5432}]}]},
            "after": {"spec": [{"type": "ClusterIP", "port": [{"port": 5432}]}]}}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = Vec::new();
    for pair in pairs(plan) {
        let Some(layout) = Layout::of(&pair.resource.address.resource_type) else { continue };
        let (Some(before), Some(after)) = (layout.read(&pair.before), layout.read(&pair.after)) else {
            continue;
        };
        if after.reach <= before.reach {
            continue;
        }
        let door = match after.reach {
            Reach::Cluster => continue,
            Reach::Nodes => "opens it on every node",
            Reach::Outside => "gives it an address outside of the cluster",
        };
        let ports = match after.ports.as_slice() {
            [] => String::new(),
            [one] => format!(" for port {one}"),
            many => format!(" for ports {}", many.join(", ")),
        };
        let change = match before.kind == after.kind {
            true => "its load balancer is no longer internal, which".to_owned(),
            false => format!(
                "`{}` changes from `{}` to `{}`, which",
                after.attribute.path(),
                before.kind,
                after.kind
            ),
        };
        let message = format!(
            "{} can be reached from outside of the cluster: {change} {door}{ports}",
            pair.resource.address
        );
        found.push(ChangeFinding::on(pair.resource, message).at(after.attribute.path().clone()));
    }
    found
}

/// Where a service is described: in blocks, or in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Blocks,
    Manifest,
}

/// From where a service can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// The cluster, or networks that the service names.
    Cluster,
    /// Wherever nodes can be reached from.
    Nodes,
    /// Anywhere.
    Outside,
}

struct Service<'p, 's> {
    attribute: View<'p, 's>,
    kind: &'p str,
    reach: Reach,
    ports: Vec<String>,
}

/// The type of a service that names none.
const DEFAULT_TYPE: &str = "ClusterIP";

/// Annotations that keep a load balancer inside of the network, with the values that do.
const INTERNAL: &[(&str, &[&str])] = &[
    ("alb.ingress.kubernetes.io/scheme", &["internal"]),
    ("cloud.google.com/load-balancer-type", &["internal"]),
    ("networking.gke.io/load-balancer-type", &["internal"]),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", &["true", "0.0.0.0/0"]),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", &["internal"]),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", &["true"]),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", &["true"]),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", &["true"]),
];

impl Layout {
    fn of(resource_type: &str) -> Option<Self> {
        match resource_type {
            "kubernetes_service" | "kubernetes_service_v1" => Some(Self::Blocks),
            "kubernetes_manifest" => Some(Self::Manifest),
            _ => None,
        }
    }

    /// What one side says; `None` for something else than a service, and where the type is known only after apply.
    fn read<'p, 's>(self, state: &'s ResourceState<'p>) -> Option<Service<'p, 's>> {
        let root = state.root();
        let (object, ports, ranges) = match self {
            Self::Blocks => (root, "port", "load_balancer_source_ranges"),
            Self::Manifest => (root.key("manifest"), "ports", "loadBalancerSourceRanges"),
        };
        if self == Self::Manifest && text(&object.key("kind")) != Some("Service") {
            return None;
        }
        let attribute = places(&object, &["spec", "type"]).into_iter().next()?;
        let kind = match sight(&attribute) {
            Sight::Known(value) => value.as_str()?,
            Sight::Unset | Sight::Computed => DEFAULT_TYPE,
            Sight::Unknown => return None,
        };
        let annotations = places(&object, &["metadata", "annotations"]);
        let is_internal = INTERNAL.iter().any(|(name, values)| {
            let said = annotations.first().and_then(|all| text(&all.key(name)));
            said.is_some_and(|said| values.iter().any(|value| value.eq_ignore_ascii_case(said)))
        });
        let ranges = places(&object, &["spec", ranges])
            .into_iter()
            .flat_map(|list| list.elements().unwrap_or_default());
        let ranges: Vec<Addresses> =
            ranges.filter_map(|range| text(&range).map(Addresses::parse)).flatten().collect();
        let is_restricted = !ranges.is_empty() && !ranges.iter().any(|range| range.is_wide_and_public());
        let reach = match kind {
            "LoadBalancer" if is_internal || is_restricted => Reach::Cluster,
            "LoadBalancer" => Reach::Outside,
            "NodePort" => Reach::Nodes,
            _ => Reach::Cluster,
        };
        let numbers = places(&object, &["spec", ports, "port"]);
        let ports = numbers.iter().filter_map(|place| match sight(place) {
            Sight::Known(Value::Number(number)) if !place.is_sensitive() => Some(number.to_string()),
            Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => None,
        });
        let ports = ports.collect();
        Some(Service { attribute, kind, reach, ports })
    }
}

fn text<'p>(place: &View<'p, '_>) -> Option<&'p str> {
    sight(place).known()?.as_str()
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_update;
    use super::*;

    fn messages(address: &str, before: &str, after: &str) -> Vec<String> {
        find_in_update(&GUARD, address, before, after, "{}")
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    fn service(kind: &str, annotations: &str) -> String {
        format!(
            r#"{{"metadata": [{{"annotations": {{{annotations}}}}}],
                "spec": [{{"type": "{kind}", "port": [{{"port": 80}}, {{"port": 5432}}]}}]}}"#
        )
    }

    #[test]
    fn the_type_and_the_ports_are_named() {
        let address = "kubernetes_service.a";
        assert_eq!(
            messages(address, &service("ClusterIP", ""), &service("NodePort", "")),
            [
                "kubernetes_service.a can be reached from outside of the cluster: `spec[0].type` changes from `ClusterIP` to `NodePort`, which opens it on every node for ports 80, 5432"
            ]
        );
        assert!(messages(address, &service("NodePort", ""), &service("ClusterIP", "")).is_empty());
        assert_eq!(messages(address, &service("NodePort", ""), &service("LoadBalancer", "")).len(), 1);
        assert!(messages(address, &service("ClusterIP", ""), &service("ExternalName", "")).is_empty());
    }

    #[test]
    fn a_load_balancer_may_be_internal() {
        let address = "kubernetes_service.a";
        let internal = r#""service.beta.kubernetes.io/aws-load-balancer-scheme": "internal""#;
        let (inside, outside) = (service("LoadBalancer", internal), service("LoadBalancer", ""));
        assert_eq!(
            messages(address, &inside, &outside),
            [
                "kubernetes_service.a can be reached from outside of the cluster: its load balancer is no longer internal, which gives it an address outside of the cluster for ports 80, 5432"
            ]
        );
        assert!(messages(address, &outside, &inside).is_empty());
        assert!(messages(address, &service("ClusterIP", ""), &inside).is_empty());
    }

    #[test]
    fn a_manifest_is_read_as_well() {
        let manifest = |kind: &str, service: &str| {
            format!(
                r#"{{"manifest": {{"kind": "{kind}", "spec": {{"type": "{service}", "ports": [{{"port": 6379}}]}}}}}}"#
            )
        };
        let address = "kubernetes_manifest.a";
        let found =
            messages(address, &manifest("Service", "ClusterIP"), &manifest("Service", "LoadBalancer"));
        assert_eq!(
            found,
            [
                "kubernetes_manifest.a can be reached from outside of the cluster: `manifest.spec.type` changes from `ClusterIP` to `LoadBalancer`, which gives it an address outside of the cluster for port 6379"
            ]
        );
        assert!(
            messages(address, &manifest("Other", "ClusterIP"), &manifest("Other", "LoadBalancer")).is_empty()
        );
    }
}
