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
        let is_new = |opening: &&Opening| {
            !old.iter().any(|other| {
                (other.port.is_none() || other.port == opening.port) && other.peers.take_in(&opening.peers)
            })
        };
        let opened =
            new.iter().filter(is_new).filter(|opening| !direction.is_everyday(opening.port.as_deref()));
        let ports: Vec<String> = opened
            .map(|opening| {
                let port = port_text(opening.port.as_deref());
                format!("{} {} on {port}", direction.preposition(), opening.peers.name())
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

/// A port that is open to everyone, to a wide range of the internet, or to pods that no label chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Opening {
    /// `None` for all ports.
    port: Option<String>,
    peers: Peers,
}

/// Whom a rule lets through, where that is more than it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Peers {
    Everyone,
    /// A wide range of the internet.
    Range(String),
    /// Pods of all namespaces: all of them, or those with labels, as one text.
    AllNamespaces(Option<String>),
    /// All pods of the own namespace.
    OwnNamespace,
}

impl Peers {
    /// Whether these are all of the others, or more.
    fn take_in(&self, others: &Self) -> bool {
        match (self, others) {
            (Self::Everyone, _)
            | (Self::AllNamespaces(None), Self::AllNamespaces(_) | Self::OwnNamespace) => true,
            // One range of the internet more or less, other guards tell.
            (Self::Range(_), Self::Range(_)) => true,
            (own, others) => own == others,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Everyone => "everywhere".to_owned(),
            Self::Range(range) => range.clone(),
            Self::AllNamespaces(None) => "all pods of all namespaces".to_owned(),
            Self::AllNamespaces(Some(_)) => "chosen pods of all namespaces".to_owned(),
            Self::OwnNamespace => "all pods of its namespace".to_owned(),
        }
    }
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
            vec![Peers::Everyone]
        } else {
            let block = layout.name("ip_block", "ipBlock");
            let ranges = peers.iter().flat_map(|peer| places(peer, &[block, "cidr"]));
            let wide = ranges.filter_map(|place| {
                let range =
                    Addresses::parse(text(&place)?).into_iter().find(|range| range.is_wide_and_public())?;
                Some(Peers::Range(range.to_string()))
            });
            let mut open: Vec<Peers> = wide.collect();
            for peer in &peers {
                open.extend(unselected(peer, layout)?);
            }
            open
        };
        let ports: Vec<Option<String>> = match blocks(&rule.key("ports"))?.as_slice() {
            [] => vec![None],
            ports => ports.iter().map(|port| number(&port.key("port"))).collect(),
        };
        for range in &ranges {
            found.extend(ports.iter().map(|port| Opening { port: port.clone(), peers: range.clone() }));
        }
    }
    Some(found)
}

/// The pods that a peer lets through without choosing them by a label of theirs and of their namespace; an empty selector
/// chooses all. The outer `None`: some of it is known only after apply.
#[expect(clippy::option_option, reason = "what is not known is something else than what is not there")]
fn unselected(peer: &View<'_, '_>, layout: Layout) -> Option<Option<Peers>> {
    let selector = |block: &'static str, manifest: &'static str| -> Option<Option<Option<String>>> {
        let Some(selector) = blocks(&peer.key(layout.name(block, manifest)))?.into_iter().next() else {
            return Some(None);
        };
        let mut labels = Vec::new();
        for (block, manifest) in [("match_labels", "matchLabels"), ("match_expressions", "matchExpressions")]
        {
            let place = selector.key(layout.name(block, manifest));
            match sight(&place) {
                Sight::Unknown => return None,
                Sight::Known(value) if !crate::engine::is_empty(value) => labels.push(format!("{value:?}")),
                Sight::Known(_) | Sight::Computed | Sight::Unset => {}
            }
        }
        Some(Some((!labels.is_empty()).then(|| labels.join(" "))))
    };
    let namespaces = selector("namespace_selector", "namespaceSelector")?;
    let pods = selector("pod_selector", "podSelector")?;
    Some(match (namespaces, pods) {
        (Some(None), pods) => Some(Peers::AllNamespaces(pods.flatten())),
        (None, Some(None)) => Some(Peers::OwnNamespace),
        (Some(Some(_)) | None, _) => None,
    })
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
    fn an_empty_selector_lets_all_pods_through() {
        let of = |before: &str, after: &str| {
            messages(&policy(r#""Ingress""#, "", before, ""), &policy(r#""Ingress""#, "", after, ""))
        };
        let from = |peers: &str| format!(r#"{{"from": [{peers}], "ports": [{{"port": "5432"}}]}}"#);
        let web = r#"{"ip_block": [], "namespace_selector": [], "pod_selector": [{"match_labels": {"app": "web"}}]}"#;
        let all = r#"{"namespace_selector": [{"match_expressions": [], "match_labels": null}], "pod_selector": []}"#;
        assert_eq!(
            of(&from(web), &from(&format!("{web}, {all}"))),
            ["it allows incoming connections from all pods of all namespaces on port 5432"]
        );
        assert_eq!(of(&from(web), &from(all)).len(), 1);
        assert_eq!(of(&from(all), &from(web)), [""; 0]);
        let own = r#"{"pod_selector": [{"match_labels": {}}]}"#;
        assert_eq!(
            of(&from(web), &from(own)),
            ["it allows incoming connections from all pods of its namespace on port 5432"]
        );
        assert_eq!(of(&from(all), &from(own)), [""; 0]);
        let team = |labels: &str| {
            format!(
                r#"{{"namespace_selector": [{{"match_labels": {{{labels}}}}}], "pod_selector": [{{"match_labels": {{"app": "web"}}}}]}}"#
            )
        };
        assert_eq!(
            of(&from(&team(r#""team": "a""#)), &from(&team(""))),
            ["it allows incoming connections from chosen pods of all namespaces on port 5432"]
        );
        let open = r#"{"ip_block": [{"cidr": "0.0.0.0/0"}]}"#;
        assert_eq!(of(&from(all), &from(&format!("{all}, {open}"))).len(), 1);
        assert_eq!(of(&from(open), &from(&format!("{open}, {all}"))).len(), 1);
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
        let web = r#"{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}"#;
        assert_eq!(of(web, r#"{"from": [{"namespaceSelector": {}}]}"#), 1);
        assert_eq!(of(r#"{"from": [{"namespaceSelector": {}}]}"#, web), 0);
    }
}
