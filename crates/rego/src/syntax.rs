//! Extracts from the engine's syntax tree what checks need: the references, calls and declarations of a rule.

use regorus::unstable::{Expr, Literal, Query, Ref, Rule, RuleAssign, RuleHead, Span};

use super::builtins;

/// A fact about a rule. Every expression of the rule contributes, reachable or not.
#[derive(Debug)]
pub(super) enum Fact<'a> {
    /// A variable, or a path that starts with one.
    Refers(Reference<'a>),
    /// A call.
    Calls { function: Reference<'a>, arguments: usize, span: &'a Span },
    /// `left := right` or `left = right`.
    Assigns { left: &'a Expr, right: &'a Expr },
    /// `some key, value in collection`, or `every`.
    Iterates { value: Option<&'a str>, collection: &'a Expr },
    /// A variable that the rule declares.
    Declares(&'a str),
    /// `with target as …`.
    Replaces(Reference<'a>),
}

/// A variable and the steps after it: `input.resource_changes[_].type`.
#[derive(Clone, Debug)]
pub(super) struct Reference<'a> {
    pub root: &'a str,
    /// The offset of the root in the engine's text.
    pub root_at: usize,
    pub steps: Vec<Step>,
    pub absence: Absence,
    pub span: &'a Span,
}

/// The effect of a reference to a missing value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// It is undefined.
    Undefined,
    /// The policy gives a default, as in `object.get`.
    Defaulted,
}

/// One step of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `.key` or `["key"]`.
    Key(String),
    /// Anything in brackets that is not a string.
    Dynamic,
}

impl Step {
    /// Returns the key, if it is constant.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Dynamic => None,
        }
    }
}

impl Reference<'_> {
    /// Returns the constant steps at the start of the path, without the root.
    pub(super) fn fixed_steps(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map_while(Step::key)
    }

    /// Returns the constant start of the path, joined by dots.
    pub(super) fn dotted(&self) -> String {
        let mut path = self.root.to_owned();
        for step in self.fixed_steps() {
            path.push('.');
            path.push_str(step);
        }
        path
    }
}

/// Returns an expression as a reference, if it starts with a variable.
pub(super) fn reference(expr: &Expr) -> Option<Reference<'_>> {
    let mut steps = Vec::new();
    let mut rest = expr;
    loop {
        match rest {
            Expr::Var { span, .. } => {
                steps.reverse();
                let (root, root_at) = (span.text(), span.start as usize);
                return Some(Reference {
                    root,
                    root_at,
                    steps,
                    absence: Absence::Undefined,
                    span: expr.span(),
                });
            }
            Expr::RefDot { refr, field, .. } => {
                steps.push(Step::Key(field.0.text().to_owned()));
                rest = refr.as_ref();
            }
            Expr::RefBrack { refr, index, .. } => {
                steps.push(text_of(index).map_or(Step::Dynamic, Step::Key));
                rest = refr.as_ref();
            }
            Expr::Call { fcn, params, .. } => rest = scanned(fcn, params)?,
            _ => return None,
        }
    }
}

/// Returns the collection of a call that the front end inserted for a scan.
fn scanned<'a>(function: &Expr, params: &'a [Ref<Expr>]) -> Option<&'a Expr> {
    let Expr::Var { span, .. } = function else { return None };
    let is_scan = builtins::SCANS.contains(&span.text());
    params.first().filter(|_| is_scan).map(AsRef::as_ref)
}

/// Returns the text of a string literal.
pub(super) fn text_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } => {
            value.as_string().ok().map(|text| text.to_string())
        }
        _ => None,
    }
}

/// The head of a rule: `deny contains msg`.
pub(super) struct Head<'a> {
    pub name: Reference<'a>,
    pub form: Form,
    /// The reference that the rule is an alias of: `run := input.run`.
    pub value: Option<Reference<'a>>,
}

/// The form of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One value.
    Value,
    /// A set.
    Set,
    /// A function.
    Function,
    /// The value if other rules of the same name are undefined.
    Default,
}

/// Returns the head of a rule, if its name is a reference, which the parser guarantees.
pub(super) fn head(rule: &Rule) -> Option<Head<'_>> {
    let (name, form) = match rule {
        Rule::Spec { head: RuleHead::Compr { refr, .. }, .. } => (refr, Form::Value),
        Rule::Spec { head: RuleHead::Set { refr, .. }, .. } => (refr, Form::Set),
        Rule::Spec { head: RuleHead::Func { refr, .. }, .. } => (refr, Form::Function),
        Rule::Default { refr, args, .. } => {
            (refr, if args.is_empty() { Form::Default } else { Form::Function })
        }
    };
    let value = match rule {
        Rule::Spec { head: RuleHead::Compr { assign: Some(assign), .. }, .. } => reference(&assign.value),
        Rule::Spec { .. } | Rule::Default { .. } => None,
    };
    Some(Head { name: reference(name)?, form, value })
}

/// Returns all facts about a rule, roughly in the order of the text.
pub(super) fn facts(rule: &Rule) -> Vec<Fact<'_>> {
    let mut reader = FactReader { facts: Vec::new() };
    match rule {
        Rule::Spec { head, bodies, .. } => {
            match head {
                RuleHead::Compr { refr, assign, .. } => {
                    reader.indexes(refr);
                    reader.assigned(assign.as_ref());
                }
                RuleHead::Set { refr, key, .. } => {
                    reader.indexes(refr);
                    if let Some(key) = key {
                        reader.expr(key);
                    }
                }
                RuleHead::Func { args, assign, .. } => {
                    for argument in args {
                        reader.declared(argument);
                    }
                    reader.assigned(assign.as_ref());
                }
            }
            for body in bodies {
                reader.assigned(body.assign.as_ref());
                reader.query(&body.query);
            }
        }
        Rule::Default { args, value, .. } => {
            for argument in args {
                reader.declared(argument);
            }
            reader.expr(value);
        }
    }
    reader.facts
}

