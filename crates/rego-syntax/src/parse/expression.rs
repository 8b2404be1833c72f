//! Parses expressions by operator precedence.

use super::super::token::{self, Symbol, TokenError, TokenKind};
use super::super::tree::{ComprehensionHead, Expr, ExprKind, Operator, Scalar, Span, Step, TemplatePart};
use super::keywords::Keyword;
use super::{DEPTH_LIMIT, Parsed, Parser, SyntaxError};

/// The precedence of an operator, from loose to tight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// `:=` and `=`, whose operands are whole expressions.
    Assignment,
    Membership,
    Comparison,
    Union,
    Intersection,
    Sum,
    Product,
}

impl Level {
    fn tighter(self) -> Option<Self> {
        match self {
            Self::Assignment => Some(Self::Membership),
            Self::Membership => Some(Self::Comparison),
            Self::Comparison => Some(Self::Union),
            Self::Union => Some(Self::Intersection),
            Self::Intersection => Some(Self::Sum),
            Self::Sum => Some(Self::Product),
            Self::Product => None,
        }
    }
}

impl Parser<'_> {
    /// Parses an expression that may be `key, value in collection`.
    pub(super) fn literal_expr(&mut self) -> Parsed<Expr> {
        let first = self.expr(Level::Assignment)?;
        if self.symbol() != Some(Symbol::Comma) {
            return Ok(first);
        }
        self.advance()?;
        let second = self.expr(Level::Comparison)?;
        if !self.eat_keyword(Keyword::In) {
            return self.fail();
        }
        let third = self.expr(Level::Membership)?;
        // `x := key, value in collection` assigns the result to `x`.
        if let ExprKind::Operation { operator: operator @ (Operator::Assign | Operator::Unify), operands } =
            first.kind
        {
            let mut operands = operands;
            let Some(key) = operands.pop() else { return self.fail() };
            operands.push(operation(Operator::In, vec![key, second, third]));
            return Ok(operation(operator, operands));
        }
        Ok(operation(Operator::In, vec![first, second, third]))
    }

    /// Parses an expression with operators that bind at least as tightly as `loosest`.
    pub(super) fn expr(&mut self, loosest: Level) -> Parsed<Expr> {
        let first = self.operand()?;
        self.operators(first, loosest)
    }

    /// Continues after an operand with the operators that bind at least as tightly as `loosest`.
    fn operators(&mut self, first: Expr, loosest: Level) -> Parsed<Expr> {
        let mut left = first;
        let before = self.depth;
        while let Some((operator, level)) = self.operator()
            && level >= loosest
        {
            self.next += 1;
            if operator == Operator::In {
                self.note(Keyword::In);
            }
            self.depth += 1;
            if self.depth > DEPTH_LIMIT {
                return self.fail();
            }
            let right = match level.tighter() {
                Some(tighter) => self.expr(tighter)?,
                None => self.operand()?,
            };
            left = operation(operator, vec![left, right]);
        }
        self.depth = before;
        Ok(left)
    }

    /// Returns the next operator with its precedence.
    fn operator(&self) -> Option<(Operator, Level)> {
        let symbol = match self.peek()?.kind {
            TokenKind::Symbol(symbol) => symbol,
            TokenKind::Word => {
                return self.is_at(Keyword::In).then_some((Operator::In, Level::Membership));
            }
            TokenKind::Number | TokenKind::Text | TokenKind::RawText | TokenKind::Template => return None,
        };
        Some(match symbol {
            Symbol::Assign => (Operator::Assign, Level::Assignment),
            Symbol::Unify => (Operator::Unify, Level::Assignment),
            Symbol::Equal => (Operator::Equal, Level::Comparison),
            Symbol::NotEqual => (Operator::NotEqual, Level::Comparison),
            Symbol::Less => (Operator::Less, Level::Comparison),
            Symbol::LessOrEqual => (Operator::LessOrEqual, Level::Comparison),
            Symbol::Greater => (Operator::Greater, Level::Comparison),
            Symbol::GreaterOrEqual => (Operator::GreaterOrEqual, Level::Comparison),
            Symbol::Pipe => (Operator::Union, Level::Union),
            Symbol::Ampersand => (Operator::Intersection, Level::Intersection),
            Symbol::Plus => (Operator::Add, Level::Sum),
            Symbol::Minus => (Operator::Subtract, Level::Sum),
            Symbol::Asterisk => (Operator::Multiply, Level::Product),
            Symbol::Slash => (Operator::Divide, Level::Product),
            Symbol::Percent => (Operator::Remainder, Level::Product),
            Symbol::ParenOpen
            | Symbol::ParenClose
            | Symbol::BracketOpen
            | Symbol::BracketClose
            | Symbol::BraceOpen
            | Symbol::BraceClose
            | Symbol::Comma
            | Symbol::Semicolon
            | Symbol::Colon
            | Symbol::Dot => return None,
        })
    }

    /// Parses a term with the fields, indexes and arguments that follow it.
    pub(super) fn operand(&mut self) -> Parsed<Expr> {
        self.deeper(|parser| {
            let primary = parser.primary()?;
            parser.steps(primary, Steps::OfOperand)
        })
    }

    pub(super) fn steps(&mut self, base: Expr, which: Steps) -> Parsed<Expr> {
        let mut expr = base;
        let mut steps = Vec::new();
        let start = expr.span.start;
        loop {
            match self.symbol() {
                Some(Symbol::Dot) if self.touches() => {
                    self.advance()?;
                    if self.word().is_none() || !self.touches() {
                        return self.fail();
                    }
                    steps.push(Step::Field(self.advance()?.span.clone()));
                }
                Some(Symbol::BracketOpen)
                    if self.touches() || (which == Steps::OfHead && !self.starts_line()) =>
                {
                    self.advance()?;
                    steps.push(Step::Index(self.expr(Level::Membership)?));
                    self.expect(Symbol::BracketClose)?;
                }
                Some(Symbol::ParenOpen) if self.touches() && which == Steps::OfOperand => {
                    let function = reference(expr, std::mem::take(&mut steps), self.end());
                    self.advance()?;
                    let arguments = self.list(Symbol::ParenClose)?;
                    let kind = ExprKind::Call { function: Box::new(function), arguments };
                    expr = Expr { kind, span: start..self.end() };
                }
                _ => return Ok(reference(expr, steps, self.end())),
            }
        }
    }

    pub(super) fn list(&mut self, closing: Symbol) -> Parsed<Vec<Expr>> {
        let mut items = Vec::new();
        while !self.eat(closing) {
            items.push(self.expr(Level::Membership)?);
            if !self.eat(Symbol::Comma) {
                self.expect(closing)?;
                break;
            }
        }
        Ok(items)
    }

    pub(super) fn primary(&mut self) -> Parsed<Expr> {
        let start = self.start();
        let Some(token) = self.peek() else { return self.fail() };
        let kind = match token.kind {
            TokenKind::Word => {
                let word = self.word().unwrap_or("");
                if self.is_reserved(word) && word != "contains" {
                    return self.fail();
                }
                self.next += 1;
                match word {
                    "null" => ExprKind::Scalar(Scalar::Null),
                    "true" => ExprKind::Scalar(Scalar::Bool(true)),
                    "false" => ExprKind::Scalar(Scalar::Bool(false)),
                    _ => ExprKind::Name,
                }
            }
            TokenKind::Number | TokenKind::Text | TokenKind::RawText => {
                self.next += 1;
                let written = self.text.get(token.span.clone()).unwrap_or("");
                ExprKind::Scalar(match token.kind {
                    TokenKind::Text => Scalar::Text(unescaped(written)),
                    TokenKind::RawText => Scalar::RawText(unquoted(written).into()),
                    _ => Scalar::Number(written.into()),
                })
            }
            TokenKind::Template => {
                self.next += 1;
                ExprKind::Template(self.template(&token.span)?)
            }
            TokenKind::Symbol(symbol) => {
                self.next += 1;
                self.enclosed(symbol)?
            }
        };
        Ok(Expr { kind, span: start..self.end() })
    }

    /// Parses an expression that starts with a bracket or a sign.
    pub(super) fn enclosed(&mut self, opening: Symbol) -> Parsed<ExprKind> {
        match opening {
            Symbol::ParenOpen => {
                let inner = self.literal_expr()?;
                self.expect(Symbol::ParenClose)?;
                Ok(ExprKind::Parenthesised(Box::new(inner)))
            }
            Symbol::BracketOpen => self.collection(Symbol::BracketClose),
            Symbol::BraceOpen => self.collection(Symbol::BraceClose),
            Symbol::Minus => {
                let operand = self.operand()?;
                if let ExprKind::Scalar(Scalar::Number(number)) = &operand.kind
                    && !number.starts_with('-')
                {
                    return Ok(ExprKind::Scalar(Scalar::Number(format!("-{number}").into())));
                }
                Ok(ExprKind::Operation { operator: Operator::Negate, operands: vec![operand] })
            }
            _ => {
                self.next -= 1;
                self.fail()
            }
        }
    }

    /// Parses the contents of brackets or braces after the opening one.
    pub(super) fn collection(&mut self, closing: Symbol) -> Parsed<ExprKind> {
        if self.eat(closing) {
            // Empty braces are an object.
            return Ok(match closing {
                Symbol::BraceClose => ExprKind::Object(Vec::new()),
                _ => ExprKind::Array(Vec::new()),
            });
        }
        // After a first element, `|` starts the body of a comprehension, unless more elements follow.
        let first = self.expr(Level::Intersection)?;
        if closing == Symbol::BraceClose && self.eat(Symbol::Colon) {
            return self.object(first);
        }
        if !self.is_at_union() && self.eat(Symbol::Pipe) {
            let body = self.body(closing)?;
            let head = match closing {
                Symbol::BraceClose => ComprehensionHead::Set(Box::new(first)),
                _ => ComprehensionHead::Array(Box::new(first)),
            };
            return Ok(ExprKind::Comprehension { head, body });
        }
        let first = self.operators(first, Level::Membership)?;
        if closing == Symbol::BraceClose && self.eat(Symbol::Colon) {
            return self.object(first);
        }
        let mut items = vec![first];
        if self.eat(Symbol::Comma) {
            items.extend(self.list(closing)?);
        } else {
            self.expect(closing)?;
        }
        Ok(match closing {
            Symbol::BraceClose => ExprKind::Set(items),
            _ => ExprKind::Array(items),
        })
    }

    /// Whether the next token is a `|` that no body of a comprehension can follow: a comma separates what comes then, and is
    /// neither one of `key, value in collection` nor one of `some key, value`.
    fn is_at_union(&self) -> bool {
        if self.symbol() != Some(Symbol::Pipe) {
            return false;
        }
        let (mut open, mut is_declaration, mut is_pending) = (0usize, false, false);
        let mut is_first = true;
        for token in self.tokens.get(self.next + 1..).unwrap_or_default() {
            let word = self.text.get(token.span.clone()).filter(|_| token.kind == TokenKind::Word);
            match token.kind {
                TokenKind::Symbol(Symbol::ParenOpen | Symbol::BracketOpen | Symbol::BraceOpen) => open += 1,
                TokenKind::Symbol(Symbol::ParenClose | Symbol::BracketClose | Symbol::BraceClose) => {
                    let Some(outer) = open.checked_sub(1) else { break };
                    open = outer;
                }
                _ if open > 0 => {}
                TokenKind::Symbol(Symbol::Semicolon) => (is_first, is_declaration) = (true, false),
                TokenKind::Symbol(Symbol::Comma) if is_pending => return true,
                TokenKind::Symbol(Symbol::Comma) => is_pending = !is_declaration,
                _ if word == Some("in") => is_pending = false,
                _ => {
                    if is_first || token.starts_line && !is_pending {
                        is_declaration = word == Some("some");
                    }
                    is_first = false;
                }
            }
        }
        is_pending
    }

    pub(super) fn object(&mut self, key: Expr) -> Parsed<ExprKind> {
        let first = self.expr(Level::Intersection)?;
        if !self.is_at_union() && self.eat(Symbol::Pipe) {
            let body = self.body(Symbol::BraceClose)?;
            let head = ComprehensionHead::Object(Box::new([key, first]));
            return Ok(ExprKind::Comprehension { head, body });
        }
        let first = self.operators(first, Level::Membership)?;
        let mut fields = vec![(key, first)];
        while !self.eat(Symbol::BraceClose) {
            self.expect(Symbol::Comma)?;
            if self.eat(Symbol::BraceClose) {
                break;
            }
            let key = self.expr(Level::Membership)?;
            self.expect(Symbol::Colon)?;
            fields.push((key, self.expr(Level::Membership)?));
        }
        Ok(ExprKind::Object(fields))
    }

    /// Parses the expressions of a template.
    fn template(&mut self, span: &Span) -> Parsed<Vec<TemplatePart>> {
        let bytes = self.text.as_bytes();
        let (mut parts, end) = (Vec::new(), span.end - 1);
        let (mut text, mut at) = (span.start + 2, span.start + 2);
        while at < end {
            match bytes[at] {
                b'\\' => at += 2,
                b'{' => {
                    let close = token::end_of_braces(bytes, at).map_err(unread)?;
                    if text < at {
                        parts.push(TemplatePart::Text(text..at));
                    }
                    parts.push(TemplatePart::Expr(self.inner_expr(at + 1..close - 1)?));
                    (text, at) = (close, close);
                }
                _ => at += 1,
            }
        }
        if text < end {
            parts.push(TemplatePart::Text(text..end));
        }
        Ok(parts)
    }

    /// Parses a range that is one expression.
    fn inner_expr(&mut self, span: Span) -> Parsed<Expr> {
        let tokens = token::read_within(self.text, span.clone(), &mut self.comments).map_err(unread)?;
        let mut inner = Parser {
            text: self.text,
            tokens: &tokens,
            next: 0,
            limit: span.end,
            depth: self.depth,
            line_ends: std::mem::take(&mut self.line_ends),
            comments: std::mem::take(&mut self.comments),
            keywords: self.keywords,
        };
        let expr = inner.literal_expr();
        let is_whole = inner.peek().is_none();
        (self.line_ends, self.comments, self.keywords) = (inner.line_ends, inner.comments, inner.keywords);
        if expr.is_ok() && !is_whole { Err(SyntaxError { offset: span.start }) } else { expr }
    }
}

