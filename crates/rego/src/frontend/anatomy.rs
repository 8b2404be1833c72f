//! Splits rules into parts that can be evaluated separately: bodies, literals and expressions.

use std::collections::{BTreeSet, HashSet};

use planguard_rego_syntax::parse;
use planguard_rego_syntax::resolve::{Meaning, Root};
use planguard_rego_syntax::scope::{DeclaredBy, Scopes};
use planguard_rego_syntax::tree::{
    Body, Branch, BranchKind, Expr, ExprKind, Literal, LiteralKind, Module, Operator, Rule, Span, Step,
};
use planguard_rego_syntax::walk::{each_expr, outside_bodies};

use super::super::options::RegoVersion;
use super::RewriteError;
use super::policy::{Policy, RuleNames};
use super::query::variables_of;

/// A policy file's package, imports and rules.
#[derive(Debug)]
pub(crate) struct FileAnatomy {
    /// `package …` and every `import …`, each on its own line.
    pub preamble: String,
    /// The path, starting with `data`.
    pub package: Vec<String>,
    /// The rules other than `default` rules.
    pub rules: Vec<RuleAnatomy>,
    /// The paths of the rules with a `default`.
    pub defaults: Vec<Vec<String>>,
}

/// A rule.
#[derive(Debug)]
pub(crate) struct RuleAnatomy {
    /// The path, starting with `data`.
    pub path: Vec<String>,
    pub head: Span,
    /// The patterns of a function's arguments.
    pub arguments: Vec<String>,
    pub bodies: Vec<BodyAnatomy>,
}

/// One body of a rule, or a rule without a body.
#[derive(Debug)]
pub(crate) struct BodyAnatomy {
    pub is_else: bool,
    /// The literals in an order in which they can be evaluated.
    pub literals: Vec<LiteralAnatomy>,
    /// The value of the rule if the body is true.
    pub yields: Vec<ExprAnatomy>,
}

/// One literal of a body.
#[derive(Debug)]
pub(crate) struct LiteralAnatomy {
    pub span: Span,
    pub text: String,
    pub kind: LiteralAnatomyKind,
    /// The `with` modifiers.
    pub withs: String,
    /// The variables that have values after the literal.
    pub binds: Vec<String>,
    /// The expressions whose value is one resource change.
    pub resources: Vec<String>,
}

/// The kinds of literals.
#[derive(Debug)]
pub(crate) enum LiteralAnatomyKind {
    /// `some x`.
    Declaration,
    /// `some x in …`.
    Iteration { collection: ExprAnatomy },
    /// `every x in … { … }`.
    Every { key: Option<String>, value: String, collection: ExprAnatomy, body: String, span: Span },
    /// `x := …`, `x = …`.
    Assignment { values: Vec<ExprAnatomy> },
    /// Any other expression, which must be true.
    Test(ExprAnatomy),
    /// `not …`.
    Negation(ExprAnatomy),
}

/// An expression.
#[derive(Debug)]
pub(crate) struct ExprAnatomy {
    pub span: Span,
    pub text: String,
    pub kind: ExprAnatomyKind,
}

/// The kind of an expression.
#[derive(Debug)]
pub(crate) enum ExprAnatomyKind {
    /// A number, a string and so on.
    Scalar,
    /// An expression whose operands are explained separately.
    Operation(Vec<ExprAnatomy>),
    /// A variable, a rule, or a path that starts with either.
    Reference {
        /// The text up to and including each step, the shortest first.
        prefixes: Vec<String>,
        /// The source text of the last step of each prefix but the first.
        steps: Vec<String>,
        /// The path in `data`, if it refers to one.
        target: Option<Vec<String>>,
    },
    Call {
        arguments: Vec<ExprAnatomy>,
        target: Option<Vec<String>>,
    },
    /// Arrays, objects, comprehensions.
    Other,
}

/// Returns the parts of a file. `texts` are all files, which define the names of the rules.
pub(crate) fn anatomy<'t>(
    text: &str,
    texts: impl Iterator<Item = &'t str>,
) -> Result<FileAnatomy, RewriteError> {
    let read = |text: &str| parse::parse(text).map_err(|error| RewriteError::form(error.offset));
    let module = read(text)?;
    let mut names = RuleNames::default();
    for other in texts {
        if let Ok(module) = parse::parse(other) {
            names.add(&module, other);
        }
    }
    let policy = Policy::new(text, &module, RegoVersion::V1, &names);
    let scopes = Scopes::of(&module, text);
    let reader = AnatomyBuilder { policy: &policy, scopes: &scopes, module: &module };
    let spans = std::iter::once(&module.package_span).chain(module.imports.iter().map(|import| &import.span));
    let preamble = spans.map(|span| text[span.clone()].to_owned() + "\n").collect();
    let (defaults, rules): (Vec<&Rule>, Vec<&Rule>) = module.rules.iter().partition(|rule| rule.is_default);
    Ok(FileAnatomy {
        preamble,
        package: module.package.clone(),
        rules: rules.into_iter().map(|rule| reader.rule(rule)).collect(),
        defaults: defaults.into_iter().map(|rule| reader.path(rule)).collect(),
    })
}

