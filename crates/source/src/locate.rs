//! Follows an attribute path through the blocks and values of a resource.

use planguard_plan::{PathStep, Value};
use planguard_schemas::{Block as Schema, Kind, Nesting};

use crate::body::{Expression, Member, Reference};
use crate::merge::{Layer, Written, written};
use crate::place::Spot;
use crate::repeated::{Candidate, Candidates, Otherwise, Values, choose};

/// Where a path ends.
#[derive(Debug)]
pub(crate) enum Found {
    /// At this attribute or block, and what the attribute is a copy of.
    Exactly(Spot, Option<Reference>),
    /// In this block, which does not set the rest of the path, or not certainly.
    Within(Spot),
}

/// What is known about a place besides its text: the plan's value and the provider's schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'f> {
    pub(crate) value: Option<&'f Value<'f>>,
    pub(crate) schema: Option<Schema>,
    pub(crate) values: Values,
}

/// Follows a path from a body. `around` is the header of its block.
pub(crate) fn follow<'c>(
    layers: &[Layer<'c>],
    path: &'c [PathStep],
    facts: Facts<'_>,
    around: Spot,
) -> Found {
    let Some((PathStep::Key(name), rest)) = path.split_first() else { return Found::Within(around) };
    let attribute = facts.schema.and_then(|schema| schema.attribute(name));
    let otherwise = Otherwise::of(attribute.as_ref());
    let kind = attribute.map(|attribute| attribute.kind);
    let value = facts.value.and_then(|value| value.get(name));
    match written(layers, name) {
        Written::Nothing | Written::Both => Found::Within(around),
        Written::Attribute(layer, attribute) => {
            let here = layer.spot(&attribute.at);
            let inside = Inside { layer, block: around, depth: Depth::Whole, values: facts.values };
            inside.value(&attribute.value, rest, kind.as_ref(), value, here)
        }
        Written::Blocks(layer, blocks) => {
            let nested = kind.as_ref().and_then(Kind::nested);
            let schema = nested.map(|nested| nested.block);
            let (chosen, rest, element) = match (rest, nested.map(|nested| nested.nesting)) {
                ([PathStep::Key(label), rest @ ..], Some(Nesting::Map)) => {
                    let mut named = blocks.iter().filter(|block| block.labels.first() == Some(label));
                    let chosen = named.next().filter(|_| named.next().is_none());
                    // A `dynamic` block has one label as well: its own.
                    let chosen = chosen.filter(|_| blocks.iter().all(|block| !block.is_dynamic()));
                    (chosen.copied(), rest, value.and_then(|value| value.get(label)))
                }
                ([PathStep::Index(position), rest @ ..], nesting) => {
                    let candidates = Candidates {
                        all: blocks.iter().map(|block| Candidate::of_block(block)).collect(),
                        nesting,
                        schema,
                        otherwise,
                        values: facts.values,
                    };
                    let elements = value.map(Value::elements);
                    let chosen = choose(&candidates, *position, elements).and_then(|at| blocks.get(at));
                    (chosen.copied(), rest, elements.and_then(|elements| elements.get(*position)))
                }
                (rest, _) => match blocks.as_slice() {
                    [only] => (Some(*only), rest, value),
                    _ => (None, rest, None),
                },
            };
            let Some(block) = chosen else { return Found::Within(around) };
            let here = layer.spot(&block.header);
            match (rest, block.content()) {
                ([], _) => Found::Exactly(here, None),
                (_, None) => Found::Within(here),
                (rest, Some(body)) => follow(
                    &[layer.inside(body)],
                    rest,
                    Facts { value: element, schema, values: facts.values },
                    here,
                ),
            }
        }
    }
}

/// The place of a value: its file, and the block around its attribute.
struct Inside<'c> {
    layer: Layer<'c>,
    block: Spot,
    depth: Depth,
    values: Values,
}

/// Whether a value is that of the attribute or of one of several elements.
#[derive(Clone, Copy)]
enum Depth {
    Whole,
    Element,
}

