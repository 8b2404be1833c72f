//! Replaces a unary minus with a subtraction from zero.
//!
//! In OPA, any number may follow the sign; in the engine, only digits may.
//!
//! ```text
//! -count(xs)
//! (0 - count(xs))
//! ```

use planguard_rego_syntax::tree::ExprKind;
use planguard_rego_syntax::walk::each_expr;

use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    each_expr(policy.module, &mut |expr| {
        let ExprKind::Operation { operands, .. } = &expr.kind else { return };
        if let [operand] = operands.as_slice() {
            edits.replace(expr.span.start..expr.span.start + 1, "(0 - ");
            edits.insert(operand.span.end, ")");
        }
    });
    edits
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn only_number_literals_keep_their_sign() {
        assert_pass(edits, "r := -x.y + -f(-z)", "r := (0 - x.y) + (0 - f((0 - z)))");
        assert_pass(edits, "r := 1 - -2 - x", "r := 1 - -2 - x");
    }
}
