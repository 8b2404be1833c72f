//! The shape of a policy, as far as rewriting needs it; every node knows its place in the text.

use std::ops::Range;

/// A place in bytes.
pub type Span = Range<usize>;

/// A policy file.
#[derive(Debug)]
pub struct Module {
    /// The whole `package …`.
    pub package_span: Span,
    /// `["data", "main"]`, unless a part of the package's name is not written out.
    pub package: Vec<String>,
    /// In the order of the file.
    pub imports: Vec<Import>,
    /// In the order of the file.
    pub rules: Vec<Rule>,
    /// Where literals end whose successor is told from them by a line feed only.
    pub line_ends: Vec<usize>,
}

/// `import data.x as y`.
#[derive(Debug)]
pub struct Import {
    /// Where it stands.
    pub span: Span,
    /// The parts of what is imported, if they are all written out.
    pub path: Vec<String>,
    /// The name that it has in the policy.
    pub alias: String,
    /// Where it stands among the rules.
    pub place: Place,
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before all of them, as it should.
    BeforeRules,
    /// Behind one of them.
    AfterARule,
}

/// A rule with all its bodies.
#[derive(Debug)]
pub struct Rule {
    /// What it defines.
    pub head: Head,
    /// Whether it starts with `default`.
    pub is_default: bool,
    /// At least one.
    pub branches: Vec<Branch>,
}

/// What stands before a rule's first body.
#[derive(Debug)]
pub struct Head {
    /// A name, or a reference that starts with one.
    pub name: Expr,
    /// The arguments of a function.
    pub arguments: Option<Vec<Expr>>,
    /// What stands after `contains`.
    pub key: Option<Expr>,
    /// What it is worth; `true` if nothing is written.
    pub value: Option<Expr>,
    /// Where it stands.
    pub span: Span,
}

/// One body of a rule and the value it gives, or a rule without a body.
#[derive(Debug)]
pub struct Branch {
    /// Which kind it is of.
    pub kind: BranchKind,
    /// The conditions.
    pub body: Option<Body>,
    /// Where it stands.
    pub span: Span,
}

/// How a body is joined to those before it.
#[derive(Debug)]
pub enum BranchKind {
    /// The first, whose value is in the head.
    First,
    /// One that stands directly after another: `{ … } { … }`.
    Chained,
    /// `else := value`.
    /// `else`, with its value if one is written.
    Else {
        /// What stands behind it.
        value: Option<Expr>,
    },
}

/// What has to hold.
#[derive(Debug)]
pub struct Body {
    /// The conditions, in the order of the file.
    pub literals: Vec<Literal>,
    /// What stands around them.
    pub enclosure: Enclosure,
}

/// Whether a body can take more than one literal as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enclosure {
    /// Braces, or the brackets of a comprehension.
    Brackets,
    /// `if x`.
    Bare,
}

/// One thing that has to hold.
#[derive(Debug)]
pub struct Literal {
    /// Which kind it is of.
    pub kind: LiteralKind,
    /// What `with` replaces for it.
    pub withs: Vec<With>,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of conditions.
#[derive(Debug)]
pub enum LiteralKind {
    /// `some x, y`.
    Declaration(Vec<Expr>),
    /// `some x, y in collection`.
    SomeIn {
        /// One or two.
        patterns: Vec<Expr>,
        /// What is searched.
        collection: Expr,
    },
    /// `every x, y in collection { … }`.
    Every {
        /// One or two.
        variables: Vec<Expr>,
        /// What is searched.
        collection: Expr,
        /// The conditions.
        body: Body,
    },
    /// A term that has to be neither `false` nor undefined.
    Expression(Expr),
    /// `not …`.
    Negation(Expr),
}

/// `with target as value`.
#[derive(Debug)]
pub struct With {
    /// What is replaced.
    pub target: Expr,
    /// What it is worth; `true` if nothing is written.
    pub value: Expr,
    /// Where it stands.
    pub span: Span,
}

/// A term.
#[derive(Debug)]
pub struct Expr {
    /// Which kind it is of.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of terms.
#[derive(Debug)]
pub enum ExprKind {
    /// Numbers, strings, `true`, `false` and `null`.
    Scalar,
    /// A variable, or what else is known by that name.
    Name,
    /// `(x)`.
    Parenthesised(Box<Expr>),
    /// `base.field[index]`, with at least one step.
    Reference {
        /// What it starts with.
        base: Box<Expr>,
        /// The way from there.
        steps: Vec<Step>,
    },
    /// `f(x)`.
    Call {
        /// A name or a reference.
        function: Box<Expr>,
        /// The arguments of a function.
        arguments: Vec<Expr>,
    },
    /// `x + y`.
    Operation {
        /// The operator.
        operator: Operator,
        /// Two of them, or one behind a minus.
        operands: Vec<Expr>,
    },
    /// An array or a set.
    Items(Vec<Expr>),
    /// Keys and values.
    Object(Vec<(Expr, Expr)>),
    /// With one head, or a key and a value.
    Comprehension {
        /// One, or a key and a value.
        heads: Vec<Expr>,
        /// The conditions.
        body: Body,
    },
}

/// A step of a reference.
#[derive(Debug)]
pub enum Step {
    /// `.name`.
    Field(Span),
    /// `[x]`.
    Index(Expr),
}

/// Operators, as far as they differ in what is rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `:=`.
    Assign,
    /// `=`.
    Unify,
    /// `==`.
    Equal,
    /// `x in y`, and `k, x in y` with three operands.
    In,
    /// Any other.
    Other,
}

impl Expr {
    /// The text of the node.
    pub fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.span.clone()).unwrap_or("")
    }

    /// What is left without the parentheses around it.
    pub fn bare(&self) -> &Self {
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
    pub fn children(&self) -> Vec<&Self> {
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
    pub fn body(&self) -> Option<&Body> {
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
    pub fn root(&self) -> Option<&Self> {
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
    pub fn own_exprs(&self) -> Vec<&Expr> {
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
    pub fn exprs(&self) -> Vec<&Expr> {
        let mut exprs = self.own_exprs();
        exprs.extend(self.withs.iter().flat_map(|with| [&with.target, &with.value]));
        exprs
    }

    /// The body of an `every`.
    pub fn body(&self) -> Option<&Body> {
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
    pub fn name<'t>(&self, text: &'t str) -> &'t str {
        self.head.name.root().map_or("", |root| root.text(text))
    }

    /// The expressions that are evaluated after a branch's body.
    pub fn head_exprs<'a>(&'a self, branch: &'a Branch) -> Vec<&'a Expr> {
        match &branch.kind {
            BranchKind::First | BranchKind::Chained => {
                let indexes = self.head.name.children().into_iter().skip(1);
                indexes.chain(&self.head.key).chain(&self.head.value).collect()
            }
            BranchKind::Else { value } => value.iter().collect(),
        }
    }
}
