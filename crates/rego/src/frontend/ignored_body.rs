//! Finds bodies that OPA leaves out although they may not hold.
//!
//! If a head has to be evaluated, OPA adds that to the body. A body that is only `true` is left out then, and OPA does so
//! before it looks at the `not` in front of it and the `with` behind it: `r := input.x if not true` has a value, for which
//! a policy is refused. A `with` is left out here as well.
//!
//! ```text
//! r := input.x if true with input.y as input.z
//! r := input.x if true
//! ```

use planguard_rego_syntax::tree::{Body, Expr, ExprKind, Literal, LiteralKind, Rule, Scalar};
use planguard_rego_syntax::walk::{self, Visitor, outside_bodies};

use super::edit::Edits;
use super::policy::Policy;

/// Returns the offset of a `not true` that OPA leaves out.
pub(super) fn find(policy: &Policy<'_>) -> Option<usize> {
    let mut reader = Reader { policy, negated: None, edits: policy.edits() };
    walk::inside_module(&mut reader, policy.module);
    reader.negated
}

/// Leaves the `with` of `true` out where OPA does.
pub(super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut reader = Reader { policy, negated: None, edits: policy.edits() };
    walk::inside_module(&mut reader, policy.module);
    reader.edits
}

struct Reader<'a, 'p> {
    policy: &'a Policy<'p>,
    negated: Option<usize>,
    edits: Edits<'p>,
}

impl<'m> Visitor<'m> for Reader<'_, '_> {
    fn rule(&mut self, rule: &'m Rule) {
        // Inner bodies first, since they go with the outer ones.
        for branch in &rule.branches {
            walk::inside_branch(self, rule, branch);
            if let Some(body) = &branch.body {
                self.body_of(body, &rule.head_exprs(branch));
            }
        }
    }

    fn expr(&mut self, expr: &'m Expr) {
        walk::inside_expr(self, expr);
        if let ExprKind::Comprehension { head, body } = &expr.kind {
            self.body_of(body, &head.exprs().iter().collect::<Vec<_>>());
        }
    }
}

impl Reader<'_, '_> {
    fn body_of(&mut self, body: &Body, head: &[&Expr]) {
        if let [literal] = body.literals.as_slice()
            && is_more_than_true(literal)
            && head.iter().any(|expr| self.is_evaluated(expr))
        {
            match &literal.kind {
                LiteralKind::Negation(_) => self.negated = self.negated.or(Some(literal.span.start)),
                _ => {
                    self.edits.take(&literal.span);
                    self.edits.replace(literal.span.clone(), "true");
                }
            }
        }
    }

    fn is_evaluated(&self, expr: &Expr) -> bool {
        let mut found = false;
        outside_bodies(expr, &mut |part| {
            found |= match part.kind {
                ExprKind::Reference { .. }
                | ExprKind::Call { .. }
                | ExprKind::Operation { .. }
                | ExprKind::Template(_)
                | ExprKind::Comprehension { .. } => true,
                ExprKind::Name => self.policy.is_global(self.policy.scopes(), part),
                ExprKind::Scalar(_)
                | ExprKind::Parenthesised(_)
                | ExprKind::Array(_)
                | ExprKind::Set(_)
                | ExprKind::Object(_) => false,
            };
        });
        found
    }
}

/// Whether a literal is `true` with a `not` or a `with`.
pub(super) fn is_more_than_true(literal: &Literal) -> bool {
    let (expr, is_negated) = match &literal.kind {
        LiteralKind::Negation(expr) => (expr, true),
        LiteralKind::Expression(expr) => (expr, false),
        LiteralKind::Declaration(_) | LiteralKind::SomeIn { .. } | LiteralKind::Every { .. } => return false,
    };
    expr.bare().scalar() == Some(&Scalar::Bool(true)) && (is_negated || !literal.withs.is_empty())
}

#[cfg(test)]
mod tests {
    use planguard_rego_syntax::parse::parse;

    use super::super::super::options::RegoVersion;
    use super::super::policy::RuleNames;
    use super::super::tests::assert_pass;
    use super::*;

    fn found(rule: &str) -> Option<String> {
        let text = format!("package main\n{rule}");
        let module = parse(&text).unwrap();
        let mut names = RuleNames::default();
        names.add(&module, &text);
        let policy = Policy::new(&text, &module, RegoVersion::V1, &names);
        find(&policy).map(|at| text[at..].to_owned())
    }

    #[test]
    fn a_body_that_is_left_out_is_found() {
        for (rule, place) in [
            ("r := input.x if not true", "not true"),
            ("r contains f(1) if { not (true) }", "not (true) }"),
            ("q := 1\nr[q] := 1 if not true", "not true"),
            ("r := 1 if false else := input if not true", "not true"),
            ("r := [[input.x] | not true]", "not true]"),
        ] {
            assert_eq!(found(rule).as_deref(), Some(place), "{rule}");
        }
    }

    #[test]
    fn the_with_of_such_a_body_is_left_out() {
        assert_pass(
            edits,
            "r := [f(x) | (true) with input.x as [y.z | true with a as b]\nwith c as d]",
            "r := [f(x) | \ntrue]",
        );
        for rule in ["r := 1 if true with input as x", "r := input.x if { true with input as x; y }"] {
            assert_pass(edits, rule, rule);
        }
    }

    #[test]
    fn a_body_that_counts_is_accepted() {
        for rule in [
            "r := 1 if not true",
            "r := input.x if true",
            "r := input.x if { not true; true }",
            "f(x) := [x] if not true",
            "r := input.x if not false",
            "r := [1 | not true]",
        ] {
            assert_eq!(found(rule), None, "{rule}");
        }
    }
}
