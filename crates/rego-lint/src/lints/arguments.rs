//! Finds what functions take as resource types, wildcards of types and paths of attributes, and holds what calls give
//! them against the provider schemas.
//!
//! A function takes a resource type if it compares an argument with the `type` of a resource, or gives it to such a
//! function. The METADATA of planguard's library says what its functions take besides.

use std::collections::BTreeSet;

use planguard_rego::bundle::{LibraryArgument, Taken};
use planguard_rego_syntax::tree::{Expr, ExprKind, LiteralKind, OperatorFamily, Step as Written};
use planguard_rego_syntax::walk;

use super::infer::{Env, Guards};
use super::input::{Lookup, mentions_data_sources, misfit};
use super::model::Origin;
use super::shape::{Place, Shape, Step};
use super::types::{resource_type, strings, type_wildcards};
use super::{Hit, Linter};

pub(super) fn lint(linter: &mut Linter<'_, '_>) {
    for id in linter.policy_rules() {
        if linter.project.file(id).origin != Origin::Author {
            continue;
        }
        let env = linter.inference.env(id);
        let about_data = mentions_data_sources(linter, id);
        let mut hits = Vec::new();
        env.each_body(&mut |exprs, guards| {
            for expr in exprs {
                walk::outside_bodies(expr, &mut |inner| {
                    call(linter, &env, inner, guards, about_data, &mut hits)
                });
            }
        });
        for hit in hits {
            linter.report_hit(hit);
        }
    }
}

/// Checks the arguments of a call.
fn call(
    linter: &Linter<'_, '_>,
    env: &Env<'_, '_>,
    expr: &Expr,
    guards: &Guards,
    about_data: bool,
    hits: &mut Vec<Hit>,
) {
    let ExprKind::Call { function, arguments } = &expr.kind else { return };
    let Some((path, ids)) = linter.project.function(env.id.file, function) else { return };
    let about_data = about_data || ids.iter().any(|id| mentions_data_sources(linter, *id));
    for (position, argument) in arguments.iter().enumerate() {
        if env.takes_type(&path, position) {
            for (name, written) in strings(env, argument, guards) {
                resource_type(env, &name, written, about_data, hits);
            }
        }
    }
    for taken in linter.inference.signature(&path).into_iter().flat_map(|signature| &signature.takes) {
        let Some(argument) = arguments.get(taken.position) else { continue };
        let other = |position: usize| arguments.get(position).map(|other| env.shape(other, guards));
        match taken.taken {
            Taken::TypeWildcards => wildcards(env, argument, taken, guards, about_data, hits),
            Taken::WildcardsOf(position) => {
                let text = other(position);
                if text.as_ref().and_then(Shape::place).is_some_and(Place::is_resource_type) {
                    wildcards(env, argument, taken, guards, about_data, hits);
                }
            }
            Taken::AttributeOf(position) => {
                if let Some(Shape::Place(place)) = other(position)
                    && !about_data
                {
                    attribute(env, &place, argument, guards, hits);
                }
            }
        }
    }
}

fn wildcards(
    env: &Env<'_, '_>,
    argument: &Expr,
    taken: &LibraryArgument,
    guards: &Guards,
    about_data: bool,
    hits: &mut Vec<Hit>,
) {
    let found = match (&taken.key, &argument.bare().kind) {
        (None, _) => strings(env, argument, guards),
        (Some(wanted), ExprKind::Object(fields)) => {
            let of_key = |key: &Expr| key.string() == Some(wanted.as_str());
            let values = fields.iter().filter(|(key, _)| of_key(key)).map(|(_, value)| value);
            values.flat_map(|value| strings(env, value, guards)).collect()
        }
        (Some(wanted), _) => {
            let shape = env.shape(argument, guards).step(&Step::Key(wanted.clone())).0;
            shape.texts().into_iter().flatten().map(|pattern| (pattern.clone(), None)).collect()
        }
    };
    for (pattern, written) in found {
        type_wildcards(env, &pattern, written, about_data, hits);
    }
}

