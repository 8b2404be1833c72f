//! Lists and explanations of the built-in rules.

use std::fmt::Write as _;

use comfy_table::presets;
use comfy_table::{ContentArrangement, Table};
use planguard_guardrails::{CatalogueEntry, Example};

use super::colour::{Colour, Style};
use super::hcl;
use super::text::TextOptions;

/// A table of rules with a line that counts them.
pub fn list(entries: &[CatalogueEntry], options: TextOptions) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(options.width).unwrap_or(u16::MAX));
    table.set_header(["id", "severity", "pack", "title"]);
    for entry in entries {
        let info = &entry.info;
        table.add_row([info.id.as_ref(), info.severity.as_str(), info.pack.as_ref(), info.title.as_ref()]);
    }
    format!("{table}\n{} rules\n", entries.len())
}

/// Everything that a rule says of itself.
pub fn explain(entry: &CatalogueEntry, options: TextOptions) -> String {
    let info = &entry.info;
    let mut text = String::new();
    let paint = |style, words: &str| options.colour.paint(style, words);
    // Writing to a String does not fail.
    let _ = writeln!(text, "{}", paint(Style::Heading, &info.id));
    let _ = writeln!(text, "{}", info.title);
    let severity = paint(Style::Severity(info.severity), info.severity.as_str());
    let _ = writeln!(text, "\n{severity}, {}, pack {}", info.category, info.pack);
    if entry.resources.is_empty() {
        let _ = writeln!(text, "judges changes of any resource type");
    } else {
        paragraph(&mut text, &format!("judges {}", entry.resources.join(", ")), options.width);
    }
    section(&mut text, "Why", &info.why, options);
    section(&mut text, "How to fix it", &info.remediation, options);
    example(&mut text, "Fails", &entry.failing, options.colour);
    example(&mut text, "Passes", &entry.passing, options.colour);
    if info.also.by_tool().next().is_some() {
        let _ = writeln!(text, "\n{}", paint(Style::Heading, "Elsewhere"));
        for (tool, ids) in info.also.by_tool() {
            paragraph(&mut text, &format!("{tool}: {}", ids.join(", ")), options.width);
        }
    }
    text
}

fn section(text: &mut String, heading: &str, words: &str, options: TextOptions) {
    let _ = writeln!(text, "\n{}", options.colour.paint(Style::Heading, heading));
    paragraph(text, words, options.width);
}

fn paragraph(text: &mut String, words: &str, width: usize) {
    let one_line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in textwrap::wrap(&one_line, width.max(20)) {
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
