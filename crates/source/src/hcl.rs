//! Reads the native syntax of Terraform's files.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression as Hcl, ForExpr, ObjectKey, Traversal, TraversalOperator, UnaryOperator};
use hcl_edit::structure::{Body as HclBody, Structure};
use hcl_edit::template::HeredocTemplate;
use hcl_edit::visit::{Visit, visit_heredoc_template, visit_traversal};

use crate::body::{Attribute, Block, Body, Expression, Member, Reference};

/// A syntax error.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    /// The byte where the parser stopped.
    pub(crate) at: usize,
    pub(crate) reason: String,
}

/// Reads a file.
///
/// # Errors
/// It is not HCL, or nests deeper than the parser allows (64 levels).
pub(crate) fn read(text: &str) -> Result<Body, SyntaxError> {
    let body = hcl_edit::parser::parse_body(text).map_err(|error| SyntaxError {
        at: error.location().offset(),
        reason: error.message().replace('\n', " "),
    })?;
    let mut heredocs = Heredocs { text, swallowed: None };
    heredocs.visit_body(&body);
    heredocs.swallowed.map_or_else(|| Ok(convert(&body, References::InPlan)), Err)
}

/// Looks for heredocs that Terraform ends elsewhere: at the first line that has only the delimiter. The parser does not
/// see that line if it is indented and the first, and takes a delimiter before other text for the end. What follows
/// would be read as something else.
struct Heredocs<'t> {
    text: &'t str,
    swallowed: Option<SyntaxError>,
}

impl Visit for Heredocs<'_> {
    fn visit_heredoc_template(&mut self, heredoc: &HeredocTemplate) {
        let delimiter = heredoc.delimiter.as_str();
        let span = heredoc.template.span().unwrap_or_default();
        let inside = self.text.get(span.clone()).unwrap_or_default();
        let after = self.text.get(span.end..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        if after.trim() != delimiter || inside.lines().any(|line| line.trim() == delimiter) {
            let reason = format!("the end of a heredoc, `{delimiter}`, is not the only such line");
            self.swallowed.get_or_insert(SyntaxError { at: span.start, reason });
        }
        visit_heredoc_template(self, heredoc);
    }
}

/// Where the references of a body are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum References {
    /// The plan tells them.
    InPlan,
    /// Only the files do: those of local values and in `dynamic` blocks.
    InFiles,
}

fn convert(body: &HclBody, told: References) -> Body {
    let mut converted = Body::default();
    for structure in body.iter() {
        match structure {
            Structure::Attribute(attribute) => converted.attributes.push(Attribute {
                name: attribute.key.as_str().to_owned(),
                at: join(attribute.key.span(), attribute.value.span()),
                value: expression(&attribute.value),
                references: match told {
                    References::InPlan => Vec::new(),
                    References::InFiles => references(|found| found.visit_expr(&attribute.value)),
                },
            }),
            Structure::Block(block) => {
                let last = block.labels.last().and_then(Span::span);
                converted.blocks.push(Block {
                    kind: block.ident.as_str().to_owned(),
                    labels: block.labels.iter().map(|label| label.as_str().to_owned()).collect(),
                    header: join(block.ident.span(), last),
                    body: convert(
                        &block.body,
                        match block.ident.as_str() {
                            "locals" | "dynamic" => References::InFiles,
                            _ => told,
                        },
                    ),
                });
            }
        }
    }
    converted
}

/// What a text refers to that is a template, as in the JSON form of a file.
pub(crate) fn references_of_template(text: &str) -> Vec<String> {
    match hcl_edit::parser::parse_template(text) {
        Ok(template) => references(|found| found.visit_template(&template)),
        Err(_) => Vec::new(),
    }
}

/// What an expression refers to, each once.
fn references(visit: impl FnOnce(&mut Found)) -> Vec<String> {
    let mut references = Found::default();
    visit(&mut references);
    references.found.sort();
    references.found.dedup();
    references.found
}

