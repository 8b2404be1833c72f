//! What policies for the network of Kubernetes let through that they refused before.

use planguard_plan::{ResourceState, Value, View};

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, shown, sight};
use super::network::Addresses;

/// The findings for a policy that restricts less than before.
pub(super) fn loosened(pair: &Pair<'_>) -> Vec<ChangeFinding> {
    let Some(layout) = Layout::of(&pair.resource.address.resource_type) else { return Vec::new() };
    let (Some(before), Some(after)) = (Policy::of(&pair.before, layout), Policy::of(&pair.after, layout))
    else {
        return Vec::new();
    };
    let address = &pair.resource.address;
    let mut found: Vec<String> = Vec::new();
    if before.is_for_all_pods && !after.is_for_all_pods {
        let only = after
            .selector
            .as_deref()
            .map(|label| format!(", only to those with {label}"))
            .unwrap_or_default();
        found.push(format!("it no longer applies to all pods of its namespace{only}"));
    }
    for direction in [Direction::Ingress, Direction::Egress] {
        let (old, new) = (before.side(direction), after.side(direction));
        let Some(old) = old else { continue };
        let connections = direction.connections();
        let Some(new) = new else {
            found.push(format!(
                "`{}` no longer names `{}`, so that all {connections} are allowed",
                layout.types(),
                direction.word()
            ));
            continue;
        };
        let is_new =
            |opening: &&Opening| !old.iter().any(|other| other.port.is_none() || other.port == opening.port);
        let opened =
            new.iter().filter(is_new).filter(|opening| !direction.is_everyday(opening.port.as_deref()));
        let ports: Vec<String> = opened
            .map(|opening| match (&opening.port, &opening.range) {
                (port, Some(range)) => {
                    format!("{} {range} on {}", direction.preposition(), port_text(port.as_deref()))
                }
                (port, None) => {
                    format!("{} everywhere on {}", direction.preposition(), port_text(port.as_deref()))
                }
            })
            .collect();
        if !ports.is_empty() {
            found.push(format!("it allows {connections} {}", ports.join(", ")));
        }
    }
    found
        .into_iter()
        .map(|what| {
            ChangeFinding::on(
                pair.resource,
                format!("{address} restricts the network less than before: {what}"),
            )
        })
        .collect()
}

fn port_text(port: Option<&str>) -> String {
    port.map_or_else(|| "all ports".to_owned(), |port| format!("port {port}"))
}

/// Where a policy is described: in blocks, or in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Blocks,
    Manifest,
}

impl Layout {
    fn of(resource_type: &str) -> Option<Self> {
        match resource_type {
            "kubernetes_network_policy" | "kubernetes_network_policy_v1" => Some(Self::Blocks),
            "kubernetes_manifest" => Some(Self::Manifest),
            _ => None,
        }
    }

    /// A name of Kubernetes, as this layout writes it.
    const fn name(self, block: &'static str, manifest: &'static str) -> &'static str {
        match self {
            Self::Blocks => block,
            Self::Manifest => manifest,
        }
    }

    const fn types(self) -> &'static str {
        self.name("policy_types", "policyTypes")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    const fn word(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        }
    }

    const fn connections(self) -> &'static str {
        match self {
            Self::Ingress => "incoming connections",
            Self::Egress => "outgoing connections",
        }
    }

    const fn preposition(self) -> &'static str {
        match self {
            Self::Ingress => "from",
            Self::Egress => "to",
        }
    }

    /// Whether a port is what most policies open: to web sites for everyone, and to name servers.
    fn is_everyday(self, port: Option<&str>) -> bool {
        match self {
            Self::Ingress => matches!(port, Some("80" | "443" | "http" | "https")),
            Self::Egress => port.is_some(),
        }
    }
}

/// One side of a policy.
struct Policy {
    is_for_all_pods: bool,
    /// A label that pods must have, as messages show it.
    selector: Option<String>,
    /// What is open to everyone in each direction; `None` for a direction that the policy does not restrict.
    ingress: Option<Vec<Opening>>,
    egress: Option<Vec<Opening>>,
}

