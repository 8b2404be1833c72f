//! The picture for Graphviz, with a frame around the blocks of a module.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::words::{Class, deeds, notes};
use crate::graph::{BoxKind, Graph, GraphBox};
use crate::render::{Format, Layout, RenderError};

pub(super) const FORMAT: Format<Graph> =
    Format { name: "dot", former: None, help: "for Graphviz: any size", extension: "dot", render };

fn render(graph: &Graph, _: Layout) -> Result<String, RenderError> {
    let mut text = String::from(
        "digraph plan {\n  rankdir = TB;\n  node [shape = box, style = \"filled,rounded\", fontname = \"sans-serif\"];\n",
    );
    for note in notes(graph) {
        let _ = writeln!(text, "  // {note}");
    }
    let mut frames: BTreeMap<&str, Vec<(usize, &GraphBox)>> = BTreeMap::new();
    for (position, shown) in graph.boxes.iter().enumerate() {
        let frame = match shown.kind {
            BoxKind::Module | BoxKind::Type | BoxKind::Rest => "",
            BoxKind::Resource | BoxKind::Data => shown.module.unescaped(),
        };
        frames.entry(frame).or_default().push((position, shown));
    }
    for (number, (module, boxes)) in frames.iter().enumerate() {
        let indent = if module.is_empty() { "  " } else { "    " };
        if let Some((_, first)) = boxes.first().filter(|_| !module.is_empty()) {
            let _ = writeln!(
                text,
                "  subgraph cluster_{number} {{\n    label = {};",
                quoted(&first.module.for_terminal_line())
            );
        }
        for (position, shown) in boxes {
            let (fill, edge) = Class::of(shown).colours();
            let label = format!("{}\n{}", shown.label.for_terminal_line(), deeds(shown));
            let _ = writeln!(
                text,
                "{indent}b{position} [label = {}, fillcolor = \"{fill}\", color = \"{edge}\"];",
                quoted(&label)
            );
        }
        if !module.is_empty() {
            text.push_str("  }\n");
        }
    }
    for arrow in &graph.arrows {
        let mut attributes = Vec::new();
        if arrow.count > 1 {
            attributes.push(format!("label = \"{}\"", arrow.count));
        }
        if arrow.only_state {
            attributes.push("style = dashed".to_owned());
        }
        let attributes =
            if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
        let _ = writeln!(text, "  b{} -> b{}{attributes};", arrow.from, arrow.to);
    }
    text.push_str("}\n");
    Ok(text)
}

/// A string of DOT.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
