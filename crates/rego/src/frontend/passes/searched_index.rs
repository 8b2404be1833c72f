//! Separates the search for a variable from its use in the same expression.
//!
//! In `f(k, xs[k])` and in `x = xs[x]`, OPA searches `xs` first, which binds the variable. The engine requires the
//! variable before it evaluates the expression and reports it as unsafe; if `some` declares the variable, it finds
//! nothing and reports nothing.
//!
//! ```text
//! x = xs[x]
//! __pg1 := xs[x]; x = __pg1
//! ```

use std::collections::HashSet;

use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Expr, ExprKind, LiteralKind, Step};
use planguard_rego_syntax::walk::{each_body, outside_bodies};

use super::super::edit::{Edits, Written};
use super::super::policy::{Policy, modifiers};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let scopes = policy.scopes();
    each_body(policy.module, &mut |body| {
        for literal in &body.literals {
            let LiteralKind::Expression(expr) = &literal.kind else { continue };
            let mut reader = IndexUses { policy, scopes, used: HashSet::new(), searches: Vec::new() };
            reader.read(expr);
            let IndexUses { used, searches, .. } = reader;
            let mut statements = Vec::new();
            for (search, variables) in searches {
                if variables.iter().any(|variable| used.contains(variable)) {
                    let name = policy.fresh_name();
                    let mut statement = Written::from(format!("{name} := ").as_str());
                    statement.push_moved(&edits.take(&search.span), &search.span);
                    statement.push(&modifiers(&edits, literal));
                    statements.push(statement);
                    edits.replace(search.span.clone(), name.as_str());
                }
            }
            edits.before(body, literal, &statements);
        }
    });
    edits
}

struct IndexUses<'a, 'p> {
    policy: &'a Policy<'p>,
    scopes: &'a Scopes<'p>,
    /// Variables that occur other than as indexes.
    used: HashSet<&'p str>,
    /// References with variable indexes.
    searches: Vec<(&'a Expr, HashSet<&'p str>)>,
}

impl<'a> IndexUses<'a, '_> {
    fn read(&mut self, expr: &'a Expr) {
        let name = self.policy.text_of(expr);
        match &expr.kind {
            ExprKind::Name if name != "_" && self.policy.is_open(self.scopes, expr) => {
                self.used.insert(name);
            }
            ExprKind::Reference { base, steps } => {
                let mut variables = HashSet::new();
                for step in steps {
                    if let Step::Index(index) = step {
                        outside_bodies(index, &mut |part| {
                            if matches!(part.kind, ExprKind::Name) && self.policy.is_open(self.scopes, part) {
                                variables.insert(self.policy.text_of(part));
                            }
                        });
                    }
                }
                if variables.is_empty() {
                    self.read(base);
                } else {
                    self.searches.push((expr, variables));
                }
            }
            ExprKind::Call { arguments, .. } => {
                for argument in arguments {
                    self.read(argument);
                }
            }
            ExprKind::Comprehension { .. } => {}
            ExprKind::Name
            | ExprKind::Scalar(_)
            | ExprKind::Template(_)
            | ExprKind::Parenthesised(_)
            | ExprKind::Operation { .. }
            | ExprKind::Array(_)
            | ExprKind::Set(_)
            | ExprKind::Object(_) => {
                for child in expr.children() {
                    self.read(child);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn the_search_comes_first() {
        assert_pass(edits, "r { x = xs[x] }", "r { __pg1 := xs[x]; x = __pg1 }");
        assert_pass(edits, "r if { some x; xs[x] = x }", "r if { some x; __pg1 := xs[x]; __pg1 = x }");
        assert_pass(edits, "r if f(k, [input.a[k]])", "r if { __pg1 := input.a[k]; f(k, [__pg1]) }");
    }

    #[test]
    fn a_variable_that_is_only_an_index_is_unchanged() {
        for rule in [
            "r if { x = xs[y] }",
            "r if { _ = xs[_] }",
            "r if { some k; a[k] != b[k] }",
            "r if { k := 1; f(k, a[k]) }",
            "f(k) if { k != a[k] }",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