/// A port that is open to everyone, or to a wide range of the internet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Opening {
    /// `None` for all ports.
    port: Option<String>,
    /// The range; `None` for everyone.
    range: Option<String>,
}

impl Policy {
    /// Reads one side; `None` for something else than a policy, and where some of it is known only after apply.
    fn of(state: &ResourceState<'_>, layout: Layout) -> Option<Self> {
        let root = state.root();
        let object = match layout {
            Layout::Blocks => root,
            Layout::Manifest => {
                let manifest = root.key("manifest");
                if text(&manifest.key("kind"))? != "NetworkPolicy" {
                    return None;
                }
                manifest
            }
        };
        let spec = blocks(&object.key("spec"))?.into_iter().next()?;
        let named = spec.key(layout.types());
        let named: Vec<&str> = match sight(&named) {
            Sight::Known(list) => list.elements().iter().filter_map(Value::as_str).collect(),
            Sight::Unset | Sight::Computed => Vec::new(),
            Sight::Unknown => return None,
        };
        let is_named = |direction: Direction| match (named.is_empty(), direction) {
            // Without a list, a policy restricts what comes in, and what goes out where it has rules for that.
            (true, Direction::Ingress) => true,
            (true, Direction::Egress) => blocks(&spec.key("egress")).is_some_and(|rules| !rules.is_empty()),
            (false, direction) => named.iter().any(|name| *name == direction.word()),
        };
        let side = |direction: Direction, rules: &str, peers: &str| match is_named(direction) {
            false => Some(None),
            true => openings(&spec.key(rules), peers, layout).map(Some),
        };
        let ingress = side(Direction::Ingress, "ingress", "from")?;
        let egress = side(Direction::Egress, "egress", "to")?;
        let selector = blocks(&spec.key(layout.name("pod_selector", "podSelector")))?.into_iter().next();
        let labels =
            selector.as_ref().map(|selector| selector.key(layout.name("match_labels", "matchLabels")));
        let expressions = selector
            .as_ref()
            .map(|selector| selector.key(layout.name("match_expressions", "matchExpressions")));
        let is_set = |place: &Option<View<'_, '_>>| {
            let known = place.as_ref().and_then(|place| sight(place).known());
            known.is_some_and(|value| !crate::engine::is_empty(value))
        };
        let label = labels.as_ref().and_then(|labels| {
            let (name, _) = labels.raw()?.members().first()?;
            Some(format!("the label `{name}` = {}", shown(&labels.key(name))?))
        });
        Some(Self {
            is_for_all_pods: !is_set(&labels) && !is_set(&expressions),
            selector: label,
            ingress,
            egress,
        })
    }

    const fn side(&self, direction: Direction) -> Option<&Vec<Opening>> {
        match direction {
            Direction::Ingress => self.ingress.as_ref(),
            Direction::Egress => self.egress.as_ref(),
        }
    }
}

/// What rules open to everyone; `None` where some of it is known only after apply.
fn openings(rules: &View<'_, '_>, peers: &str, layout: Layout) -> Option<Vec<Opening>> {
    let mut found = Vec::new();
    for rule in blocks(rules)? {
        let peers = blocks(&rule.key(peers))?;
        let ranges = if peers.is_empty() {
            vec![None]
        } else {
            let block = layout.name("ip_block", "ipBlock");
            let ranges = peers.iter().flat_map(|peer| places(peer, &[block, "cidr"]));
            let wide = ranges.filter_map(|place| {
                let range =
                    Addresses::parse(text(&place)?).into_iter().find(|range| range.is_wide_and_public())?;
                Some(Some(range.to_string()))
            });
            wide.collect()
        };
        let ports: Vec<Option<String>> = match blocks(&rule.key("ports"))?.as_slice() {
            [] => vec![None],
            ports => ports.iter().map(|port| number(&port.key("port"))).collect(),
        };
        for range in &ranges {
            found.extend(ports.iter().map(|port| Opening { port: port.clone(), range: range.clone() }));
        }
    }
    Some(found)
}

