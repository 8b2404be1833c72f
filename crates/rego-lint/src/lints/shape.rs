//! What the values of expressions are, as far as they come from the plan.

use std::collections::BTreeSet;

use planguard_rego::convention::Convention;
use planguard_rego::plan_shape::{self, BY_TYPE, Meant, Missing, Next, Node};

/// What an expression can be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Nothing has been seen yet, or only what has no parts.
    Never,
    /// Anything.
    Any,
    /// The input of a platform.
    Input(Convention),
    /// A place of the plan.
    Place(Place),
    /// A collection of these.
    Each { element: Box<Self>, holds: Holds },
    /// One of these texts, which are written out.
    Texts(BTreeSet<String>),
    /// An object that is written out.
    Fields(Vec<(String, Self)>),
    /// The position of an element in an array of the plan.
    Position { variable: String, array: String },
}

/// How a collection gives its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// By position or key.
    ByKey,
    /// As members of a set.
    Members,
}

/// A place of the plan.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub node: &'static Node,
    /// What the resource is called here that this is part of, so that what is said of its type can be found.
    pub anchor: Option<String>,
    pub types: Types,
    /// The steps below the attributes of a resource.
    pub attributes: Vec<Attribute>,
    /// The path as a person would write it.
    pub text: String,
}

/// The resource types that a place may belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Types {
    Unknown,
    OneOf(BTreeSet<String>),
    /// That which is given to a function as this argument.
    Argument(usize),
}

/// A step below the attributes of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    Key(String),
    Element,
}

/// A step of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    /// Something in brackets that is no text; the words name what it leads to.
    Element(String),
}

/// A step that leads to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slip {
    /// The path up to and with the step.
    pub path: String,
    pub help: String,
    /// What the author probably meant.
    pub meant: Meant,
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.node, other.node)
            && self.anchor == other.anchor
            && self.types == other.types
            && self.attributes == other.attributes
    }
}

impl Place {
    pub(super) fn new(node: &'static Node, text: String) -> Self {
        Self { node, anchor: None, types: Types::Unknown, attributes: Vec::new(), text }
    }

    /// Whether it is the type of a resource.
    pub(super) fn is_resource_type(&self) -> bool {
        self.attributes.is_empty() && self.anchor.is_some() && self.text.ends_with(".type")
    }

    /// Whether it is the object with planguard's resource changes by type.
    pub(super) fn is_by_type(&self) -> bool {
        std::ptr::eq(self.node, &raw const BY_TYPE)
    }
}

