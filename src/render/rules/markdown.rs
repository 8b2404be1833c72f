//! The built-in rules as Markdown: for pages of a handbook, as the pages of this project are written.

use std::fmt::Write as _;

use planguard_guardrails::{CatalogueEntry, Example};
use planguard_rego::{RegoPack, rule_id};

use super::{RulesReport, controls, packs};
use crate::plan_rules::PlanRule;
use crate::render::{Format, Layout, RenderError, hcl};

pub(super) const FORMAT: Format<RulesReport> = Format {
    name: "markdown",
    former: None,
    help: "a table of rules, or a page about one",
    extension: "md",
    render,
};

fn render(report: &RulesReport, _: Layout) -> Result<String, RenderError> {
    Ok(match report {
        RulesReport::List { guardrails, packs } => list(guardrails, packs),
        RulesReport::Guardrail(entry) => explanation(entry, 1),
        RulesReport::Benchmark(benchmark) => controls::markdown(benchmark),
        RulesReport::Pack(pack) => self::pack(pack, 1),
        RulesReport::Plan(PlanRule { id, title, severity, why }) => {
            format!("# {id}\n\n**{title}**\n\n{severity}.\n\n{why}\n")
        }
    })
}

fn list(guardrails: &[CatalogueEntry], packs: &[RegoPack]) -> String {
    let mut text = String::from("| rule | severity | pack | |\n|---|---|---|---|\n");
    // Writing to a String does not fail.
    for entry in guardrails {
        let info = &entry.info;
        let _ =
            writeln!(text, "| `{}` | {} | `{}` | {} |", info.id, info.severity, info.pack, cell(&info.title));
    }
    for pack in packs {
        let package = pack.outline().package;
        for rule in pack.rules() {
            let path = format!("data.{package}.{}", rule.name);
            let (severity, title) = (rule.text("custom.severity"), cell(rule.text("title")));
            let _ = writeln!(text, "| `{}` | {severity} | `{}` | {title} |", rule_id(&path), pack.name);
        }
    }
    text
}

/// Everything about one rule, under a heading of this level.
pub fn explanation(entry: &CatalogueEntry, level: usize) -> String {
    let info = &entry.info;
    let mut text = String::new();
    let _ = writeln!(text, "{} {}\n\n**{}**\n", "#".repeat(level), info.id, info.title);
    let _ = writeln!(text, "{}, {}, pack `{}`.", info.severity, info.category, info.pack);
    if let Some(unset) = &entry.if_unset {
        let _ = writeln!(text, "{} if not set: decided by {}.", unset.severity, unset.decided_by);
    }
    if !entry.resources.is_empty() {
        let _ = writeln!(text, "Applies to `{}`.", entry.resources.join("`, `"));
    }
    let _ = writeln!(text, "\n{}\n\nFix: {}", flat(&info.why), flat(&info.remediation));
    if !entry.parameters.is_empty() {
        let _ = writeln!(text, "\n| parameter | default | |\n|---|---|---|");
        for parameter in &entry.parameters {
            let about = cell(&format!("{} ({})", parameter.about, parameter.default.kind().about()));
            let _ = writeln!(
                text,
                "| `{}` | `{}` | {about} |",
                parameter.name,
                cell(&parameter.default.to_string())
            );
        }
    }
    example(&mut text, "Fails", &entry.failing);
    example(&mut text, "Passes", &entry.passing);
    let others: Vec<String> =
        info.also.by_tool().map(|(tool, ids)| format!("{tool} {}", ids.join(", "))).collect();
    if !others.is_empty() {
        let _ = writeln!(text, "\nIn other tools: {}.", others.join("; "));
    }
    text
}

fn example(text: &mut String, heading: &str, example: &Example) {
    let hcl = hcl::resources(&example.resource_changes);
    if hcl.is_empty() {
        return;
    }
    let name = if example.name.is_empty() { String::new() } else { format!(" ({})", example.name) };
    let _ = writeln!(text, "\n{heading}{name}:\n\n```hcl\n{}\n```", hcl.trim_end());
}

/// Everything about one pack of policies, under a heading of this level.
pub fn pack(pack: &RegoPack, level: usize) -> String {
    let outline = pack.outline();
    let mut text = String::new();
    let _ = writeln!(text, "{} {}\n\n{}\n", "#".repeat(level), pack.name, flat(outline.text("description")));
    let _ = writeln!(text, "| rule | | severity | |\n|---|---|---|---|");
    for rule in pack.rules() {
        let path = format!("data.{}.{}", outline.package, rule.name);
        let id = rule_id(&path);
        let (severity, verb) = (rule.text("custom.severity"), packs::verb(&rule.name));
        let about = format!("{} {}", rule.text("description"), rule.text("custom.remediation"));
        let _ = writeln!(text, "| `{id}` | {verb} | {severity} | {} |", flat(&about));
    }
    let _ = writeln!(text, "\n| parameter | |\n|---|---|");
    for (name, about) in packs::parameters(&pack.parameters()) {
        let _ = writeln!(text, "| `{name}` | {} |", cell(&about));
    }
    text
}

/// On one line, as Markdown does not need any others.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same, and no cell of a table ends early.
pub(super) fn cell(text: &str) -> String {
    flat(text).replace('|', "\\|")
}
