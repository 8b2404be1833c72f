//! Visits the parts of a policy.
//!
//! A [`Visitor`] decides at each part whether and how to go on; the functions `each_…` pass every part of one kind to a
//! closure.

use super::tree::{Body, Branch, Expr, ExprKind, Literal, LiteralKind, Module, Rule, Step, TemplatePart};

/// Visits rules, bodies, literals and expressions. What a method does not override goes on to the parts.
pub trait Visitor<'m> {
    /// Visits a rule.
    fn rule(&mut self, rule: &'m Rule) {
        inside_rule(self, rule);
    }

    /// Visits a body.
    fn body(&mut self, body: &'m Body) {
        inside_body(self, body);
    }

    /// Visits a literal.
    fn literal(&mut self, literal: &'m Literal) {
        inside_literal(self, literal);
    }

    /// Visits an expression.
    fn expr(&mut self, expr: &'m Expr) {
        inside_expr(self, expr);
    }
}

/// Visits the rules of a policy.
pub fn inside_module<'m>(visitor: &mut (impl Visitor<'m> + ?Sized), module: &'m Module) {
    for rule in &module.rules {
        visitor.rule(rule);
    }
}

/// Visits the arguments of a rule, and for each branch its body and what is evaluated after it.
pub fn inside_rule<'m>(visitor: &mut (impl Visitor<'m> + ?Sized), rule: &'m Rule) {
    for argument in rule.head.arguments.iter().flatten() {
        visitor.expr(argument);
    }
    for branch in &rule.branches {
        inside_branch(visitor, rule, branch);
    }
}

/// Visits the body of a branch and what is evaluated after it.
pub fn inside_branch<'m>(visitor: &mut (impl Visitor<'m> + ?Sized), rule: &'m Rule, branch: &'m Branch) {
    if let Some(body) = &branch.body {
        visitor.body(body);
    }
    for expr in rule.head_exprs(branch) {
        visitor.expr(expr);
    }
}

/// Visits the literals of a body.
pub fn inside_body<'m>(visitor: &mut (impl Visitor<'m> + ?Sized), body: &'m Body) {
    for literal in &body.literals {
        visitor.literal(literal);
    }
}

/// Visits the expressions of a literal, those of its `with`, and the body of `every`.
pub fn inside_literal<'m>(visitor: &mut (impl Visitor<'m> + ?Sized), literal: &'m Literal) {
    match &literal.kind {
        LiteralKind::Declaration(names) => names.iter().for_each(|name| visitor.expr(name)),
        LiteralKind::SomeIn { patterns: written, collection }
        | LiteralKind::Every { variables: written, collection, .. } => {
            written.iter().for_each(|pattern| visitor.expr(pattern));
            visitor.expr(collection);
        }
        LiteralKind::Expression(expr) | LiteralKind::Negation(expr) => visitor.expr(expr),
    }
    for with in &literal.withs {
        visitor.expr(&with.target);
        visitor.expr(&with.value);
    }
    if let LiteralKind::Every { body, .. } = &literal.kind {
        visitor.body(body);
    }
}

/// Visits the parts of an expression, the body of a comprehension last.
pub fn inside_expr<'m>(visitor: &mut (impl Visitor<'m> + ?Sized), expr: &'m Expr) {
    match &expr.kind {
        ExprKind::Scalar(_) | ExprKind::Name => {}
        ExprKind::Template(parts) => {
            for part in parts {
                match part {
                    TemplatePart::Text(_) => {}
                    TemplatePart::Expr(expr) => visitor.expr(expr),
                }
            }
        }
        ExprKind::Parenthesised(inner) => visitor.expr(inner),
        ExprKind::Reference { base, steps } => {
            visitor.expr(base);
            for step in steps {
                match step {
                    Step::Field(_) => {}
                    Step::Index(index) => visitor.expr(index),
                }
            }
        }
        ExprKind::Call { function, arguments } => {
            visitor.expr(function);
            arguments.iter().for_each(|argument| visitor.expr(argument));
        }
        ExprKind::Operation { operands: parts, .. } | ExprKind::Array(parts) | ExprKind::Set(parts) => {
            parts.iter().for_each(|part| visitor.expr(part));
        }
        ExprKind::Object(fields) => {
            for (key, value) in fields {
                visitor.expr(key);
                visitor.expr(value);
            }
        }
        ExprKind::Comprehension { head, body } => {
            head.exprs().iter().for_each(|head| visitor.expr(head));
            visitor.body(body);
        }
    }
}

