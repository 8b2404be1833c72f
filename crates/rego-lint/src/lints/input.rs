//! Lints of paths into the input: paths that no plan has, and attributes that no resource type has.

use std::collections::BTreeSet;

use planguard_rego::convention::PolicyKinds;
use planguard_rego::plan_shape::Meant;
use planguard_rego_syntax::tree::{Expr, ExprKind, Step};
use planguard_rego_syntax::walk;

use super::attributes::{self, Misfit};
use super::infer::{Env, Guards};
use super::model::Meaning;
use super::shape::{Place, Shape, Types};
use super::{Hit, Linter, RuleId};
use crate::Lint;

pub(super) fn lint(linter: &mut Linter<'_, '_>) {
    // A policy that replaces `input` for its helpers may use any path there.
    let replaced = linter.policy_rules().iter().any(|id| replaces_input(linter, *id));
    for id in linter.policy_rules() {
        if is_not_for_plans(linter, id) {
            continue;
        }
        let env = linter.inference.env(id);
        let is_about_data = mentions_data_sources(linter, id);
        let mut hits = Vec::new();
        env.each_body(&mut |exprs, guards| {
            for expr in exprs {
                walk::outside_bodies(expr, &mut |inner| {
                    look(&env, inner, guards, is_about_data, replaced, &mut hits);
                });
            }
        });
        let mut reported = BTreeSet::new();
        for hit in hits {
            if reported.insert((hit.lint, hit.message.clone())) {
                linter.report_hit(hit);
            }
        }
    }
}

/// Returns whether a file is a policy of another kind, with another input: Spacelift's push, trigger and approval
/// policies share the package of plan policies.
fn is_not_for_plans(linter: &Linter<'_, '_>, id: RuleId) -> bool {
    let project = linter.project;
    project.file(id).convention.platform().lint.kinds == PolicyKinds::Several
        && !project.ids_of(id.file).any(|other| project.decides(other))
}

fn replaces_input(linter: &Linter<'_, '_>, id: RuleId) -> bool {
    let mut found = false;
    for branch in &linter.project.rule(id).branches {
        let Some(body) = &branch.body else { continue };
        walk::each_literal(body, &mut |literal| {
            found |= literal.withs.iter().any(|with| {
                with.target
                    .root()
                    .is_some_and(|root| matches!(linter.project.meaning(id.file, root), Meaning::Input(_)))
            });
        });
    }
    found
}

/// A data source may have the name of a resource type, and has other attributes.
pub(super) fn mentions_data_sources(linter: &Linter<'_, '_>, id: RuleId) -> bool {
    let mut found = false;
    walk::each_expr(linter.project.rule(id), &mut |expr| {
        found |= expr.string() == Some("data");
    });
    found
}

fn look(
    env: &Env<'_, '_>,
    expr: &Expr,
    guards: &Guards,
    is_about_data: bool,
    replaced: bool,
    hits: &mut Vec<Hit>,
) {
    let (shape, slip, span) = match &expr.kind {
        ExprKind::Name | ExprKind::Reference { .. } => {
            let (shape, slip) = env.follow(expr, guards);
            let end = match (&expr.kind, &slip) {
                (ExprKind::Reference { steps, .. }, Some((_, position))) => {
                    steps.get(*position).map_or(expr.span.end, |step| end_of(step, env.text()))
                }
                _ => expr.span.end,
            };
            (shape, slip.map(|(slip, _)| slip), expr.span.start..end)
        }
        ExprKind::Call { function, arguments } if function.text(env.text()) == "object.get" => {
            let [object, key, _] = arguments.as_slice() else { return };
            let (shape, slip) = env.looked_up(&env.shape(object, guards), key);
            // With a default, the key may be missing on some platforms on purpose.
            (shape, slip.filter(|slip| slip.meant != Meant::Unknown), key.span.clone())
        }
        _ => return,
    };
    if let Some(slip) = slip {
        if !replaced {
            let message = format!("no plan contains `{}`", slip.path);
            hits.push(Hit { file: env.id.file, lint: Lint::UnknownInput, span, message, help: slip.help });
        }
        return;
    }
    let lookup = match expr.kind {
        ExprKind::Call { .. } => Lookup::WithDefault,
        _ => Lookup::Plain,
    };
    let Shape::Place(place) = shape else { return };
    if is_about_data || place.attributes.is_empty() {
        return;
    }
    if let Some((lint, message, help)) = misfit(&place, &guards.of(&place), lookup) {
        hits.push(Hit { file: env.id.file, lint, span, message, help });
    }
}

fn end_of(step: &Step, text: &str) -> usize {
    match step {
        Step::Field(span) => span.end,
        Step::Index(index) => (index.span.end + 1).min(text.len()),
    }
}

/// How an attribute is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookup {
    /// By its path: without it, the expression is undefined.
    Plain,
    /// By `object.get` with a default.
    WithDefault,
}

/// Returns the lint, message and help for an invalid attribute, if the resource types are known.
pub(super) fn misfit(place: &Place, types: &Types, lookup: Lookup) -> Option<(Lint, String, String)> {
    let Types::OneOf(types) = types else { return None };
    let (resource_type, misfit) = attributes::misfit(types, place)?;
    let provider = planguard_schemas::provider(&resource_type)?;
    let version = &provider.version;
    Some(match misfit {
        // With a default, the attribute may be one of another release.
        Misfit::Unknown { near: None, .. } if lookup == Lookup::WithDefault => return None,
        Misfit::Unknown { path, near: None } if !provider.has_older_major() => (
            Lint::RemovedAttribute,
            format!("`{resource_type}` has no `{path}` in provider version {version}"),
            "fix the name, unless it is an attribute of an older major version of the provider".to_owned(),
        ),
        Misfit::Unknown { path, near } => (
            Lint::UnknownAttribute,
            format!("`{resource_type}` has no attribute `{path}`"),
            match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("replace it with an attribute of version {version} of the provider"),
            },
        ),
        Misfit::Computed { path } => (
            Lint::ComputedAttribute,
            format!("no configuration can set `{path}` of `{resource_type}`"),
            "do not read it: the provider sets it, so it is missing from `after` when the resource is created"
                .to_owned(),
        ),
        Misfit::Removed { path } => (
            Lint::RemovedAttribute,
            format!("`{resource_type}` has no `{path}` in provider version {version}"),
            format!(
                "it was removed after version {}; use its replacement in the provider's upgrade guide",
                provider.older_in_words()
            ),
        ),
        Misfit::List { path, key } => (
            Lint::WrongNesting,
            format!("`{path}` of `{resource_type}` is a list in a plan"),
            format!("write `{path}[_].{key}`, or iterate over it with `some`"),
        ),
        Misfit::Text { path } => (
            Lint::WrongNesting,
            format!("`{path}` of `{resource_type}` is neither an object nor a list"),
            "if it is a JSON string, parse it with `json.unmarshal`".to_owned(),
        ),
    })
}
