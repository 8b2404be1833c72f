//! Messages whose values are redacted before they are printed.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode, SourceSpan};
use planguard_plan::redact::JsonRedactor;
use regorus::Value;
use serde_json::Value as Json;

use super::{BodyOutcome, Explanation};
use crate::error::PolicyText;

/// What is said of a statement as a whole.
pub(super) const NOT_TRUE: &str = "is not true";

/// The number of characters of a value that are shown.
const VALUE_LENGTH: usize = 72;

#[derive(Clone, Debug, Default)]
pub(super) struct Words(Vec<Word>);

#[derive(Clone, Debug)]
enum Word {
    Text(String),
    Value(Json),
}

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let mut words = Self::default();
        words.say(text);
        words
    }

    pub(super) fn say(&mut self, text: &str) -> &mut Self {
        self.0.push(Word::Text(text.to_owned()));
        self
    }

    /// Adds source text on one line.
    pub(super) fn code(&mut self, text: &str) -> &mut Self {
        self.say(&format!("`{}`", text.split_whitespace().collect::<Vec<_>>().join(" ")))
    }

    pub(super) fn value(&mut self, value: &Value) -> &mut Self {
        self.0.push(Word::Value(serde_json::to_value(value).unwrap_or(Json::Null)));
        self
    }

    fn redacted(&self, redactor: &JsonRedactor) -> String {
        let parts = self.0.iter().map(|word| match word {
            Word::Text(text) => redactor.texts().text(text).unescaped().replace('\n', "\\n"),
            Word::Value(value) => shortened(&redactor.value(value)),
        });
        parts.collect()
    }
}

/// Returns a value in short form; a resource change is its address.
fn shortened(value: &Json) -> String {
    if let (Some(address), Some(_)) = (value.get("address").and_then(Json::as_str), value.get("change")) {
        return format!("the resource change {address}");
    }
    let text = value.to_string();
    if text.chars().count() <= VALUE_LENGTH {
        return text;
    }
    let start: String = text.chars().take(VALUE_LENGTH).collect();
    format!("{start}…")
}

/// Returns whether an expression is its own value.
fn is_literal(source: &str) -> bool {
    let within = |open, close| source.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    within('"', '"').is_some_and(|text| !text.contains('"'))
        || within('[', ']').is_some()
        || within('{', '}').is_some()
}

/// Returns whether a span contains another. A snippet cannot show nested labels separately.
fn holds(outer: SourceSpan, inner: SourceSpan) -> bool {
    outer != inner
        && outer.offset() <= inner.offset()
        && inner.offset() + inner.len() <= outer.offset() + outer.len()
}

impl Explanation {
    /// What is told of the parts of a statement, each as a sentence.
    pub(super) fn parts(&self, statement: &Range<usize>) -> Vec<String> {
        let plain = JsonRedactor::default();
        let mut told: Vec<String> = Vec::new();
        for (span, words) in &self.labels {
            let range = span.offset()..span.offset() + span.len();
            let words = words.redacted(&plain);
            // That the whole statement does not hold is known.
            if !statement.contains(&range.start) || range == *statement && words == NOT_TRUE {
                continue;
            }
            let source = self.text.inner().get(range).unwrap_or_default();
            if is_literal(source) {
                continue;
            }
            let verb = if words.starts_with("undefined") { "is " } else { "" };
            let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
            told.push(format!("`{source}` {verb}{words}"));
        }
        if !told.is_empty() {
            told.extend(self.notes.iter().map(|note| note.redacted(&plain)));
        }
        let mut seen = BTreeSet::new();
        told.retain(|sentence| seen.insert(sentence.clone()));
        told
    }

    /// Returns the explanation in printable form, with sensitive values hidden.
    pub fn redacted(&self, redactor: &JsonRedactor) -> RedactedExplanation {
        let (within, labels): (Vec<_>, Vec<_>) = self
            .labels
            .iter()
            .partition(|(span, _)| self.labels.iter().any(|(other, _)| holds(*other, *span)));
        let label = |(span, words): &(SourceSpan, Words)| {
            LabeledSpan::new_with_span(Some(words.redacted(redactor)), *span)
        };
        let labels: Vec<LabeledSpan> = labels.into_iter().map(label).collect();
        let mut notes: Vec<String> = Vec::new();
        for (span, words) in within {
            let source = self.text.inner().get(span.offset()..span.offset() + span.len()).unwrap_or_default();
            let note = format!("`{source}` {}", words.redacted(redactor));
            if !is_literal(source) && !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes.extend(self.notes.iter().map(|note| note.redacted(redactor)));
        RedactedExplanation {
            message: self.message.redacted(redactor),
            labels,
            notes: notes.join("\n"),
            text: self.text.clone(),
            outcome: self.outcome,
        }
    }
}

/// A redacted explanation.
#[derive(Debug)]
pub struct RedactedExplanation {
    message: String,
    labels: Vec<LabeledSpan>,
    notes: String,
    text: PolicyText,
    outcome: BodyOutcome,
}

impl fmt::Display for RedactedExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RedactedExplanation {}

impl Diagnostic for RedactedExplanation {
    fn severity(&self) -> Option<Severity> {
        Some(match self.outcome {
            BodyOutcome::Satisfied => Severity::Advice,
            BodyOutcome::Unsatisfied | BodyOutcome::Unexplained => Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.notes.is_empty()).then(|| Box::new(&self.notes) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.labels.is_empty()).then_some(&self.text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = _>>)
    }
}
