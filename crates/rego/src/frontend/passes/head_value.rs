//! Moves the values of a rule's head into its body.
//!
//! In OPA, a solution of the body for which the head is undefined yields nothing, and other solutions are unaffected.
//! In the engine, a head that is undefined once makes the whole rule empty without an error: if one resource lacks
//! the attribute that a message quotes, no resource is denied. It rejects a comprehension as a key, and takes a key that is
//! the name of a rule for one that is there without solutions.
//!
//! ```text
//! deny contains rc.name if { some rc in resources }
//! deny contains __pg1 if { some rc in resources; __pg1 := rc.name }
//! ```

use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Expr, ExprKind, Operator};
use planguard_rego_syntax::walk::outside_bodies;

use super::super::edit::{Edits, Written};
use super::super::policy::Policy;
use super::searched_head::searches;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let scopes = policy.scopes();
    for rule in &policy.module.rules {
        for (index, branch) in rule.branches.iter().enumerate() {
            let mut statements = Vec::new();
            let exprs = rule.head_exprs(branch);
            // A rule with a single value can only be undefined as a whole; the passes on `in` and on searches handle
            // it.
            let is_partial = rule.head.key.is_some() || !rule.head.name.children().is_empty();
            // If the value of a branch is undefined, the next `else` is evaluated.
            let is_followed = index + 1 < rule.branches.len();
            let is_needed = is_partial
                || branch.body.is_some()
                || exprs.iter().any(|expr| has_in(expr) || searches(policy, scopes, expr));
            if rule.is_default || !is_needed {
                continue;
            }
            for expr in exprs {
                let is_key = rule.head.name.children().iter().any(|key| std::ptr::eq(*key, expr));
                if may_be_undefined(expr)
                    || (is_followed || is_key) && names_global(policy, scopes, expr)
                    || is_key && has_comprehension(expr)
                {
                    let name = policy.fresh_name();
                    let mut statement = Written::from(format!("{name} := ").as_str());
                    statement.push_moved(&edits.take(&expr.span), &expr.span);
                    statements.push(statement);
                    edits.replace(expr.span.clone(), name.as_str());
                }
            }
            match &branch.body {
                Some(body) => edits.after(body, &statements),
                None => edits.add_body(branch.span.end, policy.version, &statements),
            }
        }
    }
    edits
}

fn has_comprehension(expr: &Expr) -> bool {
    let mut found = false;
    outside_bodies(expr, &mut |part| found |= part.body().is_some());
    found
}

fn has_in(expr: &Expr) -> bool {
    let mut found = false;
    outside_bodies(expr, &mut |part| {
        found |= matches!(part.kind, ExprKind::Operation { operator: Operator::In, .. });
    });
    found
}

/// Returns whether an expression may be defined for some solutions of the body and undefined for others. The name of
/// a rule is the same for all.
fn may_be_undefined(expr: &Expr) -> bool {
    let mut found = false;
    outside_bodies(expr, &mut |part| {
        found |= matches!(
            part.kind,
            ExprKind::Reference { .. } | ExprKind::Call { .. } | ExprKind::Operation { .. }
        );
    });
    found
}

/// Returns whether an expression contains the name of a rule, which may be undefined.
fn names_global(policy: &Policy<'_>, scopes: &Scopes<'_>, expr: &Expr) -> bool {
    let mut found = false;
    outside_bodies(expr, &mut |part| {
        found |= matches!(part.kind, ExprKind::Name) && policy.is_global(scopes, part);
    });
    found
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn values_that_may_be_undefined_move_to_the_body() {
        assert_pass(
            edits,
            "deny contains f(\nx.a) if {\n  some x in xs\n}",
            "deny contains \n__pg1 if {\n  some x in xs; __pg1 := f( x.a)\n}",
        );
        assert_pass(
            edits,
            "p[x.a] = [x.b] { x := y }",
            "p[__pg1] = __pg2 { x := y; __pg1 := x.a; __pg2 := [x.b] }",
        );
        assert_pass(
            edits,
            "f(x) := x.a if x.b else := x.c if x.d",
            "f(x) := __pg1 if { x.b; __pg1 := x.a } else := __pg2 if { x.d; __pg2 := x.c }",
        );
        assert_pass(
            edits,
            "q := 1\nr := [q] if { x } else := q",
            "q := 1\nr := __pg1 if { x; __pg1 := [q] } else := q",
        );
        assert_pass(edits, "r := x.a in [1]", "r := __pg1 if { __pg1 := x.a in [1] }");
        assert_pass(edits, "f(x) := {x[_]}", "f(x) := __pg1 if { __pg1 := {x[_]} }");
        assert_pass(edits, "r[{x | x := 1}] := 1", "r[__pg1] := 1 if { __pg1 := {x | x := 1} }");
        assert_pass(edits, "r contains xs[_].a", "r contains __pg1 if { __pg1 := xs[_].a }");
    }

    #[test]
    fn values_that_are_defined_stay() {
        for rule in [
            "deny[msg] { msg := x.y }",
            "r := input.x.y",
            "f(x) := x.y",
            "default r := 1",
            "r contains {\"a\": [x, 1]} if { x := 1 }",
            "r := [y.a | some y in x] if { x := 1 }",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
