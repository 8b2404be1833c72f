//! Finds negations that would have to bind variables, which OPA rejects.
//!
//! A negation binds nothing: `not xs[_] == 1` could mean that another member exists or that none does. The engine
//! silently chooses one of the two.

use std::collections::HashSet;

use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Expr, ExprKind, Literal, LiteralKind, Rule};
use planguard_rego_syntax::walk::{self, Visitor};

use super::bound;
use super::policy::Policy;

/// Returns the offset of a variable that is bound only inside its negation.
pub(super) fn find(policy: &Policy<'_>) -> Option<usize> {
    let mut reader = NegationScan { policy, scopes: policy.scopes(), bound: HashSet::new(), found: None };
    walk::inside_module(&mut reader, policy.module);
    reader.found
}

struct NegationScan<'a, 'p> {
    policy: &'a Policy<'p>,
    scopes: &'a Scopes<'p>,
    /// See [`bound::names`].
    bound: HashSet<&'p str>,
    found: Option<usize>,
}

impl<'m> Visitor<'m> for NegationScan<'_, '_> {
    fn rule(&mut self, rule: &'m Rule) {
        for branch in &rule.branches {
            self.bound = bound::names(self.policy, rule, branch);
            walk::inside_branch(self, rule, branch);
        }
    }

    fn literal(&mut self, literal: &'m Literal) {
        walk::inside_literal(self, literal);
        if let LiteralKind::Negation(negated) = &literal.kind {
            self.negation(negated);
        }
    }
}

impl NegationScan<'_, '_> {
    fn negation(&mut self, negated: &Expr) {
        let negated = negated.bare();
        let parts = match &negated.kind {
            ExprKind::Call { arguments, .. } => arguments.iter().collect(),
            ExprKind::Operation { operands, .. } => operands.iter().collect(),
            ExprKind::Scalar(_)
            | ExprKind::Template(_)
            | ExprKind::Name
            | ExprKind::Parenthesised(_)
            | ExprKind::Reference { .. }
            | ExprKind::Array(_)
            | ExprKind::Set(_)
            | ExprKind::Object(_)
            | ExprKind::Comprehension { .. } => vec![negated],
        };
        let unbound = parts.into_iter().find_map(|part| unbound(self.policy, self.scopes, &self.bound, part));
        self.found = self.found.or(unbound.map(|name| name.span.start));
    }
}

/// Returns an unbound variable in a part of a negated expression. OPA extracts calls from such parts, so those may
/// bind variables.
pub(super) fn unbound<'e>(
    policy: &Policy<'_>,
    scopes: &Scopes<'_>,
    bound: &HashSet<&str>,
    expr: &'e Expr,
) -> Option<&'e Expr> {
    match &expr.kind {
        ExprKind::Name => {
            let name = policy.text_of(expr);
            (name == "_" || policy.is_open(scopes, expr) && !bound.contains(name)).then_some(expr)
        }
        ExprKind::Scalar(_)
        | ExprKind::Template(_)
        | ExprKind::Call { .. }
        | ExprKind::Operation { .. }
        | ExprKind::Comprehension { .. } => None,
        ExprKind::Parenthesised(_)
        | ExprKind::Reference { .. }
        | ExprKind::Array(_)
        | ExprKind::Set(_)
        | ExprKind::Object(_) => {
            expr.children().into_iter().find_map(|child| unbound(policy, scopes, bound, child))
        }
    }
}

#[cfg(test)]
mod tests {
    use planguard_rego_syntax::parse::parse;

    use super::super::super::options::RegoVersion;
    use super::super::policy::RuleNames;
    use super::*;

    /// Returns the text from the reported offset on.
    fn found(rule: &str) -> Option<String> {
        let text = format!("package main\n{rule}");
        let module = parse(&text).unwrap();
        let mut names = RuleNames::default();
        names.add(&module, &text);
        let policy = Policy::new(&text, &module, RegoVersion::V1, &names);
        find(&policy).map(|at| text[at..].to_owned())
    }

    #[test]
    fn an_unbound_variable_is_found() {
        assert_eq!(found("r if not input.x[_] == 1"), Some("_] == 1".to_owned()));
        assert_eq!(found("r if { some i; not f(input.x[i]) }"), Some("i]) }".to_owned()));
        assert_eq!(found("r := [x | not x]"), Some("x]".to_owned()));
        assert_eq!(found("r if { x == 1; not x }"), Some("x }".to_owned()));
        assert_eq!(found("r if every x in y { not x[z] }"), Some("z] }".to_owned()));
    }

    #[test]
    fn a_bound_variable_is_accepted() {
        for rule in [
            "r if { input.y[i]; not input.x[i] }",
            "r if { not input.x[i]; i = 0 }",
            "f(i, [j]) if not input.x[i][j]",
            "r if { some x in y; not x.a[q]; not data.z }\nq := 1",
            "r if { not count([1 | input.x[_]; z]) == 1 }",
            "r if { not count(input.x[_]) == 1; not f([g(input.x[_])]) }",
            "r if { f(1, x); not x }",
            "r := [1 | some k, v in z; not k[v]]",
            "import data.lib\nr if not lib.x",
        ] {
            assert_eq!(found(rule), None, "{rule}");
        }
    }
}
