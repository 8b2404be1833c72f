//! Unifies two arrays, or two objects with the same fixed keys, element by element.
//!
//! The engine rejects two arrays of different lengths, for which OPA's unification is undefined, and others of which it
//! cannot tell what binds what.
//!
//! ```text
//! [x, [1, 2]] = [1, []]
//! false
//!
//! [_, x, 2] = [v, y, y]
//! _ = v; x = y; 2 = y
//! ```

use std::collections::BTreeMap;

use planguard_rego_syntax::tree::{Body, Enclosure, Expr, ExprKind, Literal, LiteralKind, Operator};
use planguard_rego_syntax::walk::{each_body, each_expr};

use super::super::edit::{Edits, Written};
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
    let mut unified: Vec<(&Body, &Literal, Pairs<'_>)> = Vec::new();
    each_body(policy.module, &mut |body| {
        for literal in &body.literals {
            if let LiteralKind::Expression(expr) = &literal.kind
                && let ExprKind::Operation { operator: Operator::Unify, operands } = &expr.kind
                && let [left, right] = operands.as_slice()
                && literal.withs.is_empty()
                && !never_match(left, right)
                && elements(left, right).is_some()
            {
                let mut pairs = Vec::new();
                collect(left, right, &mut pairs);
                unified.push((body, literal, pairs));
            }
        }
    });
    // Inner ones first, since outer ones move them.
    unified.sort_by_key(|(_, literal, _)| std::cmp::Reverse(literal.span.start));
    for (body, literal, pairs) in unified {
        let mut statements = Written::default();
        for (index, (left, right)) in pairs.into_iter().enumerate() {
            statements.push(if index == 0 { "" } else { "; " });
            statements.push_moved(&edits.take(&left.span), &left.span);
            statements.push(" = ");
            statements.push_moved(&edits.take(&right.span), &right.span);
        }
        if body.enclosure == Enclosure::Bare {
            edits.brace(body);
        }
        edits.replace(literal.span.clone(), statements);
    }
    edits
}

/// What is unified with what.
type Pairs<'e> = Vec<(&'e Expr, &'e Expr)>;

/// Collects what is unified with what, down to what is neither an array nor an object on both sides.
fn collect<'e>(left: &'e Expr, right: &'e Expr, pairs: &mut Pairs<'e>) {
    match elements(left, right) {
        Some(inner) => inner.into_iter().for_each(|(left, right)| collect(left, right, pairs)),
        None => pairs.push((left, right)),
    }
}

/// The elements of two arrays of the same length, or the values of two objects with the same fixed keys, by key.
fn elements<'e>(left: &'e Expr, right: &'e Expr) -> Option<Pairs<'e>> {
    match (&left.kind, &right.kind) {
        (ExprKind::Array(lefts), ExprKind::Array(rights)) if !lefts.is_empty() => {
            (lefts.len() == rights.len()).then(|| lefts.iter().zip(rights).collect())
        }
        (ExprKind::Object(lefts), ExprKind::Object(rights)) if !lefts.is_empty() => {
            let (lefts, rights) = (by_key(lefts)?, by_key(rights)?);
            lefts.keys().eq(rights.keys()).then(|| lefts.into_values().zip(rights.into_values()).collect())
        }
        _ => None,
    }
}

/// The values of an object by their keys, if these are different texts.
fn by_key(fields: &[(Expr, Expr)]) -> Option<BTreeMap<&str, &Expr>> {
    let values: Option<BTreeMap<_, _>> =
        fields.iter().map(|(key, value)| Some((key.string()?, value))).collect();
    values.filter(|values| values.len() == fields.len())
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
    fn each_element_is_unified() {
        assert_pass(edits, "r if [x] = [1]", "r if { x = 1 }");
        assert_pass(edits, "r if { [_, [x,\n2]] = [v, [y, y]]; z }", "r if { \n_ = v; x = y; 2 = y; z }");
        assert_pass(edits, "r := [x | [x] = [[y | [y, 1] = [1, z]]]]", "r := [x | x = [y | y = 1; 1 = z]]");
    }

    #[test]
    fn values_are_unified_by_key() {
        assert_pass(
            edits,
            "r if { {\"b\": [_], \"a\": x} = {\"a\": y, \"b\": [v]} }",
            "r if { x = y; _ = v }",
        );
        for rule in ["r if { {\"a\": x} = {\"b\": 1} }", "r if { {k: x} = {\"b\": 1} }"] {
            assert_pass(edits, rule, rule);
        }
    }

    #[test]
    fn others_are_unchanged() {
        for rule in [
            "r if [x] = y",
            "r if [] = []",
            "r if [1] == []",
            "r if [x] = [1] with input as y",
            "r if { {1} = {1, 2}; [x] := [1] }",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
