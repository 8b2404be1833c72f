//! Parses expressions by operator precedence.

use super::super::token::{Symbol, TokenKind};
use super::super::tree::{Expr, ExprKind, Operator, Step};
use super::{DEPTH_LIMIT, Parsed, Parser, is_keyword};

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
        if !self.eat_word("in") {
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

    pub(super) fn expr(&mut self, level: Level) -> Parsed<Expr> {
        let Some(tighter) = level.tighter() else { return self.binary(level, None) };
        self.binary(level, Some(tighter))
    }

    pub(super) fn binary(&mut self, level: Level, tighter: Option<Level>) -> Parsed<Expr> {
        let read = |parser: &mut Self| match tighter {
            Some(tighter) => parser.expr(tighter),
            None => parser.operand(),
        };
        let mut left = read(self)?;
        let before = self.depth;
        while let Some(operator) = self.operator(level) {
            self.next += 1;
            self.depth += 1;
            if self.depth > DEPTH_LIMIT {
                return self.fail();
            }
            let right = read(self)?;
            left = operation(operator, vec![left, right]);
        }
        self.depth = before;
        Ok(left)
    }

    /// Returns the next operator, if it has this precedence.
    pub(super) fn operator(&self, level: Level) -> Option<Operator> {
        if level == Level::Membership {
            return (self.word() == Some("in")).then_some(Operator::In);
        }
        let (operator, its_level) = match self.symbol()? {
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
        };
        (its_level == level).then_some(operator)
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
                if is_keyword(word) && word != "contains" {
                    return self.fail();
                }
                self.next += 1;
                if matches!(word, "true" | "false" | "null") { ExprKind::Scalar } else { ExprKind::Name }
            }
            TokenKind::Number | TokenKind::Text | TokenKind::RawText | TokenKind::Template => {
                self.next += 1;
                ExprKind::Scalar
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
                if matches!(operand.kind, ExprKind::Scalar) {
                    return Ok(ExprKind::Scalar);
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
                _ => ExprKind::Items(Vec::new()),
            });
        }
        // After a first element, `|` starts the body of a comprehension; it is not a union.
        let first = self.expr(Level::Intersection)?;
        if closing == Symbol::BraceClose && self.eat(Symbol::Colon) {
            return self.object(first);
        }
        if self.eat(Symbol::Pipe) {
            let body = self.body(closing)?;
            return Ok(ExprKind::Comprehension { heads: vec![first], body });
        }
        let first = self.resume(first)?;
        if closing == Symbol::BraceClose && self.eat(Symbol::Colon) {
            return self.object(first);
        }
        let mut items = vec![first];
        if self.eat(Symbol::Comma) {
            items.extend(self.list(closing)?);
        } else {
            self.expect(closing)?;
        }
        Ok(ExprKind::Items(items))
    }

    pub(super) fn object(&mut self, key: Expr) -> Parsed<ExprKind> {
        let first = self.expr(Level::Intersection)?;
        if self.eat(Symbol::Pipe) {
            let body = self.body(Symbol::BraceClose)?;
            return Ok(ExprKind::Comprehension { heads: vec![key, first], body });
        }
        let first = self.resume(first)?;
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

    /// Continues with the operators that bind less tightly than a union.
    pub(super) fn resume(&mut self, left: Expr) -> Parsed<Expr> {
        let mut left = left;
        for level in [Level::Comparison, Level::Membership] {
            while let Some(operator) = self.operator(level) {
                self.next += 1;
                let right = self.expr(level.tighter().unwrap_or(Level::Product))?;
                left = operation(operator, vec![left, right]);
            }
        }
        Ok(left)
    }
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
