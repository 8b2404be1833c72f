//! Hides an array or object from the engine's search for patterns if the variable that gets it is an index later.
//!
//! In `p := [a, b]; seen[p]`, the engine takes `[a, b]` for a pattern that may get its values from `p`, and `p` for a
//! variable that `seen[p]` may find, and rejects the policy: `p` is used before its definition.
//!
//! ```text
//! p := [a, b]; seen[p]
//! p := [[a, b]][0]; seen[p]
//! ```
//!
//! The same holds for a variable that was found: `xs[k]; p := k; seen[p]`.

use std::collections::HashSet;

use planguard_rego_syntax::scope::DeclaredBy;
use planguard_rego_syntax::tree::{Expr, ExprKind, Literal, LiteralKind, Operator, Step};
use planguard_rego_syntax::walk::{each_body, each_expr, outside_bodies};

use super::super::bound;
use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    for rule in &policy.module.rules {
        // The names of indexes, read for the first literal that needs them.
        let mut indexes: Option<HashSet<&str>> = None;
        each_body(rule, &mut |body| {
            for (index, literal) in body.literals.iter().enumerate() {
                let LiteralKind::Expression(expr) = &literal.kind else { continue };
                let ExprKind::Operation { operator: Operator::Assign | Operator::Unify, operands } =
                    &expr.kind
                else {
                    continue;
                };
                let [name, value] = operands.as_slice() else { continue };
                if !matches!(name.kind, ExprKind::Name) || !has_variable(policy, value) {
                    continue;
                }
                // A variable without a value gets it from the pattern.
                if has_open_variable(policy, &body.literals[..index], value) {
                    continue;
                }
                let indexes = indexes.get_or_insert_with(|| {
                    let mut indexes = HashSet::new();
                    each_expr(rule, &mut |part| collect_indexes(policy, part, &mut indexes));
                    indexes
                });
                if indexes.contains(policy.text_of(name)) {
                    edits.insert(value.span.start, "[");
                    edits.insert(value.span.end, "][0]");
                }
            }
        });
    }
    edits
}

/// Whether an expression is an array or an object with a variable in it, or a variable that has its value from a search.
fn has_variable(policy: &Policy<'_>, expr: &Expr) -> bool {
    let expr = expr.bare();
    if let ExprKind::Name = expr.kind {
        let declaration = policy.scopes().declaration(expr);
        let is_found = declaration.is_some_and(|found| found.how == DeclaredBy::SomeIn);
        return is_found || policy.text_of(expr) != "_" && policy.is_open(policy.scopes(), expr);
    }
    if !matches!(expr.kind, ExprKind::Array(_) | ExprKind::Object(_)) {
        return false;
    }
    let mut found = false;
    outside_bodies(expr, &mut |part| {
        found |= matches!(part.kind, ExprKind::Name) && !policy.is_global(policy.scopes(), part);
    });
    found
}

/// Whether an expression has a variable that the literals before it do not bind.
fn has_open_variable(policy: &Policy<'_>, before: &[Literal], expr: &Expr) -> bool {
    let mut open = HashSet::new();
    outside_bodies(expr, &mut |part| {
        if matches!(part.kind, ExprKind::Name) && policy.is_open(policy.scopes(), part) {
            open.insert(policy.text_of(part));
        }
    });
    !open.is_empty() && !open.is_subset(&bound::names_in(policy, before))
}

fn collect_indexes<'p>(policy: &Policy<'p>, expr: &Expr, names: &mut HashSet<&'p str>) {
    let ExprKind::Reference { steps, .. } = &expr.kind else { return };
    for step in steps {
        if let Step::Index(index) = step
            && matches!(index.kind, ExprKind::Name)
        {
            names.insert(policy.text_of(index));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn a_literal_that_becomes_an_index_is_hidden() {
        assert_pass(edits, "r if { q := 3; p := [1, q]; w[p] }", "r if { q := 3; p := [[1, q]][0]; w[p] }");
        assert_pass(
            edits,
            "r if { some q in xs; p = ({\"a\": q}); not w[p].b }",
            "r if { some q in xs; p = [({\"a\": q})][0]; not w[p].b }",
        );
        assert_pass(edits, "r if { xs[q]; p := q; w[p] }", "r if { xs[q]; p := [q][0]; w[p] }");
    }

    #[test]
    fn other_literals_are_unchanged() {
        for rule in [
            "r if { p := [1, 2]; w[p] }",
            "r if { q := 3; p := [1, q]; f(p) }",
            "r if { q := 3; p := q; w[p] }",
            "x := 1\nr if { p := [x, input.y]; w[p] }",
            "r if { q := 3; p := {q}; w[p] }",
            "r contains x if { p = [x, 2]; w[p] }",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
