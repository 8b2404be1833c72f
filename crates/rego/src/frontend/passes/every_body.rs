//! Makes `every` wait for the variables that its body takes from an output argument.
//!
//! The engine evaluates `every` as soon as its collection has a value, and knows of no variable in its body that a call
//! such as `walk` has yet to find.
//!
//! ```text
//! walk(x, [_, k]); every y in ys { y != k }
//! walk(x, [_, k]); __pg1 := [ys, k]; every y in __pg1[0] { y != k }
//! ```

use planguard_rego_syntax::tree::{Body, Expr, ExprKind, LiteralKind, Scalar, Step};
use planguard_rego_syntax::walk::{each_body, each_expr};

use super::super::edit::{Edits, Written};
use super::super::policy::{PREFIX, Policy, modifiers};
use super::every_variable::names_of_pattern;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    each_body(policy.module, &mut |body| {
        let outputs = outputs(policy, body);
        for literal in &body.literals {
            let LiteralKind::Every { collection, body: inner, .. } = &literal.kind else { continue };
            let awaited = awaited(policy, &outputs, inner);
            if awaited.is_empty() || is_written(policy, collection) {
                continue;
            }
            let name = policy.fresh_name();
            let mut statement = Written::from(format!("{name} := [").as_str());
            statement.push_moved(&edits.take(&collection.span), &collection.span);
            for variable in awaited {
                statement.push(&format!(", {variable}"));
            }
            statement.push("]");
            statement.push(&modifiers(&edits, literal));
            edits.replace(collection.span.clone(), format!("{name}[0]").as_str());
            edits.before(body, literal, &[statement]);
        }
    });
    edits
}

/// The variables in the last arguments of the calls that are literals of a body.
fn outputs<'e>(policy: &Policy<'_>, body: &'e Body) -> Vec<&'e Expr> {
    let mut outputs = Vec::new();
    for literal in &body.literals {
        if let LiteralKind::Expression(expr) = &literal.kind
            && let ExprKind::Call { arguments, .. } = &expr.kind
            && let Some(last) = arguments.last()
        {
            names_of_pattern(last, &mut outputs);
        }
    }
    outputs.retain(|name| policy.text_of(name) != "_" && policy.is_open(policy.scopes(), name));
    outputs
}

/// The names of those that the body of an `every` uses.
fn awaited<'p>(policy: &Policy<'p>, outputs: &[&Expr], inner: &Body) -> Vec<&'p str> {
    let mut awaited = Vec::new();
    each_expr(inner, &mut |part| {
        let is_same = |output: &&Expr| {
            policy.text_of(output) == policy.text_of(part)
                && policy.scopes().index(output) == policy.scopes().index(part)
        };
        if matches!(part.kind, ExprKind::Name)
            && outputs.iter().any(is_same)
            && !awaited.contains(&policy.text_of(part))
        {
            awaited.push(policy.text_of(part));
        }
    });
    awaited
}

/// Whether this pass wrote a collection.
fn is_written(policy: &Policy<'_>, collection: &Expr) -> bool {
    let ExprKind::Reference { base, steps } = &collection.kind else { return false };
    let [Step::Index(index)] = steps.as_slice() else { return false };
    matches!(&index.kind, ExprKind::Scalar(Scalar::Number(number)) if &**number == "0")
        && policy.text_of(base).starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn every_waits_for_what_a_call_finds() {
        assert_pass(
            edits,
            "r if { walk(x, [_, k]); every y in ys.a { y != k } with input as 1 }",
            "r if { walk(x, [_, k]); __pg1 := [ys.a, k] with input as 1; every y in __pg1[0] { y != k } with input as 1 }",
        );
        assert_pass(
            edits,
            "r if { some p, k; walk(x, [p, k]); every y in ys { every z in y { [k, p, k] } } }",
            "r if { some p, k; walk(x, [p, k]); __pg1 := [ys, k, p]; every y in __pg1[0] { every z in y { [k, p, k] } } }",
        );
    }

    #[test]
    fn others_are_unchanged() {
        for rule in [
            "r if { walk(x, [_, k]); every k in ys { k } }",
            "r if { walk(x, [_, _]); every y in ys { y[_] } }",
            "r if { f(x, type_name(1)); every y in ys { type_name(y) } }",
            "r if { k := 1; f(x, k); every y in ys { y == k } }",
            "r if { walk(x, [_, k]); __pg1 := [ys, k]; every y in __pg1[0] { y != k } }",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
