//! Parses rules, bodies and expressions of both dialects.
//!
//! The parser accepts a superset of Rego. Invalid policies are rejected by the engine's parser.

mod cursor;
mod expression;

use self::expression::{Level, Steps};
use super::token::{self, Symbol, Token};
use super::tree::{
    Body, Branch, BranchKind, Enclosure, Expr, ExprKind, Head, Import, ImportPlace, Literal, LiteralKind,
    Module, Rule, Step, With,
};

/// The maximum depth of an expression's tree; each operator of a chain adds one level. The nesting check, which runs
/// first, allows chains of five hundred operators.
const DEPTH_LIMIT: usize = 1_000;

/// The levels that a bracket counts for, since it passes through all levels of operators. The engine rejects more
/// than 32 nested brackets.
const BRACKET_DEPTH: usize = 10;

/// A syntax error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The byte offset of the error.
    pub offset: usize,
}

/// Parses a policy.
pub fn parse(text: &str) -> Result<Module, SyntaxError> {
    let tokens = token::read(text).map_err(|error| SyntaxError { offset: error.offset })?;
    Parser { text, tokens: &tokens, next: 0, depth: 0, line_ends: Vec::new() }.module()
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
    next: usize,
    depth: usize,
    line_ends: Vec<usize>,
}

type Parsed<T> = Result<T, SyntaxError>;

impl Parser<'_> {
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
                let place = if rules.is_empty() { ImportPlace::BeforeRules } else { ImportPlace::AfterARule };
                imports.push(self.import(place)?);
            } else {
                rules.push(self.rule()?);
            }
        }
        let line_ends = self.line_ends;
        Ok(Module { package_span, package: package_path, imports, rules, line_ends })
    }

    fn import(&mut self, place: ImportPlace) -> Parsed<Import> {
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

    /// Parses literals up to and including `closing`.
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
}

/// Returns the parts of a constant path.
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

/// Returns whether a word is a keyword and cannot be a variable.
pub fn is_keyword(word: &str) -> bool {
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

    /// Returns an expression with brackets around every part.
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

    /// Returns the literals of the first body of a rule `r`.
    fn body(text: &str) -> Vec<String> {
        let text = format!("package main\nr {{ {text} }}");
        literals(parse(&text).unwrap().rules[0].branches[0].body.as_ref().unwrap(), &text)
    }

    #[test]
    fn operators_have_the_precedence_of_rego() {
        assert_eq!(
            body("x := a + b * c == d | e & f in g"),
            ["<Assign x <In <Equal <Add a <Multiply b c>> <Union d <Intersection e f>>> g>>"]
        );
        assert_eq!(body("not a, b in c"), ["not <In a b c>"]);
        assert_eq!(body("x := a, b in c"), ["<Assign x <In a b c>>"]);
        assert_eq!(body("x = -1; y = -f(z)"), ["<Unify x -1>", "<Unify y <Negate f(z)>>"]);
        assert_eq!(body("(a\n+ b) > c"), ["<Greater (<Add a b>) c>"]);
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
        assert_eq!(body("x := {a, b | c}"), ["<Assign x [a <Union b c>]>"]);
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
        let aliases: Vec<(&str, ImportPlace)> =
            module.imports.iter().map(|import| (import.alias.as_str(), import.place)).collect();
        assert_eq!(aliases, [("d", ImportPlace::BeforeRules), ("e", ImportPlace::AfterARule)]);
        let rules: Vec<(&str, usize)> =
            module.rules.iter().map(|rule| (rule.name(text), rule.branches.len())).collect();
        assert_eq!(rules, [("x", 1), ("deny", 2), ("f", 1), ("y", 1), ("q", 2)]);
        assert_eq!(module.rules[3].branches[0].body.as_ref().unwrap().enclosure, Enclosure::Bare);
    }
}
