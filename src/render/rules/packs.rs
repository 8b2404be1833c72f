//! Lists and explanations of the bundled packs of policies.

use std::fmt::Write as _;

use planguard_rego::{RegoPack, rule_id};
use serde_json::Value;

use super::table::{Row, table};
use super::text::paragraph;
use crate::render::Layout;
use crate::render::colour::Style;

/// A table of the rules of packs.
pub(super) fn list(packs: &[RegoPack], layout: Layout) -> String {
    let mut rules = Vec::new();
    for pack in packs {
        let outline = pack.outline();
        for rule in pack.rules() {
            let path = format!("data.{}.{}", outline.package, rule.name);
            rules.push((rule_id(&path).into_owned(), pack.name, rule));
        }
    }
    let rows = rules.iter().map(|(id, pack, rule)| Row {
        id,
        severity: rule.text("custom.severity"),
        pack,
        title: rule.text("title"),
    });
    format!("Policies, enabled with --pack:\n{}", table(&rows.collect::<Vec<_>>(), layout))
}

/// A pack's description, rules and parameters.
pub(super) fn explain(pack: &RegoPack, layout: Layout) -> String {
    let outline = pack.outline();
    let heading = |words: &str| layout.colour.paint(Style::Heading, words);
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = writeln!(text, "{}\n{}\n", heading(pack.name), outline.text("title"));
    paragraph(&mut text, outline.text("description"), "", layout.width);
    let _ = writeln!(text, "\n{}", heading("Rules"));
    for rule in pack.rules() {
        let path = format!("data.{}.{}", outline.package, rule.name);
        let id = rule_id(&path);
        let _ = writeln!(text, "{id} ({}, {})", rule.text("custom.severity"), verb(&rule.name));
        paragraph(&mut text, rule.text("description"), "  ", layout.width);
        paragraph(&mut text, &format!("Fix: {}", rule.text("custom.remediation")), "  ", layout.width);
    }
    let _ = writeln!(text, "\n{}", heading("Parameters"));
    for (name, about) in parameters(&pack.parameters()) {
        let _ = writeln!(text, "{name}");
        paragraph(&mut text, &about, "  ", layout.width);
    }
    text
}

/// What the results of a rule of this name do. Packs report what they cannot decide in a rule of its own.
pub fn verb(rule: &str) -> &'static str {
    match rule {
        "deny_unknown" => "undetermined",
        _ if rule.starts_with("warn") => "warns",
        _ => "denies",
    }
}

/// The parameters of a schema with their descriptions, nested ones included.
pub fn parameters(schema: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(schema, "", &mut found);
    found
}

fn collect(schema: &Value, prefix: &str, found: &mut Vec<(String, String)>) {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let key = format!("{prefix}{name}");
        let mut about = inner["description"].as_str().unwrap_or_default().trim().to_owned();
        if let Some(words) = inner["enum"].as_array().or(inner["items"]["enum"].as_array()) {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            let _ = write!(about, " One of {}.", words.join(", "));
        }
        match &inner["default"] {
            Value::Null if required.contains(&name.as_str()) => about.push_str(" Required."),
            Value::Null => {}
            default => {
                let _ = write!(about, " Default: {default}.");
            }
        }
        found.push((key.clone(), about));
        collect(inner, &format!("{key}."), found);
        collect(&inner["items"], &format!("{key}[]."), found);
        collect(&inner["additionalProperties"], &format!("{key}.*."), found);
    }
}
