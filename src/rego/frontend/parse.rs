//! Reads a policy's tokens as rules, bodies and expressions, in both dialects at once.
//!
//! The reader accepts more than Rego does: whether a policy is right is for the engine's parser to say.

use super::token::{self, Kind, Symbol, Token};
use super::tree::{
    Body, Branch, BranchKind, Enclosure, Expr, ExprKind, Head, Import, Literal, LiteralKind, Module,
    Operator, Place, Rule, Step, With,
};

/// How deep the tree of an expression may become; each operator in a chain makes it deeper by one. The check
/// that comes before lets five hundred operators follow each other.
const DEPTH_LIMIT: usize = 1_000;

/// What a bracket counts, since it takes the reader through all levels of operators. The engine refuses more
/// than 32 brackets within each other.
const BRACKET_DEPTH: usize = 10;

/// A text that could not be read as a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rego) struct Unreadable {
    /// Where, in bytes.
    pub offset: usize,
}

/// Reads a policy.
pub(in crate::rego) fn parse(text: &str) -> Result<Module, Unreadable> {
    let tokens = token::read(text).map_err(|error| Unreadable { offset: error.offset })?;
    Parser { text, tokens: &tokens, next: 0, depth: 0, line_ends: Vec::new() }.module()
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
    next: usize,
    depth: usize,
    line_ends: Vec<usize>,
}

type Parsed<T> = Result<T, Unreadable>;

