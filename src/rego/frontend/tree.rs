//! The shape of a policy, as far as rewriting needs it; every node knows its place in the text.

use std::ops::Range;

/// A place in bytes.
pub(in crate::rego) type Span = Range<usize>;

/// A policy file.
#[derive(Debug)]
pub(in crate::rego) struct Module {
    /// The whole `package …`.
    pub package_span: Span,
    /// `["data", "main"]`, unless a part of the package's name is not written out.
    pub package: Vec<String>,
    pub imports: Vec<Import>,
    pub rules: Vec<Rule>,
    /// Where literals end whose successor is told from them by a line feed only.
    pub line_ends: Vec<usize>,
}

/// `import data.x as y`.
#[derive(Debug)]
pub(in crate::rego) struct Import {
    pub span: Span,
    /// The parts of what is imported, if they are all written out.
    pub path: Vec<String>,
    /// The name that it has in the policy.
    pub alias: String,
    pub place: Place,
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rego) enum Place {
    BeforeRules,
    AfterARule,
}

/// A rule with all its bodies.
#[derive(Debug)]
pub(in crate::rego) struct Rule {
    pub head: Head,
    pub is_default: bool,
    /// At least one.
    pub branches: Vec<Branch>,
}

/// What stands before a rule's first body.
#[derive(Debug)]
pub(in crate::rego) struct Head {
    /// A name, or a reference that starts with one.
    pub name: Expr,
    pub arguments: Option<Vec<Expr>>,
    /// What stands after `contains`.
    pub key: Option<Expr>,
    pub value: Option<Expr>,
    pub span: Span,
}

/// One body of a rule and the value it gives, or a rule without a body.
#[derive(Debug)]
pub(in crate::rego) struct Branch {
    pub kind: BranchKind,
    pub body: Option<Body>,
    pub span: Span,
}

/// How a body is joined to those before it.
#[derive(Debug)]
pub(in crate::rego) enum BranchKind {
    /// The first, whose value is in the head.
    First,
    /// One that stands directly after another: `{ … } { … }`.
    Chained,
    /// `else := value`.
    Else { value: Option<Expr> },
}

/// What has to hold.
#[derive(Debug)]
pub(in crate::rego) struct Body {
    pub literals: Vec<Literal>,
    pub enclosure: Enclosure,
}

/// Whether a body can take more than one literal as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rego) enum Enclosure {
    /// Braces, or the brackets of a comprehension.
    Brackets,
    /// `if x`.
    Bare,
}

/// One thing that has to hold.
#[derive(Debug)]
pub(in crate::rego) struct Literal {
    pub kind: LiteralKind,
    pub withs: Vec<With>,
    pub span: Span,
}

#[derive(Debug)]
pub(in crate::rego) enum LiteralKind {
    /// `some x, y`.
    Declaration(Vec<Expr>),
    /// `some x, y in collection`.
    SomeIn {
        patterns: Vec<Expr>,
        collection: Expr,
    },
    /// `every x, y in collection { … }`.
    Every {
        variables: Vec<Expr>,
        collection: Expr,
        body: Body,
    },
    Expression(Expr),
    /// `not …`.
    Negation(Expr),
}

/// `with target as value`.
#[derive(Debug)]
pub(in crate::rego) struct With {
    pub target: Expr,
    pub value: Expr,
    pub span: Span,
}

#[derive(Debug)]
pub(in crate::rego) struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Debug)]
pub(in crate::rego) enum ExprKind {
    /// Numbers, strings, `true`, `false` and `null`.
    Scalar,
    /// A variable, or what else is known by that name.
    Name,
    Parenthesised(Box<Expr>),
    /// `base.field[index]`, with at least one step.
    Reference {
        base: Box<Expr>,
        steps: Vec<Step>,
    },
    Call {
        function: Box<Expr>,
        arguments: Vec<Expr>,
    },
    Operation {
        operator: Operator,
        operands: Vec<Expr>,
    },
    /// An array or a set.
    Items(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    /// With one head, or a key and a value.
    Comprehension {
        heads: Vec<Expr>,
        body: Body,
    },
}

#[derive(Debug)]
pub(in crate::rego) enum Step {
    Field(Span),
    Index(Expr),
}

/// Operators, as far as they differ in what is rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rego) enum Operator {
    Assign,
    Unify,
    Equal,
    /// `x in y`, and `k, x in y` with three operands.
    In,
    Other,
}

