//! HCL as JSON: blocks under their type and labels, in arrays; what is not known before it is evaluated, as
//! `${…}`.

use std::collections::BTreeMap;
use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Body, Structure};
use hcl_edit::template::{Element, Template};
use regorus::Value;

use crate::builtins::{Failure, Outcome};

/// How deeply brackets may nest; the reader goes down with them.
const NESTING: usize = 200;

/// Reads HCL.
pub(super) fn read(text: &str) -> Outcome {
    let mut open: usize = 0;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' | b'(' => open += 1,
            b']' | b'}' | b')' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > NESTING {
            return Err(Failure::TooLarge(format!("more than {NESTING} brackets are open at once")));
        }
    }
    let body: Body = hcl_edit::parser::parse_body(text).map_err(|error| {
        let place = error.location();
        Failure::unsuitable(format!("line {}, column {}: {}", place.line(), place.column(), error.message()))
    })?;
    Ok(Reader { text }.body(&body))
}

struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn body(&self, body: &Body) -> Value {
        let mut members: BTreeMap<Value, Value> = BTreeMap::new();
        for structure in body.iter() {
            match structure {
                Structure::Attribute(attribute) => {
                    let value = self.expression(&attribute.value);
                    members.insert(attribute.key.as_str().into(), value);
                }
                Structure::Block(block) => {
                    let mut keys = vec![Value::from(block.ident.as_str())];
                    keys.extend(block.labels.iter().map(|label| Value::from(label.as_str())));
                    insert(&mut members, &keys, self.body(&block.body));
                }
            }
        }
        members.into()
    }

    /// What stands in the text, as something to be evaluated.
    fn source(&self, span: Option<Range<usize>>) -> String {
        let source = span.and_then(|span| self.text.get(span)).unwrap_or("");
        format!("${{{}}}", source.trim())
    }

    fn expression(&self, expression: &Expression) -> Value {
        match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => (*value.value()).into(),
            Expression::Number(number) => {
                let text = number.value().to_string();
                Value::from_numeric_string(&text).unwrap_or_else(|_| text.into())
            }
            Expression::String(text) => text.value().as_str().into(),
            Expression::Array(array) => {
                array.iter().map(|element| self.expression(element)).collect::<Vec<_>>().into()
            }
            Expression::Object(object) => object
                .iter()
                .map(|(key, value)| {
                    let key = match key {
                        ObjectKey::Ident(name) => name.as_str().to_owned(),
                        ObjectKey::Expression(Expression::Variable(name)) => name.value().as_str().to_owned(),
                        ObjectKey::Expression(Expression::String(text)) => text.value().clone(),
                        ObjectKey::Expression(other) => match self.expression(other) {
                            Value::String(text) => text.to_string(),
                            other => other.to_string(),
                        },
                    };
                    (Value::from(key), self.expression(value.expr()))
                })
                .collect::<BTreeMap<_, _>>()
                .into(),
            Expression::StringTemplate(template) => {
                template.iter().map(|element| self.element(element)).collect::<String>().into()
            }
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template).into(),
            Expression::Parenthesis(_)
            | Expression::Variable(_)
            | Expression::Conditional(_)
            | Expression::FuncCall(_)
            | Expression::Traversal(_)
            | Expression::UnaryOp(_)
            | Expression::BinaryOp(_)
            | Expression::ForExpr(_) => self.source(expression.span()).into(),
        }
    }

    fn template(&self, template: &Template) -> String {
        template.iter().map(|element| self.element(element)).collect()
    }

    fn element(&self, element: &Element) -> String {
        match element {
            Element::Literal(text) => text.value().clone(),
            Element::Interpolation(interpolation) => self.source(interpolation.expr.span()),
            Element::Directive(directive) => {
                directive.span().and_then(|span| self.text.get(span)).unwrap_or("").to_owned()
            }
        }
    }
}

/// Puts a block under its keys, after those that are there already.
fn insert(members: &mut BTreeMap<Value, Value>, keys: &[Value], block: Value) {
    let Some((key, rest)) = keys.split_first() else { return };
    let there = members.remove(key);
    let value = if rest.is_empty() {
        let mut blocks = match there {
            Some(Value::Array(blocks)) => blocks.to_vec(),
            _ => Vec::new(),
        };
        blocks.push(block);
        Value::from(blocks)
    } else {
        let mut inner: BTreeMap<Value, Value> = match there {
            Some(Value::Object(object)) => {
                object.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
            }
            _ => BTreeMap::new(),
        };
        insert(&mut inner, rest, block);
        inner.into()
    };
    members.insert(key.clone(), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_lie_under_their_labels() {
        let text = r#"
            n = 1.5
            resource "aws_s3_bucket" "a" {
              bucket = "x-${var.name}"
              tags   = { Owner = "me", "k" = [true, null] }
              count  = var.n + 1
              rule { id = 1 }
              rule { id = 2 }
            }
            resource "aws_s3_bucket" "b" {}
        "#;
        let expected = r#"{"n":1.5,"resource":{"aws_s3_bucket":{"a":[{"bucket":"x-${var.name}","count":"${var.n + 1}","rule":[{"id":1},{"id":2}],"tags":{"Owner":"me","k":[true,null]}}],"b":[{}]}}}"#;
        assert_eq!(serde_json::to_string(&read(text).unwrap()).unwrap(), expected);
    }

    #[test]
    fn nesting_is_refused() {
        assert!(matches!(read(&format!("a = {}", "[".repeat(100_000))), Err(Failure::TooLarge(_))));
    }
}
