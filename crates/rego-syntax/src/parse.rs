//! Parses rules, bodies and expressions of both dialects.
//!
//! The parser accepts a superset of Rego. Invalid policies are rejected by the engine's parser.

mod cursor;
mod expression;
mod keywords;

use self::expression::{Level, Steps};
pub use self::keywords::is_keyword;
use self::keywords::{Keyword, Keywords};
use super::token::{self, Symbol, Token};
use super::tree::{
    Body, Branch, BranchKind, Enclosure, Expr, ExprKind, Head, Import, ImportPlace, Literal, LiteralKind,
    Module, Opening, Operator, Rule, Span, With,
};

/// The maximum depth of an expression's tree; each operator of a chain adds one level. The nesting check, which runs
/// first, allows chains of five hundred operators.
const DEPTH_LIMIT: usize = 1_000;

/// The maximum number of nested brackets, with the value of the rule as one. A thread with a stack of two megabytes has room for them.
pub const MOST_BRACKETS: usize = 250;

/// The levels that a bracket counts for, since it passes through all levels of operators.
const BRACKET_DEPTH: usize = DEPTH_LIMIT / MOST_BRACKETS;

/// A syntax error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The byte offset of the error.
    pub offset: usize,
}

/// Parses a policy. Where it can be parsed with the keywords of Rego v1, it is; else with those that it imports.
pub fn parse(text: &str) -> Result<Module, SyntaxError> {
    let mut comments = Vec::new();
    let tokens = token::read_within(text, 0..text.len(), &mut comments)
        .map_err(|error| SyntaxError { offset: error.offset })?;
    let read = |keywords| {
        let comments = comments.clone();
        let limit = text.len();
        Parser { text, tokens: &tokens, next: 0, limit, depth: 0, line_ends: Vec::new(), comments, keywords }
            .module()
    };
    read(Keywords::of_v1()).or_else(|error| read(Keywords::of_v0()).map_err(|_| error))
}