#[derive(Default)]
struct Found {
    found: Vec<String>,
    /// The names that the expressions around bind: those of `for`.
    bound: Vec<String>,
}

impl Visit for Found {
    fn visit_traversal(&mut self, traversal: &Traversal) {
        if let Hcl::Variable(root) = &traversal.expr
            && !self.bound.iter().any(|bound| bound == root.as_str())
        {
            let mut name = root.as_str().to_owned();
            for operator in &traversal.operators {
                match operator.value() {
                    TraversalOperator::GetAttr(step) => {
                        name.push('.');
                        name.push_str(step.as_str());
                    }
                    // The names behind a splat or an index are those of an attribute.
                    TraversalOperator::Index(_)
                    | TraversalOperator::LegacyIndex(_)
                    | TraversalOperator::AttrSplat(_)
                    | TraversalOperator::FullSplat(_) => break,
                }
            }
            self.found.push(name);
        }
        visit_traversal(self, traversal);
    }

    fn visit_for_expr(&mut self, each: &ForExpr) {
        let known = self.bound.len();
        let intro = &each.intro;
        self.visit_expr(&intro.collection_expr);
        let names = intro.key_var.iter().chain([&intro.value_var]);
        self.bound.extend(names.map(|name| name.as_str().to_owned()));
        if let Some(key) = &each.key_expr {
            self.visit_expr(key);
        }
        self.visit_expr(&each.value_expr);
        if let Some(condition) = &each.cond {
            self.visit_expr(&condition.expr);
        }
        self.bound.truncate(known);
    }
}

/// The range of two others; the parser gives every node that it reads a range.
fn join(first: Option<Range<usize>>, last: Option<Range<usize>>) -> Range<usize> {
    let first = first.unwrap_or_default();
    let end = last.map_or(first.end, |last| last.end);
    first.start..end.max(first.end)
}

