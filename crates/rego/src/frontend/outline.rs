//! The outline of a policy, by ranges of the author's text: for running tests and measuring coverage.

use std::ops::Range;

use planguard_rego_syntax::parse;
use planguard_rego_syntax::tree::{Body, BranchKind, ExprKind, Literal, LiteralKind, Opening, Rule, Step};
use planguard_rego_syntax::walk::{self, Visitor};

/// A policy's rules.
#[derive(Debug)]
pub(crate) struct Outline {
    /// The package, such as `["data", "main"]`.
    pub package: Vec<String>,
    pub rules: Vec<RuleOutline>,
}

/// A rule.
#[derive(Debug)]
pub(crate) struct RuleOutline {
    /// The names at the start of its head: one, or several as in `a.b`.
    pub name: Vec<Segment>,
    pub kind: RuleForm,
    pub span: Range<usize>,
    /// The branches; a rule without a body has one.
    pub branches: Vec<BranchOutline>,
}

/// One name of a head.
#[derive(Debug)]
pub(crate) struct Segment {
    pub text: String,
    pub span: Range<usize>,
}

/// The form of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleForm {
    /// A value.
    Value,
    /// An object whose keys are computed: `p[x]`.
    Object,
    Set,
    Function,
}

/// A body with the text before it.
#[derive(Debug)]
pub(crate) struct BranchOutline {
    /// The range of the rule's head, or from `else` to the body.
    pub head: Range<usize>,
    /// The start of the branch; see [`super::Preparation::measured_as`].
    pub start: usize,
    pub join: Join,
    pub has_body: bool,
    /// The statements of the body, and those in the head's value.
    pub statements: Vec<Statement>,
}

/// The relation of a branch to the previous one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    First,
    /// `{ … } { … }`, which is a separate rule.
    Chained,
    Else,
}

/// A statement.
#[derive(Debug)]
pub(crate) struct Statement {
    pub span: Range<usize>,
    pub depth: Depth,
}

/// The depth of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Directly in the body.
    Outer,
    /// Inside an `every` or a comprehension.
    Inner,
}

impl RuleOutline {
    /// Returns the index of the segment that makes the rule an `opa test` test, which may be skipped.
    pub(crate) fn test_segment(&self) -> Option<usize> {
        self.name.iter().position(|name| is_test_name(&name.text))
    }
}

/// Returns whether a rule of that name is a test.
pub(super) fn is_test_name(name: &str) -> bool {
    name.starts_with("test_") || is_skipped_test_name(name)
}

/// Returns whether a rule of that name is a skipped test.
pub(crate) fn is_skipped_test_name(name: &str) -> bool {
    name.starts_with("todo_test_")
}

/// Returns a policy's outline, or `None` if it cannot be parsed.
pub(crate) fn outline(text: &str) -> Option<Outline> {
    let module = parse::parse(text).ok()?;
    let rules = module.rules.iter().map(|rule| rule_outline(rule, text)).collect();
    Some(Outline { package: module.package, rules })
}

fn rule_outline(rule: &Rule, text: &str) -> RuleOutline {
    let end = rule.branches.last().map_or(rule.head.span.end, |branch| branch.span.end);
    RuleOutline {
        name: segments(rule, text),
        kind: kind(rule, text),
        span: rule.head.span.start..end.max(rule.head.span.end),
        branches: branches(rule, text),
    }
}

/// Returns the names of a head up to the first computed index.
pub(super) fn segments(rule: &Rule, text: &str) -> Vec<Segment> {
    let name = &rule.head.name;
    let root = name.root().map(|root| Segment { text: root.text(text).to_owned(), span: root.span.clone() });
    let mut segments: Vec<Segment> = root.into_iter().collect();
    for step in steps(rule) {
        let (text, span) = match step {
            Step::Field(span) => (text.get(span.clone()).unwrap_or(""), span),
            Step::Index(index) => match index.string() {
                Some(name) => (name, &index.span),
                None => break,
            },
        };
        segments.push(Segment { text: text.to_owned(), span: span.clone() });
    }
    segments
}

/// Returns the steps after the name in a head.
pub(super) fn steps(rule: &Rule) -> &[Step] {
    match &rule.head.name.kind {
        ExprKind::Reference { steps, .. } => steps,
        ExprKind::Name
        | ExprKind::Scalar(_)
        | ExprKind::Template(_)
        | ExprKind::Parenthesised(_)
        | ExprKind::Call { .. }
        | ExprKind::Operation { .. }
        | ExprKind::Array(_)
        | ExprKind::Set(_)
        | ExprKind::Object(_)
        | ExprKind::Comprehension { .. } => &[],
    }
}

