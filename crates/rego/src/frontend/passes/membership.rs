//! Extracts references from an `in` whose result is used.
//!
//! In OPA, `x.missing in xs` is undefined, as is any expression that uses it. In the engine it is false. That makes
//! no difference for a literal, only where its value is used.
//!
//! ```text
//! allowed := rc.region in regions
//! __pg1 := rc.region; allowed := __pg1 in regions
//! ```

use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Body, Expr, ExprKind, LiteralKind, Operator};

use super::super::edit::{Edits, Written};
use super::super::policy::{Policy, modifiers};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let scopes = policy.scopes();
    let mut pass = Pass { policy, scopes, edits: policy.edits() };
    for rule in &policy.module.rules {
        for branch in &rule.branches {
            if let Some(body) = &branch.body {
                pass.body(body);
            }
            // Only bodies inside heads remain: earlier passes moved the values of heads into bodies.
            for expr in rule.head_exprs(branch) {
                pass.nested(expr);
            }
        }
    }
    pass.edits
}

struct Pass<'a, 'p> {
    policy: &'a Policy<'p>,
    scopes: &'a Scopes<'p>,
    edits: Edits<'p>,
}

impl Pass<'_, '_> {
    fn body(&mut self, body: &Body) {
        for literal in &body.literals {
            let mut statements = Vec::new();
            for expr in literal.own_exprs() {
                match (&literal.kind, &expr.bare().kind) {
                    // The pass on negations has already run.
                    (LiteralKind::Negation(_), _) => self.nested(expr),
                    (
                        LiteralKind::Expression(_),
                        ExprKind::Operation { operator: Operator::In, operands },
                    ) => {
                        for operand in operands {
                            self.expr(operand, &mut statements);
                        }
                    }
                    _ => self.expr(expr, &mut statements),
                }
            }
            if let Some(body) = literal.body() {
                self.body(body);
            }
            for statement in &mut statements {
                statement.push(&modifiers(&self.edits, literal));
            }
            self.edits.before(body, literal, &statements);
        }
    }

    /// Visits comprehensions only.
    fn nested(&mut self, expr: &Expr) {
        if matches!(expr.kind, ExprKind::Comprehension { .. }) {
            return self.expr(expr, &mut Vec::new());
        }
        for child in expr.children() {
            self.nested(child);
        }
    }

    fn expr(&mut self, expr: &Expr, statements: &mut Vec<Written>) {
        if let ExprKind::Comprehension { head, body } = &expr.kind {
            self.body(body);
            let mut inner = Vec::new();
            for head in head.exprs() {
                self.expr(head, &mut inner);
            }
            self.edits.after(body, &inner);
            return;
        }
        for child in expr.children() {
            self.expr(child, statements);
        }
        let ExprKind::Operation { operator: Operator::In, operands } = &expr.kind else { return };
        for operand in operands {
            if self.may_be_undefined(operand) {
                let name = self.policy.fresh_name();
                let mut statement = Written::from(format!("{name} := ").as_str());
                statement.push_moved(&self.edits.take(&operand.span), &operand.span);
                statements.push(statement);
                self.edits.replace(operand.span.clone(), name.as_str());
            }
        }
    }

    fn may_be_undefined(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Name => self.policy.is_global(self.scopes, expr),
            ExprKind::Reference { .. } | ExprKind::Call { .. } | ExprKind::Operation { .. } => true,
            ExprKind::Parenthesised(_) | ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_) => {
                expr.children().into_iter().any(|child| self.may_be_undefined(child))
            }
            ExprKind::Scalar(_) | ExprKind::Template(_) | ExprKind::Comprehension { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn operands_are_assigned_before_the_result_is_used() {
        assert_pass(edits, "r if y := x.a in [1]", "r if { __pg1 := x.a; y := __pg1 in [1] }");
        assert_pass(edits, "r if y := [x.a] in z", "r if { __pg1 := [x.a]; y := __pg1 in z }");
        assert_pass(edits, "x := 1\nr if y := 1 in x", "x := 1\nr if { __pg1 := x; y := 1 in __pg1 }");
        assert_pass(edits, "r := [y | y := x.a in [1]]", "r := [y | __pg1 := x.a; y := __pg1 in [1]]");
    }

    #[test]
    fn a_test_is_unchanged() {
        for rule in ["r if x.a in [1]", "r if not (x.a in [1])", "r if some x in y.a"] {
            assert_pass(edits, rule, rule);
        }
    }
}