impl Inside<'_> {
    /// Follows a path into the value of the attribute at `here`.
    fn value(
        self,
        expression: &Expression,
        path: &[PathStep],
        kind: Option<&Kind>,
        value: Option<&Value<'_>>,
        here: Spot,
    ) -> Found {
        match (path, expression) {
            ([PathStep::Key(key), rest @ ..], Expression::Object(members)) => {
                self.member(members, key, rest, kind, value, here)
            }
            // An element of plain values is on a line of its own only by layout; the attribute is what is named.
            ([PathStep::Index(_)], _) => Found::Exactly(here, expression.reference()),
            ([PathStep::Index(position), rest @ ..], Expression::List(elements)) => {
                let (nesting, schema, inner) = match kind {
                    Some(Kind::List(element)) => (Some(Nesting::List), None, Some(element.as_ref())),
                    // What has no fixed type keeps its order.
                    Some(Kind::Tuple | Kind::Any) => (Some(Nesting::List), None, Some(&Kind::Any)),
                    Some(Kind::Set(element)) => (Some(Nesting::Set), None, Some(element.as_ref())),
                    Some(Kind::Nested(nested)) => (Some(nested.nesting), Some(nested.block), kind),
                    Some(Kind::Bool | Kind::String | Kind::Number | Kind::Map(_)) | None => {
                        (None, None, None)
                    }
                };
                let candidates = Candidates {
                    all: elements.iter().map(Candidate::of_value).collect(),
                    nesting,
                    schema,
                    otherwise: Otherwise::Empty,
                    values: self.values,
                };
                let values = value.map(Value::elements);
                let chosen = choose(&candidates, *position, values).and_then(|at| elements.get(at));
                let Some(element) = chosen else { return Found::Within(self.block) };
                let value = values.and_then(|values| values.get(*position));
                let inside = Self { depth: Depth::Element, ..self };
                inside.value(element, rest, inner, value, here)
            }
            // JSON may have one object in place of a list of one.
            ([PathStep::Index(0), rest @ ..], Expression::Object(_)) => {
                let value = value.map(|value| value.elements().first().unwrap_or(value));
                self.value(expression, rest, kind, value, here)
            }
            // The path ends here, or the value has to be evaluated: it comes from this attribute in any case.
            ([], _)
            | (
                [PathStep::Key(_) | PathStep::Index(_), ..],
                Expression::Null
                | Expression::Bool(_)
                | Expression::Number(_)
                | Expression::Text(_)
                | Expression::List(_)
                | Expression::Object(_)
                | Expression::Reference(_)
                | Expression::Other,
            ) => Found::Exactly(here, expression.reference()),
        }
    }

    fn member(
        self,
        members: &[Member],
        key: &str,
        rest: &[PathStep],
        kind: Option<&Kind>,
        value: Option<&Value<'_>>,
        here: Spot,
    ) -> Found {
        let inner = match kind {
            Some(Kind::Map(element)) => Some(element.as_ref().clone()),
            Some(Kind::Any) => Some(Kind::Any),
            Some(Kind::Nested(nested)) => nested.block.attribute(key).map(|attribute| attribute.kind),
            Some(Kind::Bool | Kind::String | Kind::Number | Kind::Tuple | Kind::List(_) | Kind::Set(_))
            | None => None,
        };
        // The last of equal keys counts, and one that has to be evaluated may be equal.
        let computed = members.iter().any(|member| member.key.is_none());
        let named = members.iter().rfind(|member| member.key.as_deref() == Some(key));
        match (named, self.depth) {
            (Some(member), _) if !computed => {
                let here = self.layer.spot(&member.at);
                let value = value.and_then(|value| value.get(key));
                self.value(&member.value, rest, inner.as_ref(), value, here)
            }
            (_, Depth::Whole) => Found::Exactly(here, None),
            (_, Depth::Element) => Found::Within(self.block),
        }
    }
}
