//! Moves a negation or an `every` behind the statements that bind its variables.
//!
//! OPA orders a body so that these come when their variables have values. The engine evaluates them where they stand:
//! in a negation it takes a variable without a value for a search, and in `every` it fails.
//!
//! ```text
//! not allowed[t]; t = input.resource_changes[_].type
//! true; t = input.resource_changes[_].type; not allowed[t]
//! ```

use std::collections::HashSet;

use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Expr, ExprKind, Literal, LiteralKind, Operator};
use planguard_rego_syntax::walk::{each_body, each_expr};

use super::super::bound;
use super::super::edit::{Edits, Written};
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let scopes = Scopes::of(policy.module, policy.text);
    each_body(policy.module, &mut |body| {
        let mut statements = Vec::new();
        for (index, literal) in body.literals.iter().enumerate() {
            match literal.kind {
                LiteralKind::Negation(_) | LiteralKind::Every { .. } => {}
                LiteralKind::Declaration(_) | LiteralKind::SomeIn { .. } | LiteralKind::Expression(_) => {
                    continue;
                }
            }
            let (before, after) = (&body.literals[..index], &body.literals[index + 1..]);
            let (earlier, later) = (bound::names_in(policy, before), bound::names_in(policy, after));
            // A name that a later statement declares means something else before it, or nothing.
            let declared = declared(policy, after);
            let is_late = |name: &Expr| {
                let text = policy.text_of(name);
                let is_bound_later =
                    later.contains(text) && !earlier.contains(text) && !declared.contains(text);
                text != "_" && is_bound_later && policy.is_open(&scopes, name)
            };
            let waits = match &literal.kind {
                LiteralKind::Negation(negated) => uses(negated, &is_late),
                _ => {
                    let mut found = false;
                    each_expr(literal, &mut |part| {
                        found |= matches!(part.kind, ExprKind::Name) && is_late(part);
                    });
                    found
                }
            };
            if waits {
                let mut statement = Written::default();
                statement.push_moved(&edits.take(&literal.span), &literal.span);
                edits.replace(literal.span.clone(), "true");
                statements.push(statement);
            }
        }
        edits.after(body, &statements);
    });
    edits
}

/// The names that literals declare by `some … in` and `:=`.
fn declared<'p>(policy: &Policy<'p>, literals: &[Literal]) -> HashSet<&'p str> {
    let mut patterns: Vec<&Expr> = Vec::new();
    for literal in literals {
        match &literal.kind {
            LiteralKind::SomeIn { patterns: written, .. } => patterns.extend(written),
            LiteralKind::Expression(expr) => {
                if let ExprKind::Operation { operator: Operator::Assign, operands } = &expr.kind {
                    patterns.extend(operands.first());
                }
            }
            LiteralKind::Declaration(_) | LiteralKind::Every { .. } | LiteralKind::Negation(_) => {}
        }
    }
    let mut names = HashSet::new();
    while let Some(pattern) = patterns.pop() {
        if let ExprKind::Name = pattern.kind {
            names.insert(policy.text_of(pattern));
        }
        patterns.extend(pattern.children());
    }
    names
}

/// Whether an expression contains a name that `is_late`. What a comprehension searches is its own affair.
fn uses(expr: &Expr, is_late: &dyn Fn(&Expr) -> bool) -> bool {
    match &expr.kind {
        ExprKind::Name => is_late(expr),
        ExprKind::Scalar(_) | ExprKind::Template(_) | ExprKind::Comprehension { .. } => false,
        // The function's name is no variable.
        ExprKind::Call { arguments, .. } => arguments.iter().any(|argument| uses(argument, is_late)),
        ExprKind::Parenthesised(_)
        | ExprKind::Reference { .. }
        | ExprKind::Operation { .. }
        | ExprKind::Array(_)
        | ExprKind::Set(_)
        | ExprKind::Object(_) => expr.children().into_iter().any(|child| uses(child, is_late)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn a_negation_waits_for_its_variables() {
        assert_pass(
            edits,
            "r if { not allowed[t]; t = input.xs[_].type; u := t }",
            "r if { true; t = input.xs[_].type; u := t; not allowed[t] }",
        );
        assert_pass(
            edits,
            "r if {\n\tnot f(t.a) with input as {}\n\txs[t]\n}",
            "r if {\n\ttrue\n\txs[t]; not f(t.a) with input as {}\n}",
        );
        assert_pass(
            edits,
            "r := [x | not x == 1; not y[x]; x = ys[_]]",
            "r := [x | true; true; x = ys[_]; not x == 1; not y[x]]",
        );
    }

    #[test]
    fn every_waits_for_its_variables() {
        assert_pass(
            edits,
            "r if { every x in xs { ys[x] < k }; k = zs[_] }",
            "r if { true; k = zs[_]; every x in xs { ys[x] < k } }",
        );
        for rule in ["r if { every x in xs { x < y; y = 1 } }", "r if { every x in xs { x }; x = ys[_] }"] {
            assert_pass(edits, rule, rule);
        }
    }

    #[test]
    fn a_negation_whose_variables_are_bound_stays() {
        for rule in [
            "r if { t = xs[_]; not allowed[t]; u = t }",
            "r if { not allowed.t; t = xs[_] }",
            "r if { not t == 1; some t in xs }",
            "r if { some t in xs; not t in ys; some u in zs }",
            "r if { not count([t | t = xs[_]]) == 0; t = 1 }",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