/// Whether a body starts with an operand of `|`.
fn starts_with_union(body: &Body) -> bool {
    let Some(LiteralKind::Expression(first)) = body.literals.first().map(|literal| &literal.kind) else {
        return false;
    };
    let mut first = first;
    while let ExprKind::Operation { operator, operands } = &first.kind
        && let [left, _, ..] = operands.as_slice()
    {
        if *operator == Operator::Union {
            return true;
        }
        first = left;
    }
    false
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
    next: usize,
    /// Where the text ends that is parsed.
    limit: usize,
    depth: usize,
    line_ends: Vec<usize>,
    comments: Vec<Span>,
    keywords: Keywords,
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
            // A keyword that is taken for a name could otherwise end up as a rule without anything.
            if self.keywords.are_names() && !self.starts_line() && !self.follows(Symbol::Semicolon) {
                return self.fail();
            }
            if self.word() == Some("import") {
                let place = if rules.is_empty() { ImportPlace::BeforeRules } else { ImportPlace::AfterARule };
                let import = self.import(place)?;
                self.keywords.import(&import.path);
                imports.push(import);
            } else {
                rules.push(self.rule()?);
            }
        }
        let (line_ends, mut comments, keywords) = (self.line_ends, self.comments, self.keywords.used());
        // Those in templates were read last.
        comments.sort_by_key(|comment| comment.start);
        Ok(Module { package_span, package: package_path, imports, rules, line_ends, comments, keywords })
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
        let start = self.start();
        let is_default = self.word() == Some("default") && self.word_at(self.next + 1).is_some();
        if is_default {
            self.advance()?;
        }
        let head = self.head()?;
        let mut body_start = self.start();
        let mut branches = Vec::new();
        let (opening, body) = if is_default { (Opening::Nothing, None) } else { self.rule_body()? };
        if body.is_none() {
            body_start = head.span.end;
        }
        branches.push(Branch { kind: BranchKind::First, body, opening, span: body_start..self.end() });
        if !is_default {
            self.further_branches(&mut branches)?;
        }
        Ok(Rule { head, is_default, start, branches })
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
                let (opening, body) = self.rule_body()?;
                let kind = BranchKind::Else { value };
                branches.push(Branch { kind, body, opening, span: start..self.end() });
            } else if follows_body && self.symbol() == Some(Symbol::BraceOpen) {
                let body = Some(self.braced_body()?);
                let (kind, opening) = (BranchKind::Chained, Opening::Nothing);
                branches.push(Branch { kind, body, opening, span: start..self.end() });
            } else {
                return Ok(());
            }
        }
    }

    fn head(&mut self) -> Parsed<Head> {
        let start = self.start();
        if self.word().is_none_or(|word| self.is_reserved(word)) {
            return self.fail();
        }
        let name = self.primary()?;
        let name = self.steps(name, Steps::OfHead)?;
        let mut arguments = None;
        if self.symbol() == Some(Symbol::ParenOpen) && !self.starts_line() {
            self.advance()?;
            arguments = Some(self.list(Symbol::ParenClose)?);
        }
        let key =
            if self.eat_keyword(Keyword::Contains) { Some(self.expr(Level::Membership)?) } else { None };
        let value = if self.eat(Symbol::Assign) || self.eat(Symbol::Unify) {
            Some(self.expr(Level::Membership)?)
        } else {
            None
        };
        Ok(Head { name, arguments, key, value, span: start..self.end() })
    }

    fn rule_body(&mut self) -> Parsed<(Opening, Option<Body>)> {
        let opening = if self.eat_keyword(Keyword::If) { Opening::If } else { Opening::Nothing };
        let is_brace = self.symbol() == Some(Symbol::BraceOpen);
        let body = match opening {
            Opening::Nothing if is_brace => Some(self.braced_body()?),
            Opening::Nothing => None,
            Opening::If if is_brace => Some(self.body_or_braced_literal()?),
            Opening::If => Some(self.bare_body()?),
        };
        Ok((opening, body))
    }

    fn bare_body(&mut self) -> Parsed<Body> {
        Ok(Body { literals: vec![self.literal()?], enclosure: Enclosure::Bare })
    }

    /// Parses what is a body if it can be one, and else a literal that starts with an object or a set. Braces around
    /// `a | b` are a comprehension, as in OPA.
    fn body_or_braced_literal(&mut self) -> Parsed<Body> {
        let start = (self.next, self.depth, self.line_ends.len(), self.comments.len(), self.keywords);
        let body = self.braced_body();
        let goes_on = !self.starts_line()
            && self.symbol().is_some_and(|symbol| {
                !matches!(symbol, Symbol::BraceOpen | Symbol::BraceClose | Symbol::Semicolon)
            });
        if !goes_on && body.as_ref().is_ok_and(|body| !starts_with_union(body)) {
            return body;
        }
        let (line_ends, comments);
        (self.next, self.depth, line_ends, comments, self.keywords) = start;
        self.line_ends.truncate(line_ends);
        self.comments.truncate(comments);
        self.bare_body().or_else(|error| body.and(Err(error)))
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
            Some("every") if self.eat_keyword(Keyword::Every) => self.every()?,
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
        if self.eat_keyword(Keyword::In) {
            let collection = self.expr(Level::Membership)?;
            return Ok(LiteralKind::SomeIn { patterns, collection });
        }
        Ok(LiteralKind::Declaration(patterns))
    }

    /// Parses what follows `every`.
    fn every(&mut self) -> Parsed<LiteralKind> {
        let mut variables = vec![self.expr(Level::Comparison)?];
        while self.eat(Symbol::Comma) {
            variables.push(self.expr(Level::Comparison)?);
        }
        if !self.eat_keyword(Keyword::In) {
            return self.fail();
        }
        let collection = self.expr(Level::Membership)?;
        let body = self.braced_body()?;
        Ok(LiteralKind::Every { variables, collection, body })
    }
}

