//! Copies a variable of `every` to a new name where `=` matches it.
//!
//! When the engine plans the match, a variable of `every` has no value yet, and the rule fails with an error.
//!
//! ```text
//! every tag in tags { [key, _] = tag; key != "" }
//! every tag in tags { __pg1 := tag; [key, _] = __pg1; key != "" }
//! ```

use planguard_rego_syntax::scope::DeclaredBy;
use planguard_rego_syntax::tree::{Expr, ExprKind, LiteralKind, Operator};
use planguard_rego_syntax::walk::each_body;

use super::super::edit::{Edits, Written};
use super::super::policy::Policy;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let scopes = policy.scopes();
    let is_of_every = |expr: &&Expr| {
        let declaration = scopes.declaration(expr).filter(|_| matches!(expr.kind, ExprKind::Name));
        declaration.is_some_and(|declaration| declaration.how == DeclaredBy::Every)
    };
    each_body(policy.module, &mut |body| {
        for literal in &body.literals {
            let LiteralKind::Expression(expr) = &literal.kind else { continue };
            let ExprKind::Operation { operator: Operator::Unify, operands } = &expr.kind else { continue };
            let mut statements = Vec::new();
            for variable in operands.iter().filter(is_of_every) {
                let name = policy.fresh_name();
                let mut statement = Written::from(format!("{name} := ").as_str());
                statement.push_moved(policy.text_of(variable), &variable.span);
                statements.push(statement);
                edits.replace(variable.span.clone(), name.as_str());
            }
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
    fn a_variable_of_every_is_assigned_first() {
        assert_pass(
            edits,
            "r if every k, v in x { y := [w | w = k]; [v, y] = v }",
            "r if every k, v in x { y := [w | __pg1 := k; w = __pg1]; __pg2 := v; [v, y] = __pg2 }",
        );
    }

    #[test]
    fn other_variables_are_unchanged() {
        for rule in ["r if { some v in x; w = v }", "r if every v in x { w := v; v == w; v.x = y }"] {
            assert_pass(edits, rule, rule);
        }
    }
}
