//! Replaces `walk` with one argument by the form with two.
//!
//! In OPA, `walk(x)` yields each pair of a path and a value, anywhere in an expression. The engine supports only the
//! form with two arguments; the other form is undefined without an error, so a rule never fires.
//!
//! ```text
//! [path, value] := walk(input); some pair in walk(input)
//! walk(input, [path, value]); walk(input, __pg1); some pair in __pg1
//! ```

use planguard_rego_syntax::tree::{Body, Expr, ExprKind, LiteralKind, OperatorFamily};
use planguard_rego_syntax::walk::outside_bodies;

use super::super::edit::{Edits, Written};
use super::super::policy::{Policy, modifiers};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut pass = Pass { policy, edits: policy.edits() };
    for rule in &policy.module.rules {
        for branch in &rule.branches {
            if let Some(body) = &branch.body {
                pass.body(body);
            }
            let mut statements = Vec::new();
            for expr in rule.head_exprs(branch) {
                pass.expr(expr, &mut statements);
            }
            match &branch.body {
                Some(body) => pass.edits.after(body, &statements),
                None => pass.edits.add_body(branch.span.end, policy.version, &statements),
            }
        }
    }
    pass.edits
}

struct Pass<'a, 'p> {
    policy: &'a Policy<'p>,
    edits: Edits<'p>,
}

impl Pass<'_, '_> {
    fn body(&mut self, body: &Body) {
        for literal in &body.literals {
            let mut statements = Vec::new();
            match &literal.kind {
                LiteralKind::Expression(expr) => self.statement(expr, &mut statements),
                LiteralKind::Declaration(_)
                | LiteralKind::SomeIn { .. }
                | LiteralKind::Every { .. }
                | LiteralKind::Negation(_) => {
                    for expr in literal.own_exprs() {
                        self.expr(expr, &mut statements);
                    }
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

    /// Rewrites a literal, which can become the relation as a whole.
    fn statement(&mut self, expr: &Expr, statements: &mut Vec<Written>) {
        let Some((pattern, call)) = self.pattern(expr) else { return self.expr(expr, statements) };
        self.expr(pattern, statements);
        for child in call.children() {
            self.expr(child, statements);
        }
        let Some(argument) = self.argument(call) else { return };
        let mut relation = Written::from("walk(");
        relation.push_moved(&self.edits.take(&argument.span), &argument.span);
        relation.push(", ");
        relation.push_moved(&self.edits.take(&pattern.span), &pattern.span);
        relation.push(")");
        self.edits.replace(expr.span.clone(), relation);
    }

    /// Returns the pattern for the pairs of `walk`, if the expression is only a match.
    fn pattern<'e>(&self, expr: &'e Expr) -> Option<(&'e Expr, &'e Expr)> {
        let ExprKind::Operation { operator, operands } = &expr.kind else { return None };
        let [left, right] = operands.as_slice() else { return None };
        let (pattern, call) = if self.argument(right).is_some() { (left, right) } else { (right, left) };
        self.argument(call)?;
        match operator.family() {
            OperatorFamily::Unification => Some((pattern, call)),
            // In the relation, the name of a rule would refer to the rule.
            OperatorFamily::Assignment => {
                let mut names_rule = false;
                outside_bodies(pattern, &mut |part| {
                    let name = self.policy.text_of(part);
                    names_rule |= self.policy.is_rule(name) || self.policy.is_import(name);
                });
                (!names_rule).then_some((pattern, call))
            }
            OperatorFamily::Equality
            | OperatorFamily::Membership
            | OperatorFamily::Inequality
            | OperatorFamily::Order
            | OperatorFamily::Computation => None,
        }
    }

    /// Collects the statements that compute the pairs of an expression.
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
        if let Some(argument) = self.argument(expr) {
            let name = self.policy.fresh_name();
            let mut statement = Written::from("walk(");
            statement.push_moved(&self.edits.take(&argument.span), &argument.span);
            statement.push(&format!(", {name})"));
            statements.push(statement);
            self.edits.replace(expr.span.clone(), name.as_str());
        }
    }

    /// Returns the only argument of a call of `walk`.
    fn argument<'e>(&self, expr: &'e Expr) -> Option<&'e Expr> {
        let ExprKind::Call { function, arguments } = &expr.kind else { return None };
        let [argument] = arguments.as_slice() else { return None };
        let is_walk = self.policy.text_of(function) == "walk" && !self.policy.is_rule("walk");
        is_walk.then_some(argument)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn a_match_becomes_the_relation() {
        assert_pass(
            edits,
            "r if {\n  [p, v] := walk(input.x) with input as 1\n}",
            "r if {\n  walk(input.x, [p, v]) with input as 1\n}",
        );
        assert_pass(edits, "r if w = walk(\nx)", "r if \nwalk(x, w)");
        assert_pass(edits, "r if walk(x) = [_, 1]", "r if walk(x, [_, 1])");
    }

    #[test]
    fn a_pair_is_computed_before_its_use() {
        assert_pass(edits, "r if some x in walk(y)", "r if { walk(y, __pg1); some x in __pg1 }");
        assert_pass(
            edits,
            "p := 1\nr if [p, v] := walk(y)",
            "p := 1\nr if { walk(y, __pg1); [p, v] := __pg1 }",
        );
        assert_pass(
            edits,
            "r if walk(walk(x)[1])[1]",
            "r if { walk(x, __pg1); walk(__pg1[1], __pg2); __pg2[1] }",
        );
    }

    #[test]
    fn pairs_in_heads_are_computed_at_the_end_of_the_body() {
        assert_pass(edits, "r := [walk(y) | y := 1]", "r := [__pg1 | y := 1; walk(y, __pg1)]");
        assert_pass(edits, "r := walk(x)", "r := __pg1 if { walk(x, __pg1) }");
        assert_pass(edits, "r contains walk(x) if x := 1", "r contains __pg1 if { x := 1; walk(x, __pg1) }");
    }

    #[test]
    fn the_relation_is_unchanged() {
        assert_pass(edits, "r if walk(x, [p, v])", "r if walk(x, [p, v])");
    }
}
