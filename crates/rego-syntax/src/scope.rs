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
    /// The scopes of each rule, outer ones first.
    of_rules: Vec<Vec<Scope>>,
}

/// A part of a rule with variables of its own: the rule with its arguments, a branch, a comprehension, an `every`.
#[derive(Debug, Default)]
pub struct Scope {
    /// The offset of the comprehension or of the `every`.
    pub of_inner: Option<usize>,
    /// The indexes of its declarations.
    pub declarations: Vec<usize>,
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
    /// Nothing but its use: `x = …`, `xs[x]`.
    Use,
}

impl<'t> Scopes<'t> {
    /// Resolves the names of all rules to what the rules declare.
    pub fn of(module: &Module, text: &'t str) -> Self {
        Self::resolved(module, text, None)
    }

    /// Resolves the names of all rules, also to variables that are only used. Such a variable belongs to the outermost
    /// body that uses it outside of comprehensions and of `every`; a name for which `is_global` holds is none.
    pub fn with_undeclared(module: &Module, text: &'t str, is_global: &dyn Fn(&str) -> bool) -> Self {
        Self::resolved(module, text, Some(is_global))
    }

    fn resolved(module: &Module, text: &'t str, is_global: Option<&dyn Fn(&str) -> bool>) -> Self {
        let mut resolver = Resolver { text, is_global, scopes: Self::default(), open: Vec::new() };
        for rule in &module.rules {
            resolver.scopes.of_rules.push(Vec::new());
            resolver.rule(rule);
        }
        resolver.scopes
    }

    /// Returns the scopes of a rule by its position in the policy, each before those inside it.
    pub fn of_rule(&self, rule: usize) -> &[Scope] {
        self.of_rules.get(rule).map_or(&[], Vec::as_slice)
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

struct Resolver<'r, 't> {
    text: &'t str,
    /// Which names are no variables, if undeclared variables are asked for.
    is_global: Option<&'r dyn Fn(&str) -> bool>,
    scopes: Scopes<'t>,
    open: Vec<OpenScope<'t>>,
}

#[derive(Default)]
struct OpenScope<'t> {
    /// The position among the scopes of the rule.
    number: usize,
    declared: HashMap<&'t str, usize>,
    /// Names used here that this scope does not declare.
    used: HashSet<&'t str>,
    /// The variables that nothing has declared yet.
    undeclared: HashMap<&'t str, usize>,
}

impl<'t> Resolver<'_, 't> {
    fn open(&mut self, of_inner: Option<usize>) {
        let Some(scopes) = self.scopes.of_rules.last_mut() else { return };
        self.open.push(OpenScope { number: scopes.len(), ..OpenScope::default() });
        scopes.push(Scope { of_inner, declarations: Vec::new() });
    }

