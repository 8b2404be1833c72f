//! The shape of a query: its literals, and the variables that it binds.

use planguard_rego_syntax::parse;
use planguard_rego_syntax::scope::Scopes;
use planguard_rego_syntax::tree::{Body, Expr, ExprKind, Literal, LiteralKind, Operator, Span, Step};

use super::super::options::RegoVersion;
use super::RewriteError;
use super::policy::{Policy, RuleNames};

const BEFORE: &str = "package query\n\nanswer if {\n";

/// The shape of a query, as far as it determines the form of the answers.
#[derive(Clone, Debug)]
pub(crate) struct QueryShape {
    pub literals: Vec<ShapedLiteral>,
    /// The variables that the query binds, in the order of their first use.
    pub variables: Vec<String>,
    /// Whether the query has at most one solution.
    pub is_ground: bool,
}

/// One literal of a query.
#[derive(Clone, Debug)]
pub(crate) struct ShapedLiteral {
    pub span: Span,
    pub shaped: Shaped,
}

/// The contribution of a literal to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shaped {
    /// Its value.
    Value,
    /// `true`, if it is satisfied.
    Statement,
    /// Nothing.
    Declaration,
}

/// Parses a query.
pub(crate) fn shape_of_query(query: &str) -> Result<QueryShape, RewriteError> {
    let text = format!("{BEFORE}{query}\n}}\n");
    let unread = |offset: usize| RewriteError::form(offset.saturating_sub(BEFORE.len()).min(query.len()));
    let module = parse::parse(&text).map_err(|error| unread(error.offset))?;
    let ([rule], []) = (module.rules.as_slice(), module.imports.as_slice()) else {
        return Err(unread(module.rules.get(1).map_or(0, |rule| rule.head.span.start)));
    };
    let [branch] = rule.branches.as_slice() else {
        return Err(unread(rule.branches.get(1).map_or(0, |branch| branch.span.start)));
    };
    let Some(body) = branch.body.as_ref().filter(|body| !body.literals.is_empty()) else {
        return Err(unread(0));
    };
    let names = RuleNames::default();
    let policy = Policy::new(&text, &module, RegoVersion::V1, &names);
    let scopes = Scopes::of(&module, &text);
    let literals = body.literals.iter().map(|literal| ShapedLiteral {
        span: literal.span.start - BEFORE.len()..literal.span.end - BEFORE.len(),
        shaped: shaped(&policy, &scopes, literal),
    });
    let literals = literals.collect();
    let mut variables = variables(&policy, &scopes, body);
    let is_ground = variables.is_empty();
    variables.retain(|name| name != "_");
    Ok(QueryShape { literals, variables, is_ground })
}

fn shaped(policy: &Policy<'_>, scopes: &Scopes<'_>, literal: &Literal) -> Shaped {
    match &literal.kind {
        LiteralKind::Declaration(_) => Shaped::Declaration,
        LiteralKind::SomeIn { .. } | LiteralKind::Every { .. } | LiteralKind::Negation(_) => {
            Shaped::Statement
        }
        LiteralKind::Expression(expr) => match &expr.kind {
            ExprKind::Operation { operator: Operator::Assign | Operator::Unify, .. } => Shaped::Statement,
            // A call with an output argument has no value of its own.
            ExprKind::Call { arguments, .. }
                if arguments.last().is_some_and(|last| is_pattern(policy, scopes, last)) =>
            {
                Shaped::Statement
            }
            _ => Shaped::Value,
        },
    }
}

fn is_pattern(policy: &Policy<'_>, scopes: &Scopes<'_>, expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name => policy.text_of(expr) == "_" || policy.is_open(scopes, expr),
        ExprKind::Array(items) | ExprKind::Set(items) => {
            items.iter().any(|item| is_pattern(policy, scopes, item))
        }
        _ => false,
    }
}

/// Returns the variables that a body binds, without those of inner bodies; includes `_`.
fn variables(policy: &Policy<'_>, scopes: &Scopes<'_>, body: &Body) -> Vec<String> {
    let mut names = Vec::new();
    for literal in &body.literals {
        in_literal(policy, scopes, literal, &mut names);
    }
    names
}

/// Returns the variables that a literal binds; includes `_`.
pub(super) fn variables_of(policy: &Policy<'_>, scopes: &Scopes<'_>, literal: &Literal) -> Vec<String> {
    let mut names = Vec::new();
    // A declaration alone binds nothing.
    if !matches!(literal.kind, LiteralKind::Declaration(_)) {
        in_literal(policy, scopes, literal, &mut names);
    }
    names
}

fn in_literal(policy: &Policy<'_>, scopes: &Scopes<'_>, literal: &Literal, names: &mut Vec<String>) {
    match &literal.kind {
        LiteralKind::Negation(_) => {}
        LiteralKind::Every { collection, .. } => in_expr(policy, scopes, collection, names),
        LiteralKind::Declaration(_) | LiteralKind::SomeIn { .. } | LiteralKind::Expression(_) => {
            for expr in literal.own_exprs() {
                in_expr(policy, scopes, expr, names);
            }
        }
    }
}

fn in_expr(policy: &Policy<'_>, scopes: &Scopes<'_>, expr: &Expr, names: &mut Vec<String>) {
    match &expr.kind {
        ExprKind::Name => {
            let name = policy.text_of(expr);
            if !policy.is_global(scopes, expr) && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        ExprKind::Call { arguments, .. } => {
            for argument in arguments {
                in_expr(policy, scopes, argument, names);
            }
        }
        // The part before `|` belongs to the body after it.
        ExprKind::Comprehension { .. } | ExprKind::Scalar(_) | ExprKind::Template(_) => {}
        ExprKind::Reference { base, steps } => {
            in_expr(policy, scopes, base, names);
            for step in steps {
                match step {
                    Step::Field(_) => {}
                    Step::Index(index) => in_expr(policy, scopes, index, names),
                }
            }
        }
        ExprKind::Parenthesised(_)
        | ExprKind::Operation { .. }
        | ExprKind::Array(_)
        | ExprKind::Set(_)
        | ExprKind::Object(_) => {
            for child in expr.children() {
                in_expr(policy, scopes, child, names);
            }
        }
    }
}
