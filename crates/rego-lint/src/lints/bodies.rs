//! Lints of whole rule bodies: separate iterations, deleted resources, absent values.

use std::collections::BTreeMap;

use planguard_rego::plan_shape::{ACTIONS, Node, Side};
use planguard_rego_syntax::tree::{self, Body, Expr, ExprKind, LiteralKind, Operator};
use planguard_rego_syntax::walk;

use super::infer::{Env, Guards};
use super::model::{self, Meaning};
use super::shape::{Attribute, Shape};
use super::{Linter, RuleId};
use crate::Lint;

pub(super) fn lint(linter: &mut Linter<'_, '_>) {
    for id in linter.policy_rules() {
        let rule = linter.project.rule(id);
        let env = linter.inference.env(id);
        for branch in &rule.branches {
            let Some(body) = &branch.body else { continue };
            separate_iterations(linter, &env, body);
            empty_side(linter, &env, body, &rule.head_exprs(branch));
            absence(linter, &env, body);
        }
    }
    planned_values_only(linter);
}

/// Reports `input.resource_changes[_]` in two literals of one body.
fn separate_iterations(linter: &mut Linter<'_, '_>, env: &Env<'_, '_>, body: &Body) {
    let text = env.text();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (number, literal) in body.literals.iter().enumerate() {
        let mut here: Vec<(String, std::ops::Range<usize>)> = Vec::new();
        for expr in literal.exprs() {
            // `rc := xs[_]` names the element, so a second `[_]` is intended.
            if let ExprKind::Operation { operator: Operator::Assign, .. } = expr.kind {
                continue;
            }
            walk::outside_bodies(expr, &mut |inner| {
                let ExprKind::Reference { steps, .. } = &inner.kind else { return };
                let wild = steps
                    .iter()
                    .position(|step| matches!(step, tree::Step::Index(index) if index.text(text) == "_"));
                let Some(position) = wild.filter(|position| position + 1 < steps.len()) else { return };
                let (shape, _) = env.follow_steps(inner, position + 1, &Guards::default());
                if shape.place().is_some_and(|place| place.node.is_resource()) {
                    let end = model::step_span(&steps[position]).end;
                    here.push((text[inner.span.start..end].to_owned(), inner.span.clone()));
                }
            });
        }
        for (prefix, span) in here {
            match seen.get(&prefix) {
                Some(first) if *first != number => {
                    linter.report(
                        Lint::SeparateIterations,
                        env.id.file,
                        span,
                        format!("`{prefix}]` iterates separately from the other condition"),
                        format!(
                            "write `some rc in {}`, and use `rc` in both conditions",
                            prefix.trim_end_matches("[_")
                        ),
                    );
                }
                Some(_) => {}
                None => {
                    seen.insert(prefix, number);
                }
            }
        }
    }
}

/// The actions that a body requires of a resource.
#[derive(Default)]
struct RequiredActions {
    deletes: bool,
    others: bool,
    deletes_alone: bool,
    creates_alone: bool,
}

/// Reports reads of the side of a change that the required actions leave null.
fn empty_side(linter: &mut Linter<'_, '_>, env: &Env<'_, '_>, body: &Body, head: &[&Expr]) {
    let text = env.text();
    let mut demanded: BTreeMap<String, RequiredActions> = BTreeMap::new();
    for literal in &body.literals {
        let LiteralKind::Expression(expr) = &literal.kind else { continue };
        let ExprKind::Operation { operator: Operator::Equal | Operator::Unify | Operator::In, operands } =
            &expr.bare().kind
        else {
            continue;
        };
        let [left, right] = operands.as_slice() else { continue };
        for (one, other) in [(left, right), (right, left)] {
            let Shape::Place(place) = env.shape(one, &Guards::default()) else { continue };
            let is_verb = matches!(place.node, Node::Word(_)) && place.text.contains(".actions[");
            let (true, Some(anchor)) = (is_verb || std::ptr::eq(place.node, &ACTIONS), place.anchor) else {
                continue;
            };
            let demand = demanded.entry(anchor).or_default();
            let mut verbs = Vec::new();
            walk::each_expr(other, &mut |inner| verbs.extend(inner.string().map(str::to_owned)));
            let is_list = std::ptr::eq(place.node, &ACTIONS)
                && matches!(other.kind, ExprKind::Array(_) | ExprKind::Set(_));
            demand.creates_alone |= is_list && verbs == ["create"];
            demand.deletes_alone |= is_list && verbs == ["delete"];
            for verb in verbs {
                if verb == "delete" { demand.deletes = true } else { demand.others = true }
            }
        }
    }
    demanded.retain(|_, demand| demand.creates_alone || demand.deletes && !demand.others);
    if demanded.is_empty() {
        return;
    }
    let mut reported = false;
    let mut look = |linter: &mut Linter<'_, '_>, expr: &Expr| {
        walk::outside_bodies(expr, &mut |inner| {
            if !matches!(inner.kind, ExprKind::Reference { .. }) || reported {
                return;
            }
            let (Shape::Place(place), None) = env.follow(inner, &Guards::default()) else { return };
            let Some(demand) = place.anchor.as_ref().and_then(|anchor| demanded.get(anchor)) else { return };
            if place.attributes.is_empty() {
                return;
            }
            let written = inner.text(text);
            let (lint, message, help) = match place.node {
                Node::Values(Side::After) if !demand.creates_alone => (
                    // A replacement is deleted too, and has both sides.
                    if demand.deletes_alone { Lint::NeverTrue } else { Lint::AfterOfDeleted },
                    format!("`{written}` does not exist for a deleted resource"),
                    format!("use `{}`", written.replacen(".after", ".before", 1)),
                ),
                Node::Values(Side::Before) if demand.creates_alone => (
                    Lint::NeverTrue,
                    format!("`{written}` does not exist for a created resource"),
                    format!("use `{}`", written.replacen(".before", ".after", 1)),
                ),
                _ => return,
            };
            reported = true;
            linter.report(lint, env.id.file, inner.span.clone(), message, help);
        });
    };
    for literal in &body.literals {
        match &literal.kind {
            LiteralKind::Expression(expr) => look(linter, expr),
            LiteralKind::SomeIn { collection, .. } => look(linter, collection),
            LiteralKind::Negation(_) | LiteralKind::Every { .. } | LiteralKind::Declaration(_) => {}
        }
    }
    for expr in head {
        look(linter, expr);
    }
}

