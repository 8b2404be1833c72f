//! Reads the native syntax of Terraform's files.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression as Hcl, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::structure::{Body as HclBody, Structure};
use hcl_edit::template::HeredocTemplate;
use hcl_edit::visit::{Visit, visit_heredoc_template};

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
    heredocs.swallowed.map_or_else(|| Ok(convert(&body)), Err)
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

fn convert(body: &HclBody) -> Body {
    let mut converted = Body::default();
    for structure in body.iter() {
        match structure {
            Structure::Attribute(attribute) => converted.attributes.push(Attribute {
                name: attribute.key.as_str().to_owned(),
                at: join(attribute.key.span(), attribute.value.span()),
                value: expression(&attribute.value),
            }),
            Structure::Block(block) => {
                let last = block.labels.last().and_then(Span::span);
                converted.blocks.push(Block {
                    kind: block.ident.as_str().to_owned(),
                    labels: block.labels.iter().map(|label| label.as_str().to_owned()).collect(),
                    header: join(block.ident.span(), last),
                    body: convert(&block.body),
                });
            }
        }
    }
    converted
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
    fn an_error_says_where() {
        let error = read("a = 1\nb = = 2\n").unwrap_err();
        assert_eq!(&"a = 1\nb = = 2\n"[error.at..=error.at], "=");
    }
}