struct AnatomyBuilder<'r, 'p> {
    policy: &'r Policy<'p>,
    scopes: &'r Scopes<'p>,
    module: &'r Module,
}

impl AnatomyBuilder<'_, '_> {
    fn text(&self, span: &Span) -> String {
        self.policy.text[span.clone()].to_owned()
    }

    /// Returns the path of the rule's document, starting with `data`.
    fn path(&self, rule: &Rule) -> Vec<String> {
        let mut path = self.module.package.clone();
        path.extend(self.fixed_path(&rule.head.name));
        path
    }

    fn rule(&self, rule: &Rule) -> RuleAnatomy {
        RuleAnatomy {
            path: self.path(rule),
            head: rule.head.span.clone(),
            arguments: rule.head.arguments.iter().flatten().map(|pattern| self.text(&pattern.span)).collect(),
            bodies: rule.branches.iter().map(|branch| self.body(rule, branch)).collect(),
        }
    }

    /// Returns the name of a reference and its constant steps.
    fn fixed_path(&self, expr: &Expr) -> Vec<String> {
        let ExprKind::Reference { base, steps } = &expr.kind else {
            return vec![self.policy.text_of(expr).to_owned()];
        };
        let mut path = vec![self.policy.text_of(base).to_owned()];
        path.extend(steps.iter().map_while(|step| step.key(self.policy.text)).map(str::to_owned));
        path
    }

    fn body(&self, rule: &Rule, branch: &Branch) -> BodyAnatomy {
        let mut literals: Vec<LiteralAnatomy> = Vec::new();
        if let Some(body) = &branch.body {
            let mut fresh = 0;
            let order = self.order(body);
            literals.extend(order.into_iter().map(|literal| self.literal(literal, &mut fresh)));
        }
        let yields = rule.head_exprs(branch).into_iter().map(|expr| self.piece(expr)).collect();
        BodyAnatomy { is_else: matches!(branch.kind, BranchKind::Else { .. }), literals, yields }
    }

