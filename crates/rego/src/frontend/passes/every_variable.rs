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
            let mut variables = Vec::new();
            operands.iter().for_each(|side| names_of_pattern(side, &mut variables));
            for variable in variables.into_iter().filter(is_of_every) {
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

/// The names that are an expression, or an item or a value of an array or object that is one.
pub(super) fn names_of_pattern<'e>(expr: &'e Expr, names: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::Name => names.push(expr),
        ExprKind::Array(items) => items.iter().for_each(|item| names_of_pattern(item, names)),
        ExprKind::Object(fields) => fields.iter().for_each(|(_, value)| names_of_pattern(value, names)),
        ExprKind::Scalar(_)
        | ExprKind::Template(_)
        | ExprKind::Parenthesised(_)
        | ExprKind::Reference { .. }
        | ExprKind::Call { .. }
        | ExprKind::Operation { .. }
        | ExprKind::Set(_)
        | ExprKind::Comprehension { .. } => {}
    }
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
            "r if every k, v in x { y := [w | __pg1 := k; w = __pg1]; __pg2 := v; __pg3 := v; [__pg2, y] = __pg3 }",
        );
        assert_pass(
            edits,
            "r if every v in x { {\"a\": [w, 1]} = {\"a\": [v, v.b]} }",
            "r if every v in x { __pg1 := v; {\"a\": [w, 1]} = {\"a\": [__pg1, v.b]} }",
        );
    }

    #[test]
    fn other_variables_are_unchanged() {
        for rule in ["r if { some v in x; w = v }", "r if every v in x { w := v; v == w; v.x = y }"] {
            assert_pass(edits, rule, rule);
        }
    }
}