    fn rule(&mut self, rule: &Rule) {
        self.open(None);
        for argument in rule.head.arguments.iter().flatten() {
            self.pattern(argument, DeclaredBy::Argument);
        }
        for branch in &rule.branches {
            self.open(None);
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
        if let Some(is_global) = self.is_global {
            for literal in &body.literals {
                self.undeclared_in(literal, is_global);
            }
        }
        for literal in &body.literals {
            self.literal(literal);
        }
    }

    /// Finds the variables of a literal that belong to the innermost scope, whether or not it declares them as well.
    fn undeclared_in(&mut self, literal: &Literal, is_global: &dyn Fn(&str) -> bool) {
        match &literal.kind {
            LiteralKind::Declaration(names) => {
                names.iter().for_each(|name| self.undeclared(name, is_global));
            }
            LiteralKind::SomeIn { patterns, collection } => {
                patterns.iter().chain([collection]).for_each(|expr| self.undeclared(expr, is_global));
            }
            // The variables belong to the body of the `every`.
            LiteralKind::Every { collection, .. } => self.undeclared(collection, is_global),
            LiteralKind::Expression(expr) | LiteralKind::Negation(expr) => self.undeclared(expr, is_global),
        }
        for with in &literal.withs {
            self.undeclared(&with.value, is_global);
        }
    }

    fn undeclared(&mut self, expr: &Expr, is_global: &dyn Fn(&str) -> bool) {
        match &expr.kind {
            ExprKind::Name => {
                let name = expr.text(self.text);
                let is_known = name == "_"
                    || is_global(name)
                    || self.open.iter().any(|scope| {
                        scope.declared.contains_key(name) || scope.undeclared.contains_key(name)
                    });
                if !is_known {
                    let index = self.add(name, DeclaredBy::Use, Hides::Nothing);
                    if let Some(scope) = self.open.last_mut() {
                        scope.undeclared.insert(name, index);
                    }
                }
            }
            // What is inside a comprehension belongs to it; a template uses only what has a value.
            ExprKind::Comprehension { .. } | ExprKind::Scalar(_) | ExprKind::Template(_) => {}
            // The name of a function is no variable.
            ExprKind::Call { arguments, .. } => {
                arguments.iter().for_each(|argument| self.undeclared(argument, is_global));
            }
            ExprKind::Parenthesised(_)
            | ExprKind::Reference { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Array(_)
            | ExprKind::Set(_)
            | ExprKind::Object(_) => {
                expr.children().into_iter().for_each(|child| self.undeclared(child, is_global));
            }
        }
    }

    fn add(&mut self, name: &'t str, how: DeclaredBy, hides: Hides) -> usize {
        let index = self.scopes.declarations.len();
        self.scopes.declarations.push(Declaration { name, how, hides });
        if let (Some(scopes), Some(scope)) = (self.scopes.of_rules.last_mut(), self.open.last()) {
            scopes[scope.number].declarations.push(index);
        }
        index
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
                self.open(Some(literal.span.start));
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
                    let index = match self.same_variable(name) {
                        Some(index) => {
                            self.scopes.declarations[index].how = how;
                            index
                        }
                        None => self.add(name, how, self.hides(name)),
                    };
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

    /// The variable of that name in the innermost scope, where a scope has one variable of a name.
    fn same_variable(&self, name: &str) -> Option<usize> {
        let scope = self.open.last().filter(|_| self.is_global.is_some())?;
        scope.declared.get(name).or_else(|| scope.undeclared.get(name)).copied()
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
                if let Some(index) = scope.undeclared.get(name) {
                    self.scopes.uses.insert(expr.span.start, *index);
                    break;
                }
            }
            return;
        }
        // Nothing else declares a variable.
        let Some(body) = expr.body() else {
            expr.children().into_iter().for_each(|child| self.expr(child));
            return;
        };
        self.open(Some(expr.span.start));
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
    fn a_variable_that_is_only_used_belongs_to_the_outermost_body_that_uses_it() {
        let text = "package main\nr := x if { y = [x | x = lib[i]; i = z]; z = f(q)[_]; every k in y { k = w } }\n\
                    f(x, [x]) := $\"{x}\" if { x := 1 }";
        let module = parse(text).unwrap();
        let scopes = Scopes::with_undeclared(&module, text, &|name| name == "lib");
        let of_rule = |rule: usize| -> Vec<String> {
            let names = |scope: &Scope| -> Vec<&str> {
                scope.declarations.iter().map(|index| scopes.declarations[*index].name).collect()
            };
            scopes.of_rule(rule).iter().map(|scope| names(scope).join(" ")).collect()
        };
        assert_eq!(of_rule(0), ["", "y z q", "x i", "k w"]);
        assert_eq!(of_rule(1), ["x", "x"]);
        let inner = scopes.of_rule(0)[2].of_inner.unwrap();
        assert!(text[inner..].starts_with("[x | "));
        // The head uses no variable of the comprehension.
        assert_eq!(scopes.uses().filter(|(place, _)| text[*place..].starts_with("x if")).count(), 0);
    }

    #[test]
    fn branches_do_not_share_variables() {
        assert_eq!(uses("r := x if { x := 1 } else := x if { x := 2 }"), ["x0", "x0", "x1", "x1"]);
        assert!(uses("r := 1 if { x := 1 } else := x").len() == 1);
    }
}
