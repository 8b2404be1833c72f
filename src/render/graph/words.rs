//! What the formats say of a box, and the classes that colour it.

use planguard_plan::redact::SafeText;

use crate::graph::{BoxKind, By, Folded, FoldedRest, Graph, GraphBox};
use crate::render::layout::count;
use crate::show::Deed;

/// The classes of boxes, by what of them a reviewer must look at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Destroy,
    Replace,
    Forget,
    Update,
    Create,
    Same,
    Strange,
}

impl Class {
    pub(super) const ALL: [Self; 7] =
        [Self::Destroy, Self::Replace, Self::Forget, Self::Update, Self::Create, Self::Same, Self::Strange];

    pub(super) fn of(shown: &GraphBox) -> Self {
        match shown.worst() {
            Some(Deed::Destroy) => Self::Destroy,
            Some(Deed::Replace(_)) => Self::Replace,
            Some(Deed::Forget | Deed::ForgetAndCreate) => Self::Forget,
            Some(Deed::Update) => Self::Update,
            Some(Deed::Create) => Self::Create,
            Some(Deed::Other(_)) => Self::Strange,
            Some(Deed::Keep | Deed::Read | Deed::Open) | None => Self::Same,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Destroy => "destroy",
            Self::Replace => "replace",
            Self::Forget => "forget",
            Self::Update => "update",
            Self::Create => "create",
            Self::Same => "same",
            Self::Strange => "strange",
        }
    }

    /// The colour of the text: what stays as it is steps back, with a contrast still above 5 to 1.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Same => "#57606a",
            Self::Destroy | Self::Replace | Self::Forget | Self::Update | Self::Create | Self::Strange => {
                "#1f2328"
            }
        }
    }

    /// The colours of the box and of its edge. The text on it is dark; the contrast is above 7 to 1.
    pub(super) const fn colours(self) -> (&'static str, &'static str) {
        match self {
            Self::Destroy => ("#ffd7d5", "#cf222e"),
            Self::Replace => ("#ffe1cc", "#bc4c00"),
            Self::Forget => ("#eadcff", "#8250df"),
            Self::Update => ("#fff3c4", "#9a6700"),
            Self::Create => ("#d3f5da", "#1a7f37"),
            Self::Same => ("#f6f8fa", "#d0d7de"),
            Self::Strange => ("#ffffff", "#cf222e"),
        }
    }
}

/// What is done in a box: `+2 ~1 -1`, or `12 unchanged`.
pub(super) fn deeds(shown: &GraphBox) -> String {
    let mut numbers: Vec<(&'static str, usize)> = Vec::new();
    for (deed, number) in &shown.deeds {
        let glyph = match deed {
            Deed::Create => "+",
            Deed::Update => "~",
            Deed::Destroy => "-",
            Deed::Replace(_) => "±",
            Deed::Forget | Deed::ForgetAndCreate => ".",
            Deed::Keep => "=",
            Deed::Read | Deed::Open => continue,
            Deed::Other(_) => "?",
        };
        match numbers.iter_mut().find(|(known, _)| *known == glyph) {
            Some((_, known)) => *known += number,
            None => numbers.push((glyph, *number)),
        }
    }
    if !numbers.is_empty() {
        let parts: Vec<String> = numbers.iter().map(|(glyph, number)| format!("{glyph}{number}")).collect();
        return parts.join(" ");
    }
    match (shown.kind, shown.instances) {
        (BoxKind::Data, _) => "data source".to_owned(),
        (_, 0 | 1) => "unchanged".to_owned(),
        (_, several) => format!("{several} unchanged"),
    }
}

/// What the picture cannot show, one sentence a line.
pub(in crate::render) fn notes(graph: &Graph) -> Vec<String> {
    let mut notes = Vec::new();
    if !graph.has_configuration {
        notes
            .push("The plan has no configuration: arrows are only those that its state recorded.".to_owned());
    }
    if !graph.unresolved.is_empty() {
        let references = count(graph.unresolved.len(), "reference", "references");
        notes.push(format!(
            "{references} could not be followed (a plan has no locals; `--source` names the files that tell): arrows may be missing."
        ));
    }
    notes.extend(graph.folded.as_ref().map(what_is_folded));
    if graph.implied > 0 {
        let arrows = count(graph.implied, "arrow is", "arrows are");
        notes.push(format!("{arrows} not drawn, because others lead the same way."));
    }
    if graph.left_out > 0 {
        let boxes = count(graph.left_out, "box is", "boxes are");
        notes.push(format!("{boxes} not drawn{}.", why_left_out(graph)));
    }
    notes.extend(why_empty(graph));
    notes
}

/// What fewer boxes stand for, and how to see all.
fn what_is_folded(folded: &Folded) -> String {
    let (plural, coarser, option) = match folded.by {
        By::Module => ("modules and blocks", "modules are folded into those that call them", "--by module"),
        By::Block | By::Auto => ("blocks", "blocks are folded into their types", "--by block"),
    };
    let coarser = folded.is_coarser.then(|| coarser.to_owned());
    let plural = if folded.is_coarser && folded.by != By::Module { "types" } else { plural };
    let rest = folded.rest.map(|(rest, number)| match rest {
        FoldedRest::Unchanged => {
            format!("{number} unchanged {plural} are one box, without arrows to other unchanged ones")
        }
        FoldedRest::LeastNotable => format!("the {number} least notable {plural} are one box"),
    });
    let parts: Vec<String> = coarser.into_iter().chain(rest).collect();
    let sentence = parts.join("; ");
    let mut characters = sentence.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}: `planguard graph {option}` draws all {}.", characters.as_str(), folded.whole)
}

/// The end of a sentence: which options leave boxes out.
fn why_left_out(graph: &Graph) -> String {
    let focus = graph.focus.as_ref().map(SafeText::for_terminal_line);
    match (focus, graph.only_changed) {
        (Some(focus), false) => format!(", because they are not near {focus}; --hops draws more"),
        (Some(focus), true) => {
            format!(", because they are not near {focus}, or the plan does nothing with them (--changed)")
        }
        (None, true) => ", because the plan does nothing with them (--changed)".to_owned(),
        (None, false) => String::new(),
    }
}

/// Why a picture has no box.
fn why_empty(graph: &Graph) -> Option<String> {
    if !graph.boxes.is_empty() {
        return None;
    }
    Some(match (graph.without_changes, graph.left_out) {
        (0, 0) => "Nothing is drawn: the plan has no resources.".to_owned(),
        (0, _) => "Nothing is drawn: no box is left.".to_owned(),
        (objects, _) => format!(
            "Nothing is drawn: the plan has no changes of resources, as if made with -refresh-only; it does not say what \
             becomes of its {}.",
            count(objects, "existing resource", "existing resources")
        ),
    })
}
