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
    /// The ranges of the comments, from `#` to the end of the text on the line.
    pub comments: Vec<Span>,
    /// How the file uses words that are keywords only in Rego v1.
    pub keywords: KeywordUse,
}

/// How a policy uses `contains`, `every`, `if` and `in`, which are keywords in Rego v1 and names in v0 unless they are
/// imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeywordUse {
    /// It uses none of them, or imports those that it uses: a policy of either dialect.
    Either,
    /// It uses one as a keyword without an import: a policy of v1.
    AsKeywords,
    /// It can be parsed only if they are names: a policy of v0.
    AsNames,
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
    /// The start of the head or of `default`.
    pub start: usize,
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
    /// What stands before the body.
    pub opening: Opening,
    /// Its range.
    pub span: Span,
}

/// What stands before a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// `if`.
    If,
    /// Nothing, as in Rego v0, or there is no body.
    Nothing,
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
    Scalar(Scalar),
    /// `$"…{x}…"`.
    Template(Vec<TemplatePart>),
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
    /// `[x, y]`.
    Array(Vec<Expr>),
    /// `{x, y}`.
    Set(Vec<Expr>),
    /// Keys and values.
    Object(Vec<(Expr, Expr)>),
    /// A comprehension.
    Comprehension {
        /// What it makes of each solution of its body.
        head: ComprehensionHead,
        /// The body.
        body: Body,
    },
}

/// A number, a string, `true`, `false` or `null`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written, with its sign.
    Number(Box<str>),
    /// The value of `"…"`.
    Text(Box<str>),
    /// The value of `` `…` ``.
    RawText(Box<str>),
}

/// A part of a template.
#[derive(Debug)]
pub enum TemplatePart {
    /// Text between expressions, as it is written.
    Text(Span),
    /// `{x}`.
    Expr(Expr),
}

/// What a comprehension makes of each solution of its body.
#[derive(Debug)]
pub enum ComprehensionHead {
    /// `[x | …]`.
    Array(Box<Expr>),
    /// `{x | …}`.
    Set(Box<Expr>),
    /// `{k: v | …}`: the key and the value.
    Object(Box<[Expr; 2]>),
}

impl ComprehensionHead {
    /// Returns its expressions.
    pub fn exprs(&self) -> &[Expr] {
        match self {
            Self::Array(element) | Self::Set(element) => std::slice::from_ref(element),
            Self::Object(pair) => pair.as_slice(),
        }
    }
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
            ExprKind::Scalar(_)
            | ExprKind::Template(_)
            | ExprKind::Name
            | ExprKind::Reference { .. }
            | ExprKind::Call { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Array(_)
            | ExprKind::Set(_)
            | ExprKind::Object(_)
            | ExprKind::Comprehension { .. } => self,
        }
    }

    /// Returns the direct children, without the body of a comprehension.
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Scalar(_) | ExprKind::Name => Vec::new(),
            ExprKind::Template(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    TemplatePart::Text(_) => None,
                    TemplatePart::Expr(expr) => Some(expr),
                })
                .collect(),
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
            ExprKind::Array(items) | ExprKind::Set(items) => items.iter().collect(),
            ExprKind::Object(fields) => fields.iter().flat_map(|(key, value)| [key, value]).collect(),
            ExprKind::Comprehension { head, .. } => head.exprs().iter().collect(),
        }
    }

    /// Returns the body of a comprehension.
    pub fn body(&self) -> Option<&Body> {
        match &self.kind {
            ExprKind::Comprehension { body, .. } => Some(body),
            ExprKind::Scalar(_)
            | ExprKind::Template(_)
            | ExprKind::Name
            | ExprKind::Parenthesised(_)
            | ExprKind::Reference { .. }
            | ExprKind::Call { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Array(_)
            | ExprKind::Set(_)
            | ExprKind::Object(_) => None,
        }
    }

    /// Returns the value of a string, with or without parentheses.
    pub fn string(&self) -> Option<&str> {
        match self.scalar()? {
            Scalar::Text(text) | Scalar::RawText(text) => Some(text),
            Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => None,
        }
    }

    /// Returns the value of a scalar, with or without parentheses.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.bare().kind {
            ExprKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Returns the name that a reference starts with and the keys of its steps, if all of them are constant.
    pub fn path<'a>(&'a self, text: &'a str) -> Option<(&'a str, Vec<&'a str>)> {
        let root = self.root()?.text(text);
        let ExprKind::Reference { steps, .. } = &self.kind else { return Some((root, Vec::new())) };
        Some((root, steps.iter().map(|step| step.key(text)).collect::<Option<_>>()?))
    }

    /// Returns the name that a reference starts with, or the expression itself if it is a name.
    pub fn root(&self) -> Option<&Self> {
        match &self.kind {
            ExprKind::Name => Some(self),
            ExprKind::Reference { base, .. } => base.root(),
            ExprKind::Scalar(_)
            | ExprKind::Template(_)
            | ExprKind::Parenthesised(_)
            | ExprKind::Call { .. }
            | ExprKind::Operation { .. }
            | ExprKind::Array(_)
            | ExprKind::Set(_)
            | ExprKind::Object(_)
            | ExprKind::Comprehension { .. } => None,
        }
    }
}

impl Step {
    /// Returns the key, if it is a name or a string.
    pub fn key<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Field(span) => text.get(span.clone()),
            Self::Index(index) => index.string(),
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
