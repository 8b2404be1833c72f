//! Finds arguments whose object has a key that a later statement finds.
//!
//! OPA does not see that a call needs the variables in the keys of its arguments, and evaluates the call before they have
//! values. `j := f({k: 1}); not j == 2; k = xs[_]` then tests `j` without a value: the negation never holds, and other
//! operators fail with an internal error.

use std::collections::HashSet;

use planguard_rego_syntax::tree::{Body, Branch, Expr, ExprKind, Literal, LiteralKind, Rule};
use planguard_rego_syntax::walk::{self, Visitor, outside_bodies};

use super::bound;
use super::policy::Policy;

/// Returns the offset of such a key.
pub(super) fn find(policy: &Policy<'_>) -> Option<usize> {
    let mut reader = Reader { policy, found: None };
    walk::inside_module(&mut reader, policy.module);
    reader.found
}

struct Reader<'a, 'p> {
    policy: &'a Policy<'p>,
    found: Option<usize>,
}

impl<'m> Visitor<'m> for Reader<'_, '_> {
    fn rule(&mut self, rule: &'m Rule) {
        for branch in &rule.branches {
            self.branch(rule, branch);
        }
    }

    fn literal(&mut self, literal: &'m Literal) {
        if let LiteralKind::Every { body, .. } = &literal.kind {
            self.body_of(body);
        }
        walk::inside_literal(self, literal);
    }

    fn expr(&mut self, expr: &'m Expr) {
        if let Some(body) = expr.body() {
            self.body_of(body);
        }
        walk::inside_expr(self, expr);
    }
}

impl Reader<'_, '_> {
    fn branch(&mut self, rule: &Rule, branch: &Branch) {
        if let Some(body) = &branch.body {
            self.body_of(body);
        }
        walk::inside_branch(self, rule, branch);
    }

    fn body_of(&mut self, body: &Body) {
        for (index, literal) in body.literals.iter().enumerate() {
            // A call that is a statement of its own has no value for others.
            let LiteralKind::Expression(expr) = &literal.kind else { continue };
            if matches!(expr.bare().kind, ExprKind::Call { .. }) {
                continue;
            }
            let keys = self.open_keys(expr);
            if keys.is_empty() {
                continue;
            }
            let (before, after) = (&body.literals[..index], &body.literals[index + 1..]);
            let (earlier, later) =
                (bound::names_in(self.policy, before), bound::names_in(self.policy, after));
            let is_late = |key: &&Expr| {
                let name = self.policy.text_of(key);
                later.contains(name) && !earlier.contains(name)
            };
            self.found = self.found.or_else(|| keys.into_iter().find(is_late).map(|key| key.span.start));
        }
    }

    /// The variables in the keys of objects in arguments.
    fn open_keys<'e>(&self, expr: &'e Expr) -> Vec<&'e Expr> {
        let (mut keys, mut seen) = (Vec::new(), HashSet::new());
        outside_bodies(expr, &mut |part| {
            let ExprKind::Call { arguments, .. } = &part.kind else { return };
            for argument in arguments {
                outside_bodies(argument, &mut |inner| {
                    let ExprKind::Object(fields) = &inner.kind else { return };
                    for (key, _) in fields {
                        outside_bodies(key, &mut |name| {
                            let is_variable = matches!(name.kind, ExprKind::Name)
                                && self.policy.text_of(name) != "_"
                                && self.policy.is_open(self.policy.scopes(), name);
                            if is_variable && seen.insert(name.span.start) {
                                keys.push(name);
                            }
                        });
                    }
                });
            }
        });
        keys
    }
}

#[cfg(test)]
mod tests {
    use planguard_rego_syntax::parse::parse;

    use super::super::super::options::RegoVersion;
    use super::super::policy::RuleNames;
    use super::*;

    fn is_found(rule: &str) -> bool {
        let text = format!("package main\n{rule}");
        let module = parse(&text).unwrap();
        let mut names = RuleNames::default();
        names.add(&module, &text);
        find(&Policy::new(&text, &module, RegoVersion::V1, &names)).is_some()
    }

    #[test]
    fn a_key_that_is_found_later_is_found() {
        for rule in [
            "r if { j := count({k: 1}); not j == 5; k = input.ks[_] }",
            "r := [j | j = f(1, [{\"a\": {k: 1}}]) + 1; input.ks[k]]",
            "r if { every x in xs { j = f({k: x}); ys[k] } }",
        ] {
            assert!(is_found(rule), "{rule}");
        }
    }

    #[test]
    fn other_keys_are_accepted() {
        for rule in [
            "r if { k = input.ks[_]; j := count({k: 1}); not j == 5 }",
            "r if { j := count({\"a\": k}); k = input.ks[_] }",
            "r if { {k: 1} = x; x = {\"a\": 1}; k = \"a\" }",
            "r if { count({k: 1}, j); k = input.ks[_] }",
            "f(k) := x if { x := count({k: 1}); y = k }",
            "r if { some k; ks[k]; j := count({k: 1}); xs[k] == j }",
        ] {
            assert!(!is_found(rule), "{rule}");
        }
    }
}
