//! Moves `some x` to the start of its body.
//!
//! In OPA, a variable may be declared anywhere in the body, if it is not used earlier. The engine reports a duplicate
//! declaration if the declaration follows an iteration.
//!
//! ```text
//! rc := resources[_]; some k; rc.tags[k]
//! some k; rc := resources[_]; true; rc.tags[k]
//! ```

use planguard_rego_syntax::scope::Hides;
use planguard_rego_syntax::tree::{Expr, LiteralKind};
use planguard_rego_syntax::walk::each_body;

use super::super::edit::{Edits, Written};
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let scopes = policy.scopes();
    let is_unused = |name: &Expr| {
        scopes.declaration(name).is_some_and(|declaration| declaration.hides != Hides::EarlierUse)
    };
    each_body(policy.module, &mut |body| {
        let is_declaration = |kind: &LiteralKind| matches!(kind, LiteralKind::Declaration(_));
        let first = body.literals.iter().position(|literal| !is_declaration(&literal.kind));
        let mut statements = Vec::new();
        for literal in &body.literals[first.unwrap_or(body.literals.len())..] {
            if let LiteralKind::Declaration(names) = &literal.kind
                && names.iter().all(is_unused)
            {
                let mut statement = Written::default();
                statement.push_moved(&edits.take(&literal.span), &literal.span);
                statements.push(statement);
                edits.replace(literal.span.clone(), "true");
            }
        }
        if let Some(literal) = first.and_then(|first| body.literals.get(first)) {
            edits.before(body, literal, &statements);
        }
    });
    edits
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn declarations_come_first() {
        assert_pass(
            edits,
            "r if {\n  some a\n  b := c[_]\n  some d, e # f\n  b[d][e]; some g\n}",
            "r if {\n  some a\n  some d, e; some g; b := c[_]\n  true # f\n  b[d][e]; true\n}",
        );
    }

    #[test]
    fn a_variable_that_is_used_earlier_is_left_to_the_engine() {
        for rule in ["r if { a; some a }", "r if { some a; some b; a[b] }", "r if { some a in b; a }"] {
            assert_pass(edits, rule, rule);
        }
    }
}