fn unread(error: TokenError) -> SyntaxError {
    SyntaxError { offset: error.offset }
}

/// Returns the value of `"…"`. What cannot be read is left as it is; the engine rejects it.
fn unescaped(written: &str) -> Box<str> {
    if memchr::memchr(b'\\', written.as_bytes()).is_none() {
        return unquoted(written).into();
    }
    match serde_json::from_str::<String>(written) {
        Ok(text) => text.into(),
        Err(_) => unquoted(written).into(),
    }
}

fn unquoted(written: &str) -> &str {
    written.get(1..written.len().saturating_sub(1)).unwrap_or("")
}

/// The steps that may follow a term.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Steps {
    /// Fields, indexes and arguments.
    OfOperand,
    /// Fields and indexes; whitespace is allowed before brackets, as in `deny [msg]`.
    OfHead,
}

fn reference(base: Expr, steps: Vec<Step>, end: usize) -> Expr {
    if steps.is_empty() {
        return base;
    }
    let span = base.span.start..end;
    Expr { kind: ExprKind::Reference { base: Box::new(base), steps }, span }
}

fn operation(operator: Operator, operands: Vec<Expr>) -> Expr {
    let start = operands.first().map_or(0, |first| first.span.start);
    let end = operands.last().map_or(0, |last| last.span.end);
    Expr { kind: ExprKind::Operation { operator, operands }, span: start..end }
}