impl Shape {
    /// What is either of two.
    pub(super) fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, shape) | (shape, Self::Never) => shape,
            (Self::Texts(mut left), Self::Texts(right)) => {
                left.extend(right);
                Self::Texts(left)
            }
            (Self::Each { element: left, holds }, Self::Each { element: right, holds: other }) => {
                let holds = if holds == other { holds } else { Holds::ByKey };
                Self::Each { element: Box::new(left.join(*right)), holds }
            }
            (Self::Place(left), Self::Place(right))
                if std::ptr::eq(left.node, right.node) && left.attributes == right.attributes =>
            {
                let types = match (left.types, right.types) {
                    (Types::OneOf(mut left), Types::OneOf(right)) => {
                        left.extend(right);
                        Types::OneOf(left)
                    }
                    (left, right) if left == right => left,
                    _ => Types::Unknown,
                };
                let anchor = if left.anchor == right.anchor { left.anchor } else { None };
                Self::Place(Place {
                    node: left.node,
                    anchor,
                    types,
                    attributes: left.attributes,
                    text: left.text,
                })
            }
            (left, right) if left == right => left,
            _ => Self::Any,
        }
    }

    /// An element of a collection, and what it is called from now on.
    pub(super) fn element(&self, name: &str) -> Self {
        self.step(&Step::Element(name.to_owned())).0
    }

    /// Where a step leads, and what is wrong with it.
    pub(super) fn step(&self, step: &Step) -> (Self, Option<Slip>) {
        match (self, step) {
            (Self::Never | Self::Any | Self::Texts(_), _) => (Self::Any, None),
            (Self::Input(convention), Step::Key(key)) => input_key(*convention, key),
            (Self::Input(_), Step::Element(_)) => (Self::Any, None),
            (Self::Place(place), step) => place.step(step),
            (Self::Each { element, .. }, Step::Element(name)) => {
                (element.as_ref().clone().called(name), None)
            }
            (Self::Each { element, holds: Holds::ByKey }, Step::Key(key)) => {
                (element.as_ref().clone().called(key), None)
            }
            (Self::Each { holds: Holds::Members, .. }, Step::Key(_)) => (Self::Any, None),
            (Self::Fields(fields), Step::Key(key)) => {
                let found = fields.iter().find(|(name, _)| name == key);
                (found.map_or(Self::Any, |(_, shape)| shape.clone()), None)
            }
            (Self::Fields(_), Step::Element(_)) => (Self::Any, None),
            (Self::Position { variable, array }, step) => {
                let (path, meant) = match step {
                    Step::Key(key) => (format!("{variable}.{key}"), format!("{array}[{variable}].{key}")),
                    Step::Element(_) => (format!("{variable}[_]"), format!("{array}[{variable}][_]")),
                };
                let help = format!(
                    "`{variable}` is the position of an element of `{array}`; write `{meant}`, or `some \
                     {variable} in {array}`"
                );
                (Self::Any, Some(Slip { path, help, meant: Meant::OtherPlace }))
            }
        }
    }

    /// The position of an element, as the value of a variable, if it is an array of the plan.
    pub(super) fn position(&self, variable: &str) -> Option<Self> {
        let place = self.place().filter(|place| place.attributes.is_empty())?;
        let Node::List(_) = place.node else { return None };
        Some(Self::Position { variable: variable.to_owned(), array: place.text.clone() })
    }

    /// The same, known by another name.
    pub(super) fn called(self, name: &str) -> Self {
        match self {
            Self::Place(place) if place.node.is_resource() => {
                Self::Place(Place { anchor: Some(name.to_owned()), ..place })
            }
            Self::Never
            | Self::Any
            | Self::Input(_)
            | Self::Place(_)
            | Self::Each { .. }
            | Self::Texts(_)
            | Self::Fields(_)
            | Self::Position { .. } => self,
        }
    }

    /// The place, if it is one.
    pub(super) fn place(&self) -> Option<&Place> {
        match self {
            Self::Place(place) => Some(place),
            Self::Never
            | Self::Any
            | Self::Input(_)
            | Self::Each { .. }
            | Self::Texts(_)
            | Self::Fields(_)
            | Self::Position { .. } => None,
        }
    }

    /// The keys, if it is an object that is written out.
    pub(super) fn keys(&self) -> Option<BTreeSet<String>> {
        match self {
            Self::Fields(fields) => Some(fields.iter().map(|(key, _)| key.clone()).collect()),
            Self::Never
            | Self::Any
            | Self::Input(_)
            | Self::Place(_)
            | Self::Each { .. }
            | Self::Texts(_)
            | Self::Position { .. } => None,
        }
    }

    /// The texts that it can be, or that its elements can be.
    pub(super) fn texts(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Texts(texts) => Some(texts),
            Self::Each { element, .. } => element.texts(),
            Self::Never
            | Self::Any
            | Self::Input(_)
            | Self::Place(_)
            | Self::Fields(_)
            | Self::Position { .. } => None,
        }
    }
}

fn input_key(convention: Convention, key: &str) -> (Shape, Option<Slip>) {
    let path = format!("input.{key}");
    match plan_shape::of_input(convention.platform(), key) {
        Next::Place(node) => (Shape::Place(Place::new(node, path)), None),
        Next::Attribute | Next::Anything => (Shape::Any, None),
        Next::Nothing(missing) => (Shape::Any, Some(Slip::new(path, missing))),
    }
}

impl Place {
    fn step(&self, step: &Step) -> (Shape, Option<Slip>) {
        let (next, text) = match step {
            Step::Key(key) => (plan_shape::Step::Key(key), format!("{}.{key}", self.text)),
            Step::Element(_) => (plan_shape::Step::Element, format!("{}[_]", self.text)),
        };
        match self.node.step(next, &self.text) {
            Next::Place(node) => {
                let mut place = Self { node, text, attributes: Vec::new(), ..self.clone() };
                if let Step::Key(key) = step
                    && self.is_by_type()
                {
                    place.types = Types::OneOf(BTreeSet::from([key.clone()]));
                }
                let shape = Shape::Place(place);
                let shape = match step {
                    Step::Element(name) => shape.called(name),
                    Step::Key(key) if node.is_resource() => shape.called(&format!("{}.{key}", self.text)),
                    Step::Key(_) => shape,
                };
                (shape, None)
            }
            Next::Attribute => {
                let mut place = Self { text, ..self.clone() };
                place.attributes.push(match step {
                    Step::Key(key) => Attribute::Key(key.clone()),
                    Step::Element(_) => Attribute::Element,
                });
                (Shape::Place(place), None)
            }
            Next::Anything => (Shape::Any, None),
            Next::Nothing(missing) => (Shape::Any, Some(Slip::new(text, missing))),
        }
    }
}

