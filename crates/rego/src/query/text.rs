//! Converts a query into a policy whose only rule collects the answers, and the answers back.
//!
//! ```text
//! data.main.deny[x]; x != "a"
//! answers := [[[x], [v1, v2]] | v1 := data.main.deny[x]; v1 != false; v2 := x != "a"; v2 != false]
//! ```

use std::collections::BTreeMap;

use miette::{Diagnostic, NamedSource, SourceSpan};
use regorus::Value;
use serde_json::Value as Json;

use super::{ExpressionValue, QueryError, QueryLocation, QueryResult};
use crate::builtins::as_written;
use crate::error::PolicyText;
use crate::frontend::{self, LoadedNames, QueryShape, Shaped};
use crate::large_integers::IntegerMark;
use crate::options::RegoVersion;
use crate::source::{EngineMessage, RewriteResult, Source};

/// The file name of the query in reports and for the engine.
pub(super) const FILE: &str = "query";

/// The rule that holds the answers.
pub(crate) const RULE: &str = "data.planguard_query.answers";

const BEFORE: &str = "package planguard_query\n\nanswers := [[";

/// The start of the names of the expressions' values.
const CAPTURE: &str = "__planguard_";

/// A parsed query.
#[derive(Clone, Debug)]
pub(crate) struct QueryText {
    written: String,
    shape: QueryShape,
    /// The policy.
    policy: String,
    /// The starts of the query's parts in the policy, with their starts in the query.
    parts: Vec<(usize, usize)>,
    /// The first line of the query in the policy, counted from zero.
    first_line: usize,
}

impl QueryText {
    /// Parses a query.
    ///
    /// # Errors
    ///
    /// The text is not a query.
    pub(crate) fn read(query: &str) -> Result<Self, QueryError> {
        let shape = frontend::shape_of_query(query).map_err(|unread| QueryError::Invalid {
            reason: "invalid Rego query".to_owned(),
            text: named(query),
            at: Some(place(query, unread.offset)),
            help: Some(
                "write it like the body of a rule: `data.main.deny`, or `x := 1; y := x + 1`".to_owned(),
            ),
        })?;
        let may_be_false = shape.literals.len() == 1 && shape.is_ground;
        let mut values = Vec::new();
        let mut policy = BEFORE.to_owned();
        let variables: Vec<&str> = shape.variables.iter().map(String::as_str).collect();
        policy.push_str(&format!("[{}], [", variables.join(", ")));
        for (index, literal) in shape.literals.iter().enumerate() {
            match literal.shaped {
                Shaped::Value => values.push(format!("{CAPTURE}{index}")),
                Shaped::Statement => values.push("true".to_owned()),
                Shaped::Declaration => {}
            }
        }
        policy.push_str(&format!("{}]] |\n", values.join(", ")));
        let first_line = policy.matches('\n').count();
        let (mut parts, mut at) = (Vec::new(), 0);
        let mut part = |policy: &mut String, from: usize, to: usize| {
            parts.push((policy.len(), from));
            policy.push_str(&query[from..to]);
        };
        for (index, literal) in shape.literals.iter().enumerate() {
            part(&mut policy, at, literal.span.start);
            at = literal.span.end;
            if literal.shaped == Shaped::Value {
                policy.push_str(&format!("{CAPTURE}{index} := "));
            }
            part(&mut policy, literal.span.start, literal.span.end);
            // As in OPA, a single expression without variables may be false.
            if !may_be_false && literal.shaped == Shaped::Value {
                policy.push_str(&format!("; {CAPTURE}{index} != false"));
            }
        }
        part(&mut policy, at, query.len());
        policy.push_str("\n]\n");
        Ok(Self { written: query.to_owned(), shape, policy, parts, first_line })
    }

    /// Returns the policy for the engine.
    pub(super) fn source(&self) -> Source {
        let mut source = Source::new(FILE, self.policy.as_str());
        let mut known = LoadedNames::default();
        known.add(&source);
        source.reading = match frontend::rewrite(&source, RegoVersion::V1, &known) {
            Ok(None) => RewriteResult::AsWritten,
            Ok(Some(rewritten)) => RewriteResult::Rewritten(rewritten.into()),
            Err(unread) => RewriteResult::Failed(unread),
        };
        source
    }

    /// Returns whether the query is exactly `data`.
    pub(super) fn is_whole_data(&self) -> bool {
        self.written.trim() == "data"
    }

    /// Converts the engine's answers to results.
    pub(super) fn results(&self, answers: &Value) -> (Vec<QueryResult>, IntegerMark) {
        let mark = IntegerMark::for_values(&[&self.written], [answers].into_iter());
        let Value::Array(answers) = answers else { return (Vec::new(), mark) };
        (answers.iter().map(|answer| self.result(answer, &mark)).collect(), mark)
    }

    fn result(&self, answer: &Value, mark: &IntegerMark) -> QueryResult {
        let values = answer[1u64].as_array().into_iter().flat_map(|values| values.iter());
        let literals = self.shape.literals.iter().filter(|literal| literal.shaped != Shaped::Declaration);
        let expressions = literals.zip(values).map(|(literal, value)| ExpressionValue {
            value: json(value, mark),
            text: self.written[literal.span.clone()].to_owned(),
            location: location(&self.written, literal.span.start),
        });
        let bound = answer[0u64].as_array().into_iter().flat_map(|values| values.iter());
        let bindings: BTreeMap<String, Json> =
            self.shape.variables.iter().cloned().zip(bound.map(|value| json(value, mark))).collect();
        QueryResult { expressions: expressions.collect(), bindings }
    }