/// Checks the name of an attribute, or the path to one, of a resource.
fn attribute(env: &Env<'_, '_>, resource: &Place, argument: &Expr, guards: &Guards, hits: &mut Vec<Hit>) {
    let argument = argument.bare();
    let step = |part: &Expr| match part.string() {
        Some(key) => Step::Key(key.to_owned()),
        None => Step::Element(part.text(env.text()).to_owned()),
    };
    let path: Vec<Step> = match &argument.kind {
        ExprKind::Array(items) | ExprKind::Set(items) => items.iter().map(step).collect(),
        ExprKind::Scalar(_) | ExprKind::Template(_) => vec![step(argument)],
        _ => return,
    };
    // The function may look for what the provider computes, which is in `before`.
    let attributes = ["change", "before"].map(|key| Step::Key(key.to_owned()));
    let mut shape = Shape::Place(resource.clone());
    for step in attributes.iter().chain(&path) {
        let (next, slip) = shape.step(step);
        if slip.is_some() {
            return;
        }
        shape = next;
    }
    if let Shape::Place(place) = shape
        && !place.attributes.is_empty()
        && let Some((lint, message, help)) = misfit(&place, &guards.of(&place), Lookup::Plain)
    {
        hits.push(Hit { file: env.id.file, lint, span: argument.span.clone(), message, help });
    }
}

/// Returns the positions of the arguments that the rule, a function, takes as resource types.
pub(super) fn types_taken(env: &Env<'_, '_>) -> BTreeSet<usize> {
    let mut taken = BTreeSet::new();
    env.each_body(&mut |exprs, guards| {
        for expr in exprs {
            walk::outside_bodies(expr, &mut |inner| {
                for named in types_named(env, inner, guards) {
                    taken.extend(argument_of(env, named));
                }
            });
        }
    });
    taken
}

/// Returns the parts of an expression that name resource types, or contain them.
fn types_named<'e>(env: &Env<'_, '_>, expr: &'e Expr, guards: &Guards) -> Vec<&'e Expr> {
    let is_type = |expr: &Expr| env.shape(expr, guards).place().is_some_and(Place::is_resource_type);
    match &expr.kind {
        ExprKind::Operation { operator: kind, operands } => {
            let [left, right] = operands.as_slice() else { return Vec::new() };
            let compares = match kind.family() {
                OperatorFamily::Equality
                | OperatorFamily::Inequality
                | OperatorFamily::Unification
                | OperatorFamily::Membership => true,
                OperatorFamily::Assignment | OperatorFamily::Order | OperatorFamily::Computation => false,
            };
            let sides = [(left, right), (right, left)].into_iter();
            sides.filter(|(one, _)| compares && is_type(one)).map(|(_, other)| other).collect()
        }
        ExprKind::Reference { base, steps } => {
            let mut found = Vec::new();
            for (position, step) in steps.iter().enumerate() {
                let Written::Index(index) = step else { continue };
                let (before, _) = env.follow_steps(expr, position, guards);
                if before.place().is_some_and(Place::is_by_type) {
                    found.push(index);
                }
                if position == 0 && is_type(index) {
                    found.push(base.as_ref());
                }
            }
            found
        }
        ExprKind::Call { function, arguments } => {
            if let ("object.get", [object, key, _]) = (function.text(env.text()), arguments.as_slice()) {
                let by_type = env.shape(object, guards).place().is_some_and(Place::is_by_type);
                return if by_type { vec![key] } else { Vec::new() };
            }
            let Some((path, _)) = env.project().function(env.id.file, function) else { return Vec::new() };
            let given = arguments.iter().enumerate();
            given
                .filter(|(position, _)| env.takes_type(&path, *position))
                .map(|(_, argument)| argument)
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the position of the argument that an expression is, or is an element of.
fn argument_of(env: &Env<'_, '_>, expr: &Expr) -> Option<usize> {
    match &expr.bare().kind {
        ExprKind::Name => env.argument(expr.bare()).or_else(|| iterated(env, expr.bare())),
        ExprKind::Reference { base, steps } => match steps.as_slice() {
            [step] if step.key(env.text()).is_none() => env.argument(base),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the position of the argument whose elements a variable is bound to by `some` or `every`.
fn iterated(env: &Env<'_, '_>, variable: &Expr) -> Option<usize> {
    let mut found = None;
    for body in env.project().rule(env.id).branches.iter().filter_map(|branch| branch.body.as_ref()) {
        walk::each_literal(body, &mut |literal| {
            let (LiteralKind::SomeIn { patterns: bound, collection }
            | LiteralKind::Every { variables: bound, collection, .. }) = &literal.kind
            else {
                return;
            };
            if bound.last().is_some_and(|bound| env.is_same_variable(bound, variable)) {
                found = found.or_else(|| env.argument(collection));
            }
        });
    }
    found
}
