//! Lints of conditions that overlook what is there although nothing was set: null, `[]`, and sets without members.

use std::collections::BTreeSet;
use std::ops::Range;

use planguard_rego::plan_shape::{Node, Side};
use planguard_rego_syntax::tree::{Body, Expr, ExprKind, Literal, LiteralKind, Operator, Scalar, Step};
use planguard_rego_syntax::walk::{each_expr, outermost_bodies, outside_bodies};

use super::attributes::{self, Unset};
use super::infer::{Env, Guards, member_of};
use super::shape::{Attribute, Place, Shape, Types};
use super::{Hit, Linter};
use crate::Lint;

pub(super) fn lint(linter: &mut Linter<'_, '_>) {
    let project = linter.project;
    let looked_at: Vec<BTreeSet<String>> =
        (0..project.files.len()).map(|file| compared_with_nothing(linter, file)).collect();
    for id in project.ids() {
        let rule = project.rule(id);
        let env = linter.inference.env(id);
        let mut hits = Vec::new();
        let mut look = Look { env: &env, compared: &looked_at[id.file], hits: &mut hits };
        for body in rule.branches.iter().filter_map(|branch| branch.body.as_ref()) {
            look.body(body, &Guards::default());
        }
        for expr in rule.branches.iter().flat_map(|branch| rule.head_exprs(branch)) {
            outermost_bodies(expr, &mut |body| look.body(body, &Guards::default()));
        }
        for hit in hits {
            linter.report_hit(hit);
        }
    }
}

/// The names of the attributes that a file compares with null or `[]`, or counts: it knows that they may be unset.
fn compared_with_nothing(linter: &Linter<'_, '_>, file: usize) -> BTreeSet<String> {
    let project = linter.project;
    let text = project.files[file].text;
    let mut names = BTreeSet::new();
    let mut last_key = |expr: &Expr| {
        if let ExprKind::Reference { steps, .. } = &expr.bare().kind {
            names.extend(steps.last().and_then(|step| step.key(text)).map(str::to_owned));
        }
    };
    let is_nothing = |expr: &Expr| match &expr.kind {
        ExprKind::Array(items) => items.is_empty(),
        _ => expr.scalar() == Some(&Scalar::Null),
    };
    for id in project.ids_of(file) {
        each_expr(project.rule(id), &mut |expr| match &expr.kind {
            ExprKind::Operation { operands, .. } if operands.iter().any(is_nothing) => {
                operands.iter().for_each(&mut last_key);
            }
            ExprKind::Call { function, arguments }
                if matches!(function.text(text), "count" | "is_null" | "is_array" | "is_object") =>
            {
                arguments.iter().for_each(&mut last_key);
            }
            _ => {}
        });
    }
    names
}

/// A look at the bodies of one rule.
struct Look<'l, 'p, 's> {
    env: &'l Env<'p, 's>,
    /// See [`compared_with_nothing`].
    compared: &'l BTreeSet<String>,
    hits: &'l mut Vec<Hit>,
}

