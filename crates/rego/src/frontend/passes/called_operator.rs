//! Replaces calls of `eq` and `assign` with the operators.
//!
//! In OPA, `eq(x, y)` is `x = y` and `assign(x, y)` is `x := y`; both can bind a variable. The engine's functions
//! only compare two values that exist.
//!
//! ```text
//! eq(rc.type, type)
//! rc.type = type
//! ```

use planguard_rego_syntax::tree::{ExprKind, LiteralKind};
use planguard_rego_syntax::walk::each_body;

use super::super::edit::{Edits, Written};
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    each_body(policy.module, &mut |body| {
        for literal in &body.literals {
            let (LiteralKind::Expression(expr) | LiteralKind::Negation(expr)) = &literal.kind else {
                continue;
            };
            let ExprKind::Call { function, arguments } = &expr.kind else { continue };
            let name = policy.text_of(function);
            let operator = match name {
                "eq" => " = ",
                "assign" => " := ",
                _ => continue,
            };
            if let [left, right] = arguments.as_slice()
                && !policy.is_rule(name)
            {
                let mut operation = Written::default();
                operation.push_moved(&edits.take(&left.span), &left.span);
                operation.push(operator);
                operation.push_moved(&edits.take(&right.span), &right.span);
                edits.replace(expr.span.clone(), operation);
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
    fn the_operator_is_placed_between_the_arguments() {
        assert_pass(edits, "r if eq([x, 1],\ny.z)", "r if \n[x, 1] = y.z");
        assert_pass(edits, "r if { not eq(x.y, 1); assign(z, 2) }", "r if { not x.y = 1; z := 2 }");
    }

    #[test]
    fn a_call_whose_result_is_used_is_unchanged() {
        for rule in
            ["r := eq(1, 2)", "r if x := eq(1, 2)", "eq(x, y) := 3\nr if eq(1, 2)", "r if eq(1, 2, x)"]
        {
            assert_pass(edits, rule, rule);
        }
    }
}
