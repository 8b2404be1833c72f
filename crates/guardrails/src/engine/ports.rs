//! Whether a range of ports includes one that matters.

use planguard_guardrail_format::{PathPattern, PortRange, PortSource, PortsPredicate, Transport, Truth};
use planguard_plan::{Attribute, Value, View};

use super::{Answer, Evidence, OpenPorts, place};

pub(super) fn includes(ports: &PortsPredicate, view: &View<'_, '_>) -> Answer {
    let protocol = match &ports.protocol {
        None => Protocol::Carries,
        Some(path) => protocol(&place::find(view, path), ports.transport),
    };
    let answer = match (protocol, &ports.source) {
        (Protocol::Other, _) => Answer::bare(Truth::False),
        (Protocol::Everything, PortSource::Bounds { .. }) => {
            Answer { ports: Some(OpenPorts::new(PortRange::ALL, &ports.wanted)), ..Answer::bare(Truth::True) }
        }
        (Protocol::Carries | Protocol::Unknown, PortSource::Bounds { from, to }) => {
            bounds(ports, view, from, to)
        }
        (Protocol::Everything | Protocol::Carries | Protocol::Unknown, PortSource::Ranges(paths)) => {
            ranges(ports, view, paths)
        }
    };
    match (protocol, answer.truth) {
        (Protocol::Unknown, Truth::True) => Answer { truth: Truth::Unknown, ..answer },
        _ => answer,
    }
}

#[derive(Clone, Copy)]
enum Protocol {
    /// Every protocol.
    Everything,
    /// The one that matters.
    Carries,
    Other,
    Unknown,
}

fn protocol(view: &View<'_, '_>, transport: Transport) -> Protocol {
    let value = match view.attribute() {
        Attribute::Unknown => return Protocol::Unknown,
        Attribute::Unset => return Protocol::Carries,
        Attribute::Known(value) => value,
    };
    let text = match value {
        Value::String(text) => text.to_ascii_lowercase(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Protocol::Other,
    };
    match (text.as_str(), transport) {
        ("-1" | "all" | "*", _) => Protocol::Everything,
        ("tcp" | "6", Transport::Tcp | Transport::Any) | ("udp" | "17", Transport::Udp | Transport::Any) => {
            Protocol::Carries
        }
        // Older versions of azurerm mean TCP and UDP with this.
        ("", _) => Protocol::Carries,
        _ => Protocol::Other,
    }
}

fn bounds(ports: &PortsPredicate, view: &View<'_, '_>, from: &PathPattern, to: &PathPattern) -> Answer {
    let places = [place::find(view, from), place::find(view, to)];
    let mut bounds = [0; 2];
    for (bound, place) in bounds.iter_mut().zip(&places) {
        match place.attribute() {
            Attribute::Unknown => return Answer::at(Truth::Unknown, place),
            Attribute::Unset => return Answer::at(ports.unset.unwrap_or(Truth::False), place),
            Attribute::Known(value) => match port(value) {
                Some(port) => *bound = port,
                None => return Answer::at(Truth::False, place),
            },
        }
    }
    let [from, to] = bounds;
    let truth = Truth::of(is_wanted(PortRange { from, to }, ports));
    let value = Some(if from == to { from.to_string() } else { format!("{from}-{to}") });
    let is_shown = !places.iter().any(View::is_sensitive);
    let open = OpenPorts::new(PortRange { from, to }, &ports.wanted);
    Answer {
        evidence: Some(Evidence {
            value: value.filter(|_| is_shown),
            ..Evidence::of(places[0].path().clone())
        }),
        ports: (truth == Truth::True && is_shown).then_some(open),
        ..Answer::bare(truth)
    }
}

/// A port as a number or as text; `-1` is every port to some providers.
fn port(value: &Value<'_>) -> Option<u16> {
    match value {
        Value::Number(number) => number.as_u64().and_then(|port| u16::try_from(port).ok()),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_wanted(range: PortRange, ports: &PortsPredicate) -> bool {
    ports.wanted.iter().any(|wanted| range.includes(*wanted))
}

fn ranges(ports: &PortsPredicate, view: &View<'_, '_>, paths: &[PathPattern]) -> Answer {
    let mut unknown = None;
    let mut given = false;
    for path in paths {
        let list = place::find(view, path);
        let Some(elements) = list.elements() else {
            unknown = Some(Answer::at(Truth::Unknown, &list));
            continue;
        };
        for element in elements {
            match element.attribute() {
                Attribute::Unknown => unknown = Some(Answer::at(Truth::Unknown, &element)),
                Attribute::Unset => {}
                Attribute::Known(value) => {
                    let text = match value {
                        Value::String(text) => text.clone().into_owned(),
                        Value::Number(number) => number.to_string(),
                        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => continue,
                    };
                    given |= !text.is_empty();
                    if let Some(range) = PortRange::parse(&text).filter(|range| is_wanted(*range, ports)) {
                        let is_shown = !element.is_sensitive();
                        let evidence = Evidence {
                            value: is_shown.then_some(text),
                            ..Evidence::of(element.path().clone())
                        };
                        return Answer {
                            evidence: Some(evidence),
                            ports: is_shown.then(|| OpenPorts::new(range, &ports.wanted)),
                            ..Answer::bare(Truth::True)
                        };
                    }
                }
            }
        }
    }
    let none = if given { Truth::False } else { ports.unset.unwrap_or(Truth::False) };
    unknown.unwrap_or_else(|| Answer {
        // Without ports, every port is meant.
        ports: (none == Truth::True).then(|| OpenPorts::new(PortRange::ALL, &ports.wanted)),
        ..Answer::bare(none)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::judge;

    #[test]
    fn the_ports_of_all_blocks_that_are_wrong_are_told() {
        let block = |port: u16, range: &str| {
            format!(
                r#"{{"protocol": "tcp", "from_port": {port}, "to_port": {port}, "cidr_blocks": ["{range}"]}}"#
            )
        };
        let blocks = [(3306, "0.0.0.0/0"), (6379, "10.0.0.0/8"), (5432, "0.0.0.0/0")];
        let blocks = blocks.map(|(port, range)| block(port, range)).join(",");
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{{"address": "aws_security_group.a",
                "change": {{"actions": ["create"], "before": null, "after": {{"ingress": [{blocks}]}}}}}}]}}"#
        );
        let (found, _) = judge("aws-security-group-open-database", &text);
        assert_eq!(found.ports.unwrap().words(), "ports 3306, 5432 (MySQL, PostgreSQL)");
    }
}
