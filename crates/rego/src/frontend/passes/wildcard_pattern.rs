//! Gives a name to a pattern of wildcards that stands beside a variable.
//!
//! The engine orders a body by the variables that each statement binds. `_` is none for it, so that it evaluates the
//! statement first, when the variable on the other side has no value.
//!
//! ```text
//! {"n": _} = x; x = input.m
//! {"n": __pg1} = x; x = input.m
//!
//! _ = x; x = input.m
//! [x]; x = input.m
//!
//! some x in input.m; _ = x
//! some x in input.m; true
//! ```

use planguard_rego_syntax::scope::DeclaredBy;
use planguard_rego_syntax::tree::{Expr, ExprKind, LiteralKind, Operator};
use planguard_rego_syntax::walk::{each_body, outside_bodies};

use super::super::edit::{Edits, Written};
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    each_body(policy.module, &mut |body| {
        for literal in &body.literals {
            let LiteralKind::Expression(expr) = &literal.kind else { continue };
            let ExprKind::Operation { operator: Operator::Unify | Operator::Assign, operands } = &expr.kind
            else {
                continue;
            };
            let [left, right] = operands.as_slice() else { continue };
            let has_value = |pattern, name| policy.text_of(pattern) == "_" && is_of_some(policy, name);
            if has_value(left, right) || has_value(right, left) {
                edits.replace(expr.span.clone(), "true");
                continue;
            }
            let (pattern, name) = if is_variable(policy, right) { (left, right) } else { (right, left) };
            if !is_variable(policy, name) {
                continue;
            }
            if policy.text_of(pattern) == "_" {
                let mut defined = Written::from("[");
                defined.push_moved(policy.text_of(name), &name.span);
                defined.push("]");
                edits.replace(expr.span.clone(), defined);
            } else if let Some(wildcard) = only_wildcards(policy, pattern) {
                edits.replace(wildcard.span.clone(), policy.fresh_name().as_str());
            }
        }
    });
    edits
}

fn is_variable(policy: &Policy<'_>, expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Name)
        && policy.text_of(expr) != "_"
        && policy.is_open(policy.scopes(), expr)
}

/// Whether `some … in` gives a variable its value, which it always has.
fn is_of_some(policy: &Policy<'_>, name: &Expr) -> bool {
    matches!(name.kind, ExprKind::Name)
        && policy.scopes().declaration(name).is_some_and(|declaration| declaration.how == DeclaredBy::SomeIn)
}

/// Returns the first wildcard of an array or object that has no other name.
fn only_wildcards<'e>(policy: &Policy<'_>, pattern: &'e Expr) -> Option<&'e Expr> {
    if !matches!(pattern.kind, ExprKind::Array(_) | ExprKind::Object(_)) {
        return None;
    }
    let mut names = Vec::new();
    outside_bodies(pattern, &mut |part| {
        if matches!(part.kind, ExprKind::Name) {
            names.push(part);
        }
    });
    names.first().copied().filter(|_| names.iter().all(|name| policy.text_of(name) == "_"))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn wildcards_alone_get_a_name() {
        assert_pass(
            edits,
            "r if { {\"n\": [1, _], \"m\": _} = x; y = [_]; _ = x; _ := x; z = _ }",
            "r if { {\"n\": [1, __pg1], \"m\": _} = x; y = [__pg2]; [x]; [x]; [z] }",
        );
    }

    #[test]
    fn a_variable_of_some_has_its_value() {
        assert_pass(edits, "r if { some x in y; _ = x }", "r if { some x in y; true }");
    }

    #[test]
    fn other_patterns_are_unchanged() {
        for rule in [
            "r if { {\"n\": y, \"m\": _} = x; [_] = [x]; _ = input.x; x == _ }",
            "x := 1\nr if { _ = x }",
            "f(x) if { _ = x; [1] = y }",
            "r if { some x in y; z := {k | _ = x[k]} }",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