impl Expr {
    /// The text of the node.
    pub(in crate::rego) fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.span.clone()).unwrap_or("")
    }

    /// What is left without the parentheses around it.
    pub(in crate::rego) fn bare(&self) -> &Self {
        match &self.kind {
            ExprKind::Parenthesised(inner) => inner.bare(),
            ExprKind::Scalar
            | ExprKind::Name
            | ExprKind::Reference { .. }
            | ExprKind::Call { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Items(_)
            | ExprKind::Object(_)
            | ExprKind::Comprehension { .. } => self,
        }
    }

    /// The nodes directly below this one. The body of a comprehension is not among them.
    pub(in crate::rego) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Scalar | ExprKind::Name => Vec::new(),
            ExprKind::Parenthesised(inner) => vec![inner],
            ExprKind::Reference { base, steps } => {
                let mut children = vec![base.as_ref()];
                children.extend(steps.iter().filter_map(|step| match step {
                    Step::Field(_) => None,
                    Step::Index(index) => Some(index),
                }));
                children
            }
            ExprKind::Call { function, arguments } => {
                let mut children = vec![function.as_ref()];
                children.extend(arguments);
                children
            }
            ExprKind::Operation { operands, .. } => operands.iter().collect(),
            ExprKind::Items(items) => items.iter().collect(),
            ExprKind::Object(fields) => fields.iter().flat_map(|(key, value)| [key, value]).collect(),
            ExprKind::Comprehension { heads, .. } => heads.iter().collect(),
        }
    }

    /// The body of a comprehension.
    pub(in crate::rego) fn body(&self) -> Option<&Body> {
        match &self.kind {
            ExprKind::Comprehension { body, .. } => Some(body),
            ExprKind::Scalar
            | ExprKind::Name
            | ExprKind::Parenthesised(_)
            | ExprKind::Reference { .. }
            | ExprKind::Call { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Items(_)
            | ExprKind::Object(_) => None,
        }
    }

    /// The name that a reference starts with, or that this is.
    pub(in crate::rego) fn root(&self) -> Option<&Self> {
        match &self.kind {
            ExprKind::Name => Some(self),
            ExprKind::Reference { base, .. } => base.root(),
            ExprKind::Scalar
            | ExprKind::Parenthesised(_)
            | ExprKind::Call { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Items(_)
            | ExprKind::Object(_)
            | ExprKind::Comprehension { .. } => None,
        }
    }
}

impl Literal {
    /// The expressions of the literal itself, without those of an `every` body and of `with`.
    pub(in crate::rego) fn own_exprs(&self) -> Vec<&Expr> {
        match &self.kind {
            LiteralKind::Declaration(names) => names.iter().collect(),
            LiteralKind::SomeIn { patterns, collection } => patterns.iter().chain([collection]).collect(),
            LiteralKind::Every { variables, collection, .. } => {
                variables.iter().chain([collection]).collect()
            }
            LiteralKind::Expression(expr) | LiteralKind::Negation(expr) => vec![expr],
        }
    }

    /// The expressions of the literal, those of `with` included and those of an `every` body not.
    pub(in crate::rego) fn exprs(&self) -> Vec<&Expr> {
        let mut exprs = self.own_exprs();
        exprs.extend(self.withs.iter().flat_map(|with| [&with.target, &with.value]));
        exprs
    }

    /// The body of an `every`.
    pub(in crate::rego) fn body(&self) -> Option<&Body> {
        match &self.kind {
            LiteralKind::Every { body, .. } => Some(body),
            LiteralKind::Declaration(_)
            | LiteralKind::SomeIn { .. }
            | LiteralKind::Expression(_)
            | LiteralKind::Negation(_) => None,
        }
    }
}

impl Rule {
    /// The rule's name without what follows it.
    pub(in crate::rego) fn name<'t>(&self, text: &'t str) -> &'t str {
        self.head.name.root().map_or("", |root| root.text(text))
    }

    /// The expressions that are evaluated after a branch's body.
    pub(in crate::rego) fn head_exprs<'a>(&'a self, branch: &'a Branch) -> Vec<&'a Expr> {
        match &branch.kind {
            BranchKind::First | BranchKind::Chained => {
                let indexes = self.head.name.children().into_iter().skip(1);
                indexes.chain(&self.head.key).chain(&self.head.value).collect()
            }
            BranchKind::Else { value } => value.iter().collect(),
        }
    }
}
