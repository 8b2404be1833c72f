//! Lints of tests that cannot fail or that pass for the wrong reason.

use planguard_rego_syntax::tree::{Body, ExprKind, LiteralKind, Scalar};

use super::model::{is_other_scalar, is_test_name};
use super::{Linter, RuleId};
use crate::Lint;

pub(super) fn lint(linter: &mut Linter<'_, '_>) {
    let ids: Vec<RuleId> = linter.project.ids().collect();
    for id in ids {
        let file = linter.project.file(id);
        let rule = linter.project.rule(id);
        let name = rule.name(file.text).to_owned();
        if !is_test_name(&name) || rule.head.arguments.is_some() {
            continue;
        }
        let text = file.text;
        let bodies: Vec<&Body> = rule.branches.iter().filter_map(|branch| branch.body.as_ref()).collect();
        let is_constant = bodies.iter().all(|body| {
            body.literals.iter().all(|literal| match &literal.kind {
                LiteralKind::Expression(expr) => expr.scalar() == Some(&Scalar::Bool(true)),
                LiteralKind::Declaration(_) => true,
                LiteralKind::SomeIn { .. } | LiteralKind::Every { .. } | LiteralKind::Negation(_) => false,
            })
        });
        let has_value = rule.head.value.as_ref().is_some_and(|value| !is_other_scalar(value));
        if is_constant && !has_value {
            linter.report(
                Lint::ConstantTest,
                id.file,
                rule.head.span.clone(),
                format!("`{name}` passes whatever the policy does"),
                "add an assertion: `count(deny) == 1 with input as {…}`",
            );
            continue;
        }
        let literals: Vec<_> = bodies.iter().flat_map(|body| &body.literals).collect();
        let is_empty = |value: &planguard_rego_syntax::tree::Expr| matches!(&value.kind, ExprKind::Object(fields) if fields.is_empty());
        let vacuous = literals.len() == 1
            && literals.iter().all(|literal| {
                literal.withs.iter().any(|with| with.target.text(text) == "input" && is_empty(&with.value))
            });
        if vacuous {
            linter.report(
                Lint::VacuousTest,
                id.file,
                rule.head.span.clone(),
                format!("`{name}` uses an empty input"),
                "use a plan that almost violates the policy",
            );
        }
    }
}