    /// Returns the literals in an order in which each has its inputs; the order of the file, if possible.
    fn order<'b>(&self, body: &'b Body) -> Vec<&'b Literal> {
        let (mut waiting, rest): (Vec<&Literal>, Vec<&Literal>) =
            body.literals.iter().partition(|literal| !matches!(literal.kind, LiteralKind::Declaration(_)));
        let mut ordered = rest;
        let bindable: HashSet<String> = waiting.iter().flat_map(|literal| self.bindable(literal)).collect();
        let mut bound: HashSet<String> = HashSet::new();
        while !waiting.is_empty() {
            let is_ready = |literal: &&Literal| {
                let own = self.bindable(literal);
                self.mentioned(literal)
                    .iter()
                    .all(|name| bound.contains(name) || own.contains(name) || !bindable.contains(name))
            };
            // If no literal is ready, the engine will report the missing variable.
            let next = waiting.remove(waiting.iter().position(is_ready).unwrap_or(0));
            bound.extend(self.mentioned(next).into_iter().filter(|name| bindable.contains(name)));
            ordered.push(next);
        }
        ordered
    }

    /// Returns the variables that a literal can bind.
    fn bindable(&self, literal: &Literal) -> HashSet<String> {
        let mut names = HashSet::new();
        match &literal.kind {
            LiteralKind::Declaration(_) | LiteralKind::Negation(_) => {}
            LiteralKind::SomeIn { patterns, collection } => {
                patterns.iter().for_each(|pattern| self.names(pattern, &mut names));
                self.indexes(collection, &mut names);
            }
            LiteralKind::Every { collection, .. } => self.indexes(collection, &mut names),
            LiteralKind::Expression(expr) => match &expr.kind {
                ExprKind::Operation { operator: Operator::Assign, operands } => {
                    operands.iter().take(1).for_each(|pattern| self.names(pattern, &mut names));
                    operands.iter().skip(1).for_each(|value| self.indexes(value, &mut names));
                }
                ExprKind::Operation { operator: Operator::Unify, operands } => {
                    for operand in operands {
                        if matches!(
                            operand.kind,
                            ExprKind::Name | ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_)
                        ) {
                            self.names(operand, &mut names);
                        }
                        self.indexes(operand, &mut names);
                    }
                }
                ExprKind::Call { arguments, .. } => {
                    arguments.iter().skip(1).for_each(|last| self.names(last, &mut names));
                    self.indexes(expr, &mut names);
                }
                ExprKind::Scalar(_)
                | ExprKind::Template(_)
                | ExprKind::Name
                | ExprKind::Parenthesised(_)
                | ExprKind::Reference { .. }
                | ExprKind::Operation { .. }
                | ExprKind::Array(_)
                | ExprKind::Set(_)
                | ExprKind::Object(_)
                | ExprKind::Comprehension { .. } => self.indexes(expr, &mut names),
            },
        }
        names
    }

    /// Collects the variables that are indexes of references in an expression.
    fn indexes(&self, expr: &Expr, names: &mut HashSet<String>) {
        outside_bodies(expr, &mut |part| {
            if let ExprKind::Reference { steps, .. } = &part.kind {
                for step in steps {
                    match step {
                        Step::Field(_) => {}
                        Step::Index(index) => self.names(index, names),
                    }
                }
            }
        });
    }

    fn names(&self, expr: &Expr, names: &mut HashSet<String>) {
        outside_bodies(expr, &mut |part| self.name(part, names));
    }

    fn name(&self, expr: &Expr, names: &mut HashSet<String>) {
        if matches!(expr.kind, ExprKind::Name) && !self.policy.is_global(self.scopes, expr) {
            names.insert(self.policy.text_of(expr).to_owned());
        }
    }

    /// Returns every name in a literal, including those of inner bodies.
    fn mentioned(&self, literal: &Literal) -> HashSet<String> {
        let mut names = HashSet::new();
        each_expr(literal, &mut |part| self.name(part, &mut names));
        names
    }

    fn literal(&self, literal: &Literal, fresh: &mut usize) -> LiteralAnatomy {
        let kind = match &literal.kind {
            LiteralKind::Declaration(_) => LiteralAnatomyKind::Declaration,
            LiteralKind::SomeIn { collection, .. } => {
                LiteralAnatomyKind::Iteration { collection: self.piece(collection) }
            }
            LiteralKind::Every { variables, collection, body } => {
                let (key, value) = match variables.as_slice() {
                    [key, value, ..] => (Some(self.text(&key.span)), self.text(&value.span)),
                    [value] => (None, self.text(&value.span)),
                    [] => (None, "_".to_owned()),
                };
                let first = body.literals.first().map_or(0, |literal| literal.span.start);
                let last = body.literals.last().map_or(first, |literal| literal.span.end);
                LiteralAnatomyKind::Every {
                    key,
                    value,
                    collection: self.piece(collection),
                    body: self.text(&(first..last)),
                    span: first..last,
                }
            }
            LiteralKind::Negation(expr) => LiteralAnatomyKind::Negation(self.piece(expr)),
            LiteralKind::Expression(expr) => match &expr.kind {
                ExprKind::Operation { operator: Operator::Assign, operands } => {
                    let values = operands.iter().skip(1).map(|value| self.piece(value)).collect();
                    LiteralAnatomyKind::Assignment { values }
                }
                ExprKind::Operation { operator: Operator::Unify, operands } => {
                    let values = operands.iter().map(|value| self.piece(value)).collect();
                    LiteralAnatomyKind::Assignment { values }
                }
                _ => LiteralAnatomyKind::Test(self.piece(expr)),
            },
        };
        let mut binds = variables_of(self.policy, self.scopes, literal);
        binds.retain(|name| name != "_");
        let own = match &literal.kind {
            LiteralKind::Negation(_) | LiteralKind::Declaration(_) => Vec::new(),
            LiteralKind::Every { collection, .. } => vec![collection],
            LiteralKind::SomeIn { .. } | LiteralKind::Expression(_) => literal.own_exprs(),
        };
        let mut searches = Vec::new();
        own.into_iter().for_each(|expr| self.searches(expr, &mut searches));
        let (mut text, mut at) = (String::new(), literal.span.start);
        let mut resources = BTreeSet::new();
        searches.sort_by_key(|(_, index)| index.span.start);
        for (reference, index) in searches {
            let up_to = self.text(&(reference.start..index.span.start));
            let name = self.policy.text_of(index);
            text.push_str(&self.text(&(at..index.span.start)));
            at = index.span.end;
            if name == "_" {
                *fresh += 1;
                let name = format!("__planguard_i{fresh}");
                text.push_str(&name);
                resources.insert(format!("{up_to}{name}]"));
            } else {
                text.push_str(name);
                resources.insert(format!("{up_to}{name}]"));
            }
        }
        text.push_str(&self.text(&(at..literal.span.end)));
        let withs = match (literal.withs.first(), literal.withs.last()) {
            (Some(first), Some(last)) => self.text(&(first.span.start..last.span.end)),
            _ => String::new(),
        };
        // `with` changes the values of the expressions.
        let resources = if withs.is_empty() { resources.into_iter().collect() } else { Vec::new() };
        LiteralAnatomy { span: literal.span.clone(), text, kind, withs, binds, resources }
    }

    /// Collects variable indexes of `resource_changes`, with the range of their reference.
    fn searches<'e>(&self, expr: &'e Expr, found: &mut Vec<(Span, &'e Expr)>) {
        outside_bodies(expr, &mut |part| {
            let ExprKind::Reference { base, steps } = &part.kind else { return };
            let mut last = self.policy.text_of(base);
            for step in steps {
                match step {
                    Step::Field(span) => last = &self.policy.text[span.clone()],
                    Step::Index(index) => {
                        let is_variable = matches!(index.kind, ExprKind::Name)
                            && !self.policy.is_global(self.scopes, index);
                        if is_variable && last == "resource_changes" {
                            found.push((part.span.clone(), index));
                        }
                        last = "";
                    }
                }
            }
        });
    }

    fn piece(&self, expr: &Expr) -> ExprAnatomy {
        let expr = expr.bare();
        let kind = match &expr.kind {
            ExprKind::Scalar(_) | ExprKind::Template(_) => ExprAnatomyKind::Scalar,
            ExprKind::Name => ExprAnatomyKind::Reference {
                prefixes: vec![self.text(&expr.span)],
                steps: Vec::new(),
                target: self.target(expr),
            },
            ExprKind::Reference { base, steps } => {
                // The base of a reference may be a call.
                let mut prefixes = vec![self.text(&base.span)];
                let mut written = Vec::new();
                for (index, step) in steps.iter().enumerate() {
                    let end = match step {
                        Step::Field(span) => span.end,
                        Step::Index(inner) => {
                            let next = steps.get(index + 1).map_or(expr.span.end, |next| match next {
                                Step::Field(span) => span.start,
                                Step::Index(inner) => inner.span.start,
                            });
                            let close = self.policy.text[inner.span.end..next].find(']');
                            inner.span.end + close.map_or(0, |at| at + 1)
                        }
                    };
                    prefixes.push(self.text(&(expr.span.start..end)));
                    written.push(match step {
                        Step::Field(span) => self.text(span),
                        Step::Index(inner) => self.text(&inner.span),
                    });
                }
                ExprAnatomyKind::Reference { prefixes, steps: written, target: self.target(expr) }
            }
            ExprKind::Call { function, arguments } => ExprAnatomyKind::Call {
                arguments: arguments.iter().map(|argument| self.piece(argument)).collect(),
                target: self.target(function),
            },
            ExprKind::Operation { operands, .. } => {
                ExprAnatomyKind::Operation(operands.iter().map(|operand| self.piece(operand)).collect())
            }
            ExprKind::Array(_)
            | ExprKind::Set(_)
            | ExprKind::Object(_)
            | ExprKind::Comprehension { .. }
            | ExprKind::Parenthesised(_) => ExprAnatomyKind::Other,
        };
        ExprAnatomy { span: expr.span.clone(), text: self.text(&expr.span), kind }
    }

    /// Returns the path in `data` that a name or reference refers to.
    fn target(&self, expr: &Expr) -> Option<Vec<String>> {
        let root = expr.root()?;
        let path = self.fixed_path(expr);
        let steps = path.iter().skip(1).cloned();
        // `some x` without a value of its own leaves a rule its name.
        let meaning = match self.policy.meaning(self.scopes, root) {
            Meaning::Local(index)
                if self.scopes.declarations.get(index).is_some_and(|found| found.how == DeclaredBy::Some) =>
            {
                self.policy.outside(root)
            }
            other => other,
        };
        match meaning {
            Meaning::Local(_) | Meaning::Input | Meaning::Open => None,
            Meaning::Data => Some(path),
            Meaning::Import(import) => match import.target() {
                (Root::Data, _) => Some(import.path.iter().cloned().chain(steps).collect()),
                (Root::Input, _) => None,
            },
            Meaning::Rule => Some(self.module.package.iter().cloned().chain(path).collect()),
        }
    }
}
