//! The costs of a plan for a comment under a change: the sums, a table of what changes them, and the parts folded.

use std::fmt::Write as _;

use super::text::part_lines;
use super::words::{change, changed, glyph, headline, missing, notes, own_prices, sides};
use crate::cost::{CostView, ObjectCost};
use crate::render::layout::count;
use crate::render::{Format, Layout, RenderError, markdown};

pub(super) const FORMAT: Format<CostView> = Format {
    name: "markdown",
    former: None,
    help: "for a comment: what changes the cost most first, parts folded",
    extension: "md",
    render,
};

/// Sites refuse longer comments; what is not shown is counted.
const MOST_BYTES: usize = 60_000;

/// The longest address in a table.
const LONGEST_ADDRESS: usize = 300;

fn render(view: &CostView, _: Layout) -> Result<String, RenderError> {
    let currency = view.currency.for_terminal_line();
    let mut text = format!("### Monthly cost: {}\n\n", amounts_as_code(&headline(&view.sum, &currency)));
    let groups = changed(view);
    if !groups.is_empty() {
        text.push_str("| | object | change | monthly | not counted |\n|---|---|---:|---:|---|\n");
    }
    let mut left = 0;
    for (object, number) in &groups {
        let row = row(object, *number, &currency);
        if left == 0 && text.len() + row.len() <= MOST_BYTES / 2 {
            text.push_str(&row);
        } else {
            left += 1;
        }
    }
    if left > 0 {
        let _ = writeln!(text, "\nand {}", count(left, "more object", "more objects"));
    }
    text.push('\n');
    for note in notes(view).iter().map(|note| note.replace("; --show all says how", "")) {
        let _ = writeln!(text, "- {}", markdown::prose(&note));
    }
    let own = own_prices(view);
    if !own.is_empty() {
        text.push_str("\nOwn prices:\n\n");
        for line in own {
            let _ = writeln!(text, "- {}", markdown::prose(&line));
        }
    }
    let mut details = String::new();
    let mut left = 0;
    for (object, number) in &groups {
        let mut part = format!("\n{} `{}`\n\n", address(object, *number), glyph(object.action));
        let lines = part_lines(object, &currency);
        part.push_str(&markdown::block(&lines, "diff"));
        if left == 0 && text.len() + details.len() + part.len() <= MOST_BYTES {
            details.push_str(&part);
        } else {
            left += 1;
        }
    }
    if !details.is_empty() {
        let _ = write!(text, "\n<details><summary>Parts</summary>\n{details}");
        if left > 0 {
            let _ = writeln!(text, "\nand {}", count(left, "more object", "more objects"));
        }
        text.push_str("\n</details>\n");
    }
    Ok(text)
}

/// Amounts as code, because sites take what is between two `$` for a formula. The currency of a report is cut to letters.
pub(in crate::render) fn amounts_as_code(amounts: &str) -> String {
    let plain: String = amounts
        .chars()
        .map(|character| match character {
            '$' | '+' | '-' | '.' | ',' | ' ' | '(' | ')' | '%' | '→' | ';' | '≥' | '≤' | '?' | '~' => {
                character
            }
            _ if character.is_alphanumeric() => character,
            _ => '·',
        })
        .collect();
    if plain.is_empty() { plain } else { format!("`{plain}`") }
}

fn address(object: &ObjectCost, number: usize) -> String {
    if number == 1 {
        markdown::code(&object.address, LONGEST_ADDRESS)
    } else {
        format!("{} ({number} instances)", markdown::code(&object.block, LONGEST_ADDRESS))
    }
}

fn row(object: &ObjectCost, number: usize, currency: &str) -> String {
    let each = if number > 1 { " each" } else { "" };
    let missing: Vec<String> = object.parts().iter().filter_map(missing).collect();
    format!(
        "| `{}` | {} | {} | {}{each} | {} |\n",
        glyph(object.action),
        address(object, number),
        amounts_as_code(&change(object, number, currency)),
        amounts_as_code(&sides(object, currency)),
        markdown::prose(&missing.join("; "))
    )
}