pub(super) fn kind(rule: &Rule, text: &str) -> RuleForm {
    let head = &rule.head;
    let is_dynamic = segments(rule, text).len() <= steps(rule).len();
    let has_if = rule.branches.first().is_some_and(|branch| branch.opening == Opening::If);
    if head.arguments.is_some() {
        RuleForm::Function
    } else if head.key.is_some() {
        RuleForm::Set
    } else if let ([Step::Index(_)], None, false) = (steps(rule), &head.value, has_if) {
        // In Rego v0, `p[x] { … }` is a set.
        RuleForm::Set
    } else if is_dynamic {
        RuleForm::Object
    } else {
        RuleForm::Value
    }
}

fn branches(rule: &Rule, text: &str) -> Vec<BranchOutline> {
    let outline_of = |branch: &planguard_rego_syntax::tree::Branch| {
        let mut reader = Statements { depth: Depth::Outer, found: Vec::new() };
        if let Some(body) = &branch.body {
            walk::inside_body(&mut reader, body);
        }
        reader.depth = Depth::Inner;
        for value in rule.head_exprs(branch) {
            reader.expr(value);
        }
        let statements = reader.found;
        let (join, head) = match &branch.kind {
            BranchKind::First => (Join::First, rule.head.span.clone()),
            BranchKind::Chained => (Join::Chained, branch.span.start..branch.span.start),
            BranchKind::Else { value } => {
                let start = branch.span.start;
                let end = value.as_ref().map_or(start + "else".len(), |value| value.span.end);
                (Join::Else, start..end.min(text.len()))
            }
        };
        BranchOutline { head, start: branch.span.start, join, has_body: branch.body.is_some(), statements }
    };
    rule.branches.iter().map(outline_of).collect()
}

/// Collects statements with those inside them.
struct Statements {
    depth: Depth,
    found: Vec<Statement>,
}

impl<'m> Visitor<'m> for Statements {
    fn literal(&mut self, literal: &'m Literal) {
        match literal.kind {
            // It only declares a variable.
            LiteralKind::Declaration(_) => return,
            LiteralKind::SomeIn { .. }
            | LiteralKind::Every { .. }
            | LiteralKind::Expression(_)
            | LiteralKind::Negation(_) => {}
        }
        self.found.push(Statement { span: literal.span.clone(), depth: self.depth });
        walk::inside_literal(self, literal);
    }

    fn body(&mut self, body: &'m Body) {
        let around = std::mem::replace(&mut self.depth, Depth::Inner);
        walk::inside_body(self, body);
        self.depth = around;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(rule: &str) -> RuleOutline {
        outline(&format!("package a.b\n{rule}")).unwrap().rules.remove(0)
    }

    #[test]
    fn heads_have_the_right_form() {
        for (text, expected, names) in [
            ("test_x if true", RuleForm::Value, 1),
            ("a.test_x.b := 1", RuleForm::Value, 3),
            ("a[\"test_x\"] = 1 { true }", RuleForm::Value, 2),
            ("test_x[note] if { some note in xs }", RuleForm::Object, 1),
            ("test_x[note] := true { true }", RuleForm::Object, 1),
            ("test_x[note] { note := 1 }", RuleForm::Set, 1),
            ("test_x contains 1", RuleForm::Set, 1),
            ("test_x(y) if y", RuleForm::Function, 1),
            ("a[b].c := 1 if b := 2", RuleForm::Object, 1),
        ] {
            let rule = rule(text);
            assert_eq!((rule.kind, rule.name.len()), (expected, names), "{text}");
        }
    }

    #[test]
    fn a_segment_makes_a_test() {
        assert_eq!(rule("a.test_x.b := 1").test_segment(), Some(1));
        assert_eq!(rule("todo_test_x := 1").test_segment(), Some(0));
        assert_eq!(rule("a.tests := 1").test_segment(), None);
    }

    #[test]
    fn statements_are_listed_with_those_within_them() {
        let text = "r := [y | y := 1] if {\n  some x\n  every z in xs { z > 1 }\n} else := 2 if a; b";
        let rule = rule(text);
        let depths: Vec<Vec<Depth>> = rule
            .branches
            .iter()
            .map(|branch| branch.statements.iter().map(|statement| statement.depth).collect())
            .collect();
        assert_eq!(depths, [vec![Depth::Outer, Depth::Inner, Depth::Inner], vec![Depth::Outer]]);
        assert_eq!(rule.branches[1].join, Join::Else);
    }
}
