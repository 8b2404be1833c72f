//! Which parts of a mirror separate resources account for.

use planguard_plan::Value;

use super::table::{Mirror, Parts};
use super::texts;
use crate::change::Traffic;

/// Attributes of separate rules that name from where traffic comes, or where it goes.
const SOURCES: &[&str] = &[
    "cidr_blocks",
    "cidr_ipv4",
    "cidr_ipv6",
    "ipv6_cidr_blocks",
    "prefix_list_id",
    "prefix_list_ids",
    "referenced_security_group_id",
    "source_security_group_id",
];

/// The lists of a rule in a mirror that do.
const LISTS: &[&str] = &["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups"];

/// What remains of a mirror without the parts that the separate resources account for; `None` where all of it does.
pub(crate) fn unexplained<'p>(
    mirror: &Mirror,
    value: &Value<'p>,
    fillers: &[&Value<'p>],
    object: &Value<'p>,
) -> Option<Value<'p>> {
    let rest = match mirror.parts {
        Parts::Whole => Value::Null,
        Parts::Texts(attribute) => without(value, |text| {
            fillers.iter().any(|filler| filler.get(attribute).is_some_and(|other| other == text))
        }),
        Parts::Blocks(own, other) => without(value, |block| {
            let name = block.get(own).filter(|name| **name != Value::Null);
            name.is_some_and(|name| fillers.iter().any(|filler| filler.get(other) == Some(name)))
        }),
        Parts::Rules => {
            let rules: Vec<Rule<'_>> = fillers.iter().map(|filler| Rule::of(filler, object)).collect();
            let blocks = value.elements().iter().filter_map(|block| rest_of_block(block, &rules, object));
            Value::Array(blocks.collect())
        }
    };
    (rest != *value).then_some(rest)
}

fn without<'p>(list: &Value<'p>, is_explained: impl Fn(&Value<'p>) -> bool) -> Value<'p> {
    Value::Array(list.elements().iter().filter(|element| !is_explained(element)).cloned().collect())
}

/// A separate rule.
struct Rule<'v> {
    traffic: Traffic,
    sources: Vec<&'v str>,
}

impl<'v> Rule<'v> {
    fn of(resource: &'v Value<'_>, object: &'v Value<'_>) -> Self {
        let mut sources: Vec<&str> =
            SOURCES.iter().filter_map(|name| resource.get(name)).flat_map(texts).collect();
        if resource.get("self") == Some(&Value::Bool(true)) {
            sources.extend(object.get("id").and_then(Value::as_str));
        }
        Self { traffic: traffic(resource), sources }
    }
}

fn traffic(rule: &Value<'_>) -> Traffic {
    let protocol = ["protocol", "ip_protocol"].iter().find_map(|name| rule.get(name)?.as_str());
    let port = |name: &str| match rule.get(name) {
        Some(Value::Number(number)) => number.as_u64().and_then(|port| u32::try_from(port).ok()),
        _ => None,
    };
    Traffic::new(protocol.unwrap_or("-1"), port("from_port").zip(port("to_port")))
}

/// A rule in a mirror without the sources that separate rules name for the same traffic; `None` where none is left.
fn rest_of_block<'p>(block: &Value<'p>, rules: &[Rule<'_>], object: &Value<'p>) -> Option<Value<'p>> {
    let traffic = traffic(block);
    let is_named =
        |source: &str| rules.iter().any(|rule| rule.traffic == traffic && rule.sources.contains(&source));
    let mut rest = block.clone();
    for list in LISTS {
        let Some(sources) = block.get(list) else { continue };
        rest = rest.with(list, without(sources, |source| source.as_str().is_some_and(is_named)));
    }
    let is_self = block.get("self") == Some(&Value::Bool(true));
    if is_self && object.get("id").and_then(Value::as_str).is_some_and(is_named) {
        rest = rest.with("self", Value::Bool(false));
    }
    let is_empty = LISTS.iter().all(|list| rest.get(list).is_none_or(|list| list.elements().is_empty()))
        && rest.get("self") != Some(&Value::Bool(true));
    // A rule that had no sources before is not explained by others.
    (!is_empty || rest == *block).then_some(rest)
}