    /// Converts a printed line: prints of the query itself get its line numbers.
    pub(super) fn print(&self, line: &str) -> String {
        let own = line.strip_prefix(FILE).and_then(|rest| rest.strip_prefix(':'));
        let Some((number, text)) = own.and_then(|rest| rest.split_once(':')) else { return line.to_owned() };
        match number.parse::<usize>() {
            Ok(number) => format!("{FILE}:{}:{text}", number.saturating_sub(self.first_line)),
            Err(_) => line.to_owned(),
        }
    }

    /// Converts an error of the generated policy to one of the query.
    pub(super) fn refused(&self, error: &dyn Diagnostic) -> QueryError {
        let label = error.labels().and_then(|mut labels| labels.next());
        QueryError::Invalid {
            reason: error.to_string(),
            text: named(&self.written),
            at: label.map(|label| self.span(*label.inner())),
            help: error.help().map(|help| help.to_string()),
        }
    }

    /// Converts an error of the evaluation.
    pub(super) fn failed(&self, message: &EngineMessage<'_>, sources: &[Source]) -> QueryError {
        let reason = message.reason.clone();
        let Some(source) = sources.iter().find(|source| Some(source.name.as_str()) == message.source) else {
            return QueryError::Failed { reason, text: None, at: None };
        };
        let at = source.place(message.line, message.column);
        if source.name != FILE {
            return QueryError::Failed { reason, text: Some(source.named()), at };
        }
        QueryError::Failed { reason, text: Some(named(&self.written)), at: at.map(|at| self.span(at)) }
    }

    /// Maps a place in the policy to the query.
    fn span(&self, at: SourceSpan) -> SourceSpan {
        let index = self.parts.partition_point(|(start, _)| *start <= at.offset());
        let offset = match index.checked_sub(1).and_then(|index| self.parts.get(index)) {
            Some((start, from)) => from + at.offset() - start,
            None => 0,
        };
        let offset = offset.min(self.written.len());
        (offset, at.len().min(self.written.len() - offset)).into()
    }
}

/// A value of the engine as JSON, with numbers as OPA writes them.
fn json(value: &Value, mark: &IntegerMark) -> Json {
    let json = serde_json::to_value(with_large_integers(value, mark));
    with_written_numbers(json.unwrap_or(Json::Null))
}

/// A value with a text in the place of each integer that JSON has no room for here.
fn with_large_integers(value: &Value, mark: &IntegerMark) -> Value {
    let replaced = |value: &Value| with_large_integers(value, mark);
    match value {
        Value::Number(_) => mark.marked(value).map_or_else(|| value.clone(), Value::from),
        Value::Array(items) => Value::from(items.iter().map(replaced).collect::<Vec<_>>()),
        // A set becomes an array, in the order of the engine.
        Value::Set(items) => Value::from(items.iter().map(replaced).collect::<Vec<_>>()),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (replaced_key(key), replaced(value)));
            Value::from(fields.collect::<BTreeMap<_, _>>())
        }
        other => other.clone(),
    }
}

/// A key of an object, which becomes a text in any case.
fn replaced_key(key: &Value) -> Value {
    match key {
        Value::Number(number) if number.format_decimal().parse().is_ok_and(f64::is_infinite) => {
            Value::from(number.format_decimal())
        }
        other => other.clone(),
    }
}

fn with_written_numbers(value: Json) -> Json {
    match value {
        Json::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => Json::from(as_written(float)),
            None => Json::Number(number),
        },
        Json::Array(items) => items.into_iter().map(with_written_numbers).collect(),
        Json::Object(fields) => {
            fields.into_iter().map(|(key, value)| (key, with_written_numbers(value))).collect()
        }
        other => other,
    }
}

/// Returns the answer to the query `data`, without the evaluation's own rules.
pub(super) fn whole_data(data: Value) -> Value {
    let none = Value::from(Vec::<Value>::new());
    Value::from(vec![Value::from(vec![none, Value::from(vec![data])])])
}

/// The starts of the names of rules that planguard adds to policies.
const GENERATED: [&str; 2] = ["__pg", "__rego_m_"];

/// Returns a value without the rules that planguard added to a package in it.
pub(super) fn without_generated(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let kept = entries.iter().filter(|(key, _)| {
                !matches!(key, Value::String(name) if GENERATED.iter().any(|start| name.starts_with(start)))
            });
            let kept = kept.map(|(key, value)| (key.clone(), without_generated(value.clone())));
            Value::from(kept.collect::<std::collections::BTreeMap<_, _>>())
        }
        Value::Array(items) => Value::from(items.iter().cloned().map(without_generated).collect::<Vec<_>>()),
        other => other,
    }
}

fn named(query: &str) -> PolicyText {
    PolicyText::new(NamedSource::new(FILE, query.into()))
}

fn place(text: &str, offset: usize) -> SourceSpan {
    let offset = offset.min(text.len());
    let length = text.get(offset..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    (offset, length).into()
}

fn location(text: &str, offset: usize) -> QueryLocation {
    let before = text.get(..offset).unwrap_or("");
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    QueryLocation { row: before.matches('\n').count() + 1, col: offset - line + 1 }
}
