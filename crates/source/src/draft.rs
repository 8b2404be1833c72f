//! What a configuration says of a JSON document that is known only after apply: its constant parts.

use std::collections::BTreeSet;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ForExpr, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::structure::{Attribute, Body, Structure};
use hcl_edit::template::{Element, Template};
use hcl_edit::visit::{Visit, visit_for_expr, visit_traversal};
use serde_json::Value;

use crate::place::{Place, Precision};

/// A JSON document with marks in the place of what the configuration does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The document.
    pub json: String,
    /// What its expression refers to: `var.x`, `local.x`, `TYPE.NAME`, `data.TYPE.NAME`, `module.NAME`.
    pub references: BTreeSet<String>,
}

/// What stands in a draft for what is not known. Neither may occur in a configuration.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// For anything. It may be a part of a text.
    pub unknown: &'static str,
    /// For the ARN of one object.
    pub of_object: &'static str,
}

impl Place {
    /// The document that the attribute at this place encodes with `jsonencode`, that its text is, or the map that it is;
    /// `None` where it is made in another way, and where a name in it has to be evaluated.
    pub fn draft(&self, marks: Marks) -> Option<Draft> {
        if self.precision != Precision::Attribute {
            return None;
        }
        let body = hcl_edit::parser::parse_body(self.at.file.text()).ok()?;
        let attribute = attribute_at(&body, self.at.span.start)?;
        let json = match unwrapped(&attribute.value) {
            Expression::FuncCall(call)
                if call.name.namespace.is_empty() && call.name.name.as_str() == "jsonencode" =>
            {
                let mut arguments = call.args.iter();
                let only = arguments.next().filter(|_| arguments.next().is_none())?;
                value(only, marks)?.to_string()
            }
            Expression::HeredocTemplate(heredoc) => text(&heredoc.template, marks)?,
            map @ Expression::Object(_) => value(map, marks)?.to_string(),
            _ => return None,
        };
        let mut references = References::default();
        references.visit_expr(&attribute.value);
        Some(Draft { json, references: references.found })
    }
}

fn attribute_at(body: &Body, start: usize) -> Option<&Attribute> {
    body.iter().find_map(|structure| match structure {
        Structure::Attribute(attribute) => {
            attribute.key.span().is_some_and(|span| span.start == start).then_some(attribute)
        }
        Structure::Block(block) => attribute_at(&block.body, start),
    })
}

fn unwrapped(expression: &Expression) -> &Expression {
    match expression {
        Expression::Parenthesis(inner) => unwrapped(inner.inner()),
        other => other,
    }
}