fn expression(value: &Hcl) -> Expression {
    match value {
        Hcl::Null(_) => Expression::Null,
        Hcl::Bool(value) => Expression::Bool(*value.value()),
        Hcl::Number(number) => Expression::Number(number.value().to_string()),
        Hcl::String(text) => Expression::of_quoted(text.value()),
        Hcl::Array(array) => Expression::List(array.iter().map(expression).collect()),
        Hcl::Object(object) => {
            let members = object.iter().map(|(key, value)| Member {
                key: match key {
                    ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
                    ObjectKey::Expression(Hcl::Variable(name)) => Some(name.value().as_str().to_owned()),
                    ObjectKey::Expression(other) => match expression(other) {
                        Expression::Text(text) | Expression::Number(text) => Some(text),
                        Expression::Bool(value) => Some(value.to_string()),
                        Expression::Null
                        | Expression::List(_)
                        | Expression::Object(_)
                        | Expression::Reference(_)
                        | Expression::Other => None,
                    },
                },
                at: join(key.span(), value.expr().span()),
                value: expression(value.expr()),
            });
            Expression::Object(members.collect())
        }
        Hcl::Parenthesis(inner) => expression(inner.inner()),
        Hcl::UnaryOp(operation) => match (operation.operator.value(), expression(&operation.expr)) {
            (UnaryOperator::Neg, Expression::Number(number)) => Expression::Number(format!("-{number}")),
            (UnaryOperator::Neg | UnaryOperator::Not, _) => Expression::Other,
        },
        Hcl::Traversal(traversal) => match (&traversal.expr, traversal.operators.as_slice()) {
            (Hcl::Variable(root), [only]) => match only.value() {
                TraversalOperator::GetAttr(name) => Reference::new(root.as_str(), name.as_str())
                    .map_or(Expression::Other, Expression::Reference),
                TraversalOperator::AttrSplat(_)
                | TraversalOperator::FullSplat(_)
                | TraversalOperator::Index(_)
                | TraversalOperator::LegacyIndex(_) => Expression::Other,
            },
            _ => Expression::Other,
        },
        Hcl::StringTemplate(_)
        | Hcl::HeredocTemplate(_)
        | Hcl::Variable(_)
        | Hcl::Conditional(_)
        | Hcl::FuncCall(_)
        | Hcl::BinaryOp(_)
        | Hcl::ForExpr(_) => Expression::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_headers_have_their_ranges() {
        let text = "resource \"a\" \"b\" {\r\n\t/* é */ x = <<-EOT\r\n\t\t} \"\r\n\tEOT\r\n\ty = {\r\n\"k\" : 1 }\r\n}\r\n";
        let body = read(text).unwrap();
        let block = &body.blocks[0];
        assert_eq!(&text[block.header.clone()], "resource \"a\" \"b\"");
        let starts: Vec<&str> =
            block.body.attributes.iter().map(|a| &text[a.at.start..=a.at.start]).collect();
        assert_eq!(starts, ["x", "y"]);
        let Expression::Object(members) = &block.body.attributes[1].value else { panic!("an object") };
        assert_eq!((members[0].key.as_deref(), &text[members[0].at.clone()]), (Some("k"), "\"k\" : 1"));
    }

    #[test]
    fn what_has_to_be_evaluated_is_no_literal() {
        let body = read("a = \"x${1}\"\nb = f(1)\nc = -1\nd = (true)\ne = \"$${x}\"\n").unwrap();
        let values: Vec<String> = body.attributes.iter().map(|a| format!("{:?}", a.value)).collect();
        assert_eq!(values, ["Other", "Other", "Number(\"-1\")", "Bool(true)", "Other"]);
    }

    #[test]
    fn heredocs_end_where_terraform_ends_them() {
        for text in [
            "a = <<E\nE\nb = 1\n",
            "a = <<-E\r\n  x ${b} E\r\n  E\r\nb = 1\n",
            "a = f(<<E\nx\n%{ if c }E2%{ endif }\n E\n, <<F\nE\nF\n)\nb = 1",
        ] {
            let names: Vec<String> = read(text).unwrap().attributes.into_iter().map(|a| a.name).collect();
            assert_eq!(names, ["a", "b"], "{text}");
        }
        for text in ["a = <<-E\n  E\nb = 1\nc = <<-E\n  x\n  E\nd = 1\n", "a = <<E\nx\nE # c\nb = 1\n"] {
            assert_eq!(
                read(text).unwrap_err().reason,
                "the end of a heredoc, `E`, is not the only such line"
            );
        }
    }

    #[test]
    fn references_of_local_values_and_dynamic_blocks_are_kept() {
        let text = r#"
locals {
  plain = 1
  id    = aws_vpc.main.id
  many  = [for k, s in aws_subnet.all : "${s.id}-${local.name}-${k}" if s.open]
  one   = "${module.net.ids[0]}" == var.x ? aws_a.b[0].c.d : try(data.aws_e.f[*].g, null)
}
resource "x" "y" {
  of = aws_seen.by_the_plan.id
  dynamic "rule" {
    for_each = local.rules
    content {
      group = aws_group.a.id
      port  = rule.value.port
    }
  }
}
"#;
        let body = read(text).unwrap();
        let locals: Vec<Vec<String>> =
            body.blocks[0].body.attributes.iter().map(|attribute| attribute.references.clone()).collect();
        assert_eq!(locals[0], Vec::<String>::new());
        assert_eq!(locals[1], ["aws_vpc.main.id"]);
        assert_eq!(locals[2], ["aws_subnet.all", "local.name"]);
        assert_eq!(locals[3], ["aws_a.b", "data.aws_e.f", "module.net.ids", "var.x"]);
        assert_eq!(body.blocks[1].body.references(), ["local.rules", "aws_group.a.id", "rule.value.port"]);
    }

    #[test]
    fn an_error_says_where() {
        let error = read("a = 1\nb = = 2\n").unwrap_err();
        assert_eq!(&"a = 1\nb = = 2\n"[error.at..=error.at], "=");
    }
}
