//! Explains why a literal is not satisfied, with the values of its expressions.

use miette::SourceSpan;
use regorus::Value;

use super::Reason;
use super::ask::{Asker, Environment, File, Found, Question};
use super::body::{address_of, span};
use super::words::{NOT_TRUE, Words};
use crate::frontend::{ExprAnatomy, ExprAnatomyKind, LiteralAnatomy, LiteralAnatomyKind};
use crate::program::path_text;

/// The number of values that are shown for an expression.
const SHOWN: usize = 3;

/// The number of expressions that are shown for a literal.
const LABELS: usize = 8;

#[derive(Default)]
pub(super) struct Cause {
    pub labels: Vec<(SourceSpan, Words)>,
    pub notes: Vec<Words>,
    /// The rules and functions that decide it.
    pub reasons: Vec<Reason>,
}

/// The state in which a literal was evaluated.
pub(super) struct Setting<'s> {
    pub environment: &'s Environment,
    /// The resource change of the solution.
    pub resource: Option<&'s Value>,
    /// The requested address.
    pub address: Option<&'s str>,
    /// A text in the literal's expressions, and its replacement.
    pub replaced: Option<(String, String)>,
}

struct Seeker<'s> {
    asker: &'s Asker<'s>,
    file: &'s File<'s>,
    setting: Setting<'s>,
    withs: &'s str,
    cause: Cause,
}

/// Explains why an expression has no value.
pub(super) fn of_value(
    asker: &Asker<'_>,
    file: &File<'_>,
    environment: &Environment,
    piece: &ExprAnatomy,
) -> Cause {
    let setting = Setting { environment, resource: None, address: None, replaced: None };
    let mut seeker = Seeker { asker, file, setting, withs: "", cause: Cause::default() };
    seeker.look(piece);
    seeker.cause
}

/// Returns the values of a satisfied literal's expressions.
pub(super) fn seen(
    asker: &Asker<'_>,
    file: &File<'_>,
    environment: &Environment,
    literal: &LiteralAnatomy,
) -> Vec<(SourceSpan, Words)> {
    let LiteralAnatomyKind::Test(piece) = &literal.kind else { return Vec::new() };
    let setting = Setting { environment, resource: None, address: None, replaced: None };
    let withs = literal.withs.as_str();
    let mut seeker = Seeker { asker, file, setting, withs, cause: Cause::default() };
    seeker.look(piece);
    seeker.cause.labels
}

impl Cause {
    /// Explains why a literal is not satisfied.
    pub(super) fn of(
        asker: &Asker<'_>,
        file: &File<'_>,
        setting: Setting<'_>,
        literal: &LiteralAnatomy,
    ) -> Self {
        let withs = literal.withs.as_str();
        let mut seeker = Seeker { asker, file, setting, withs, cause: Self::default() };
        match &literal.kind {
            LiteralAnatomyKind::Declaration => {}
            LiteralAnatomyKind::Iteration { collection } => seeker.iteration(collection),
            LiteralAnatomyKind::Every { key, value, collection, body, span } => {
                seeker.every(key.as_deref(), value, collection, body, span.clone());
            }
            LiteralAnatomyKind::Assignment { values } => {
                for value in values {
                    seeker.look(value);
                }
            }
            LiteralAnatomyKind::Test(piece) => seeker.look(piece),
            LiteralAnatomyKind::Negation(piece) => seeker.negation(piece),
        }
        let mut cause = seeker.cause;
        cause.labels.truncate(LABELS);
        if cause.labels.is_empty() {
            cause.labels.push((super::body::span(&literal.span), Words::of(NOT_TRUE)));
        }
        cause
    }
}

