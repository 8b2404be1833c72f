//! Finds out which variables a policy's names are: those of the rule itself, or something outside it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::tree::{Body, Expr, ExprKind, Literal, LiteralKind, Module, Operator, Rule};

/// The variables that a policy declares, and where they are used.
#[derive(Debug, Default)]
pub struct Scopes<'t> {
    /// In the order in which they were met.
    pub declarations: Vec<Declaration<'t>>,
    /// The declarations by the places of the names that mean them.
    uses: BTreeMap<usize, usize>,
}

/// A variable that is declared, and not just used.
#[derive(Debug)]
pub struct Declaration<'t> {
    /// The name.
    pub name: &'t str,
    /// What declares it.
    pub how: How,
    /// What else the name meant.
    pub hides: Hides,
}

/// What else a declared name meant where it is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hides {
    /// Nothing.
    Nothing,
    /// A variable that is declared around it.
    Variable,
    /// Something that the name was used for in the same scope.
    EarlierUse,
}

/// What declares a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
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
    /// Reads the scopes of all rules.
    pub fn of(module: &Module, text: &'t str) -> Self {
        let mut reader = Reader { text, scopes: Self::default(), open: Vec::new() };
        for rule in &module.rules {
            reader.rule(rule);
        }
        reader.scopes
    }

    /// The declaration that a name means, unless it means something outside the rule.
    pub fn declaration(&self, name: &Expr) -> Option<&Declaration<'t>> {
        self.declarations.get(*self.uses.get(&name.span.start)?)
    }

    /// The number of the declaration that a name means.
    pub fn index(&self, name: &Expr) -> Option<usize> {
        self.uses.get(&name.span.start).copied()
    }

    /// The places of all names that mean a declaration, with its index.
    pub fn uses(&self) -> impl Iterator<Item = (usize, usize)> {
        self.uses.iter().map(|(place, declaration)| (*place, *declaration))
    }
}

struct Reader<'t> {
    text: &'t str,
    scopes: Scopes<'t>,
    open: Vec<Scope<'t>>,
}

#[derive(Default)]
struct Scope<'t> {
    declared: HashMap<&'t str, usize>,
    /// Names that were used here for something that is not declared here.
    used: HashSet<&'t str>,
}

impl<'t> Reader<'t> {
    fn rule(&mut self, rule: &Rule) {
        self.open.push(Scope::default());
        for argument in rule.head.arguments.iter().flatten() {
            self.pattern(argument, How::Argument);
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
                    self.pattern(name, How::Some);
                }
            }
            LiteralKind::SomeIn { patterns, collection } => {
                for pattern in patterns {
                    self.pattern(pattern, How::SomeIn);
                }
                // For OPA, a variable hides what it is taken from, if that is called the same.
                self.expr(collection);
            }
            LiteralKind::Every { variables, collection, body } => {
                self.expr(collection);
                self.open.push(Scope::default());
                for variable in variables {
                    self.pattern(variable, How::Every);
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
                        self.pattern(pattern, How::Assignment);
                    }
                }
                _ => self.expr(expr),
            },
        }
    }

    /// The variables of a pattern are declared; whatever else stands in it is read.
    fn pattern(&mut self, pattern: &Expr, how: How) {
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
            ExprKind::Items(items) => {
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
            ExprKind::Scalar
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
        self.open.push(Scope::default());
        if let Some(body) = expr.body() {
            self.body(body);
        }
        for child in expr.children() {
            self.expr(child);
        }
        self.open.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    /// Every use as `name` with the number of its declaration.
    fn uses(rules: &str) -> Vec<String> {
        let text = format!("package main\n{rules}");
        let module = parse(&text).unwrap();
        let scopes = Scopes::of(&module, &text);
        scopes.uses().map(|(_, index)| format!("{}{index}", scopes.declarations[index].name)).collect()
    }

    #[test]
    fn a_name_means_the_innermost_declaration() {
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
    fn a_use_before_the_declaration_means_something_else() {
        assert!(uses("r { x; some x }").len() == 1);
        assert_eq!(uses("r := x { x := x }"), ["x0", "x0"]);
    }

    #[test]
    fn branches_do_not_share_variables() {
        assert_eq!(uses("r := x if { x := 1 } else := x if { x := 2 }"), ["x0", "x0", "x1", "x1"]);
        assert!(uses("r := 1 if { x := 1 } else := x").len() == 1);
    }
}
