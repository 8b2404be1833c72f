//! Resolves the names in a policy to the variables of their rule.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::tree::{Body, Expr, ExprKind, Literal, LiteralKind, Module, Operator, Rule};

/// The variables that a policy declares, and their uses.
#[derive(Debug, Default)]
pub struct Scopes<'t> {
    /// The declarations in the order of the policy.
    pub declarations: Vec<Declaration<'t>>,
    /// Indexes into `declarations` by the offset of each use.
    uses: BTreeMap<usize, usize>,
}

/// A declared variable.
#[derive(Debug)]
pub struct Declaration<'t> {
    /// The name.
    pub name: &'t str,
    /// The construct that declares it.
    pub how: DeclaredBy,
    /// The earlier meaning of the name, if it had one.
    pub hides: Hides,
}

/// The meaning that a name had before its declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hides {
    /// It had none.
    Nothing,
    /// It was a variable of an outer scope.
    Variable,
    /// It was used earlier in the same scope.
    EarlierUse,
}

/// The construct that declares a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclaredBy {
    /// An argument of a function.
    Argument,
    /// `some x`.
    Some,
    /// `some x in …`.
    SomeIn,
    /// `every x in …`.
    Every,
    /// `x := …`.
    Assignment,
}

impl<'t> Scopes<'t> {
    /// Resolves the names of all rules.
    pub fn of(module: &Module, text: &'t str) -> Self {
        let mut resolver = Resolver { text, scopes: Self::default(), open: Vec::new() };
        for rule in &module.rules {
            resolver.rule(rule);
        }
        resolver.scopes
    }

    /// Returns the declaration that a name refers to, or `None` for a name from outside the rule.
    pub fn declaration(&self, name: &Expr) -> Option<&Declaration<'t>> {
        self.declarations.get(*self.uses.get(&name.span.start)?)
    }

    /// Returns the index of the declaration that a name refers to.
    pub fn index(&self, name: &Expr) -> Option<usize> {
        self.uses.get(&name.span.start).copied()
    }

    /// Returns the offset of every name that refers to a declaration, with the declaration's index.
    pub fn uses(&self) -> impl Iterator<Item = (usize, usize)> {
        self.uses.iter().map(|(place, declaration)| (*place, *declaration))
    }
}

struct Resolver<'t> {
    text: &'t str,
    scopes: Scopes<'t>,
    open: Vec<Scope<'t>>,
}

#[derive(Default)]
struct Scope<'t> {
    declared: HashMap<&'t str, usize>,
    /// Names used here that this scope does not declare.
    used: HashSet<&'t str>,
}

impl<'t> Resolver<'t> {
    fn rule(&mut self, rule: &Rule) {
        self.open.push(Scope::default());
        for argument in rule.head.arguments.iter().flatten() {
            self.pattern(argument, DeclaredBy::Argument);
        }
        for branch in &rule.branches {
            self.open.push(Scope::default());
            if let Some(body) = &branch.body {
                self.body(body);
            }
            for expr in rule.head_exprs(branch) {
                self.expr(expr);
            }
            self.open.pop();
        }
        self.open.pop();
    }

    fn body(&mut self, body: &Body) {
        for literal in &body.literals {
            self.literal(literal);
        }
    }

    fn literal(&mut self, literal: &Literal) {
        for with in &literal.withs {
            self.expr(&with.target);
            self.expr(&with.value);
        }
        match &literal.kind {
            LiteralKind::Declaration(names) => {
                for name in names {
                    self.pattern(name, DeclaredBy::Some);
                }
            }
            LiteralKind::SomeIn { patterns, collection } => {
                for pattern in patterns {
                    self.pattern(pattern, DeclaredBy::SomeIn);
                }
                // In OPA, the variable also hides a collection of the same name.
                self.expr(collection);
            }
            LiteralKind::Every { variables, collection, body } => {
                self.expr(collection);
                self.open.push(Scope::default());
                for variable in variables {
                    self.pattern(variable, DeclaredBy::Every);
                }
                self.body(body);
                self.open.pop();
            }
            LiteralKind::Expression(expr) | LiteralKind::Negation(expr) => match &expr.kind {
                ExprKind::Operation { operator: Operator::Assign, operands } => {
                    for value in operands.iter().skip(1) {
                        self.expr(value);
                    }
                    for pattern in operands.iter().take(1) {
                        self.pattern(pattern, DeclaredBy::Assignment);
                    }
                }
                _ => self.expr(expr),
            },
        }
    }

