//! Finds the names that a rule can bind.

use std::collections::HashSet;

use planguard_rego_syntax::tree::{
    Body, Branch, Expr, ExprKind, Literal, LiteralKind, OperatorFamily, Rule, Step,
};
use planguard_rego_syntax::walk::outside_bodies;

use super::policy::Policy;

/// Returns the names that occur where a branch's bodies can bind a variable: as an index, in `=`, `:=` and `some`, and
/// as the last argument of a call. Any other name has a value from elsewhere, or none.
pub(super) fn names<'p>(policy: &Policy<'p>, rule: &Rule, branch: &Branch) -> HashSet<&'p str> {
    let mut reader = BoundNames { policy, inner: InnerBodies::Read, names: HashSet::new() };
    if let Some(body) = &branch.body {
        reader.body(body);
    }
    for expr in rule.head_exprs(branch) {
        reader.expr(expr, Position::Used);
    }
    reader.names
}

/// As [`names`], of some literals, without the bodies in them: what these bind has a value only there.
pub(super) fn names_in<'p>(policy: &Policy<'p>, literals: &[Literal]) -> HashSet<&'p str> {
    let mut reader = BoundNames { policy, inner: InnerBodies::LeftOut, names: HashSet::new() };
    // What a pass has moved out of a negation binds nothing where the author wrote it.
    for literal in literals.iter().filter(|literal| !policy.is_moved(literal)) {
        reader.literal(literal);
    }
    reader.names
}

/// Whether a variable is bound in its position.
#[derive(Clone, Copy)]
enum Position {
    Bound,
    Used,
}

/// Whether the bodies of comprehensions and of `every` are read.
#[derive(Clone, Copy)]
enum InnerBodies {
    Read,
    LeftOut,
}

struct BoundNames<'a, 'p> {
    policy: &'a Policy<'p>,
    inner: InnerBodies,
    names: HashSet<&'p str>,
}

impl BoundNames<'_, '_> {
    /// Reads the body of a branch, a comprehension or an `every`.
    fn body(&mut self, body: &Body) {
        match self.inner {
            InnerBodies::Read => self.literals(&body.literals),
            InnerBodies::LeftOut => {}
        }
    }

    fn literals(&mut self, literals: &[Literal]) {
        for literal in literals {
            self.literal(literal);
        }
    }

    fn literal(&mut self, literal: &Literal) {
        for with in &literal.withs {
            self.expr(&with.value, Position::Used);
        }
        match &literal.kind {
            LiteralKind::Declaration(_) => {}
            LiteralKind::SomeIn { patterns, collection } => {
                self.exprs(patterns, Position::Bound);
                self.expr(collection, Position::Used);
            }
            LiteralKind::Every { variables, collection, body } => {
                match self.inner {
                    InnerBodies::Read => self.exprs(variables, Position::Bound),
                    InnerBodies::LeftOut => {}
                }
                self.expr(collection, Position::Used);
                self.body(body);
            }
            LiteralKind::Expression(expr) => self.expr(expr, Position::Used),
            // A negation binds nothing, but the comprehensions in it do.
            LiteralKind::Negation(expr) => self.bodies(expr),
        }
    }

    fn bodies(&mut self, expr: &Expr) {
        outside_bodies(expr, &mut |part| {
            if part.body().is_some() {
                self.expr(part, Position::Used);
            }
        });
    }

    fn exprs(&mut self, exprs: &[Expr], position: Position) {
        for expr in exprs {
            self.expr(expr, position);
        }
    }

    fn expr(&mut self, expr: &Expr, position: Position) {
        match &expr.kind {
            ExprKind::Scalar(_) | ExprKind::Template(_) => {}
            ExprKind::Name => match position {
                Position::Bound => {
                    self.names.insert(self.policy.text_of(expr));
                }
                Position::Used => {}
            },
            ExprKind::Parenthesised(inner) => self.expr(inner, position),
            ExprKind::Reference { base, steps } => {
                self.expr(base, Position::Used);
                for step in steps {
                    match step {
                        Step::Field(_) => {}
                        Step::Index(index) => self.expr(index, Position::Bound),
                    }
                }
            }
            ExprKind::Call { arguments, .. } => {
                if let Some((last, others)) = arguments.split_last() {
                    self.exprs(others, Position::Used);
                    self.expr(last, Position::Bound);
                }
            }
            ExprKind::Operation { operator, operands } => match operator.family() {
                OperatorFamily::Assignment | OperatorFamily::Unification => {
                    self.exprs(operands, Position::Bound)
                }
                OperatorFamily::Equality
                | OperatorFamily::Inequality
                | OperatorFamily::Membership
                | OperatorFamily::Order
                | OperatorFamily::Computation => self.exprs(operands, Position::Used),
            },
            ExprKind::Array(items) | ExprKind::Set(items) => self.exprs(items, position),
            ExprKind::Object(fields) => {
                for (key, value) in fields {
                    self.expr(key, Position::Used);
                    self.expr(value, position);
                }
            }
            ExprKind::Comprehension { head, body } => {
                self.body(body);
                self.exprs(head.exprs(), Position::Used);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use planguard_rego_syntax::parse::parse;

    use super::super::super::options::RegoVersion;
    use super::super::policy::RuleNames;
    use super::*;

    fn bound(rule: &str) -> Vec<String> {
        let text = format!("package main\n{rule}");
        let module = parse(&text).unwrap();
        let names = RuleNames::default();
        let policy = Policy::new(&text, &module, RegoVersion::V1, &names);
        let mut names: Vec<String> = super::names(&policy, &module.rules[0], &module.rules[0].branches[0])
            .into_iter()
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    }

    #[test]
    fn indexes_assignments_and_last_arguments_bind_names() {
        assert_eq!(bound("r if { a.b[c][d.e]; [f, {\"k\": g}] = h }"), ["c", "f", "g", "h"]);
        assert_eq!(
            bound("r if { a := b; some c, [d] in e; every f in g { h[i] } }"),
            ["a", "b", "c", "d", "f", "i"]
        );
        assert_eq!(bound("r if { walk(a, [b, c]); x := [d | e = d] }"), ["b", "c", "d", "e", "x"]);
    }

    #[test]
    fn other_uses_do_not_bind_names() {
        assert!(bound("r := a if { b > c; not d[e]; f(g, 1); h in i; some j; k.l }").is_empty());
        assert_eq!(bound("r if { not [a | b = a] == c }"), ["a", "b"]);
    }
}