impl Look<'_, '_, '_> {
    fn body(&mut self, body: &Body, around: &Guards) {
        let guards = self.env.guards(body, around);
        for (number, literal) in body.literals.iter().enumerate() {
            self.condition(literal, &guards);
            let others = body.literals.iter().enumerate().filter(|(other, _)| *other != number);
            self.literals_in(literal, &others.map(|(_, other)| other).collect::<Vec<_>>(), &guards);
            for expr in literal.exprs() {
                outermost_bodies(expr, &mut |inner| self.body(inner, &guards));
            }
            if let Some(inner) = literal.body() {
                self.body(inner, &guards);
            }
        }
    }

    fn hit(&mut self, lint: Lint, span: &Range<usize>, message: String, help: String) {
        self.hits.push(Hit { file: self.env.id.file, lint, span: span.clone(), message, help });
    }

    /// Looks at `x`, `not x` and `x == false`.
    fn condition(&mut self, literal: &Literal, guards: &Guards) {
        let text = self.env.text();
        match &literal.kind {
            LiteralKind::Negation(expr) if self.is_set(expr) => {
                let written = expr.bare().text(text);
                let message = format!("`not {written}` is never true: a set is defined even if it is empty");
                self.hit(Lint::SetAsCondition, &expr.span, message, format!("write `count({written}) == 0`"));
            }
            LiteralKind::Expression(expr) if self.is_set(expr) => {
                let written = expr.bare().text(text);
                let message = format!("`{written}` is always true: a set is defined even if it is empty");
                self.hit(Lint::SetAsCondition, &expr.span, message, format!("write `count({written}) > 0`"));
            }
            LiteralKind::Negation(expr) => self.negation(expr.bare(), guards),
            LiteralKind::Expression(expr) => {
                let ExprKind::Operation { operator: Operator::Equal | Operator::Unify, operands } =
                    &expr.bare().kind
                else {
                    return;
                };
                let [left, right] = operands.as_slice() else { return };
                for (one, other) in [(left, right), (right, left)] {
                    if other.scalar() == Some(&Scalar::Bool(false))
                        && let Some((_, Unset::NullBoolean)) = self.unset(one, guards)
                    {
                        let written = one.text(text);
                        self.hit(
                            Lint::NullAsFalse,
                            &expr.span,
                            format!(
                                "`{}` misses resources that do not set it: the plan has null there",
                                expr.text(text)
                            ),
                            format!("write `{written} != true`, or test for null as well"),
                        );
                    }
                }
            }
            LiteralKind::SomeIn { .. } | LiteralKind::Every { .. } | LiteralKind::Declaration(_) => {}
        }
    }

    /// Looks at the `x` of `not x`.
    fn negation(&mut self, expr: &Expr, guards: &Guards) {
        let Some((_, unset)) = self.unset(expr, guards) else { return };
        let written = expr.text(self.env.text());
        let (lint, message, help) = match unset {
            Unset::Null => (
                Lint::NullAsAbsent,
                format!("`not {written}` misses resources that do not set it: the plan has null there"),
                format!("write `{written} == null`"),
            ),
            Unset::NoBlocks => (
                Lint::NullAsAbsent,
                format!("`not {written}` misses resources without the block: the plan has `[]` there"),
                format!("write `count({written}) == 0`"),
            ),
            Unset::NullBoolean => (
                Lint::NullAsFalse,
                format!("`not {written}` misses resources that do not set it: the plan has null there"),
                format!("write `{written} != true`"),
            ),
        };
        self.hit(lint, &expr.span, message, help);
    }

    /// What a plan writes for the attribute that an expression reads, if the configuration does not set it and the
    /// policy does not look for that.
    fn unset(&self, expr: &Expr, guards: &Guards) -> Option<(Place, Unset)> {
        let (ExprKind::Name | ExprKind::Reference { .. }) = expr.kind else { return None };
        let (Shape::Place(place), None) = self.env.follow(expr, guards) else { return None };
        self.unset_at(place, guards)
    }

    fn unset_at(&self, place: Place, guards: &Guards) -> Option<(Place, Unset)> {
        let Node::Values(Side::Before | Side::After) = place.node else { return None };
        let Some(Attribute::Key(name)) = place.attributes.last() else { return None };
        if self.compared.contains(name) {
            return None;
        }
        let Types::OneOf(types) = guards.of(&place) else { return None };
        let unset = attributes::unset(&types, &place)?;
        Some((place, unset))
    }

    /// Returns whether an expression is the set that rules build, as a whole.
    fn is_set(&self, expr: &Expr) -> bool {
        let expr = expr.bare();
        let project = self.env.project();
        let Some(path) = project.data_path(self.env.id.file, expr) else { return false };
        let text = self.env.text();
        if let ExprKind::Reference { steps, .. } = &expr.kind
            && steps.iter().any(|step| step.key(text).is_none())
        {
            return false;
        }
        let Some((ids, length)) = project.rules_at(&path) else { return false };
        let builds_set = |id| {
            let rule = project.rule(id);
            member_of(rule).is_some()
        };
        length == path.len() && ids.iter().all(|id| builds_set(*id))
    }

    /// Looks at the sets, arrays and objects that are written out in a condition.
    fn literals_in(&mut self, literal: &Literal, others: &[&Literal], guards: &Guards) {
        let text = self.env.text();
        let mut found = Vec::new();
        for expr in literal.own_exprs() {
            outside_bodies(expr, &mut |inner| {
                let members: Vec<&Expr> = match &inner.kind {
                    ExprKind::Array(items) | ExprKind::Set(items) => items.iter().collect(),
                    ExprKind::Object(fields) => fields.iter().map(|(_, value)| value).collect(),
                    _ => return,
                };
                for member in members {
                    if let Some(block) = self.block_of(member, guards) {
                        found.push((inner, member, block));
                    }
                }
            });
        }
        for (inner, member, block) in found {
            // A condition that reads the block fails without it, and the literal is never reached.
            let is_read_before = others.iter().any(|other| {
                !matches!(other.kind, LiteralKind::Negation(_))
                    && other.own_exprs().iter().any(|expr| self.reads(expr, &block, guards))
            });
            if is_read_before {
                continue;
            }
            let (written, member) = (inner.text(text), member.text(text));
            let help = match inner.kind {
                ExprKind::Array(_) => format!("write a comprehension: `[x | x := {member}]`"),
                ExprKind::Set(_) => format!("write a comprehension: `{{x | x := {member}}}`"),
                _ => format!("write a comprehension over `{member}`"),
            };
            self.hit(
                Lint::AbsentInLiteral,
                &inner.span,
                format!("`{written}` is undefined without `{}`", block.text),
                help,
            );
        }
    }

    /// The block through whose elements a reference leads, if there may be none.
    fn block_of(&self, expr: &Expr, guards: &Guards) -> Option<Place> {
        let ExprKind::Reference { steps, .. } = &expr.bare().kind else { return None };
        steps.iter().enumerate().find_map(|(position, step)| {
            let Step::Index(index) = step else { return None };
            let text = self.env.text();
            // A variable may be bound to an element elsewhere.
            let is_any = index.text(text) == "_" || matches!(index.scalar(), Some(Scalar::Number(_)));
            let (Shape::Place(place), None) = self.env.follow_steps(expr.bare(), position, guards) else {
                return None;
            };
            match self.unset_at(place, guards) {
                Some((place, Unset::NoBlocks)) if is_any => Some(place),
                _ => None,
            }
        })
    }

    /// Returns whether an expression reads something within a block, outside of literals and comprehensions.
    fn reads(&self, expr: &Expr, block: &Place, guards: &Guards) -> bool {
        let mut reads = false;
        outside_bodies(expr, &mut |inner| {
            if let ExprKind::Reference { steps, .. } = &inner.kind {
                reads |= (0..=steps.len()).any(|count| {
                    let (shape, _) = self.env.follow_steps(inner, count, guards);
                    shape.place().is_some_and(|place| {
                        place.attributes == block.attributes
                            && place.anchor == block.anchor
                            && count < steps.len()
                    })
                });
            }
        });
        reads
    }
}
