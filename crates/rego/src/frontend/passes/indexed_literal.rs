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
//! The same holds for a variable that was found: `xs[k]; p := k; seen[p]`. Where variables of the array get their values
//! later, the engine would rather find `p` in `seen`, and the index is hidden as well:
//!
//! ```text
//! p := [a, b]; seen[p]; a = 1
//! p := [[a, b]][0]; seen[[p][0]]; a = 1
//! ```
//!
//! In `v := k; _ = v`, it would take `_` for the value of `v`.

use std::collections::HashSet;

use planguard_rego_syntax::scope::DeclaredBy;
use planguard_rego_syntax::tree::{Expr, ExprKind, Literal, LiteralKind, Operator, Rule, Step};
use planguard_rego_syntax::walk::{each_body, each_expr, outside_bodies};

use super::super::bound;
use super::super::edit::Edits;
use super::super::policy::{PREFIX, Policy};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    for rule in &policy.module.rules {
        // The names of indexes, read for the first literal that needs them.
        let mut indexes: Option<HashSet<&str>> = None;
        let late = late_names(policy, rule);
        each_body(rule, &mut |body| {
            for (index, literal) in body.literals.iter().enumerate() {
                let LiteralKind::Expression(expr) = &literal.kind else { continue };
                let ExprKind::Operation { operator, operands } = &expr.kind else { continue };
                let [name, value] = operands.as_slice() else { continue };
                if *operator == Operator::Unify {
                    let has_its_value = |side: &Expr, other: &Expr| {
                        late.contains(policy.text_of(side))
                            || is_assigned(policy, side) && finds_nothing(policy, other)
                    };
                    for (side, other) in [(name, value), (value, name)] {
                        if is_name(side) && has_its_value(side, other) {
                            hide(&mut edits, side);
                        }
                    }
                }
                if !matches!(operator, Operator::Assign | Operator::Unify)
                    || !is_name(name)
                    || !has_variable(policy, value)
                {
                    continue;
                }
                let name = policy.text_of(name);
                if *operator == Operator::Assign && late.contains(name) {
                    if !is_name(value.bare()) {
                        hide(&mut edits, value);
                    }
                    continue;
                }
                // A variable without a value gets it from the pattern.
                if has_open_variable(policy, &body.literals[..index], value) {
                    continue;
                }
                let indexes = indexes.get_or_insert_with(|| {
                    let mut indexes = HashSet::new();
                    each_expr(rule, &mut |part| {
                        indexes.extend(named_indexes(part).map(|index| policy.text_of(index)));
                    });
                    indexes
                });
                if indexes.contains(name) {
                    hide(&mut edits, value);
                }
            }
        });
        if !late.is_empty() {
            each_expr(rule, &mut |part| {
                let late = named_indexes(part).filter(|index| late.contains(policy.text_of(index)));
                late.for_each(|index| hide(&mut edits, index));
            });
        }
    }
    edits
}

/// Whether `:=` gives a variable its value.
fn is_assigned(policy: &Policy<'_>, name: &Expr) -> bool {
    let declaration = policy.scopes().declaration(name);
    declaration.is_some_and(|declaration| {
        declaration.how == DeclaredBy::Assignment && !declaration.name.starts_with(PREFIX)
    })
}

/// Whether a side of `=` is `_` or written out. The engine would take the other side for a variable that it binds.
fn finds_nothing(policy: &Policy<'_>, side: &Expr) -> bool {
    matches!(side.kind, ExprKind::Scalar(_)) || is_name(side) && policy.text_of(side) == "_"
}

fn hide(edits: &mut Edits<'_>, expr: &Expr) {
    edits.insert(expr.span.start, "[");
    edits.insert(expr.span.end, "][0]");
}

fn is_name(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Name)
}

/// The variables of a rule that `:=` assigns from others that may get their values later. What a pass wrote stays as it is.
fn late_names<'p>(policy: &Policy<'p>, rule: &Rule) -> HashSet<&'p str> {
    let mut late: HashSet<&str> = HashSet::new();
    loop {
        let before = late.len();
        each_body(rule, &mut |body| {
            for (index, literal) in body.literals.iter().enumerate() {
                if let LiteralKind::Expression(expr) = &literal.kind
                    && let ExprKind::Operation { operator: Operator::Assign, operands } = &expr.kind
                    && let [name, value] = operands.as_slice()
                    && is_name(name)
                    && !policy.text_of(name).starts_with(PREFIX)
                    && !late.contains(policy.text_of(name))
                    && (has_variable(policy, value)
                        && has_late_variable(policy, &body.literals[..index], value)
                        || !late.is_empty() && mentions(policy, value, &late))
                {
                    late.insert(policy.text_of(name));
                }
            }
        });
        if late.len() == before {
            return late;
        }
    }
}

/// Whether a value has a variable that neither the literals before it nor an index in the value binds.
fn has_late_variable(policy: &Policy<'_>, before: &[Literal], value: &Expr) -> bool {
    let (mut open, mut found) = (open_variables(policy, value), HashSet::from(["_"]));
    outside_bodies(value, &mut |part| found.extend(named_indexes(part).map(|index| policy.text_of(index))));
    open.retain(|name| !found.contains(name));
    !open.is_empty() && !open.is_subset(&bound::names_in(policy, before))
}

fn mentions(policy: &Policy<'_>, expr: &Expr, names: &HashSet<&str>) -> bool {
    let mut found = false;
    outside_bodies(expr, &mut |part| found |= is_name(part) && names.contains(policy.text_of(part)));
    found
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
    let open = open_variables(policy, expr);
    !open.is_empty() && !open.is_subset(&bound::names_in(policy, before))
}

fn open_variables<'p>(policy: &Policy<'p>, expr: &Expr) -> HashSet<&'p str> {
    let mut open = HashSet::new();
    outside_bodies(expr, &mut |part| {
        if is_name(part) && policy.is_open(policy.scopes(), part) {
            open.insert(policy.text_of(part));
        }
    });
    open
}

/// The indexes of a reference that are names.
fn named_indexes(expr: &Expr) -> impl Iterator<Item = &Expr> {
    let steps = match &expr.kind {
        ExprKind::Reference { steps, .. } => steps.as_slice(),
        _ => &[],
    };
    steps.iter().filter_map(|step| match step {
        Step::Index(index) if is_name(index) => Some(index),
        Step::Index(_) | Step::Field(_) => None,
    })
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
    fn what_is_assigned_before_its_parts_have_values_is_not_searched_for() {
        for (rule, expected) in [
            ("r if { p := [x, 2]; w[p]; x = 1 }", "r if { p := [[x, 2]][0]; w[[p][0]]; x = 1 }"),
            ("r if { p := [x]; w[_] = p; x = 1 }", "r if { p := [[x]][0]; w[_] = [p][0]; x = 1 }"),
            (
                "r if { some e in xs; v := e; _ = v; v = 1 }",
                "r if { some e in xs; v := e; _ = [v][0]; [v][0] = 1 }",
            ),
            ("r if { p := [x]; q := p; w[q]; x = 1 }", "r if { p := [[x]][0]; q := p; w[[q][0]]; x = 1 }"),
            (
                "r if { p := {\"a\": x}; not w[p]; x = 1 }",
                "r if { p := [{\"a\": x}][0]; not w[[p][0]]; x = 1 }",
            ),
        ] {
            assert_pass(edits, rule, expected);
        }
    }

    #[test]
    fn other_literals_are_unchanged() {
        for rule in [
            "r if { p := [1, 2]; w[p] }",
            "r if { p := [input.xs[_], input.xs[i]]; f(p) }",
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