impl Seeker<'_> {
    fn values(&self, expressions: &[String]) -> Vec<Found> {
        let expressions: Vec<String> = match &self.setting.replaced {
            Some((text, by)) => expressions.iter().map(|expression| expression.replace(text, by)).collect(),
            None => expressions.to_vec(),
        };
        self.asker.values(self.file, self.setting.environment, &expressions, self.withs)
    }

    fn value(&self, expression: &str) -> Found {
        self.values(&[expression.to_owned()]).pop().unwrap_or(Ok(Vec::new()))
    }

    fn label(&mut self, piece: &ExprAnatomy, words: Words) {
        self.cause.labels.push((span(&piece.span), words));
    }

    /// Adds the value of an expression and of its operands, or the reason why it has none.
    fn look(&mut self, piece: &ExprAnatomy) {
        match &piece.kind {
            ExprAnatomyKind::Scalar => {}
            ExprAnatomyKind::Other => self.shown_or_undefined(piece),
            ExprAnatomyKind::Operation(operands) => {
                let before = self.cause.labels.len();
                for operand in operands {
                    self.look(operand);
                }
                if self.cause.labels.len() == before {
                    self.shown_or_undefined(piece);
                }
            }
            ExprAnatomyKind::Reference { prefixes, steps, target } => match self.value(&piece.text) {
                Err(reason) => self.fails(piece, &reason),
                Ok(values) if values.is_empty() => {
                    self.undefined(piece, prefixes, steps);
                    self.follow(target.as_ref(), Vec::new());
                }
                Ok(values) => {
                    self.shown(piece, &values);
                    if values.iter().all(|value| *value == Value::Bool(false)) {
                        self.follow(target.as_ref(), Vec::new());
                    }
                }
            },
            ExprAnatomyKind::Call { arguments, target } => {
                for argument in arguments {
                    self.look(argument);
                }
                let called = self.value(&piece.text);
                let texts: Vec<String> = arguments.iter().map(|argument| argument.text.clone()).collect();
                let first = |found: Found| found.ok().and_then(|values| values.into_iter().next());
                let given: Option<Vec<Value>> = self.values(&texts).into_iter().map(first).collect();
                match called {
                    Err(reason) => self.fails(piece, &reason),
                    Ok(values) if values.is_empty() => {
                        // An undefined argument is already reported.
                        if let Some(given) = given {
                            self.label(piece, Words::of("the call is undefined"));
                            self.follow(target.as_ref(), given);
                        }
                    }
                    Ok(values) => {
                        self.shown(piece, &values);
                        if let (true, Some(given)) =
                            (values.iter().all(|value| *value == Value::Bool(false)), given)
                        {
                            self.follow(target.as_ref(), given);
                        }
                    }
                }
            }
        }
    }

    fn follow(&mut self, target: Option<&Vec<String>>, arguments: Vec<Value>) {
        if let Some(path) = target {
            self.cause.reasons.push(Reason { rule: path_text(path), arguments });
        }
    }

    fn fails(&mut self, piece: &ExprAnatomy, reason: &str) {
        // A pattern has no value of its own.
        if reason.contains(" is unsafe") {
            return;
        }
        let mut words = Words::of("fails: ");
        words.say(reason);
        self.label(piece, words);
    }

    fn shown_or_undefined(&mut self, piece: &ExprAnatomy) {
        match self.value(&piece.text) {
            Err(reason) => self.fails(piece, &reason),
            Ok(values) if values.is_empty() => self.label(piece, Words::of("undefined")),
            Ok(values) => self.shown(piece, &values),
        }
    }

    fn shown(&mut self, piece: &ExprAnatomy, values: &[Value]) {
        let mut words = Words::of(if values.len() == 1 { "is " } else { "is one of " });
        for (index, value) in values.iter().take(SHOWN).enumerate() {
            words.say(if index == 0 { "" } else { ", " }).value(value);
        }
        if values.len() > SHOWN {
            words.say(&format!(" and {} more", values.len() - SHOWN));
        }
        self.label(piece, words);
    }

    /// Reports the step at which a reference becomes undefined.
    fn undefined(&mut self, piece: &ExprAnatomy, prefixes: &[String], steps: &[String]) {
        let found = self.values(prefixes);
        let defined = found.iter().take_while(|found| found.as_ref().is_ok_and(|values| !values.is_empty()));
        let Some(last) = defined.count().checked_sub(1) else {
            let mut words = Words::of("undefined");
            if let Some(root) = prefixes.first() {
                words.say(": ").code(root).say(" is undefined");
            }
            return self.label(piece, words);
        };
        let parents = found.get(last).and_then(|found| found.as_ref().ok()).cloned().unwrap_or_default();
        let (Some(parent), Some(text), Some(step)) = (parents.first(), prefixes.get(last), steps.get(last))
        else {
            return self.label(piece, Words::of("undefined"));
        };
        let mut words = Words::of("undefined: ");
        if text == "data"
            && let Some(path) = prefixes.get(last + 1)
        {
            words.code(path).say(" is not defined by any document or package");
            return self.label(piece, words);
        }
        words.code(text);
        let key = step.trim_matches('"');
        match parent {
            Value::Null => {
                words.say(" is null");
                if self.is_deleted() && text.ends_with("after") {
                    words.say(" because the resource is deleted");
                } else if self.is_created() && text.ends_with("before") {
                    words.say(" because the resource is created");
                }
            }
            _ if parents.len() > 1 => {
                words.say(&format!(" has {} values, none with ", parents.len())).code(step);
            }
            Value::Object(_) => {
                words.say(" has no ").code(step);
                if self.is_unknown(parent, key) {
                    words.say(", which is known only after apply");
                }
            }
            Value::Array(elements) => {
                words.say(&format!(" has {} elements, not ", elements.iter().count())).code(step);
            }
            Value::Set(_) => {
                words.say(" is a set that does not contain ").code(step);
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => {
                words.say(" is ").value(parent).say(", which has no keys");
            }
        }
        self.label(piece, words);
    }

    fn is_deleted(&self) -> bool {
        self.has_actions(&["delete"])
    }

    fn is_created(&self) -> bool {
        self.has_actions(&["create"])
    }

    fn has_actions(&self, wanted: &[&str]) -> bool {
        let actions =
            self.setting.resource.and_then(|resource| resource["change"]["actions"].as_array().ok());
        actions.is_some_and(|actions| {
            actions.iter().eq(wanted.iter().map(|action| Value::from(*action)).collect::<Vec<_>>().iter())
        })
    }

    /// Returns whether a key that `parent` lacks is known only after apply.
    fn is_unknown(&self, parent: &Value, key: &str) -> bool {
        let Some(resource) = self.setting.resource else { return false };
        let change = &resource["change"];
        is_unknown_in(&change["after"], &change["after_unknown"], parent, key)
    }

    fn iteration(&mut self, collection: &ExprAnatomy) {
        let values = match self.value(&collection.text) {
            Ok(values) if !values.is_empty() => values,
            Ok(_) | Err(_) => return self.look(collection),
        };
        let mut words = Words::default();
        let among = |value: &Value| elements(value).iter().any(|element| address_of(element).is_some());
        match values.first() {
            Some(value) if self.setting.address.is_some() && among(value) => {
                let address = self.setting.address.unwrap_or_default();
                let count = elements(value).len();
                let noun = if count == 1 { "element" } else { "elements" };
                words.say(&format!("has {count} {noun}, not {address}"))
            }
            Some(Value::Array(elements)) if elements.iter().count() == 0 => words.say("is empty"),
            Some(Value::Object(members)) if members.iter().count() == 0 => words.say("is empty"),
            Some(Value::Set(elements)) if elements.iter().count() == 0 => words.say("is empty"),
            Some(value @ (Value::Array(_) | Value::Object(_) | Value::Set(_))) => {
                words.say("no element matches: it is ").value(value)
            }
            Some(value) => words.say("is ").value(value).say(", which is not a collection"),
            None => words.say("undefined"),
        };
        self.label(collection, words);
        if let ExprAnatomyKind::Reference { target, .. } = &collection.kind {
            self.follow(target.as_ref(), Vec::new());
        }
    }

    fn every(
        &mut self,
        key: Option<&str>,
        value: &str,
        collection: &ExprAnatomy,
        body: &str,
        place: std::ops::Range<usize>,
    ) {
        if !self.value(&collection.text).is_ok_and(|values| !values.is_empty()) {
            return self.look(collection);
        }
        let question = Question {
            yields: value.to_owned(),
            body: vec![
                format!("__planguard_c := {} {}", collection.text, self.withs),
                format!("{value} := __planguard_c[__planguard_k]"),
                key.map_or_else(String::new, |key| format!("{key} := __planguard_k")),
                format!("count([1 | {body}\n]) == 0 {}", self.withs),
            ],
        };
        let found = self.asker.ask(self.file, self.setting.environment, &[question]).pop();
        match found {
            Some(Ok(values)) if !values.is_empty() => {
                let mut words = Words::of(&format!("is not satisfied for {value} = "));
                for (index, element) in values.iter().take(SHOWN).enumerate() {
                    words.say(if index == 0 { "" } else { ", " }).value(element);
                }
                if values.len() > SHOWN {
                    words.say(&format!(" and {} more", values.len() - SHOWN));
                }
                self.cause.labels.push((span(&place), words));
            }
            Some(Err(reason)) => {
                self.cause.labels.push((span(&place), Words::of(&format!("fails: {reason}"))));
            }
            Some(Ok(_)) | None => self.shown_or_undefined(collection),
        }
    }

    fn negation(&mut self, piece: &ExprAnatomy) {
        match self.value(&piece.text) {
            Ok(values) if values.is_empty() => {
                // OPA evaluates the arguments of a call outside its `not`.
                let before = self.cause.labels.len();
                match &piece.kind {
                    ExprAnatomyKind::Call { arguments: parts, .. } | ExprAnatomyKind::Operation(parts) => {
                        parts.iter().for_each(|part| self.look(part));
                    }
                    ExprAnatomyKind::Reference { .. } | ExprAnatomyKind::Scalar | ExprAnatomyKind::Other => {}
                }
                if self.cause.labels.len() == before {
                    self.label(piece, Words::of("undefined"));
                }
            }
            Ok(values) => {
                let mut words = Words::of("is ");
                if let Some(value) = values.iter().find(|value| **value != Value::Bool(false)) {
                    words.value(value);
                }
                words.say(", so `not` is false");
                self.label(piece, words);
                match &piece.kind {
                    ExprAnatomyKind::Reference { target, .. } => self.follow(target.as_ref(), Vec::new()),
                    ExprAnatomyKind::Call { arguments, target } => {
                        for argument in arguments {
                            self.look(argument);
                        }
                        let texts: Vec<String> =
                            arguments.iter().map(|argument| argument.text.clone()).collect();
                        let first = |found: Found| found.ok().and_then(|values| values.into_iter().next());
                        let given: Option<Vec<Value>> = self.values(&texts).into_iter().map(first).collect();
                        if let Some(given) = given {
                            self.follow(target.as_ref(), given);
                        }
                    }
                    ExprAnatomyKind::Operation(operands) => {
                        for operand in operands {
                            self.look(operand);
                        }
                    }
                    ExprAnatomyKind::Scalar | ExprAnatomyKind::Other => {}
                }
            }
            Err(reason) => self.fails(piece, &reason),
        }
    }
}

/// Returns the elements of a collection.
fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(elements) => elements.iter().collect(),
        Value::Set(elements) => elements.iter().collect(),
        Value::Object(members) => members.iter().map(|(_, member)| member).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => Vec::new(),
    }
}

/// Searches a value for `parent`, and returns the mark of its key in the mask.
fn is_unknown_in(value: &Value, mask: &Value, parent: &Value, key: &str) -> bool {
    if value == parent
        && (mask[key] == Value::Bool(true) || mask[key].as_object().is_ok() || mask[key].as_array().is_ok())
    {
        return true;
    }
    match (value, mask) {
        (Value::Object(members), Value::Object(_)) => {
            members.iter().any(|(name, member)| is_unknown_in(member, &mask[name], parent, key))
        }
        (Value::Array(elements), Value::Array(masks)) => {
            elements.iter().zip(masks.iter()).any(|(element, mask)| is_unknown_in(element, mask, parent, key))
        }
        _ => false,
    }
}
