//! The picture for programs; `docs/graph.schema.json` describes it.

use planguard_plan::redact::SafeText;
use serde::Serialize;

use super::words::{Class, notes};
use crate::graph::{Affected, BoxKind, Graph, GraphBox};
use crate::render::{Format, Layout, RenderError, json};

pub(super) const FORMAT: Format<Graph> =
    Format { name: "json", former: None, help: "for programs", extension: "json", render };

/// The version of the document. A new minor version adds members; a new major one changes or removes some.
const VERSION: &str = "1.0";

fn render(graph: &Graph, _: Layout) -> Result<String, RenderError> {
    Ok(json::indented(&Document::of(graph))?)
}

/// Boxes, arrows, and what is affected by what is destroyed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Document<'g> {
    /// The version of this document: major and minor.
    version: &'static str,
    /// Where the plan comes from.
    origin: &'g str,
    /// The boxes.
    nodes: Vec<Node<'g>>,
    /// The arrows.
    edges: Vec<Edge<'g>>,
    /// What depends on what is destroyed or replaced, in the whole plan.
    affected: Vec<Reach<'g>>,
    /// References that could not be followed.
    unresolved: Vec<Unresolved<'g>>,
    /// What the picture cannot show.
    notes: Vec<String>,
}

/// A module or block.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Node<'g> {
    /// Its address without keys; empty for the root module.
    address: &'g str,
    /// The module that it is in; empty for the root module.
    module: &'g str,
    /// What it is.
    kind: &'static str,
    /// How many objects it has in this plan.
    instances: usize,
    /// What of it a reviewer must look at most: destroy, replace, forget, update, create, same, or strange.
    action: &'static str,
}

/// That something depends on something.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Edge<'g> {
    /// The node that depends.
    from: &'g str,
    /// The node that it depends on.
    to: &'g str,
    /// How many dependencies between blocks this stands for.
    count: usize,
    /// How it is known: `configuration`, or `state` alone.
    known_from: &'static str,
}

/// How far a deletion or replacement reaches.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Reach<'g> {
    /// The block.
    address: &'g str,
    /// Blocks that stay and refer to it.
    direct: Vec<&'g str>,
    /// Blocks that stay and depend on it through others.
    indirect: Vec<&'g str>,
}

/// A reference that could not be followed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Unresolved<'g> {
    /// The reference, behind the path of its module.
    reference: &'g str,
    /// How many blocks have it.
    blocks: usize,
}

impl<'g> Document<'g> {
    fn of(graph: &'g Graph) -> Self {
        let address =
            |position: usize| graph.boxes.get(position).map_or("", |shown| shown.address.unescaped());
        Self {
            version: VERSION,
            origin: graph.origin.unescaped(),
            nodes: graph.boxes.iter().map(node).collect(),
            edges: graph
                .arrows
                .iter()
                .map(|arrow| Edge {
                    from: address(arrow.from),
                    to: address(arrow.to),
                    count: arrow.count,
                    known_from: if arrow.only_state { "state" } else { "configuration" },
                })
                .collect(),
            affected: graph.affected.iter().map(reach).collect(),
            unresolved: graph
                .unresolved
                .iter()
                .map(|(reference, blocks)| Unresolved { reference: reference.unescaped(), blocks: *blocks })
                .collect(),
            notes: notes(graph),
        }
    }
}

fn node(shown: &GraphBox) -> Node<'_> {
    Node {
        address: shown.address.unescaped(),
        module: shown.module.unescaped(),
        kind: match shown.kind {
            BoxKind::Module => "module",
            BoxKind::Resource => "resource",
            BoxKind::Data => "data",
            BoxKind::Type => "type",
            BoxKind::Rest => "rest",
        },
        instances: shown.instances,
        action: Class::of(shown).name(),
    }
}

fn reach(affected: &Affected) -> Reach<'_> {
    Reach {
        address: affected.address.unescaped(),
        direct: affected.direct.iter().map(SafeText::unescaped).collect(),
        indirect: affected.indirect.iter().map(SafeText::unescaped).collect(),
    }
}

#[cfg(test)]
mod tests {
    use planguard_plan::input::Document as Input;

    use super::*;
    use crate::graph::GraphOptions;
    use crate::render::json::published;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn the_schema_is_published() {
        let validator = published::schema::<Document<'_>>("graph.schema.json");
        let plan = r#"{"format_version": "1.2", "planned_values": {}, "resource_changes": [
                {"address": "x.vpc", "change": {"actions": ["delete", "create"], "before": {}, "after": {}, "after_unknown": {}}},
                {"address": "x.web[0]", "change": {"actions": ["no-op"], "before": {"of": 1}, "after": {"of": 1}, "after_unknown": {}}}],
            "configuration": {"root_module": {"resources": [
                {"mode": "managed", "type": "x", "name": "vpc", "expressions": {}},
                {"mode": "managed", "type": "x", "name": "web", "expressions": {
                    "of": {"references": ["x.vpc.id", "x.vpc", "local.l"]}}}]}}}"#;
        let document = Input::from_text("plan.json", plan).unwrap();
        let graph = Graph::of(&document, &GraphOptions::default()).unwrap();
        let shown = published::validates(&validator, &render(&graph, PLAIN).unwrap());
        assert_eq!(shown["edges"][0]["from"], "x.web");
        assert_eq!(shown["nodes"][0]["action"], "replace");
        assert_eq!(shown["affected"][0]["direct"], serde_json::json!(["x.web"]));
        assert_eq!(shown["unresolved"][0]["reference"], "local.l");
    }
}
