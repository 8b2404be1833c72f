//! The built-in rules for programs.

use planguard_guardrail_format::ParameterValue;
use planguard_guardrails::CatalogueEntry;
use planguard_rego::{RegoPack, rule_id};
use planguard_rule::RuleKind;
use serde_json::{Map, Value, json};

use super::{RulesReport, controls};
use crate::render::{Format, Layout, RenderError, json as document};

pub(super) const FORMAT: Format<RulesReport> = Format {
    name: "json",
    former: None,
    help: "an array with an object for each rule or control",
    extension: "json",
    render,
};

fn render(report: &RulesReport, _: Layout) -> Result<String, RenderError> {
    let rules: Vec<Value> = match report {
        RulesReport::List { guardrails, packs } => {
            guardrails.iter().map(guardrail).chain(packs.iter().flat_map(policies)).collect()
        }
        RulesReport::Guardrail(entry) => vec![guardrail(entry)],
        RulesReport::Benchmark(benchmark) => controls::json(benchmark),
        RulesReport::Pack(pack) => policies(pack),
        RulesReport::Plan(rule) => vec![json!({
            "id": rule.id,
            "kind": "change",
            "title": rule.title,
            "severity": rule.severity.as_str(),
            "why": rule.why,
        })],
    };
    Ok(document::indented(&rules)?)
}

fn guardrail(entry: &CatalogueEntry) -> Value {
    let CatalogueEntry { info, kind, service, resources, cause, if_unset, parameters, .. } = entry;
    let if_unset = if_unset
        .as_ref()
        .map(|unset| json!({ "severity": unset.severity.as_str(), "decided_by": unset.decided_by }));
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|parameter| {
            json!({
                "name": parameter.name,
                "type": parameter.default.kind(),
                "default": default(&parameter.default),
                "about": parameter.about,
            })
        })
        .collect();
    let also: Map<String, Value> =
        info.also.by_tool().map(|(tool, ids)| (tool.to_lowercase(), json!(ids))).collect();
    json!({
        "id": info.id,
        "aliases": info.aliases,
        "kind": match kind {
            RuleKind::Guardrail => "guardrail",
            RuleKind::Change => "change",
            RuleKind::Policy => "policy",
        },
        "title": info.title,
        "severity": info.severity.as_str(),
        "category": info.category.as_str(),
        "pack": info.pack,
        "service": service,
        "resources": resources,
        "cause": cause,
        "if_unset": if_unset,
        "parameters": parameters,
        "why": info.why,
        "remediation": info.remediation,
        "also": also,
    })
}

/// A default as JSON has it.
fn default(value: &ParameterValue) -> Value {
    match value {
        ParameterValue::Number(number) => json!(number),
        ParameterValue::Ports(ports) => ports
            .iter()
            .map(|port| {
                if port.from == port.to {
                    json!(port.from)
                } else {
                    json!(format!("{}-{}", port.from, port.to))
                }
            })
            .collect(),
        ParameterValue::Ranges(texts) | ParameterValue::Texts(texts) => json!(texts),
    }
}

fn policies(pack: &RegoPack) -> Vec<Value> {
    let outline = pack.outline();
    let rules = pack.rules().into_iter();
    let rules = rules.map(|rule| {
        let path = format!("data.{}.{}", outline.package, rule.name);
        json!({
            "id": rule_id(&path),
            "kind": "policy",
            "title": rule.text("title"),
            "severity": rule.text("custom.severity").to_lowercase(),
            "pack": pack.name,
            "why": rule.text("description"),
            "remediation": rule.text("custom.remediation"),
        })
    });
    rules.collect()
}