fn value(expression: &Expression, marks: Marks) -> Option<Value> {
    let unknown = || Value::String(marks.unknown.to_owned());
    Some(match expression {
        Expression::Null(_) => Value::Null,
        Expression::Bool(flag) => Value::Bool(*flag.value()),
        Expression::Number(number) => {
            serde_json::from_str(&number.value().to_string()).unwrap_or_else(|_| unknown())
        }
        Expression::String(text) => Value::String(text.value().clone()),
        Expression::Array(array) => {
            Value::Array(array.iter().map(|element| value(element, marks)).collect::<Option<_>>()?)
        }
        Expression::Object(object) => {
            let members = object.iter().map(|(key, member)| Some((name(key)?, value(member.expr(), marks)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
        Expression::Parenthesis(inner) => value(inner.inner(), marks)?,
        Expression::StringTemplate(template) => {
            let mut all = String::new();
            for element in template {
                match element {
                    Element::Literal(literal) => all.push_str(literal.value()),
                    Element::Interpolation(part) => all.push_str(mark_of(&part.expr, marks)),
                    Element::Directive(_) => return Some(unknown()),
                }
            }
            Value::String(all)
        }
        Expression::HeredocTemplate(heredoc) => {
            text(&heredoc.template, marks).map_or_else(unknown, Value::String)
        }
        Expression::Traversal(traversal) if is_arn_of_object(traversal) => {
            Value::String(marks.of_object.to_owned())
        }
        Expression::Traversal(_)
        | Expression::Variable(_)
        | Expression::Conditional(_)
        | Expression::FuncCall(_)
        | Expression::UnaryOp(_)
        | Expression::BinaryOp(_) => unknown(),
        Expression::ForExpr(each) => match is_arn_of_each(each) {
            true => Value::Array(vec![Value::String(marks.of_object.to_owned())]),
            false => unknown(),
        },
    })
}

/// Whether a list has the ARN of each of some objects: `[for queue in aws_sqs_queue.all : queue.arn]`.
fn is_arn_of_each(each: &ForExpr) -> bool {
    let Expression::Traversal(read) = &each.value_expr else { return false };
    let (Expression::Variable(object), [one]) = (&read.expr, read.operators.as_slice()) else { return false };
    let is_arn = matches!(one.value(), TraversalOperator::GetAttr(name) if name.as_str() == "arn");
    let Expression::Traversal(objects) = &each.intro.collection_expr else { return false };
    let Expression::Variable(root) = &objects.expr else { return false };
    each.key_expr.is_none()
        && is_arn
        && object.value() == each.intro.value_var.value()
        && names_a_type(root.as_str())
        && objects.operators.len() == 1
}

/// Whether a reference that begins with a word is to a managed resource.
fn names_a_type(word: &str) -> bool {
    !WORDS.contains(&word) && !["data", "local", "module", "var"].contains(&word)
}

/// The text of a heredoc; `None` where parts of it depend on a condition.
fn text(template: &Template, marks: Marks) -> Option<String> {
    let mut all = String::new();
    for element in template {
        match element {
            Element::Literal(literal) => all.push_str(literal.value()),
            Element::Interpolation(part) => all.push_str(mark_of(&part.expr, marks)),
            Element::Directive(_) => return None,
        }
    }
    Some(all)
}

/// What stands for a part of a text.
fn mark_of(expression: &Expression, marks: Marks) -> &'static str {
    match unwrapped(expression) {
        Expression::Traversal(traversal) if is_arn_of_object(traversal) => marks.of_object,
        _ => marks.unknown,
    }
}

/// The name of a member; `None` where it has to be evaluated.
fn name(key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.value().as_str().to_owned()),
        ObjectKey::Expression(Expression::String(text)) => Some(text.value().clone()),
        ObjectKey::Expression(_) => None,
    }
}

/// What starts a reference that names no block.
const WORDS: [&str; 6] = ["count", "each", "path", "self", "terraform", "tofu"];

fn is_arn_of_object(traversal: &Traversal) -> bool {
    let Expression::Variable(root) = &traversal.expr else { return false };
    let last = traversal.operators.last().map(|last| last.value());
    let is_arn = matches!(last, Some(TraversalOperator::GetAttr(name)) if name.as_str() == "arn");
    let is_block = names_a_type(root.as_str());
    let is_one = traversal.operators.iter().all(|operator| {
        !matches!(operator.value(), TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_))
    });
    is_arn && is_block && is_one
}

/// What expressions refer to.
#[derive(Default)]
struct References {
    found: BTreeSet<String>,
    /// The variables of the `for` expressions around.
    of_loops: Vec<String>,
}

impl Visit for References {
    fn visit_for_expr(&mut self, each: &ForExpr) {
        let outside = self.of_loops.len();
        let names = each.intro.key_var.iter().chain([&each.intro.value_var]);
        self.of_loops.extend(names.map(|name| name.value().as_str().to_owned()));
        visit_for_expr(self, each);
        self.of_loops.truncate(outside);
    }

    fn visit_traversal(&mut self, traversal: &Traversal) {
        if let Expression::Variable(root) = &traversal.expr
            && !self.of_loops.iter().any(|name| name == root.as_str())
        {
            let mut names = vec![root.as_str().to_owned()];
            for operator in &traversal.operators {
                let TraversalOperator::GetAttr(name) = operator.value() else { break };
                names.push(name.as_str().to_owned());
            }
            self.found.extend(block(&names));
        }
        visit_traversal(self, traversal);
    }
}

/// The start of a reference that names a block, a variable or a local value.
fn block(names: &[String]) -> Option<String> {
    let length = match names.first()?.as_str() {
        word if WORDS.contains(&word) => return None,
        "data" => 3,
        _ => 2,
    };
    names.get(..length).map(|names| names.join("."))
}

