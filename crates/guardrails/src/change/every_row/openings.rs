//! The layouts of network rules.

use planguard_guardrail_format::change::{Direction, Empty, OpeningLayout, Ports, Sources, TrafficEffect};
use serde_json::{Map, Value as Json, json};

use super::{Faults, Turn, object, tables, types_of};

/// A resource with one rule, whose source has the two texts that mean a narrow range and a wide one.
fn rule(layout: &OpeningLayout, source: &[String], from: [&str; 2]) -> Json {
    let mut rule: Map<String, Json> = Map::new();
    let mut resource = Map::new();
    for (name, word) in &layout.when {
        let word = word.parse::<bool>().map_or_else(|_| json!(word), Json::Bool);
        // Where a rule has none of its own, it is the one of the block or the resource around it.
        resource.insert(name.clone(), word.clone());
        rule.insert(name.clone(), word);
    }
    if let Some(protocol) = &layout.protocol {
        rule.insert(protocol.clone(), json!("tcp"));
    }
    match &layout.ports {
        Ports::All => {}
        Ports::Between(first, last) => {
            rule.extend([(first.clone(), json!(22)), (last.clone(), json!(22))]);
        }
        Ports::In(names) => {
            rule.insert(names[0].clone(), json!("22"));
        }
    }
    match &layout.sources {
        Sources::InRule(_) => rule.extend(object(source, json!([from[0]]))),
        Sources::InResource(_) => resource.extend(object(source, json!([from[0]]))),
        Sources::Between(first, last) => {
            rule.extend([(first.clone(), json!(from[0])), (last.clone(), json!(from[1]))])
        }
    }
    if layout.rules.is_empty() {
        resource.extend(rule);
    } else {
        resource.extend(object(&layout.rules, json!([rule])));
    }
    Json::Object(resource)
}

#[test]
fn every_opening_that_widens_is_told() {
    let mut faults = Faults::default();
    for (table, rows) in tables() {
        for row in &rows.openings {
            let layout = &row.entry;
            let sources: Vec<Vec<String>> = match &layout.sources {
                Sources::InRule(paths) => paths.clone(),
                Sources::InResource(names) => names.iter().map(|name| vec![name.clone()]).collect(),
                Sources::Between(first, _) => vec![vec![first.clone()]],
            };
            for resource_type in types_of(row) {
                for source in &sources {
                    let (good, bad, word) = match &layout.sources {
                        Sources::Between(..) => {
                            (["10.0.0.1", "10.0.0.9"], ["0.0.0.0", "255.255.255.255"], "0.0.0.0/0")
                        }
                        _ if source.concat().contains("v6") => (["fd00::/64", ""], ["::/0", ""], "::/0"),
                        _ => (["10.0.0.0/16", ""], ["0.0.0.0/0", ""], "0.0.0.0/0"),
                    };
                    let mut words = vec![word.to_owned()];
                    if layout.ports != Ports::All {
                        words.push("port 22 (SSH)".to_owned());
                    }
                    let (mut good, mut bad) = (rule(layout, source, good), rule(layout, source, bad));
                    if layout.effect == TrafficEffect::Deny {
                        std::mem::swap(&mut good, &mut bad);
                        words.push("no longer denies".to_owned());
                    }
                    if layout.direction == Direction::Out && layout.effect == TrafficEffect::Allow {
                        words.push("outgoing".to_owned());
                    }
                    Turn {
                        table: &table,
                        line: row.line,
                        resource_type,
                        good,
                        bad,
                        words,
                        others: String::new(),
                    }
                    .check(&mut faults);
                }
                if layout.empty == Empty::Open {
                    let narrow = rule(layout, &sources[0], ["10.0.0.0/16", ""]);
                    let text = narrow.to_string().replace(r#"["10.0.0.0/16"]"#, "[]");
                    let open: Json = serde_json::from_str(&text).unwrap();
                    let words = vec!["no longer restricts source addresses".to_owned()];
                    Turn {
                        table: &table,
                        line: row.line,
                        resource_type,
                        good: narrow,
                        bad: open,
                        words,
                        others: String::new(),
                    }
                    .check(&mut faults);
                }
            }
        }
    }
    faults.check();
}
