//! Finds the resource types that apply at a place of a rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use planguard_rego_syntax::tree::{self, Body, Expr, ExprKind, LiteralKind, Operator, Rule};
use planguard_rego_syntax::walk;

use super::super::model::parts;
use super::super::shape::{Holds, Place, Shape, Types};
use super::{Argument, Env};

/// The resource types that apply at a place of a rule, by the name of the resource.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Guards {
    types: BTreeMap<String, Types>,
    /// Pairs of types that contradict each other.
    pub contradictions: Vec<(String, String, String)>,
}

/// Expressions of a rule, and the types that apply to them.
pub(super) struct InBody<'r> {
    exprs: Vec<&'r Expr>,
    guards: Arc<Guards>,
}

impl<'p> Env<'p, '_> {
    pub(super) fn collect_calls(&self, calls: &mut BTreeMap<Argument, Shape>) {
        self.each_body(&mut |exprs, guards| {
            for expr in exprs {
                walk::outside_bodies(expr, &mut |inner| {
                    let ExprKind::Call { function, arguments } = &inner.kind else { return };
                    let Some((path, _)) = self.project().function(self.id.file, function) else { return };
                    for (position, argument) in arguments.iter().enumerate() {
                        let at = (path.clone(), position);
                        let known = calls.remove(&at).unwrap_or(Shape::Never);
                        calls.insert(at, known.join(self.settled(argument, guards)));
                    }
                });
            }
        });
    }

    /// Passes every body of the rule to `see`, with the types that apply in it: the expressions of its literals and,
    /// for the rule's own bodies, those of the head. Inner bodies are passed on their own.
    pub(in super::super) fn each_body(&self, see: &mut dyn FnMut(&[&'p Expr], &Guards)) {
        match self.inference.bodies.get(&self.id) {
            Some(bodies) => bodies.iter().for_each(|body| see(&body.exprs, &body.guards)),
            None => self
                .bodies_of(self.project().rule(self.id))
                .iter()
                .for_each(|body| see(&body.exprs, &body.guards)),
        }
    }

    /// The bodies of the rule, which is given for as long as it lives.
    pub(super) fn bodies_of<'r>(&self, rule: &'r Rule) -> Vec<InBody<'r>> {
        let mut bodies = Vec::new();
        for branch in &rule.branches {
            let nothing = Guards::default();
            let guards =
                branch.body.as_ref().map_or_else(Guards::default, |body| self.guards(body, &nothing));
            let guards = Arc::new(guards);
            let head = rule.head_exprs(branch);
            bodies.push(InBody { exprs: head.clone(), guards: Arc::clone(&guards) });
            for expr in head {
                self.bodies_in(expr, &guards, &mut bodies);
            }
            if let Some(body) = &branch.body {
                self.bodies_below(body, &guards, &mut bodies);
            }
        }
        bodies
    }

    fn bodies_below<'r>(&self, body: &'r Body, guards: &Arc<Guards>, bodies: &mut Vec<InBody<'r>>) {
        for literal in &body.literals {
            let exprs = literal.exprs();
            bodies.push(InBody { exprs: exprs.clone(), guards: Arc::clone(guards) });
            for expr in exprs {
                self.bodies_in(expr, guards, bodies);
            }
            if let Some(inner) = literal.body() {
                self.bodies_below(inner, &Arc::new(self.guards(inner, guards)), bodies);
            }
        }
    }

    fn bodies_in<'r>(&self, expr: &'r Expr, guards: &Arc<Guards>, bodies: &mut Vec<InBody<'r>>) {
        if let (ExprKind::Comprehension { head, .. }, Some(body)) = (&expr.kind, expr.body()) {
            let inner = Arc::new(self.guards(body, guards));
            let heads: Vec<&Expr> = head.exprs().iter().collect();
            bodies.push(InBody { exprs: heads.clone(), guards: Arc::clone(&inner) });
            for head in heads {
                self.bodies_in(head, &inner, bodies);
            }
            self.bodies_below(body, &inner, bodies);
            return;
        }
        for child in expr.children() {
            self.bodies_in(child, guards, bodies);
        }
    }

    /// Returns the resource types that apply in a body, including those of the surrounding body.
    pub(in super::super) fn guards(&self, body: &Body, around: &Guards) -> Guards {
        let mut guards = around.clone();
        guards.contradictions.clear();
        for literal in &body.literals {
            match &literal.kind {
                LiteralKind::Expression(expr) if literal.withs.is_empty() => {
                    self.guard(expr.bare(), &mut guards);
                }
                // `some rc.type in …` is not valid syntax, and the variable of `some` has its strings already.
                LiteralKind::Expression(_)
                | LiteralKind::SomeIn { .. }
                | LiteralKind::Every { .. }
                | LiteralKind::Negation(_)
                | LiteralKind::Declaration(_) => {}
            }
        }
        guards
    }

    pub(super) fn guard(&self, expr: &Expr, guards: &mut Guards) {
        match &expr.kind {
            ExprKind::Operation { operator: Operator::Equal | Operator::Unify | Operator::In, operands } => {
                let [left, right] = operands.as_slice() else { return };
                for (one, other) in [(left, right), (right, left)] {
                    let Some(anchor) = self.whose_type(one) else { continue };
                    if let Some(types) = self.types_named(other) {
                        guards.add(&anchor, types);
                    }
                }
            }
            // `types[rc.type]`
            ExprKind::Reference { steps, .. } => {
                if let Some(tree::Step::Index(index)) = steps.last()
                    && let Some(anchor) = self.whose_type(index)
                {
                    let (shape, _) = self.follow_steps(expr, steps.len() - 1, &Guards::default());
                    if let Shape::Each { element, holds: Holds::Members } = &shape
                        && let Shape::Texts(texts) = element.as_ref()
                    {
                        guards.add(&anchor, Types::OneOf(texts.clone()));
                    }
                }
            }
            ExprKind::Call { function, arguments } => {
                let Some((path, _)) = self.project().function(self.id.file, function) else { return };
                for (position, argument) in arguments.iter().enumerate() {
                    let accepted = self.known_of(&path).accepts.get(&(path.clone(), position));
                    let anchor = match self.shape(argument, &Guards::default()) {
                        Shape::Place(place) => place.anchor,
                        _ => None,
                    };
                    if let (Some(types), Some(anchor)) = (accepted, anchor) {
                        guards.add(&anchor, Types::OneOf(types.clone()));
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns the name of the resource whose `type` an expression reads.
    pub(super) fn whose_type(&self, expr: &Expr) -> Option<String> {
        let (_, steps) = parts(expr)?;
        match steps.last() {
            Some(last) if last.key(self.text()) == Some("type") => {
                let (shape, _) = self.follow_steps(expr, steps.len() - 1, &Guards::default());
                shape.place().filter(|place| place.node.is_resource())?.anchor.clone()
            }
            // `type := rc.type; type == "x"`: the variable keeps the name of its resource.
            _ => {
                let place = self.shape(expr, &Guards::default());
                let place = place.place()?;
                place.text.ends_with(".type").then(|| place.anchor.clone()).flatten()
            }
        }
    }

    pub(super) fn types_named(&self, expr: &Expr) -> Option<Types> {
        if let ExprKind::Name = expr.kind
            && let Some(position) = self.argument(expr)
        {
            return Some(Types::Argument(position));
        }
        self.shape(expr, &Guards::default()).texts().cloned().map(Types::OneOf)
    }

    /// Returns the position of the function argument with this name.
    pub(in super::super) fn argument(&self, name: &Expr) -> Option<usize> {
        let meant = self.variable(name)?;
        let arguments = self.project().rule(self.id).head.arguments.as_ref()?;
        arguments.iter().position(|argument| self.variable(argument).as_ref() == Some(&meant))
    }

    /// Returns whether two names are the same variable.
    pub(in super::super) fn is_same_variable(&self, one: &Expr, other: &Expr) -> bool {
        let variable = self.variable(one);
        variable.is_some() && variable == self.variable(other)
    }

    pub(super) fn types_of(&self, expr: &Expr, guards: &Guards) -> Option<BTreeSet<String>> {
        let variable = self.variable(expr)?;
        match guards.types.get(&self.name_of(&variable)) {
            Some(Types::OneOf(types)) => Some(types.clone()),
            Some(Types::Unknown | Types::Argument(_)) | None => None,
        }
    }
}

impl Guards {
    fn add(&mut self, anchor: &str, types: Types) {
        let merged = match (self.types.remove(anchor), types) {
            (Some(Types::OneOf(known)), Types::OneOf(new)) => {
                let both: BTreeSet<String> = known.intersection(&new).cloned().collect();
                if let (true, Some(left), Some(right)) = (both.is_empty(), known.first(), new.first()) {
                    self.contradictions.push((anchor.to_owned(), left.clone(), right.clone()));
                }
                Types::OneOf(both)
            }
            (Some(known @ Types::OneOf(_)), _) => known,
            (_, new) => new,
        };
        self.types.insert(anchor.to_owned(), merged);
    }

    /// Returns the types of the resource that a place belongs to.
    pub(in super::super) fn of(&self, place: &Place) -> Types {
        let said = place.anchor.as_ref().and_then(|anchor| self.types.get(anchor));
        match (&place.types, said) {
            (Types::OneOf(known), Some(Types::OneOf(said))) => {
                Types::OneOf(known.intersection(said).cloned().collect())
            }
            (Types::OneOf(known), _) => Types::OneOf(known.clone()),
            (_, Some(said)) => said.clone(),
            (types, None) => types.clone(),
        }
    }
}
