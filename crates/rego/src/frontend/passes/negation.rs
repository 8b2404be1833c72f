//! Extracts references from negated expressions.
//!
//! OPA evaluates the arguments of a call before the call and outside its `not`, so the body is undefined if one of
//! them is. The engine evaluates them inside, where undefined makes the negation true, and a rule fires for resources
//! without the attribute. Operators other than `==` and `=` are calls; from these two, OPA extracts nested calls and
//! bracketed expressions, but not references.
//!
//! ```text
//! not startswith(rc.name, "x")
//! __pg1 := rc.name; not startswith(__pg1, "x")
//! ```

use std::collections::HashSet;

use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Body, Expr, ExprKind, Literal, LiteralKind, OperatorFamily, Step};

use super::super::bound;
use super::super::edit::{Edits, Written};
use super::super::policy::{Policy, modifiers};
use super::super::unsafe_negation::unbound;
use super::settled_index;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let scopes = policy.scopes();
    let mut pass = Pass { policy, scopes, edits: policy.edits(), found: HashSet::new() };
    for rule in &policy.module.rules {
        for branch in &rule.branches {
            pass.found = bound::names(policy, rule, branch);
            if let Some(body) = &branch.body {
                pass.body(body);
            }
            for expr in rule.head_exprs(branch) {
                pass.expr(expr);
            }
        }
    }
    pass.edits
}

struct Pass<'a, 'p> {
    policy: &'a Policy<'p>,
    scopes: &'a Scopes<'p>,
    edits: Edits<'p>,
    /// See [`bound::names`].
    found: HashSet<&'p str>,
}

impl Pass<'_, '_> {
    fn body(&mut self, body: &Body) {
        for literal in &body.literals {
            for expr in literal.exprs() {
                self.expr(expr);
            }
            if let Some(body) = literal.body() {
                self.body(body);
            }
            if let LiteralKind::Negation(negated) = &literal.kind {
                self.negation(body, literal, negated);
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        for child in expr.children() {
            self.expr(child);
        }
        if let Some(body) = expr.body() {
            self.body(body);
        }
    }

    fn negation(&mut self, body: &Body, literal: &Literal, negated: &Expr) {
        let mut lifted = Vec::new();
        self.of_term(negated, &mut lifted);
        // OPA rejects a negation that would have to bind variables; so does the check after the passes.
        let searches = |expr: &&Expr| unbound(self.policy, self.scopes, &self.found, expr).is_some();
        if lifted.iter().any(searches) {
            return;
        }
        let mut statements = Vec::new();
        for expr in lifted {
            let name = self.policy.fresh_name();
            let mut statement = Written::from(format!("{name} := ").as_str());
            statement.push_moved(&self.edits.take(&expr.span), &expr.span);
            statement.push(&modifiers(&self.edits, literal));
            statements.push(statement);
            self.edits.replace(expr.span.clone(), name.as_str());
        }
        self.edits.before(body, literal, &statements);
    }

    /// Collects the parts that OPA extracts from a negated expression.
    fn of_term<'e>(&self, expr: &'e Expr, lifted: &mut Vec<&'e Expr>) {
        let expr = expr.bare();
        match &expr.kind {
            ExprKind::Scalar(_)
            | ExprKind::Template(_)
            | ExprKind::Name
            | ExprKind::Parenthesised(_)
            | ExprKind::Comprehension { .. } => {}
            ExprKind::Reference { base, steps } => {
                self.of_argument(base, lifted, Names::Stay);
                for step in steps {
                    match step {
                        Step::Field(_) => {}
                        Step::Index(index) if settled_index::is_hidden(self.policy, index) => {}
                        Step::Index(index) => self.of_argument(index, lifted, Names::Go),
                    }
                }
            }
            ExprKind::Call { function, arguments } => {
                // The arguments of `print` may be undefined.
                if self.policy.text_of(function) != "print" {
                    for argument in arguments {
                        self.of_argument(argument, lifted, Names::Go);
                    }
                }
            }
            ExprKind::Operation { operator, operands } => match operator.family() {
                OperatorFamily::Assignment => {}
                OperatorFamily::Unification | OperatorFamily::Equality => {
                    for operand in operands {
                        match &operand.bare().kind {
                            ExprKind::Reference { .. } => self.of_term(operand, lifted),
                            _ => self.of_argument(operand, lifted, Names::Stay),
                        }
                    }
                }
                OperatorFamily::Membership
                | OperatorFamily::Inequality
                | OperatorFamily::Order
                | OperatorFamily::Computation => {
                    for operand in operands {
                        self.of_argument(operand, lifted, Names::Go);
                    }
                }
            },
            ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_) => {
                self.of_argument(expr, lifted, Names::Stay)
            }
        }
    }

