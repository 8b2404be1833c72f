//! Functions for networks and addresses.

mod network;

use regorus::Value;
use regorus::value::Set;

use super::arguments::Arguments;
use super::{Builtin, Failure, Outcome};
use network::{Network, address_text, cover, is_v4};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "net.cidr_is_valid", arity: 1, run: cidr_is_valid },
    Builtin { name: "net.cidr_contains", arity: 2, run: cidr_contains },
    Builtin { name: "net.cidr_overlap", arity: 2, run: cidr_contains },
    Builtin { name: "net.cidr_intersects", arity: 2, run: cidr_intersects },
    Builtin { name: "net.cidr_contains_matches", arity: 2, run: cidr_contains_matches },
    Builtin { name: "net.cidr_expand", arity: 1, run: cidr_expand },
    Builtin { name: "net.cidr_merge", arity: 1, run: cidr_merge },
];

/// How many addresses a network may be expanded to: those of a `/12`. OPA has no limit.
const MOST_ADDRESSES: u128 = 1 << 20;

fn network(text: &str) -> Result<Network, Failure> {
    Network::parse(text).ok_or_else(|| Failure::unsuitable(format!("invalid CIDR address: {text}")))
}

fn network_or_address(text: &str) -> Result<Network, Failure> {
    let parsed = Network::parse_address(text).or_else(|| Network::parse(text));
    parsed.ok_or_else(|| {
        Failure::unsuitable(format!("not a valid textual representation of an IP address or CIDR: {text}"))
    })
}

fn holds(network: &Network, other: &Network) -> bool {
    network.contains(other.first) && network.contains(other.last)
}

/// `net.cidr_is_valid(cidr)`: whether it is a network. Anything but a string is none.
fn cidr_is_valid(arguments: &[Value]) -> Outcome {
    Ok(Arguments(arguments).text(0).is_ok_and(|text| Network::parse(text).is_some()).into())
}

/// `net.cidr_contains(cidr, cidr_or_ip)` and the older `net.cidr_overlap`: whether the second is in the first.
fn cidr_contains(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (outer, inner) = (arguments.text(0)?, arguments.text(1)?);
    Ok(holds(&network(outer)?, &network_or_address(inner)?).into())
}

/// `net.cidr_intersects(cidr1, cidr2)`: whether an address is in both.
fn cidr_intersects(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (left, right) = (network(arguments.text(0)?)?, network(arguments.text(1)?)?);
    Ok((left.contains(right.first) || right.contains(left.first)).into())
}

/// The networks that an argument of `net.cidr_contains_matches` names, each with the key that tells which it is. What
/// is no collection names none.
fn keyed(collection: &Value) -> Vec<(Value, &Value)> {
    match collection {
        Value::String(_) => vec![(collection.clone(), collection)],
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(key, element)| (Value::from(key), element)).collect()
        }
        Value::Set(elements) => elements.iter().map(|element| (element.clone(), element)).collect(),
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => Vec::new(),
    }
}

/// A network by itself, or the first of an array that says more about it.
fn name(element: &Value, index: usize) -> Result<&Value, Failure> {
    let name = match element {
        Value::Array(elements) => elements.first(),
        Value::String(_) => Some(element),
        _ => None,
    };
    name.ok_or_else(|| not_named(index))
}

fn text(name: &Value, index: usize) -> Result<&str, Failure> {
    match name {
        Value::String(text) => Ok(text),
        _ => Err(not_named(index)),
    }
}

fn not_named(index: usize) -> Failure {
    let place = index + 1;
    Failure::unsuitable(format!("operand {place}: element must be string or non-empty array"))
}

/// `net.cidr_contains_matches(cidrs, cidrs_or_ips)`: the pairs of which the second is in the first, as the keys that
/// they have in the collections. In a set, and alone, what names a network is its own key.
fn cidr_contains_matches(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (outer, inner) = (keyed(arguments.value(0)), keyed(arguments.value(1)));
    let mut matches = Set::default();
    for (outer_key, element) in &outer {
        let outer_name = name(element, 0)?;
        for (inner_key, element) in &inner {
            let inner_name = name(element, 1)?;
            if holds(&network(text(outer_name, 0)?)?, &network_or_address(text(inner_name, 1)?)?) {
                matches.insert(vec![outer_key.clone(), inner_key.clone()].into());
            }
        }
    }
    Ok(matches.into())
}

/// `net.cidr_expand(cidr)`: all addresses of the network.
fn cidr_expand(arguments: &[Value]) -> Outcome {
    let network = network(Arguments(arguments).text(0)?)?;
    if network.last - network.first >= MOST_ADDRESSES {
        return Err(Failure::TooLarge(format!("the network has more than {MOST_ADDRESSES} addresses")));
    }
    let addresses = (network.first..=network.last).map(|address| Value::from(address_text(address)));
    Ok(addresses.collect::<Set>().into())
}

/// Addresses that follow each other.
struct Range {
    first: u128,
    last: u128,
    /// The network that they are, unless several were merged.
    network: Option<String>,
}

impl Range {
    /// A network; an address stands for the network of its class.
    fn of(element: &Value) -> Result<Self, Failure> {
        let Value::String(text) = element else {
            return Err(Failure::unsuitable("element must be string"));
        };
        let range =
            |network: Network, shown| Self { first: network.first, last: network.last, network: shown };
        let Some(address) = Network::parse_address(text) else {
            let network = network(text)?;
            let shown = cover(network.first, network.last).pop();
            return Ok(range(network, shown));
        };
        let of_class = Network::of_class(address.first);
        let (network, prefix) =
            of_class.ok_or_else(|| Failure::unsuitable("IPv6 invalid: needs prefix length"))?;
        Ok(range(network, Some(format!("{}/{prefix}", address_text(address.first)))))
    }

    /// Whether the other, which does not start earlier, goes on where this one ends.
    fn reaches(&self, other: &Self) -> bool {
        let next = self.last.checked_add(1).unwrap_or(self.last);
        let same_family = is_v4(self.last) == is_v4(other.first);
        other.first <= self.last || (same_family && other.first == next)
    }
}

/// `net.cidr_merge(cidrs)`: the fewest networks that hold the same addresses as those of the array or set.
fn cidr_merge(arguments: &[Value]) -> Outcome {
    let mut ranges = match Arguments(arguments).value(0) {
        Value::Array(elements) => elements.iter().map(Range::of).collect::<Result<Vec<_>, _>>()?,
        Value::Set(elements) => elements.iter().map(Range::of).collect::<Result<Vec<_>, _>>()?,
        _ => return Err(Failure::unsuitable("operand must be an array")),
    };
    ranges.sort_by_key(|range| (range.first, range.last));
    let mut merged: Vec<Range> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if last.reaches(&range) => {
                last.last = last.last.max(range.last);
                last.network = None;
            }
            _ => merged.push(range),
        }
    }
    let networks = merged.into_iter().flat_map(|range| match range.network {
        Some(network) => vec![network],
        None => cover(range.first, range.last),
    });
    Ok(networks.map(Value::from).collect::<Set>().into())
}