/// The elements of a list of blocks, or the one object in its place; none where it is not set, `None` where it is known
/// only after apply.
fn blocks<'p, 's>(place: &View<'p, 's>) -> Option<Vec<View<'p, 's>>> {
    match sight(place) {
        Sight::Known(Value::Object(_)) => Some(vec![place.clone()]),
        Sight::Known(_) => place.elements(),
        Sight::Unset | Sight::Computed => Some(Vec::new()),
        Sight::Unknown => None,
    }
}

fn text<'p>(place: &View<'p, '_>) -> Option<&'p str> {
    sight(place).known()?.as_str()
}

/// A port, by its number or its name.
fn number(place: &View<'_, '_>) -> Option<String> {
    match sight(place).known()? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::access_restriction_removed::GUARD;
    use super::super::testing::find_in_update;

    fn messages(before: &str, after: &str) -> Vec<String> {
        let spec = |spec: &str| format!(r#"{{"spec": [{{{spec}}}]}}"#);
        let address = "kubernetes_network_policy_v1.a";
        let found = find_in_update(&GUARD, address, &spec(before), &spec(after), "{}");
        let start = format!("{address} restricts the network less than before: ");
        found.into_iter().map(|finding| finding.message.replace(&start, "")).collect()
    }

    fn policy(types: &str, selector: &str, ingress: &str, egress: &str) -> String {
        format!(
            r#""policy_types": [{types}], "pod_selector": [{{{selector}}}], "ingress": [{ingress}], "egress": [{egress}]"#
        )
    }

    const FROM_WEB: &str =
        r#"{"from": [{"pod_selector": [{"match_labels": {"app": "web"}}]}], "ports": [{"port": "80"}]}"#;

    #[test]
    fn a_rule_without_peers_lets_everyone_in() {
        let of = |before: &str, after: &str| {
            messages(&policy(r#""Ingress""#, "", before, ""), &policy(r#""Ingress""#, "", after, ""))
        };
        assert_eq!(
            of(FROM_WEB, r#"{"from": [], "ports": []}"#),
            ["it allows incoming connections from everywhere on all ports"]
        );
        assert_eq!(
            of("", r#"{"from": [], "ports": [{"port": "5432"}]}"#),
            ["it allows incoming connections from everywhere on port 5432"]
        );
        assert!(of(r#"{"from": [], "ports": []}"#, FROM_WEB).is_empty());
        assert!(of("", FROM_WEB).is_empty());
        let range =
            |cidr: &str| format!(r#"{{"from": [{{"ip_block": [{{"cidr": "{cidr}"}}]}}], "ports": []}}"#);
        assert_eq!(
            of(&range("10.0.0.0/8"), &range("0.0.0.0/0")),
            ["it allows incoming connections from 0.0.0.0/0 on all ports"]
        );
    }

    #[test]
    fn a_direction_and_pods_that_are_left_out_are_named() {
        let both = policy(r#""Ingress", "Egress""#, "", "", "");
        assert_eq!(
            messages(&both, &policy(r#""Ingress""#, "", "", "")),
            ["`policy_types` no longer names `Egress`, so that all outgoing connections are allowed"]
        );
        let some = policy(r#""Ingress", "Egress""#, r#""match_labels": {"app": "db"}"#, "", "");
        assert_eq!(
            messages(&both, &some),
            ["it no longer applies to all pods of its namespace, only to those with the label `app` = `db`"]
        );
        assert!(messages(&some, &both).is_empty());
        let names = r#"{"to": [], "ports": [{"port": "53"}]}"#;
        assert!(messages(&both, &policy(r#""Ingress", "Egress""#, "", "", names)).is_empty());
    }

    #[test]
    fn a_manifest_is_read_as_well() {
        let manifest = |ingress: &str| {
            format!(
                r#"{{"manifest": {{"kind": "NetworkPolicy", "spec": {{"podSelector": {{}}, "ingress": [{ingress}]}}}}}}"#
            )
        };
        let of = |before: &str, after: &str| {
            find_in_update(&GUARD, "kubernetes_manifest.a", &manifest(before), &manifest(after), "{}").len()
        };
        assert_eq!(of(r#"{"from": [{"podSelector": {}}]}"#, "{}"), 1);
        assert_eq!(of("{}", r#"{"from": [{"podSelector": {}}]}"#), 0);
    }
}
