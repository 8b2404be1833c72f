//! Replaces the unification of two arrays of different lengths.
//!
//! In OPA it is undefined; the engine rejects the policy.
//!
//! ```text
//! [x, [1, 2]] = [1, []]
//! false
//! ```

use planguard_rego_syntax::tree::{Expr, ExprKind, Operator};
use planguard_rego_syntax::walk::each_expr;

use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    // Comprehensions in the arrays are gone with them.
    let mut end = 0;
    each_expr(policy.module, &mut |expr| {
        if let ExprKind::Operation { operator: Operator::Unify, operands } = &expr.kind
            && let [left, right] = operands.as_slice()
            && expr.span.start >= end
            && never_match(left, right)
        {
            edits.replace(expr.span.clone(), "false");
            end = expr.span.end;
        }
    });
    edits
}

fn never_match(left: &Expr, right: &Expr) -> bool {
    match (&left.kind, &right.kind) {
        (ExprKind::Array(left), ExprKind::Array(right)) => {
            left.len() != right.len() || left.iter().zip(right).any(|(left, right)| never_match(left, right))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn arrays_of_different_lengths_never_match() {
        assert_pass(
            edits,
            "r if { not [x] = []; y = [1, 2] }\ns := {1 | [[1 | [1] = []], 2] = [3]}",
            "r if { not false; y = [1, 2] }\ns := {1 | false}",
        );
        assert_pass(edits, "r if [x, [1,\n2]] = [1, []]", "r if \nfalse");
    }

    #[test]
    fn others_are_unchanged() {
        for rule in ["r if [x] = [1]", "r if [x] = y", "r if [1] == []", "r if { {1} = {1, 2}; [x] := [1] }"]
        {
            assert_pass(edits, rule, rule);
        }
    }
}
