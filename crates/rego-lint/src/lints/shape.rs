//! What the values of expressions are, as far as they come from the plan.

use std::collections::BTreeSet;

use planguard_plan::text::suggest;
use planguard_rego::convention::{Convention, PlanPlace};

use super::plan::{self, Node};

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
    /// Whether a name that exists is spelt almost alike.
    pub is_near: bool,
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
        }
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
            | Self::Fields(_) => self,
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
            | Self::Fields(_) => None,
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
            | Self::Texts(_) => None,
        }
    }

    /// The texts that it can be, or that its elements can be.
    pub(super) fn texts(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Texts(texts) => Some(texts),
            Self::Each { element, .. } => element.texts(),
            Self::Never | Self::Any | Self::Input(_) | Self::Place(_) | Self::Fields(_) => None,
        }
    }
}

fn input_key(convention: Convention, key: &str) -> (Shape, Option<Slip>) {
    let platform = convention.platform();
    let path = format!("input.{key}");
    if platform.plan.has(key) {
        return (Shape::Place(Place::new(&plan::PLAN, path)), None);
    }
    if platform.plan == PlanPlace::Resources || platform.context.contains(&key) {
        return (Shape::Any, None);
    }
    let Some(own) = platform.plan.only_key() else {
        let plan = Place::new(&plan::PLAN, "input".to_owned());
        let (shape, slip) = plan.step(&Step::Key(key.to_owned()));
        let wrapped = ["plan", "tfplan", "terraform", "run"].contains(&key);
        let help = |help| {
            if wrapped {
                "the plan itself is the input here: write `input.resource_changes`; --convention names a \
                         platform that wraps it"
                    .to_owned()
            } else {
                help
            }
        };
        return (shape, slip.map(|slip| Slip { help: help(slip.help), ..slip }));
    };
    let known = || platform.context.iter().copied().chain([own]);
    let (is_near, help) = if plan::PLAN.keys().any(|known| known == key) {
        (true, format!("on {} the plan is under `input.{own}`: `input.{own}.{key}`", platform.title))
    } else if let Some(near) = suggest::nearest(key, known()) {
        (true, format!("did you mean `input.{near}`?"))
    } else {
        let known: Vec<&str> = known().collect();
        (false, format!("the input on {} has {}", platform.title, known.join(", ")))
    };
    (Shape::Any, Some(Slip { path, help, is_near }))
}

impl Place {
    fn step(&self, step: &Step) -> (Shape, Option<Slip>) {
        let text = match step {
            Step::Key(key) => format!("{}.{key}", self.text),
            Step::Element(_) => format!("{}[_]", self.text),
        };
        let to = |node: &'static Node| {
            let place = Self { node, text: text.clone(), attributes: Vec::new(), ..self.clone() };
            let shape = Shape::Place(place);
            match step {
                Step::Element(name) => shape.called(name),
                Step::Key(key) if node.is_resource() => shape.called(&format!("{}.{key}", self.text)),
                Step::Key(_) => shape,
            }
        };
        match (self.node, step) {
            (Node::Object(keys), Step::Key(key)) => match keys.iter().find(|(known, _)| known == key) {
                Some((_, node)) => (to(node), None),
                None => (Shape::Any, Some(self.slip(key, text))),
            },
            (Node::Map(node), _) | (Node::List(node), Step::Element(_)) => (to(node), None),
            (Node::List(_), Step::Key(key)) => {
                let help = format!("`{}` is a list: go through it with `some x in {}`", self.text, self.text);
                let is_near = key.parse::<u32>().is_err();
                (Shape::Any, is_near.then_some(Slip { path: text, help, is_near }))
            }
            (Node::Values(_), step) => {
                let mut place = self.clone();
                place.text = text;
                place.attributes.push(match step {
                    Step::Key(key) => Attribute::Key(key.clone()),
                    Step::Element(_) => Attribute::Element,
                });
                (Shape::Place(place), None)
            }
            (Node::Text | Node::Word(_) | Node::Flag | Node::Number, Step::Key(_)) => {
                let help = format!("`{}` has no parts", self.text);
                (Shape::Any, Some(Slip { path: text, help, is_near: true }))
            }
            (
                Node::Object(_)
                | Node::Text
                | Node::Word(_)
                | Node::Flag
                | Node::Number
                | Node::Any
                | Node::Expression,
                _,
            ) => (Shape::Any, None),
        }
    }

    fn slip(&self, key: &str, path: String) -> Slip {
        if let Some(near) = suggest::nearest(key, self.node.keys()) {
            return Slip { path, help: format!("did you mean `{}.{near}`?", self.text), is_near: true };
        }
        if let Some(between) = self.node.further_down(key) {
            let help = format!("it stands one step further down: `{}.{between}.{key}`", self.text);
            return Slip { path, help, is_near: true };
        }
        let keys: Vec<&str> = self.node.keys().collect();
        Slip { path, help: format!("`{}` has {}", self.text, keys.join(", ")), is_near: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (Convention::Conftest, &["resource_change"][..], "did you mean `input.resource_changes`?"),
            (Convention::Hcp, &["resource_changes"], "under `input.plan`"),
            (Convention::Hcp, &["plan", "resource_changes", "_", "chnage"], "[_].change`"),
            (Convention::Conftest, &["resource_changes", "_", "after"], "[_].change.after`"),
            (Convention::Conftest, &["resource_changes", "type"], "is a list"),
            (Convention::Conftest, &["planned_values", "root_module", "resource"], "resources`"),
            (Convention::Conftest, &["resource_changes", "_", "type", "name"], "has no parts"),
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
            assert_eq!(follow(Convention::Conftest, steps).1, None, "{steps:?}");
        }
        assert_eq!(follow(Convention::Spacelift, &["third_party_metadata", "infracost", "x"]).1, None);
    }

    #[test]
    fn types_are_kept_only_as_far_as_both_agree() {
        let place =
            |types: Types| Shape::Place(Place { types, ..Place::new(&plan::RESOURCE_CHANGE, String::new()) });
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