/// Returns the parts of a constant path.
fn path(expr: &Expr, text: &str) -> Option<Vec<String>> {
    let (root, steps) = expr.path(text)?;
    Some([root].into_iter().chain(steps).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tree::{ComprehensionHead, KeywordUse, Scalar, Step, TemplatePart};
    use super::*;

    /// Returns an expression with brackets around every part.
    fn shape(expr: &Expr, text: &str) -> String {
        let all = |exprs: &[Expr]| exprs.iter().map(|expr| shape(expr, text)).collect::<Vec<_>>().join(" ");
        match &expr.kind {
            ExprKind::Scalar(_) | ExprKind::Name => expr.text(text).to_owned(),
            ExprKind::Template(parts) => {
                let part = |part: &TemplatePart| match part {
                    TemplatePart::Text(span) => format!("'{}'", &text[span.clone()]),
                    TemplatePart::Expr(expr) => shape(expr, text),
                };
                format!("$<{}>", parts.iter().map(part).collect::<Vec<_>>().join(" "))
            }
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
            ExprKind::Array(items) => format!("[{}]", all(items)),
            ExprKind::Set(items) => format!("{{{}}}", all(items)),
            ExprKind::Object(fields) => {
                let pairs =
                    fields.iter().map(|(key, value)| [shape(key, text), shape(value, text)].join(":"));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(" "))
            }
            ExprKind::Comprehension { head, body } => {
                let (open, close) = match head {
                    ComprehensionHead::Array(_) => ("[", "]"),
                    ComprehensionHead::Set(_) | ComprehensionHead::Object(_) => ("{", "}"),
                };
                format!("{open}{} | {}{close}", all(head.exprs()), literals(body, text).join("; "))
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
    fn the_deepest_brackets_fit_a_small_stack() {
        // The body of a comprehension counts as a bracket, and its operators count, too.
        let comprehensions = DEPTH_LIMIT / (2 * BRACKET_DEPTH + 2);
        for (opening, closing, most) in [
            ("[", "]", MOST_BRACKETS),
            ("{\"a\": ", "}", MOST_BRACKETS),
            ("f(", ")", MOST_BRACKETS),
            ("(", ")", MOST_BRACKETS),
            ("[x | x := ", "]", comprehensions),
            ("a[", "]", MOST_BRACKETS),
        ] {
            let nested = |times: usize| {
                format!("package main\nr := {}1{}", opening.repeat(times), closing.repeat(times))
            };
            let (deepest, deeper) = (nested(most - 1), nested(MOST_BRACKETS + 1));
            let read = std::thread::Builder::new()
                .stack_size(2 << 20)
                .spawn(move || (parse(&deepest).is_ok(), parse(&deeper).is_err()));
            assert_eq!(read.unwrap().join().unwrap(), (true, true), "{opening}");
        }
    }

    #[test]
    fn a_comma_after_a_bar_makes_it_a_union() {
        let unions =
            body("x = [a | b, c]; x = {a | b | c, d}; x = {\"k\": a | b, \"l\": c}; x = [f(a, b) | c,\n d]");
        assert!(unions.iter().all(|literal| literal.contains("<Union ")), "{unions:?}");
        let bodies = body(
            "x = [a | some b, c in d]; x = [a | some b, c; d[b][c]]; x = {a | b, c in d; e(f, g)}\n\
             x = {k: v | some k, v in d\n e}; x = [a | every b, c in d { e }]; x = [a | b = [c, d]]",
        );
        assert!(bodies.iter().all(|literal| !literal.contains("<Union ")), "{bodies:?}");
        // Each is read once, however they are nested.
        let nested = format!("package main\nr := {}1{}", "[a | b, ".repeat(20), "]".repeat(20));
        assert!(parse(&nested).is_ok());
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
        assert_eq!(body("x := {a: b | c}"), ["<Assign x {a b | c}>"]);
        assert_eq!(body("x := {a, b | c}"), ["<Assign x {a <Union b c>}>"]);
        assert_eq!(body("x := {a: b, c: d in e,}"), ["<Assign x {a:b c:<In d e>}>"]);
        assert_eq!(body("x := {a == b, {}, []}"), ["<Assign x {<Equal a b> {} []}>"]);
    }

    #[test]
    fn braces_after_if_are_a_comprehension_where_opa_reads_one() {
        let body = |rest: &str| {
            let text = format!("package main\nr if {rest}");
            literals(parse(&text).unwrap().rules[0].branches[0].body.as_ref().unwrap(), &text)
        };
        assert_eq!(body("{a | b; c == d}"), ["{a | b; <Equal c d>}"]);
        assert_eq!(body("{a & b | c == d\ne}\ns := 1"), ["{<Intersection a b> | <Equal c d>; e}"]);
        assert_eq!(body("{(a | b); c}"), ["(<Union a b>)", "c"]);
        assert_eq!(body("{a; b | c}"), ["a", "<Union b c>"]);
        assert_eq!(body("{a == b | c}"), ["<Equal a <Union b c>>"]);
    }

    #[test]
    fn scalars_have_values() {
        let text = r#"package main
x := ["a\"b", `c\d`, -  1.50, 1e400, true, null]"#;
        let module = parse(text).unwrap();
        let ExprKind::Array(items) = &module.rules[0].head.value.as_ref().unwrap().kind else { panic!() };
        let values: Vec<&Scalar> = items.iter().map(|item| item.scalar().unwrap()).collect();
        assert_eq!(
            values,
            [
                &Scalar::Text("a\"b".into()),
                &Scalar::RawText("c\\d".into()),
                &Scalar::Number("-1.50".into()),
                &Scalar::Number("1e400".into()),
                &Scalar::Bool(true),
                &Scalar::Null,
            ]
        );
        assert_eq!(
            [items[0].string(), items[1].string(), items[2].string()],
            [Some("a\"b"), Some("c\\d"), None]
        );
    }

    #[test]
    fn templates_have_parts() {
        assert_eq!(
            body(r#"x := $"a \{ {b.c + 1}{$"{d}"}e""#),
            [r#"<Assign x $<'a \{ ' <Add b.c 1> $<d> 'e'>>"#]
        );
        let text = "package main\nx := $`{[y | y := 1\n y > 0 # c\n]}`\n";
        let module = parse(text).unwrap();
        assert_eq!(module.comments.iter().map(|comment| &text[comment.clone()]).collect::<Vec<_>>(), ["# c"]);
        assert_eq!(module.line_ends, [32]);
        for wrong in ["$\"{}\"", "$\"{a b}\"", "$\"{a; b}\""] {
            assert!(parse(&format!("package main\nx := {wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn comments_are_kept() {
        let text = "# a \r\npackage main # b\nx := 1 #";
        let module = parse(text).unwrap();
        let comments: Vec<&str> = module.comments.iter().map(|span| &text[span.clone()]).collect();
        assert_eq!(comments, ["# a", "# b", "#"]);
    }

    #[test]
    fn keywords_of_v1_are_names_where_only_that_can_be_meant() {
        let used = |rules: &str| parse(&format!("package main\n{rules}")).map(|module| module.keywords);
        for names in [
            "every(a, b) { a == b }\nx { every(1, 1) }",
            "x { in := 1; in == 1 }",
            "contains(arr, e) { arr[_] == e }",
            "if { true }\nx { if }",
            "import future.keywords.in\nevery(a) { a in [1] }",
        ] {
            assert_eq!(used(names), Ok(KeywordUse::AsNames), "{names}");
        }
        for keywords in ["x if true", "x contains 1", "x { 1 in [1] }", "x { every y in [1] { y } }"] {
            assert_eq!(used(keywords), Ok(KeywordUse::AsKeywords), "{keywords}");
        }
        for either in [
            "x { contains(\"a\", \"b\"); input.if.in }",
            "import rego.v1\nx contains 1 if 1 in [1]",
            "import future.keywords.every\nx { every y in [1] { y } }",
            "import future.keywords.if\nx if true",
        ] {
            assert_eq!(used(either), Ok(KeywordUse::Either), "{either}");
        }
        for wrong in ["import rego.v1\nevery(a) if a", "x { in := 1; 1 in [1] }", "contains(a) if a"] {
            assert!(used(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parsing_is_linear_in_the_nesting() {
        for (open, close) in [("[", "]"), ("{", "}"), ("{\"a\": ", "}"), ("$\"{", "}\""), ("f(", ")")] {
            let text = format!("package main\nx := {}1{}", open.repeat(80), close.repeat(80));
            assert!(parse(&text).is_ok(), "{open}");
        }
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