struct FactReader<'a> {
    facts: Vec<Fact<'a>>,
}

impl<'a> FactReader<'a> {
    fn assigned(&mut self, assign: Option<&'a RuleAssign>) {
        if let Some(assign) = assign {
            self.expr(&assign.value);
        }
    }

    fn query(&mut self, query: &'a Ref<Query>) {
        for statement in &query.stmts {
            self.literal(&statement.literal);
            for modifier in &statement.with_mods {
                self.indexes(&modifier.refr);
                self.facts.extend(reference(&modifier.refr).map(Fact::Replaces));
                self.expr(&modifier.r#as);
            }
        }
    }

    fn literal(&mut self, literal: &'a Literal) {
        match literal {
            Literal::SomeVars { vars, .. } => {
                self.facts.extend(vars.iter().map(|variable| Fact::Declares(variable.text())));
            }
            Literal::SomeIn { key, value, collection, .. } => {
                if let Some(key) = key {
                    self.declared(key);
                }
                self.declared(value);
                self.facts.push(Fact::Iterates { value: variable(value), collection });
                self.expr(collection);
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => self.expr(expr),
            Literal::Every { key, value, domain, query, .. } => {
                if let Some(key) = key {
                    self.facts.push(Fact::Declares(key.text()));
                }
                self.facts.push(Fact::Declares(value.text()));
                self.facts.push(Fact::Iterates { value: Some(value.text()), collection: domain });
                self.expr(domain);
                self.query(query);
            }
        }
    }

    /// Declares the variables of a pattern and reads its other parts.
    fn declared(&mut self, pattern: &'a Ref<Expr>) {
        match pattern.as_ref() {
            Expr::Var { span, .. } => self.facts.push(Fact::Declares(span.text())),
            Expr::Array { items, .. } => {
                for item in items {
                    self.declared(item);
                }
            }
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.expr(key);
                    self.declared(value);
                }
            }
            _ => self.expr(pattern),
        }
    }

    /// Reads the indexes of a reference.
    fn indexes(&mut self, expr: &'a Ref<Expr>) {
        let mut rest = expr.as_ref();
        loop {
            match rest {
                Expr::RefDot { refr, .. } => rest = refr.as_ref(),
                Expr::RefBrack { refr, index, .. } => {
                    self.expr(index);
                    rest = refr.as_ref();
                }
                Expr::Var { .. } => return,
                // A path into the result of a call, or into a literal.
                _ => return self.node(rest),
            }
        }
    }

    fn expr(&mut self, expr: &'a Ref<Expr>) {
        self.node(expr.as_ref());
    }

    fn exprs(&mut self, exprs: &'a [Ref<Expr>]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn node(&mut self, expr: &'a Expr) {
        match expr {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. } => {}
            Expr::Var { .. } => self.facts.extend(reference(expr).map(Fact::Refers)),
            Expr::RefDot { refr, .. } => {
                self.facts.extend(reference(expr).map(Fact::Refers));
                self.indexes(refr);
            }
            Expr::RefBrack { refr, index, .. } => {
                self.facts.extend(reference(expr).map(Fact::Refers));
                self.expr(index);
                self.indexes(refr);
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => self.exprs(items),
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.expr(key);
                    self.expr(value);
                }
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.expr(term);
                self.query(query);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.expr(key);
                self.expr(value);
                self.query(query);
            }
            Expr::Call { span, fcn, params, .. } => self.call(span, fcn, params),
            Expr::UnaryExpr { expr, .. } => self.expr(expr),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. } => {
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::AssignExpr { op, lhs, rhs, .. } => {
                self.facts.push(Fact::Assigns { left: lhs, right: rhs });
                match op {
                    regorus::unstable::AssignOp::ColEq => self.declared(lhs),
                    regorus::unstable::AssignOp::Eq => self.expr(lhs),
                }
                self.expr(rhs);
            }
            Expr::Membership { key, value, collection, .. } => {
                if let Some(key) = key {
                    self.expr(key);
                }
                self.expr(value);
                self.expr(collection);
            }
        }
    }

    fn call(&mut self, span: &'a Span, function: &'a Ref<Expr>, params: &'a [Ref<Expr>]) {
        let Some(function) = reference(function) else { return self.exprs(params) };
        let path = match params {
            [object, key, _] if function.dotted() == "object.get" => looked_up(object, key),
            _ => None,
        };
        self.facts.push(Fact::Calls { function, arguments: params.len(), span });
        match (path, params) {
            // `object.get(input, "x", null)` reads the same path as `input.x`.
            (Some(path), [object, rest @ ..]) => {
                self.facts.push(Fact::Refers(path));
                // All that stands there is evaluated, and may be the rule itself.
                let whole = reference(object);
                self.facts.extend(
                    whole.filter(|whole| whole.root == "data" && !whole.steps.is_empty()).map(Fact::Refers),
                );
                self.indexes(object);
                self.exprs(rest);
            }
            _ => self.exprs(params),
        }
    }
}

fn looked_up<'a>(object: &'a Expr, key: &'a Expr) -> Option<Reference<'a>> {
    let mut path = Reference { absence: Absence::Defaulted, ..reference(object)? };
    match key {
        Expr::Array { items, .. } if !items.is_empty() => {
            path.steps.extend(items.iter().map(|item| text_of(item).map_or(Step::Dynamic, Step::Key)));
        }
        key => path.steps.push(Step::Key(text_of(key)?)),
    }
    Some(path)
}

/// Returns the name of an expression that is a plain variable.
pub(super) fn variable(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Var { span, .. } => Some(span.text()),
        _ => None,
    }
}
