//! The syntax tree of a policy, as detailed as rewriting needs it; every node has a byte range.

use std::ops::Range;

/// A byte range.
pub type Span = Range<usize>;

/// A policy file.
#[derive(Debug)]
pub struct Module {
    /// The range of the whole `package …`.
    pub package_span: Span,
    /// The path, such as `["data", "main"]`; `None` if a part of it is not constant.
    pub package: Vec<String>,
    /// In file order.
    pub imports: Vec<Import>,
    /// In file order.
    pub rules: Vec<Rule>,
    /// The ends of literals that only a line break separates from the next one.
    pub line_ends: Vec<usize>,
}

/// `import data.x as y`.
#[derive(Debug)]
pub struct Import {
    /// Its range.
    pub span: Span,
    /// The parts of the imported path, if they are all constant.
    pub path: Vec<String>,
    /// The name in the policy.
    pub alias: String,
    /// Its position relative to the rules.
    pub place: ImportPlace,
}

/// The position of an import relative to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportPlace {
    /// Before every rule, as OPA requires.
    BeforeRules,
    /// After a rule.
    AfterARule,
}

/// A rule with all its bodies.
#[derive(Debug)]
pub struct Rule {
    /// The name, arguments and value.
    pub head: Head,
    /// Whether it starts with `default`.
    pub is_default: bool,
    /// The bodies; at least one.
    pub branches: Vec<Branch>,
}

/// The part of a rule before its first body.
#[derive(Debug)]
pub struct Head {
    /// A name, or a reference that starts with one.
    pub name: Expr,
    /// The arguments of a function.
    pub arguments: Option<Vec<Expr>>,
    /// The expression after `contains`.
    pub key: Option<Expr>,
    /// The value; `true` if it is omitted.
    pub value: Option<Expr>,
    /// Its range.
    pub span: Span,
}

/// One body of a rule with its value, or a rule without a body.
#[derive(Debug)]
pub struct Branch {
    /// Its relation to the previous branch.
    pub kind: BranchKind,
    /// The conditions.
    pub body: Option<Body>,
    /// Its range.
    pub span: Span,
}

/// The relation of a branch to the previous one.
#[derive(Debug)]
pub enum BranchKind {
    /// The first branch; its value is in the head.
    First,
    /// A branch that directly follows another: `{ … } { … }`.
    Chained,
    /// `else`, optionally with a value: `else := value`.
    Else {
        /// The value.
        value: Option<Expr>,
    },
}

/// A conjunction of literals.
#[derive(Debug)]
pub struct Body {
    /// The literals in file order.
    pub literals: Vec<Literal>,
    /// The delimiters around them.
    pub enclosure: Enclosure,
}

/// The delimiters of a body, which decide whether a literal can be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enclosure {
    /// Braces, or the brackets of a comprehension.
    Brackets,
    /// `if x`.
    Bare,
}

/// One literal of a body.
#[derive(Debug)]
pub struct Literal {
    /// Its kind.
    pub kind: LiteralKind,
    /// The `with` modifiers.
    pub withs: Vec<With>,
    /// Its range.
    pub span: Span,
}

/// The kinds of literals.
#[derive(Debug)]
pub enum LiteralKind {
    /// `some x, y`.
    Declaration(Vec<Expr>),
    /// `some x, y in collection`.
    SomeIn {
        /// One or two variables or patterns.
        patterns: Vec<Expr>,
        /// The collection.
        collection: Expr,
    },
    /// `every x, y in collection { … }`.
    Every {
        /// One or two variables.
        variables: Vec<Expr>,
        /// The collection.
        collection: Expr,
        /// The literals.
        body: Body,
    },
    /// An expression that must be neither `false` nor undefined.
    Expression(Expr),
    /// `not …`.
    Negation(Expr),
}

/// `with target as value`.
#[derive(Debug)]
pub struct With {
    /// The replaced reference.
    pub target: Expr,
    /// The replacement.
    pub value: Expr,
    /// Its range.
    pub span: Span,
}

/// A term or expression.
#[derive(Debug)]
pub struct Expr {
    /// Its kind.
    pub kind: ExprKind,
    /// Its range.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Debug)]
pub enum ExprKind {
    /// Numbers, strings, `true`, `false` and `null`.
    Scalar,
    /// A variable, rule or other name.
    Name,
    /// `(x)`.
    Parenthesised(Box<Expr>),
    /// `base.field[index]`, with at least one step.
    Reference {
        /// The first part.
        base: Box<Expr>,
        /// The following steps.
        steps: Vec<Step>,
    },
    /// `f(x)`.
    Call {
        /// A name or a reference.
        function: Box<Expr>,
        /// The arguments.
        arguments: Vec<Expr>,
    },
    /// `x + y`.
    Operation {
        /// The operator.
        operator: Operator,
        /// Two operands, or one for a unary minus.
        operands: Vec<Expr>,
    },
    /// An array or a set.
    Items(Vec<Expr>),
    /// Keys and values.
    Object(Vec<(Expr, Expr)>),
    /// A comprehension.
    Comprehension {
        /// One expression, or a key and a value.
        heads: Vec<Expr>,
        /// The body.
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

/// Operators.
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
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `|`.
    Union,
    /// `&`.
    Intersection,
    /// `+`.
    Add,
    /// `-` between two operands.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Remainder,
    /// `-` before one operand.
    Negate,
}

impl Operator {
    /// What the operator does with its operands.
    pub const fn family(self) -> OperatorFamily {
        match self {
            Self::Assign => OperatorFamily::Assignment,
            Self::Unify => OperatorFamily::Unification,
            Self::Equal => OperatorFamily::Equality,
            Self::NotEqual => OperatorFamily::Inequality,
            Self::In => OperatorFamily::Membership,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => OperatorFamily::Order,
            Self::Union
            | Self::Intersection
            | Self::Add
            | Self::Subtract
            | Self::Multiply
            | Self::Divide
            | Self::Remainder
            | Self::Negate => OperatorFamily::Computation,
        }
    }
}

/// What operators do with their operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorFamily {
    /// `:=`.
    Assignment,
    /// `=`.
    Unification,
    /// `==`.
    Equality,
    /// `!=`.
    Inequality,
    /// `in`.
    Membership,
    /// `<` and the like.
    Order,
    /// `+`, `|` and the like, whose result is no truth.
    Computation,
}

impl Expr {
    /// Returns the source text of the expression.
    pub fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.span.clone()).unwrap_or("")
    }

    /// Returns the expression without enclosing parentheses.
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

    /// Returns the direct children, without the body of a comprehension.
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

    /// Returns the body of a comprehension.
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

    /// Returns the name that a reference starts with, or the expression itself if it is a name.
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
    /// Returns the expressions of the literal, without those of an `every` body and of `with`.
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

    /// Returns the expressions of the literal and of `with`, without those of an `every` body.
    pub fn exprs(&self) -> Vec<&Expr> {
        let mut exprs = self.own_exprs();
        exprs.extend(self.withs.iter().flat_map(|with| [&with.target, &with.value]));
        exprs
    }

    /// Returns the body of an `every`.
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
    /// Returns the rule's name, without the steps that follow it.
    pub fn name<'t>(&self, text: &'t str) -> &'t str {
        self.head.name.root().map_or("", |root| root.text(text))
    }

    /// Returns the expressions that are evaluated after a branch's body.
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
