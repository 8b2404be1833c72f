//! Paths into the input: those that no plan has, and attributes that no resource type has.

use std::collections::BTreeSet;

use planguard_rego::convention::PolicyKinds;
use planguard_rego::plan_shape::Meant;
use planguard_rego_syntax::tree::{Expr, ExprKind, Step};

use super::attributes::{self, Misfit};
use super::infer::{Env, Guards, outside_bodies};
use super::model::{self, Meaning};
use super::shape::{Place, Shape, Types};
use super::{Linter, RuleId};
use crate::Lint;

/// Something that was found, before it is known of which file.
struct Slip {
    lint: Lint,
    span: std::ops::Range<usize>,
    message: String,
    help: String,
}

pub(super) fn lint(linter: &mut Linter<'_, '_>) {
    // A policy that gives its helpers another input may name anything there.
    let replaced = linter.policy_rules().iter().any(|id| replaces_input(linter, *id));
    for id in linter.policy_rules() {
        if is_not_for_plans(linter, id) {
            continue;
        }
        let env = linter.inference.env(id);
        let rule = linter.project.rule(id);
        let is_about_data = mentions_data_sources(linter, id);
        let mut slips = Vec::new();
        env.each_body(rule, &mut |exprs, guards| {
            for expr in exprs {
                outside_bodies(expr, &mut |inner| {
                    look(&env, inner, guards, is_about_data, replaced, &mut slips);
                });
            }
        });
        let mut told = BTreeSet::new();
        for slip in slips {
            if told.insert((slip.lint, slip.message.clone())) {
                linter.report(slip.lint, id.file, slip.span, slip.message, slip.help);
            }
        }
    }
}

/// Whether a file is a policy of another kind, which has another input: on Spacelift, push, trigger and approval
/// policies have the same package as plan policies.
fn is_not_for_plans(linter: &Linter<'_, '_>, id: RuleId) -> bool {
    let project = linter.project;
    project.file(id).convention.platform().lint.kinds == PolicyKinds::Several
        && !project.ids().any(|other| other.file == id.file && project.decides(other))
}

fn replaces_input(linter: &Linter<'_, '_>, id: RuleId) -> bool {
    let mut found = false;
    for branch in &linter.project.rule(id).branches {
        let Some(body) = &branch.body else { continue };
        model::each_literal(body, &mut |literal| {
            found |= literal.withs.iter().any(|with| {
                with.target
                    .root()
                    .is_some_and(|root| matches!(linter.project.meaning(id.file, root), Meaning::Input(_)))
            });
        });
    }
    found
}

/// Data sources share names with resource types and have other attributes.
fn mentions_data_sources(linter: &Linter<'_, '_>, id: RuleId) -> bool {
    let text = linter.project.file(id).text;
    let mut found = false;
    model::each_expr_of_rule(linter.project.rule(id), &mut |expr| {
        found |= model::string(text, expr).as_deref() == Some("data");
    });
    found
}

fn look(
    env: &Env<'_, '_>,
    expr: &Expr,
    guards: &Guards,
    is_about_data: bool,
    replaced: bool,
    slips: &mut Vec<Slip>,
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
            // Whoever gives a default may know that a platform lacks the key.
            (shape, slip.filter(|slip| slip.meant != Meant::Unknown), key.span.clone())
        }
        _ => return,
    };
    if let Some(slip) = slip {
        if !replaced {
            let message = format!("no plan has `{}`", slip.path);
            slips.push(Slip { lint: Lint::UnknownInput, span, message, help: slip.help });
        }
        return;
    }
    let Shape::Place(place) = shape else { return };
    if is_about_data || place.attributes.is_empty() {
        return;
    }
    if let Some((lint, message, help)) = misfit(&place, &guards.of(&place)) {
        slips.push(Slip { lint, span, message, help });
    }
}

fn end_of(step: &Step, text: &str) -> usize {
    match step {
        Step::Field(span) => span.end,
        Step::Index(index) => (index.span.end + 1).min(text.len()),
    }
}

/// What is wrong with the attributes of a place, if its types are known.
fn misfit(place: &Place, types: &Types) -> Option<(Lint, String, String)> {
    let Types::OneOf(types) = types else { return None };
    let (resource_type, misfit) = attributes::misfit(types, place)?;
    let provider = planguard_schemas::provider(&resource_type)?;
    let version = &provider.version;
    Some(match misfit {
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
            format!("no configuration of `{resource_type}` can set `{path}`"),
            "the provider sets it: it is absent from `after` when the resource is created".to_owned(),
        ),
        Misfit::Removed { path } => (
            Lint::RemovedAttribute,
            format!("`{resource_type}` has no `{path}` in version {version} of its provider"),
            format!(
                "it was removed after version {}; replace it with what the provider's upgrade guide names",
                provider.older_in_words()
            ),
        ),
        Misfit::List { path, key } => (
            Lint::WrongNesting,
            format!("`{path}` of `{resource_type}` is a list in plans"),
            format!("write `{path}[_].{key}`, or go through it with `some`"),
        ),
        Misfit::Text { path } => (
            Lint::WrongNesting,
            format!("`{path}` of `{resource_type}` is no object and no list"),
            "read a document in a text with `json.unmarshal`".to_owned(),
        ),
    })
}