    /// Declares the variables of a pattern and reads its other parts.
    fn pattern(&mut self, pattern: &Expr, how: DeclaredBy) {
        match &pattern.kind {
            ExprKind::Name => {
                let name = pattern.text(self.text);
                if name != "_" {
                    let index = self.scopes.declarations.len();
                    let hides = self.hides(name);
                    self.scopes.declarations.push(Declaration { name, how, hides });
                    self.scopes.uses.insert(pattern.span.start, index);
                    if let Some(scope) = self.open.last_mut() {
                        scope.declared.insert(name, index);
                    }
                }
            }
            ExprKind::Array(items) | ExprKind::Set(items) => {
                for item in items {
                    self.pattern(item, how);
                }
            }
            ExprKind::Object(fields) => {
                for (key, value) in fields {
                    self.expr(key);
                    self.pattern(value, how);
                }
            }
            ExprKind::Scalar(_)
            | ExprKind::Template(_)
            | ExprKind::Parenthesised(_)
            | ExprKind::Reference { .. }
            | ExprKind::Call { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Comprehension { .. } => self.expr(pattern),
        }
    }

    fn hides(&self, name: &str) -> Hides {
        let Some((own, around)) = self.open.split_last() else { return Hides::Nothing };
        // A function's arguments belong to the scope of its bodies.
        let is_argument = matches!(around, [arguments] if arguments.declared.contains_key(name));
        if own.used.contains(name) || is_argument {
            Hides::EarlierUse
        } else if around.iter().any(|scope| scope.declared.contains_key(name)) {
            Hides::Variable
        } else {
            Hides::Nothing
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if let ExprKind::Name = expr.kind {
            let name = expr.text(self.text);
            for scope in self.open.iter_mut().rev() {
                if let Some(index) = scope.declared.get(name) {
                    self.scopes.uses.insert(expr.span.start, *index);
                    break;
                }
                scope.used.insert(name);
            }
            return;
        }
        // Nothing else declares a variable.
        let Some(body) = expr.body() else {
            expr.children().into_iter().for_each(|child| self.expr(child));
            return;
        };
        self.open.push(Scope::default());
        self.body(body);
        expr.children().into_iter().for_each(|child| self.expr(child));
        self.open.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    /// Returns every use as `name` with the number of its declaration.
    fn uses(rules: &str) -> Vec<String> {
        let text = format!("package main\n{rules}");
        let module = parse(&text).unwrap();
        let scopes = Scopes::of(&module, &text);
        scopes.uses().map(|(_, index)| format!("{}{index}", scopes.declarations[index].name)).collect()
    }

    #[test]
    fn a_name_refers_to_the_innermost_declaration() {
        assert_eq!(
            uses("r := x if { x := 1; y := [x | some x in x] }"),
            ["x0", "x0", "y2", "x1", "x1", "x1"]
        );
        assert_eq!(uses("f(x) := x"), ["x0", "x0"]);
        assert_eq!(
            uses("f([x, {\"k\": y}]) := y { every x in y { x } }"),
            ["x0", "y1", "y1", "x2", "y1", "x2"]
        );
    }

    #[test]
    fn a_use_before_the_declaration_is_not_resolved_to_it() {
        assert!(uses("r { x; some x }").len() == 1);
        assert_eq!(uses("r := x { x := x }"), ["x0", "x0"]);
    }

    #[test]
    fn branches_do_not_share_variables() {
        assert_eq!(uses("r := x if { x := 1 } else := x if { x := 2 }"), ["x0", "x0", "x1", "x1"]);
        assert!(uses("r := 1 if { x := 1 } else := x").len() == 1);
    }
}