fn is_attribute(env: &Env<'_, '_>, expr: &Expr) -> bool {
    let (Shape::Place(place), None) = env.follow(expr, &Guards::default()) else { return false };
    matches!(place.node, Node::Values(Side::After))
        && matches!(place.attributes.last(), Some(Attribute::Key(_)))
}

fn absence(linter: &mut Linter<'_, '_>, env: &Env<'_, '_>, body: &Body) {
    let text = env.text();
    let mut knows_unknown = false;
    walk::each_expr(body, &mut |expr| {
        knows_unknown |= expr.text(text).contains("after_unknown") || expr.text(text).contains("unknown(");
    });
    let mut hits = Vec::new();
    walk::each_literal(body, &mut |literal| match &literal.kind {
        LiteralKind::Negation(expr) => {
            if !knows_unknown && matches!(expr.kind, ExprKind::Reference { .. }) && is_attribute(env, expr) {
                hits.push((
                    Lint::UnknownAsAbsent,
                    expr.span.clone(),
                    format!("`not {}` is true for a value known after apply", expr.text(text)),
                    "also check the same path in `change.after_unknown`",
                ));
            }
        }
        LiteralKind::Expression(expr) => {
            let ExprKind::Operation { operator: Operator::Equal, operands } = &expr.kind else { return };
            let [left, right] = operands.as_slice() else { return };
            for (one, other) in [(left, right), (right, left)] {
                if other.text(text) == "false"
                    && matches!(one.kind, ExprKind::Reference { .. })
                    && is_attribute(env, one)
                {
                    hits.push((
                        Lint::FalseAsAbsent,
                        expr.span.clone(),
                        format!("`{}` is undefined if the attribute is absent", expr.text(text)),
                        "use `not …`, or add a rule for the absent attribute",
                    ));
                }
            }
        }
        LiteralKind::SomeIn { .. } | LiteralKind::Every { .. } | LiteralKind::Declaration(_) => {}
    });
    for (lint, span, message, help) in hits {
        linter.report(lint, env.id.file, span, message, help);
    }
}

/// Reports files that decide by `planned_values` and never read `resource_changes`.
fn planned_values_only(linter: &mut Linter<'_, '_>) {
    let project = linter.project;
    let mut first: BTreeMap<usize, std::ops::Range<usize>> = BTreeMap::new();
    let mut changes = false;
    for id in linter.policy_rules() {
        let text = project.file(id).text;
        walk::each_expr(project.rule(id), &mut |expr| {
            if let Some(section) = section(linter, id, expr, text) {
                match section.as_str() {
                    "planned_values" => {
                        first.entry(id.file).or_insert(expr.span.clone());
                    }
                    "resource_changes" => changes = true,
                    _ => {}
                }
            }
        });
    }
    let deciding =
        |file: usize| project.ids_of(file).any(|id| project.decides(id) && !project.is_test_rule(id));
    if changes {
        return;
    }
    for (file, span) in first {
        // A policy that visits child modules checks the planned state on purpose.
        let text = project.files[file].text;
        let goes_down = text.contains("child_modules") || text.contains("walk(");
        if deciding(file) && !goes_down {
            linter.report(
                Lint::PlannedValuesOnly,
                file,
                span,
                "the policy sees no deleted resources, and only the root module",
                "iterate over `input.resource_changes`, and use `change.before` and `change.after`",
            );
        }
    }
}

/// Returns the section of the plan that an expression reads.
fn section(linter: &Linter<'_, '_>, id: RuleId, expr: &Expr, text: &str) -> Option<String> {
    let (root, steps) = model::parts(expr)?;
    let Meaning::Input(mut path) = linter.project.meaning(id.file, root) else { return None };
    path.extend(steps.iter().map_while(|step| step.key(text)).map(str::to_owned));
    path.into_iter().find(|key| matches!(key.as_str(), "planned_values" | "resource_changes"))
}
