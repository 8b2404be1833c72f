//! Moves a search from the head of a comprehension into its body.
//!
//! In OPA, `xs[_]` in the head of a comprehension yields every member, and nothing if `xs` is not a collection. In
//! the engine the whole rule then fails with an error.
//!
//! ```text
//! [rc.change.actions[_] | some rc in resources]
//! [__pg1 | some rc in resources; __pg1 := rc.change.actions[_]]
//! ```

use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Expr, ExprKind, Step};
use planguard_rego_syntax::walk::{each_expr, outside_bodies};

use super::super::edit::{Edits, Written};
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let scopes = policy.scopes();
    let mut comprehensions = Vec::new();
    each_expr(policy.module, &mut |expr| {
        if let ExprKind::Comprehension { head, body } = &expr.kind {
            comprehensions.push((head, body));
        }
    });
    // Inner comprehensions first, since a head may contain one.
    for (head, body) in comprehensions.into_iter().rev() {
        let mut statements = Vec::new();
        for head in head.exprs().iter().filter(|head| searches(policy, scopes, head)) {
            let name = policy.fresh_name();
            let mut statement = Written::from(format!("{name} := ").as_str());
            statement.push_moved(&edits.take(&head.span), &head.span);
            statements.push(statement);
            edits.replace(head.span.clone(), name.as_str());
        }
        edits.after(body, &statements);
    }
    edits
}

/// Returns whether an expression has an unbound index.
pub(super) fn searches(policy: &Policy<'_>, scopes: &Scopes<'_>, expr: &Expr) -> bool {
    let mut found = false;
    outside_bodies(expr, &mut |part| {
        let ExprKind::Reference { steps, .. } = &part.kind else { return };
        for step in steps {
            if let Step::Index(index) = step {
                outside_bodies(index, &mut |part| {
                    found |= matches!(part.kind, ExprKind::Name)
                        && (policy.text_of(part) == "_" || policy.is_open(scopes, part));
                });
            }
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn the_search_moves_to_the_body() {
        assert_pass(edits, "r := {x.a: x.b[i] | x := y }", "r := {x.a: __pg1 | x := y; __pg1 := x.b[i] }");
        assert_pass(
            edits,
            "r := [[z[_] | z := x[_]][_] | x := y]",
            "r := [__pg2 | x := y; __pg2 := [__pg1 | z := x[_]; __pg1 := z[_]][_]]",
        );
    }

    #[test]
    fn bound_indexes_are_unchanged() {
        for rule in ["r := [x.a | x := y[_]]", "r := {k: x[k] | some k in y}", "r := x[_]"] {
            assert_pass(edits, rule, rule);
        }
    }
}
