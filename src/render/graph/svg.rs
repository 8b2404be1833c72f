//! The picture by itself: one file without scripts, links and fonts, readable in light and dark.

use std::fmt::Write as _;

use super::words::{Class, deeds, notes};
use crate::graph::{Arrow, BoxKind, Graph, GraphBox, MOST_CHARACTERS, Picture, Route, Spot};
use crate::render::{Format, Layout, RenderError};

pub(super) const FORMAT: Format<Graph> =
    Format { name: "svg", former: None, help: "a picture for a browser", extension: "svg", render };

/// The height of a line of notes.
const NOTE: i64 = 18;

/// The width of a character of a note.
const NOTE_CHARACTER: i64 = 7;

fn render(graph: &Graph, _: Layout) -> Result<String, RenderError> {
    let graph = &graph.readable();
    let picture = graph.picture();
    let notes = notes(graph);
    let below = i64::try_from(notes.len()).unwrap_or_default() * NOTE;
    let longest = notes.iter().map(|note| note.chars().count()).max().unwrap_or_default();
    let of_notes = i64::try_from(longest).unwrap_or_default() * NOTE_CHARACTER + 48;
    let (width, height) = (picture.width.max(640).max(of_notes), picture.height + below);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"title\">\n<title id=\"title\">{}</title>\n",
        escaped(&format!("What depends on what in {}", graph.origin.for_document()))
    );
    text.push_str(&style());
    text.push_str(
        "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" class=\"tip\"/></marker></defs>\n",
    );
    text.push_str(&arrows_and_boxes(graph, &picture));
    for (number, note) in notes.iter().enumerate() {
        let y = picture.height + i64::try_from(number).unwrap_or_default() * NOTE;
        let _ = writeln!(text, "<text x=\"24\" y=\"{y}\" class=\"note\">{}</text>", escaped(note));
    }
    text.push_str("</svg>\n");
    Ok(text)
}

/// The elements of a picture, arrows first: paths, and a group for each box in the order of the graph's. A stylesheet and a
/// marker `tip` are up to whoever puts them into a document.
pub(in crate::render) fn arrows_and_boxes(graph: &Graph, picture: &Picture) -> String {
    let arrows = graph.arrows.iter().zip(&picture.arrows).map(|(arrow, route)| line(graph, arrow, route));
    let boxes = graph.boxes.iter().zip(&picture.boxes).map(|(shown, spot)| drawn(shown, spot));
    arrows.chain(boxes).collect()
}

fn style() -> String {
    let mut style = String::from(
        "<style>text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#1f2328}\
         .deeds{font:12px ui-monospace,monospace}.note{font-size:12px;fill:#57606a}\
         .line{fill:none;stroke:#8c959f;stroke-width:1.2}.state{stroke-dasharray:5 4}.tip{fill:#8c959f}\
         rect{stroke-width:1.5}",
    );
    for class in Class::ALL {
        let (fill, edge) = class.colours();
        let _ = write!(style, ".{}{{fill:{fill};stroke:{edge}}}", class.name());
    }
    let _ = write!(style, "rect:not(.same){{stroke-width:2.5}}.same~text{{fill:{}}}", Class::Same.text());
    style.push_str(
        "@media(prefers-color-scheme:dark){svg{background:#0d1117}.note{fill:#9198a1}.line{stroke:#6e7681}\
         .tip{fill:#6e7681}}</style>\n",
    );
    style
}

fn line(graph: &Graph, arrow: &Arrow, route: &Route) -> String {
    let Some(((x, y), rest)) = route.split_first() else { return String::new() };
    let mut path = format!("M{x} {y}");
    let mut before = (*x, *y);
    for (x, y) in rest {
        // A curve that leaves and arrives upright.
        let middle = (before.1 + y) / 2;
        let _ = write!(path, "C{} {middle} {x} {middle} {x} {y}", before.0);
        before = (*x, *y);
    }
    let state = if arrow.only_state { " state" } else { "" };
    let name = |position: usize| {
        graph.boxes.get(position).map(|shown| shown.label.for_document()).unwrap_or_default()
    };
    let number = if arrow.count > 1 { format!(" ({} dependencies)", arrow.count) } else { String::new() };
    let how = if arrow.only_state { ", as its state recorded" } else { "" };
    let title = format!("{} depends on {}{number}{how}", name(arrow.from), name(arrow.to));
    format!(
        "<path d=\"{path}\" class=\"line{state}\" marker-end=\"url(#tip)\"><title>{}</title></path>\n",
        escaped(&title)
    )
}

fn drawn(shown: &GraphBox, spot: &Spot) -> String {
    let Spot { x, y, width, height } = *spot;
    let class = Class::of(shown).name();
    let label = shown.label.for_terminal_line();
    let cut: String = if label.chars().count() > MOST_CHARACTERS {
        label.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect()
    } else {
        label
    };
    let corner = match shown.kind {
        BoxKind::Module | BoxKind::Rest => 2,
        BoxKind::Resource | BoxKind::Type => 8,
        BoxKind::Data => 20,
    };
    let address = if shown.address.unescaped().is_empty() { &shown.label } else { &shown.address };
    let title = format!("{}: {}", address.for_document(), deeds(shown));
    format!(
        "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{corner}\" class=\"{class}\"/>\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" class=\"deeds\">{}</text></g>\n",
        escaped(&title),
        x + width / 2,
        y + 18,
        escaped(&cut),
        x + width / 2,
        y + 35,
        escaped(&deeds(shown)),
    )
}

/// Text in XML. What steers a reader is escaped already.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\n', " ")
}