impl Slip {
    fn new(path: String, Missing { meant, help }: Missing) -> Self {
        Self { path, help, meant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(word: &str) -> Convention {
        word.parse().unwrap()
    }

    fn follow(convention: Convention, steps: &[&str]) -> (Shape, Option<Slip>) {
        let mut shape = Shape::Input(convention);
        for step in steps {
            let step =
                if *step == "_" { Step::Element("x".to_owned()) } else { Step::Key((*step).to_owned()) };
            let (next, slip) = shape.step(&step);
            if slip.is_some() {
                return (next, slip);
            }
            shape = next;
        }
        (shape, None)
    }

    #[test]
    fn a_slip_is_named_wherever_it_stands() {
        for (convention, steps, help) in [
            (Convention::CONFTEST, &["resource_change"][..], "did you mean `input.resource_changes`?"),
            (of("hcp"), &["resource_changes"], "under `input.plan`"),
            (of("hcp"), &["plan", "resource_changes", "_", "chnage"], "[_].change`"),
            (Convention::CONFTEST, &["resource_changes", "_", "after"], "[_].change.after`"),
            (Convention::CONFTEST, &["resource_changes", "type"], "is an array"),
            (Convention::CONFTEST, &["planned_values", "root_module", "resource"], "resources`"),
            (Convention::CONFTEST, &["resource_changes", "_", "type", "name"], "has no keys"),
        ] {
            let (_, slip) = follow(convention, steps);
            assert!(slip.as_ref().is_some_and(|slip| slip.help.contains(help)), "{steps:?}: {slip:?}");
        }
    }

    #[test]
    fn what_plans_have_is_found() {
        for steps in [
            &["resource_changes", "_", "change", "after", "anything", "_"][..],
            &[
                "configuration",
                "root_module",
                "module_calls",
                "net",
                "module",
                "resources",
                "_",
                "expressions",
                "x",
            ],
            &["variables", "region", "value", "x"],
            &["planguard", "by_type", "aws_x", "_", "change", "after", "anything"],
            &["planguard", "by_action", "create+forget", "_", "address"],
            &[
                "planned_values",
                "root_module",
                "child_modules",
                "_",
                "child_modules",
                "_",
                "resources",
                "_",
                "values",
            ],
        ] {
            assert_eq!(follow(Convention::CONFTEST, steps).1, None, "{steps:?}");
        }
        assert_eq!(follow(of("spacelift"), &["third_party_metadata", "infracost", "x"]).1, None);
    }

    #[test]
    fn a_key_of_the_index_is_the_type_of_its_resources() {
        let steps = ["planguard", "by_type", "aws_x", "_", "change", "after", "name"];
        let (Shape::Place(place), None) = follow(Convention::CONFTEST, &steps) else { panic!("no place") };
        assert_eq!(place.types, Types::OneOf(BTreeSet::from(["aws_x".to_owned()])));
        assert_eq!(place.attributes, [Attribute::Key("name".to_owned())]);
    }

    #[test]
    fn types_are_kept_only_as_far_as_both_agree() {
        let place = |types: Types| {
            Shape::Place(Place { types, ..Place::new(&plan_shape::RESOURCE_CHANGE, String::new()) })
        };
        let one = |name: &str| Types::OneOf(BTreeSet::from([name.to_owned()]));
        let joined = place(one("a")).join(place(one("b")));
        assert!(
            matches!(&joined, Shape::Place(Place { types: Types::OneOf(types), .. }) if types.len() == 2)
        );
        assert!(matches!(
            joined.join(place(Types::Unknown)),
            Shape::Place(Place { types: Types::Unknown, .. })
        ));
    }
}
