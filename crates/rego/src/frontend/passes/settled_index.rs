//! Hides an index from the engine's search if its variable has a value that the engine does not know of.
//!
//! The engine takes `xs[k]` for a search for `k` unless it has seen how `k` gets its value. It does not see that of a
//! variable of `every`, of an output argument or of a pattern: a negation then searches, and finds something
//! else; and what is assigned from an output argument is "used before its definition".
//!
//! ```text
//! every k in keys { not xs[k] }
//! every k in keys { not xs[[k][0]] }
//! ```

use std::collections::HashSet;

use planguard_rego_syntax::scope::DeclaredBy;
use planguard_rego_syntax::tree::{Expr, ExprKind, LiteralKind, Operator, Rule, Step};
use planguard_rego_syntax::walk::{each_body, each_expr, outside_bodies};

use super::super::edit::Edits;
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    for rule in &policy.module.rules {
        let found = found_unseen(policy, rule);
        let assigned = assigned_from(policy, rule, &found);
        let mut hidden = HashSet::new();
        let mut hide = |index: &Expr| {
            if hidden.insert(index.span.start) {
                edits.insert(index.span.start, "[");
                edits.insert(index.span.end, "][0]");
            }
        };
        if !assigned.is_empty() {
            each_expr(rule, &mut |part| {
                each_index(part, &mut |index| {
                    if assigned.contains(policy.text_of(index)) {
                        hide(index);
                    }
                });
            });
        }
        each_body(rule, &mut |body| {
            for literal in &body.literals {
                let LiteralKind::Negation(negated) = &literal.kind else { continue };
                outside_bodies(negated, &mut |part| {
                    each_index(part, &mut |index| {
                        if found.contains(policy.text_of(index)) || is_of_every(policy, index) {
                            hide(index);
                        }
                    });
                });
            }
        });
    }
    edits
}

/// Returns whether this pass wrote an index.
pub(in super::super) fn is_hidden(policy: &Policy<'_>, index: &Expr) -> bool {
    let ExprKind::Reference { base, steps } = &index.kind else { return false };
    let ([Step::Index(zero)], ExprKind::Array(items)) = (steps.as_slice(), &base.kind) else { return false };
    policy.text_of(zero) == "0" && matches!(items.as_slice(), [Expr { kind: ExprKind::Name, .. }])
}

/// Calls `found` with each index that is a name.
fn each_index<'e>(expr: &'e Expr, found: &mut dyn FnMut(&'e Expr)) {
    let ExprKind::Reference { steps, .. } = &expr.kind else { return };
    for step in steps {
        if let Step::Index(index) = step
            && matches!(index.kind, ExprKind::Name)
        {
            found(index);
        }
    }
}

fn is_of_every(policy: &Policy<'_>, name: &Expr) -> bool {
    let declaration = policy.scopes().declaration(name);
    declaration.is_some_and(|declaration| declaration.how == DeclaredBy::Every)
}

/// The variables of a rule that an output argument or an object pattern binds.
fn found_unseen<'p>(policy: &Policy<'p>, rule: &Rule) -> HashSet<&'p str> {
    let mut names = HashSet::new();
    let mut collect = |pattern: &Expr| {
        outside_bodies(pattern, &mut |part| {
            if matches!(part.kind, ExprKind::Name) && policy.is_open(policy.scopes(), part) {
                names.insert(policy.text_of(part));
            }
        });
    };
    each_body(rule, &mut |body| {
        for literal in &body.literals {
            let LiteralKind::Expression(expr) = &literal.kind else { continue };
            match &expr.kind {
                // A pattern of a call that has none takes nothing away: its names have their values from elsewhere.
                ExprKind::Call { arguments, .. } => {
                    arguments.iter().skip(1).last().into_iter().for_each(&mut collect)
                }
                ExprKind::Operation { operator: Operator::Unify, operands } => {
                    let objects = operands.iter().filter(|side| matches!(side.kind, ExprKind::Object(_)));
                    objects.for_each(&mut collect);
                    // What is made of variables waits for them.
                    if operands.iter().any(is_composite) {
                        let names = operands.iter().filter(|side| matches!(side.kind, ExprKind::Name));
                        names.for_each(&mut collect);
                    }
                }
                _ => {}
            }
        }
        // In `every`, the engine sees no more of `=`.
        let inner = body.literals.iter().filter_map(|literal| match &literal.kind {
            LiteralKind::Every { body, .. } => Some(body),
            _ => None,
        });
        for literal in inner.flat_map(|body| &body.literals) {
            if let LiteralKind::Expression(expr) = &literal.kind
                && let ExprKind::Operation { operator: Operator::Unify, operands } = &expr.kind
            {
                operands.iter().filter(|side| matches!(side.kind, ExprKind::Name)).for_each(&mut collect);
            }
        }
    });
    names.remove("_");
    names
}

fn is_composite(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Array(_) | ExprKind::Object(_))
}

/// The variables that `:=` assigns from such variables, or from others that are assigned from them.
fn assigned_from<'p>(policy: &Policy<'p>, rule: &Rule, found: &HashSet<&'p str>) -> HashSet<&'p str> {
    let mut assigned = HashSet::new();
    if found.is_empty() {
        return assigned;
    }
    loop {
        let before = assigned.len();
        each_body(rule, &mut |body| {
            for literal in &body.literals {
                let LiteralKind::Expression(expr) = &literal.kind else { continue };
                let ExprKind::Operation { operator: Operator::Assign, operands } = &expr.kind else {
                    continue;
                };
                let [name, value] = operands.as_slice() else { continue };
                if !matches!(name.kind, ExprKind::Name) {
                    continue;
                }
                let mut depends = false;
                outside_bodies(value, &mut |part| {
                    let text = policy.text_of(part);
                    depends |= matches!(part.kind, ExprKind::Name)
                        && (found.contains(text) || assigned.contains(text));
                });
                if depends {
                    assigned.insert(policy.text_of(name));
                }
            }
        });
        if assigned.len() == before {
            return assigned;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn an_index_that_has_its_value_is_hidden() {
        assert_pass(
            edits,
            "r if every k in x { not xs[k].a[y]; xs[k] }",
            "r if every k in x { not xs[[k][0]].a[y]; xs[k] }",
        );
        assert_pass(
            edits,
            "r if { walk(x, [p, v]); not xs[v]; k := p[0]; n := k; ys[n]; zs[v] }",
            "r if { walk(x, [p, v]); not xs[[v][0]]; k := p[0]; n := k; ys[[n][0]]; zs[v] }",
        );
        assert_pass(
            edits,
            "r if every v in x { k = v.a; not xs[k] }",
            "r if every v in x { k = v.a; not xs[[k][0]] }",
        );
        assert_pass(edits, "r if { {\"a\": v} = x; not xs[v] }", "r if { {\"a\": v} = x; not xs[[v][0]] }");
        assert_pass(edits, "r if { j = [k]; not xs[j]; k = x }", "r if { j = [k]; not xs[[j][0]]; k = x }");
    }

    #[test]
    fn other_indexes_are_unchanged() {
        for rule in [
            "r if { some k in x; not xs[k] }",
            "r if { k = x; not xs[k]; y := k; ys[y] }",
            "f(k) if not xs[k]",
            "r if { walk(x, [p, v]); xs[v]; not ys[z]; z = p }",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
