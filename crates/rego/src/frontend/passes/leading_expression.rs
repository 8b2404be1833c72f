//! Puts parentheses around expressions that the engine does not expect where something starts.
//!
//! After `if`, it takes every brace for the start of a body; what is unified there becomes one. Before `=`, it expects a single term. A union as the first
//! element of several is for it the body of a comprehension.
//!
//! ```text
//! r if {x | some x in xs} == {1}
//! r if ({x | some x in xs} == {1})
//!
//! r if {"a": x} = input.m
//! r if { {"a": x} = input.m }
//!
//! count(xs) + 1 = n
//! (count(xs) + 1) = n
//!
//! [xs | ys, 1]
//! [(xs | ys), 1]
//! ```

use planguard_rego_syntax::tree::{Enclosure, Expr, ExprKind, LiteralKind, Operator, OperatorFamily};
use planguard_rego_syntax::walk::{each_body, each_expr};

use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    each_body(policy.module, &mut |body| {
        for literal in &body.literals {
            let (LiteralKind::Expression(expr) | LiteralKind::Negation(expr)) = &literal.kind else {
                continue;
            };
            let is_first = expr.span.start == literal.span.start;
            let starts_with_brace = is_first && policy.text_of(expr).starts_with('{');
            if body.enclosure == Enclosure::Bare && starts_with_brace {
                match &expr.kind {
                    // The engine unifies nothing in parentheses.
                    ExprKind::Operation { operator: Operator::Unify, .. } => edits.brace(body),
                    _ => parenthesise(&mut edits, expr),
                }
            } else if let ExprKind::Operation { operator: Operator::Unify, operands } = &expr.kind
                && let [left, _] = operands.as_slice()
                && is_computation(left)
            {
                parenthesise(&mut edits, left);
            }
        }
    });
    each_expr(policy.module, &mut |expr| {
        let first = match &expr.kind {
            ExprKind::Array(elements) | ExprKind::Set(elements) => elements.first(),
            ExprKind::Object(fields) => fields.first().map(|(_, value)| value),
            _ => None,
        };
        if let Some(first) = first.filter(|first| starts_with_union(first)) {
            parenthesise(&mut edits, first);
        }
    });
    edits
}

/// Whether a bar follows the first term of an expression and what binds more tightly than a union.
fn starts_with_union(expr: &Expr) -> bool {
    let ExprKind::Operation { operator, operands } = &expr.kind else { return false };
    *operator == Operator::Union || operands.len() > 1 && operands.first().is_some_and(starts_with_union)
}

fn is_computation(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Operation { operator, operands } => {
            let binds = matches!(operator.family(), OperatorFamily::Assignment | OperatorFamily::Unification);
            operands.len() >= 2 && !binds
        }
        _ => false,
    }
}

fn parenthesise(edits: &mut Edits<'_>, expr: &Expr) {
    edits.insert(expr.span.start, "(");
    edits.insert(expr.span.end, ")");
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn a_brace_after_if_starts_no_body() {
        assert_pass(edits, "r if {x | x := 1} == {1}", "r if ({x | x := 1} == {1})");
        assert_pass(edits, "r if {\"a\": 1} == x with input as 1", "r if ({\"a\": 1} == x) with input as 1");
        assert_pass(edits, "r if {\"a\": 1} = x with input as 1", "r if { {\"a\": 1} = x with input as 1 }");
    }

    #[test]
    fn what_is_computed_before_an_equals_sign_is_one_term() {
        assert_pass(
            edits,
            "r if { x + 1 = y; not x * 2 = y; x > 2 = z }",
            "r if { (x + 1) = y; not (x * 2) = y; (x > 2) = z }",
        );
    }

    #[test]
    fn a_union_as_the_first_element_is_one_term() {
        assert_pass(
            edits,
            "r := [x | y, 5]\ns := {\"a\": x & y | z | y, \"b\": [1, x | y]}\nt := {x | y == z, 1}",
            "r := [(x | y), 5]\ns := {\"a\": (x & y | z | y), \"b\": [1, x | y]}\nt := {(x | y == z), 1}",
        );
        assert_pass(edits, "r := [[x | y, 1] | z, 2]", "r := [([(x | y), 1] | z), 2]");
        assert_pass(edits, "r := [(x | y), 5]", "r := [(x | y), 5]");
    }

    #[test]
    fn other_statements_are_unchanged() {
        for rule in
            ["r if { {1} == x }", "r if not {1} == x", "r if y = x + 1", "r if { x; y }", "r if x + 1 == y"]
        {
            assert_pass(edits, rule, rule);
        }
    }
}
