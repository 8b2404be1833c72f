//! Gives the variables of a rule their values.

use std::sync::Arc;

use planguard_rego_syntax::scope::DeclaredBy;
use planguard_rego_syntax::tree::{self, Body, Expr, ExprKind, LiteralKind, OperatorFamily, Rule};
use planguard_rego_syntax::walk;

use super::super::shape::{Holds, Shape};
use super::{Env, Guards, Variable};

impl Env<'_, '_> {
    pub(super) fn bind_all(&mut self, rule: &Rule) {
        for branch in &rule.branches {
            if let Some(body) = &branch.body {
                self.bind_body(body);
            }
            for expr in rule.head_exprs(branch) {
                self.bind_inside(expr);
            }
        }
    }

    pub(super) fn bind_body(&mut self, body: &Body) {
        for literal in &body.literals {
            match &literal.kind {
                LiteralKind::SomeIn { patterns, collection } => self.bind_element(patterns, collection),
                LiteralKind::Every { variables, collection, .. } => self.bind_element(variables, collection),
                LiteralKind::Expression(expr) => self.bind_expr(expr),
                LiteralKind::Negation(_) | LiteralKind::Declaration(_) => {}
            }
            for expr in literal.exprs() {
                self.bind_inside(expr);
            }
            if let Some(inner) = literal.body() {
                self.bind_body(inner);
            }
        }
    }

    pub(super) fn bind_inside(&mut self, expr: &Expr) {
        let mut bodies = Vec::new();
        walk::outermost_bodies(expr, &mut |body| bodies.push(body));
        for body in bodies {
            self.bind_body(body);
        }
        // A reference with a variable in brackets binds that variable.
        let mut lookups = Vec::new();
        walk::each_expr(expr, &mut |inner| {
            if let ExprKind::Reference { steps, .. } = &inner.kind {
                for (position, step) in steps.iter().enumerate() {
                    if let tree::Step::Index(index) = step
                        && let ExprKind::Name = index.kind
                    {
                        lookups.push((inner, position, index));
                    }
                }
            }
        });
        for (reference, position, index) in lookups {
            let Some(variable) = self.variable(index) else { continue };
            let is_open = match &variable {
                Variable::Declared(declared) => {
                    let scopes = &self.project().files[self.id.file].scopes;
                    scopes
                        .declarations
                        .get(*declared)
                        .is_some_and(|declaration| declaration.how == DeclaredBy::Some)
                }
                Variable::Open(_) => true,
            };
            if !is_open {
                continue;
            }
            let collection = self.follow_steps(reference, position, &Guards::default()).0;
            let written = self.written(index);
            let shape = match collection {
                Shape::Each { element, holds: Holds::Members } => *element,
                collection => collection.position(written).unwrap_or(Shape::Any),
            };
            self.bind(variable, shape);
        }
    }

    pub(super) fn bind_expr(&mut self, expr: &Expr) {
        let ExprKind::Operation { operator, operands } = &expr.bare().kind else { return };
        let [left, right] = operands.as_slice() else { return };
        match operator.family() {
            OperatorFamily::Assignment => self.bind_pattern(left, right),
            OperatorFamily::Unification => {
                self.bind_pattern(left, right);
                if self.variable(right).is_some() {
                    self.bind_pattern(right, left);
                }
            }
            OperatorFamily::Equality
            | OperatorFamily::Inequality
            | OperatorFamily::Membership
            | OperatorFamily::Order
            | OperatorFamily::Computation => {}
        }
    }

    pub(super) fn bind_pattern(&mut self, pattern: &Expr, value: &Expr) {
        if let Some(variable) = self.variable(pattern) {
            let shape = self.shape(value, &Guards::default());
            self.bind(variable, shape);
        } else if let ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_) = pattern.kind {
            self.forget(pattern);
        }
    }

    pub(super) fn bind_element(&mut self, patterns: &[Expr], collection: &Expr) {
        let shape = self.shape(collection, &Guards::default());
        match patterns {
            [value] => self.bind_value(value, &shape),
            [key, value] => {
                if let Some(variable) = self.variable(key) {
                    let position = || shape.position(self.written(key)).unwrap_or(Shape::Any);
                    let keys = shape.keys().map_or_else(position, Shape::Texts);
                    self.bind(variable, keys);
                }
                self.bind_value(value, &shape);
            }
            _ => {}
        }
    }

    pub(super) fn bind_value(&mut self, pattern: &Expr, collection: &Shape) {
        if let Some(variable) = self.variable(pattern) {
            let name = self.name_of(&variable);
            let element = collection.element(&name);
            self.bind(variable, element);
        } else {
            self.forget(pattern);
        }
    }

    /// Marks the variables of a pattern as unknown.
    pub(super) fn forget(&mut self, pattern: &Expr) {
        let mut variables = Vec::new();
        walk::each_expr(pattern, &mut |inner| variables.extend(self.variable(inner)));
        for variable in variables {
            self.bind(variable, Shape::Any);
        }
    }

    pub(super) fn bind(&mut self, variable: Variable, shape: Shape) {
        let variables = Arc::make_mut(&mut self.variables);
        let known = variables.remove(&variable).unwrap_or(Shape::Never);
        variables.insert(variable, known.join(shape));
    }
}