/// How tightly an operator binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// `:=` and `=`, which stand between whole expressions.
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

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.next)
    }

    fn word(&self) -> Option<&'t str> {
        self.word_at(self.next)
    }

    fn word_at(&self, index: usize) -> Option<&'t str> {
        let token = self.tokens.get(index).filter(|token| token.kind == Kind::Word)?;
        self.text.get(token.span.clone())
    }

    fn symbol(&self) -> Option<Symbol> {
        match self.peek()?.kind {
            Kind::Symbol(symbol) => Some(symbol),
            Kind::Word | Kind::Number | Kind::Text | Kind::RawText | Kind::Template => None,
        }
    }

    fn fail<T>(&self) -> Parsed<T> {
        Err(Unreadable { offset: self.start() })
    }

    fn advance(&mut self) -> Parsed<&'t Token> {
        let Some(token) = self.peek() else { return self.fail() };
        self.next += 1;
        Ok(token)
    }

    fn eat(&mut self, symbol: Symbol) -> bool {
        let found = self.symbol() == Some(symbol);
        self.next += usize::from(found);
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.word() == Some(word);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: Symbol) -> Parsed<()> {
        if self.eat(symbol) { Ok(()) } else { self.fail() }
    }

    /// Where the next token starts.
    fn start(&self) -> usize {
        self.peek().map_or(self.text.len(), |token| token.span.start)
    }

    /// Where the last token ended.
    fn end(&self) -> usize {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |token| token.span.end)
    }

    fn starts_line(&self) -> bool {
        self.peek().is_none_or(|token| token.starts_line)
    }

    /// Whether the next token stands directly after the last one.
    fn touches(&self) -> bool {
        self.start() == self.end()
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += BRACKET_DEPTH;
        if self.depth > DEPTH_LIMIT {
            return self.fail();
        }
        let result = read(self);
        self.depth -= BRACKET_DEPTH;
        result
    }

    fn module(mut self) -> Parsed<Module> {
        let start = self.start();
        if !self.eat_word("package") {
            return self.fail();
        }
        let package = self.operand()?;
        let mut package_path = vec!["data".to_owned()];
        package_path.extend(path(&package, self.text).unwrap_or_default());
        let package_span = start..self.end();
        let (mut imports, mut rules) = (Vec::new(), Vec::new());
        while self.peek().is_some() {
            if self.eat(Symbol::Semicolon) {
                continue;
            }
            if self.word() == Some("import") {
                let place = if rules.is_empty() { Place::BeforeRules } else { Place::AfterARule };
                imports.push(self.import(place)?);
            } else {
                rules.push(self.rule()?);
            }
        }
        let line_ends = self.line_ends;
        Ok(Module { package_span, package: package_path, imports, rules, line_ends })
    }

    fn import(&mut self, place: Place) -> Parsed<Import> {
        let start = self.start();
        self.advance()?;
        let imported = self.operand()?;
        let Some(path) = path(&imported, self.text) else { return self.fail() };
        let mut alias = path.last().cloned().unwrap_or_default();
        if self.eat_word("as") {
            let Some(word) = self.word() else { return self.fail() };
            alias = word.to_owned();
            self.advance()?;
        }
        Ok(Import { span: start..self.end(), path, alias, place })
    }

    fn rule(&mut self) -> Parsed<Rule> {
        let is_default = self.word() == Some("default") && self.word_at(self.next + 1).is_some();
        if is_default {
            self.advance()?;
        }
        let head = self.head()?;
        let mut body_start = self.start();
        let mut branches = Vec::new();
        let body = if is_default { None } else { self.rule_body()? };
        if body.is_none() {
            body_start = head.span.end;
        }
        branches.push(Branch { kind: BranchKind::First, body, span: body_start..self.end() });
        if !is_default {
            self.further_branches(&mut branches)?;
        }
        Ok(Rule { head, is_default, branches })
    }

    fn further_branches(&mut self, branches: &mut Vec<Branch>) -> Parsed<()> {
        loop {
            let start = self.start();
            let follows_body = branches.last().is_some_and(|branch| branch.body.is_some());
            if self.eat_word("else") {
                let value = if self.eat(Symbol::Assign) || self.eat(Symbol::Unify) {
                    Some(self.expr(Level::Membership)?)
                } else {
                    None
                };
                let body = self.rule_body()?;
                branches.push(Branch { kind: BranchKind::Else { value }, body, span: start..self.end() });
            } else if follows_body && self.symbol() == Some(Symbol::BraceOpen) {
                let body = Some(self.braced_body()?);
                branches.push(Branch { kind: BranchKind::Chained, body, span: start..self.end() });
            } else {
                return Ok(());
            }
        }
    }

    fn head(&mut self) -> Parsed<Head> {
        let start = self.start();
        if self.word().is_none_or(is_keyword) {
            return self.fail();
        }
        let name = self.primary()?;
        let name = self.steps(name, Steps::OfHead)?;
        let mut arguments = None;
        if self.symbol() == Some(Symbol::ParenOpen) && !self.starts_line() {
            self.advance()?;
            arguments = Some(self.list(Symbol::ParenClose)?);
        }
        let key = if self.eat_word("contains") { Some(self.expr(Level::Membership)?) } else { None };
        let value = if self.eat(Symbol::Assign) || self.eat(Symbol::Unify) {
            Some(self.expr(Level::Membership)?)
        } else {
            None
        };
        Ok(Head { name, arguments, key, value, span: start..self.end() })
    }

    fn rule_body(&mut self) -> Parsed<Option<Body>> {
        let has_if = self.eat_word("if");
        if self.symbol() == Some(Symbol::BraceOpen) {
            return self.braced_body().map(Some);
        }
        if !has_if {
            return Ok(None);
        }
        let literals = vec![self.literal()?];
        Ok(Some(Body { literals, enclosure: Enclosure::Bare }))
    }

    fn braced_body(&mut self) -> Parsed<Body> {
        self.expect(Symbol::BraceOpen)?;
        self.body(Symbol::BraceClose)
    }

    /// Literals up to `closing`, which is read as well.
    fn body(&mut self, closing: Symbol) -> Parsed<Body> {
        self.deeper(|parser| {
            let mut literals: Vec<Literal> = Vec::new();
            let mut separated = true;
            while !parser.eat(closing) {
                if parser.eat(Symbol::Semicolon) {
                    separated = true;
                    continue;
                }
                if !separated {
                    if !parser.starts_line() {
                        return parser.fail();
                    }
                    parser.line_ends.push(parser.end());
                }
                literals.push(parser.literal()?);
                separated = false;
            }
            Ok(Body { literals, enclosure: Enclosure::Brackets })
        })
    }

    fn literal(&mut self) -> Parsed<Literal> {
        let start = self.start();
        let kind = match self.word() {
            Some("some") => self.some()?,
            Some("every") => self.every()?,
            Some("not") => {
                self.advance()?;
                LiteralKind::Negation(self.literal_expr()?)
            }
            _ => LiteralKind::Expression(self.literal_expr()?),
        };
        let mut withs = Vec::new();
        while self.word() == Some("with") {
            let start = self.start();
            self.advance()?;
            let target = self.operand()?;
            if !self.eat_word("as") {
                return self.fail();
            }
            let value = self.expr(Level::Membership)?;
            withs.push(With { target, value, span: start..self.end() });
        }
        Ok(Literal { kind, withs, span: start..self.end() })
    }

    fn some(&mut self) -> Parsed<LiteralKind> {
        self.advance()?;
        let mut patterns = vec![self.expr(Level::Comparison)?];
        while self.eat(Symbol::Comma) {
            patterns.push(self.expr(Level::Comparison)?);
        }
        if self.eat_word("in") {
            let collection = self.expr(Level::Membership)?;
            return Ok(LiteralKind::SomeIn { patterns, collection });
        }
        Ok(LiteralKind::Declaration(patterns))
    }

    fn every(&mut self) -> Parsed<LiteralKind> {
        self.advance()?;
        let mut variables = vec![self.expr(Level::Comparison)?];
        while self.eat(Symbol::Comma) {
            variables.push(self.expr(Level::Comparison)?);
        }
        if !self.eat_word("in") {
            return self.fail();
        }
        let collection = self.expr(Level::Membership)?;
        let body = self.braced_body()?;
        Ok(LiteralKind::Every { variables, collection, body })
    }

    /// An expression where `key, value in collection` may stand.
    fn literal_expr(&mut self) -> Parsed<Expr> {
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
        // `x := key, value in collection` gives `x` the answer.
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

    fn expr(&mut self, level: Level) -> Parsed<Expr> {
        let Some(tighter) = level.tighter() else { return self.binary(level, None) };
        self.binary(level, Some(tighter))
    }

    fn binary(&mut self, level: Level, tighter: Option<Level>) -> Parsed<Expr> {
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

    /// The operator that comes next, if it is one of a level.
    fn operator(&self, level: Level) -> Option<Operator> {
        if level == Level::Membership {
            return (self.word() == Some("in")).then_some(Operator::In);
        }
        let (operator, its_level) = match self.symbol()? {
            Symbol::Assign => (Operator::Assign, Level::Assignment),
            Symbol::Unify => (Operator::Unify, Level::Assignment),
            Symbol::Equal => (Operator::Equal, Level::Comparison),
            Symbol::Compare => (Operator::Other, Level::Comparison),
            Symbol::Pipe => (Operator::Other, Level::Union),
            Symbol::Ampersand => (Operator::Other, Level::Intersection),
            Symbol::Plus | Symbol::Minus => (Operator::Other, Level::Sum),
            Symbol::Factor => (Operator::Other, Level::Product),
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

    /// A term with the fields, indexes and arguments that follow it.
    fn operand(&mut self) -> Parsed<Expr> {
        self.deeper(|parser| {
            let primary = parser.primary()?;
            parser.steps(primary, Steps::OfOperand)
        })
    }

    fn steps(&mut self, base: Expr, which: Steps) -> Parsed<Expr> {
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

    fn list(&mut self, closing: Symbol) -> Parsed<Vec<Expr>> {
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

    fn primary(&mut self) -> Parsed<Expr> {
        let start = self.start();
        let Some(token) = self.peek() else { return self.fail() };
        let kind = match token.kind {
            Kind::Word => {
                let word = self.word().unwrap_or("");
                if is_keyword(word) && word != "contains" {
                    return self.fail();
                }
                self.next += 1;
                if matches!(word, "true" | "false" | "null") { ExprKind::Scalar } else { ExprKind::Name }
            }
            Kind::Number | Kind::Text | Kind::RawText | Kind::Template => {
                self.next += 1;
                ExprKind::Scalar
            }
            Kind::Symbol(symbol) => {
                self.next += 1;
                self.enclosed(symbol)?
            }
        };
        Ok(Expr { kind, span: start..self.end() })
    }

    /// What starts with a bracket or a sign.
    fn enclosed(&mut self, opening: Symbol) -> Parsed<ExprKind> {
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
                Ok(ExprKind::Operation { operator: Operator::Other, operands: vec![operand] })
            }
            _ => {
                self.next -= 1;
                self.fail()
            }
        }
    }

    /// What stands in brackets or braces, the opening one of which is read.
    fn collection(&mut self, closing: Symbol) -> Parsed<ExprKind> {
        if self.eat(closing) {
            // Braces with nothing in them are an object.
            return Ok(match closing {
                Symbol::BraceClose => ExprKind::Object(Vec::new()),
                _ => ExprKind::Items(Vec::new()),
            });
        }
        // After a first element, `|` starts the body of a comprehension and is no union.
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

    fn object(&mut self, key: Expr) -> Parsed<ExprKind> {
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

    /// Goes on with the operators that bind less tightly than a union.
    fn resume(&mut self, left: Expr) -> Parsed<Expr> {
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

/// What may follow a term.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Steps {
    /// Fields, indexes and arguments.
    OfOperand,
    /// Fields and indexes; blanks may stand before brackets, as in `deny [msg]`.
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

/// The parts of a path that is written out.
fn path(expr: &Expr, text: &str) -> Option<Vec<String>> {
    let mut parts = vec![expr.root()?.text(text).to_owned()];
    if let ExprKind::Reference { steps, .. } = &expr.kind {
        for step in steps {
            parts.push(match step {
                Step::Field(span) => text.get(span.clone())?.to_owned(),
                Step::Index(index) => serde_json::from_str(index.text(text)).ok()?,
            });
        }
    }
    Some(parts)
}

/// Whether a word cannot be a variable.
pub(in crate::rego) fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "as" | "contains"
            | "default"
            | "else"
            | "every"
            | "if"
            | "import"
            | "in"
            | "not"
            | "package"
            | "some"
            | "with"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An expression with brackets around every part of it.
    fn shape(expr: &Expr, text: &str) -> String {
        let all = |exprs: &[Expr]| exprs.iter().map(|expr| shape(expr, text)).collect::<Vec<_>>().join(" ");
        match &expr.kind {
            ExprKind::Scalar | ExprKind::Name => expr.text(text).to_owned(),
            ExprKind::Parenthesised(inner) => format!("({})", shape(inner, text)),
            ExprKind::Reference { base, steps } => {
                let steps: Vec<String> = steps
                    .iter()
                    .map(|step| match step {
                        Step::Field(span) => format!(".{}", &text[span.clone()]),
                        Step::Index(index) => format!("[{}]", shape(index, text)),
                    })
                    .collect();
                format!("{}{}", shape(base, text), steps.join(""))
            }
            ExprKind::Call { function, arguments } => {
                format!("{}({})", shape(function, text), all(arguments))
            }
            ExprKind::Operation { operator, operands } => format!("<{operator:?} {}>", all(operands)),
            ExprKind::Items(items) => format!("[{}]", all(items)),
            ExprKind::Object(fields) => {
                let pairs =
                    fields.iter().map(|(key, value)| [shape(key, text), shape(value, text)].join(":"));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(" "))
            }
            ExprKind::Comprehension { heads, body } => {
                format!("[{} | {}]", all(heads), literals(body, text).join("; "))
            }
        }
    }

    fn literals(body: &Body, text: &str) -> Vec<String> {
        let all = |exprs: &[Expr]| exprs.iter().map(|expr| shape(expr, text)).collect::<Vec<_>>().join(" ");
        body.literals
            .iter()
            .map(|literal| {
                let withs = literal.withs.iter();
                let withs: String = withs
                    .map(|with| {
                        format!(" with {} as {}", shape(&with.target, text), shape(&with.value, text))
                    })
                    .collect();
                let kind = match &literal.kind {
                    LiteralKind::Declaration(names) => format!("some {}", all(names)),
                    LiteralKind::SomeIn { patterns, collection } => {
                        format!("some {} in {}", all(patterns), shape(collection, text))
                    }
                    LiteralKind::Every { variables, collection, body } => format!(
                        "every {} in {} {{{}}}",
                        all(variables),
                        shape(collection, text),
                        literals(body, text).join("; ")
                    ),
                    LiteralKind::Expression(expr) => shape(expr, text),
                    LiteralKind::Negation(expr) => format!("not {}", shape(expr, text)),
                };
                kind + &withs
            })
            .collect()
    }

    /// The literals of the first body of a rule `r`.
    fn body(text: &str) -> Vec<String> {
        let text = format!("package main\nr {{ {text} }}");
        literals(parse(&text).unwrap().rules[0].branches[0].body.as_ref().unwrap(), &text)
    }

    #[test]
    fn operators_bind_as_in_rego() {
        assert_eq!(
            body("x := a + b * c == d | e & f in g"),
            ["<Assign x <In <Equal <Other a <Other b c>> <Other d <Other e f>>> g>>"]
        );
        assert_eq!(body("not a, b in c"), ["not <In a b c>"]);
        assert_eq!(body("x := a, b in c"), ["<Assign x <In a b c>>"]);
        assert_eq!(body("x = -1; y = -f(z)"), ["<Unify x -1>", "<Unify y <Other f(z)>>"]);
        assert_eq!(body("(a\n+ b) > c"), ["<Other (<Other a b>) c>"]);
    }

    #[test]
    fn references_and_calls_follow_their_base_directly() {
        assert_eq!(body("a.b[c.d][\"e\"].f(g, h[0])[_]"), ["a.b[c.d][\"e\"].f(g h[0])[_]"]);
        assert_eq!(body("a\n[b]"), ["a", "[b]"]);
        assert!(parse("package main\nr { a [b] }").is_err());
    }

    #[test]
    fn a_bar_after_a_first_element_starts_a_comprehension() {
        assert_eq!(body("x := [a.b | c; some d in e]"), ["<Assign x [a.b | c; some d in e]>"]);
        assert_eq!(body("x := {a: b | c}"), ["<Assign x [a b | c]>"]);
        assert_eq!(body("x := {a, b | c}"), ["<Assign x [a <Other b c>]>"]);
        assert_eq!(body("x := {a: b, c: d in e,}"), ["<Assign x {a:b c:<In d e>}>"]);
        assert_eq!(body("x := {a == b, {}, []}"), ["<Assign x [<Equal a b> {} []]>"]);
    }

    #[test]
    fn literals_are_read_with_their_modifiers() {
        assert_eq!(
            body("some a, [b, _] in c with d.e as f with g as 1\nsome h, i"),
            ["some a [b _] in c with d.e as f with g as 1", "some h i"]
        );
        assert_eq!(body("every a, b in c { d; not e }"), ["every a b in c {d; not e}"]);
    }

    #[test]
    fn rules_of_both_dialects_are_read() {
        let text = "package a[\"b\"]\nimport data.c as d\ndefault x = 1\ndeny [m] { m } { n }\n\
                    f(1, _)\ny contains z if z\nq.r[s] := {t} if { u } else := v if w\nimport input.e\n";
        let module = parse(text).unwrap();
        assert_eq!(module.package, ["data", "a", "b"]);
        let aliases: Vec<(&str, Place)> =
            module.imports.iter().map(|import| (import.alias.as_str(), import.place)).collect();
        assert_eq!(aliases, [("d", Place::BeforeRules), ("e", Place::AfterARule)]);
        let rules: Vec<(&str, usize)> =
            module.rules.iter().map(|rule| (rule.name(text), rule.branches.len())).collect();
        assert_eq!(rules, [("x", 1), ("deny", 2), ("f", 1), ("y", 1), ("q", 2)]);
        assert_eq!(module.rules[3].branches[0].body.as_ref().unwrap().enclosure, Enclosure::Bare);
    }
}
