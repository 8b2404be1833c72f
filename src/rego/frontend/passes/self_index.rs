//! Separates a variable from the index that it is unified with.
//!
//! In `x = xs[x]`, OPA looks for the members of `xs` that are found at themselves, such as those of a set. The
//! engine waits for `x` before it looks at `xs`, and calls `x` unsafe; if `some x` declares it, it finds
//! nothing and says nothing.
//!
//! ```text
//! x = xs[x]
//! __pg1 := xs[x]; x = __pg1
//! ```

use super::super::edit::{Edits, Written};
use super::super::policy::{Policy, for_each_body, modifiers, outside_bodies};
use super::super::tree::{Expr, ExprKind, LiteralKind, Operator};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    for_each_body(policy.module, &mut |body| {
        for literal in &body.literals {
            let LiteralKind::Expression(expr) = &literal.kind else { continue };
            let Some(indexed) = indexed_by_other_side(policy, expr.bare()) else { continue };
            let modifiers = modifiers(&edits, literal);
            let name = policy.fresh_name();
            let mut statement = Written::from(format!("{name} := ").as_str());
            statement.push_moved(&edits.take(&indexed.span), &indexed.span);
            statement.push(&modifiers);
            edits.replace(indexed.span.clone(), name.as_str());
            edits.before(body, literal, &[statement]);
        }
    });
    edits
}

/// The side of a unification that is indexed by the variable on the other side.
fn indexed_by_other_side<'e>(policy: &Policy<'_>, expr: &'e Expr) -> Option<&'e Expr> {
    let ExprKind::Operation { operator: Operator::Unify, operands } = &expr.kind else { return None };
    let [left, right] = operands.as_slice() else { return None };
    [(left, right), (right, left)].into_iter().find_map(|(variable, indexed)| {
        let name = policy.text_of(variable);
        let fits = matches!(variable.kind, ExprKind::Name)
            && name != "_"
            && matches!(indexed.kind, ExprKind::Reference { .. });
        let mut occurs = false;
        outside_bodies(indexed, &mut |part| {
            occurs |= matches!(part.kind, ExprKind::Name) && policy.text_of(part) == name;
        });
        (fits && occurs).then_some(indexed)
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn the_index_is_looked_up_first() {
        assert_pass(edits, "r { x = xs[x] }", "r { __pg1 := xs[x]; x = __pg1 }");
        assert_pass(edits, "r if xs[x] = x", "r if { __pg1 := xs[x]; __pg1 = x }");
        assert_pass(edits, "r if { x = xs[y] }", "r if { x = xs[y] }");
        assert_pass(edits, "r if { _ = xs[_] }", "r if { _ = xs[_] }");
    }
}
