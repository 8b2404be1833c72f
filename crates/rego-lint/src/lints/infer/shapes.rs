//! Infers the values of expressions.

use planguard_rego::bundle::LibraryResult;
use planguard_rego_syntax::tree::{self, BranchKind, ComprehensionHead, Expr, ExprKind, Operator};

use super::super::model::{self, Meaning};
use super::super::shape::{Holds, Place, Shape, Slip, Step, Types};
use super::{Env, Guards, member_of};

impl Env<'_, '_> {
    /// Returns the value of the rule.
    pub(super) fn value(&self) -> Shape {
        let rule = self.project().rule(self.id);
        let text = self.text();
        let mut value = Shape::Never;
        let nothing = Guards::default();
        for branch in &rule.branches {
            let guards =
                branch.body.as_ref().map_or_else(Guards::default, |body| self.guards(body, &nothing));
            let own = match &branch.kind {
                BranchKind::Else { value } => value.as_ref(),
                BranchKind::First | BranchKind::Chained => rule.head.value.as_ref(),
            };
            let of = |expr: &Expr| self.settled(expr, &guards);
            let shape = if let Some(member) = member_of(rule) {
                Shape::Each { element: Box::new(of(member)), holds: Holds::Members }
            } else {
                let value = own.map_or(Shape::Never, of);
                match &rule.head.name.kind {
                    ExprKind::Reference { steps, .. }
                        if steps.iter().any(|step| step.key(text).is_none()) =>
                    {
                        Shape::Each { element: Box::new(value), holds: Holds::ByKey }
                    }
                    _ => value,
                }
            };
            value = value.join(shape);
        }
        value
    }

    /// Returns the value of an expression, independent of the names in this rule.
    pub(super) fn settled(&self, expr: &Expr, guards: &Guards) -> Shape {
        self.settle(self.shape(expr, guards), guards)
    }

    pub(super) fn settle(&self, shape: Shape, guards: &Guards) -> Shape {
        match shape {
            Shape::Place(place) => {
                let types = guards.of(&place);
                Shape::Place(Place { types, anchor: None, ..place })
            }
            Shape::Each { element, holds } => {
                Shape::Each { element: Box::new(self.settle(*element, guards)), holds }
            }
            Shape::Fields(fields) => Shape::Fields(
                fields.into_iter().map(|(key, shape)| (key, self.settle(shape, guards))).collect(),
            ),
            Shape::Never | Shape::Any | Shape::Input(_) | Shape::Texts(_) | Shape::Position { .. } => shape,
        }
    }

    /// Returns the value of an expression.
    pub(in super::super) fn shape(&self, expr: &Expr, guards: &Guards) -> Shape {
        match &expr.kind {
            ExprKind::Scalar(_) | ExprKind::Template(_) => {
                expr.string().map_or(Shape::Never, |text| Shape::Texts([text.to_owned()].into()))
            }
            ExprKind::Name | ExprKind::Reference { .. } => self.follow(expr, guards).0,
            ExprKind::Parenthesised(inner) => self.shape(inner, guards),
            ExprKind::Call { function, arguments } => self.result(function, arguments, guards),
            ExprKind::Operation { operator, operands } => match (operator, operands.as_slice()) {
                (Operator::Union, [left, right]) => self.shape(left, guards).join(self.shape(right, guards)),
                (Operator::Subtract | Operator::Intersection, [left, _]) => match self.shape(left, guards) {
                    shape @ Shape::Each { .. } => shape,
                    _ => Shape::Any,
                },
                _ => Shape::Never,
            },
            ExprKind::Array(items) | ExprKind::Set(items) => {
                let element = items.iter().fold(Shape::Never, |all, item| all.join(self.shape(item, guards)));
                let holds = match &expr.kind {
                    ExprKind::Set(_) => Holds::Members,
                    _ => Holds::ByKey,
                };
                Shape::Each { element: Box::new(element), holds }
            }
            ExprKind::Object(fields) => {
                let fields: Option<Vec<(String, Shape)>> = fields
                    .iter()
                    .map(|(key, value)| Some((key.string()?.to_owned(), self.shape(value, guards))))
                    .collect();
                fields.map_or(Shape::Any, Shape::Fields)
            }
            ExprKind::Comprehension { head, body } => {
                let inner = self.guards(body, guards);
                let Some(last) = head.exprs().last() else { return Shape::Any };
                let holds = match head {
                    ComprehensionHead::Set(_) => Holds::Members,
                    ComprehensionHead::Array(_) | ComprehensionHead::Object(_) => Holds::ByKey,
                };
                Shape::Each { element: Box::new(self.settled(last, &inner)), holds }
            }
        }
    }

    pub(super) fn result(&self, function: &Expr, arguments: &[Expr], guards: &Guards) -> Shape {
        if let Some((path, _)) = self.project().function(self.id.file, function) {
            let returns = self.inference.signature(&path).and_then(|signature| signature.returns.as_ref());
            if let Some(LibraryResult::OfArgument(position, keys)) = returns {
                let argument = arguments.get(*position);
                return argument.map_or(Shape::Any, |argument| below(self.shape(argument, guards), keys));
            }
            let result = self.known_of(&path).values.get(&path).cloned().unwrap_or(Shape::Never);
            let given: Vec<Shape> = arguments.iter().map(|argument| self.shape(argument, guards)).collect();
            return with_arguments(result, &given);
        }
        match (function.text(self.text()), arguments) {
            ("object.get", [object, key, default]) => {
                let shape = self.shape(object, guards);
                match self.looked_up(&shape, key) {
                    (shape, None) => shape,
                    // `object.get(input, "plan", input)`
                    (_, Some(_)) => self.shape(default, guards),
                }
            }
            ("array.concat" | "object.union", [left, right]) => {
                self.shape(left, guards).join(self.shape(right, guards))
            }
            ("array.slice" | "array.reverse" | "sort", [array, ..]) => self.shape(array, guards),
            _ => Shape::Any,
        }
    }