    /// Collects what OPA extracts from an argument: the argument, unless it is always defined.
    fn of_argument<'e>(&self, expr: &'e Expr, lifted: &mut Vec<&'e Expr>, names: Names) {
        let is_lifted = match &expr.kind {
            ExprKind::Scalar(_) | ExprKind::Template(_) | ExprKind::Comprehension { .. } => false,
            ExprKind::Name => {
                let name = self.policy.text_of(expr);
                names == Names::Go && self.policy.is_global(self.scopes, expr) && name != "input"
            }
            ExprKind::Reference { .. } | ExprKind::Call { .. } | ExprKind::Operation { .. } => true,
            ExprKind::Parenthesised(inner) => return self.of_argument(inner, lifted, names),
            ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_) => {
                let mut inner = Vec::new();
                for child in expr.children() {
                    self.of_argument(child, &mut inner, Names::Go);
                }
                !inner.is_empty()
            }
        };
        if is_lifted {
            lifted.push(expr);
        }
    }
}

/// Whether the names of rules are extracted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Go,
    Stay,
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    fn unchanged(rule: &str) {
        assert_pass(edits, rule, rule);
    }

    #[test]
    fn arguments_move_before_the_negation() {
        assert_pass(
            edits,
            "r if {\n  not startswith(input.a, \"b\")\n}",
            "r if {\n  __pg1 := input.a; not startswith(__pg1, \"b\")\n}",
        );
        assert_pass(
            edits,
            "r if not input.a > input.b",
            "r if { __pg1 := input.a; __pg2 := input.b; not __pg1 > __pg2 }",
        );
        assert_pass(
            edits,
            "r { not f(\ninput.a) with input as 1 }",
            "r { __pg1 := input.a with input as 1; not f(\n__pg1) with input as 1 }",
        );
        assert_pass(edits, "q := 1\nr if not f(q)", "q := 1\nr if { __pg1 := q; not f(__pg1) }");
    }

    #[test]
    fn plain_references_and_equality_stay() {
        unchanged("r if not input.a");
        unchanged("r if not input.a == 1");
        unchanged("r if not f(input)");
        unchanged("r if not [y | y := input.a]");
        unchanged("r if not print(input.a)");
        assert_pass(
            edits,
            "r if not input[input.c] == 1",
            "r if { __pg1 := input.c; not input[__pg1] == 1 }",
        );
        assert_pass(
            edits,
            "r if not count(input.a) == input.b",
            "r if { __pg1 := count(input.a); not __pg1 == input.b }",
        );
        assert_pass(edits, "r if not [input.a] == [1]", "r if { __pg1 := [input.a]; not __pg1 == [1] }");
    }

    #[test]
    fn inner_negations_move_with_the_enclosing_expression() {
        assert_pass(
            edits,
            "r if {\n  not count([y |\n    y := input.b[_] # b\n    not f(y.a)\n  ]) > 1\n}",
            "r if {\n  __pg2 := count([y | y := input.b[_]; __pg1 := y.a; not f(__pg1) ]); not \n\n\n__pg2 > 1\n}",
        );
    }

    #[test]
    fn a_negation_that_would_search_is_left_to_the_engine() {
        unchanged("r if not f(input[_])");
        unchanged("r if not f(input[i])");
        unchanged("r if { some i; not f(input[i]) }");
        assert_pass(edits, "r if not f(g(input[_]))", "r if { __pg1 := g(input[_]); not f(__pg1) }");
        assert_pass(
            edits,
            "r if { input[i]; not f(input[i]) }",
            "r if { input[i]; __pg1 := input[i]; not f(__pg1) }",
        );
    }
}
