//! Lists and explanations of the built-in rules.

use std::fmt::Write as _;

use planguard_guardrails::{CatalogueEntry, Example};

use super::table::{Row, table};
use super::{RulesReport, controls, packs};
use crate::plan_rules::PlanRule;
use crate::render::colour::{Colour, Style};
use crate::render::layout::count;
use crate::render::{Format, Layout, RenderError, hcl};

pub(super) const FORMAT: Format<RulesReport> =
    Format { name: "text", former: None, help: "for people", extension: "txt", render };

fn render(report: &RulesReport, layout: Layout) -> Result<String, RenderError> {
    Ok(match report {
        RulesReport::List { guardrails, packs: [] } => list(guardrails, layout),
        RulesReport::List { guardrails, packs } => {
            format!("{}\n{}", list(guardrails, layout), packs::list(packs, layout))
        }
        RulesReport::Guardrail(entry) => explain(entry, layout),
        RulesReport::Benchmark(benchmark) => controls::text(benchmark, layout),
        RulesReport::Pack(pack) => packs::explain(pack, layout),
        RulesReport::Plan(rule) => plan_rule(rule, layout),
    })
}

/// A table of rules with a line that counts them.
fn list(entries: &[CatalogueEntry], layout: Layout) -> String {
    let rows = entries.iter().map(|CatalogueEntry { info, .. }| Row {
        id: &info.id,
        severity: info.severity.as_str(),
        pack: &info.pack,
        title: &info.title,
    });
    let table = table(&rows.collect::<Vec<_>>(), layout);
    format!("{table}{}\n", count(entries.len(), "rule", "rules"))
}

fn plan_rule(rule: &PlanRule, layout: Layout) -> String {
    let paint = |style, words: &str| layout.colour.paint(style, words);
    let severity = paint(Style::Severity(rule.severity), rule.severity.as_str());
    let mut text = format!("{}\n{}\n\n{severity}\n", paint(Style::Heading, rule.id), rule.title);
    section(&mut text, "Why", rule.why, layout);
    text
}

/// Everything about one rule.
fn explain(entry: &CatalogueEntry, layout: Layout) -> String {
    let info = &entry.info;
    let mut text = String::new();
    let paint = |style, words: &str| layout.colour.paint(style, words);
    // Writing to a String does not fail.
    let _ = writeln!(text, "{}", paint(Style::Heading, &info.id));
    let _ = writeln!(text, "{}", info.title);
    let severity = paint(Style::Severity(info.severity), info.severity.as_str());
    let _ = writeln!(text, "\n{severity}, {}, pack {}", info.category, info.pack);
    if let Some(unset) = &entry.if_unset {
        let severity = paint(Style::Severity(unset.severity), unset.severity.as_str());
        let _ = writeln!(text, "{severity} if not set: decided by {}", unset.decided_by);
    }
    if entry.resources.is_empty() {
        let _ = writeln!(text, "applies to changes of any resource type");
    } else {
        paragraph(&mut text, &format!("applies to {}", entry.resources.join(", ")), "", layout.width);
    }
    section(&mut text, "Why", &info.why, layout);
    section(&mut text, "How to fix it", &info.remediation, layout);
    if !entry.parameters.is_empty() {
        let _ = writeln!(text, "\n{}", paint(Style::Heading, "Parameters"));
        for parameter in &entry.parameters {
            let _ = writeln!(text, "{} = {}", parameter.name, parameter.default);
            let about = format!("{} ({})", parameter.about, parameter.default.kind().about());
            paragraph(&mut text, &about, "  ", layout.width);
        }
        let _ = writeln!(text, "Set them under [rules] in planguard.toml:");
        let _ = writeln!(text, "  {}", example_of(entry));
    }
    example(&mut text, "Fails", &entry.failing, layout.colour);
    example(&mut text, "Passes", &entry.passing, layout.colour);
    if info.also.by_tool().next().is_some() {
        let _ = writeln!(text, "\n{}", paint(Style::Heading, "Elsewhere"));
        for (tool, ids) in info.also.by_tool() {
            paragraph(&mut text, &format!("{tool}: {}", ids.join(", ")), "", layout.width);
        }
    }
    text
}

/// The first parameter as the settings would have it.
pub(super) fn example_of(entry: &CatalogueEntry) -> String {
    let first = entry.parameters.first();
    let set = first.map(|first| format!("{} = {}", first.name, first.default)).unwrap_or_default();
    format!("{} = {{ params = {{ {set} }}, reason = \"…\" }}", entry.info.id)
}

fn section(text: &mut String, heading: &str, words: &str, layout: Layout) {
    let _ = writeln!(text, "\n{}", layout.colour.paint(Style::Heading, heading));
    paragraph(text, words, "", layout.width);
}

/// Words on lines of the width, each after this indent.
pub(super) fn paragraph(text: &mut String, words: &str, indent: &str, width: usize) {
    let one_line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let options = textwrap::Options::new(width.max(20)).initial_indent(indent).subsequent_indent(indent);
    for line in textwrap::wrap(&one_line, options) {
        let _ = writeln!(text, "{line}");
    }
}

fn example(text: &mut String, heading: &str, example: &Example, colour: Colour) {
    let resources = hcl::resources(&example.resource_changes);
    if resources.is_empty() {
        return;
    }
    let name = if example.name.is_empty() { String::new() } else { format!(": {}", example.name) };
    let _ = writeln!(text, "\n{}{name}\n", colour.paint(Style::Heading, heading));
    for line in resources.lines() {
        let _ = writeln!(text, "    {line}");
    }
}