/// The same, of a reference as a plan writes it.
pub fn referred_block(reference: &str) -> Option<String> {
    let end = reference.find('[').unwrap_or(reference.len());
    let names: Vec<String> = reference.get(..end)?.split('.').map(ToOwned::to_owned).collect();
    block(&names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Configuration, Sought};
    use planguard_plan::{Address, AttributePath, PathStep};

    const MARKS: Marks = Marks { unknown: "?", of_object: "!" };

    fn draft(policy: &str) -> Option<Draft> {
        let directory = tempfile::tempdir().unwrap();
        let text = format!(
            "resource \"aws_sqs_queue_policy\" \"q\" {{\n  queue_url = aws_sqs_queue.q.id\n  policy = {policy}\n}}\n"
        );
        std::fs::write(directory.path().join("main.tf"), text).unwrap();
        let address: Address = "aws_sqs_queue_policy.q".parse().unwrap();
        let attribute = AttributePath(vec![PathStep::Key("policy".to_owned())]);
        let sought = Sought { address: &address, attribute: Some(&attribute), after: None, tool: None };
        Configuration::read(directory.path()).locate(&sought)?.draft(MARKS)
    }

    #[test]
    fn constants_are_kept_and_the_rest_is_marked() {
        let found = draft(
            r#"jsonencode({
                Version = "2012-10-17"
                Statement = [{
                    Effect = "Allow", Principal = "*", Action = ["sqs:Send", var.action]
                    Resource = ["${aws_sqs_queue.q.arn}/*", "arn:aws:s3:::${var.bucket}/*"]
                    "Condition" : { ArnEquals = { "aws:SourceArn" = aws_sns_topic.t[0].arn } }
                }]
            })"#,
        )
        .unwrap();
        let json: Value = serde_json::from_str(&found.json).unwrap();
        let statement = &json["Statement"][0];
        assert_eq!(statement["Action"], serde_json::json!(["sqs:Send", "?"]));
        assert_eq!(
            (&statement["Principal"], &statement["Resource"]),
            (&Value::from("*"), &serde_json::json!(["!/*", "arn:aws:s3:::?/*"]))
        );
        assert_eq!(statement["Condition"]["ArnEquals"]["aws:SourceArn"], "!");
        assert_eq!(
            found.references.iter().map(String::as_str).collect::<Vec<_>>(),
            ["aws_sns_topic.t", "aws_sqs_queue.q", "var.action", "var.bucket"]
        );
    }

    #[test]
    fn a_document_in_a_text_is_read_too() {
        let found = draft("<<EOF\n{\"Statement\": {\"Resource\": \"${aws_sqs_queue.q.arn}\"}}\nEOF").unwrap();
        assert_eq!(found.json.trim(), r#"{"Statement": {"Resource": "!"}}"#);
        assert_eq!(draft("<<EOF\n{%{ if var.a }\"a\": 1%{ endif }}\nEOF"), None);
    }

    #[test]
    fn a_map_is_a_draft_as_well() {
        let found =
            draft("{\n    KEY_ID = aws_kms_key.k.key_id\n    PLAIN  = \"hunter2-and-more\"\n  }").unwrap();
        assert_eq!(found.json, r#"{"KEY_ID":"?","PLAIN":"hunter2-and-more"}"#);
    }

    #[test]
    fn the_arns_of_each_object_are_those_of_objects() {
        let resource = |list: &str| {
            let found = draft(&format!("jsonencode({{ Resource = {list} }})")).unwrap();
            let json: Value = serde_json::from_str(&found.json).unwrap();
            (json["Resource"].to_string(), found.references.into_iter().collect::<Vec<_>>().join(" "))
        };
        let queues = "aws_sqs_queue.all".to_owned();
        assert_eq!(resource("[for q in aws_sqs_queue.all : q.arn]"), (r#"["!"]"#.to_owned(), queues.clone()));
        for unknown in ["[for q in aws_sqs_queue.all : q.name]", "[for k, q in aws_sqs_queue.all : k]"] {
            assert_eq!(resource(unknown), (r#""?""#.to_owned(), queues.clone()), "{unknown}");
        }
        let given = resource("[for q in var.queues : q.arn]");
        assert_eq!(given, (r#""?""#.to_owned(), "var.queues".to_owned()));
    }

    #[test]
    fn what_is_made_in_another_way_is_no_draft() {
        for other in [
            "data.aws_iam_policy_document.d.json",
            "file(\"policy.json\")",
            r#"jsonencode({ (var.key) = 1 })"#,
            r#"jsonencode({ "${var.key}:sub" = 1 })"#,
            "\"{}\"",
        ] {
            assert_eq!(draft(other), None, "{other}");
        }
    }

    #[test]
    fn references_of_a_plan_are_named_in_the_same_way() {
        let named = |reference| referred_block(reference);
        assert_eq!(named("aws_sns_topic.t[0].arn").as_deref(), Some("aws_sns_topic.t"));
        assert_eq!(named("data.aws_region.r.name").as_deref(), Some("data.aws_region.r"));
        assert_eq!(named("module.m.out").as_deref(), Some("module.m"));
        assert_eq!(named("each.value"), None);
    }
}
