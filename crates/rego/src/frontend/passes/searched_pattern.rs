//! Separates a search in the pattern of `some … in` from the iteration.
//!
//! In OPA, `some xs[i] in ys` compares: it searches for an `i` whose element is one of `ys`. The engine takes the
//! pattern for one without variables and fails.
//!
//! ```text
//! some i; some input.xs[i] in ["p"]
//! some i; some __pg1 in ["p"]; __pg1 = input.xs[i]
//! ```

use planguard_rego_syntax::tree::{Expr, ExprKind, LiteralKind, Step};
use planguard_rego_syntax::walk::{each_body, outside_bodies};

use super::super::edit::{Edits, Written};
use super::super::policy::{Policy, modifiers};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    each_body(policy.module, &mut |body| {
        for literal in &body.literals {
            let LiteralKind::SomeIn { patterns, .. } = &literal.kind else { continue };
            let mut statements = Vec::new();
            for pattern in patterns.iter().filter(|pattern| searches(policy, pattern)) {
                let name = policy.fresh_name();
                let mut statement = Written::from(format!("{name} = ").as_str());
                statement.push_moved(&edits.take(&pattern.span), &pattern.span);
                statement.push(&modifiers(&edits, literal));
                statements.push(statement);
                edits.replace(pattern.span.clone(), name.as_str());
            }
            edits.behind(body, literal, &statements);
        }
    });
    edits
}

/// Whether a pattern is a reference with a variable as an index.
fn searches(policy: &Policy<'_>, pattern: &Expr) -> bool {
    let ExprKind::Reference { steps, .. } = &pattern.kind else { return false };
    let mut found = false;
    for step in steps {
        if let Step::Index(index) = step {
            outside_bodies(index, &mut |part| {
                found |= matches!(part.kind, ExprKind::Name)
                    && (policy.text_of(part) == "_" || policy.is_open(policy.scopes(), part));
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn the_search_follows_the_iteration() {
        assert_pass(
            edits,
            "r if { some i; some input.xs[i] in [\"p\"] }",
            "r if { some i; some __pg1 in [\"p\"]; __pg1 = input.xs[i] }",
        );
        assert_pass(
            edits,
            "r if { some k, xs[_].y in ys with input as {}; k }",
            "r if { some k, __pg1 in ys with input as {}; __pg1 = xs[_].y with input as {}; k }",
        );
    }

    #[test]
    fn other_patterns_are_unchanged() {
        for rule in
            ["r if { some input.x in ys }", "r if { some x in ys }", "r if { i := 1; some xs[i] in ys }"]
        {
            assert_pass(edits, rule, rule);
        }
    }
}
