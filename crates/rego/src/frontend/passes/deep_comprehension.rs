//! Gives comprehensions with others in them a variable of their own.
//!
//! The engine's parser reads a statement that assigns nothing twice, and so does what is in it: the innermost of fifteen
//! comprehensions in each other is read 2^15 times. An assignment is read once.
//!
//! ```text
//! [1 | count([1 | count([1 | …]) > 0]) > 0]
//! [1 | __pg1 := [1 | __pg2 := [1 | …]; count(__pg2) > 0]; count(__pg1) > 0]
//! ```

use std::collections::HashSet;

use planguard_rego_syntax::tree::{Expr, ExprKind, LiteralKind, OperatorFamily};
use planguard_rego_syntax::walk::{Visitor, each_body, inside_expr, outside_bodies};

use super::super::bound;
use super::super::edit::{Edits, Written};
use super::super::policy::{Policy, modifiers};

/// How deep comprehensions may be without being changed: the engine reads the innermost a few times.
pub(in super::super) const DEEPEST: usize = 4;

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let mut bodies = Vec::new();
    each_body(policy.module, &mut |body| bodies.push(body));
    // Inner bodies come first, since outer ones move them.
    for body in bodies {
        for literal in &body.literals {
            let (LiteralKind::Expression(expr) | LiteralKind::Negation(expr)) = &literal.kind else {
                continue;
            };
            if is_match(expr) {
                continue;
            }
            // What a statement finds has no value before it.
            let mut found = bound::names_in(policy, std::slice::from_ref(literal));
            found.remove("_");
            let mut deep = Vec::new();
            outside_bodies(expr, &mut |part| {
                if part.body().is_some() && depth(part) >= DEEPEST && !uses(policy, part, &found) {
                    deep.push(part);
                }
            });
            let mut statements = Vec::new();
            for comprehension in deep {
                let name = policy.fresh_name();
                let mut statement = Written::from(format!("{name} := ").as_str());
                statement.push_moved(&edits.take(&comprehension.span), &comprehension.span);
                statement.push(&modifiers(&edits, literal));
                statements.push(statement);
                edits.replace(comprehension.span.clone(), name.as_str());
            }
            edits.before(body, literal, &statements);
        }
    }
    edits
}

fn is_match(expr: &Expr) -> bool {
    let ExprKind::Operation { operator, .. } = &expr.kind else { return false };
    matches!(operator.family(), OperatorFamily::Assignment | OperatorFamily::Unification)
}

/// How many comprehensions are in each other.
fn depth(comprehension: &Expr) -> usize {
    let mut reader = Depth { open: 0, most: 0 };
    reader.expr(comprehension);
    reader.most
}

struct Depth {
    open: usize,
    most: usize,
}

impl<'m> Visitor<'m> for Depth {
    fn expr(&mut self, expr: &'m Expr) {
        let own = usize::from(expr.body().is_some());
        self.open += own;
        self.most = self.most.max(self.open);
        inside_expr(self, expr);
        self.open -= own;
    }
}

/// Whether a comprehension uses any of some names.
fn uses(policy: &Policy<'_>, comprehension: &Expr, names: &HashSet<&str>) -> bool {
    let mut reader = Names { policy, wanted: names, is_found: false };
    reader.expr(comprehension);
    reader.is_found
}

struct Names<'a, 'p> {
    policy: &'a Policy<'p>,
    wanted: &'a HashSet<&'a str>,
    is_found: bool,
}

impl<'m> Visitor<'m> for Names<'_, '_> {
    fn expr(&mut self, expr: &'m Expr) {
        self.is_found |=
            matches!(expr.kind, ExprKind::Name) && self.wanted.contains(self.policy.text_of(expr));
        inside_expr(self, expr);
    }
}

#[cfg(test)]
mod tests {
    use planguard_rego_syntax::parse::parse;
    use planguard_rego_syntax::tree::Literal;
    use planguard_rego_syntax::walk::{inside_literal, inside_module};

    use super::super::super::policy::RuleNames;
    use super::super::super::tests::assert_pass;
    use super::*;
    use crate::options::RegoVersion;

    /// Counts how often the engine reads a comprehension.
    struct Readings {
        here: u64,
        all: u64,
    }

    impl<'m> Visitor<'m> for Readings {
        fn literal(&mut self, literal: &'m Literal) {
            let outside = self.here;
            if let LiteralKind::Expression(expr) | LiteralKind::Negation(expr) = &literal.kind
                && !is_match(expr)
            {
                self.here *= 2;
            }
            inside_literal(self, literal);
            self.here = outside;
        }

        fn expr(&mut self, expr: &'m Expr) {
            if expr.body().is_some() {
                self.all += self.here;
            }
            inside_expr(self, expr);
        }
    }

    fn readings(text: &str) -> u64 {
        let mut readings = Readings { here: 1, all: 0 };
        inside_module(&mut readings, &parse(text).unwrap());
        readings.all
    }

    #[test]
    fn each_level_is_read_as_often() {
        for (opening, closing) in [
            ("count([1 | ", "]) > 0"),
            ("not [1 | ", "][0] == 2"),
            ("{1 | ", "} == {1}"),
            ("[1 | ", "][_] > 0"),
        ] {
            for levels in 4..32 {
                let text = format!("package p\nr if {}x{}", opening.repeat(levels), closing.repeat(levels));
                let module = parse(&text).unwrap();
                let names = RuleNames::default();
                let policy = Policy::new(&text, &module, RegoVersion::V1, &names);
                let (new, _) = edits(&policy).apply().unwrap().unwrap();
                assert!(readings(&text) >= 1 << levels);
                assert!(readings(&new) <= levels as u64 + 16, "{levels}: {new}");
            }
        }
    }

    #[test]
    fn deep_comprehensions_get_a_variable() {
        assert_pass(
            edits,
            "r if count([1 | count([1 | count([1 | count([1 | x]) > 0]) > 0]) > 0]) > 0",
            "r if { __pg1 := [1 | count([1 | count([1 | count([1 | x]) > 0]) > 0]) > 0]; count(__pg1) > 0 }",
        );
        assert_pass(
            edits,
            "r if not [1 | [1 | y := [1 | {1 | [1 | x][0] == 1}]; y == 1][_]] == [] with input as {}",
            "r if { __pg2 := [1 | __pg1 := [1 | y := [1 | {1 | [1 | x][0] == 1}]; y == 1]; __pg1[_]] with input as {}; \
             not __pg2 == [] with input as {} }",
        );
    }

    #[test]
    fn others_are_unchanged() {
        for rule in [
            "r if count([1 | count([1 | count([1 | x]) > 0]) > 0]) > 0",
            "r if { y := [1 | a := [1 | b := [1 | c := [1 | x]]]] }",
            "r if { xs[i] == [1 | a := [1 | b := [1 | c := [1 | i]]]] }",
        ] {
            assert_pass(edits, rule, rule);
        }
    }
}