/// A part of a policy to start from.
#[derive(Clone, Copy, Debug)]
pub enum Start<'m> {
    /// All rules.
    Module(&'m Module),
    /// A rule.
    Rule(&'m Rule),
    /// A body.
    Body(&'m Body),
    /// A literal.
    Literal(&'m Literal),
    /// An expression.
    Expr(&'m Expr),
}

impl<'m> Start<'m> {
    fn visit(self, visitor: &mut (impl Visitor<'m> + ?Sized)) {
        match self {
            Self::Module(module) => inside_module(visitor, module),
            Self::Rule(rule) => visitor.rule(rule),
            Self::Body(body) => visitor.body(body),
            Self::Literal(literal) => visitor.literal(literal),
            Self::Expr(expr) => visitor.expr(expr),
        }
    }
}

macro_rules! starts {
    ($($part:ident),*) => {
        $(impl<'m> From<&'m $part> for Start<'m> {
            fn from(part: &'m $part) -> Self {
                Self::$part(part)
            }
        })*
    };
}

starts!(Module, Rule, Body, Literal, Expr);

/// Passes every expression to `see`, outer ones first.
pub fn each_expr<'m>(start: impl Into<Start<'m>>, see: &mut dyn FnMut(&'m Expr)) {
    struct Exprs<'s, 'm>(&'s mut dyn FnMut(&'m Expr));
    impl<'m> Visitor<'m> for Exprs<'_, 'm> {
        fn expr(&mut self, expr: &'m Expr) {
            (self.0)(expr);
            inside_expr(self, expr);
        }
    }
    start.into().visit(&mut Exprs(see));
}

/// Passes an expression and its parts to `see`, without the heads and bodies of comprehensions.
pub fn outside_bodies<'m>(expr: &'m Expr, see: &mut dyn FnMut(&'m Expr)) {
    struct OutsideBodies<'s, 'm>(&'s mut dyn FnMut(&'m Expr));
    impl<'m> Visitor<'m> for OutsideBodies<'_, 'm> {
        fn expr(&mut self, expr: &'m Expr) {
            (self.0)(expr);
            if expr.body().is_none() {
                inside_expr(self, expr);
            }
        }
    }
    OutsideBodies(see).expr(expr);
}

/// Passes every body to `see`, inner ones first.
pub fn each_body<'m>(start: impl Into<Start<'m>>, see: &mut dyn FnMut(&'m Body)) {
    struct Bodies<'s, 'm>(&'s mut dyn FnMut(&'m Body));
    impl<'m> Visitor<'m> for Bodies<'_, 'm> {
        fn body(&mut self, body: &'m Body) {
            inside_body(self, body);
            (self.0)(body);
        }
    }
    start.into().visit(&mut Bodies(see));
}

/// Passes the bodies of the comprehensions in an expression to `see`, but not those inside them.
pub fn outermost_bodies<'m>(expr: &'m Expr, see: &mut dyn FnMut(&'m Body)) {
    struct OutermostBodies<'s, 'm>(&'s mut dyn FnMut(&'m Body));
    impl<'m> Visitor<'m> for OutermostBodies<'_, 'm> {
        fn body(&mut self, body: &'m Body) {
            (self.0)(body);
        }
    }
    OutermostBodies(see).expr(expr);
}

/// Passes every literal to `see`, outer ones first.
pub fn each_literal<'m>(start: impl Into<Start<'m>>, see: &mut dyn FnMut(&'m Literal)) {
    struct Literals<'s, 'm>(&'s mut dyn FnMut(&'m Literal));
    impl<'m> Visitor<'m> for Literals<'_, 'm> {
        fn literal(&mut self, literal: &'m Literal) {
            (self.0)(literal);
            inside_literal(self, literal);
        }
    }
    start.into().visit(&mut Literals(see));
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    const TEXT: &str = "package main\n\
        f(a) := [b | some b in c with d as e] if { every g in h { not i[j].k } } else := $\"{l}\" if m(n)\n";

    #[test]
    fn every_part_is_visited_once() {
        let module = parse(TEXT).unwrap();
        let (mut names, mut bodies, mut literals) = (Vec::new(), Vec::new(), Vec::new());
        each_expr(&module, &mut |expr| {
            if let ExprKind::Name = expr.kind {
                names.push(expr.text(TEXT));
            }
        });
        assert_eq!(names.concat(), "aghijbbcdemnl");
        each_body(&module, &mut |body| bodies.push(&TEXT[body.literals[0].span.clone()]));
        assert_eq!(bodies, ["not i[j].k", "every g in h { not i[j].k }", "some b in c with d as e", "m(n)"]);
        each_literal(&module.rules[0], &mut |literal| literals.push(&TEXT[literal.span.clone()]));
        assert_eq!(
            literals,
            ["every g in h { not i[j].k }", "not i[j].k", "some b in c with d as e", "m(n)"]
        );
    }

    #[test]
    fn comprehensions_can_be_left_out() {
        let text = "package main\nr := f(a, [b | b = [c | d]; e])\n";
        let module = parse(text).unwrap();
        let value = module.rules[0].head.value.as_ref().unwrap();
        let (mut seen, mut bodies) = (Vec::new(), Vec::new());
        outside_bodies(value, &mut |expr| seen.push(expr.text(text)));
        assert_eq!(seen, ["f(a, [b | b = [c | d]; e])", "f", "a", "[b | b = [c | d]; e]"]);
        outermost_bodies(value, &mut |body| bodies.push(body.literals.len()));
        assert_eq!(bodies, [2]);
    }
}
