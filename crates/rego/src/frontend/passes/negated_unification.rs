//! Compares where a negation unifies.
//!
//! In a negation every variable has its value, so that `=` is `==`. The engine binds a variable whose value it does
//! not know of, as that of an output argument: the unification is true, and the negation never holds.
//!
//! ```text
//! walk(x, [_, v]); not v = 1
//! walk(x, [_, v]); not v == 1
//! ```

use planguard_rego_syntax::tree::{ExprKind, LiteralKind, Operator};
use planguard_rego_syntax::walk::{each_body, outside_bodies};

use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    each_body(policy.module, &mut |body| {
        for literal in &body.literals {
            let LiteralKind::Negation(expr) = &literal.kind else { continue };
            let ExprKind::Operation { operator: Operator::Unify, operands } = &expr.kind else { continue };
            let [left, right] = operands.as_slice() else { continue };
            let is_name = |kind: &ExprKind| matches!(kind, ExprKind::Name);
            let mut has_wildcard = false;
            outside_bodies(expr, &mut |part| {
                has_wildcard |= is_name(&part.kind) && policy.text_of(part) == "_";
            });
            if !has_wildcard && (is_name(&left.kind) || is_name(&right.kind)) {
                edits.replace(left.span.end..right.span.start, " == ");
            }
        }
    });
    edits
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn a_variable_is_compared() {
        assert_pass(
            edits,
            "r if { walk(x, [p, v]); not v = [p, 1]; not f(1) =\nv }",
            "r if { walk(x, [p, v]); not v == [p, 1]; not f(1)\n == v }",
        );
    }

    #[test]
    fn other_negations_are_unchanged() {
        let rule = "r if { v = x; not v == 1; not [v, _] = x; not input.x = 1; not x[_] = v }";
        assert_pass(edits, rule, rule);
    }
}