    /// Returns the value of an `object.get`.
    pub(in super::super) fn looked_up(&self, object: &Shape, key: &Expr) -> (Shape, Option<Slip>) {
        let steps: Vec<Step> = match &key.kind {
            ExprKind::Array(items) => {
                let step = |item: &Expr| match item.string() {
                    Some(key) => Step::Key(key.to_owned()),
                    None => Step::Element(String::new()),
                };
                items.iter().map(step).collect()
            }
            _ => match key.string() {
                Some(key) => vec![Step::Key(key.to_owned())],
                None => return (Shape::Any, None),
            },
        };
        let mut shape = object.clone();
        for step in steps {
            let (next, slip) = shape.step(&step);
            if slip.is_some() {
                return (next, slip);
            }
            shape = next;
        }
        (shape, None)
    }

    /// Returns the value of a reference, and the first step that no plan has.
    pub(in super::super) fn follow(&self, expr: &Expr, guards: &Guards) -> (Shape, Option<(Slip, usize)>) {
        let count = match &expr.kind {
            ExprKind::Reference { steps, .. } => steps.len(),
            _ => 0,
        };
        self.follow_steps(expr, count, guards)
    }

    /// As [`Env::follow`], for the first `count` steps.
    pub(in super::super) fn follow_steps(
        &self,
        expr: &Expr,
        count: usize,
        guards: &Guards,
    ) -> (Shape, Option<(Slip, usize)>) {
        let (base, steps): (&Expr, &[tree::Step]) = match &expr.kind {
            ExprKind::Reference { base, steps } => (base, &steps[..count.min(steps.len())]),
            _ => (expr, &[]),
        };
        let mut done = 0;
        let mut shape = match &base.kind {
            ExprKind::Name => match self.meaning(base) {
                Meaning::Input(path) => {
                    let mut shape = Shape::Input(self.project().files[self.id.file].input);
                    for key in path {
                        let (next, slip) = shape.step(&Step::Key(key));
                        if let Some(slip) = slip {
                            return (next, Some((slip, 0)));
                        }
                        shape = next;
                    }
                    shape
                }
                Meaning::Data(path) => {
                    let mut full = path.clone();
                    full.extend(steps.iter().map_while(|step| step.key(self.text())).map(str::to_owned));
                    let Some((ids, length)) = self.project().rules_at(&full) else {
                        return (Shape::Any, None);
                    };
                    done = length.saturating_sub(path.len());
                    let is_function = ids.iter().any(|id| self.project().rule(*id).head.arguments.is_some());
                    match self.known_of(&full[..length]).values.get(&full[..length]) {
                        Some(shape) if !is_function => shape.clone(),
                        _ => Shape::Any,
                    }
                }
                Meaning::Declared(_) | Meaning::Open(_) => {
                    let known = self.variable(base).and_then(|variable| self.variables.get(&variable));
                    known.cloned().unwrap_or(Shape::Any)
                }
            },
            _ => self.shape(base, guards),
        };
        for (position, step) in steps.iter().enumerate().skip(done) {
            let (mut next, slip) = shape.step(&self.step(expr, step));
            if let Some(slip) = slip {
                return (next, Some((slip, position)));
            }
            // `by_type[name]`
            if shape.place().is_some_and(Place::is_by_type)
                && let (tree::Step::Index(index), Shape::Place(place)) = (step, &mut next)
                && let Some(types) = self.types_named(index)
            {
                place.types = types;
            }
            shape = next;
        }
        (shape, None)
    }

    pub(super) fn step(&self, reference: &Expr, step: &tree::Step) -> Step {
        if let Some(key) = step.key(self.text()) {
            return Step::Key(key.to_owned());
        }
        // Equal text means an equal value, except that every `_` is a new variable.
        let end = model::step_span(step).end;
        let written = self.text().get(reference.span.start..end).unwrap_or("");
        let wild = written.contains('_') && written.split(['[', ']']).any(|part| part.trim() == "_");
        let name: String = written.chars().filter(|c| !c.is_whitespace()).collect();
        Step::Element(if wild { format!("{name}@{}", reference.span.start) } else { name })
    }
}

/// Returns what is below a place.
pub(super) fn below(place: Shape, keys: &[String]) -> Shape {
    keys.iter().fold(place, |shape, key| shape.step(&Step::Key(key.clone())).0)
}

/// Returns a function's result with the types of one call's arguments.
fn with_arguments(result: Shape, given: &[Shape]) -> Shape {
    match result {
        Shape::Place(place) => {
            let types = match &place.types {
                Types::Argument(position) => {
                    let texts = given.get(*position).and_then(Shape::texts).cloned();
                    texts.map_or(Types::Unknown, Types::OneOf)
                }
                types => types.clone(),
            };
            Shape::Place(Place { types, ..place })
        }
        Shape::Each { element, holds } => {
            Shape::Each { element: Box::new(with_arguments(*element, given)), holds }
        }
        Shape::Fields(fields) => Shape::Fields(
            fields.into_iter().map(|(key, shape)| (key, with_arguments(shape, given))).collect(),
        ),
        shape @ (Shape::Never | Shape::Any | Shape::Input(_) | Shape::Texts(_) | Shape::Position { .. }) => {
            shape
        }
    }
}
