//! The picture for comments on sites that draw Mermaid.

use std::fmt::Write as _;

use super::words::{Class, deeds, notes};
use crate::graph::{BoxKind, Graph, GraphBox};
use crate::render::layout::count;
use crate::render::{Format, Layout, RenderError};

pub(super) const FORMAT: Format<Graph> = Format {
    name: "mermaid",
    former: None,
    help: "for comments: the 60 boxes that matter most",
    extension: "mmd",
    render,
};

/// Mermaid draws more, but nobody can read it; it refuses 500 arrows.
const MOST_BOXES: usize = 60;

/// The same of arrows.
const MOST_ARROWS: usize = 100;

/// The longest label.
const LONGEST: usize = 60;

fn render(graph: &Graph, _: Layout) -> Result<String, RenderError> {
    let graph = &graph.readable();
    let mut chosen: Vec<usize> = (0..graph.boxes.len()).collect();
    let weight = |position: usize| {
        graph.boxes.get(position).and_then(GraphBox::worst).map_or(0, |deed| deed.weight() + 1)
    };
    chosen.sort_by_key(|position| (std::cmp::Reverse(weight(*position)), *position));
    chosen.truncate(MOST_BOXES);
    chosen.sort_unstable();
    let arrows: Vec<_> = graph
        .arrows
        .iter()
        .filter(|arrow| chosen.contains(&arrow.from) && chosen.contains(&arrow.to))
        .collect();
    let mut text = String::from("flowchart TB\n");
    for position in &chosen {
        let Some(shown) = graph.boxes.get(*position) else { continue };
        let _ = writeln!(
            text,
            "  b{position}[\"{}<br/>{}\"]:::{}",
            label(shown),
            plain(&deeds(shown)),
            Class::of(shown).name()
        );
    }
    for arrow in arrows.iter().take(MOST_ARROWS) {
        let line = if arrow.only_state { "-.->" } else { "-->" };
        let number = if arrow.count > 1 { format!("|{}|", arrow.count) } else { String::new() };
        let _ = writeln!(text, "  b{} {line}{number} b{}", arrow.from, arrow.to);
    }
    for class in Class::ALL {
        let (fill, edge) = class.colours();
        let _ =
            writeln!(text, "  classDef {} fill:{fill},stroke:{edge},color:{}", class.name(), class.text());
    }
    let mut notes = notes(graph);
    for (number, one, many) in [
        (graph.boxes.len() - chosen.len(), "more box is left out", "more boxes are left out"),
        (arrows.len().saturating_sub(MOST_ARROWS), "more arrow is left out", "more arrows are left out"),
    ] {
        if number > 0 {
            notes.push(format!("{}.", count(number, one, many)));
        }
    }
    if !notes.is_empty() {
        let notes: Vec<String> = notes.iter().map(|note| plain(note)).collect();
        let _ = writeln!(text, "  notes[\"{}\"]:::same", notes.join("<br/>"));
    }
    Ok(text)
}

fn label(shown: &GraphBox) -> String {
    let label = match shown.kind {
        BoxKind::Module | BoxKind::Type | BoxKind::Rest => &shown.label,
        BoxKind::Resource | BoxKind::Data => &shown.address,
    };
    let label = if label.unescaped().is_empty() { &shown.label } else { label };
    let text = label.for_terminal_line();
    let cut: String = text.chars().take(LONGEST).collect();
    if cut.len() < text.len() { format!("{}…", plain(&cut)) } else { plain(&text) }
}

/// A text in which nothing acts: all but letters, digits and what addresses are made of is written as a number.
fn plain(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '.' | '_' | '-' | ' ' | ',' | '+' | '~' | '=' | '(' | ')' | ':' => character.to_string(),
            _ if character.is_alphanumeric() => character.to_string(),
            _ => format!("#{};", u32::from(character)),
        })
        .collect()
}
